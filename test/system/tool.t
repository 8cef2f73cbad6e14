#!/bin/bash
# The command itself: help, options that make no sense, tools that are missing or too old, the disk.
. "$(dirname "$0")/lib.sh"

# says STATUS REGEX NAME ARGUMENT...: what ./mv6 prints and ends with.
says() {
	local expected=$1 pattern=$2 name=$3
	shift 3
	run "$mv6" "$@" </dev/null
	is "$status" "$expected" "$name: status $expected"
	like "$out$err" "$pattern" "$name: a sentence"
}

run "$mv6" help
is "$status" 0 'help: status 0'
help=$out
for command in run exec test bench image gdb setup; do
	like "$help" "  $command " "help names $command"
	says 0 "usage: ./mv6 $command" "$command --help" "$command" --help
	says 0 "usage: ./mv6 $command" "$command -m i386 --help" "$command" -m i386 --help
done
says 0 'usage:' 'no command'
says 2 'no command "frobnicate"' 'an unknown command' frobnicate
says 2 'no option --frobnicate' 'an unknown option' run --frobnicate
says 2 'no option --disk' "an option of another command" exec --disk x y
says 2 'needs a value' 'an option without its value' run --cpus
says 2 'takes no value' 'a value that has no place' run --icount=3
says 2 'no machine "pdp11"; there is: i386 riscv64' 'an unknown machine' run -m pdp11
says 2 'no machine' 'a machine that is a path' run -m ../riscv64
for value in 0 9 -1 two 1.5; do
	says 2 'from 1 to 8' "--cpus $value" run --cpus "$value"
done
for value in 16M 9G; do
	says 2 'has from 32M' "--memory $value" run --memory "$value"
done
says 2 '--board for .* wants one of' 'an unknown board' run -m "$machine" --board pdp11
says 2 '--disk-as for .* wants one of' 'an unknown connection' run -m "$machine" --disk-as tape
says 2 'i386 wants one of: virtio module; not "ide"' 'one that the board has not' run -m i386 --board q35 --disk-as=ide
says 125 'did not start' 'an unknown CPU' exec -m "$machine" --cpu pdp11 "$guest/hello"
for value in x 0 32T '' -5M; do
	says 2 'size such as' "--memory '$value'" run --memory "$value"
done
for value in x 0 -1 ''; do
	says 2 'wants seconds' "--time-limit '$value'" exec --time-limit "$value" /bin/true
done
for value in x 0 -1 1000 ''; do
	says 2 'wants a number' "--boots '$value'" exec --boots "$value" /bin/true
done
says 2 'needs a program' 'exec without a program' exec
says 2 'no file' '--with of nothing' exec -m "$machine" --with "$work/nothing" "$guest/hello"
says 2 'wants NAME=VALUE' '--env of no variable' exec --env NAME "$guest/hello"
says 1 'no test is called "nonsense"' 'a test that is not there' test nonsense
says 1 'no disk' 'a disk that is not there' run --disk "$work/nothing"

# --- disks ---

says 0 'made' 'image' image --size 16M "$work/a disk.img"
is "$(stat -c %s "$work/a disk.img")" 16777216 'has the size asked for'
ok 'and is a clean file system' e2fsck -fn "$work/a disk.img"
says 0 'is there already' 'image again' image "$work/a disk.img"
says 0 'made' 'image --force' image --force --size=20M "$work/a disk.img"
says 1 'cannot make' 'image in no folder' image "$work/no/disk.img"
says 2 '--size wants' 'image --size 1M' image --size 1M "$work/b"
says 2 'no boot loader for riscv64' 'an image for no loader' image -m riscv64 --bootable "$work/b"
says 2 'with a kernel' 'a command line for no kernel' image --append quiet "$work/b"
if [[ $machine == i386 ]]; then
	says 1 'beside the disk' 'a module and no room for it' run -m i386 --memory 3G --disk-as module --disk "$work/a disk.img"
fi
exec 7<"$work/a disk.img"
flock 7
says 1 'in use' 'image --force of a disk in use' image --force "$work/a disk.img"
says 1 'in use' 'run on a disk in use' run --disk "$work/a disk.img"
exec 7<&-

# --- an emulator that is too old, silent or missing ---

mkdir "$work/bin"
qemu=$work/bin/$(of_machine QEMU)
printf '#!/bin/sh\necho "QEMU emulator version 6.2.0 (Debian)"\n' >"$qemu"
chmod +x "$qemu"
PATH=$work/bin:$PATH says 125 'version 6.2, too old: mv6 needs 7.2' 'an old emulator' exec -m "$machine" "$guest/hello"
printf '#!/bin/sh\nexit 1\n' >"$qemu"
PATH=$work/bin:$PATH says 125 'does not tell its version' 'a broken emulator' exec -m "$machine" "$guest/hello"

# A host without apt: only what bash, sed and the like are.
mkdir "$work/poor"
for tool in bash sed sort tr cat dirname basename readlink env mkdir stat make; do
	ln -s "$(command -v "$tool")" "$work/poor/$tool"
done
sed 's/^PATH=.*$/PATH=$PATH/' "$mv6" >"$work/mv6"
ln -s "$root/kernel" "$root/tools" "$work/"
mv6=$work/mv6
chmod +x "$work/mv6"
PATH=$work/poor says 125 'please install.*qemu-system' 'a host without apt' run -m "$machine"
done_testing
