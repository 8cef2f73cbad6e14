/*
 * What a signal handler returns to, if the program did not name code of its own: one entry for each
 * kind of frame, both in the page that exec maps for it. Only position-independent code.
 *
 * The instructions are those that Linux's vDSO has there: debuggers know a signal's frame by them.
 */
	.section .rodata
	.balign 16
	.globl sigcode_start, sigcode_rt, sigcode_end
sigcode_start:
	popl	%eax			/* the signal's number: sigreturn finds its frame below it */
	movl	$119, %eax		/* sigreturn */
	int	$0x80
	.balign 16
sigcode_rt:
	movl	$173, %eax		/* rt_sigreturn */
	int	$0x80
	.balign	8
sigcode_end:
