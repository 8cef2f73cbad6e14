#!/bin/bash
# ./mv6 gdb: a machine that stops before its first instruction, and a debugger that knows the
# kernel.
. "$(dirname "$0")/lib.sh"

"$mv6" image -m "$machine" --force --size 64M "$work/disk.img" 2>/dev/null
run timeout 300 "$mv6" gdb -m "$machine" --disk "$work/disk.img" <<'END'
set confirm off
set pagination off
print $pc
hbreak kernel_main
continue
backtrace 1
kill
quit
END
is "$status" 0 'status 0'
like "$out" 'Breakpoint 1, kernel_main' 'the breakpoint at kernel_main is reached'
like "$out" 'kernel/main\.c' 'with source lines'
like "$err" 'the console is /dev/' 'the console is named'
is "$(pgrep -f "$work/disk.img")" '' 'the machine is gone'
done_testing
