/*
 * Whole pages: cleared and copied with as few instructions as the base instruction set allows.
 */
	.text
	.globl page_clear
page_clear:
	li	a1, 4096
	add	a1, a0, a1
1:
	.irp	off, 0,64,128,192
	sd	zero, \off + 0(a0)
	sd	zero, \off + 8(a0)
	sd	zero, \off + 16(a0)
	sd	zero, \off + 24(a0)
	sd	zero, \off + 32(a0)
	sd	zero, \off + 40(a0)
	sd	zero, \off + 48(a0)
	sd	zero, \off + 56(a0)
	.endr
	addi	a0, a0, 256
	bne	a0, a1, 1b
	ret

	.globl page_copy
page_copy:
	li	a2, 4096
	add	a2, a0, a2
1:
	.irp	base, 0,64
	ld	a3, \base + 0(a1)
	ld	a4, \base + 8(a1)
	ld	a5, \base + 16(a1)
	ld	a6, \base + 24(a1)
	ld	a7, \base + 32(a1)
	ld	t0, \base + 40(a1)
	ld	t1, \base + 48(a1)
	ld	t2, \base + 56(a1)
	sd	a3, \base + 0(a0)
	sd	a4, \base + 8(a0)
	sd	a5, \base + 16(a0)
	sd	a6, \base + 24(a0)
	sd	a7, \base + 32(a0)
	sd	t0, \base + 40(a0)
	sd	t1, \base + 48(a0)
	sd	t2, \base + 56(a0)
	.endr
	addi	a0, a0, 128
	addi	a1, a1, 128
	bne	a0, a2, 1b
	ret
