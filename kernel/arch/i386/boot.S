/*
 * From the loader to C, and the other CPUs' way there.
 *
 * A multiboot loader enters at boot_entry (physical address, protected mode, paging off, flat
 * segments; eax = its magic number, ebx = physical address of its information: Multiboot
 * Specification 0.6.96, "Machine state"). A CPU that is started later begins at ap_begin, copied to
 * a page below 1 MiB, in real mode (Intel SDM volume 3, "Multiple-Processor Initialization").
 *
 * The early map: the physical addresses of the direct map at KERNEL_BASE, and the first GiB at 0,
 * in pages of 2 MiB with all rights. pmap_boot() replaces it on the boot CPU; every other CPU goes
 * through it.
 */
#include "machine/param.h"
#include "machine/segment.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 3		/* modules on page boundaries; tell the memory */

#define CR0_PE 1
#define CR0_SETUP 0x80010023		/* PG, WP, NE, MP, PE */
#define CR0_CLEAR 0x6000000c		/* CD, NW, TS, EM */
#define CR4_PAE 0x20
#define BLOCK_ALL 0xe3			/* block, D, A, W, P */
#define EARLY_BLOCKS ((KVA_START - KERNEL_BASE) >> 21)
#define PHYS(symbol) ((symbol) - KERNEL_BASE)
#define CPUID_PAE (1 << 6)
#define CPUID_FXSR (1 << 24)
#define CPUID_TSC (1 << 4)
#define CPUID_CX8 (1 << 8)
#define CPUID_CMOV (1 << 15)
#define CPUID_NEEDED (CPUID_PAE | CPUID_FXSR | CPUID_TSC | CPUID_CX8 | CPUID_CMOV)
#define EFLAGS_ID 0x200000
#define MSR_EFER 0xc0000080
#define EFER_NXE 0x800

	.section .multiboot, "a"
	.balign 4
	.long	MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.section .text.boot, "ax"
	.globl boot_entry
boot_entry:
	cli
	cld
	mov	%eax, PHYS(boot_magic)
	mov	%ebx, PHYS(boot_info)
	mov	$PHYS(boot_stack_top), %esp

	/* CPUID is there if EFLAGS.ID can be changed; and then, what the kernel cannot do without. */
	pushfl
	pop	%eax
	mov	%eax, %ecx
	xor	$EFLAGS_ID, %eax
	push	%eax
	popfl
	pushfl
	pop	%eax
	xor	%ecx, %eax
	test	$EFLAGS_ID, %eax
	jz	old_cpu
	mov	$1, %eax
	cpuid
	not	%edx
	test	$CPUID_NEEDED, %edx
	jnz	old_cpu

	/* The directories of the early map. */
	mov	$PHYS(early_blocks), %edi
	mov	$BLOCK_ALL, %eax
	mov	$EARLY_BLOCKS, %ecx
1:	mov	%eax, (%edi)
	movl	$0, 4(%edi)
	add	$0x200000, %eax
	add	$8, %edi
	dec	%ecx
	jnz	1b
	mov	$PHYS(early_blocks) + 1, %eax
	mov	%eax, PHYS(early_root)
	mov	%eax, PHYS(early_root) + 16
	add	$4096, %eax
	mov	%eax, PHYS(early_root) + 24

	mov	$high, %ecx
	jmp	paging_on
high:
	mov	$boot_stack_top, %esp
	xor	%ebp, %ebp
	mov	boot_magic, %eax
	mov	boot_info, %edx
	call	boot_start

/* Switch the early map on and go on at ecx. */
paging_on:
	mov	%cr4, %eax
	or	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$PHYS(early_root), %eax
	mov	%eax, %cr3
	mov	%cr0, %eax
	and	$~CR0_CLEAR, %eax
	or	$CR0_SETUP, %eax
	mov	%eax, %cr0
	jmp	*%ecx

	/* Say why not, on the screen and the serial port, and stop. */
old_cpu:
	mov	$PHYS(old_cpu_text), %esi
	mov	$0xb8000, %edi
	mov	$0x3f8, %edx
2:	lodsb
	test	%al, %al
	jz	3f
	mov	%al, (%edi)
	movb	$7, 1(%edi)
	add	$2, %edi
	outb	%al, %dx
	jmp	2b
3:	hlt
	jmp	3b
old_cpu_text:
	.asciz	"mv6: this CPU is too old: PAE, FXSR, TSC, CMPXCHG8B and CMOV are needed\r\n"

/*
 * The first instructions of another CPU: real mode, cs = its page >> 4. What is between ap_begin
 * and ap_end runs as a copy, and reaches its data through ebx, the copy's address.
 */
	.globl ap_begin, ap_end
	.code16
ap_begin:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	movzwl	%ax, %ebx
	shl	$4, %ebx
	lea	ap_gdt - ap_begin(%ebx), %eax
	mov	%eax, ap_gdt_register - ap_begin + 2
	lea	ap_flat - ap_begin(%ebx), %eax
	mov	%eax, ap_jump - ap_begin
	lgdtl	ap_gdt_register - ap_begin
	mov	%cr0, %eax
	or	$CR0_PE, %eax
	mov	%eax, %cr0
	ljmpl	*(ap_jump - ap_begin)
	.code32
ap_flat:
	mov	$16, %eax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	$PHYS(ap_early), %eax
	jmp	*%eax
	.balign 8
ap_gdt:
	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff	/* flat code and data */
ap_gdt_register:
	.word	23
	.long	0
ap_jump:
	.long	0
	.word	8
ap_end:

	/* On the early map, then the kernel's, whose no-execute bits need EFER.NXE. */
ap_early:
	mov	$ap_high, %ecx
	jmp	paging_on
ap_high:
	cmpl	$0, pte_no_exec + 4
	je	5f
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_NXE, %eax
	wrmsr
5:	mov	boot_secondary_start, %eax	/* smp.c: root, stack, number of the CPU */
	mov	%eax, %cr3
	mov	boot_secondary_start + 4, %esp
	mov	boot_secondary_start + 8, %eax
	xor	%ebp, %ebp
	call	boot_secondary_main

	.data
	.balign 4
boot_magic:
	.long	0
boot_info:
	.long	0

	.bss
	.balign 4096
early_root:
	.skip	4096
early_blocks:
	.skip	8192
	/* The page below the boot stack stays unmapped once pmap_boot() has run. */
	.globl boot_stack_guard, boot_stack
boot_stack_guard:
	.skip	4096
boot_stack:
	.skip	KSTACK_SIZE
boot_stack_top:
