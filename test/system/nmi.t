#!/bin/bash
# Non-maskable interrupts, by the emulator's monitor, come wherever the kernel is, also where it
# holds the lock of its log: it goes on and says that they came. (Before it has taken the machine
# over they would end it, so the first one waits for a program's output.)
. "$(dirname "$0")/lib.sh"

if [[ $machine != i386 ]]; then
	skip "$machine has no such interrupts" 'interrupts that cannot be masked'
	done_testing
	exit
fi

mkfifo "$work/monitor.in" "$work/monitor.out"
cat "$work/monitor.out" >/dev/null &
exec 3<>"$work/monitor.in"
MV6_QEMU="-monitor pipe:$work/monitor" "$mv6" exec -m "$machine" --cpus 2 --time-limit 600 \
	"$root/build/$machine/user/sh" -c 'i=0; while [ $i -lt 30000 ]; do echo $i; i=$((i + 1)); done' \
	</dev/null >"$work/out" 2>"$work/err" &
tool=$!
while kill -0 "$tool" 2>/dev/null; do
	if [[ -s $work/out ]]; then echo nmi >&3; fi
	sleep 0.001
done
wait "$tool"
is $? 0 'a program that writes goes on'
is "$(tail -n 1 "$work/out")" 29999 'and all it wrote is there'
like "$(cat "$work/err")" 'NMIs that came: [0-9]' 'the log tells that they came'
done_testing
