/*
 * Sizes and limits of this machine: RV64 with Sv39 (Privileged ISA, "Sv39: Page-Based 39-bit
 * Virtual-Memory System").
 *
 * Virtual addresses are 39 bits, sign-extended. The lower half belongs to the program; the upper
 * half is the kernel's:
 *
 *   0xffffffc000000000  PHYS_BASE: all of RAM (the direct map), up to 96 GiB of physical addresses
 *   0xffffffd800000000  KVA_START: kernel stacks, windows on devices; 1 GiB, one root entry
 *   0xffffffff80000000  KERNEL_BASE: the kernel image, as linked; 1 GiB, one root entry
 */
#pragma once

#define PAGE_SHIFT 12

#define USER_TOP (1ul << 38)	       /* first address that is not the program's */
#define MMAP_MIN 0x8000ul	       /* mappings begin here or above */
#define MMAP_BASE 0x40000000ul	       /* where the search for a free gap begins */
#define STACK_TOP (USER_TOP - 0x1000ul) /* top of the first stack */

#define MAX_CPUS 8
#define KSTACK_SIZE 16384
#define MAX_MAPS_DEFAULT 1048576ul     /* mappings in one address space */
#define ANON_LEVELS 5		       /* of 6 bits, over pages: 2^42 bytes */
#define KVA_START 0xffffffd800000000ul /* kernel windows (vm/kva.c) */
#define KVA_END 0xffffffd840000000ul

/* Private to this machine's folder. */
#define PHYS_BASE 0xffffffc000000000ul
#define PHYS_LIMIT (96ull << 30)       /* end of what the direct map can hold */
#define KERNEL_BASE 0xffffffff80000000ul
#define KERNEL_PHYS 0x80000000ul       /* what KERNEL_BASE maps */
