#!/usr/bin/expect -f
# Exercise 5: what is stored through shared mappings comes to the disk. The host looks at the disk while the
# machine runs.
# plan: 11
source [file join [file dirname [info script]] .. .. .. .. test system lib.exp]

set disk $work/disk.img
make_disk $disk lab_store
exec sh -c "printf 'aaaaaaaa %4000d' 0 > $work/file"
foreach name {msync twice unmapped mapped old other} {
	host debugfs -w -R "write $work/file root/$name" $disk
}

# What the disk has at a file's begin.
proc on_disk {name} {
	host debugfs -R "cat /root/$name" $::disk
	return [expr {[regexp -line {^[a-z]{8}} $::printed word] ? $word : "nothing"}]
}

# The same, as soon as it is `word` or after a minute.
proc soon_on_disk {name word} {
	for {set i 0} {$i < 60 && [on_disk $name] ne $word} {incr i} { after 1000 }
	return [on_disk $name]
}

# Starts lab_store, which then waits.
proc waiting {arguments} {
	send -- "lab_store $arguments --wait\r"
	expect {
		"waiting" { return }
		timeout { give_up "lab_store does not wait; it said: [heard]" }
		eof { give_up "the machine ended: $expect_out(buffer)" }
	}
}

proc go_on {} {
	send -- "\r"
	until_prompt
}

ok [boot --disk $disk] "boots"
like [shell "lab_store /root/other changing --read"] {changing aaaaaaaa|changing} "read(2) sees what was stored"

waiting "/root/msync changing --msync"
is [on_disk msync] changing "when msync returns, it is on the disk"
go_on

waiting "/root/twice changing --msync changetw --msync"
is [on_disk twice] changetw "a store after an msync is written by the next"
go_on

waiting "/root/unmapped changing --munmap"
is [soon_on_disk unmapped changing] changing "what was unmapped is written in a few seconds"
go_on

waiting "/root/mapped changing"
is [soon_on_disk mapped changing] changing "what stays mapped is written in a few seconds"
go_on

waiting "/root/old changing --msync changeto"
is [soon_on_disk old changeto] changeto "and a store after that is, too"
go_on

shell "lab_store /root/old changefr; echo word > /root/written; sync"
is [on_disk old] changefr "sync writes what was stored through a mapping"
host debugfs -R "cat /root/written" $disk
like $printed {\mword\M} "and what write(2) wrote"
shell "lab_store /root/old changeen"
is [power_off] 0 "powers off"
is [on_disk old] changeen "nothing is lost at power-off"
done_testing
