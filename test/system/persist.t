#!/usr/bin/expect -f
# A file that was changed through a shared mapping is changed on the disk: after power-off for the
# host, and at the next boot.
source [file join [file dirname [info script]] lib.exp]

set disk $work/disk.img
make_disk $disk

ok [boot --disk $disk] "boots"
shell "echo The quick brown fox > /root/fox"
shell "mapedit /root/fox 4 QUICK"
is [shell "cat /root/fox"] "The QUICK brown fox\n" "mapedit changes the file"
is [power_off] 0 "powers off"
check_disk $disk "the disk is clean"
host debugfs -R "cat /root/fox" $disk
like $printed {The QUICK brown fox} "the host sees the change"

ok [boot --disk $disk] "boots again"
is [shell "cat /root/fox"] "The QUICK brown fox\n" "the next boot sees the change"
shell "mapedit /root/fox 10 BROWN; sync"
stop_machine
host debugfs -R "cat /root/fox" $disk
like $printed {The QUICK BROWN fox} "sync writes a change to the disk before it returns"

host e2fsck -fy $disk
ok [boot --disk $disk] "boots after the power failure"
is [shell "cat /root/fox"] "The QUICK BROWN fox\n" "what was synchronised is there"
is [power_off] 0 "powers off"
check_disk $disk "the disk is clean"

# Changes made by the host are seen too.
exec sh -c "echo from the host > $work/host"
host debugfs -w -R "write $work/host root/host" $disk
ok [boot --disk $disk] "boots once more"
is [shell "cat /root/host"] "from the host\n" "a file that the host wrote"
is [shell "mkdir /root/many; cp /bin/* /root/many; ls /bin > /tmp/a; ls /root/many > /tmp/b; wc -l < /tmp/a | cat > /tmp/c; wc -l < /tmp/b | cat > /tmp/d; grep . /tmp/c > /tmp/e; cat /tmp/d | grep -c ."] "1\n" "many files are copied"
is [power_off] 0 "powers off"
check_disk $disk "the disk is clean"
exec mkdir $work/bin $work/many
host debugfs -R "rdump /bin $work" $disk
host debugfs -R "rdump /root/many $work" $disk
is [host diff -r $work/bin $work/many] 0 "the copies are equal on the host"
done_testing
