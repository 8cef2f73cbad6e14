/*
 * Whole pages: cleared and copied, 16 bytes an instruction where the CPU has SSE.
 *
 * The registers used are the program's, so they are put back. Nothing else can come to need them
 * meanwhile: these pages do not fault, interrupt handlers use no such registers, and the kernel
 * gives its CPU away only where it says so.
 */
#define FEATURE_SSE_BYTE 2		/* bit 25 of cpu_features: bit 1 of its last byte */
#define CR0_TS 8

	/* With the unit on; CR0 as it was goes below the registers that the caller pushes. */
	.macro sse_begin
	mov	%cr0, %ecx
	clts
	push	%ecx
	.endm

	.macro sse_end
	pop	%ecx
	test	$CR0_TS, %cl
	jz	9f
	mov	%ecx, %cr0
9:
	.endm

	.text
	/* void page_clear(void *page) */
	.globl page_clear
page_clear:
	testb	$FEATURE_SSE_BYTE, cpu_features + 3
	jz	clear_words
	sse_begin
	sub	$16, %esp
	movups	%xmm0, (%esp)
	xorps	%xmm0, %xmm0
	lea	4096(%eax), %edx
1:	.set	offset, 0
	.rept	32
	movaps	%xmm0, offset(%eax)
	.set	offset, offset + 16
	.endr
	add	$512, %eax
	cmp	%edx, %eax
	jne	1b
	movups	(%esp), %xmm0
	add	$16, %esp
	sse_end
	ret
clear_words:
	push	%edi
	mov	%eax, %edi
	xor	%eax, %eax
	mov	$1024, %ecx
	rep stosl
	pop	%edi
	ret

	/* void page_copy(void *dst, const void *src) */
	.globl page_copy
page_copy:
	testb	$FEATURE_SSE_BYTE, cpu_features + 3
	jz	copy_words
	push	%ebx
	lea	4096(%eax), %ebx
	sse_begin
	sub	$32, %esp
	movups	%xmm0, (%esp)
	movups	%xmm1, 16(%esp)
1:	.set	offset, 0
	.rept	16
	movaps	offset(%edx), %xmm0
	movaps	offset + 16(%edx), %xmm1
	movaps	%xmm0, offset(%eax)
	movaps	%xmm1, offset + 16(%eax)
	.set	offset, offset + 32
	.endr
	add	$512, %eax
	add	$512, %edx
	cmp	%ebx, %eax
	jne	1b
	movups	16(%esp), %xmm1
	movups	(%esp), %xmm0
	add	$32, %esp
	sse_end
	pop	%ebx
	ret
copy_words:
	push	%edi
	push	%esi
	mov	%eax, %edi
	mov	%edx, %esi
	mov	$1024, %ecx
	rep movsl
	pop	%esi
	pop	%edi
	ret
