/*
 * Entry to the kernel and return from it.
 *
 * The CPU pushes where it was (and, coming from user mode, the stack, on the one that the TSS
 * names, which begins where the thread's kernel stack does); the entry of the vector adds an error
 * code where the CPU does not, and its number; the rest of struct trapframe follows here.
 *
 * Nothing that a program can set is trusted: DS, ES and FS are loaded anew, and so are the flags
 * (direction, alignment check and with it SMAP, nested task, single step). The way out loads the
 * program's values again; if the CPU refuses one, it faults on the instruction that does so, in the
 * kernel, and trap.c mends that by the labels here. GS is not used in the kernel.
 *
 * A frame can come from virtual-8086 mode, though no program has a way there: where there is no
 * SMAP, QEMU 7.2 lets a program's own iret set EFLAGS.VM. Such a frame's cs says nothing, and it
 * has four words more at its end, so it is no frame of struct trapframe's place.
 */
#include "machine/offsets.h"
#include "machine/segment.h"

#define EFLAGS_FIXED 2
#define EFLAGS_VM_BYTE 2		/* bit 17 of the flags: bit 1 of their third byte */
#define VECTOR_SYSCALL 0x80
/* Exceptions with an error code: Intel SDM volume 3, "Exception and Interrupt Reference". */
#define HAS_ERROR_CODE(v) ((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || (v) == 21)

	.macro save_all flags
	pushl	%fs
	pushl	%es
	pushl	%ds
	pushl	%eax
	pushl	%ebp
	pushl	%edi
	pushl	%esi
	pushl	%edx
	pushl	%ecx
	pushl	%ebx
	mov	$SEL_USER_DATA, %ecx
	mov	$SEL_PERCPU, %edx
	mov	%ecx, %ds
	mov	%ecx, %es
	mov	%edx, %fs
	pushl	$\flags
	popfl
	.endm

	.text
	.globl trap_syscall_entry
trap_syscall_entry:
	pushl	%eax
	pushl	$VECTOR_SYSCALL
	save_all EFLAGS_FIXED | 0x200
	testb	$EFLAGS_VM_BYTE, TF_EFLAGS + 2(%esp)
	jnz	from_virtual
	xor	%ebp, %ebp			/* backtraces end here */
	mov	%esp, %eax
	call	trap_syscall
to_user:
	cli
	mov	%esp, %eax
	call	trap_return_to_user
load_all:
	popl	%ebx
	popl	%ecx
	popl	%edx
	popl	%esi
	popl	%edi
	popl	%ebp
	popl	%eax
	.globl trap_load_segments, trap_segments_loaded, trap_iret
trap_load_segments:
	popl	%ds
	popl	%es
	popl	%fs
trap_segments_loaded:
	addl	$8, %esp
trap_iret:
	iret

	/* void return_to_user(struct trapframe *tf) */
	.globl return_to_user
return_to_user:
	mov	%eax, %esp
	jmp	load_all

trap_common:
	save_all EFLAGS_FIXED
	mov	%esp, %eax
	testb	$EFLAGS_VM_BYTE, TF_EFLAGS + 2(%esp)
	jnz	from_virtual
	testb	$3, TF_CS(%esp)
	jz	from_kernel
	xor	%ebp, %ebp
	call	trap_from_user
	jmp	to_user
from_kernel:
	call	trap_from_kernel
	jmp	load_all
from_virtual:
	cli
	xor	%ebp, %ebp
	mov	%esp, %eax
	call	trap_from_virtual

	/* 256 entries of 16 bytes; trap.c puts them into the IDT. */
	.balign 16
	.globl trap_entries
trap_entries:
	.set	vector, 0
	.rept	256
	.balign	16
	.if	!HAS_ERROR_CODE(vector)
	pushl	$0
	.endif
	pushl	$vector
	jmp	trap_common
	.set	vector, vector + 1
	.endr
