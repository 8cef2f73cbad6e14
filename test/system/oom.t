#!/usr/bin/expect -f
# Memory exhausted: the process that asked is killed with a line on the console, the shell lives on;
# calls answer ENOMEM; all of it comes back.
source [file join [file dirname [info script]] lib.exp]

proc free_memory {} {
	set kilobytes 0
	regexp {MemFree: *(\d+)} [shell "cat /proc/meminfo"] all kilobytes
	return $kilobytes
}

set disk $work/disk.img
make_disk $disk hog
ok [boot --disk $disk --memory 64M] "boots"
shell "hog map; cat /bin/hog > /dev/null"
set before [free_memory]

like [shell "hog touch"] {(?i)memory} "a process that touches too much dies with a line on the console"
is [shell "echo alive"] "alive\n" "the shell lives on"
is [shell "hog map; echo \$?"] "0\n" "mmap says ENOMEM when nothing is left"
set lines [shell "hog fork"]
like $lines {[1-4] killed} "of several that ask for all of it some die"
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
is [host $mv6 exec -m $machine --memory 32M $guest/hog map] 0 "ENOMEM in 32 MiB"
done_testing
