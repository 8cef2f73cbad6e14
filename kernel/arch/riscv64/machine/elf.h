/*
 * The program files this machine runs.
 */
#pragma once

#define ELF_CLASS 2	/* ELFCLASS64 */
#define ELF_MACHINE 243 /* EM_RISCV */
/* AT_HWCAP: a bit per single-letter extension, A is bit 0: I M A F D C. */
#define ELF_HWCAP ((1ul << 8) | (1ul << 12) | (1ul << 0) | (1ul << 5) | (1ul << 3) | (1ul << 2))
/* for /proc/cpuinfo: what programs may count on */
#define MACHINE_ISA "rv64imafdc"
/* AT_PLATFORM and uname's machine */
#define MACHINE_NAME "riscv64"
