#!/usr/bin/perl
# The tools, each with its options and what it says when something is wrong.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Test::More;
use UserTest;

sub tool {
	my ($name, $command, $out, $status, $err, $input) = @_;
	my ($program, @args) = @$command;
	check($name, [run_tool($program, \@args, $input)], $out, $status, $err);
}

my $lines = join '', map "line $_\n", 1 .. 100;

in_scratch();
spew('a', "one\ntwo\nthree\n");
spew('b', "2\n");
spew('lines', $lines);

# cat, echo, head, tail, wc, tee
tool('cat', ['cat', 'a', 'b'], "one\ntwo\nthree\n2\n");
tool('cat of standard input', ['cat'], "in\n", 0, undef, "in\n");
tool('cat -', ['cat', 'b', '-'], "2\nin\n", 0, undef, "in\n");
tool('cat of a missing file goes on', ['cat', 'nofile', 'b'], "2\n", 1, qr/^cat: nofile: No such file or directory$/);
tool('cat of a directory', ['cat', '.'], '', 1, qr/Is a directory/);
tool('echo', ['echo', 'a', ' b'], "a  b\n");
tool('echo -n', ['echo', '-n', 'a'], 'a');
tool('head', ['head', '-n', '2', 'lines'], "line 1\nline 2\n");
tool('head -c', ['head', '-c', '4', 'lines'], 'line');
tool('tail', ['tail', '-n', '2', 'lines'], "line 99\nline 100\n");
tool('tail of more than there is', ['tail', '-n', '9', 'b'], "2\n");
tool('tail -c', ['tail', '-c', '5', 'lines'], " 100\n");
tool('wc', ['wc', 'a'], "      3       3      14 a\n");
tool('wc -l', ['wc', '-l', 'a', 'b'], "3 a\n1 b\n4 total\n");
tool('tee', ['tee', 't1', 't2'], "data\n", 0, undef, "data\n");
is(slurp('t1') . slurp('t2'), "data\ndata\n", 'tee writes its files');

