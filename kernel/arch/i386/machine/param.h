/*
 * Sizes and limits of this machine: a 32-bit PC with PAE (Intel SDM volume 3, "PAE Paging").
 *
 * The lower half of the address space belongs to the program; the upper half is the kernel's:
 *
 *   0x80000000  KERNEL_BASE: RAM from physical 0 on (the direct map), up to 1,792 MiB; the kernel
 *               image lies in it, at physical 1 MiB
 *   0xf0000000  KVA_START: kernel stacks, windows on devices
 *   0xffc00000  KVA_END; above it nothing is mapped
 */
#pragma once

#ifdef __ASSEMBLER__
#define UL(number) number
#else
#define UL(number) number##ul
#endif

#define PAGE_SHIFT 12

#define USER_TOP UL(0x80000000)	       /* first address that is not the program's */
#define MMAP_MIN UL(0x10000)	       /* mappings begin here or above */
#define MMAP_BASE UL(0x40000000)	       /* where the search for a free gap begins */
#define STACK_TOP (USER_TOP - UL(0x1000)) /* top of the first stack */

#define MAX_CPUS 8
#define KSTACK_SIZE 16384
#define MAX_MAPS_DEFAULT 65530ul       /* mappings in one address space */
#define ANON_LEVELS 4		       /* of 6 bits, over pages: 2^36 bytes */
#define KVA_START UL(0xf0000000)	       /* kernel windows (vm/kva.c) */
#define KVA_END UL(0xffc00000)

/* Private to this machine's folder. */
#define KERNEL_BASE UL(0x80000000)
#define PHYS_LIMIT (KVA_START - KERNEL_BASE) /* end of what the direct map can hold */
