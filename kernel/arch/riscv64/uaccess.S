/*
 * Copies that may fault.
 *
 * sstatus.SUM lets the kernel reach user pages; it is set inside these functions only. An entry of
 * __ex_table names a range of instructions and where to go on if a fault among them cannot be
 * served. In the copies, a2 is the end of the destination and a4 = source - destination
 * throughout, and a0 moves on only after the bytes before it are done: so a fault in a wide loop
 * goes on with single bytes from a0, and a fault there ends the copy with the exact count.
 */
#define SSTATUS_SUM (1 << 18)

	.macro on_fault from, to, go
	.pushsection __ex_table, "a"
	.balign	8
	.dword	\from, \to, \go
	.popsection
	.endm

	.text
/* size_t copy_user(void *dst, const void *src, size_t n) */
	.globl copy_user
copy_user:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
	sub	a4, a1, a0
	add	a2, a0, a2
	addi	t0, a0, 16
	bltu	a2, t0, copy_bytes	/* short */
	andi	t0, a0, 7
	beqz	t0, 2f
	/* Bytes up to an aligned destination. */
	li	t1, 8
	sub	t1, t1, t0
	add	t1, a0, t1
copy_head:
1:	lbu	t0, 0(a1)
	sb	t0, 0(a0)
	addi	a0, a0, 1
	addi	a1, a1, 1
	bne	a0, t1, 1b
2:	andi	t5, a4, 7
	bnez	t5, copy_shifted
	/* Both aligned: 64 bytes at a time, then 8. */
	addi	t1, a2, -63
	bgeu	a0, t1, 4f
copy_wide:
3:	ld	a3, 0(a1)
	ld	a5, 8(a1)
	ld	a6, 16(a1)
	ld	a7, 24(a1)
	ld	t0, 32(a1)
	ld	t2, 40(a1)
	ld	t3, 48(a1)
	ld	t4, 56(a1)
	sd	a3, 0(a0)
	sd	a5, 8(a0)
	sd	a6, 16(a0)
	sd	a7, 24(a0)
	sd	t0, 32(a0)
	sd	t2, 40(a0)
	sd	t3, 48(a0)
	sd	t4, 56(a0)
	addi	a1, a1, 64
	addi	a0, a0, 64
	bltu	a0, t1, 3b
4:	addi	t1, a2, -7
	bgeu	a0, t1, copy_bytes
5:	ld	t0, 0(a1)
	sd	t0, 0(a0)
	addi	a0, a0, 8
	addi	a1, a1, 8
	bltu	a0, t1, 5b
copy_bytes:
	bgeu	a0, a2, 7f
6:	lbu	t0, 0(a1)
	sb	t0, 0(a0)
	addi	a0, a0, 1
	addi	a1, a1, 1
	bltu	a0, a2, 6b
copy_end:
7:	csrc	sstatus, t6
	sub	a0, a2, a0
	ret

	/*
	 * The source lies t5 bytes past a word when the destination is aligned: load whole words,
	 * which never reach beyond the word, and so the page, of a byte that is copied.
	 */
copy_shifted:
	slli	t2, t5, 3		/* bits of the older word that are done */
	neg	t3, t2			/* 64 - t2; shifts count modulo 64 */
	add	a1, a0, a4
	andi	a1, a1, -8
	addi	t1, a2, -7
	ld	t4, 0(a1)
8:	ld	a5, 8(a1)
	srl	t0, t4, t2
	sll	a6, a5, t3
	or	t0, t0, a6
	sd	t0, 0(a0)
	addi	a1, a1, 8
	addi	a0, a0, 8
	mv	t4, a5
	bltu	a0, t1, 8b
copy_retry:
	add	a1, a0, a4
	j	copy_bytes

	on_fault copy_head, copy_bytes, copy_retry
	on_fault copy_bytes, copy_end, copy_end
	on_fault copy_shifted, copy_retry, copy_retry

