/*
 * Segments: all flat, but for the CPU's own data and programs' thread-local storage.
 *
 * Numbers of descriptors are those of Linux for i386 where programs see them: 6 to 8 are the
 * thread-local ones (set_thread_area's entry numbers), 14 and 15 the program's code and data.
 */
#pragma once

#define GDT_TLS 6		/* the first of GDT_TLS_ENTRIES */
#define GDT_TLS_ENTRIES 3
#define GDT_KERNEL_CODE 12
#define GDT_KERNEL_DATA 13
#define GDT_USER_CODE 14
#define GDT_USER_DATA 15
#define GDT_TSS 16
#define GDT_PERCPU 27
#define GDT_DOUBLE_FAULT_TSS 31
#define GDT_ENTRIES 32

#define SEL_KERNEL_CODE (GDT_KERNEL_CODE * 8)
#define SEL_KERNEL_DATA (GDT_KERNEL_DATA * 8)
#define SEL_USER_CODE (GDT_USER_CODE * 8 + 3)
#define SEL_USER_DATA (GDT_USER_DATA * 8 + 3)
#define SEL_PERCPU (GDT_PERCPU * 8)

#ifndef __ASSEMBLER__
#include "lib/types.h"

/* Task-state segment (Intel SDM volume 3, "32-Bit Task-State Segment"). */
struct tss {
	u32 link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
	u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u32 es, cs, ss, ds, fs, gs, ldt;
	u16 trap, iomap;
};
#endif
