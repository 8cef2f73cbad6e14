/*
 * Page tables: one walker for all machines, over machine/pte.h.
 *
 * A pmap is a cache of what the vmas, the anon table and the objects say. An entry may vanish at
 * any time and a fault rebuilds it; only faults put entries in. Nothing but the translation hangs
 * off an entry.
 *
 * - Removing an entry or taking rights from it goes into a batch (tlb.h). - Adding rights needs no
 * remote flush: a CPU with the older entry takes a spurious fault, and vm_fault answers OK. - A
 * table can be *parked*: its entry in the level above is made invalid for the hardware but keeps
 * the address. Fork parks what
 *   it would have to write-protect; the next pmap_prepare there takes write rights from the
 *   table's entries and puts it back.
 *
 * Lock: pm->lock, taken inside; pmap_prepare may allocate. Tables are freed only with the address
 * space's lock held for writing, so a prepared table stays until the caller's read lock is dropped.
 */
#pragma once

#include "lib/lock.h"
#include "lib/types.h"
#include "machine/pte.h"
#include "vm/page.h"
#include "vm/tlb.h"

/* Rights of a mapping, of an access, and PROT_ of the system calls alike. */
enum prot {
	PROT_NONE = 0,
	PROT_READ = 1,
	PROT_WRITE = 2,
	PROT_EXEC = 4,
	PROT_ALL = 7,
};

struct pmap {
	struct spinlock lock;	/* RANK_PMAP */
	struct page *root;	/* (c) the top table, */
	void *top;		/* (c) and where it lies */
	struct list tables;	/* (p) all tables below it, by page->link */
	u32 active;		/* (a) bit a CPU that has this pmap loaded */
	ulong resident, peak;	/* (p) user pages entered; and the most so far, but see pmap_peak */
	ulong empty_tables;	/* (p) level 0 tables without an entry */
};

/*
 * Boot: build the kernel's own map in kernel_pmap from what the machine tells (machine/mmu.h) and
 * load it.
 */
extern struct pmap kernel_pmap;
void pmap_boot(void);
/*
 * For mmu_build_kernel_map: map [va, end), page-aligned, to pa onwards in the kernel's map, in the
 * biggest blocks that fit.
 */
void pmap_boot_map(ulong va, ulong end, paddr_t pa, unsigned prot);

/* An empty user map that shares the kernel's half. -ENOMEM. */
int pmap_create(struct pmap *pm);
/* Free all tables. No CPU has pm active, and nothing is entered that a CPU may still use. */
void pmap_destroy(struct pmap *pm);
/*
 * Load pm (NULL: the kernel's) on this CPU. Interrupts off. Marks this CPU active before it loads
 * and inactive in the old one after.
 */
void pmap_switch(struct pmap *pm);

/*
 * Make the tables for va, unparked, and return va's entry: good while the address-space lock, which
 * is held (read is enough), is not dropped. NULL if there is no memory; no other call can fail.
 */
pte_t *pmap_prepare(struct pmap *pm, ulong va);
/*
 * Map va to page with prot, replacing what is there; the entry is marked accessed, and dirty if
 * writable. e is va's entry, from pmap_prepare. Cannot fail or sleep. Syncs the instruction cache
 * if prot has PROT_EXEC.
 */
void pmap_enter(struct pmap *pm, pte_t *e, ulong va, struct page *page, unsigned prot,
	struct batch *b);
/*
 * Enter n read-only neighbours (NULL: none) from va on where nothing is entered yet; all lie in the
 * table that was prepared for va.
 */
void pmap_enter_absent(
	struct pmap *pm, ulong va, struct page *const *pages, unsigned n, unsigned prot);
/* Drop the entries of [start, end). */
void pmap_remove(struct pmap *pm, ulong start, ulong end, struct batch *b);
/*
 * Are there more empty tables than are worth keeping? Free those that lie wholly inside [lo, hi), a
 * range without vmas. Address-space lock held for writing.
 */
bool pmap_trim_due(const struct pmap *pm);
void pmap_trim(struct pmap *pm, ulong lo, ulong hi, struct batch *b);
/* Restrict the entries of [start, end) to prot; never adds rights. */
void pmap_protect(struct pmap *pm, ulong start, ulong end, unsigned prot, struct batch *b);
/* Take PROT_WRITE from [start, end) for fork: parks whole tables where that is cheaper. */
void pmap_fork_protect(struct pmap *pm, ulong start, ulong end, struct batch *b);
/*
 * Drop the entry of va if it maps page; or take PROT_WRITE from it (before write-back, so that the
 * next store is seen). True if that changed something. The caller records va in its batch in either
 * case: somebody else may have dropped the entry and not flushed yet.
 */
bool pmap_unmap_page(struct pmap *pm, ulong va, struct page *page);
bool pmap_clean_page(struct pmap *pm, ulong va, struct page *page);
/* The most pages that were entered at once. */
static inline ulong pmap_peak(const struct pmap *pm)
{
	return pm->resident > pm->peak ? pm->resident : pm->peak;
}
/* What is entered at va; false if nothing. For checks and figures. */
bool pmap_lookup(struct pmap *pm, ulong va, struct page **page, unsigned *prot);
/* The first address from va on at which a page is entered; `end` if there is none before. */
ulong pmap_next(struct pmap *pm, ulong va, ulong end);
/* How many pages are entered in [start, end), calling fn (may be NULL) for each under pm->lock. */
ulong pmap_count(struct pmap *pm, ulong start, ulong end,
		 void (*fn)(void *arg, struct page *page, unsigned prot), void *arg);

/*
 * Kernel windows: map or unmap one page at va in the kernel's part, in every pmap at once. Tables
 * for kernel windows exist from boot on or are made here (-ENOMEM).
 */
int pmap_kenter(ulong va, paddr_t pa, unsigned prot, bool device);
void pmap_kremove(ulong va, struct batch *b);
