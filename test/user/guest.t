#!/usr/bin/perl
# The user land on mv6 itself: the library's tests, and all cases of the shell, run by one script on
# one machine.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Cwd qw(abs_path);
use File::Temp qw(tempfile);
use Test::More;
use ShellCases;

my $machine = $ENV{MACHINE} || 'riscv64';
my $root = abs_path("$FindBin::Bin/../..");
my $end = 'END_OF_A_CASE';

# A here-document that gives exactly the text: it always ends with a newline more, which the reader
# takes off.
sub here {
	my ($file, $text) = @_;
	return "cat > $file <<'$end'\n$text\n$end\n";
}

my ($script, $path) = tempfile('mv6-cases-XXXXXX', TMPDIR => 1, UNLINK => 1);
print $script "HOME=/home/me; mkdir -p /tmp/cases; cd /tmp/cases\n";
my $number = 0;
for my $case (@ShellCases::cases) {
	my ($name, $text, $out, $status, $err) = @$case;
	$number++;
	print $script "mkdir $number; cd $number\n", here('/tmp/script', $text), here('/tmp/wanted', $out);
	printf $script 'sh -c "$(cat /tmp/script)" > /tmp/out 2> /tmp/err < /dev/null; s=$?; echo >> /tmp/out%s', "\n";
	printf $script 'if cmp -s /tmp/out /tmp/wanted && [ $s = %d ] && [ %s -s /tmp/err ]%s', $status || 0,
		defined $err ? '' : '!', "\n";
	printf $script "then echo ok %d - '%s'; else echo not ok %d - '%s'; fi; cd ..\n", ($number, $name =~ s/'/'\\''/gr) x 2;
}
close $script;

sub on_mv6 {
	my (@command) = @_;
	my $pid = open my $from, '-|';
	if (!$pid) {
		exec "$root/mv6", 'exec', '-m', $machine, '--time-limit', 600, @command;
		exit 127;
	}
	my @lines = <$from>;
	close $from;
	return ($? >> 8, @lines);
}

my $built = "$root/build/$machine";
my ($status, @lines) = on_mv6('--with', "$path:/tmp/all", "$built/user/sh", '/tmp/all');
is($status, 0, 'the script of all cases ends well');
is(scalar @lines, $number, 'every case gave one line');
for (@lines) {
	ok(!$1, "on mv6: $2") if /^(not )?ok \d+ - (.*)$/;
}

($status, @lines) = on_mv6("$built/test-user/libc");
is($status, 0, 'the tests of the library end well');
my @bad = grep /^not ok/, @lines;
is("@bad", '', 'none of them fails');
like($lines[-1], qr/^1\.\.\d\d+$/, 'all of them ran');
done_testing();
