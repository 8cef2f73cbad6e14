/*
 * Doubly linked circular lists, intrusive: the link is a member of the element. The caller locks.
 */
#pragma once

#include "lib/types.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name) { &(name), &(name) }

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_insert_between(struct list *n, struct list *before, struct list *after)
{
	n->prev = before;
	n->next = after;
	before->next = n;
	after->prev = n;
}

/* Put n first in l. */
static inline void list_push(struct list *l, struct list *n)
{
	list_insert_between(n, l, l->next);
}

/* Put n last in l. */
static inline void list_append(struct list *l, struct list *n)
{
	list_insert_between(n, l->prev, l);
}

/* Take n out of its list. n itself is left dangling: list_init it before asking list_empty. */
static inline void list_remove(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
}

/* Move all of from to the end of to; from is empty afterwards. */
static inline void list_splice(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

/* The element that holds link l. */
#define LIST_ITEM(l, type, member) CONTAINER_OF(l, type, member)
#define LIST_FIRST(l, type, member) LIST_ITEM((l)->next, type, member)
#define LIST_LAST(l, type, member) LIST_ITEM((l)->prev, type, member)

#define LIST_EACH(it, l, member)                                                   \
	for (it = LIST_ITEM((l)->next, __typeof__(*it), member); &it->member != (l); \
	     it = LIST_ITEM(it->member.next, __typeof__(*it), member))

/* The same; the body may remove and free `it`. */
#define LIST_EACH_SAFE(it, tmp, l, member)                                        \
	for (it = LIST_ITEM((l)->next, __typeof__(*it), member),                   \
	    tmp = LIST_ITEM(it->member.next, __typeof__(*it), member);             \
	     &it->member != (l);                                                   \
	     it = tmp, tmp = LIST_ITEM(it->member.next, __typeof__(*it), member))
