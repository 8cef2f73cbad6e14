/*
 * Spans.
 *
 * An interval tree: ordered by start, each node knows how far the spans of its subtree reach. A
 * subtree that does not reach beyond `start` has nothing to offer. One that does has the answer, if
 * there is any, further left than everything to its right: whatever reaches beyond `start` without
 * overlapping begins at `end` or later, and so does all that follows.
 */
#include "lib/span.h"

#define SPAN_OF(n) CONTAINER_OF(n, struct span, node)

static u64 reach_of(const struct tree_node *n, bool exclusive)
{
	if (!n)
		return 0;
	return exclusive ? SPAN_OF(n)->exclusive_reach : SPAN_OF(n)->reach;
}

static bool span_augment(struct tree_node *n)
{
	struct span *s = SPAN_OF(n);
	u64 reach = MAX(s->end, MAX(reach_of(n->left, false), reach_of(n->right, false)));
	u64 exclusive = MAX(
		s->exclusive ? s->end : 0, MAX(reach_of(n->left, true), reach_of(n->right, true)));
	bool changed = s->reach != reach || s->exclusive_reach != exclusive;

	s->reach = reach;
	s->exclusive_reach = exclusive;
	return changed;
}

void spans_init(struct tree *t)
{
	tree_init(t, span_augment);
}

void span_insert(struct tree *t, struct span *s)
{
	struct tree_node **link = &t->root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = s->start < SPAN_OF(parent)->start ? &parent->left : &parent->right;
	}
	tree_insert(t, &s->node, parent, link);
}

/* The first in the subtree of n. */
static struct span *first_below(struct tree_node *n, u64 start, u64 end, bool exclusive)
{
	while (reach_of(n, exclusive) > start) {
		struct span *s = SPAN_OF(n);

		if (reach_of(n->left, exclusive) > start) {
			n = n->left;
			continue;
		}
		if (s->start >= end)
			break;
		if (s->end > start && (s->exclusive || !exclusive))
			return s;
		n = n->right;
	}
	return NULL;
}

struct span *span_first(const struct tree *t, u64 start, u64 end, bool exclusive)
{
	return first_below(t->root, start, end, exclusive);
}

struct span *span_next(const struct span *s, u64 start, u64 end, bool exclusive)
{
	const struct tree_node *n = &s->node;

	if (reach_of(n->right, exclusive) > start)
		return first_below(n->right, start, end, exclusive);
	for (; n->parent; n = n->parent) {
		struct span *up = SPAN_OF(n->parent);

		if (n == n->parent->right)
			continue;
		if (up->start >= end)
			break;
		if (up->end > start && (up->exclusive || !exclusive))
			return up;
		if (reach_of(n->parent->right, exclusive) > start)
			return first_below(n->parent->right, start, end, exclusive);
	}
	return NULL;
}
