#!/usr/bin/perl
# The shell: a script, what it must print, its status, and what it must complain of.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Test::More;
use UserTest;
use ShellCases;

for my $case (@ShellCases::cases) {
	my ($name, $script, $out, $status, $err) = @$case;
	in_scratch();
	$err = qr// if $ENV{REFEREE};
	check($name, [run_shell($script)], $out, $status, $err);
}

# Scripts from files and standard input
in_scratch();
spew('script', "echo \$0 \$# \$1\nnosuch\nif\n");
check('a script with arguments, messages with line numbers', [run_tool('sh', ['script', 'a b'])],
      "script 1 a b\n", 2, qr/script: line 2: nosuch: not found\nscript: line \d: syntax error/);
check('a script that is not there', [run_tool('sh', ['nofile'])], '', 127, qr/nofile: No such file/);
check('-c with a name and arguments', [run_tool('sh', ['-c', 'echo $0 $1', 'me', 'x'])], "me x\n");
check('commands from standard input', [run_tool('sh', [], "echo a\necho b")], "a\nb\n");
check('commands read what follows them', [run_tool('sh', [], "read x\nthe line\necho got \$x\ncat\nrest\n")],
      "got the line\nrest\n");
check('-n only reads', [run_tool('sh', ['-n', '-c', 'echo not; exit 3'])], '');
check('an unknown option', [run_tool('sh', ['-Z'])], '', 2, qr/usage/);
spew('noshebang', "echo run by sh \$1\n");
chmod 0755, 'noshebang';
check('a file without #! is a script', [run_shell('./noshebang x')], "run by sh x\n");

done_testing();
