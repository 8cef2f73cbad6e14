/* run_on_stack(top, fn): calls fn, which does not return, with the stack pointer at top. */
	.globl	run_on_stack
	.type	run_on_stack, @function
run_on_stack:
	andi	sp, a0, -16
	li	s0, 0
	li	ra, 0
	jr	a1

/* r_sp(): the caller's stack pointer. */
	.globl	xv6_r_sp
	.type	xv6_r_sp, @function
xv6_r_sp:
	mv	a0, sp
	ret

	.section .note.GNU-stack, "", @progbits
