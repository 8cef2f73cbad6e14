#!/usr/bin/expect -f
# Images that a PC starts from by itself, without QEMU's help: a disk with GRUB and a partition, and
# a CD whose disk is in memory. And tables of partitions that lie.
# machine: i386
# time-limit: 1800
source [file join [file dirname [info script]] lib.exp]

# Starts a PC as its owner would, with nothing but these words.
proc power_on {args} {
	return [boot_by timeout --foreground 900 [of_machine QEMU] -m 128 -display none -serial stdio \
		-monitor none -nic none -no-reboot {*}$args]
}

# --- a disk ---

set disk "$work/a boot disk.img"
set partition "$disk?offset=1048576"
is [host $mv6 image -m $machine --bootable --size 64M $disk] 0 "image --bootable"
like $printed {made .*boot disk.img, 64 MiB} "said in a sentence"
is [file size $disk] [expr {64 << 20}] "it has the size asked for"
check_disk $partition "its partition is a clean file system"
is [host $mv6 image -m $machine --bootable $disk] 0 "image --bootable again"
like $printed {is there already} "leaves it as it is"

ok [power_on -drive "file=$disk,format=raw"] "a PC boots from it"
like $boot {hda1: 64512 KiB} "the root is the first partition"
is [shell "echo kept > /root/file; ls /boot | cat"] "grub\nmv6.elf\n" "it is written to"
is [power_off] 0 "powers off"
check_disk $partition "the file system is clean"
ok [power_on -drive "file=$disk,format=raw"] "the PC boots again"
is [shell "cat /root/file"] "kept\n" "the file is there"
shell "echo more > /root/file; sync"
stop_machine
ok [boot --disk $disk] "./mv6 run takes the disk too"
like $boot {not shut down cleanly} "and repairs its file system after a power failure"
is [shell "cat /root/file"] "more\n" "the file is there"
is [power_off] 0 "powers off"
check_disk $partition "the file system is clean"

is [host $mv6 image -m $machine --bootable --force --size 64M --append quiet $disk] 0 "--append and --force"
ok [power_on -drive "file=$disk,format=raw"] "boots"
ok [expr {![regexp {hda1} $boot]}] "the kernel was given the word"
is [shell "cat /root/file"] "cat: /root/file: No such file or directory\n" "the disk is new"
is [power_off] 0 "powers off"

# --- tables that lie ---

# Puts bytes (hexadecimal) into the boot record; what the machine says then. It must end.
proc with_record {offset bytes} {
	global spawn_id mv6 machine disk
	set f [open $disk r+b]
	seek $f $offset
	puts -nonewline $f [binary format H* $bytes]
	close $f
	spawn -noecho $mv6 run -m $machine --disk $disk
	return [until_end]
}

like [with_record 458 ffffffff] {(?i)partition 1 cannot be used.*(ext2|file system)} \
	"a partition that ends behind the disk: a message"
like [with_record 454 00000000] {(?i)partition 1 cannot be used.*(ext2|file system)} \
	"one that begins with the boot record"
ok [expr {![regexp {partition 1 cannot} [with_record 450 0c]]}] "one of another system is left alone"

# --- a CD ---

set cd $work/cd.iso
is [host $mv6 image -m $machine --cd --size 16M $cd] 0 "image --cd"
foreach {how words} [list \
	"a PC boots from the CD" [list -cdrom $cd] \
	"one without an IDE bus" [list -machine q35 -cdrom $cd] \
	"or from the same file as a disk" [list -drive file=$cd,format=raw] \
] {
	ok [power_on {*}$words] $how
	like $boot {ram0: 16384 KiB} "the root is in memory"
	is [shell "echo gone > /root/file; cat /root/file"] "gone\n" "and can be written to"
	is [power_off] 0 "powers off"
}
done_testing
