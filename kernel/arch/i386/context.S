/*
 * Switching kernel stacks.
 */
#include "machine/offsets.h"
#include "machine/param.h"

	.text
	/* void context_switch(struct context *save, struct context *load) */
	.globl context_switch
context_switch:
	push	%ebp
	push	%ebx
	push	%esi
	push	%edi
	mov	%esp, (%eax)
	mov	(%edx), %esp
	lea	-THREAD_CONTEXT(%edx), %ecx
	mov	%ecx, %fs:PERCPU_THREAD
	mov	THREAD_KSTACK(%ecx), %eax
	add	$KSTACK_SIZE, %eax
	mov	%eax, %fs:PERCPU_ESP0
	pop	%edi
	pop	%esi
	pop	%ebx
	pop	%ebp
	ret

	.globl context_begin
context_begin:
	xor	%ebp, %ebp
	call	*%ebx
