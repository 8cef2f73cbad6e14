/*
 * Spans: ranges of bytes in a tree that finds those which overlap a given range, all of them or
 * only the exclusive ones, without a look at the others. Any number of spans may overlap. Memory
 * and locking are the caller's.
 */
#pragma once

#include "lib/tree.h"
#include "lib/types.h"

struct span {
	struct tree_node node;
	u64 start, end; /* bytes [start, end), not empty; not to be changed in a tree */
	bool exclusive; /* not to be changed in a tree */
	u64 reach, exclusive_reach; /* the largest end in the subtree; of exclusive spans, or 0 */
};

void spans_init(struct tree *t);
void span_insert(struct tree *t, struct span *s);
/*
 * The first span, by start, that overlaps [start, end); the next one after s, of which the same was
 * asked. With exclusive set, others are passed over. NULL if there is none (any more).
 */
struct span *span_first(const struct tree *t, u64 start, u64 end, bool exclusive);
struct span *span_next(const struct span *s, u64 start, u64 end, bool exclusive);
