#!/usr/bin/expect -f
# By a clock that counts instructions a process that means to rest before each tick does so: on a
# busy host's time some tick always finds it running.
source [file join [file dirname [info script]] lib.exp]

set status [host $mv6 exec -m $machine --icount $guest/proc_times]
is $status 0 "timers of CPU time ring though no tick finds the process running"
if {$status} { diag $printed }
done_testing
