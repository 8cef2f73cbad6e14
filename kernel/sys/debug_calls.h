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
