#!/bin/bash
# tools/harness: counts what tests say, and never takes a test for good that ended badly.
# machine: none
. "$(dirname "$0")/lib.sh"

mkdir -p "$work"/tree/test/{user,guest/beta} "$work/tree/tools"
cd "$work/tree" || exit 1
unset MV6_EXEC_OPTIONS
export MACHINES=alpha

# script NAME LINE...: a test that runs these lines of shell.
script() {
	local name=$1
	shift
	{ echo '#!/bin/sh'; printf '%s\n' "$@"; } >"test/user/$name.t"
	chmod +x "test/user/$name.t"
}

# counts PASSED FAILED NAME: what the tests that are there come to.
counts() {
	run "$root/tools/harness"
	is "$(tail -n 1 <<<"$out")" "$1 passed, $2 failed" "$3"
	is "$status" $(($2 > 0)) "$3: exit status"
	rm -f test/user/*.t
}

script a 'echo 1..2' 'echo ok 1' 'echo ok 2'
script b 'echo ok 1 - name' 'echo 1..1'
counts 3 0 'good tests'
script a 'echo 1..3' 'echo ok 1' 'echo not ok 2' 'echo ok 3'
counts 2 1 'one that failed'
script a 'echo 1..1' 'echo ok 1' 'exit 3'
counts 1 1 'a good result, and a bad exit status'
script a 'echo 1..1' 'echo ok 1' 'kill -SEGV $$'
counts 1 1 'a good result, and a crash'
script a 'echo 1..4' 'echo ok 1'
counts 1 3 'fewer results than planned'
script a 'echo ok 1'
counts 1 1 'no plan'
script a 'echo ok 1' 'echo Bail out! no use' 'exit 127'
script b 'echo 1..1' 'echo ok 1'
counts 2 1 'one that bails out stops no other'
script a 'exit 0'
counts 0 1 'no result at all'
script a 'echo 1..2' 'echo ok 1' 'echo ok 2 - x # SKIP no such thing'
counts 2 0 'a skipped one'
script a 'echo 1..0 # SKIP not here'
script b 'echo 1..1' 'echo ok 1'
counts 1 0 'a test that is skipped as a whole'
script a '# time-limit: 5' 'echo 1..1' 'echo ok 1' 'exec sleep 30'
counts 1 1 'one that runs out of time'

script a 'echo 1..1' 'echo "not ok 1 - the reason"' 'echo complaint >&2'
run "$root/tools/harness"
like "$out" 'the reason' 'the end of a failed test is shown'
like "$out" 'complaint' 'with its standard error'
like "$(cat build/test/alpha/user-a.log)" 'not ok 1 - the reason' 'its log is kept'

script b 'echo 1..1' 'echo ok 1'
for name in b user/b user@alpha/b test/user/b.t b.t; do
	run "$root/tools/harness" "$name"
	is "$(tail -n 1 <<<"$out")" '1 passed, 0 failed' "selected by $name"
done
run "$root/tools/harness" user
is "$(tail -n 1 <<<"$out")" '1 passed, 1 failed' 'selected by its group'
run "$root/tools/harness" c
is "$status" 1 'a name that selects nothing'
rm -f test/user/*.t

# --- machines ---

export MACHINES='alpha beta'
script a 'echo 1..1' 'echo ok 1'
counts 2 0 'a test runs on each machine'
script a '# machine: beta' 'echo 1..1' '[ $MACHINE = beta ] && echo ok 1'
counts 1 0 'one that is for one machine, there'
script a '# machine: none' 'echo 1..1' 'echo ok 1'
counts 1 0 'one that needs none, once'

# prints_of ALPHA BETA: the program that both machines run prints these lines behind its result.
prints_of() {
	printf '#!/bin/sh\ncase $1 in\n*alpha*) %s ;;\n*beta*) %s ;;\nesac\necho 1..1\necho ok 1 - it\n' "$1" "$2" \
		>tools/guest-run
	chmod +x tools/guest-run
	echo 'int main(void) { return done(); }' >test/guest/p.c
}

prints_of : :
counts 3 0 'a program that prints the same on both'
prints_of 'echo "# 5 ms"' 'echo "# 7 ms"'
counts 3 0 'its remarks may differ'
prints_of 'echo a word' :
run "$root/tools/harness"
is "$(tail -n 1 <<<"$out")" '2 passed, 1 failed' 'a program that prints something else'
like "$out" 'not ok - guest/p: same output on alpha and beta' 'which is said'
like "$out" '-a word' 'and shown'
prints_of : :
mv test/guest/p.c test/guest/beta/
counts 1 0 "a machine's own program runs there alone"
MACHINES=alpha run "$root/tools/harness"
is "$(tail -n 1 <<<"$out")" '0 passed, 0 failed' 'nothing to run is no success'
is "$status" 1 'nor is it by its status'
done_testing
