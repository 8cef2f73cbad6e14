#!/usr/bin/expect -f
# Process 1 has no siblings; the zombies that it inherits are its to collect, unless it ignores its
# children's ends.
source [file join [file dirname [info script]] lib.exp]

set disk $work/disk.img
make_disk $disk orphans
spawn -noecho $mv6 run -m $machine --disk $disk --append init=/bin/orphans
set said [until_end]
like $said {sibling: Invalid argument} "process 1 has no siblings"
like $said {default: 2 collected, all gone} "it collects the zombies it is handed"
like $said {ignored: 0 collected, all gone} "who ignores SIGCHLD is handed none"
like $said {no wait: 0 collected, all gone} "nor is who wants no zombies"
done_testing
