/*
 * Page tables: the walker.
 *
 * Owns the tables of all address spaces and of the kernel. A table is one page of PT_ENTRIES
 * entries; level 0 tables map pages, the root has level PT_LEVELS - 1. (On some machines the root
 * is smaller, and has entries that are fixed: their tables live as long as the map.) Each table's
 * struct page counts its entries that are valid or parked; a table's entry in the level above stays
 * as long as the table. Parked entries exist at level 1 only.
 *
 * Who may look without pm->lock: pmap_prepare, because tables go and are parked only while the
 * address space's lock is held for writing. All stores to tables of level 0, and all links between
 * tables, are made under pm->lock.
 *
 * Empty tables are kept, up to PMAP_SPARE_TABLES of them: a program that maps and unmaps one page
 * again and again should not pay for a table each time.
 */
#include "vm/pmap.h"

#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "arch/mmu.h"
#include "machine/pte.h"
#include "proc/thread.h"

#define PMAP_SPARE_TABLES 32
#define TABLE_SPAN (1ul << (PAGE_SHIFT + PT_BITS)) /* what one level 0 table covers */
/* Fork write-protects up to this many entries of a table one by one; above, it parks the table. */
#define PARK_MIN_PAGES 64

struct pmap kernel_pmap;

static inline unsigned pt_shift(unsigned level)
{
	return PAGE_SHIFT + PT_BITS * level;
}

static inline unsigned pt_index(ulong va, unsigned level)
{
	return (va >> pt_shift(level)) & (PT_ENTRIES - 1);
}

static inline bool entry_present(pte_t e)
{
	return pte_valid(e) || pte_parked(e);
}

static inline pte_t *entry_table(pte_t e)
{
	return phys_to_virt(pte_paddr(e));
}

static inline struct page *table_page(const pte_t *entry)
{
	return page_of(virt_to_phys(entry));
}

/*
 * Store an entry that opens a way for the hardware, which then sees what was stored to the page or
 * table before. Other CPUs walk the tables without our lock, and a store that only takes away may
 * come to them late: there is the flush for that.
 */
static inline void entry_open(pte_t *e, pte_t new)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	pte_set(e, new);
}

/*
 * The entry for va at `level`; NULL if a table on the way is missing. Looks through parked entries.
 */
static pte_t *entry_find(const struct pmap *pm, ulong va, unsigned level)
{
	pte_t *table = pm->top;

	for (unsigned l = PT_LEVELS - 1; l > level; l--) {
		pte_t e = table[pt_index(va, l)];

		if (!entry_present(e))
			return NULL;
		table = entry_table(e);
	}
	return &table[pt_index(va, level)];
}

/*
 * The first level 0 table that covers part of [*va, end), and in *up the entry that points at it.
 * *va moves up to the table's first address if it lies below. NULL if there is none. Missing upper
 * tables are skipped as a whole.
 */
static pte_t *table_next(const struct pmap *pm, ulong *va, ulong end, pte_t **up)
{
	while (*va < end) {
		pte_t *table = pm->top;
		unsigned level = PT_LEVELS - 1;

		for (;; level--) {
			pte_t *e = &table[pt_index(*va, level)];

			if (!entry_present(*e))
				break;
			table = entry_table(*e);
			if (level == 1) {
				*up = e;
				return table;
			}
		}
		*va = ALIGN_DOWN(*va, 1ul << pt_shift(level)) + (1ul << pt_shift(level));
	}
	return NULL;
}

static inline ulong table_end(ulong va, ulong end)
{
	return MIN(end, ALIGN_DOWN(va, TABLE_SPAN) + TABLE_SPAN);
}

static struct page *table_alloc(unsigned flags)
{
	struct page *p = page_alloc(0, flags | ALLOC_WAIT);

	if (p) {
		page_set_kind(p, PAGE_PTABLE);
		p->entries = 0;
	}
	return p;
}

/*
 * The table that *e, an entry of a table of `level`, points at; made if there is none. Boot only.
 */
static pte_t *boot_table(pte_t *e, unsigned level)
{
	if (!pte_valid(*e)) {
		struct page *p = table_alloc(ALLOC_ZERO);

		if (!p)
			panic("no memory for the kernel's page tables");
		*e = pte_mktable(page_paddr(p), level);
		table_page(e)->entries++;
	}
	return entry_table(*e);
}

