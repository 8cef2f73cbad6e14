#!/usr/bin/expect -f
# What a testing boot prints: reports of misuse, dumps, /proc/kmalloc, and the key that shows all
# processes.
source [file join [file dirname [info script]] lib.exp]
match_max -d 1000000

# The reports of what kmalloc_calls does wrong on purpose.
is [host $mv6 exec -m $machine --ktest --time-limit 300 $guest/kmalloc_calls] 0 "kmalloc_calls passes"
set place {kernel/sys/debug\.c:[0-9]+}
like $printed "mv6: double free of 0x\[0-9a-f\]+ \\(kmalloc-128\\) by $place; allocated by $place, freed by $place\n" \
	"KMALLOC-13 a double free names the pointer and both places"
like $printed "mv6: double free of 0x\[0-9a-f\]+ by $place; allocated by $place, freed by $place\n" \
	"KMALLOC-13 that of a large block too"
like $printed "mv6: invalid free of 0x\[0-9a-f\]+ by $place: it is \\+16 of a live block \\(kmalloc-128\\); allocated by $place\n" \
	"KMALLOC-14 a free inside a block names the block's place"
like $printed "mv6: invalid free of 0x\[0-9a-f\]+ by $place: it is \\+4096 of a live block of 10000 bytes; allocated by $place\n" \
	"KMALLOC-14 that inside a large block too"
like $printed "mv6: invalid free of 0x1 by $place: it is not in memory that is given out\n" \
	"KMALLOC-14 a pointer that never was one says so"
like $printed "mv6: kmalloc of 4194305 bytes at $place: more than 4194304, the most there is\n" \
	"KMALLOC-5 too much is one line"
like $printed "process \[0-9\]+ \\(kmalloc_calls\\)\n  start +length +prot +kind +of\n  +\[0-9a-f\]+ +\[0-9a-f\]+  r-\[x-\]  private  file   inode \[0-9\]+ +offset 0\n" \
	"DBG-7 the dump of mappings is a table"
like $printed {Node 0, zone +Normal( +[0-9]+)+\n} "DBG-7 that of the allocator has the free blocks"
like $printed "\n +\[0-9\]+ +\[0-9\]+ +\[0-9\]+ +\[0-9\]+ +\[0-9\]+  kmalloc +$place\n" "DBG-7 and the accounts"

# Without a testing boot a wrong free is reported all the same, but nobody is counted.
make_disk $work/disk.img
ok [boot --disk $work/disk.img] "boots"
like [shell "cat /proc/kmalloc"] {^blocks: +[0-9]+\nbytes: +[0-9]+\nlarge: +[0-9]+\npages: +[0-9]+\n$} \
	"/proc/kmalloc has totals only"
like [shell "ls /proc/self/fail_nth"] {No such file} "nobody can make allocations fail"
send -- "\020"
send -- "echo between\r"
expect -re $prompt
ok [expr {![regexp {process 1} $expect_out(buffer)]}] "Ctrl-P is a key like others"
is [power_off] 0 "powers off"

ok [boot --disk $work/disk.img --ktest] "boots for testing"
send -- "\020"
expect {
	-re {process 1 \([a-z]+\)\r*\n  start.*process [0-9]+ \(sh\)\r*\n  start.*signal return\r*\n} {
		result 1 "Ctrl-P prints all processes with their mappings"
	}
	timeout { diag [heard]; result 0 "Ctrl-P prints all processes with their mappings" }
}
shell "echo"
like [shell "head -n 7 /proc/kmalloc"] {\ndamaged: +0\n} "KMALLOC-15 nothing is damaged"
set figures [shell "cat /proc/kmalloc"]
regexp {bytes: +([0-9]+)} $figures all bytes
regexp {accounted: +([0-9]+)} $figures all accounted
is $accounted $bytes "KMALLOC-16 the accounts add up"
set sum 0
foreach line [split $figures \n] {
	if {[regexp {^ +[0-9]+ +([0-9]+) +[0-9]+ +[0-9]+ +[0-9]+  (kmalloc|cache)} $line all live]} { incr sum $live }
}
diag "lines add up to $sum of $bytes"
ok [expr {abs($sum - $bytes) < 65536}] "KMALLOC-16 line by line"
is [power_off] 0 "powers off"
check_disk $work/disk.img "the disk is clean"
done_testing
