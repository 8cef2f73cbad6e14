/*
 * Entry to the kernel and return from it.
 *
 * While a program runs, sscratch holds the address of its thread's trap frame, which is also where
 * the kernel stack begins. In the kernel it is zero: that tells the two apart. sstatus is neither
 * saved nor restored for programs: FS belongs to the thread and changes with it alone, SPP is clear
 * and SPIE set whenever the kernel runs for a thread that was in user mode (both after any sret,
 * and a trap from the kernel clears SPP itself).
 *
 * From user mode all registers are stored, but on return only those are loaded that C code does
 * not preserve (RISC-V calling convention), unless the frame says otherwise.
 */
#include "machine/offsets.h"
#include "machine/param.h"

#define SSTATUS_SIE 2
#define SSTATUS_SPIE 0x20
#define SSTATUS_SPP 0x100
#define SSTATUS_SUM (1 << 18)
#define CAUSE_SYSCALL 8		/* Privileged ISA, "Supervisor Cause Register": ecall from U-mode */

	.macro save_temporaries		/* those C code may change, but sp and a0 */
	sd	x1, TF_X(1)(sp)
	.irp	r, 5,6,7,11,12,13,14,15,16,17,28,29,30,31
	sd	x\r, TF_X(\r)(sp)
	.endr
	.endm

	.macro load_temporaries
	ld	x1, TF_X(1)(sp)
	.irp	r, 5,6,7,10,11,12,13,14,15,16,17,28,29,30,31
	ld	x\r, TF_X(\r)(sp)
	.endr
	.endm

	.macro save_preserved
	.irp	r, 8,9,18,19,20,21,22,23,24,25,26,27
	sd	x\r, TF_X(\r)(sp)
	.endr
	.endm

	.macro load_preserved
	.irp	r, 8,9,18,19,20,21,22,23,24,25,26,27
	ld	x\r, TF_X(\r)(sp)
	.endr
	.endm

	.text
	.balign	4
	.globl trap_entry
trap_entry:
	csrrw	sp, sscratch, sp
	beqz	sp, from_kernel

	/* From user mode; sp is the frame. */
	sd	x3, TF_X(3)(sp)
	sd	x4, TF_X(4)(sp)
	save_temporaries
	save_preserved
	sd	a0, TF_X(10)(sp)
	csrrw	t0, sscratch, zero
	csrr	t1, sepc
	csrr	a1, scause
	sd	t0, TF_X(2)(sp)
	ld	tp, TF_THREAD(sp)
	li	t2, CAUSE_SYSCALL
	li	s0, 0			/* backtraces end here */
	bne	a1, t2, 1f

	sd	a0, TF_ORIG_A0(sp)
	addi	t1, t1, 4
	mv	a0, sp
	sd	t1, TF_PC(sp)
	csrsi	sstatus, SSTATUS_SIE
	call	trap_syscall
	j	2f

1:	csrr	a2, stval
	sd	t1, TF_PC(sp)
	mv	a0, sp
	call	trap_from_user

2:	csrci	sstatus, SSTATUS_SIE
	mv	a0, sp
	call	trap_return_to_user
	ld	t0, TF_FULL(sp)
	bnez	t0, load_all
	ld	t1, TF_PC(sp)
	/* s0 served as the end of backtraces; the rest C has kept. */
	ld	s0, TF_X(8)(sp)
to_user:
	csrw	sepc, t1
	csrw	sscratch, sp
	load_temporaries
	ld	x3, TF_X(3)(sp)
	ld	x4, TF_X(4)(sp)
	ld	sp, TF_X(2)(sp)
	sret

	.globl return_to_user
return_to_user:
	mv	sp, a0
	sd	tp, TF_THREAD(sp)
load_all:
	sd	zero, TF_FULL(sp)
	li	t0, SSTATUS_SPP
	csrc	sstatus, t0
	li	t0, SSTATUS_SPIE
	csrs	sstatus, t0
	load_preserved
	ld	t1, TF_PC(sp)
	j	to_user

	/*
	 * From the kernel: sp and sscratch were swapped, so swap them back. The frame goes on the
	 * current stack, if that still has room; t0 waits in sscratch meanwhile.
	 */
	.balign 4
from_kernel:
	csrrw	sp, sscratch, sp
	csrw	sscratch, t0
	ld	t0, THREAD_KSTACK(tp)
	sub	t0, sp, t0
	addi	t0, t0, -TF_SIZE
	bltz	t0, stack_overflow
	addi	sp, sp, -TF_SIZE
	csrrw	t0, sscratch, zero
	save_temporaries
	addi	t0, sp, TF_SIZE
	sd	t0, TF_X(2)(sp)
save_rest:
	sd	a0, TF_X(10)(sp)
	sd	x3, TF_X(3)(sp)
	sd	x4, TF_X(4)(sp)
	save_preserved
	csrr	t0, sepc
	csrr	t1, sstatus
	csrr	t2, scause
	csrr	t3, stval
	sd	t0, TF_PC(sp)
	sd	t1, TF_STATUS(sp)
	sd	t2, TF_CAUSE(sp)
	sd	t3, TF_VALUE(sp)
	/*
	 * SUM: the trap may have come out of a copy. SPP: if it sleeps, others return to user
	 * mode.
	 */
	li	t0, SSTATUS_SUM | SSTATUS_SPP
	csrc	sstatus, t0
	mv	a0, sp
	call	trap_from_kernel
	ld	t0, TF_PC(sp)
	ld	t1, TF_STATUS(sp)
	csrw	sepc, t0
	csrw	sstatus, t1
	load_temporaries
	addi	sp, sp, TF_SIZE
	sret

	/*
	 * The stack is used up: this trap is the store into its guard page. Go on with the report
	 * on this CPU's emergency stack. t1 and the old sp wait in memory; two CPUs that overflow
	 * at once spoil these two registers of the report only.
	 */
stack_overflow:
	la	t0, overflow_save
	sd	t1, 0(t0)
	sd	sp, 8(t0)
	ld	t1, THREAD_CPU(tp)
	lw	t1, CPU_ID(t1)
	addi	t1, t1, 1
	slli	t1, t1, EMERGENCY_STACK_SHIFT
	la	sp, emergency_stacks
	add	sp, sp, t1
	addi	sp, sp, -TF_SIZE
	mv	t1, t0
	csrrw	t0, sscratch, zero
	save_temporaries
	ld	t0, 0(t1)
	sd	t0, TF_X(6)(sp)
	ld	t0, 8(t1)
	sd	t0, TF_X(2)(sp)
	j	save_rest

	.bss
	.balign 8
overflow_save:
	.skip	16
	.globl emergency_stacks
	.balign 16
emergency_stacks:
	.skip	MAX_CPUS << EMERGENCY_STACK_SHIFT
