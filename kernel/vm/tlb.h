/*
 * TLB shootdown, the machine-independent half.
 *
 * Whoever removes a translation or takes rights from one records that in a batch; batch_finish returns only when no CPU can still
 * use an old entry, and frees the pages that waited for this. A batch lives on the stack of the caller.
 *
 * The flush rule: a page that a removed translation may still reach is freed by the batch, not before; no spin lock is held
 * across batch_finish; the address-space lock outlives it, so a range is never reused before its shootdown.
 */
#pragma once

#include "lib/list.h"
#include "vm/page.h"

struct pmap;

struct batch {
	struct pmap *pm;  /* whose translations; NULL while there are none */
	ulong start, end; /* bounds of what changed */
	bool full;	  /* flush all of pm: the range would cost more, or inner entries changed */
	struct list dead; /* pages without a reference, to free after the flush; chained by page->link */
};

void batch_init(struct batch *b);
/* Translations of pm in [start, end) were removed or restricted. May flush at once what b holds for another pmap. */
void batch_add(struct batch *b, struct pmap *pm, ulong start, ulong end);
/* All translations of pm may be stale. */
void batch_add_all(struct batch *b, struct pmap *pm);
/* Drop a reference to p; if it was the last, p is freed by batch_finish. */
void batch_put_page(struct batch *b, struct page *p);
/* Flush everywhere, then free. Thread context, no spin lock held. The batch is empty and usable again. */
void batch_finish(struct batch *b);
