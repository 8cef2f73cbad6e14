#!/bin/bash
# Each misuse of kmalloc gives the report that docs/kmalloc.md shows for it: the lines there that
# begin with "mv6:" below "Reports" are what one run on riscv64 prints, but for addresses. i386 says the
# same, but its compiler leaves out other frames of the calls. The source that is shown there is that of
# kernel/sys/misuse.c.
. "$(dirname "$0")/lib.sh"

doc=$root/docs/kmalloc.md

# The kernel's lines in one text: addresses become ADDRESS.
reports() {
	sed -n 's/^ *\(mv6: .*\)$/\1/p' | sed 's/0x[0-9a-f]\{6,\}/ADDRESS/g'
}

section() {
	sed -n '/^## Reports/,/^## Accounts/p' "$doc"
}

"$mv6" exec -m "$machine" --cpus 1 --ktest "$guest/misuse" 0 1 2 3 4 5 6 </dev/null >"$work/out" 2>"$work/err"
is $? 125 'status 125'
grep -v 'the kernel lost memory' "$work/err" | reports >"$work/said"
section | reports >"$work/shown"
calls='^mv6:   '
is "$(grep -v "$calls" "$work/said")" "$(grep -v "$calls" "$work/shown")" \
	'KMALLOC-13 KMALLOC-14 KMALLOC-15 the reports are those of docs/kmalloc.md'
if [[ $machine == riscv64 ]]; then
	is "$(grep "$calls" "$work/said")" "$(grep "$calls" "$work/shown")" 'and so are the calls that led there'
else
	is "$(grep -c "$calls" "$work/said")" "$(grep -c "$calls" "$work/shown")" 'and there are as many lines of calls'
fi
source=$(sed -n '/^static void free_twice/,/^static void leak/p' "$root/kernel/sys/misuse.c" | grep -v '^static void leak')
shown=$(section | sed -n '/^    static void free_twice/,/^[^ ]/p' | sed -n 's/^    \(.*\)$/\1/p')
is "$(sed 's/^[[:space:]]*//; /^$/d' <<<"$shown")" "$(sed 's/^[[:space:]]*//; /^$/d' <<<"$source")" \
	'the source shown there is the kernel'"'"'s'
for kind in 0 1 2 3 4 5; do
	"$mv6" exec -m "$machine" --cpus 1 --debug --ktest "$guest/misuse" $kind </dev/null >"$work/out" 2>>"$work/debug"
done
is "$(reports <"$work/debug" | grep -v "$calls\|damaged")" "$(grep -v "$calls\|leak" "$work/shown")" \
	'a kernel for debugging says the same'
done_testing
