#!/bin/bash
# The scripts that grade kmalloc and mmap: all their tests pass here; what they say and how they
# end; and that no test program can do harm, whatever it does.
. "$(dirname "$0")/lib.sh"

course=$root/course

# grade SCRIPT ARGUMENT...: the script on this machine.
grade() {
	local script=$1
	shift
	run "$course/$script" -m "$machine" "$@" </dev/null
}

# json PERL: evaluates an expression on the document that the last run printed, in $d.
json() {
	perl -MJSON::PP -e 'local $/; my $d = decode_json(<STDIN>); print '"$1" <"$work/out" 2>&1
}

# --- all tests ---

for script in test-kmalloc.sh test-mmap.sh; do
	grade "$script" -c --json
	is "$status" 0 "$script: status 0"
	is "$(json '$d->{script}, " ", $d->{machine}')" "$script $machine" 'the document names script and machine'
	while read -r passed name; do
		is "$passed" 1 "$script: $name"
	done < <(json 'join "", map { ($_->{passed} ? 1 : 0) . " $_->{number}, $_->{name}\n" } @{$d->{tests}}')
	is "$(json '$d->{score} == $d->{total} && $d->{total} > 20 ? "all" : "$d->{score} of $d->{total}"')" all 'all points'
	is "$(json 'scalar grep { $_->{expected} ne $_->{actual} } @{$d->{tests}}')" 0 'expected is what came'
	((status == 0)) || cut -c 1-2000 "$work/out" | diag
	[[ ! $err ]] || diag <<<"$err"
done

# Linux says the same; its programs here are for i386.
if [[ $machine == i386 ]]; then
	run "$course/test-mmap.sh" -m linux -c </dev/null
	is "$status" 0 'Linux passes the tests of mmap that do not measure memory'
	((status == 0)) || diag <<<"$out"
fi

# --- options ---

grade test-mmap.sh -h
is "$status" 0 '-h: status 0'
like "$out" 'usage: course/test-mmap.sh .*-t N.*--json.*12  A mapping begins at its offset.*\(2 points\).*Exit status' '-h lists options, tests and statuses'
grade test-mmap.sh -s -t 12 -v
is "$status" 0 '-t: status 0'
like "$out" '1 test.*  12  A mapping.*ok.*expected:.*page 0: a.*actual:.*page 0: a.*Score: 2/2$' '-v shows both outputs, -t runs one test'
grade test-mmap.sh -st12
like "$out" '1 test.*12 .* ok.*Score: 2/2$' 'options may stand together'
is "$(grep -c expected <<<"$out")" 0 'without -v a test that passes is one line'

# refuses PATTERN NAME ARGUMENT...
refuses() {
	local pattern=$1 name=$2
	shift 2
	run "$course/test-mmap.sh" "$@" </dev/null
	is "$status$out" 2 "$name: status 2, no output"
	like "$err" "^test-mmap.sh: .*$pattern" 'and why'
}

refuses 'no option --bogus' 'an unknown option' --bogus
refuses 'no option -x' 'one letter' -x
refuses 'no option' 'a word' 12
refuses 'needs a value' '-t without a number' -t
for number in 0 99 -1 x '' 1x 99999999999999999999; do
	refuses "no test \"$number\"; there are 1 to " "-t '$number'" -t "$number"
done
refuses 'no machine "vax".*riscv64.*linux' 'an unknown machine' -m vax
refuses 'no machine' 'several' -m 'riscv64 i386'
refuses 'mv6 only' 'a test of mv6 on Linux' -m linux -t 16

# Commands that are not installed: a PATH with all others.
mkdir "$work/bin"
IFS=: read -ra folders <<<"$PATH"
for folder in "${folders[@]}"; do
	[[ ! -d $folder ]] || ln -sf "$folder"/* "$work/bin" 2>/dev/null
done
rm -f "$work/bin/$(of_machine CROSS)gcc" "$work/bin/apt-get"
PATH=$work/bin run "$course/test-mmap.sh" -m "$machine" -t 1 </dev/null
is "$status" 125 'no compiler: status 125'
like "$err" "compiler $(of_machine CROSS)gcc is not installed.*mv6 setup -m $machine" 'and what to do'
PATH=$work/bin run "$course/test-mmap.sh" -m "$machine" -s -t 1 </dev/null
is "$status" 0 'with -s none is needed'
((status == 0)) || diag <<<"$err"
rm -f "$work/bin/$(of_machine QEMU)"
PATH=$work/bin run "$course/test-mmap.sh" -m "$machine" -s -t 1 </dev/null
is "$status" 125 'no emulator: status 125'
like "$err" "emulator $(of_machine QEMU) is not installed" 'and which'

# --- programs that do harm ---

# A course of its own, with other tests.
tree=$work/tree
mkdir -p "$tree/course/tests/mmap" "$tree/build"
cp "$course"/*.sh "$tree/course"
cp "$course"/tests/*.[ch] "$tree/course/tests"
ln -s "$root/kernel" "$root/mv6" "$tree"

# program NN-NAME EXPECTED <SOURCE
program() {
	cat >"$tree/course/tests/mmap/$1.c"
	printf '%s\n' "$2" >"$tree/course/tests/mmap/$1.expected"
}

program 01-good fine <<'END'
/*
 * Good
 */
