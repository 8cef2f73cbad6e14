/*
 * Physical memory is an arena in the process; translation is done by mmu.c.
 */
#pragma once

#include <string.h>

#include "lib/types.h"
#include "machine/param.h"
#include "machine/pte.h"

struct page;

/* Where windows of the kernel would be: addresses that are entered in tables, and never accessed.
 */
#define KVA_START 0x1000000000ul
#define KVA_END 0x1040000000ul

extern ulong host_arena; /* address of physical address 0, if it were in the arena */

static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)(host_arena + pa);
}
static inline paddr_t virt_to_phys(const void *va)
{
	return (ulong)va - host_arena;
}

void mmu_load(paddr_t root);
void tlb_flush_local(ulong start, ulong end);
void tlb_flush_local_all(void);
void tlb_flush_cpus(u32 cpu_mask, ulong start, ulong end, bool all);
void icache_sync(const void *kva, size_t n);
void mmu_build_kernel_map(struct page *root);

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
