# What the tests of the user land share: running its programs, on Linux, by QEMU's user mode if need
# be.
#
# Programs find each other through PATH: every one gets a small script there that starts it under
# the emulator. USER_BIN names the folder of the built programs. With REFEREE=/bin/sh the shell's
# cases run under that shell instead, with the system's tools: what it answers is what the cases
# should expect.
package UserTest;
use strict;
use warnings;
use Cwd qw(abs_path getcwd);
use Exporter 'import';
use File::Basename;
use File::Temp qw(tempdir);
our @EXPORT = qw(run_shell run_tool in_scratch slurp spew check $bin $scratch);

my $machine = $ENV{MACHINE} || 'riscv64';
my $root = abs_path(dirname(__FILE__) . '/../..');
our $bin = abs_path($ENV{USER_BIN} || "$root/build/$machine/user");
our $scratch = tempdir('mv6-user-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $wrappers = tempdir('mv6-bin-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $emulator = find_emulator();

die "$bin has no programs: build them first\n" unless -x "$bin/sh";
for my $program (glob "$bin/*") {
	next unless -f $program && -x _;
	my $name = basename($program);
	my $start = $emulator ? "$emulator -0 $name $program" : $program;
	spew("$wrappers/$name", "#!/bin/sh\nexec $start \"\$@\"\n");
	chmod 0755, "$wrappers/$name";
}
chdir $scratch or die;
my $path = $ENV{REFEREE} ? $ENV{PATH} : $wrappers;

# The emulator of Linux processes that the machine's description names: its path, '' if it needs
# none.
sub find_emulator {
	my ($name) = slurp("$root/kernel/arch/$machine/machine.mk") =~ /^QEMU_USER := *(\S+)$/m;
	return '' unless $name;
	my ($path) = grep { -x } map { "$_/$name" } split /:/, $ENV{PATH};
	die "$name is missing\n" unless $path;
	return $path;
}

sub slurp {
	my ($file) = @_;
	open my $f, '<', $file or return undef;
	local $/;
	my $text = <$f>;
	return defined $text ? $text : '';
}

sub spew {
	my ($file, $text) = @_;
	open my $f, '>', $file or die "$file: $!";
	print $f $text;
	close $f;
}

# Runs a program with arguments and standard input; returns (stdout, stderr, status), 128+n for a
# signal.
sub run {
	my ($input, @command) = @_;
	my $dir = $wrappers;
	spew("$dir/.in", defined $input ? $input : '');
	my $pid = fork;
	if (!$pid) {
		$ENV{PATH} = $path;
		$ENV{HOME} = '/home/me';
		delete $ENV{PS1};
		open STDIN, '<', "$dir/.in";
		open STDOUT, '>', "$dir/.out";
		open STDERR, '>', "$dir/.err";
		alarm 300;
		exec @command;
		exit 127;
	}
	waitpid $pid, 0;
	my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	return (slurp("$dir/.out"), slurp("$dir/.err"), $status);
}

sub run_shell {
	my ($script, $input) = @_;
	return run($input, $ENV{REFEREE} || "$wrappers/sh", '-c', $script);
}

sub run_tool {
	my ($name, $args, $input) = @_;
	return run($input, "$wrappers/$name", @$args);
}

END { chdir '/' }

# An empty current directory for a case.
my $count = 0;
sub in_scratch {
	my $dir = "$scratch/" . ++$count;
	mkdir $dir or die;
	chdir $dir or die;
	return $dir;
}

# One TAP line for what a run gave: stdout exactly, the status, stderr by a pattern (none: it must
# be empty).
sub check {
	my ($name, $got, $out, $status, $err) = @_;
	my @wrong;
	$status ||= 0;
	push @wrong, "stdout: got\n$got->[0]wanted\n$out" if $got->[0] ne $out;
	push @wrong, "status: got $got->[2], wanted $status" if $got->[2] != $status;
	push @wrong, "stderr: $got->[1]" if !defined $err ? $got->[1] ne '' : $got->[1] !~ $err;
	Test::More::ok(!@wrong, $name);
	Test::More::diag(join "\n", @wrong) if @wrong;
}

1;
