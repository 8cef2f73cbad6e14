#!/usr/bin/expect -f
# Boots to the shell's prompt through a terminal, and ends with poweroff; the machine is the one
# that was asked for.
source [file join [file dirname [info script]] lib.exp]

set disk $work/disk.img
make_disk $disk

ok [boot --disk $disk] "boots to a prompt"
like $boot {mv6} "says what it is"
is [shell "echo it works"] "it works\n" "the shell runs a command"
is [power_off] 0 "poweroff ends ./mv6 run with status 0"
check_disk $disk "the disk is clean"

foreach cpus {1 8} {
	ok [boot --disk $disk --cpus $cpus --memory 128M] "boots on $cpus CPUs"
	is [shell "grep -c processor /proc/cpuinfo"] "$cpus\n" "and has $cpus"
	is [power_off] 0 "powers off"
}
check_disk $disk "the disk is clean"

# Of the memory the kernel itself takes some.
foreach {size least most} {32M 16000 32768 1G 900000 1048576} {
	ok [boot --disk $disk --memory $size] "boots with $size"
	set found [regexp {MemTotal: *(\d+) kB} [shell "cat /proc/meminfo"] all total]
	ok [expr {$found && $total >= $least && $total <= $most}] "and has it"
	if {!$found || $total < $least || $total > $most} {
		diag [expr {$found ? "MemTotal is $total kB" : "/proc/meminfo has no MemTotal"}]
	}
	is [power_off] 0 "powers off"
}

foreach board [of_machine QEMU_BOARDS] {
	ok [boot --disk $disk --board $board] "boots on board $board"
	is [power_off] 0 "powers off"
}
foreach cpu [of_machine QEMU_CPUS_TESTED] {
	ok [boot --disk $disk --cpu $cpu] "boots on CPU $cpu"
	is [power_off] 0 "powers off"
}
check_disk $disk "the disk is clean"
ok [boot --disk $disk --icount] "boots under --icount"
is [power_off] 0 "powers off"
ok [boot --disk $disk --debug] "boots the debug kernel"
is [power_off] 0 "powers off"
check_disk $disk "the disk is clean"
done_testing
