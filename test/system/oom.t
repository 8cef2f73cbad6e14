#!/usr/bin/expect -f
# Memory exhausted, by pages and by calls that take the kernel's memory: the process that asked is
# killed with a line on the console or gets ENOMEM, the shell lives on, and all of it comes back.
source [file join [file dirname [info script]] lib.exp]

proc free_memory {} {
	set kilobytes 0
	regexp {MemFree: *(\d+)} [shell "cat /proc/meminfo"] all kilobytes
	return $kilobytes
}

set disk $work/disk.img
make_disk $disk hog
ok [boot --disk $disk --memory 32M] "boots"
shell "hog pipes; cat /bin/hog > /dev/null"
set before [free_memory]

like [shell "hog touch"] {(?i)memory} "a process that touches too much dies with a line on the console"
is [shell "echo alive"] "alive\n" "the shell lives on"
like [shell "hog pipes; echo status \$?"] {status (0|137)\n} "calls that take all memory end with ENOMEM, or their process"
set lines [shell "hog fork"]
like $lines {out of memory: killed \d+ hog} "of several that ask for all of it some die"
is [shell "echo alive"] "alive\n" "the shell lives on"
foreach round {1 2 3} {
	shell "hog touch"
}
set after [free_memory]
ok [expr {$after > $before - 1024}] "the memory came back"
if {$after <= $before - 1024} { diag "free before: $before kB, after: $after kB" }
is [power_off] 0 "powers off"
check_disk $disk "the disk is clean"

set status [host $mv6 exec -m $machine --memory 32M $guest/hog touch]
is $status 137 "under ./mv6 exec the status is that of SIGKILL"
like $printed {(?i)memory} "and the line is on standard error"
set status [host $mv6 exec -m $machine --memory 32M $guest/hog pipes]
ok [expr {$status == 0 || $status == 137}] "as it is for calls, or they answer ENOMEM"

spawn -noecho $mv6 run -m $machine --disk $disk --memory 32M --append init=/bin/hog
set said [until_end]
set waits [regexp -all {out of memory: process 1 waits} $said]
ok [expr {$waits > 0 && $waits < 20}] "process 1, which cannot be killed, waits for memory"
like $said {touched} "and gets it when others have gone"
if {[regexp {killed 1 } $said]} { diag "it is said to be killed" }
done_testing
