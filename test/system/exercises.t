#!/bin/bash
# The exercises of course/: each lab fails without its piece and passes with it; and what can go wrong is said.
# All of it happens in a copy of the tree, in which only what changes is built anew.
# time-limit: 4500
. "$(dirname "$0")/lib.sh"

export GIT_CEILING_DIRECTORIES=$work
unset MV6_BUILT MV6 MAKEFLAGS
tree=$work/tree
patches=$tree/build/exercises
mkdir -p "$tree/build"
for part in Makefile mv6 bench course kernel test tools user build/"$machine" build/host build/*.version; do
	if [[ -e $root/$part ]]; then
		cp -a "$root/$part" "$tree/$part"
	fi
done
rm -f "$tree/build/$machine"/*.img
cd "$tree" || exit 1
labs=$(cd course/exercises && echo [0-9]*)

# own LAB: the programs that only this lab has.
own() {
	ls course/exercises/"$1"/{guest,host,system}/ 2>/dev/null | sed -n 's/\.[ct]$//p' |
		grep -xFf - <(awk '/^(each|all)/ {print $4}' "course/exercises/$1/points")
}

# grade LAB ARG...: status, out and err of the grading.
grade() {
	run course/grade "$1" -m "$machine" "${@:2}"
}

# --- the maker of patches ---

ok 'the patches are made' course/exercises/make-patches
is "$(cd build/exercises && echo *.patch)" "$(printf '%s.patch ' $labs | sed 's/ $//')" 'one for each lab'
run course/exercises/make-patches nosuch
is "$status" 1 'an unknown lab'
like "$err" "no lab \"nosuch\"; there are: $labs" 'the others are named'
cp -p kernel/vm/slab.c "$work/slab.c"
sed -i 's/slab_take/slab_grab/g' kernel/vm/slab.c
run course/exercises/make-patches -o "$work/patches" kmalloc
is "$status" 1 'a function that is gone'
like "$err" 'kernel/vm/slab.c has no function slab_take any more' 'is named'
ok 'and no patch is written' test ! -e "$work/patches/1-kmalloc.patch"
cp -p "$work/slab.c" kernel/vm/slab.c

# --- every piece can be taken out and put back ---

if [[ $machine != riscv64 ]]; then
	# The tests are graded on one machine; here the kernels without their pieces are built.
	for lab in $labs; do
		ok "$lab: the piece is taken out" git apply "$patches/$lab.patch"
		ok "$lab: the kernel builds without it" make -s MACHINE="$machine" kernel
		git apply -R "$patches/$lab.patch"
	done
	done_testing
fi

for lab in $labs; do
	ok "$lab: the piece is taken out" git apply "$patches/$lab.patch"
	grade "$lab" $(own "$lab")
	is "$status" 1 "$lab: fails without it"
	for program in $(own "$lab" | tail -n 1); do
		like "$out" " 0 of +[0-9]+  $program: " "$lab: so does $program"
	done
	[[ $out != *'does not compile'* ]] || diag <<<"$out"
	ok "$lab: the piece is put back" git apply -R "$patches/$lab.patch"
	grade "$lab"
	is "$status" 0 "$lab: passes with it"
	((status == 0)) || diag <<<"$out"
done

# --- what students do ---

run course/grade
is "$status" 2 'grade: no lab'
run course/grade nosuch
is "$status" 2 'grade: an unknown lab'
like "$err" "no lab \"nosuch\"" 'it says so'
like "$err" "labs: $labs" 'and names the others'
run course/grade cow nosuch
is "$status" 2 'grade: an unknown program'
like "$err" 'it has: lab_cow ' 'the others are named'

cp -p kernel/vm/fault.c "$work/fault.c"
grown='^static enum step grow(struct fault \*f)$'

sed -i "/$grown/,/^{/ s/^{/{\n\tthis is no C;/" kernel/vm/fault.c
grade lazy --json
is "$status" 1 'code that does not compile'
like "$out" '"score" : 0' 'scores 0'
like "$out" 'kernel/vm/fault.c:[0-9]+:[0-9]+: error' "the compiler's words are there"

sed "/$grown/,/^{/ s/^{/{\n\tif (f)\n\t\tpanic(\"no growth\");/" "$work/fault.c" >kernel/vm/fault.c
grade lazy lab_lazy lab_lazy_cost
is "$status" 1 'a kernel that panics'
like "$out" 'the kernel: [^
]*panic' 'it is said'
like "$out" '2 of  2  lab_lazy: what is read first is zero' 'the results before it count'
like "$out" '6 of  6  lab_lazy_cost: 1 GiB' 'and so does the next program'

sed "/$grown/,/^{/ s/^{/{\n\twhile (f)\n\t\t;/" "$work/fault.c" >kernel/vm/fault.c
grade lazy --time-limit 25 lab_lazy lab_lazy_cost
is "$status" 1 'a kernel that hangs'
like "$out" 'out of time: 25 seconds' 'it is said'
like "$out" '6 of  6  lab_lazy_cost: 1 GiB' 'and the next program counts'

# --- how a student begins ---

if git -C "$root" rev-parse -q --verify HEAD >"$work/head" 2>&1 && [[ -e $root/.git ]]; then
	cd "$root" || exit 1
	run course/exercises/start nosuch "$work/student"
	is "$status" 1 'start: an unknown lab'
	like "$err" "there are: $labs" 'the others are named'
	run course/exercises/start cow "$work/student"
	is "$status" 0 'start: a working copy'
	is "$(git -C "$work/student" log -1 --format=%s)" 'Take out what exercise 4-cow is about' 'with one commit more'
	is "$(git -C "$work/student" status --porcelain)" '' 'and nothing besides'
	ok 'the piece is gone' grep -q 'EXERCISE 4' "$work/student/kernel/vm/fault.c"
	run course/exercises/start cow "$work/student"
	is "$status" 1 'start: the folder exists'
	like "$err" 'is there already' 'it is said'
else
	skip 'the tree is no git repository' 'start'
fi
done_testing
