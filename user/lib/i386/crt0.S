/*
 * First instruction of every program. The kernel enters with %esp at argc, argv and the environment
 * above it, and nothing else defined; lib_start takes that block, with the stack aligned as the ABI
 * wants it at a call.
 */
	.globl	_start
_start:
	xorl	%ebp, %ebp
	movl	%esp, %eax
	andl	$-16, %esp
	subl	$12, %esp
	pushl	%eax
	call	lib_start

	.section .note.GNU-stack, "", @progbits
