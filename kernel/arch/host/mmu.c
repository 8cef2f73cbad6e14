/*
 * The memory management unit in software.
 *
 * Each CPU has a TLB of what it has translated, and a cache of the level 1 entries it went through
 * on the way, as real CPUs have. Both are kept as long as the kernel does not flush them, so that a
 * flush that is missing shows: as a wrong value, as an access to a page that is free, or in
 * host_tlb_stale. A flush of a range takes only entries for pages, a full one takes all: so Sv39
 * promises no more (Privileged ISA, SFENCE.VMA).
 */
/* The C library declares it with another type; the symbol serves both. */
#define sched_yield host_sched_yield
#include <pthread.h>
#undef sched_yield
#include <stdlib.h>

#include "lib/printf.h"
#include "lib/string.h"
#include "machine/host.h"
#include "arch/mmu.h"
#include "arch/uaccess.h"
#include "proc/thread.h"
#include "vm/mm.h"
#include "vm/page.h"
#include "vm/pmap.h"

#define TLB_SIZE 4096u
#define WALK_SIZE 256u
#define SPAN_SHIFT (PAGE_SHIFT + PT_BITS) /* what a level 1 entry covers */

/* An entry is unused while pte is 0. */
struct tlb_entry {
	ulong page; /* va >> its shift */
	pte_t pte;
};

static struct mmu {
	pthread_mutex_t lock; /* others flush */
	paddr_t root;
	struct tlb_entry tlb[TLB_SIZE], walk[WALK_SIZE];
} mmus[MAX_CPUS] = { [0 ... MAX_CPUS - 1] = { .lock = PTHREAD_MUTEX_INITIALIZER } };

ulong host_arena;
void (*host_page_hook)(void);

/* --- flushing --- */

static void flush_all(struct mmu *m)
{
	memset(m->tlb, 0, sizeof(m->tlb));
	memset(m->walk, 0, sizeof(m->walk));
}

static void flush_range(struct mmu *m, ulong start, ulong end)
{
	for (unsigned i = 0; i < TLB_SIZE; i++)
		if (m->tlb[i].page >= start >> PAGE_SHIFT &&
			m->tlb[i].page < (end + PAGE_SIZE - 1) >> PAGE_SHIFT)
			m->tlb[i].pte = 0;
}

static void flush(struct mmu *m, ulong start, ulong end, bool all)
{
	pthread_mutex_lock(&m->lock);
	if (all)
		flush_all(m);
	else
		flush_range(m, start, end);
	pthread_mutex_unlock(&m->lock);
}

void mmu_load(paddr_t root)
{
	struct mmu *m = &mmus[cpu_id()];

	pthread_mutex_lock(&m->lock);
	m->root = root;
	flush_all(m);
	pthread_mutex_unlock(&m->lock);
}

void tlb_flush_local(ulong start, ulong end)
{
	flush(&mmus[cpu_id()], start, end, false);
}

void tlb_flush_local_all(void)
{
	flush(&mmus[cpu_id()], 0, 0, true);
}

void tlb_flush_cpus(u32 cpu_mask, ulong start, ulong end, bool all)
{
	for (unsigned i = 0; i < MAX_CPUS; i++)
		if (i != cpu_id() && cpu_mask & 1u << i)
			flush(&mmus[i], start, end, all);
}

void icache_sync(const void *kva UNUSED, size_t n UNUSED)
{
}

/* Nothing: the process maps the kernel. Tables for windows are made as they are needed. */
void mmu_build_kernel_map(void)
{
}

/* --- translation; m->lock is held --- */

static pte_t *table_at(paddr_t pa)
{
	if (!page_is_ram(pa) || page_of(pa)->kind != PAGE_PTABLE)
		panic("the walker was led to a table at %p that is none", (void *)(ulong)pa);
	return phys_to_virt(pa);
}

static inline unsigned index_at(ulong va, unsigned level)
{
	return (va >> (PAGE_SHIFT + PT_BITS * level)) & (PT_ENTRIES - 1);
}

/* The level 1 entry for va as this CPU knows it; 0 if it is not valid. */
static pte_t walk_upper(struct mmu *m, ulong va)
{
	struct tlb_entry *w = &m->walk[(va >> SPAN_SHIFT) % WALK_SIZE];
	pte_t e;

	if (w->pte && w->page == va >> SPAN_SHIFT)
		return w->pte;
	e = __atomic_load_n(&table_at(m->root)[index_at(va, 2)], __ATOMIC_ACQUIRE);
	if (!pte_valid(e))
		return 0;
	e = __atomic_load_n(&table_at(pte_paddr(e))[index_at(va, 1)], __ATOMIC_ACQUIRE);
	if (!pte_valid(e))
		return 0;
	*w = (struct tlb_entry){ va >> SPAN_SHIFT, e };
	return e;
}

/* The entry for va as this CPU knows it; 0 if there is none. */
static pte_t translate(struct mmu *m, ulong va)
{
	struct tlb_entry *t = &m->tlb[(va >> PAGE_SHIFT) % TLB_SIZE];
	pte_t e;

	if (t->pte && t->page == va >> PAGE_SHIFT)
		return t->pte;
	e = walk_upper(m, va);
	if (e)
		e = __atomic_load_n(&table_at(pte_paddr(e))[index_at(va, 0)], __ATOMIC_ACQUIRE);
	if (!pte_leaf(e))
		return 0;
	*t = (struct tlb_entry){ va >> PAGE_SHIFT, e };
	return e;
}

/* --- accesses --- */

/* The kernel's address for va if the access is allowed now; NULL for a fault. m->lock is held. */
static u8 *resolve(struct mmu *m, ulong va, unsigned access)
{
	pte_t e = va < USER_TOP ? translate(m, va) : 0;
	const struct page *p;

	if (!e || !(pte_prot(e) & access))
		return NULL;
	p = page_of(pte_paddr(e));
	if (p->kind == PAGE_FREE || p->kind == PAGE_PTABLE || p->kind == PAGE_SLAB ||
		p->kind == PAGE_BIG)
		panic("an access to %p reached a page of kind %u", (void *)va, p->kind);
	return (u8 *)phys_to_virt(pte_paddr(e)) + (va & PAGE_MASK);
}

/*
 * n bytes within one page, from or to mem; zeros if mem is NULL. The lock stands for the
 * instruction: no flush comes in its middle.
 */
static bool access_now(ulong va, unsigned access, u8 *mem, size_t n)
{
	struct mmu *m = &mmus[cpu_id()];
	u8 *at;

	pthread_mutex_lock(&m->lock);
	at = resolve(m, va, access);
	if (at && access != PROT_WRITE)
		memcpy(mem, at, n);
	else if (at && mem)
		memcpy(at, mem, n);
	else if (at)
		memset(at, 0, n);
	pthread_mutex_unlock(&m->lock);
	return at;
}

/*
 * The same, with faults. A fault that is served and comes again without end is a missing local
 * flush.
 */
static enum fault_result access_page(ulong va, unsigned access, u8 *mem, size_t n)
{
	for (unsigned tries = 0; tries < 10000; tries++) {
		enum fault_result r;

		if (access_now(va, access, mem, n))
			return FAULT_OK;
		if (current_thread()->nofault)
			return FAULT_MAPERR;
		r = vm_fault(current_thread()->mm, va, access);
		if (r != FAULT_OK)
			return r;
	}
	panic("an access to %p faults for ever", (void *)va);
}

enum fault_result host_load(ulong va, u8 *value)
{
	return access_page(va, PROT_READ, value, 1);
}

enum fault_result host_store(ulong va, u8 value)
{
	return access_page(va, PROT_WRITE, &value, 1);
}

enum fault_result host_fetch(ulong va, u8 *value)
{
	return access_page(va, PROT_EXEC, value, 1);
}

/* Bytes of user memory not accessed. */
static size_t access_range(ulong va, unsigned access, u8 *mem, size_t n)
{
	while (n > 0) {
		size_t part = MIN(n, PAGE_SIZE - (va & PAGE_MASK));

		if (access_page(va, access, mem, part) != FAULT_OK)
			break;
		va += part;
		n -= part;
		if (mem)
			mem += part;
	}
	return n;
}

size_t copy_user(void *dst, const void *src, size_t n)
{
	if ((ulong)dst < USER_TOP)
		return access_range((ulong)dst, PROT_WRITE, (u8 *)src, n);
	return access_range((ulong)src, PROT_READ, dst, n);
}

size_t clear_user(void *dst, size_t n)
{
	return access_range((ulong)dst, PROT_WRITE, NULL, n);
}

ssize_t copy_user_str(char *dst, const char *src, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (access_page((ulong)src + i, PROT_READ, (u8 *)&dst[i], 1) != FAULT_OK)
			return -14; /* EFAULT */
		if (!dst[i])
			return (ssize_t)i;
	}
	return (ssize_t)n;
}

/* --- for tests --- */

void host_tlb_forget(ulong va)
{
	tlb_flush_local(va, va + 1);
}

/* Does t hold for its page what the tables of pm do not say (any more)? */
static bool entry_stale(const struct tlb_entry *t, struct pmap *pm)
{
	struct page *page;
	unsigned prot;

	if (!pmap_lookup(pm, t->page << PAGE_SHIFT, &page, &prot))
		return true;
	return page != page_of(pte_paddr(t->pte)) || (pte_prot(t->pte) & ~prot);
}

bool host_tlb_stale(struct mm *mm, ulong start, ulong end)
{
	for (unsigned c = 0; c < MAX_CPUS; c++) {
		const struct mmu *m = &mmus[c];

		if (m->root != page_paddr(mm->pmap.root))
			continue;
		for (unsigned i = 0; i < TLB_SIZE; i++) {
			const struct tlb_entry *t = &m->tlb[i];

			if (t->pte && t->page >= start >> PAGE_SHIFT &&
				t->page < end >> PAGE_SHIFT && entry_stale(t, &mm->pmap))
				return true;
		}
	}
	return false;
}