/* The entry for va at `level` in the kernel's map; the tables on the way are made. Boot only. */
static pte_t *boot_entry_of(ulong va, unsigned level)
{
	pte_t *table = kernel_pmap.top;

	for (unsigned l = PT_LEVELS - 1; l > level; l--)
		table = boot_table(&table[pt_index(va, l)], l);
	return &table[pt_index(va, level)];
}

void pmap_boot_map(ulong va, ulong end, paddr_t pa, unsigned prot)
{
	while (va < end) {
		unsigned level = PT_BLOCK_LEVEL;
		pte_t *e;

		while (level > 0 && (((va | (ulong)pa) & ((1ul << pt_shift(level)) - 1)) ||
					    end - va < 1ul << pt_shift(level)))
			level--;
		e = boot_entry_of(va, level);
		*e = pte_mkblock(pa, prot, level);
		table_page(e)->entries++;
		va += 1ul << pt_shift(level);
		pa += 1ul << pt_shift(level);
	}
}

void pmap_boot(void)
{
	spin_init(&kernel_pmap.lock, "kernel pmap", RANK_PMAP);
	list_init(&kernel_pmap.tables);
	kernel_pmap.root = table_alloc(ALLOC_ZERO);
	if (!kernel_pmap.root)
		panic("no memory for the kernel's page tables");
	kernel_pmap.top = page_addr(kernel_pmap.root);
	mmu_build_kernel_map();
	/* Kernel windows hang off one root entry, which every map copies. */
	boot_entry_of(KVA_START, PT_LEVELS - 2);
	mmu_load(page_paddr(kernel_pmap.root));
}

int pmap_create(struct pmap *pm)
{
	pte_t *root, *kernel = kernel_pmap.top;

	spin_init(&pm->lock, "pmap", RANK_PMAP);
	list_init(&pm->tables);
	pm->active = 0;
	pm->resident = pm->peak = pm->empty_tables = 0;
	pm->root = table_alloc(0);
	if (!pm->root)
		return -ENOMEM;
	pm->top = root = page_addr(pm->root);
	memset(root, 0, PT_KERNEL_ROOT_INDEX * sizeof(pte_t));
	memcpy(root + PT_KERNEL_ROOT_INDEX, kernel + PT_KERNEL_ROOT_INDEX,
	       (PT_ROOT_ENTRIES - PT_KERNEL_ROOT_INDEX) * sizeof(pte_t));
	for (unsigned i = 0; i != PT_FIXED_ROOT_ENTRIES; i++) {
		struct page *p = table_alloc(ALLOC_ZERO);

		if (!p) {
			pmap_destroy(pm);
			return -ENOMEM;
		}
		root[i] = pte_mktable(page_paddr(p), PT_LEVELS - 1);
		pm->root->entries++;
		list_append(&pm->tables, &p->link);
	}
	return 0;
}

void pmap_destroy(struct pmap *pm)
{
	struct page *p, *next;

	ASSERT(!__atomic_load_n(&pm->active, __ATOMIC_ACQUIRE));
	LIST_EACH_SAFE(p, next, &pm->tables, link)
		page_free(p, 0);
	page_free(pm->root, 0);
	pm->root = NULL;
}

void pmap_switch(struct pmap *pm)
{
	struct cpu *cpu = this_cpu();
	struct pmap *old = cpu->pmap;
	u32 bit = 1u << cpu->id;

	if (old == pm)
		return;
	if (pm)
		__atomic_fetch_or(&pm->active, bit, __ATOMIC_SEQ_CST);
	mmu_load(page_paddr(pm ? pm->root : kernel_pmap.root));
	cpu->pmap = pm;
	if (old)
		__atomic_fetch_and(&old->active, ~bit, __ATOMIC_RELEASE);
}

/* Put a parked table back: first take from its entries what fork meant to take. pm->lock held. */
static void unpark(pte_t *up)
{
	pte_t *e = entry_table(*up);

	for (unsigned left = table_page(e)->entries; left; e++) {
		if (!pte_valid(*e))
			continue;
		left--;
		if (pte_prot(*e) & PROT_WRITE)
			pte_restrict(e, PROT_READ | PROT_EXEC);
	}
	entry_open(up, pte_unpark(*up));
}

