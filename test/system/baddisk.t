#!/usr/bin/expect -f
# Disks that cannot be the root: a clear message each time, and an end, not a hang.
source [file join [file dirname [info script]] lib.exp]
set timeout 120

# Boots and expects the machine to give up with a message that matches.
proc refuses {disk pattern name} {
	global spawn_id mv6 machine
	spawn -noecho $mv6 run -m $machine --disk $disk
	set said [until_end]
	like $said $pattern "$name: a message"
	ok [expr {![regexp {and does not end} $said]}] "$name: no hang"
}

# A copy of the good disk with bytes (hexadecimal) put at an offset.
proc damage {offset bytes} {
	global work
	file copy -force $work/good.img $work/bad.img
	set f [open $work/bad.img r+b]
	seek $f $offset
	puts -nonewline $f [binary format H* $bytes]
	close $f
	return $work/bad.img
}

make_disk $work/good.img

refuses none {(?i)no .*disk|disk.*not|no root|no block} "no disk"
exec dd if=/dev/urandom of=$work/garbage bs=1M count=4 2>/dev/null
refuses $work/garbage {(?i)ext2|file system} "garbage"
exec dd if=/dev/zero of=$work/zeroes bs=1M count=4 2>/dev/null
refuses $work/zeroes {(?i)ext2|file system} "zeroes"
exec dd if=/dev/zero of=$work/tiny bs=512 count=1 2>/dev/null
refuses $work/tiny {(?i)ext2|file system|small|short} "one sector"
exec cp $work/good.img $work/short
exec truncate -s 16M $work/short
refuses $work/short {(?i)ext2|file system|short|truncated|larger|beyond} "a disk that was cut short"

# Fields of the superblock, at byte 1024.
refuses [damage 1048 1f000000] {(?i)ext2|block size} "a block size out of range"
refuses [damage 1056 00000000] {(?i)ext2|group} "no blocks in a group"
refuses [damage 1064 00000000] {(?i)ext2|group|inode} "no inodes in a group"
refuses [damage 1120 ffffffff] {(?i)ext2|feature} "features that nobody knows"
refuses [damage 1112 0100] {(?i)ext2|inode} "an inode size out of range"
refuses [damage 4104 ffffffff] {(?i)ext2|inode|root|I/O|group|block} "an inode table past the end"

is [host $mv6 run -m $machine --disk $work/none-such] 1 "a file that is not there: status 1"
like $printed {no disk} "said in a sentence"
is [host $mv6 run -m $machine --disk $work] 1 "a folder: status 1"
like $printed {not a file} "said in a sentence"

# A disk that is in use.
ok [boot --disk $work/good.img] "the good disk boots"
is [host $mv6 run -m $machine --disk $work/good.img] 1 "a second machine on it: status 1"
like $printed {in use} "said in a sentence"
is [power_off] 0 "powers off"
check_disk $work/good.img "the disk is clean"
done_testing
