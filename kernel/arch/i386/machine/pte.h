/*
 * The encoding of page-table entries: PAE (Intel SDM volume 3, "PAE Paging").
 *
 *   63 no execute | 51..12 address | 11..9 for software | G 8 | block 7 | D 6 | A 5 | cache 4..3 |
 *   U 2 | W 1 | P 0
 *
 * The root is the page-directory-pointer table: four entries that the CPU reads when the root is
 * loaded and keeps, so those of the program's half exist as long as the map does
 * (PT_FIXED_ROOT_ENTRIES). In them all bits but P and the address are reserved.
 *
 * Every entry is made with A set, and with D if it may be written: the hardware then never writes
 * to a table. PTE_EXEC says what the no-execute bit would where the CPU has none. A parked entry is
 * a table entry with P clear and PTE_PARKED set.
 */
#pragma once

#include "lib/types.h"

typedef u64 pte_t;

#define PT_LEVELS 3
#define PT_BITS 9
#define PT_ENTRIES 512
#define PT_ROOT_ENTRIES 4
#define PT_KERNEL_ROOT_INDEX 2 /* from here on root entries are the kernel's, in all maps */
#define PT_FIXED_ROOT_ENTRIES 2
#define PT_BLOCK_LEVEL 1 /* an entry of this level can map a block of the kernel's */

#define PTE_P (1ull << 0)
#define PTE_W (1ull << 1)
#define PTE_U (1ull << 2)
#define PTE_UNCACHED (3ull << 3)
#define PTE_A (1ull << 5)
#define PTE_D (1ull << 6)
#define PTE_BLOCK (1ull << 7) /* of a level 1 entry: maps 2 MiB */
#define PTE_G (1ull << 8)
#define PTE_PARKED (1ull << 9)
#define PTE_EXEC (1ull << 10)
#define PTE_ADDRESS 0x000ffffffffff000ull

extern pte_t pte_no_exec; /* bit 63, or 0 if the CPU does not know it (cpu.c) */

/*
 * Load or store an entry of a live table. The hardware, and other CPUs, walk it at any time, and
 * the two halves are stored one after the other: P is in the lower one, and an entry of which both
 * halves change goes through "not present" or is exchanged as a whole. Whoever reads without the
 * lock reads entries for tables, whose upper half is always 0.
 */
static inline pte_t pte_get(const pte_t *e)
{
	return *(const volatile pte_t *)e;
}

static inline void pte_exchange(pte_t *e, pte_t new)
{
	pte_t old = *e;

	__asm__ volatile("1: lock cmpxchg8b %0\n\tjnz 1b"
			 : "+m"(*e), "+A"(old)
			 : "b"((u32)new), "c"((u32)(new >> 32))
			 : "memory", "cc");
}

static inline void pte_set(pte_t *e, pte_t new)
{
	volatile u32 *half = (volatile u32 *)e;
	u32 low = (u32)new, high = (u32)(new >> 32);

	if (!(low & PTE_P) || high == half[1]) {
		half[0] = low;
		half[1] = high;
	} else if (!(half[0] & PTE_P)) {
		half[1] = high;
		half[0] = low;
	} else {
		pte_exchange(e, new);
	}
}

static inline bool pte_valid(pte_t e)
{
	return e & PTE_P;
}

/* The address in a table entry, an entry for a page or a parked entry. */
static inline paddr_t pte_paddr(pte_t e)
{
	return e & PTE_ADDRESS;
}

/* An entry of a table of `level` that points at the table below. */
static inline pte_t pte_mktable(paddr_t table, unsigned level)
{
	return level == PT_LEVELS - 1 ? table | PTE_P : table | PTE_P | PTE_W | PTE_U | PTE_A;
}

/* prot: PROT_ bits, not none. What is mapped can be read. */
static inline pte_t pte_mkpage(paddr_t pa, unsigned prot, bool user)
{
	pte_t e = pa | PTE_P | PTE_A | (user ? PTE_U : PTE_G);

	if (prot & 2)
		e |= PTE_W | PTE_D;
	return e | (prot & 4 ? PTE_EXEC : pte_no_exec);
}

/* The rights that a mapping with rights prot really has. */
static inline unsigned pte_effective(unsigned prot)
{
	return prot ? prot | 1 : 0;
}

/* Device registers, for the kernel: not cached (SDM volume 3, "Memory Cache Control"). */
static inline pte_t pte_mkdevice(paddr_t pa, unsigned prot)
{
	return pte_mkpage(pa, prot, false) | PTE_UNCACHED;
}

/* What pmap_boot_map enters in a table of `level`. */
static inline pte_t pte_mkblock(paddr_t pa, unsigned prot, unsigned level)
{
	return pte_mkpage(pa, prot, false) | (level ? PTE_BLOCK : 0);
}

static inline unsigned pte_prot(pte_t e)
{
	return 1 | ((unsigned)e & PTE_W) | ((unsigned)e & PTE_EXEC) >> 8;
}

/*
 * Take from a leaf of a live table the rights that are not in prot; there is always one left, to
 * read.
 */
static inline void pte_restrict(pte_t *e, unsigned prot)
{
	volatile u32 *half = (volatile u32 *)e;

	half[0] &= (prot & 2 ? ~0u : ~(u32)PTE_W) & (prot & 4 ? ~0u : ~(u32)PTE_EXEC);
	if (!(prot & 4))
		half[1] |= (u32)(pte_no_exec >> 32);
}

static inline pte_t pte_park(pte_t table)
{
	return (table & ~PTE_P) | PTE_PARKED;
}

static inline bool pte_parked(pte_t e)
{
	return (e & (PTE_P | PTE_PARKED)) == PTE_PARKED;
}

static inline pte_t pte_unpark(pte_t e)
{
	return (e & ~PTE_PARKED) | PTE_P;
}

/*
 * After an entry was made more permissive. Nothing is needed: a CPU that still uses the older entry
 * takes a fault, which makes it forget the entry (SDM volume 3, "Recommended Invalidation").
 */
static inline void pte_publish(void)
{
	__asm__ volatile("" : : : "memory");
}
