/*
 * The program files this machine runs.
 */
#pragma once

#include "lib/types.h"

#define ELF_CLASS 1   /* ELFCLASS32 */
#define ELF_MACHINE 3 /* EM_386 */
extern u32 cpu_features; /* cpu.c: CPUID leaf 1, EDX, of the boot CPU */
#define ELF_HWCAP cpu_features
/* for /proc/cpuinfo: what programs may count on */
#define MACHINE_ISA "i686"
/* AT_PLATFORM and uname's machine */
#define MACHINE_NAME "i686"
