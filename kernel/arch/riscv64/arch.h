/*
 * What the files of this folder share with each other alone.
 */
#pragma once

#include "lib/types.h"
#include "machine/param.h"

struct trapframe;

/* kernel.ld: the image and where its sections begin and end */
extern const u8 kernel_start[], kernel_text_end[], kernel_rodata_end[], kernel_data_end[],
	kernel_end[];


/* boot.S hands over: the boot CPU's hart and the physical address of the device tree. */
void boot_start(ulong hart, paddr_t fdt) NORETURN;
/* boot.S: where a started hart begins (physically), and what it begins with: one at a time. */
extern const u8 boot_secondary[];
struct secondary_start {
	ulong satp, sp, tp; /* boot.S knows the order */
};
extern struct secondary_start boot_secondary_start;
void boot_secondary_main(void) NORETURN;
extern u8 boot_stack_guard[], boot_stack[];

/* trap.c */
void trap_from_user(struct trapframe *tf, ulong cause, ulong value);
void trap_from_kernel(struct trapframe *tf);
extern u8 trap_entry[];

/* smp.c */
void smp_interrupt(void); /* another CPU sent an interrupt */
u32 smp_hart(unsigned cpu);

/* clock.c */
void clock_init(void); /* reads the device tree */
void clock_init_cpu(void);
void clock_init_rtc(void); /* needs kernel windows */

/* plic.c */
void plic_init(void);
void plic_interrupt(void);

/* mmu.c */
ulong mmu_satp(paddr_t root);
/* uaccess.S: write v to CSR stimecmp; -1 if there is no such register. */
long clock_try_stimecmp(u64 v);