/* Make what is missing at *e: a table below it, or the end of its parking. -ENOMEM. */
static NOINLINE int entry_complete(struct pmap *pm, pte_t *e, unsigned level)
{
	struct page *fresh = NULL;

	if (!entry_present(pte_get(e)) && !(fresh = table_alloc(ALLOC_ZERO)))
		return -ENOMEM;
	spin_lock(&pm->lock);
	if (pte_parked(*e)) {
		unpark(e);
	} else if (!pte_valid(*e) && fresh) {
		entry_open(e, pte_mktable(page_paddr(fresh), level));
		table_page(e)->entries++;
		list_append(&pm->tables, &fresh->link);
		pm->empty_tables += level == 1;
		fresh = NULL;
	}
	spin_unlock(&pm->lock);
	if (fresh)
		page_free(fresh, 0);
	pte_publish();
	return 0;
}

pte_t *pmap_prepare(struct pmap *pm, ulong va)
{
	pte_t *table = pm->top;

	for (unsigned level = PT_LEVELS - 1; level > 0; level--) {
		pte_t *e = &table[pt_index(va, level)];

		if (UNLIKELY(!pte_valid(pte_get(e))) && entry_complete(pm, e, level) < 0)
			return NULL;
		table = entry_table(pte_get(e));
	}
	return &table[pt_index(va, 0)];
}

/* One entry became valid (+1) or invalid (-1) in the level 0 table that holds it. pm->lock held. */
static inline void count_entries(struct pmap *pm, pte_t *table, long n)
{
	struct page *p = table_page(table);

	if (n == 0)
		return;
	if (p->entries == 0)
		pm->empty_tables--;
	if (n < 0)
		pm->peak = pmap_peak(pm);
	p->entries += n;
	pm->resident += n;
	if (p->entries == 0)
		pm->empty_tables++;
}

/*
 * The instruction fetch must see what is in a page that becomes executable: once, until it is
 * written again.
 */
static void sync_fetch(struct page *page, unsigned prot)
{
	if (prot & PROT_WRITE)
		page_clear_flags(page, PAGE_FETCHABLE);
	if ((prot & PROT_EXEC) && !(page->flags & PAGE_FETCHABLE)) {
		icache_sync(page_addr(page), PAGE_SIZE);
		if (!(prot & PROT_WRITE))
			page_set_flags(page, PAGE_FETCHABLE);
	}
}

void pmap_enter(struct pmap *pm, pte_t *e, ulong va, struct page *page, unsigned prot,
	struct batch *b)
{
	pte_t new = pte_mkpage(page_paddr(page), prot, true), old;
	bool stale = false;

	if (prot & (PROT_EXEC | PROT_WRITE))
		sync_fetch(page, prot);
	spin_lock(&pm->lock);
	old = *e;
	entry_open(e, new);
	if (!pte_valid(old)) {
		count_entries(pm, e, 1);
	} else {
		stale = pte_paddr(old) != pte_paddr(new) || (pte_prot(old) & ~pte_prot(new));
		if (!stale)
			/* Rights were added, or the fault was spurious. */
			tlb_flush_local(va, va + PAGE_SIZE);
	}
	spin_unlock(&pm->lock);
	pte_publish();
	if (stale)
		batch_add(b, pm, va, va + PAGE_SIZE);
}

void pmap_enter_absent(
	struct pmap *pm, ulong va, struct page *const *pages, unsigned n, unsigned prot)
{
	long entered = 0;
	pte_t *e;

	if (prot & PROT_EXEC)
		for (unsigned i = 0; i < n; i++)
			if (pages[i])
				sync_fetch(pages[i], prot);
	spin_lock(&pm->lock);
	e = entry_find(pm, va, 0);
	__atomic_thread_fence(__ATOMIC_RELEASE); /* as entry_open, once for all */
	for (unsigned i = 0; i < n; i++) {
		if (!pages[i] || pte_valid(e[i]))
			continue;
		pte_set(&e[i], pte_mkpage(page_paddr(pages[i]), prot, true));
		entered++;
	}
	count_entries(pm, e, entered);
	spin_unlock(&pm->lock);
	pte_publish();
}

