#!/usr/bin/expect -f
# The PC's disks: the root file system on IDE, by DMA and without, in memory as the loader's module,
# and on virtio devices that share an interrupt; what is written is there at the next boot, and
# e2fsck finds nothing. Other machines have none of these.
source [file join [file dirname [info script]] lib.exp]

if {$machine ne "i386"} {
	skip "$machine has no PCI bus" "the disks of the PC"
	done_testing
}

# Boots with these words for the emulator, and no other disk.
proc boot_with {words args} {
	set ::env(MV6_QEMU) $words
	set booted [boot --disk none {*}$args]
	unset ::env(MV6_QEMU)
	return $booted
}

# A file whose sum the host knows goes through the disk: copied there by the machine, read by both.
proc writes {disk name words args} {
	ok [boot_with $words {*}$args] "$name: boots"
	shell "mkdir /root/copy; cp /bin/* /root/copy; echo kept > /root/kept; sync"
	is [shell "cat /root/kept"] "kept\n" "$name: a file is written"
	host debugfs -R "cat /root/kept" $disk
	like $::printed {kept} "$name: after sync it is on the disk"
	is [power_off] 0 "$name: powers off"
	check_disk $disk "$name: the disk is clean"
	same_on_disk $disk $name
	ok [boot_with $words {*}$args] "$name: boots again"
	is [shell "cat /root/kept"] "kept\n" "$name: the file is there"
	is [power_off] 0 "$name: powers off again"
	check_disk $disk "$name: the disk is clean again"
}

# The copy that the machine made, compared by the host.
proc same_on_disk {disk name} {
	global work
	file delete -force $work/bin $work/copy
	host debugfs -R "rdump /bin $work" $disk
	host debugfs -R "rdump /root/copy $work" $disk
	is [host diff -r $work/bin $work/copy] 0 "$name: copies are equal"
	ok [expr {[llength [glob -nocomplain $work/copy/*]] > 5}] "$name: and there are some"
}

set disk $work/disk.img
proc fresh_disk {} {
	make_disk $::disk
}

# --- IDE ---

fresh_disk
writes $disk "IDE" "-drive file=$disk,format=raw,if=ide"
like $boot {hda: 65536 KiB} "it is hda"
fresh_disk
writes $disk "the secondary slave" "-drive file=$disk,format=raw,if=ide,index=3"
like $boot {hda: 65536 KiB} "it is hda"

# Not a PCI function, so no DMA: each sector by an interrupt.
fresh_disk
set isa "-device isa-ide,id=ata,iobase=0x1f0,iobase2=0x3f6,irq=14"
append isa " -drive file=$disk,format=raw,if=none,id=a -device ide-hd,drive=a,bus=ata.0"
writes $disk "IDE without PCI" $isa --board q35
like $boot {hda: 65536 KiB} "it is hda"

exec truncate -s 8M $work/second
ok [boot_with "-drive file=$disk,format=raw,if=ide,index=0 -drive file=$work/second,format=raw,if=ide,index=1"] \
	"two disks on one channel"
like $boot {hda: 65536 KiB.*hdb: 8192 KiB} "both are found"
is [power_off] 0 "powers off"

# --- errors ---

# Reading the first block of a file fails.
fresh_disk
host debugfs -R "blocks /bin/wc" $disk
set sector [expr {[lindex [regexp -inline -all {\d+} [lindex [split [string trim $printed] \n] end]] 0] * 8}]
set f [open $work/rules w]
puts $f "\[inject-error\]\nevent = \"none\"\niotype = \"read\"\nsector = \"$sector\"\nerrno = \"5\"\nonce = \"off\""
close $f
set rules "driver=raw,file.driver=blkdebug,file.config=$work/rules,file.image.filename=$disk"
ok [boot_with "-drive if=ide,rerror=report,$rules"] "boots from a disk with a bad sector"
like [shell "cat /bin/wc"] "hda: a read at sector \\d+ failed.*cat: " "reading it ends with an error, and a line on the log"
is [shell "cat /bin/ls > /dev/null; echo lives"] "lives\n" "other files can be read"
is [power_off] 0 "powers off"

# --- virtio ---

# PCI slots 4 apart share an interrupt line.
fresh_disk
set two "-drive file=$disk,format=raw,if=none,id=a -device virtio-blk-pci,drive=a,addr=5"
append two " -drive file=$work/second,format=raw,if=none,id=b -device virtio-blk-pci,drive=b,addr=9"
writes $disk "virtio, a line shared" $two
like $boot {vda: 65536 KiB.*vdb: 8192 KiB} "both are found"

set modern "-drive file=$disk,format=raw,if=none,id=a -device virtio-blk-pci,drive=a,disable-legacy=on"
ok [boot_with $modern] "a device without the legacy protocol"
is [shell "cat /root/kept"] "kept\n" "is read"
is [power_off] 0 "powers off"

ok [boot_with "-device pci-bridge,id=bridge,chassis_nr=1 -drive file=$disk,format=raw,if=none,id=a
	-device virtio-blk-pci,drive=a,bus=bridge,addr=3"] "a device behind a bridge"
is [shell "cat /root/kept"] "kept\n" "is read"
is [power_off] 0 "powers off"

set legacy "-drive file=$work/second,format=raw,if=none,id=a -device virtio-blk-pci,drive=a,disable-modern=on"
ok [boot_with "$legacy -drive file=$disk,format=raw,if=ide"] "boots beside a device of the legacy protocol alone"
like $boot {legacy protocol only.*hda: 65536 KiB} "which is named, and not driven"
is [power_off] 0 "powers off"

# --- memory ---

fresh_disk
ok [boot_with "-initrd $disk"] "boots from a module"
like $boot {ram0: 65536 KiB} "it is ram0"
shell "echo in memory > /root/file; sync"
is [shell "cat /root/file"] "in memory\n" "a file is written"
is [power_off] 0 "powers off"
ok [boot_with "-initrd $disk"] "boots from it again"
is [shell "cat /root/file; echo gone"] "cat: /root/file: No such file or directory\ngone\n" \
	"nothing was kept"
is [power_off] 0 "powers off"
done_testing
