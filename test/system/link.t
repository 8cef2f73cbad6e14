#!/usr/bin/perl
# tools/link against machines that are small perl programs: every rule of the protocol, both ways,
# and everything a machine can do wrong.
# machine: none
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;

my $link = dirname(__FILE__) . '/../../tools/link';
my $dir = tempdir(CLEANUP => 1);
my $MARKER = "\x10\x01mv6\n";

# Runs the link with a machine whose program is the perl text $code; $marker stands for the marker
# in it. Gives (status, stdout, stderr).
sub run_link {
	my ($code, %how) = @_;
	spew("$dir/machine", "\$| = 1; my \$marker = \"\\x10\\x01mv6\\n\";\n"
		. "sub get { my \$n = sysread(STDIN, my \$b, \$_[0] // 1); \$n ? \$b : '' }\n" . $code);
	spew("$dir/in", $how{input} // '');
	my $input = $how{stdin} // "<$dir/in";
	my $options = $how{options} // '';
	my $line = "timeout 30 $link $options -- perl $dir/machine $input >$dir/out 2>$dir/err";
	my $status = system('/bin/bash', '-c', $how{line} ? "$how{line}" : $line);
	return ($status >> 8, slurp("$dir/out"), slurp("$dir/err"));
}

sub spew {
	my ($path, $bytes) = @_;
	open(my $file, '>:raw', $path) or die "$path: $!";
	print $file $bytes;
	close $file;
}

sub slurp {
	my ($path) = @_;
	open(my $file, '<:raw', $path) or return '';
	local $/;
	return scalar(<$file>) // '';
}

sub check {
	my ($name, $expected, @got) = @_;
	is_deeply(\@got, $expected, $name) or diag(explain(\@got));
}

check('output, status 0; noise before the marker is dropped', [0, "hello\n", ''],
	run_link(q{print "OpenSBI\n\x10X99", $marker, "hello\n\x10X00"}));
check('status 255', [255, '', ''], run_link(q{print $marker, "\x10Xff"}));
check('status 139', [139, 'x', ''], run_link(q{print $marker, "x\x10X8b"}));
check('a doubled escape is one byte', [0, "a\x10b\x10", ''],
	run_link(q{print $marker, "a\x10\x10b\x10\x10\x10X00"}));
check('kernel text goes to standard error', [0, "abc", "kernel: hm\n"],
	run_link(q{print $marker, "ab\x10Kkernel: hm\n\x10Uc\x10X00"}));
check('output right after the marker, kernel text after the status', [3, 'now', "late\n"],
	run_link(q{print $marker, "now\x10X03\x10Klate\n"}));
check('every byte on its own', [7, "a\x10b", "k\n"],
	run_link(q{for (split //, "noise${marker}a\x10\x10b\x10Kk\n\x10U\x10X07") { syswrite STDOUT, $_; select undef, undef, undef, 0.002 }}));

my $all = join '', map { chr } 0 .. 255;
check('all byte values out', [0, $all x 64, ''],
	run_link(q{$_ = join('', map { chr } 0 .. 255) x 64; s/\x10/\x10\x10/g; print $marker, $_, "\x10X00"}));

# Copies its input, unescaped, to its output, escaped, until the end of file.
my $cat = q{
	sub cat { my $all = ''; while (1) { my $c = get(); last if $c eq ''; if ($c eq "\x10") { $c = get(); last if $c eq "\x04"; } $all .= $c; } $all =~ s/\x10/\x10\x10/g; $all }
};
check('all byte values in and out, end of file', [0, $all x 256, ''],
	run_link($cat . q{print $marker; print cat(), "\x10X00"}, input => $all x 256));
check('an empty input is an end of file', [0, 'end', ''],
	run_link($cat . q{print $marker; print cat(), "end\x10X00"}));
check('a closed standard input too', [0, 'end', ''],
	run_link($cat . q{print $marker; print cat(), "end\x10X00"}, stdin => '<&-'));
check('nothing is sent before the marker', [0, 'quiet', ''], run_link(q{
	my $set = ''; vec($set, 0, 1) = 1;
	my $early = select($set, undef, undef, 0.3);
	print $marker, $early ? 'early' : 'quiet', "\x10X00";}, input => 'input'));
check('an input that is never read does not hold the end', [5, '', ''],
	run_link(q{print $marker; select undef, undef, undef, 0.3; print "\x10X05"}, input => 'x' x 1_000_000));
check('an input that never ends does not hold the end', [5, '', ''],
	run_link(q{print $marker, "\x10X05"}, stdin => '< <(exec sleep 8 >/dev/null 2>&1)'));

check('kernel text waits for the end of a line of output', [0, "abcdef\nkernel: hm\nkernel: two\nghi", ''],
	run_link(q{print $marker, "abc\x10Kkernel: hm\nkernel: \x10Udef\n"; sleep 1; print "\x10Ktwo\n\x10Ughi\x10X00"},
	line => "timeout 30 $link -- perl $dir/machine <$dir/in >$dir/out 2>&1; s=\$?; >$dir/err; exit \$s"));

my $megabyte = 'binary ' . $all x 4096;
spew("$dir/big", $megabyte);
my ($status, $out) = run_link(qq{open F, '<:raw', '$dir/big'; local \$/; \$_ = <F>; s/\\x10/\\x10\\x10/g; print \$marker, \$_, "\\x10X00"});
ok($status == 0 && $out eq $megabyte, '1 MB of binary output');
($status, $out) = run_link($cat . q{print $marker; print cat(), "\x10X00"}, input => $megabyte);
ok($status == 0 && $out eq $megabyte, '1 MB of binary input');

my ($code, undef, $err) = run_link(q{print $marker, "out\x10Ppanic: no more\n"; exit 0});
is($code, 125, 'a panic: status 125');
like($err, qr/^panic: no more\nmv6: the kernel panicked\n$/, 'its report on standard error');
($code, undef, $err) = run_link(q{print $marker, "\x10Ppanic: still on\n"; sleep 60});
is($code, 125, 'a machine that stays on after a panic is ended');
like($err, qr/still on/, 'its report is there');
($code, undef, $err) = run_link(q{print $marker, "\x10X00\x10Kleak: 3 pages\n"});
is($code, 125, 'memory lost: status 125');
like($err, qr/leak: 3 pages/, 'and the line on standard error');

($code, $out, $err) = run_link(q{print "OpenSBI v1\nno disk\n"; exit 3});
is($code, 125, 'no marker: status 125');
is($out, '', 'nothing on standard output');
like($err, qr/OpenSBI v1\nno disk\n.*did not start.*status 3/s, 'the noise and the reason on standard error');
($code, undef, $err) = run_link(q{print STDERR "qemu: cannot set up guest memory 'ram': Cannot allocate memory\n"; exit 1});
is($code, 125, 'no memory on the host: status 125');
like($err, qr/not enough free memory/, 'said in a sentence');
($code, undef, $err) = run_link(q{print $marker, "half"; exit 0});
is($code, 125, 'a machine that ends without a status: 125');
like($err, qr/without the program's status/, 'said in a sentence');
($code, undef, $err) = run_link('', line => "$link -- $dir/nothing-here >$dir/out 2>$dir/err");
is($code, 125, 'an emulator that is not there: status 125');
like($err, qr/cannot run .*nothing-here/, 'said in a sentence');

($code, $out, $err) = run_link(q{print $marker, "begun\n"; sleep 60}, options => '--time-limit 1');
is($code, 124, 'time limit: status 124');
is($out, "begun\n", 'what came before it is there');
like($err, qr/time limit of 1 s/, 'said in a sentence');
($code, undef, $err) = run_link(q{print "stuck in boot\n"; sleep 60}, options => '--time-limit 1');
is($code, 124, 'time limit before the marker: status 124');
like($err, qr/stuck in boot\n/, 'with the noise of boot');
($code) = run_link('', line =>
	"(echo 'print \"$MARKER\"; print \"y\" x 4096 while 1' >$dir/machine; "
	. "$link --time-limit 1 -- perl $dir/machine 2>$dir/err; echo \$? >$dir/code) | sleep 4; cat $dir/code >$dir/out");
like($code . slurp("$dir/code"), qr/^0(124|141)$/, 'time limit while nobody reads the output');

($code) = run_link('', line =>
	"echo 'syswrite STDOUT, \"$MARKER\"; 1 while syswrite STDOUT, \"yes\\n\" x 1000' >$dir/machine; "
	. "$link -- perl $dir/machine 2>$dir/err | head -1 >$dir/out; exit \${PIPESTATUS[0]}");
is($code, 141, 'a reader that goes away ends the run as SIGPIPE would');

my $token = "link-test-$$";
($code) = run_link('', line => "echo '\$0 = \"$token\"; syswrite STDOUT, \"$MARKER\"; sleep 60' >$dir/machine; "
	. "$link -- perl $dir/machine </dev/null & sleep 0.5; kill -TERM \$!; wait \$!");
is($code, 143, 'SIGTERM: status 143');
is(system("pgrep -f '^$token' >$dir/pgrep") >> 8, 1, 'and the machine is gone');

done_testing();