/* size_t clear_user(void *dst, size_t n) */
	.globl clear_user
clear_user:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
	add	a2, a0, a1
	addi	t0, a0, 16
	bltu	a2, t0, clear_bytes
clear_head:
	andi	t0, a0, 7
	beqz	t0, 1f
	sb	zero, 0(a0)
	addi	a0, a0, 1
	j	clear_head
1:	addi	t1, a2, -63
	bgeu	a0, t1, 3f
2:	sd	zero, 0(a0)
	sd	zero, 8(a0)
	sd	zero, 16(a0)
	sd	zero, 24(a0)
	sd	zero, 32(a0)
	sd	zero, 40(a0)
	sd	zero, 48(a0)
	sd	zero, 56(a0)
	addi	a0, a0, 64
	bltu	a0, t1, 2b
3:	addi	t1, a2, -7
	bgeu	a0, t1, clear_bytes
4:	sd	zero, 0(a0)
	addi	a0, a0, 8
	bltu	a0, t1, 4b
clear_bytes:
	bgeu	a0, a2, clear_end
5:	sb	zero, 0(a0)
	addi	a0, a0, 1
	bltu	a0, a2, 5b
clear_end:
	csrc	sstatus, t6
	sub	a0, a2, a0
	ret

	on_fault clear_head, clear_bytes, clear_bytes
	on_fault clear_bytes, clear_end, clear_end

/* ssize_t copy_user_str(char *dst, const char *src, size_t n) */
	.globl copy_user_str
copy_user_str:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
	mv	t1, a1
	add	t2, a1, a2
	sub	a0, a0, a1
str_loop:
	beq	a1, t2, 1f
	lbu	t0, 0(a1)
	add	t3, a0, a1
	sb	t0, 0(t3)
	beqz	t0, 1f
	addi	a1, a1, 1
	j	str_loop
1:	sub	a0, a1, t1
str_end:
	csrc	sstatus, t6
	ret
str_fault:
	li	a0, -14			/* -EFAULT */
	j	str_end

	on_fault str_loop, str_end, str_fault

/*
 * Single words. long load_user(const u32 *from, u32 *value), long store_user(u32 *to, u32 value),
 * long cmpxchg_user(u32 *at, u32 *old, u32 new): 0 or -EFAULT.
 */
	.globl load_user
load_user:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
load_word:
	lw	t0, 0(a0)
load_end:
	sw	t0, 0(a1)
	j	word_done

	.globl store_user
store_user:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
store_word:
	sw	a1, 0(a0)
word_done:
	csrc	sstatus, t6
	li	a0, 0
	ret

	.globl cmpxchg_user
cmpxchg_user:
	li	t6, SSTATUS_SUM
	lw	t0, 0(a1)
	csrs	sstatus, t6
exchange_word:
	lr.w.aqrl t1, (a0)
	bne	t1, t0, exchange_end
	sc.w.aqrl t2, a2, (a0)
	bnez	t2, exchange_word
exchange_end:
	sw	t1, 0(a1)
	j	word_done

word_fault:
	csrc	sstatus, t6
	li	a0, -14			/* -EFAULT */
	ret

	on_fault load_word, load_end, word_fault
	on_fault store_word, word_done, word_fault
	on_fault exchange_word, exchange_end, word_fault

/* long clock_try_stimecmp(u64 v): CSR 0x14d, of the Sstc extension */
	.globl clock_try_stimecmp
clock_try_stimecmp:
	csrw	0x14d, a0
try_end:
	li	a0, 0
	ret
try_fault:
	li	a0, -1
	ret

	on_fault clock_try_stimecmp, try_end, try_fault

/*
 * The code a signal handler returns to: rt_sigreturn is call 139. Only position-independent code.
 */
	.section .rodata
	.balign 8
	.globl sigcode_start, sigcode_end
sigcode_start:
	li	a7, 139
	ecall
sigcode_end:
