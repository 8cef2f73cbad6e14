# shellcheck shell=bash
# What the test scripts of the course share. A script sets `script` (its name, for messages),
# `suite` (the folder of its tests below course/tests), `summary` (a line for -h) and
# `machine_options` (words for ./mv6 exec, an array), and then calls course_main "$@".
#
# A test is a program NN-name.c in the suite's folder, and what it must print, NN-name.expected. The
# first comment of the program gives the rest: its first line is the test's name, and then there may
# be lines "points: 2", "time-limit: 20" (seconds), "boots: 2", "only: mv6",
# "kernel: any" (what the kernel says meanwhile does not matter).
#
# All tests run in one boot of the machine, each as a process of its own (tests/runner.c), as
# long as they pass. After a failure the machine is booted again for those that are left: what a
# test did to the kernel, or left in its memory, is no other test's fault. A test that wants
# several boots of one disk has a machine for itself.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
export LC_ALL=C
shopt -s extglob
: "${script:?} ${suite:?} ${summary:?} ${machine_options[0]:?}"

DEFAULT_LIMIT=20       # seconds for a test
BOOT_LIMIT=90          # seconds until the first test begins
GRACE=${COURSE_GRACE:-15}  # seconds beyond a test's limit in which the runner must have ended it
KERNEL_LINES=60        # of the kernel's messages during a test, at most

E_FAILED=1 E_USAGE=2 E_HOST=125

# Of each test, by its number: numbers lists those that are there, chosen those that are to run.
numbers=() chosen=()
declare -A source=() name=() points=() limit=() boots=() only=() silent=() expected=()
# ... and what came of it: ok, failed, or nothing if it did not run.
declare -A verdict=() actual=()
machine_end=''         # what went wrong at the end of a boot: the kernel lost memory

verbose='' keep_going='' skip_build='' machine=riscv64 json=''
reader=''              # process id of what boots the machine
scratch=''

say() {
	printf '%s: %s\n' "$script" "$*" >&2
}

# die STATUS SENTENCE
die() {
	local status=$1
	shift
	say "$@"
	exit "$status"
}

# For people; with --json standard output is the document's.
tell() {
	# shellcheck disable=SC2059  # the format is the caller's
	[[ $json ]] || printf "$@"
}

usage() {
	cat <<END
usage: course/$script [-hvcs] [-t N] [-m MACHINE] [--json]

$summary

  -h          this text
  -v          show what each test was expected to print, and what it printed
  -c          go on after a test that failed; otherwise the first one ends the run
  -t N        run test N only
  -s          skip the build: take the kernel and the programs as they are
  -m MACHINE  $(machines)
  --json      print one JSON document instead, for a program that grades

The tests:
$(for n in "${numbers[@]}"; do printf '%4d  %s (%s)\n' "$n" "${name[$n]}" "$(plural "${points[$n]}" point)"; done)

Exit status: 0 if all tests that were to run passed; 1 if one failed, or the kernel lost memory;
2 for a command line that makes no sense; 125 if nothing could be tested: no compiler, no
emulator, the kernel does not compile, the machine does not start.
END
}

plural() {
	if (($1 == 1)); then
		echo "$1 $2"
	else
		echo "$1 $2s"
	fi
}

machines() {
	local file list=()
	for file in "$root"/kernel/arch/*/machine.mk; do
		list+=("$(basename "$(dirname "$file")")")
	done
	if [[ $suite != kmalloc ]]; then
		list+=(linux)
	fi
	echo "${list[*]}"
}

# --- the tests ---

load_tests() {
	local file base n
	for file in "$root/course/tests/$suite"/[0-9]*.c; do
		base=$(basename "$file" .c)
		if [[ ! $base =~ ^0*([1-9][0-9]*)- || ! -f ${file%.c}.expected ]]; then
			die $E_HOST "$file is no test: it wants a number from 1 in its name, and ${base}.expected beside it"
		fi
		n=${BASH_REMATCH[1]}
		if [[ ${name[$n]:-} ]]; then
			die $E_HOST "two tests have number $n: ${source[$n]} and $file"
		fi
		numbers+=("$n")
		source[$n]=$file points[$n]=1 limit[$n]=$DEFAULT_LIMIT boots[$n]=1 only[$n]='' silent[$n]=''
		expected[$n]=$(<"${file%.c}.expected")
		read_header "$n"
	done
	((${#numbers[@]})) || die $E_HOST "there are no tests in course/tests/$suite"
}

# The first comment of test N's program.
read_header() {
	local n=$1 line
	name[$n]=''
	while IFS= read -r line; do
		[[ $line != *'*/'* ]] || break
		if [[ $line =~ ^\ \*\ (points|time-limit|boots):\ ([1-9][0-9]{0,3})$ ]]; then
			case ${BASH_REMATCH[1]} in
			points) points[$n]=${BASH_REMATCH[2]} ;;
			time-limit) limit[$n]=${BASH_REMATCH[2]} ;;
			boots) boots[$n]=${BASH_REMATCH[2]} ;;
			esac
		elif [[ $line == ' * only: mv6' ]]; then
			only[$n]=mv6
		elif [[ $line == ' * kernel: any' ]]; then
			silent[$n]=1
		elif [[ ! ${name[$n]} && $line == ' * '* ]]; then
			name[$n]=${line#' * '}
		fi
	done <"${source[$n]}"
	[[ ${name[$n]} ]] || die $E_HOST "${source[$n]} does not begin with a comment that names the test"
}

# --- the command line ---

parse_options() {
	while (($#)); do
		case $1 in
		-h | --help) usage; exit 0 ;;
		-v) verbose=1 ;;
		-c) keep_going=1 ;;
		-s) skip_build=1 ;;
		--json) json=1 ;;
		-t | -m)
			(($# > 1)) || die $E_USAGE "option $1 needs a value; -h says more"
			if [[ $1 == -t ]]; then one=$2; else machine=$2; fi
			shift
			;;
		-t?* | -m?*) set -- "${1:0:2}" "${1:2}" "${@:2}"; continue ;;
		-[hvcs]?*) set -- "${1:0:2}" "-${1:2}" "${@:2}"; continue ;;
		-*) die $E_USAGE "there is no option $1; -h lists them" ;;
		*) die $E_USAGE "\"$1\" is no option; -h lists them" ;;
		esac
		shift
	done
	if [[ " $(machines) " != *" $machine "* || $machine == *' '* || ! $machine ]]; then
		die $E_USAGE "there is no machine \"$machine\" for these tests; there is: $(machines)"
	fi
	choose_tests
}

choose_tests() {
	local n
	if [[ ${one+given} ]]; then
		if [[ ! $one =~ ^0*([1-9][0-9]{0,4})$ || ! ${name[${BASH_REMATCH[1]}]:-} ]]; then
			die $E_USAGE "there is no test \"$one\"; there are ${numbers[0]} to ${numbers[-1]}"
		fi
		one=${BASH_REMATCH[1]}
	fi
	for n in "${numbers[@]}"; do
		if [[ ${one:-$n} == "$n" && ($machine != linux || ${only[$n]} != mv6) ]]; then
			chosen+=("$n")
		fi
	done
	((${#chosen[@]})) || die $E_USAGE "test $one is for mv6 only"
}

# --- building ---

# of_machine NAME: a value of the machine's description.
of_machine() {
	sed -n "s/^$1 := *//p" "$root/kernel/arch/$machine/machine.mk"
}

find_tools() {
	if [[ $machine == linux ]]; then
		compiler=i686-linux-gnu-gcc setup=''
	else
		compiler=$(of_machine CROSS)gcc setup=" -m $machine"
		has "$(of_machine QEMU)" emulator
	fi
	[[ $skip_build ]] || has "$compiler" compiler
	programs=$root/build/$machine/course/$suite
}

# has COMMAND WHAT
has() {
	command -v "$1" >/dev/null ||
		die $E_HOST "the $2 $1 is not installed: \`./mv6 setup$setup\` installs it"
}

# The kernel, and then the tests' programs, as many at a time as there are CPUs. A program that
# does not compile fails its test, later.
build() {
	local n
	mkdir -p "$programs" || die $E_HOST "cannot write to $programs"
	exec 9>"$root/build/lock"
	flock 9
	if [[ ! $skip_build && ! ${MV6_BUILT:-} && $machine != linux ]]; then
		make -C "$root" --no-print-directory -s -j"$(nproc)" MACHINE="$machine" kernel rootfs \
			>"$scratch/make" 2>&1 9>&- || { cat "$scratch/make" >&2; die $E_HOST 'the kernel does not compile'; }
	fi
	if [[ ! $skip_build ]]; then
		compile "$root/course/tests/runner.c" "$programs/runner" 9>&- || {
			cat "$programs/runner.log" >&2
			die $E_HOST 'the runner does not compile'
		}
		for n in "${chosen[@]}"; do
			while (($(jobs -rp | wc -l) >= $(nproc))); do
				wait -n
			done
			compile "${source[$n]}" "$(program "$n")" 9>&- &
		done
		wait
	fi
	exec 9>&-
}

program() {
	printf '%s/%s' "$programs" "$(basename "${source[$1]}" .c)"
}

# compile SOURCE PROGRAM: unless it is newer than what it is made of.
compile() {
	local header
	for header in "$1" "$root"/course/tests/*.h "$(dirname "$1")"/*.h; do
		if [[ -f $header && $header -nt $2 ]]; then
			rm -f "$2"
			"$compiler" -std=gnu11 -static -O1 -pthread -Wall -Wextra -s \
				-I"$root/course/tests" -o "$2" "$1" >"$2.log" 2>&1
			return
		fi
	done
}

# --- running ---

# All tests; the verdicts are told as they come.
run_tests() {
	local left=()
	while still_to_run; do
		boot "${left[@]}"
	done
}

not_compiled() {
	if [[ $skip_build ]]; then
		echo '(there is no program: it was not built)'
	else
		echo '(the program does not compile)'
		sed "s|$root/||g" "$(program "$1").log"
	fi
}

# Sets `left` to the tests of the next boot; false if nothing is left, or a failure ends the
# run. A program that is not there fails when it is its turn.
still_to_run() {
	local n
	left=()
	for n in "${chosen[@]}"; do
		if [[ ! $keep_going && ${verdict[$n]:-} == failed ]]; then
			return 1
		elif [[ ${verdict[$n]:-} ]]; then
			continue
		elif [[ ! -x $(program "$n") ]]; then
			((${#left[@]} == 0)) || break
			actual[$n]=$(not_compiled "$n")
			judge "$n"
			[[ $keep_going ]] || return 1
		elif ((boots[$n] == 1)); then
			left+=("$n")
		elif ((${#left[@]} == 0)); then
			left=("$n")
			break
		fi
	done
	((${#left[@]}))
}

# boot TEST...: runs them on one machine, until the end or a failure.
boot() {
	local current='' output='' kernel='' kernel_lines=0 line status deadline ended='' stopped=''
	start_machine "$@"
	deadline=$((SECONDS + BOOT_LIMIT))
	while :; do
		# Not by silence: a kernel that goes wrong may go on talking.
		((SECONDS < deadline)) || { stopped=hangs; break; }
		IFS= read -r -t $((deadline - SECONDS)) line <&"$from_machine"
		status=$?
		if ((status)); then
			((status > 128)) && stopped=hangs
			break
		fi
		case $line in
		'test '+([0-9])' begins')
			line=${line//[^0-9]/}
			if [[ $line != "$current" ]]; then
				settle || { stopped=unwanted; break; }
				current=$line output='' kernel='' kernel_lines=0
			fi
			ended='' deadline=$((SECONDS + limit[$current] + GRACE))
			;;
		'test '+([0-9])' ends: '*)
			ended=1 deadline=$((SECONDS + GRACE))
			add_ending "${line##*ends: }"
			;;
		'| '*) output+=${line#'| '}$'\n' ;;
		*) add_kernel_line "$line" ;;
		esac
	done
	stop_machine "$stopped"
	[[ $stopped == unwanted ]] || finish_boot
}

# Not more than are worth reading.
add_kernel_line() {
	kernel_lines=$((kernel_lines + 1))
	if ((kernel_lines <= KERNEL_LINES)); then
		kernel+=$1$'\n'
	elif ((kernel_lines == KERNEL_LINES + 1)); then
		kernel+="(and more)"$'\n'
	fi
}

# A line for an end that is not exit 0.
add_ending() {
	case $1 in
	'exit 0') ;;
	exit*) output+="(ended with status ${1#exit })"$'\n' ;;
	signal*) output+="(killed by SIG$(kill -l "${1#signal }"))"$'\n' ;;
	time-out) output+="(timed out after ${limit[$current]} s)"$'\n' ;;
	esac
}

# Standard output and error are one stream, so that the kernel's messages stand where they came.
start_machine() {
	local n words=() files=("$programs/runner") with=() seconds=$BOOT_LIMIT
	for n in "$@"; do
		words+=("$n:${limit[$n]}:$(basename "$(program "$n")")")
		files+=("$(program "$n")")
		with+=(--with "$(program "$n")")
		seconds=$((seconds + limit[$n] + GRACE))
	done
	if [[ $machine == linux ]]; then
		rm -rf "$scratch/run"
		mkdir -p "$scratch/run"
		cp "${files[@]}" "$scratch/run"
		exec {from_machine}< <(cd "$scratch/run" && exec ./runner "${words[@]}" 2>&1 </dev/null)
	else
		exec {from_machine}< <(MV6_BUILT=1 exec "$root/mv6" exec -m "$machine" "${machine_options[@]}" \
			--boots "${boots[$1]}" --time-limit "$seconds" "${with[@]}" \
			"$programs/runner" "${words[@]}" 2>&1 </dev/null)
	fi
	reader=$!
}

# Sets `status` to how it ended. A machine that goes on, for whatever reason, is stopped.
stop_machine() {
	[[ ! $1 ]] || kill -TERM "$reader" 2>/dev/null
	wait "$reader"
	status=$?
	reader=''
	exec {from_machine}<&-
}

# After the last line: what the test that ran then, and the machine, came to.
finish_boot() {
	local said
	if [[ ! $current ]]; then
		printf '%s' "$kernel" >&2
		die $E_HOST "the machine does not start (status $status)"
	fi
	if [[ ! $ended ]]; then
		if [[ $stopped ]]; then
			output+="(timed out after ${limit[$current]} s: the machine hangs)"$'\n'
		else
			output+="(the machine stopped, status $status)"$'\n'
		fi
		output+=$kernel kernel=''
	elif ((status)); then
		said=$(grep -E '^mv6: |^ ' <<<"$kernel")
		machine_end+="after test $current the machine ended with status $status"$'\n'$said$'\n'
		kernel=''
	fi
	settle
}

# Judges the test that was running, if any. False if it failed: this boot ends here.
settle() {
	local line
	if [[ $current ]]; then
		while IFS= read -r line; do
			# Through which calls a block was allocated depends on the compiler.
			[[ ! $line || $line == 'mv6:   '* || ${silent[$current]} ]] || output+="kernel: $(general "${line#mv6: }")"$'\n'
		done <<<"$kernel"
		output=${output%%+($'\n')}
		actual[$current]=$output
		judge "$current"
	fi
	[[ ! $current || ${verdict[$current]} == ok ]]
}

# A message of the kernel's without what differs from run to run: addresses, lines of its
# source, processes.
general() {
	local line=$1
	line=${line//0x+([0-9a-f])/0x...}
	line=${line//.c:+([0-9])/.c:N}
	line=${line//killed +([0-9])/killed N}
	printf '%s' "${line//process +([0-9])/process N}"
}

judge() {
	local n=$1
	if [[ ${actual[$n]} == "${expected[$n]}" ]]; then
		verdict[$n]=ok
		tell '%4d  %s ... ok\n' "$n" "${name[$n]}"
	else
		verdict[$n]=failed
		tell '%4d  %s ... FAILED\n' "$n" "${name[$n]}"
	fi
	if [[ $verbose || ${verdict[$n]} == failed ]]; then
		tell '      expected:\n%s\n' "$(indent "${expected[$n]}")"
		tell '      actual:\n%s\n' "$(indent "${actual[$n]}")"
	fi
}

indent() {
	printf '        %s' "${1//$'\n'/$'\n        '}"
}

# --- the result ---

# Sets score and total.
add_up() {
	local n
	score=0 total=0
	for n in "${chosen[@]}"; do
		total=$((total + points[$n]))
		if [[ ${verdict[$n]:-} == ok ]]; then
			score=$((score + points[$n]))
		fi
	done
}

report() {
	local n not_run=0
	add_up
	for n in "${chosen[@]}"; do
		[[ ${verdict[$n]:-} ]] || not_run=$((not_run + 1))
	done
	((not_run == 0)) || tell '%s did not run; -c goes on after a failure\n' "$(plural $not_run test)"
	[[ ! $machine_end ]] || tell '%s' "$machine_end"
	tell 'Score: %d/%d\n' "$score" "$total"
	[[ ! $json ]] || print_json
	[[ $score == "$total" && ! $machine_end ]]
}

print_json() {
	local n passed comma=''
	printf '{"script": %s, "machine": %s, "tests": [' "$(quote "$script")" "$(quote "$machine")"
	for n in "${chosen[@]}"; do
		passed=false
		[[ ${verdict[$n]:-} != ok ]] || passed=true
		printf '%s\n{"number": %d, "name": %s, "points": %d, "passed": %s, "expected": %s, "actual": %s}' "$comma" \
			"$n" "$(quote "${name[$n]}")" "${points[$n]}" "$passed" "$(quote "${expected[$n]}")" \
			"$(if [[ ${verdict[$n]:-} ]]; then quote "${actual[$n]}"; else echo null; fi)"
		comma=,
	done
	printf '\n], "machine_end": %s, "score": %d, "total": %d}\n' "$(quote "$machine_end")" "$score" "$total"
}

# A string of JSON. What tests print has no control characters but tabs and newlines.
quote() {
	local text=${1//\\/\\\\}
	text=${text//\"/\\\"}
	text=${text//$'\n'/\\n}
	text=${text//$'\t'/\\t}
	printf '"%s"' "${text//[[:cntrl:]]/?}"
}

# --- here it starts ---

clean_up() {
	if [[ $reader ]]; then
		kill -TERM "$reader" 2>/dev/null
		wait "$reader"
	fi
	[[ ! $scratch ]] || rm -rf "$scratch"
}

course_main() {
	load_tests
	parse_options "$@"
	find_tools
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/course.XXXXXX") || die $E_HOST "cannot make a folder in ${TMPDIR:-/tmp}"
	build
	tell '%s on %s: %s\n' "$script" "$machine" "$(plural ${#chosen[@]} test)"
	run_tests
	report || exit $E_FAILED
}
