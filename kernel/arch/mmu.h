/*
 * Address translation: the direct map, switching maps, flushing what the CPUs remember of them.
 * machine/mmu.h has the direct map,
 *
 *   void *phys_to_virt(paddr_t pa)
 *   paddr_t virt_to_phys(const void *va)   also of data in the kernel image that is handed to
 *                                          devices
 *
 * and void page_clear(void *page), void page_copy(void *dst, const void *src) for whole,
 * page-aligned pages.
 */
#pragma once

#include "lib/types.h"
#include "machine/mmu.h"

/*
 * Load the map with this root table on this CPU; its translations of user addresses are
 * forgotten. Interrupts off.
 */
void mmu_load(paddr_t root);

/* Forget this CPU's translations of [start, end), of all pages not the kernel's. */
void tlb_flush_local(ulong start, ulong end);
void tlb_flush_local_all(void);
/*
 * Forget the translations of [start, end) (all: of everything not the kernel's) on the CPUs of
 * cpu_mask, by CPU number; this CPU's bit is ignored. Returns when it is done. Any context, but no
 * lock held that is taken with interrupts off.
 */
void tlb_flush_cpus(u32 cpu_mask, ulong start, ulong end, bool all);
/*
 * The n bytes at kva (direct map) were written and will be executed: every CPU sees them. Any
 * context.
 */
void icache_sync(const void *kva, size_t n);

/*
 * Fill the kernel's half of its map (boot, once) by pmap_boot_map: the direct map of all RAM, the
 * kernel image with its sections' rights.
 */
void mmu_build_kernel_map(void);
