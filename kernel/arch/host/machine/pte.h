/*
 * Page-table entries: three levels of 512, as Sv39 has them, with an encoding of its own.
 *
 *   63..12 address | PARKED 6 | D 5 | A 4 | X 3 | W 2 | R 1 | V 0
 *
 * A valid entry without R, W, X points to a table.
 */
#pragma once

#include "lib/types.h"

typedef u64 pte_t;

#define PT_LEVELS 3
#define PT_BITS 9
#define PT_ENTRIES 512
#define PT_ROOT_ENTRIES 512
#define PT_FIXED_ROOT_ENTRIES 0 /* of user maps: filled when the map is made, for good */
#define PT_BLOCK_LEVEL 0 /* an entry of this level can map a block of the kernel's */
#define PT_KERNEL_ROOT_INDEX 512 /* user maps have no kernel part */

#define PTE_V 1ull
#define PTE_RWX (7ull << 1)
#define PTE_W (1ull << 2)
#define PTE_A (1ull << 4)
#define PTE_D (1ull << 5)
#define PTE_PARKED (1ull << 6)
#define PTE_ADDRESS (~0xfffull)

/*
 * Load or store an entry of a live table as a whole: the hardware, and other CPUs, walk it at any
 * time.
 */
static inline pte_t pte_get(const pte_t *e)
{
	return __atomic_load_n(e, __ATOMIC_RELAXED);
}

static inline void pte_set(pte_t *e, pte_t new)
{
	__atomic_store_n(e, new, __ATOMIC_RELAXED);
}

static inline bool pte_valid(pte_t e)
{
	return e & PTE_V;
}

static inline bool pte_leaf(pte_t e)
{
	return (e & PTE_V) && (e & PTE_RWX);
}

static inline paddr_t pte_paddr(pte_t e)
{
	return e & PTE_ADDRESS;
}

/* An entry of a table of `level` that points at the table below. */
static inline pte_t pte_mktable(paddr_t table, unsigned level UNUSED)
{
	return table | PTE_V;
}

/* The rights that an entry made for prot gives: a page that may be written may be read. */
static inline unsigned pte_effective(unsigned prot)
{
	return prot & 2 ? prot | 1 : prot;
}

static inline pte_t pte_mkpage(paddr_t pa, unsigned prot, bool user UNUSED)
{
	return pa | PTE_V | PTE_A | (prot & 2 ? PTE_D : 0) | (pte_t)pte_effective(prot) << 1;
}

static inline pte_t pte_mkdevice(paddr_t pa, unsigned prot)
{
	return pte_mkpage(pa, prot, false);
}

/* What pmap_boot_map enters in a table of `level`. */
static inline pte_t pte_mkblock(paddr_t pa, unsigned prot, unsigned level UNUSED)
{
	return pte_mkpage(pa, prot, false);
}

static inline unsigned pte_prot(pte_t e)
{
	return (e >> 1) & 7;
}

static inline void pte_restrict(pte_t *e, unsigned prot)
{
	pte_set(e, *e & ~((pte_t)(~pte_effective(prot) & 7) << 1));
}

static inline pte_t pte_park(pte_t table)
{
	return (table & ~PTE_V) | PTE_PARKED;
}

static inline bool pte_parked(pte_t e)
{
	return !(e & PTE_V) && (e & PTE_PARKED);
}

static inline pte_t pte_unpark(pte_t e)
{
	return (e & ~PTE_PARKED) | PTE_V;
}

static inline void pte_publish(void)
{
}