# grep
tool('grep', ['grep', 't', 'a'], "two\nthree\n");
tool('grep -n', ['grep', '-n', 't', 'a'], "2:two\n3:three\n");
tool('grep -v', ['grep', '-v', 't', 'a'], "one\n");
tool('grep -i', ['grep', '-i', 'TWO', 'a'], "two\n");
tool('grep -c', ['grep', '-c', 't', 'a'], "2\n");
tool('grep -q', ['grep', '-q', 'two', 'a'], '');
tool('grep finds nothing', ['grep', 'zzz', 'a'], '', 1);
tool('grep in several files', ['grep', 'o', 'a', 'b'], "a:one\na:two\n");
tool('grep -l', ['grep', '-l', 'o', 'a', 'b'], "a\n");
tool('grep anchors', ['grep', '^t.*e$', 'a'], "three\n");
tool('grep star', ['grep', 'e*$', 'b'], "2\n");
tool('grep sets', ['grep', '[m-o]w\|^[^ot]', 'b'], "2\n");
tool('grep classes', ['grep', '^[[:digit:]]', 'a', 'b'], "b:2\n");
tool('grep groups', ['grep', '\(an\)*b', '-'], '', 2, qr/-: No such file/);
tool('grep basic: plus is plain', ['grep', 'a+'], "a+b\n", 0, undef, "aab\na+b\n");
tool('grep basic: star first is plain', ['grep', '*x'], "*x\n", 0, undef, "yx\n*x\n");
tool('grep -E', ['grep', '-E', '^(ab|c)+d?$'], "ababc\ncd\n", 0, undef, "ababc\ncd\nabb\n");
tool('grep -E bounds', ['grep', '-E', '^a{2,3}$'], "aa\naaa\n", 0, undef, "a\naa\naaa\naaaa\n");
tool('grep basic groups and bounds', ['grep', '^\(ab\)\{2\}$'], "abab\n", 0, undef, "ab\nabab\nababab\n");
tool('grep -F', ['grep', '-F', 'a.b'], "a.b\n", 0, undef, "axb\na.b\n");
tool('grep -x', ['grep', '-x', 'ab*'], "abb\n", 0, undef, "abb\nabbc\n");
tool('grep -e twice', ['grep', '-e', 'one', '-e', 'three', 'a'], "one\nthree\n");
tool('grep without catastrophe', ['grep', '-E', '(a*)*(a*)*(a|aa)*b$'], '', 1, undef, ('a' x 3000) . "\n");
tool('grep of nothing matches all', ['grep', '', 'b'], "2\n");
tool('grep of a bad expression', ['grep', '[abc', 'a'], '', 2, qr/\[abc: a \[ is not closed/);
tool('grep of a missing file', ['grep', 'x', 'nofile'], '', 2, qr/nofile: No such file/);

# Files
tool('mkdir', ['mkdir', 'd'], '');
tool('mkdir of what is there', ['mkdir', 'd'], '', 1, qr/^mkdir: d: File exists$/);
tool('mkdir -p', ['mkdir', '-p', 'd/x/y', 'd'], '');
ok(-d 'd/x/y', 'mkdir -p makes all');
tool('mkdir below nothing', ['mkdir', 'no/d'], '', 1, qr/No such file/);
tool('cp', ['cp', 'a', 'd/x/copy'], '');
is(slurp('d/x/copy'), slurp('a'), 'cp copies');
tool('cp into a directory', ['cp', 'a', 'b', 'd'], '');
ok(-f 'd/a' && -f 'd/b', 'cp of several');
tool('cp of a directory', ['cp', 'd', 'e'], '', 1, qr/is a directory/);
symlink 'copy', 'd/x/link';
tool('cp -r', ['cp', '-r', 'd', 'e'], '');
ok(-f 'e/x/copy' && -d 'e/x/y' && readlink('e/x/link') eq 'copy', 'cp -r copies the tree');
tool('cp -r into itself', ['cp', '-r', 'd', 'd/x/in'], '', 1, qr/cannot be copied into itself/);
tool('cp onto itself', ['cp', 'a', './a'], '', 1, qr/are the same file/);
is(slurp('a'), "one\ntwo\nthree\n", 'the file is still there');
tool('cp several onto a file', ['cp', 'a', 'b', 'lines'], '', 1, qr/lines: is not a directory/);
tool('mv', ['mv', 'e/a', 'e/z'], '');
ok(!-e 'e/a' && -f 'e/z', 'mv renames');
tool('mv into a directory', ['mv', 'e/z', 'e/b', 'e/x/'], '');
ok(-f 'e/x/z' && -f 'e/x/b', 'mv of several');
tool('mv of nothing', ['mv', 'nofile', 'x'], '', 1, qr/No such file/);
tool('ln', ['ln', 'a', 'hard'], '');
is((stat 'a')[1], (stat 'hard')[1], 'ln makes the same file');
tool('ln of what is there', ['ln', 'a', 'hard'], '', 1, qr/File exists/);
tool('ln -sf', ['ln', '-sf', 'nowhere', 'hard'], '');
is(readlink 'hard', 'nowhere', 'ln -sf replaces');
tool('rm', ['rm', 'hard', 'd/a'], '');
ok(!-l 'hard' && !-e 'd/a', 'rm removes');
tool('rm of nothing', ['rm', 'nofile'], '', 1, qr/^rm: nofile: No such file or directory$/);
tool('rm -f of nothing', ['rm', '-f', 'nofile'], '');
tool('rm of a directory', ['rm', 'd'], '', 1, qr/Is a directory/);
tool('rmdir of a full directory', ['rmdir', 'd'], '', 1, qr/Directory not empty/);
tool('rm -r', ['rm', '-r', 'd', 'e'], '');
ok(!-e 'd' && !-e 'e', 'rm -r removes the tree');
tool('rm of dot', ['rm', '-r', '.'], '', 1, qr/will not be removed/);
tool('touch', ['touch', 'new'], '');
ok(-f 'new' && !-s 'new', 'touch makes a file');
tool('touch -c', ['touch', '-c', 'not'], '');
ok(!-e 'not', 'touch -c does not');
tool('chmod octal', ['chmod', '640', 'new'], '');
is((stat 'new')[2] & 07777, 0640, 'chmod sets the mode');
tool('chmod symbolic', ['chmod', 'u+x,g=rw,o-r', 'new'], '');
is((stat 'new')[2] & 07777, 0760, 'chmod changes the mode');
tool('chmod of nonsense', ['chmod', 'q', 'new'], '', 2, qr/"q" is not a mode/);

# ls
in_scratch();
mkdir 'd'; mkdir 'd/sub'; spew('d/f', 'x' x 10); spew('d/.h', ''); symlink 'f', 'd/l';
chmod 0644, 'd/f'; utime 86400, 86400, 'd/f';
tool('ls', ['ls', 'd'], "f\nl\nsub\n");
tool('ls -a', ['ls', '-a', 'd'], ".\n..\n.h\nf\nl\nsub\n");
tool('ls -d', ['ls', '-d', 'd'], "d\n");
tool('ls of a file', ['ls', 'd/f'], "d/f\n");
tool('ls -R', ['ls', '-R', 'd'], "d:\nf\nl\nsub\n\nd/sub:\n");
tool('ls -i', ['ls', '-i', 'd/f'], sprintf("%8d d/f\n", (stat 'd/f')[1]));
my ($out) = run_tool('ls', ['-l', 'd']);
like($out, qr/^-rw-r--r-- 1 root +root +10 1970-01-02 00:00 f$/m, 'ls -l of a file');
like($out, qr/^lrwxrwxrwx 1 .* l -> f$/m, 'ls -l of a link');
($out) = run_tool('ls', ['-l', '/dev/null']);
like($out, qr/^crw-rw-rw- 1 .* 1, 3 .* \/dev\/null$/, 'ls -l of a device');
tool('ls of nothing', ['ls', 'no'], '', 1, qr/^ls: no: No such file or directory$/);
{
	my (undef, $err, $status) = run_tool('ls', ['-l', '/proc/self/fd']);
	is("$status$err", '0', 'ls -l of its own descriptors has nothing to complain of');
}
tool('find', ['find', 'd', '-type', 'f'], "d/.h\nd/f\n");
tool('find -name', ['find', '.', '-name', 's*'], "./d/sub\n");
($out) = run_tool('du', ['-s', 'd']);
like($out, qr/^\d+ +d$/, 'du -s');
($out) = run_tool('stat', ['d/f']);
like($out, qr/^d\/f: regular file\n  size 10, .*\n.*\n  mode 0644/, 'stat');

# Numbers, texts
tool('seq', ['seq', '3'], "1\n2\n3\n");
tool('seq with a step', ['seq', '10', '-5', '0'], "10\n5\n0\n");
tool('sort', ['sort'], "a\nb\nc\n", 0, undef, "c\na\nb");
tool('sort -nr', ['sort', '-nr'], "10\n9\n2\n", 0, undef, "9\n10\n2\n");
tool('sort -u', ['sort', '-u'], "a\nb\n", 0, undef, "b\na\nb\n");
tool('uniq -c', ['uniq', '-c'], "      2 a\n      1 b\n", 0, undef, "a\na\nb\n");
tool('tr', ['tr', 'a-c', 'A-C'], "ABCd\n", 0, undef, "abcd\n");
tool('tr -d', ['tr', '-d', 'b\n'], 'ac', 0, undef, "abc\n");
tool('basename', ['basename', '/a/b.c', '.c'], "b\n");
tool('dirname', ['dirname', '/a/b'], "/a\n");
tool('printf', ['printf', '%5.2s|%b', 'abc', 'x\ty'], "   ab|x\ty");
tool('test', ['test', '3', '-gt', '2'], '');
tool('test fails', ['test', 'a', '=', 'b'], '', 1);
tool('true', ['true'], '');
tool('false', ['false'], '', 1);
tool('env', ['env', '-i', 'A=1'], "A=1\n");
tool('env of a missing program', ['env', 'nosuch'], '', 127, qr/nosuch/);
tool('date', ['date', '+%Y'], ((gmtime)[5] + 1900) . "\n");
tool('sleep', ['sleep', '0.01'], '');
tool('sleep of nonsense', ['sleep', 'x'], '', 2, qr/"x" is not a time/);
($out) = run_tool('uname', ['-m']);
like($out, qr/^[a-z]\w+$/, 'uname names the machine');
tool('which', ['which', 'nosuch'], '', 1);

# Bytes
spew('bin', join '', map chr, 0 .. 40);
tool('hexdump', ['hexdump', '-C', 'bin'],
     "00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|\n" .
     "00000010  10 11 12 13 14 15 16 17  18 19 1a 1b 1c 1d 1e 1f  |................|\n" .
     "00000020  20 21 22 23 24 25 26 27  28                       | !\"#\$%&'(|\n00000029\n");
tool('hexdump of a part', ['hexdump', '-s', '32', '-n', '2', 'bin'],
     "00000020  20 21                                             | !|\n00000022\n");
spew('zeros', "\0" x 64);
tool('hexdump of equal lines', ['hexdump', 'zeros'],
     "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n*\n00000040\n");
tool('dd', ['dd', 'if=bin', 'of=part', 'bs=8', 'skip=1', 'count=2'], '', 0, qr/^2\+0 blocks, 16 bytes$/);
is(slurp('part'), join('', map chr, 8 .. 23), 'dd copies the blocks');
tool('dd at the end', ['dd', 'if=bin', 'bs=40', 'of=/dev/null'], '', 0, qr/^1\+1 blocks, 41 bytes$/);
tool('cmp of equal files', ['cmp', 'bin', 'bin'], '');
spew('bin2', join '', map chr($_ == 20 ? 0 : $_), 0 .. 40);
tool('cmp', ['cmp', 'bin', 'bin2'], "bin bin2 differ: byte 21, line 2\n", 1);
tool('cmp of a shorter file', ['cmp', 'part', 'bin'], "part bin differ: byte 1, line 1\n", 1);
tool('df', ['df', 'nofile'], sub { $_[0] }->("          kB         used    available  full     inodes       free  path\n"), 1, qr/nofile/);

# A file changed through a mapping
spew('map', ('.' x 4090) . 'abcdefghij' . ('.' x 100));
($out) = run_tool('mapedit', ['map', '4094', 'ACROSS']);
like($out, qr/^6 bytes stored at 0x[0-9a-f]+, which is map at offset 4094$/, 'mapedit says where');
is(substr(slurp('map'), 4090, 12), 'abcdACROSS..', 'mapedit changes the file across a page');
is(-s 'map', 4200, 'and not its size');
tool('mapedit past the end', ['mapedit', 'map', '4199', 'xx'], '', 1, qr/has 4200 bytes/);
tool('mapedit of a missing file', ['mapedit', 'no', '0', 'x'], '', 1, qr/no: No such file/);
tool('mapedit of a directory', ['mapedit', '/', '0', 'x'], '', 1, qr/Is a directory/);
tool('mapedit of nonsense', ['mapedit', 'map', 'q', 'x'], '', 2, qr/"q" is not a size/);
($out) = run_tool('mmaptest', []);
is($out, <<'E', 'mmaptest');
mmap_test starting
test mmap f: OK
test mmap private: OK
test mmap read-only: OK
test mmap read/write: OK
test mmap dirty: OK
test not-mapped unmap: OK
test mmap two files: OK
test mmap offset: OK
test mmap half page: OK
mmap_test: ALL OK
fork_test starting
fork_test OK
mmaptest: all tests succeeded
E

# What reads /proc
my $me = $$;
($out) = run_tool('ps', []);
like($out, qr/^ +PID +PPID S +SIZE +RESIDENT  NAME\n.*^ +$$ +\d+ [RS] +\d+ +\d+  /ms, 'ps shows this process');
($out) = run_tool('free', []);
like($out, qr/^memory +\d+ +\d+ +\d+ +\d+ +\d+$/m, 'free');
($out) = run_tool('vmmap', [$$]);
like($out, qr/^[0-9a-f]{12,}-[0-9a-f]{12,} +\d+ +\d+ +\d+  r-xp +[0-9a-f]+  \S*perl\S*$/m, 'vmmap shows the program');
like($out, qr/^[0-9a-f]{12,}-[0-9a-f]{12,} +\d+ +\d+ +[1-9]\d*  rw-p +0  \[stack\]$/m, 'and the stack, dirty');
like($out, qr/^\d+ +\d+ +\d+ +\d+  mappings of process ${me}$/m, 'and the sums');
tool('vmmap of no process', ['vmmap', '99999999'], '', 1, qr/there is no process 99999999/);
tool('vmmap of nonsense', ['vmmap', 'x'], '', 2, qr/"x" is not a process number/);

# kill
my $pid = fork;
exec 'sleep', '100' if !$pid;
tool('kill', ['kill', '-TERM', $pid], '');
waitpid $pid, 0;
is($? & 127, 15, 'kill kills');
tool('kill of nobody', ['kill', '99999999'], '', 1, qr/99999999: No such process/);
tool('kill with a bad signal', ['kill', '-NOSUCH', '1'], '', 2, qr/NOSUCH: no such signal/);

# Output that cannot be written
SKIP: {
	skip '/dev/full is missing', 1 unless -c '/dev/full';
	my (undef, $err, $status) = run_shell('seq 1 10 > /dev/full');
	ok($status == 1 && $err =~ /seq: standard output: No space left/, 'a failing write is reported');
}

done_testing();
