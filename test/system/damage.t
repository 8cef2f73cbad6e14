#!/bin/bash
# Disks with damaged metadata: whatever is wrong on them, calls fail with an errno and a line on the
# log, and the kernel lives on. Each disk's damage is made from a number, so it can be made again.
. "$(dirname "$0")/lib.sh"

# Damages the disk $1 by the number $DAMAGE: bytes of bitmaps, inodes, directories and pointer
# blocks, but for what a boot cannot do without (superblock, descriptors, the root directory, the
# job's description).
cat >"$work/damage" <<'END'
#!/usr/bin/perl
use strict;
my $file = shift;
srand($ENV{DAMAGE});
open(my $f, '+<:raw', $file) or die;
sub at { my ($pos, $n) = @_; seek($f, $pos, 0); read($f, my $b, $n); $b }
my $bs = 4096;
my ($blocks, $per) = (unpack('V', at(1028, 4)), unpack('V', at(1056, 4)));
my $groups = int(($blocks + $per - 1) / $per);
my @areas;
for my $g (0 .. $groups - 1) {
	my ($bb, $ib, $it) = unpack('VVV', at($bs + 32 * $g, 12));
	push @areas, [$bb * $bs, 4096], [$ib * $bs, 512];
	push @areas, ([$it * $bs + ($g ? 0 : 256 * 16), 256 * 100]) x 3;
}
my $found = 0;
for my $b (0 .. $blocks - 1) {
	my $start = at($b * $bs, 12);
	next if length($start) < 12;
	my ($ino, $len, $name) = unpack('VvC', $start);
	push @areas, ([$b * $bs, 200]) x 2 if $len == 12 && $name == 1 && $ino > 20 && $found++ < 40;
}
my $n = (3, 30, 200)[$ENV{DAMAGE} % 3];
while ($n--) {
	my ($start, $len) = @{$areas[rand @areas]};
	my $pos = $start + int(rand $len);
	my $old = ord at($pos, 1);
	my $new = (0, 255, int(rand 256), $old ^ 1 << int(rand 8))[rand 4];
	seek($f, $pos, 0);
	print $f chr $new;
}
END
chmod +x "$work/damage"
unset MV6_FSCK
export MV6_DISK_FILTER=$work/damage
first=${DAMAGE_FIRST:-1} rounds=${DAMAGE_ROUNDS:-12}
for ((DAMAGE = first; DAMAGE < first + rounds; DAMAGE++)); do
	export DAMAGE
	run "$mv6" exec -m "$machine" --time-limit 300 "$guest/fswalk"
	if [[ $err =~ 'cannot open the job' || $err =~ 'cannot run' || $err =~ 'cannot be mounted' ]]; then
		skip "nothing can be run from this disk" "damage $DAMAGE"
	elif ((status < 124 || status >= 128)) && [[ ! $err =~ panic && ! $err =~ leak: ]]; then
		result ok "damage $DAMAGE: status $status, ${out:-the program is damaged itself}"
	else
		result 'not ok' "damage $DAMAGE: status $status"
		diag <"$work/err"
	fi
done
done_testing
