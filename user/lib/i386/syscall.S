/*
 * syscall6(number, a, b, c, d, e, f): number in %eax, arguments in %ebx, %ecx, %edx, %esi, %edi,
 * %ebp (i386 Linux system-call convention); all of these but %eax come back as they were.
 */
	.globl	syscall6
	.type	syscall6, @function
syscall6:
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	20(%esp), %eax
	movl	24(%esp), %ebx
	movl	28(%esp), %ecx
	movl	32(%esp), %edx
	movl	36(%esp), %esi
	movl	40(%esp), %edi
	movl	44(%esp), %ebp
	int	$0x80
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

	.section .note.GNU-stack, "", @progbits
