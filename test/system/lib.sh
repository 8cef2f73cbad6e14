# TAP for the system tests that are bash scripts: `. "$(dirname "$0")/lib.sh"` comes first and
# done_testing last. Results are numbered as they come. $work is a folder that goes with the test.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
mv6=${MV6:-$root/mv6}
machine=${MACHINE:-riscv64}
guest=$root/build/$machine/guest
PATH=$PATH:/usr/sbin:/sbin
export MV6_FSCK=1
if [[ ! ${MV6_BUILT:-} ]]; then
	make -C "$root" -s MACHINE="$machine" guest >&2 || exit 1
fi

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
results=0 failures=0

# of_machine NAME: a value of the machine's description.
of_machine() {
	sed -n "s/^$1 := *//p" "$root/kernel/arch/$machine/machine.mk"
}

# ok NAME COMMAND...: the command succeeds.
ok() {
	local name=$1
	shift
	if "$@" >"$work/.ok" 2>&1; then
		result ok "$name"
	else
		result 'not ok' "$name"
		diag "failed: $*"
		diag <"$work/.ok"
	fi
}

# is GOT EXPECTED NAME
is() {
	if [[ $1 == "$2" ]]; then
		result ok "$3"
	else
		result 'not ok' "$3"
		diag "got:      $(printf %q "$1")"
		diag "expected: $(printf %q "$2")"
	fi
}

# like GOT REGEX NAME
like() {
	if [[ $1 =~ $2 ]]; then
		result ok "$3"
	else
		result 'not ok' "$3"
		diag "got: $(printf %q "$1")"
		diag "which does not match: $2"
	fi
}

skip() {
	result ok "$2 # SKIP $1"
}

result() {
	results=$((results + 1))
	[[ $1 == ok ]] || failures=$((failures + 1))
	printf '%s %d - %s\n' "$1" "$results" "$2"
}

diag() {
	if (($#)); then
		printf '# %s\n' "$@"
	else
		sed 's/^/# /'
	fi
}

# run COMMAND...: sets status, out and err, and keeps what it printed in $work/out and $work/err.
run() {
	"$@" >"$work/out" 2>"$work/err"
	status=$?
	out=$(tr -d '\0' <"$work/out")
	err=$(tr -d '\0' <"$work/err")
}

done_testing() {
	printf '1..%d\n' "$results"
	exit $((failures > 0))
}
