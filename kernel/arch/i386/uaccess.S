/*
 * Copies that may fault.
 *
 * An entry of __ex_table names a range of instructions and where to go on if a fault among them
 * cannot be served. A string instruction that faults has its registers at the byte or word it could
 * not do (Intel SDM volume 2, REP), so the count that is left is exact.
 *
 * Where the CPU has SMAP, EFLAGS.AC lets the kernel reach user pages; it is set inside these
 * functions only. The instructions that change it are unknown to CPUs without: they are put in
 * place of the no-operations that stand here by smap_enable (cpu.c), by __smap_sites: each word the
 * address of a site, the lowest bit set where it is stac.
 */
#include "machine/uaccess_asm.h"

	.text
	/* size_t copy_user(void *dst, const void *src, size_t n) */
	.globl copy_user
copy_user:
	push	%edi
	push	%esi
	mov	%eax, %edi
	mov	%edx, %esi
	mov	%ecx, %edx
	user_access_begin
	shr	$2, %ecx
copy_words:
	rep movsl
copy_words_end:
	mov	%edx, %ecx
	and	$3, %ecx
copy_bytes:
	rep movsb
copy_end:
	user_access_end
	mov	%ecx, %eax
	pop	%esi
	pop	%edi
	ret
	/* A word of which some bytes may be there: go on with bytes. */
copy_retry:
	and	$3, %edx
	lea	(%edx,%ecx,4), %ecx
	jmp	copy_bytes

	on_fault copy_words, copy_words_end, copy_retry
	on_fault copy_bytes, copy_end, copy_end

	/* size_t clear_user(void *dst, size_t n) */
	.globl clear_user
clear_user:
	push	%edi
	mov	%eax, %edi
	mov	%edx, %ecx
	xor	%eax, %eax
	user_access_begin
	shr	$2, %ecx
clear_words:
	rep stosl
clear_words_end:
	mov	%edx, %ecx
	and	$3, %ecx
clear_bytes:
	rep stosb
clear_end:
	user_access_end
	mov	%ecx, %eax
	pop	%edi
	ret
clear_retry:
	and	$3, %edx
	lea	(%edx,%ecx,4), %ecx
	jmp	clear_bytes

	on_fault clear_words, clear_words_end, clear_retry
	on_fault clear_bytes, clear_end, clear_end

	/* ssize_t copy_user_str(char *dst, const char *src, size_t n) */
	.globl copy_user_str
copy_user_str:
	push	%ebx
	push	%esi
	xor	%esi, %esi		/* bytes done */
	user_access_begin
str_loop:
	cmp	%ecx, %esi
	je	str_end
	movb	(%edx,%esi), %bl
	movb	%bl, (%eax,%esi)
	testb	%bl, %bl
	jz	str_end
	inc	%esi
	jmp	str_loop
str_end:
	user_access_end
	mov	%esi, %eax
	pop	%esi
	pop	%ebx
	ret
str_fault:
	mov	$-14, %esi		/* -EFAULT */
	jmp	str_end

	on_fault str_loop, str_end, str_fault

/*
 * Single words. long load_user(const u32 *from, u32 *value), long store_user(u32 *to, u32 value),
 * long cmpxchg_user(u32 *at, u32 *old, u32 new): 0 or -EFAULT.
 */
	.globl load_user
load_user:
	user_access_begin
load_word:
	mov	(%eax), %ecx
load_end:
	mov	%ecx, (%edx)
	jmp	word_done

	.globl store_user
store_user:
	user_access_begin
store_word:
	mov	%edx, (%eax)
word_done:
	user_access_end
	xor	%eax, %eax
	ret

	.globl cmpxchg_user
cmpxchg_user:
	push	%ebx
	mov	%eax, %ebx
	mov	(%edx), %eax
	user_access_begin
exchange_word:
	lock cmpxchgl %ecx, (%ebx)
exchange_end:
	mov	%eax, (%edx)
	pop	%ebx
	jmp	word_done

exchange_fault:
	pop	%ebx
word_fault:
	user_access_end
	mov	$-14, %eax		/* -EFAULT */
	ret

	on_fault load_word, load_end, word_fault
	on_fault store_word, word_done, word_fault
	on_fault exchange_word, exchange_end, exchange_fault

/* void gs_load(u32 selector): one that cannot be loaded becomes the null selector. */
	.globl gs_load
gs_load:
	mov	%eax, %gs
gs_end:
	ret
gs_fault:
	xor	%eax, %eax
	jmp	gs_load

	on_fault gs_load, gs_end, gs_fault
