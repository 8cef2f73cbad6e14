#!/usr/bin/expect -f
# The shell at mv6's console; at the end the machine is switched off.
set here [file dirname [file normalize [info script]]]
source $here/terminal.exp
set machine [expr {[info exists env(MACHINE)] ? $env(MACHINE) : "riscv64"}]
set disk [exec mktemp -u /tmp/mv6-disk-XXXXXX]
exec $here/../../mv6 image -m $machine $disk >@stderr 2>@stderr
spawn $here/../../mv6 run -m $machine --disk $disk
first_prompt
conversation
finish "poweroff\r" "poweroff ends the machine"
file delete $disk
