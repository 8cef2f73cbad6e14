#!/bin/bash
# ./mv6 exec: a program's output, input, arguments, files and status are those it would have on Linux.
. "$(dirname "$0")/lib.sh"

mv6_exec() {
	run "$mv6" exec -m "$machine" "$@"
}

# status_of EXPECTED NAME ARGUMENT...
status_of() {
	local expected=$1 name=$2
	shift 2
	mv6_exec "$@" </dev/null
	is "$status" "$expected" "$name"
	[[ $status == "$expected" ]] || diag <<<"$err"
}

# --- output and arguments ---

mv6_exec "$guest/hello" </dev/null
is "$status" 0 'hello: status 0'
is "$out" $'hello, world\nargv[0]=/job/hello' 'its output and nothing else'
is "$err" '' 'nothing on standard error'
mv6_exec "$guest/hello" 'two words' '' $'a\nnewline' '*' "quote'\"" </dev/null
is "$out" $'hello, world\nargv[0]=/job/hello\nargv[1]=two words\nargv[2]=\nargv[3]=a\nnewline\nargv[4]=*\nargv[5]=quote\'"' \
	'arguments arrive as they are'
mv6_exec --env 'GREETING=a b' "$guest/hello" </dev/null
like "$out" 'GREETING=a b' '--env'
mv6_exec "$guest/bytes" both </dev/null
is "$out$err" $'to output\nto error' "the program's standard error is output too"
mv6_exec -- "$guest/hello" --help </dev/null
like "$out" '--help' 'options after the program are its own'

# --- statuses ---

for n in 0 3 255; do
	status_of "$n" "exit status $n" "$guest/exit_with" status "$n"
done
status_of 143 'killed by SIGTERM' "$guest/exit_with" signal 15
status_of 137 'killed by SIGKILL' "$guest/exit_with" signal 9
status_of 139 'a null store' "$guest/exit_with" null
status_of 132 'an illegal instruction' "$guest/exit_with" illegal
status_of 7 'a program that leaves a child' "$guest/exit_with" orphan 7
status_of 124 'time limit while it computes' --time-limit 4 "$guest/exit_with" spin
like "$err" 'time limit' 'said in a sentence'
status_of 124 'time limit while it sleeps' --time-limit=4 "$guest/exit_with" sleep

# --- input ---

head -c 300000 /dev/urandom >"$work/random"
mv6_exec "$guest/bytes" copy <"$work/random"
ok 'binary input comes out again' cmp "$work/random" "$work/out"
mv6_exec "$guest/bytes" count <"$work/random"
like "$out" '^300000 ' 'a program that prints after the end of its input'
mv6_exec "$guest/bytes" copy </dev/null
is "$status$out" 0 'an empty input'
mv6_exec "$guest/bytes" copy <&-
is "$status$out" 0 'a closed input'
printf 'no newline at the end\x10\x10\x04\x00\x03' >"$work/special"
mv6_exec "$guest/bytes" copy <"$work/special"
ok 'control characters are bytes like others' cmp "$work/special" "$work/out"
mv6_exec "$guest/exit_with" status 5 <"$work/random"
is "$status" 5 'an input that nobody reads'
mv6_exec "$guest/exit_with" status 5 < <(exec sleep 15 >/dev/null 2>&1)
is "$status" 5 'an input that does not end'
out=$(yes | "$mv6" exec -m "$machine" "$guest/bytes" copy 2>/dev/null | head -c 20000 | cksum)
is "$out" "$(yes | head -c 20000 | cksum)" 'an endless input and a reader that has enough'

# --- a large output ---

head -c 1048576 /dev/urandom >"$work/megabyte"
mv6_exec --with "$work/megabyte" "$guest/bytes" cat megabyte </dev/null
is "$status" 0 '1 MiB of output'
ok 'arrives exactly' cmp "$work/megabyte" "$work/out"

# --- files ---

mkdir -p "$work/folder with spaces/inner"
echo inner >"$work/folder with spaces/inner/file"
cp "$guest/hello" "$work/folder with spaces/a program"
status_of 0 'the folder is writable' "$guest/bytes" write new-file
mv6_exec --with "$work/folder with spaces:/data" "$guest/bytes" cat /data/inner/file </dev/null
is "$out" inner '--with a folder and a place'
mv6_exec --with "$work/megabyte" --with "$work/folder with spaces" \
	"$guest/bytes" cat 'folder with spaces/inner/file' </dev/null
is "$out" inner 'several --with, names with spaces'
mv6_exec --with "$work/random:in/here/" "$guest/bytes" cat in/here/random </dev/null
ok '--with into a folder beside the program' cmp "$work/random" "$work/out"
(cd "$work/folder with spaces" && "$mv6" exec -m "$machine" './a program' x </dev/null >"$work/out" 2>"$work/err")
is "$(<"$work/out")" $'hello, world\nargv[0]=/job/a program\nargv[1]=x' 'from another folder, a name with a space'
printf '#!/bin/sh\necho script $1\n' >"$work/script"
mv6_exec "$work/script" argument </dev/null
is "$out" 'script argument' 'a script'

# --- what cannot be run ---

