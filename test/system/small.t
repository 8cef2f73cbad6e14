#!/usr/bin/expect -f
# A machine with 32 MiB boots, and runs the shell, its tools and mmaptest; one with 32 MiB and 8
# CPUs boots too.
source [file join [file dirname [info script]] lib.exp]

set disk $work/disk.img
make_disk $disk
ok [boot --disk $disk --memory 32M] "boots with 32 MiB"
is [shell "echo one two three | wc -w | cat"] "3\n" "a pipeline runs"
like [shell "mmaptest"] {mmaptest: all tests succeeded} "mmaptest succeeds"
like [shell "mmaptest"] {mmaptest: all tests succeeded} "and again"
is [shell "cat /bin/* > /tmp/all; echo \$?"] "0\n" "a file larger than it should be is written"
is [power_off] 0 "powers off"
check_disk $disk "the disk is clean"

ok [boot --disk $disk --memory 32M --cpus 8] "boots with 32 MiB and 8 CPUs"
is [shell "ls / | cat | cat | cat | grep bin"] "bin\n" "a pipeline runs"
is [power_off] 0 "powers off"
check_disk $disk "the disk is clean"
done_testing