void pmap_remove(struct pmap *pm, ulong start, ulong end, struct batch *b)
{
	ulong va = start, stop;
	pte_t *table, *up;

	for (;; va = stop) {
		ulong first = 0, last = 0;
		long n = 0;

		spin_lock(&pm->lock);
		table = table_next(pm, &va, end, &up);
		if (!table)
			break;
		stop = table_end(va, end);
		if (table_page(table)->entries == 0)
			va = stop;
		for (pte_t *e = &table[pt_index(va, 0)]; va < stop; e++, va += PAGE_SIZE) {
			if (!*e)
				continue;
			pte_set(e, 0);
			if (n++ == 0)
				first = va;
			last = va;
		}
		count_entries(pm, table, -n);
		spin_unlock(&pm->lock);
		if (n)
			batch_add(b, pm, first, last + PAGE_SIZE);
	}
	spin_unlock(&pm->lock);
}

/*
 * Unlink and free the tables inside [lo, hi) that are empty below `table` of `level`, which begins
 * at base. pm->lock held.
 */
static bool trim_tables(struct pmap *pm, pte_t *table, unsigned level, ulong base, ulong lo,
	ulong hi, struct batch *b)
{
	ulong span = 1ul << pt_shift(level);
	ulong from = MAX(lo, base), to = MIN(hi - 1, base + (span << PT_BITS) - 1);
	bool any = false;

	for (unsigned i = pt_index(from, level); i <= pt_index(to, level); i++) {
		ulong at = base + i * span;
		pte_t *below = entry_table(table[i]);

		if (!entry_present(table[i]))
			continue;
		if (level > 1)
			any |= trim_tables(pm, below, level - 1, at, lo, hi, b);
		if (at < lo || hi - at < span || table_page(below)->entries)
			continue;
		if (level == PT_LEVELS - 1 && PT_FIXED_ROOT_ENTRIES != 0)
			continue;
		pte_set(&table[i], 0);
		table_page(table)->entries--;
		pm->empty_tables -= level == 1;
		list_remove(&table_page(below)->link);
		batch_put_page(b, table_page(below));
		any = true;
	}
	return any;
}

bool pmap_trim_due(const struct pmap *pm)
{
	return pm->empty_tables > PMAP_SPARE_TABLES;
}

void pmap_trim(struct pmap *pm, ulong lo, ulong hi, struct batch *b)
{
	bool any;

	spin_lock(&pm->lock);
	any = trim_tables(pm, pm->top, PT_LEVELS - 1, 0, lo, hi, b);
	spin_unlock(&pm->lock);
	if (any)
		batch_add_all(b, pm);
}

/*
 * Restrict the entries of one table in [va, stop) to prot, and drop those that have no right left;
 * [*first, *last) will hold those that lost one. pm->lock held.
 */
static void restrict_entries(struct pmap *pm, pte_t *table, ulong va, ulong stop, unsigned prot,
	ulong *first, ulong *last)
{
	long dropped = 0;

	for (pte_t *e = &table[pt_index(va, 0)]; va < stop; e++, va += PAGE_SIZE) {
		if (!pte_valid(*e) || !(pte_prot(*e) & ~prot))
			continue;
		if (pte_prot(*e) & prot) {
			pte_restrict(e, prot);
		} else {
			pte_set(e, 0);
			dropped++;
		}
		if (*last == 0)
			*first = va;
		*last = va + PAGE_SIZE;
	}
	count_entries(pm, table, -dropped);
}

void pmap_protect(struct pmap *pm, ulong start, ulong end, unsigned prot, struct batch *b)
{
	ulong va = start, stop;
	pte_t *table, *up;

	if (prot == PROT_NONE) {
		pmap_remove(pm, start, end, b);
		return;
	}
	for (;; va = stop) {
		ulong first = 0, last = 0;

		spin_lock(&pm->lock);
		table = table_next(pm, &va, end, &up);
		if (!table)
			break;
		stop = table_end(va, end);
		if (table_page(table)->entries)
			restrict_entries(pm, table, va, stop, prot, &first, &last);
		spin_unlock(&pm->lock);
		if (last)
			batch_add(b, pm, first, last);
	}
	spin_unlock(&pm->lock);
}

void pmap_fork_protect(struct pmap *pm, ulong start, ulong end, struct batch *b)
{
	ulong va = start, stop;
	pte_t *table, *up;

	for (;; va = stop) {
		ulong first = 0, last = 0;

		spin_lock(&pm->lock);
		table = table_next(pm, &va, end, &up);
		if (!table)
			break;
		stop = table_end(va, end);
		if (pte_parked(*up) || table_page(table)->entries == 0) {
			/* nothing the hardware could use */
		} else if (stop - va > PARK_MIN_PAGES * PAGE_SIZE) {
			pte_set(up, pte_park(*up));
			last = USER_TOP;
		} else {
			restrict_entries(pm, table, va, stop, PROT_READ | PROT_EXEC, &first, &last);
		}
		spin_unlock(&pm->lock);
		if (last)
			batch_add(b, pm, first, last);
	}
	spin_unlock(&pm->lock);
}

