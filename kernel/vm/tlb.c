/*
 * TLB shootdown: see tlb.h for the rules.
 *
 * A CPU sets its bit in pm->active before it loads pm and clears it after it loaded something else.
 * We change the tables, then read the bits: whoever is not in them yet will load the new tables
 * only.
 */
#include "vm/tlb.h"

#include "arch/mmu.h"
#include "proc/thread.h"
#include "vm/pmap.h"

/* Beyond this, flushing all of a pmap's entries is cheaper than one by one. */
#define RANGE_MAX (32 * PAGE_SIZE)

static void flush(struct batch *b)
{
	struct pmap *pm = b->pm;
	u32 self = 1u << cpu_id(), active;

	if (!pm)
		return;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	active = pm == &kernel_pmap ? (u32)((1ull << cpu_count) - 1)
				    : __atomic_load_n(&pm->active, __ATOMIC_RELAXED);
	if (active & self) {
		if (b->full)
			tlb_flush_local_all();
		else
			tlb_flush_local(b->start, b->end);
	}
	if (active & ~self)
		tlb_flush_cpus(active & ~self, b->start, b->end, b->full);
	b->pm = NULL;
	b->full = false;
}

void batch_add(struct batch *b, struct pmap *pm, ulong start, ulong end)
{
	if (b->pm != pm) {
		flush(b);
		b->pm = pm;
		b->start = start;
		b->end = end;
	} else {
		b->start = MIN(b->start, start);
		b->end = MAX(b->end, end);
	}
	if (b->end - b->start > RANGE_MAX)
		b->full = true;
}

void batch_add_all(struct batch *b, struct pmap *pm)
{
	batch_add(b, pm, 0, USER_TOP);
}

/* Flush, then drop the references to pages that others refer to as well. */
static void drain(struct batch *b)
{
	flush(b);
	for (unsigned i = 0; i < b->nheld; i++)
		page_put(b->held[i]);
	b->nheld = 0;
}

void batch_put_page(struct batch *b, struct page *p)
{
	if (b->idle) {
		page_put(p);
	} else if (__atomic_load_n(&p->ref, __ATOMIC_ACQUIRE) == 1) {
		list_append(&b->dead, &p->link);
	} else {
		if (b->nheld == BATCH_HELD)
			drain(b);
		b->held[b->nheld++] = p;
	}
}

void batch_complete(struct batch *b)
{
	struct page *p, *next;

	drain(b);
	LIST_EACH_SAFE(p, next, &b->dead, link)
		page_put(p);
	list_init(&b->dead);
}
