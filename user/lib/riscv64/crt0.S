/*
 * First instruction of every program. The kernel enters with sp at argc, argv and
 * the environment above it, and nothing else defined; lib_start takes that block.
 */
	.globl	_start
_start:
	.option push
	.option norelax
	la	gp, __global_pointer$
	.option pop
	li	s0, 0
	li	ra, 0
	mv	a0, sp
	andi	sp, sp, -16
	call	lib_start

	.section .note.GNU-stack, "", @progbits
