/*
 * From a page of an object to the translations that show it: by the object's list of vmas.
 * obj->lock held.
 *
 * Every address space that maps the page is put into the batch, whether or not its entry was there:
 * another CPU may have dropped the entry and not flushed it yet, and the page must not be reused
 * before.
 */
#pragma once

#include "lib/tree.h"
#include "lib/types.h"
#include "vm/tlb.h"

struct obj;
struct page;
struct vma;

bool rmap_augment(struct tree_node *n); /* the callback of obj->vmas */
/* Drop all translations of the page. */
void rmap_unmap(struct obj *o, struct page *p, struct batch *b);
/* Take PROT_WRITE from all translations of the page, so that the next store faults. */
void rmap_clean(struct obj *o, struct page *p, struct batch *b);
/* How many mappings show the page. */
ulong rmap_count(struct obj *o, struct page *p);
/* Is the page in a mapping that is locked in memory? */
bool rmap_locked(struct obj *o, const struct page *p);
/*
 * The first vma of o that maps some page of [first, last], and the one after v that does; NULL at
 * the end.
 */
struct vma *rmap_first(struct obj *o, u64 first, u64 last);
struct vma *rmap_next(struct vma *v, u64 first, u64 last);
