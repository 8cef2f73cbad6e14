/*
 * From the firmware to C.
 *
 * The firmware starts one hart at boot_entry (physical address, translation off; a0 = hart, a1 =
 * device tree: SBI specification, "Hart State Management", initial register state), and later the
 * others at boot_secondary; what they begin with is in boot_secondary_start. Translation is
 * switched on by the instruction after which the pc is no longer mapped: the fault it takes goes to
 * stvec, which holds the virtual address to go on at.
 *
 * The early map: all physical addresses up to PHYS_LIMIT at PHYS_BASE and the image at KERNEL_BASE,
 * in pages of 1 GiB with all rights. pmap_boot() replaces it.
 */
#include "machine/param.h"

#define PTE_KERNEL_ALL 0xef		/* V R W X G A D */
#define GIB_TO_PTE_SHIFT (30 - 12 + 10)
#define SATP_SV39 8
#define SSTATUS_FS_SUM ((3 << 13) | (1 << 18))

	.section .text.boot, "ax"
	.globl boot_entry
boot_entry:
	/*
	 * One hart boots. A second one to come here is being started: OpenSBI 1.1 lets a hart go a
	 * moment before it has noted where, and a hart that was just looking goes to the old place.
	 */
	la	t0, boot_begun
	li	t1, 1
	amoswap.w.aqrl	t1, t1, (t0)
	bnez	t1, boot_secondary

	csrw	sie, zero
	li	t0, SSTATUS_FS_SUM
	csrc	sstatus, t0

	la	t0, kernel_bss_start
	la	t1, kernel_bss_end
1:	sd	zero, 0(t0)
	addi	t0, t0, 8
	bltu	t0, t1, 1b

	/* PHYS_BASE is root entry 256; entry 256 + i maps the GiB i. */
	la	t0, early_root
	li	t1, 256 * 8
	add	t1, t0, t1
	li	t2, PTE_KERNEL_ALL
	li	t3, 1
	slli	t3, t3, GIB_TO_PTE_SHIFT
	li	t4, 96
2:	sd	t2, 0(t1)
	add	t2, t2, t3
	addi	t1, t1, 8
	addi	t4, t4, -1
	bnez	t4, 2b

	/* KERNEL_BASE is root entry 510; it maps the GiB 2, where KERNEL_PHYS is. */
	li	t1, 510 * 8
	add	t1, t0, t1
	li	t2, PTE_KERNEL_ALL
	add	t2, t2, t3
	add	t2, t2, t3
	sd	t2, 0(t1)

	srli	t0, t0, 12
	li	t1, SATP_SV39
	slli	t1, t1, 60
	or	t0, t0, t1
	la	t1, high
	call	switch_on
	.balign 4
high:
	la	sp, boot_stack_top
	la	tp, boot_threads
	csrw	sscratch, zero
	li	s0, 0
	li	ra, 0
	tail	boot_start

/* satp in t0; t1 = physical address to go on at, virtually. */
	.balign 4
switch_on:
	li	t2, -1
	slli	t2, t2, 32		/* KERNEL_BASE - KERNEL_PHYS */
	add	t1, t1, t2
	csrw	stvec, t1
	sfence.vma
	csrw	satp, t0
	/* Never reached: the next fetch faults. If it did not, there is nothing sensible to do. */
3:	wfi
	j	3b

	.globl boot_secondary
boot_secondary:
	csrw	sie, zero
	li	t0, SSTATUS_FS_SUM
	csrc	sstatus, t0
	fence
	la	t1, boot_secondary_start
	ld	t0, 0(t1)
	ld	sp, 8(t1)
	ld	tp, 16(t1)
	la	t1, high_secondary
	j	switch_on
	.balign 4
high_secondary:
	csrw	sscratch, zero
	li	s0, 0
	li	ra, 0
	tail	boot_secondary_main

	/* Not in the part that is cleared. */
	.data
	.balign 4
boot_begun:
	.word	0

	.bss
	.balign 4096
early_root:
	.skip	4096
	/* The page below the boot stack stays unmapped once pmap_boot() has run. */
	.globl boot_stack_guard, boot_stack, boot_stack_top
boot_stack_guard:
	.skip	4096
boot_stack:
	.skip	KSTACK_SIZE
boot_stack_top:
