/*
 * TLB shootdown, the machine-independent half.
 *
 * Whoever removes a translation or takes rights from one records that in a batch; batch_finish
 * returns only when no CPU can still use an old entry, and frees the pages that waited for this. A
 * batch lives on the stack of the caller.
 *
 * The flush rule: a reference that a removed translation stood for is dropped by the batch after
 * the flush, not before - another address space that shares the page might drop the last one
 * meanwhile. The address-space lock outlives batch_finish, so a range is never reused before its
 * shootdown. A flush may happen under plain spin locks (interrupts are on for whoever spins on
 * them), never under an _irq one.
 */
#pragma once

#include "lib/list.h"
#include "vm/page.h"

struct pmap;

#define BATCH_HELD 16

struct batch {
	struct pmap *pm;  /* whose translations; NULL while there are none */
	ulong start, end; /* bounds of what changed */
	bool full;	  /* flush all of pm: the range would cost more, or inner entries changed */
	bool idle;	  /* no CPU can reach what is removed: nothing waits for a flush */
	u16 nheld;
	struct list dead; /* pages whose only reference we have, chained by page->link */
	struct page *held[BATCH_HELD]; /* pages that others refer to as well */
};

static inline void batch_init(struct batch *b)
{
	b->pm = NULL;
	b->start = b->end = 0;
	b->full = b->idle = false;
	b->nheld = 0;
	list_init(&b->dead);
}
/*
 * Translations of pm in [start, end) were removed or restricted. May flush at once what b holds for
 * another pmap.
 */
void batch_add(struct batch *b, struct pmap *pm, ulong start, ulong end);
/* All translations of pm may be stale. */
void batch_add_all(struct batch *b, struct pmap *pm);
/*
 * Drop a reference to p once the flush is done. The translations it stood for are in the batch
 * already.
 */
void batch_put_page(struct batch *b, struct page *p);
/* batch_finish, for a batch that is not empty. */
void batch_complete(struct batch *b);
/*
 * Flush everywhere, then drop the references. Thread context. The batch is empty and usable again.
 */
static inline void batch_finish(struct batch *b)
{
	if (b->pm || b->nheld || !list_empty(&b->dead))
		batch_complete(b);
}
