/*
 * Physical memory is an arena in the process; translation is done by mmu.c.
 */
#pragma once

#include <string.h>

#include "lib/types.h"
extern ulong host_arena; /* address of physical address 0, if it were in the arena */

static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)(host_arena + pa);
}
static inline paddr_t virt_to_phys(const void *va)
{
	return (ulong)va - host_arena;
}

/*
 * Tests that want to come in between: called, if set, after a page was cleared or copied. In the
 * fault path that is where another CPU can have done anything.
 */
extern void (*host_page_hook)(void);

static inline void page_clear(void *page)
{
	memset(page, 0, 4096);
	if (host_page_hook)
		host_page_hook();
}
static inline void page_copy(void *dst, const void *src)
{
	memcpy(dst, src, 4096);
	if (host_page_hook)
		host_page_hook();
}