#include "course.h"
int main(void) { puts("fine"); return 0; }
END
program 02-compile fine <<'END'
/*
 * Does not compile
 * points: 3
 */
int main(void) { return no_such_name; }
END
program 03-late fine <<'END'
/*
 * Does not end
 * time-limit: 4
 */
#include "course.h"
int main(void) { signal(SIGTERM, SIG_IGN); puts("fine"); fflush(stdout); for (;;) ; }
END
program 04-null $'before\n(killed by SIGSEGV)' <<'END'
/*
 * Is expected to crash
 */
#include "course.h"
int main(void) { puts("before"); fflush(stdout); *(volatile int *)8 = 1; }
END
program 05-kills fine <<'END'
/*
 * Kills everybody
 */
#include "course.h"
int main(void) { puts("fine"); fflush(stdout); kill(-1, SIGKILL); return 0; }
END
program 06-stops fine <<'END'
/*
 * Stops everybody
 * time-limit: 1
 */
#include "course.h"
int main(void) { puts("fine"); fflush(stdout); kill(getppid(), SIGSTOP); pause(); return 0; }
END
program 07-bytes $'"quoted" \\ \t\\x00\\xff\ntest 1 begins\n' <<'END'
/*
 * Prints "anything"
 */
#include "course.h"
int main(void) { char s[] = "\"quoted\" \\ \t\0\xff\ntest 1 begins\n\n"; write(1, s, sizeof s - 1); return 0; }
END
program 08-much '' <<'END'
/*
 * Prints too much
 */
#include "course.h"
int main(void) { for (int i = 0; i < 100000; i++) puts("again"); return 3; }
END
program 09-orphan fine <<'END'
/*
 * Leaves a child that prints
 */
#include "course.h"
int main(void) { if (fork() == 0) for (;;) { sleep(20); puts("more"); fflush(stdout); } puts("fine"); return 0; }
END
program 10-good $'fine' <<'END'
/*
 * Good, too
 */
#include "course.h"
int main(void) { char c; puts(read(0, &c, 1) == 0 ? "fine" : "input"); return 0; }
END

COURSE_GRACE=10 run "$tree/course/test-mmap.sh" -m "$machine" -c --json </dev/null
is "$status" 1 'tests that fail: status 1'
is "$(json 'join ",", map { $_->{number} } grep { $_->{passed} } @{$d->{tests}}')" 1,4,7,9,10 'the good ones pass'
is "$(json '"$d->{score} of $d->{total}"')" '5 of 12' 'the score'
actual_of() {
	json "\$d->{tests}[$1 - 1]{actual}"
}
like "$(actual_of 2)" 'does not compile.*02-compile.c:5:.*no_such_name' "the compiler's words"
like "$(actual_of 3)" 'timed out after 4 s.$' 'one that does not end'
like "$(actual_of 5)" 'the machine stopped, status 137.$' 'one that kills what watches it'
like "$(actual_of 6)" 'timed out after 1 s: the machine hangs.$' 'one that stops it'
like "$(actual_of 8)" 'more output than.*ended with status 3' 'one that prints too much'
((failures == 0)) || cut -c 1-200 "$work/out" | diag

run "$tree/course/test-mmap.sh" -m "$machine" -s </dev/null
is "$status" 1 'without -c: status 1'
like "$out" 'FAILED.*Score: 1/12$' 'and it ends at the first failure'
is "$(grep -c FAILED <<<"$out")" 1 'that alone'
rm -f "$tree"/build/*/course/mmap/01-good
run "$tree/course/test-mmap.sh" -m "$machine" -s -t 1 </dev/null
like "$out" 'was not built.*Score: 0/1' '-s where nothing was built'
cp "$tree/course/tests/mmap/10-good.c" "$tree/course/tests/mmap/010-twice.c"
echo fine >"$tree/course/tests/mmap/010-twice.expected"
run "$tree/course/test-mmap.sh" -m "$machine" -s </dev/null
is "$status" 125 'two tests of one number: status 125'
like "$err" 'two tests have number 10' 'and which'
done_testing
