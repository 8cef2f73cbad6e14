#!/bin/bash
# Do the course's tests notice? A copy of the tree is broken on purpose, one line at a time;
# each time the right test must fail, and no other.
# machine: riscv64
# time-limit: 2400
#
# A break is a sed expression, so that it stays true while the kernel changes around it: one
# that changes nothing any more is a failure. The kernel is not a testing boot, except for the
# tests of kmalloc.
. "$(dirname "$0")/lib.sh"

tree=$work/tree
mkdir -p "$tree/build/$machine"
cp -a "$root"/{Makefile,mv6,kernel,tools,user,course} "$tree"
for part in "$root/build/$machine"/*; do
	[[ $part == */@(guest|bench|disk.img|boot.img|mv6.iso) ]] || cp -a "$part" "$tree/build/$machine"
done

# keep SUITE NUMBER...: these tests, of all.
keep() {
	local suite=$1 file
	shift
	for file in "$tree/course/tests/$suite"/[0-9]*; do
		[[ " $* " == *" $(basename "$file" | cut -c 1-2) "* ]] || rm "$file"
	done
}
keep mmap 01 02 10 12 14 22 23 24
keep kmalloc 01 03 07 09

# break_it FILE SED WHAT
break_it() {
	sed -i "$2" "$tree/kernel/$1"
	if cmp -s "$root/kernel/$1" "$tree/kernel/$1"; then
		result 'not ok' "$3: nothing is broken by $2"
	fi
}

mend() {
	cp "$root/kernel/$1" "$tree/kernel/$1"
}

# fails SUITE NUMBERS WHAT: these tests fail, the others pass.
fails() {
	local bad
	run env -u MV6_BUILT "$tree/course/test-$1.sh" -m "$machine" -c </dev/null
	bad=$(sed -n 's/^ *\([0-9]*\)  .*FAILED$/\1/p' <<<"$out" | sort -n | tr '\n' ' ')
	is "${bad% }" "$2" "$3: of $1 ${2:-no test} fails${2:+, that alone}"
	sed -n '/FAILED$/,/^ *[0-9]*  .*ok$/p' <<<"$out" | cut -c 1-150 | diag
	[[ ! $err ]] || diag <<<"$err"
}

fails mmap '' 'nothing broken'
fails kmalloc '' 'nothing broken'

# The heap, the program's own zeros and stacks must stay zero, or no program would run.
break_it vm/fault.c 's/page_alloc(0, ALLOC_ZERO | ALLOC_WAIT)/page_alloc(0, ALLOC_WAIT |\
		(f->va < 0x40000000 || f->va > 0x60000000 || f->vma->end - f->vma->start > 0x400000 ? ALLOC_ZERO : 0))/' \
	'new pages are not cleared'
fails mmap 2 'new pages are not cleared'
mend vm/fault.c

break_it vm/page.c 's/while (order < PAGE_ORDERS - 1) {/while (false) {/' 'free blocks do not grow together'
fails kmalloc 7 'free blocks do not grow together'
fails mmap 24 'free blocks do not grow together'
mend vm/page.c

break_it vm/mm.c '/^static void destroy/,/^}/s/vma_free_list(&dead);//' 'mappings are lost at exit'
fails mmap 10 'mappings are lost at exit'
like "$out" 'leak: [0-9]+ of vma' 'and the end of the machine tells what was lost'
mend vm/mm.c

break_it sys/mem.c 's/\.pgoff = pgoff,/.pgoff = 0,/' 'the offset is ignored'
fails mmap 12 'the offset is ignored'
mend sys/mem.c

break_it vm/tlb.c 's/if (active & ~self)/if (false)/' 'other CPUs are not flushed'
fails mmap '22 23' 'other CPUs are not flushed'
mend vm/tlb.c

break_it sys/mem.c '/^SYSCALL(msync)/,/return/s/return/__builtin_trap();\n\treturn/' 'msync is a panic'
fails mmap 14 'msync is a panic'
like "$out" 'the machine stopped, status 125.*panic: .*sys_msync' 'and its report is shown'
mend sys/mem.c

break_it vm/tlb.c '0,/^static/s/^static/broken &/' 'the kernel does not compile'
run env -u MV6_BUILT "$tree/course/test-mmap.sh" -m "$machine" -c </dev/null
is "$status" 125 'the kernel does not compile: status 125'
like "$err" 'tlb.c:[0-9].*error.*the kernel does not compile' "and the compiler's words"
done_testing
