/*
 * The debug calls: numbers of system calls that Linux has not. The kernel has them when it was booted
 * with ktest=1; otherwise they are ENOSYS, as on Linux. For the kernel, user/lib and test programs:
 * nothing but numbers.
 */
#pragma once

/* kmalloc(int n): the address of a block of the kernel's, which a program cannot reach; or 0. */
#define DEBUG_CALL_KMALLOC 0x6d7601
/* kmfree(void *p): 0, also for NULL; EINVAL for what is no live block of the call above. */
#define DEBUG_CALL_KMFREE 0x6d7602
/* Print the caller's mappings on the console. 0 or -ENOMEM. */
#define DEBUG_CALL_DUMP_MAPS 0x6d7603
/* Print the allocators' free blocks, caches and accounts on the console. 0 or -ENOMEM. */
#define DEBUG_CALL_DUMP_KMALLOC 0x6d7604
/*
 * Check all address spaces, the objects that they map, pages and blocks: the number of damaged blocks
 * that were found, each with a report on the console. A broken invariant is a panic. EAGAIN if the
 * counts of pages do not come to rest.
 */
#define DEBUG_CALL_CHECK 0x6d7605
/*
 * misuse(int kind): misuse the kernel's allocator in one of the ways of kernel/sys/misuse.h, numbered
 * from 0, which the kernel reports. 0; EINVAL for other numbers; ENOMEM.
 */
#define DEBUG_CALL_MISUSE 0x6d7606
