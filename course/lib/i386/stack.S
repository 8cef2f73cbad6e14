/* run_on_stack(top, fn): calls fn, which does not return, with the stack pointer at top. */
	.globl	run_on_stack
	.type	run_on_stack, @function
run_on_stack:
	movl	4(%esp), %eax
	movl	8(%esp), %edx
	andl	$-16, %eax
	movl	%eax, %esp
	xorl	%ebp, %ebp
	pushl	$0
	jmp	*%edx

/* r_sp(): the caller's stack pointer, in 64 bits. */
	.globl	xv6_r_sp
	.type	xv6_r_sp, @function
xv6_r_sp:
	leal	4(%esp), %eax
	xorl	%edx, %edx
	ret

	.section .note.GNU-stack, "", @progbits
