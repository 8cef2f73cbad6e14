/*
 * Sizes and limits of the machine inside a process of the host: what Sv39 has, but for the kernel,
 * which lives where the process has put it. User addresses are numbers that only the software
 * walker (mmu.c) understands; they lie below everything in the process, so that the copy functions
 * can tell which side is which.
 */
#pragma once

#define PAGE_SHIFT 12

#define USER_TOP (1ul << 38)
#define MMAP_MIN 0x8000ul
#define MMAP_BASE 0x40000000ul
#define STACK_TOP (USER_TOP - 0x1000ul)

#define MAX_CPUS 8
#define KSTACK_SIZE 16384
#define MAX_MAPS_DEFAULT 1048576ul
#define ANON_LEVELS 5
/*
 * Where windows of the kernel would be: addresses that are entered in tables, and never accessed.
 */
#define KVA_START 0x1000000000ul
#define KVA_END 0x1040000000ul

/* Private to this machine's folder: the first physical address. Not 0, which would hide mistakes.
 */
#define PHYS_FIRST 0x1000000ul
