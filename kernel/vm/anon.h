/*
 * Private pages: which page of its own an address space has at each address.
 *
 * The table is a radix tree of fixed height whose nodes are shared at fork: every node counts the
 * slots (or roots) that point at it, and the pages in its leaves count the leaves. A node is
 * immutable while an ancestor or it itself is shared. So fork is one increment, copies are made
 * along the path of the first later write, and a page may be written in place iff every node on its
 * path and the page itself have count 1: then no other address space can reach it, and none can
 * come to reach it without fork, which needs mm->lock for writing.
 *
 * Lock: tab->lock (RANK_TAB), held by the caller unless noted. Nothing sleeps.
 */
#pragma once

#include "lib/lock.h"
#include "lib/types.h"
#include "vm/page.h"
#include "vm/tlb.h"

struct anon_node;

struct anontab {
	struct spinlock lock;
	struct anon_node *root;
	struct anon_node *own; /* the leaf owned last, on whose path all is ours alone; or NULL */
	ulong own_number;      /* which leaf that is: its first address / 64 pages */
	u32 spare; /* about as many leaves are kept though they are empty */
	struct anon_node *reserve; /* taken before new ones: set by anon_move only */
};

/* Nodes got in advance for a move. */
struct anon_reserve {
	struct anon_node *nodes;
};

void anon_module_init(void);
void anontab_init(struct anontab *t);

/*
 * The private page at va, or NULL; *exclusive: may it be written in place? One that may must get no
 * pin: another thread's fault would take it for shared and copy it, and stores that go on meanwhile
 * would be lost.
 */
struct page *anon_lookup(const struct anontab *t, ulong va, bool *exclusive);
/*
 * The leaf for va, in nodes that this table alone has: shared ones on the way are copied, missing
 * ones made if `make` is set. NULL if there is no memory (or nothing there and not make). Good
 * until the lock is dropped.
 */
struct anon_node *anon_own(struct anontab *t, ulong va, bool make, struct batch *b);
/*
 * The leaf for va, only to look at with anon_at; NULL if there is none. A leaf holds an aligned 64
 * pages.
 */
const struct anon_node *anon_leaf(const struct anontab *t, ulong va);
/*
 * The first private page at or after *va and before `end`: NULL if there is none, else *va is its
 * address and *sharers how many tables have it, reckoned from the counts on the way to it.
 */
struct page *anon_next(const struct anontab *t, ulong *va, ulong end, ulong *sharers);
/* The page at va in a leaf. */
struct page *anon_at(const struct anon_node *leaf, ulong va);
/*
 * Store a page (its reference is handed over; NULL empties) at va in a leaf from anon_own; what was
 * there goes to the batch.
 */
void anon_store(struct anon_node *leaf, ulong va, struct page *page, struct batch *b);
/*
 * Own the nodes that anon_remove(start, end) would have to change, so that it cannot fail while
 * mm->lock is held for writing. -ENOMEM. Takes tab->lock itself.
 */
int anon_remove_prepare(struct anontab *t, ulong start, ulong end, struct batch *b);
/*
 * The same with tab->lock held, for those who do not hold mm->lock: good until the lock is dropped.
 */
int anon_remove_prepare_locked(struct anontab *t, ulong start, ulong end, struct batch *b);
/* Drop the private pages of [start, end). Whole subtrees go by one decrement. */
void anon_remove(struct anontab *t, ulong start, ulong end, struct batch *b);
/*
 * Moving the private pages of [start, end) to `to` onwards, where none are and which lies apart:
 * slots change hands, no page is copied. After anon_remove_prepare for the same range
 * anon_move_prepare gets what that needs and *r lacks: -ENOMEM, the pages being where they were; *r
 * keeps what it got, and the next attempt asks for the rest. It takes tab->lock itself; mm->lock is held for writing until after anon_move, which takes the nodes from
 * *r and cannot fail. In between pages may be removed by whoever does not hold mm->lock. In either
 * case anon_reserve_free gives back what was not used.
 */
int anon_move_prepare(struct anontab *t, ulong start, ulong end, ulong to, struct anon_reserve *r,
	struct batch *b);
void anon_move(struct anontab *t, ulong start, ulong end, ulong to, struct anon_reserve *r,
	struct batch *b);
void anon_reserve_free(struct anon_reserve *r);
/* How many private pages lie in [start, end). Takes tab->lock itself. */
ulong anon_count(struct anontab *t, ulong start, ulong end);
/* Drop all: the address space ends. */
void anon_clear(struct anontab *t, struct batch *b);
/*
 * The child (empty) shares all of the parent's pages. The parent's mm->lock is held for writing,
 * and nobody runs on the child; takes both tab->locks itself.
 */
void anon_fork(struct anontab *child, struct anontab *parent);
