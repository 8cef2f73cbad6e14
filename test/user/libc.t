#!/bin/sh
# The library's own test program, under the emulator.
cd "$(dirname "$0")/../.." || exit 1
program=$PWD/build/${MACHINE:-riscv64}/test-user/libc
dir=$(mktemp -d) && cd "$dir" || exit 1
trap 'rm -rf "$dir"' EXIT
case ${MACHINE:-riscv64} in
riscv64) qemu-riscv64 "$program" ;;
*) "$program" ;;
esac
