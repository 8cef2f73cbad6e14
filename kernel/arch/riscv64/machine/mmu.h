/*
 * Address translation: the direct map, switching maps, flushing what the CPUs remember of them.
 */
#pragma once

#include "lib/types.h"
#include "machine/param.h"
#include "machine/pte.h"

struct page;

/*
 * Kernel windows (vm/kva.c). The level-1 table of this range exists from mmu_build_kernel_map on.
 */
#define KVA_START 0xffffffd800000000ul
#define KVA_END 0xffffffd840000000ul

/* The direct map. */
static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)(PHYS_BASE + pa);
}

/* va: an address in the direct map, or in the kernel image (data handed to devices). */
static inline paddr_t virt_to_phys(const void *va)
{
	ulong a = (ulong)va;

	return a >= KERNEL_BASE ? a - KERNEL_BASE + KERNEL_PHYS : a - PHYS_BASE;
}

/*
 * Load the map with this root table on this CPU; its translations of user addresses are
 * forgotten. Interrupts off.
 */
void mmu_load(paddr_t root);

/* Forget this CPU's translations of [start, end), of all pages not the kernel's. */
void tlb_flush_local(ulong start, ulong end);
void tlb_flush_local_all(void);
/*
 * Forget the translations of [start, end) (all: of everything) on the CPUs of cpu_mask, by CPU
 * number; this CPU's bit is ignored. Returns when it is done. Any context.
 */
void tlb_flush_cpus(u32 cpu_mask, ulong start, ulong end, bool all);
/*
 * The n bytes at kva (direct map) were written and will be executed: every CPU sees them. Any
 * context.
 */
void icache_sync(const void *kva, size_t n);

/*
 * Fill the kernel's half of an empty root table (boot, once): the direct map of all RAM, the
 * kernel image with its sections' rights, and every table that kernel windows hang off, so that
 * user maps copy the root entries once and for all.
 */
void mmu_build_kernel_map(struct page *root);

/* Whole pages, page-aligned (page.S). */
void page_clear(void *page);
void page_copy(void *dst, const void *src);
