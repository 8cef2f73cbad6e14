/*
 * Allocation failures on purpose: tests make the n-th allocation fail and see that the call which
 * wanted it undoes itself. Debug builds and the host only.
 */
#pragma once

#include "lib/types.h"

#ifdef DEBUG
/* To be asked by page_alloc, kmem_alloc and kmalloc first thing. */
bool alloc_should_fail(void);
/*
 * The first-th allocation from now on fails, and then every `every`-th after it (0: none). first 0
 * ends it.
 */
void alloc_fail(ulong first, ulong every);
/* Allocations asked for since alloc_fail; how many of them were made to fail. */
ulong alloc_fail_asked(void);
ulong alloc_fail_failed(void);
#else
static inline bool alloc_should_fail(void)
{
	return false;
}
#endif
