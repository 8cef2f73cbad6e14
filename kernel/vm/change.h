/*
 * What the calls that change an address space share (mmap.c): the memory for a change, the unmapping
 * of a range, the choice of an address. mm->lock is held for writing throughout, but where noted.
 */
#pragma once

#include "vm/mm.h"

/* What a change needs and leaves behind. */
struct change {
	struct vma *spare[2]; /* upper parts for the splits at both ends of a range */
	struct list dead;     /* vmas that are gone, still holding their references */
	ulong load, load_end; /* mprotect: there is locked memory that became writable */
	struct batch batch;
};

/* Before and after: mm->lock is not held. The batch is finished before that is dropped. */
void change_begin(struct change *c);
void change_end(struct change *c);

/*
 * Get all that unmap_commit needs, for a range in which, or beside which, `added` mappings will be
 * made then. -ENOMEM, also if there would be too many mappings. What else changes until the commit
 * may only take mappings away.
 */
int unmap_prepare(struct mm *mm, ulong start, ulong end, unsigned added, struct change *c);
/* Empty [start, end). Prepared; cannot fail. The flush is done on return. */
void unmap_commit(struct mm *mm, ulong start, ulong end, struct change *c);

/* Where a mapping of len bytes goes: at the hint if there is room. 0 if there is none anywhere. */
ulong choose_address(struct mm *mm, ulong hint, ulong len);

/* How many pages of [start, end) are mapped. */
ulong pages_mapped(struct mm *mm, ulong start, ulong end);

/* When memory is short for a change: drop so many pages of files, and try again. */
#define PREPARE_RECLAIM 16
