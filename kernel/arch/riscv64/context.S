/*
 * Switching kernel stacks, and moving the floating-point registers.
 */
#include "machine/offsets.h"

	.text
	.globl context_switch
context_switch:
	sd	ra, 0(a0)
	sd	sp, 8(a0)
	sd	s0, 16(a0)
	sd	s1, 24(a0)
	sd	s2, 32(a0)
	sd	s3, 40(a0)
	sd	s4, 48(a0)
	sd	s5, 56(a0)
	sd	s6, 64(a0)
	sd	s7, 72(a0)
	sd	s8, 80(a0)
	sd	s9, 88(a0)
	sd	s10, 96(a0)
	sd	s11, 104(a0)
	ld	ra, 0(a1)
	ld	sp, 8(a1)
	ld	s0, 16(a1)
	ld	s1, 24(a1)
	ld	s2, 32(a1)
	ld	s3, 40(a1)
	ld	s4, 48(a1)
	ld	s5, 56(a1)
	ld	s6, 64(a1)
	ld	s7, 72(a1)
	ld	s8, 80(a1)
	ld	s9, 88(a1)
	ld	s10, 96(a1)
	ld	s11, 104(a1)
	addi	tp, a1, -THREAD_CONTEXT
	ret

	.globl context_begin
context_begin:
	li	ra, 0
	jr	s1

/*
 * The kernel is assembled for a CPU without floating point, so fsd and fld are written by their
 * encodings (Unprivileged ISA, "RV32/64G Instruction Set Listings"): STORE-FP 0x27 and LOAD-FP 0x07
 * with width 3. The register number is that of an x register in the .insn form.
 */
#define FREGS 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15, \
	16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31

	/* void fpu_store_all(struct user_state *f); sstatus.FS is not Off */
	.globl fpu_store_all
fpu_store_all:
	.irp	n, FREGS
	.insn s	0x27, 3, x\n, \n * 8(a0)
	.endr
	csrr	t0, fcsr
	sw	t0, FPU_FCSR(a0)
	ret

	/* void fpu_load_all(const struct user_state *f); sstatus.FS is not Off */
	.globl fpu_load_all
fpu_load_all:
	.irp	n, FREGS
	.insn i	0x07, 3, x\n, \n * 8(a0)
	.endr
	lw	t0, FPU_FCSR(a0)
	csrw	fcsr, t0
	ret