bool pmap_unmap_page(struct pmap *pm, ulong va, struct page *page)
{
	bool mapped;
	pte_t *e;

	spin_lock(&pm->lock);
	e = entry_find(pm, va, 0);
	mapped = e && pte_valid(*e) && pte_paddr(*e) == page_paddr(page);
	if (mapped) {
		pte_set(e, 0);
		count_entries(pm, e, -1);
	}
	spin_unlock(&pm->lock);
	return mapped;
}

bool pmap_clean_page(struct pmap *pm, ulong va, struct page *page)
{
	bool writable;
	pte_t *e;

	spin_lock(&pm->lock);
	e = entry_find(pm, va, 0);
	writable = e && pte_valid(*e) && pte_paddr(*e) == page_paddr(page) &&
		(pte_prot(*e) & PROT_WRITE);
	if (writable)
		pte_restrict(e, PROT_READ | PROT_EXEC);
	spin_unlock(&pm->lock);
	return writable;
}

bool pmap_lookup(struct pmap *pm, ulong va, struct page **page, unsigned *prot)
{
	bool mapped;
	pte_t *e;

	spin_lock(&pm->lock);
	e = entry_find(pm, va, 0);
	mapped = e && pte_valid(*e);
	if (mapped) {
		*page = page_of(pte_paddr(*e));
		*prot = pte_prot(*e);
		if (pte_parked(*entry_find(pm, va, 1)))
			*prot &= ~(unsigned)PROT_WRITE;
	}
	spin_unlock(&pm->lock);
	return mapped;
}

ulong pmap_count(struct pmap *pm, ulong start, ulong end,
	void (*fn)(void *arg, struct page *page, unsigned prot), void *arg)
{
	ulong va = start, n = 0, stop;
	pte_t *table, *up;

	for (;; va = stop) {
		spin_lock(&pm->lock);
		table = table_next(pm, &va, end, &up);
		if (!table)
			break;
		stop = table_end(va, end);
		for (pte_t *e = &table[pt_index(va, 0)]; va < stop; e++, va += PAGE_SIZE) {
			if (!pte_valid(*e))
				continue;
			n++;
			if (fn)
				fn(arg, page_of(pte_paddr(*e)), pte_prot(*e));
		}
		spin_unlock(&pm->lock);
	}
	spin_unlock(&pm->lock);
	return n;
}

ulong pmap_next(struct pmap *pm, ulong va, ulong end)
{
	pte_t *table, *up;
	ulong stop;

	for (;; va = stop) {
		spin_lock(&pm->lock);
		table = table_next(pm, &va, end, &up);
		if (!table)
			break;
		stop = table_end(va, end);
		for (pte_t *e = &table[pt_index(va, 0)]; va < stop && !pte_valid(*e); e++)
			va += PAGE_SIZE;
		if (va < stop)
			break;
		spin_unlock(&pm->lock);
	}
	spin_unlock(&pm->lock);
	return table ? va : end;
}

int pmap_kenter(ulong va, paddr_t pa, unsigned prot, bool device)
{
	pte_t *e = pmap_prepare(&kernel_pmap, va);

	if (!e)
		return -ENOMEM;
	spin_lock(&kernel_pmap.lock);
	ASSERT(!pte_valid(*e));
	entry_open(e, device ? pte_mkdevice(pa, prot) : pte_mkpage(pa, prot, false));
	table_page(e)->entries++;
	spin_unlock(&kernel_pmap.lock);
	pte_publish();
	return 0;
}

void pmap_kremove(ulong va, struct batch *b)
{
	pte_t *e;

	spin_lock(&kernel_pmap.lock);
	e = entry_find(&kernel_pmap, va, 0);
	ASSERT(e && pte_valid(*e));
	pte_set(e, 0);
	table_page(e)->entries--;
	spin_unlock(&kernel_pmap.lock);
	batch_add(b, &kernel_pmap, va, va + PAGE_SIZE);
}
