#!/bin/bash
# A kernel that goes wrong says so: under a debugger it is made to jump to an address that is not
# mapped, and ./mv6 exec ends with status 125 and the report on standard error.
. "$(dirname "$0")/lib.sh"

MV6_QEMU="-gdb unix:$work/gdb,server=on,wait=off" "$mv6" exec -m "$machine" --cpus 1 --time-limit 300 \
	"$guest/exit_with" spin </dev/null >"$work/out" 2>"$work/err" &
# When it has said so the program runs.
for ((i = 0; i < 1200; i++)); do
	[[ -s $work/out ]] && break
	sleep 0.1
done
timeout 200 gdb-multiarch -q -batch -ex 'set pagination off' -ex "target remote $work/gdb" \
	-ex 'break clock_program' -ex continue -ex 'set $pc = 8' -ex 'delete' -ex detach \
	"$root/build/$machine/kernel.elf" >"$work/gdb.out" 2>&1 </dev/null
wait $!
is $? 125 'status 125'
err=$(<"$work/err")
like "$err" 'mv6: panic: ' 'the report says that it is a panic'
like "$err" '8[^0-9a-f]' 'and names the address'
like "$err" '[a-z][a-z0-9_]*\+0x[0-9a-f]+' 'its backtrace has names'
like "$err" 'exit_with' 'it names the process'
is "$(<"$work/out")" spinning 'nothing of it is the output of the program'
((failures == 0)) || diag <<<"$err$(<"$work/gdb.out")"
done_testing
