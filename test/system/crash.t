#!/usr/bin/expect -f
# The machine's power fails at a random moment while it writes. e2fsck repairs what is repairable,
# the next boot finds everything that was synchronised, and the disk goes on from there.
source [file join [file dirname [info script]] lib.exp]

set rounds 4
set disk $work/disk.img
set synced 0
make_disk $disk writer
expr {srand([clock seconds])}
diag "random seed [clock seconds]"

# Follows the writer until it has synchronised a random number of files, and a little longer.
proc write_until_power_fails {} {
	global spawn_id synced
	set target [expr {$synced + 3 + int(rand() * 25)}]
	send -- "writer write /root/w [expr {$synced + 1}]\r"
	while {$synced < $target} {
		expect {
			-re {synced (\d+)\s} { set synced $expect_out(1,string) }
			timeout { give_up "the writer is stuck: [heard]" }
			eof { give_up "the machine ended: $expect_out(buffer)" }
		}
	}
	set timeout 0
	after [expr {int(rand() * 200)}]
	expect -re {.*synced (\d+)\s} { set synced $expect_out(1,string) }
	stop_machine
}

for {set round 1} {$round <= $rounds} {incr round} {
	boot --disk $disk
	if {$round == 1} { shell "mkdir /root/w; sync" }
	if {$synced} {
		like [shell "writer check /root/w $synced"] "all good" "round $round: what was synchronised is there"
	}
	write_until_power_fails
	set status [host e2fsck -fy $disk]
	ok [expr {$status <= 2}] "round $round: after $synced files e2fsck repairs the disk"
	if {$status > 2} { diag $printed }
	check_disk $disk "round $round: it is clean then"
}
ok [boot --disk $disk] "boots at the end"
like [shell "writer check /root/w $synced"] "all good" "all that was synchronised is there"
is [power_off] 0 "powers off"
check_disk $disk "the disk is clean"
done_testing