status_of 127 'no such program' "$work/nothing"
like "$err" 'no such file' 'said in a sentence'
status_of 126 'a text' "$root/Makefile"
status_of 126 "a program of the host's" /bin/true
like "$err" 'not a program for this machine' 'said in a sentence'
cross=$(of_machine CROSS)
echo 'int main(void) { return 0; }' >"$work/main.c"
"${cross}gcc" -o "$work/dynamic" "$work/main.c"
status_of 126 'a dynamically linked program' "$work/dynamic"
like "$err" '-static' 'said in a sentence'
"${cross}gcc" -c -o "$work/object" "$work/main.c"
status_of 126 'an object file' "$work/object"
if "${cross}gcc" -static-pie -o "$work/pie" "$work/main.c" 2>/dev/null; then
	status_of 0 'a static PIE runs' "$work/pie"
else
	skip "the cross compiler's C library has no start-up code for it" 'a static PIE runs'
fi
head -c 100000 "$guest/hello" >"$work/short"
status_of 126 'a program that was cut short' "$work/short"
like "$err" 'cut short' 'said in a sentence'
status_of 126 'a folder' "$work"

# A program whose ELF header lies in a way that only the kernel sees: byte OFFSET, bytes in \x form, those of
# a word of the machine.
lying() {
	cp "$guest/hello" "$work/lying"
	printf "$2" | dd of="$work/lying" bs=1 seek="$1" conv=notrunc status=none
	mv6_exec "$work/lying" </dev/null
	like "$status" '^(126|127|139|137)$' "$3: it is refused or killed"
	ok "$3: the kernel lives" test "$status" -ne 125
}
# Where the fields are: the ELF header's entry, size and number of program headers; a program header's
# address, size in the file and size in memory (ELF specification 1.2 and its form for 64 bits).
if [[ $(of_machine ELF_CLASS) == 2 ]]; then
	entry=24 header_size=54 header_count=56 address=16 in_file=32 in_memory=40 header=64 each=56
	ones='\xff\xff\xff\xff\xff\xff\xff\xff' huge='\xff\xff\xff\xff\xff\xff\xff\x7f'
	kernel='\x00\x00\x00\x80\xff\xff\xff\xff' odd='\x01\x00\x00\x00\x00\x00\x00\x00'
else
	entry=24 header_size=42 header_count=44 address=8 in_file=16 in_memory=20 header=52 each=32
	ones='\xff\xff\xff\xff' huge='\xff\xff\xff\x7f' kernel='\x00\x00\x10\xc0' odd='\x01\x00\x00\x00'
fi
first=$("${cross}readelf" -lW "$guest/hello" |
	awk -v header=$header -v each=$each '/^  [A-Z_]+ +0x/ { if ($1 == "LOAD") { print header + each * n; exit } n++ }')
lying $((first + address)) "$kernel" 'a segment at a kernel address'
lying $((first + in_memory)) "$huge" 'a segment larger than memory'
lying $((first + in_file)) "$huge" 'a segment larger than the file'
lying $((first + address)) "$odd" 'a segment at no whole page'
lying $entry "$ones" 'an entry at no address'
lying $header_size '\x01\x00' 'program headers of a wrong size'
lying $header_count '\x00\x00' 'no program headers'

# --- machines ---

status_of 0 '32 MiB' --memory 32M "$guest/hello"
status_of 0 '8 CPUs' --cpus 8 "$guest/hello"
status_of 0 '--icount' --icount "$guest/hello"
status_of 0 'the debug kernel' --debug "$guest/hello"
free=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
most=$(of_machine MEMORY_MAX)
if ((free > 3000)); then
	status_of 0 'as much memory as there may be' --memory "${most}M" --time-limit 120 "$guest/hello"
else
	skip "the host has $free MiB free" 'as much memory as there may be'
fi
for board in $(of_machine QEMU_BOARDS); do
	status_of 0 "board $board" --board "$board" "$guest/hello"
done
for disk in $(of_machine QEMU_DISKS); do
	status_of 0 "a disk as $disk" --disk-as "$disk" "$guest/hello"
done
(
	ulimit -v 2000000
	run "$mv6" exec -m "$machine" --memory "${most}M" "$guest/hello"
	echo "$status $err"
) >"$work/limited" </dev/null
like "$(<"$work/limited")" '^125 .*not enough free memory' 'no memory on the host: a sentence'

# --- several boots ---

shell=$root/build/$machine/user/sh
mv6_exec --boots 3 "$shell" -c 'echo x >>kept; cat kept; echo .' </dev/null
is "$status $out" $'0 x\n.\nx\nx\n.\nx\nx\nx\n.' '--boots keeps the disk from one boot to the next'
mv6_exec --boots=3 "$shell" -c 'echo x >>kept; cat kept; exit 3' </dev/null
is "$status $out" '3 x' 'a status that is not 0 ends them'

# --- two at once, and one that is told to end ---

"$mv6" exec -m "$machine" "$guest/hello" one >"$work/one" 2>&1 </dev/null &
"$mv6" exec -m "$machine" "$guest/hello" two >"$work/two" 2>&1 </dev/null
wait
like "$(<"$work/one")$(<"$work/two")" 'argv.1.=one.*argv.1.=two' 'two at once'
mkdir "$work/tmp"
TMPDIR=$work/tmp "$mv6" exec -m "$machine" "$guest/exit_with" sleep </dev/null 2>/dev/null &
sleep 2
kill -TERM $!
wait $!
is $? 143 'SIGTERM ends it with status 143'
is "$(ls "$work/tmp")" '' 'and leaves nothing in the folder of temporary files'
is "$(pgrep -f "$work/tmp")" '' 'and no machine'
done_testing
