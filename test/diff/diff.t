#!/usr/bin/perl
# Random programs over the memory calls must tell the same on mv6 and on Linux (see diff_run.c): as many as
# fit into a test run, or those of MV6_DIFF_SEEDS=FIRST..LAST (./mv6 test diff --seeds FIRST..LAST), on
# MACHINE. MV6_DIFF_CALLS limits the calls. A program that differs is made as short as it gets, and shown.
# time-limit: 4500
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);

my $root = abs_path(dirname($0) . '/../..');
my $machine = $ENV{MACHINE} // 'riscv64';
my ($first, $last) = ($ENV{MV6_DIFF_SEEDS} // '0..79') =~ /^(\d+)\.\.(\d+)$/ or die "seeds are FIRST..LAST\n";
my $BATCH = 40;          # programs on one boot
my $SHOWN = 2;           # differing programs that are reduced
my $TIME_LIMIT = 900;    # seconds for one boot
my @exec = ($ENV{MV6} // "$root/mv6", 'exec', '-m', $machine, '--time-limit', $TIME_LIMIT,
	split(' ', $ENV{MV6_EXEC_OPTIONS} // ''));

# Not in /tmp: where that is a file system in memory, files behave differently in some corners.
my $folder = tempdir("$root/build/diff.XXXXXX", CLEANUP => 1);
chdir $folder or die "$folder: $!\n";
my ($tests, $reduced) = (0, 0);
my @options = $ENV{MV6_DIFF_CALLS} ? ('--calls', $ENV{MV6_DIFF_CALLS}) : ();
for (my $from = $first; $from <= $last; $from += $BATCH) {
	my $to = $from + $BATCH - 1;
	compare($from, $to < $last ? $to : $last);
}
print "1..$tests\n";

sub result {
	my ($good, $name) = @_;
	$tests++;
	print $good ? '' : 'not ', "ok $tests - $name\n";
}

sub remark {
	print map { "# $_\n" } split /\n/, join('', @_);
}

# What diff_run prints there, and here. with: names of files to take along.
sub on_mv6 {
	my ($with, @words) = @_;
	return output(@exec, map({ ('--with', $_) } @$with), "$root/build/$machine/guest/diff_run", @words);
}

sub on_linux {
	return output("$root/build/linux/guest/diff_run", @_);
}

sub output {
	open(my $pipe, '-|', @_) or die "$_[0]: $!\n";
	local $/;
	my $text = <$pipe> // '';
	close $pipe or remark("$_[0] ended with status $?");
	return $text;
}

sub compare {
	my ($from, $to) = @_;
	my @theirs = split /\n/, on_linux(@options, "$from..$to");
	my @ours = split /\n/, on_mv6([], @options, "$from..$to");
	my $end = $from + @ours;
	my @different = grep { ($ours[$_ - $from] // '') ne ($theirs[$_ - $from] // 'none') } $from .. $to;
	result(!@different, "seeds $from to $to tell the same as on Linux");
	return if !@different;
	remark("mv6 did not end seed $end") if $end <= $to;
	@different = grep { $_ < $end } @different;
	remark("different: @different");
	for my $seed (@different) {
		show($seed) if $reduced++ < $SHOWN;
	}
}

# --- one program ---

sub show {
	my ($seed) = @_;
	my ($ours, $theirs) = logs($seed, '');
	my $at = first_difference($ours, $theirs);
	if (!defined $at) {
		remark("seed $seed: the same when it runs alone");
		return;
	}
	my @list = reduce($seed, $at);
	my $part = in_words(@list);
	($ours, $theirs) = logs($seed, $part);
	remark("seed $seed differs in operation $at; reduced:\n", on_linux(@options, '--table', $seed, $part),
		"Linux:\n$theirs", "mv6:\n$ours");
}

sub logs {
	my ($seed, $part) = @_;
	my @words = (@options, $seed, $part ne '' ? $part : ());
	return (on_mv6([], @words), on_linux(@words));
}

# The operation that a line tells of which differs first.
sub first_difference {
	my @ours = split /\n/, $_[0];
	my @theirs = split /\n/, $_[1];
	my $operation = 0;
	for my $i (0 .. ($#ours > $#theirs ? $#ours : $#theirs)) {
		my $line = $theirs[$i] // '';
		$operation = $1 if $line =~ /^(\d+) /;
		return $operation if ($ours[$i] // '') ne $line;
	}
	return undef;
}

# The operations, as few as single omissions can make it. Each round tries to leave out every chunk, all on one
# boot; then all that could be left out alone, together: the longest row of them that still differs.
sub reduce {
	my ($seed, $at) = @_;
	my @list = 0 .. $at;
	my $size = int(@list / 2) || 1;
	@list = (0 .. 999) if !(differing($seed, \@list))[0];
	while (@list > 1) {
		my @chunks = map { [$_, $_ + $size - 1] } grep { $_ % $size == 0 } 0 .. $#list;
		my @good = differing($seed, map { [without(\@list, $_)] } @chunks);
		my @out = map { $chunks[$_] } grep { $good[$_] } 0 .. $#chunks;
		if (@out) {
			my @rows = map { [@out[0 .. $_]] } 0 .. $#out;
			my @together = differing($seed, map { [without(\@list, @$_)] } @rows);
			my ($best) = grep { $together[$_] } reverse 0 .. $#rows;
			@list = without(\@list, @{$rows[$best // 0]});
		}
		last if !@out && $size == 1;
		$size = int($size / 2) || 1 if !@out || $size > @list / 2;
	}
	return @list;
}

sub without {
	my ($list, @chunks) = @_;
	my %out = map { ($_ => 1) } map { $_->[0] .. $_->[1] } @chunks;
	return map { $list->[$_] } grep { !$out{$_} } 0 .. $#$list;
}

# For each list of operations, whether it tells different things there and here.
sub differing {
	my ($seed, @lists) = @_;
	open(my $file, '>', 'parts') or die "parts: $!\n";
	print $file map { "$seed " . (@$_ ? in_words(@$_) : '0') . "\n" } @lists;
	close $file;
	my @ours = split /\n/, on_mv6(['parts'], @options, '--parts', 'parts');
	my @theirs = split /\n/, on_linux(@options, '--parts', 'parts');
	return map { ($ours[$_] // '') ne ($theirs[$_] // 'none') } 0 .. $#lists;
}

# 0 1 2 5 6: "0-2,5-6"
sub in_words {
	my @ranges;
	for my $n (@_) {
		if (@ranges && $ranges[-1][1] == $n - 1) {
			$ranges[-1][1] = $n;
		} else {
			push @ranges, [$n, $n];
		}
	}
	return join ',', map { $_->[0] == $_->[1] ? $_->[0] : "$_->[0]-$_->[1]" } @ranges;
}
