/*
 * The encoding of page-table entries: Sv39 (Privileged ISA, "Sv39", "Addressing and Memory
 * Protection").
 *
 *   63..54 zero | 53..10 physical page number | 9..8 for software | D A G U X W R V
 *
 * A valid entry with R, W and X clear points to the next table. Every leaf is entered with A set,
 * and with D if it may be written: the kernel keeps neither and hardware without A/D updating
 * would fault for them. A parked entry is a table entry with V clear and PTE_PARKED set.
 */
#pragma once

#include "lib/types.h"

typedef u64 pte_t;

#define PT_LEVELS 3
#define PT_BITS 9
#define PT_ENTRIES 512
#define PT_ROOT_ENTRIES 512
#define PT_FIXED_ROOT_ENTRIES 0 /* of user maps: filled when the map is made, for good */
#define PT_BLOCK_LEVEL 2 /* an entry of this level can map a block of the kernel's */
#define PT_KERNEL_ROOT_INDEX 256 /* from here on root entries are the kernel's, in all maps */

#define PTE_V (1ull << 0)
#define PTE_R (1ull << 1)
#define PTE_W (1ull << 2)
#define PTE_X (1ull << 3)
#define PTE_U (1ull << 4)
#define PTE_G (1ull << 5)
#define PTE_A (1ull << 6)
#define PTE_D (1ull << 7)
#define PTE_PARKED (1ull << 8)
#define PTE_PPN_SHIFT 10
#define PTE_PPN_MASK ((1ull << 44) - 1)

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

/* The address in a table entry, leaf or parked entry. */
static inline paddr_t pte_paddr(pte_t e)
{
	return ((e >> PTE_PPN_SHIFT) & PTE_PPN_MASK) << 12;
}

/* An entry of a table of `level` that points at the table below. */
static inline pte_t pte_mktable(paddr_t table, unsigned level UNUSED)
{
	return (table >> 12) << PTE_PPN_SHIFT | PTE_V;
}

/*
 * prot: PROT_ bits, not none; R W X are the same bits one place up. A page that may be written may
 * be read: W without R is reserved.
 */
static inline pte_t pte_mkpage(paddr_t pa, unsigned prot, bool user)
{
	pte_t e = (pa >> 12) << PTE_PPN_SHIFT | PTE_V | PTE_A | (pte_t)prot << 1;

	if (e & PTE_W)
		e |= PTE_R | PTE_D;
	return e | (user ? PTE_U : PTE_G);
}

/*
 * The rights that a mapping with rights prot really has: a page that may be written may be read.
 * An executable page need not be readable here.
 */
static inline unsigned pte_effective(unsigned prot)
{
	return prot & 2 ? prot | 1 : prot;
}

/*
 * Device registers, for the kernel. QEMU's and most boards' memory attributes are fixed by
 * physical address (PMA).
 */
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

/*
 * Take from a leaf of a live table the rights that are not in prot. Without any right left it is no
 * leaf: the caller removes it instead.
 */
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

/*
 * After an entry was made more permissive. No fence is needed: a CPU that still uses the older
 * entry takes a fault, and the fault's answer is to try again (Privileged ISA, "Supervisor
 * Memory-Management Fence Instruction").
 */
static inline void pte_publish(void)
{
	__asm__ volatile("" : : : "memory");
}
