#!/bin/bash
# The kernel's word fail_nth=N: the N-th allocation of the first program fails, in a testing boot.
. "$(dirname "$0")/lib.sh"

cat=$root/build/$machine/rootfs/bin/cat

run() {
	"$mv6" exec -m "$machine" "$@" </dev/null >"$work/out" 2>"$work/err"
}

run --ktest --append fail_nth=1 "$cat" /proc/self/fail_nth
is $? 137 'KMALLOC-20 a program whose first allocation fails does not come far'
like "$(<"$work/err")" 'out of memory: killed [0-9]+ cat' 'and the kernel says so'
run --ktest --append fail_nth=50000 "$cat" /proc/self/fail_nth
is $? 0 'KMALLOC-20 one that does not make as many is not touched'
like "$(<"$work/out")" 'left: +49[0-9]{3}
made: +[1-9][0-9]*
failed: 0' 'they are counted from its first instruction on'
run --ktest --append fail_nth=1x "$cat" /proc/self/fail_nth
like "$(<"$work/out")" 'made: +0' 'what is no number counts nothing'
run --append fail_nth=1 "$cat" /proc/version
is $? 0 'without a testing boot the word means nothing'
done_testing
