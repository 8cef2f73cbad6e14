#!/bin/sh
# The library's own test program on Linux, by the machine's emulator if it needs one.
cd "$(dirname "$0")/../.." || exit 1
machine=${MACHINE:-riscv64}
program=$PWD/build/$machine/test-user/libc
emulator=$(sed -n 's/^QEMU_USER := *//p' "kernel/arch/$machine/machine.mk")
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT
$emulator "$program"
