/*
 * Private pages: the shared radix tree.
 *
 * A node of level 0 (a leaf) points at pages, one of level n > 0 at nodes of level n - 1; the root
 * has level ANON_LEVELS - 1. node->ref counts the slots and roots that point at the node; page->ref
 * counts the leaves that point at the page, plus pins. A node whose path from the root is not
 * wholly unshared is never changed, except that its count drops.
 *
 * Why a racing reader may rely on exclusivity: counts on a path of ours can be raised only by a
 * fork of this address space (mm->lock held for writing) or by cloning an ancestor, which exists
 * only if the path was shared already. A clone raises the counts of what it points at before it
 * drops the old node, so whoever looks meanwhile errs towards one needless copy. Two address spaces
 * may clone one shared node at the same time, each under its own lock: both raise the children, and
 * the second to drop the old node frees it.
 *
 * The table remembers the leaf that was owned last (t->own): most faults, and the small unmappings,
 * find their leaf there. Its path stays ours until a fork, or until nodes are removed; both forget
 * it.
 */
#include "vm/anon.h"

#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vm/kmalloc.h"

#define ANON_BITS 6
#define ANON_SLOTS (1u << ANON_BITS)
/*
 * A table keeps so many leaves whose last page went: a program that maps, touches and unmaps one
 * page again and again should not pay for the way to it each time.
 */
#define SPARE_LEAVES 8

struct anon_node {
	u32 ref;  /* (a) */
	u64 used; /* bit i: slot i is in use; what the others hold means nothing */
	union {
		struct anon_node *child[ANON_SLOTS];
		struct page *page[ANON_SLOTS];
	};
};

static struct kmem_cache *node_cache;

void anon_module_init(void)
{
	node_cache = kmem_cache_create("anon_node", sizeof(struct anon_node), 0);
}

#define NO_LEAF ~0ul /* no leaf has this number */

static inline void forget_own(struct anontab *t)
{
	t->own = NULL;
	t->own_number = NO_LEAF;
}

void anontab_init(struct anontab *t)
{
	spin_init(&t->lock, "anon table", RANK_TAB);
	t->root = NULL;
	t->spare = 0;
	t->reserve = NULL;
	forget_own(t);
}

static inline unsigned slot_shift(unsigned level)
{
	return PAGE_SHIFT + ANON_BITS * level;
}

static inline unsigned slot_index(ulong va, unsigned level)
{
	return (va >> slot_shift(level)) & (ANON_SLOTS - 1);
}

static inline u64 slot_bit(unsigned slot)
{
	return 1ull << slot;
}

/* What slot i of n holds; NULL if nothing. */
static inline void *slot_get(const struct anon_node *n, unsigned i)
{
	return n->used & slot_bit(i) ? (void *)n->child[i] : NULL;
}

/* Leaves are numbered by address. */
static inline ulong leaf_number(ulong va)
{
	return va >> slot_shift(1);
}

static inline u64 slot_range(unsigned first, unsigned last)
{
	return ~0ull << first & ~0ull >> (ANON_SLOTS - 1 - last);
}

/* The first slot from i on whose bit is set; there is one, and none below i. */
static inline unsigned next_slot(u64 set, unsigned i)
{
	for (set >>= i; !(set & 0xff); set >>= 8)
		i += 8;
	for (; !(set & 1); set >>= 1)
		i++;
	return i;
}

static inline u32 ref_get(const u32 *ref)
{
	return __atomic_load_n(ref, __ATOMIC_ACQUIRE);
}

/* Drop one reference to a node; the last one drops what it points at. */
static void node_put(struct anon_node *n, unsigned level, struct batch *b)
{
	unsigned i = 0;

	if (__atomic_fetch_sub(&n->ref, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	for (u64 left = n->used; left; left &= left - 1) {
		i = next_slot(left, i);
		if (level)
			node_put(n->child[i], level - 1, b);
		else
			batch_put_page(b, n->page[i]);
	}
	kmem_free(node_cache, n);
}

/* An empty node with one reference. NULL if there is no memory. */
static struct anon_node *node_new(struct anontab *t)
{
	struct anon_node *n = t->reserve;

	if (UNLIKELY(n))
		t->reserve = n->child[0];
	else
		n = kmem_alloc(node_cache, 0);
	if (n) {
		n->ref = 1;
		n->used = 0;
	}
	return n;
}

/* A copy of n with one reference, sharing what n points at. NULL if there is no memory. */
static struct anon_node *node_clone(struct anontab *t, struct anon_node *n, unsigned level)
{
	struct anon_node *copy = node_new(t);
	unsigned i = 0;

	if (!copy)
		return NULL;
	copy->used = n->used;
	for (u64 left = n->used; left; left &= left - 1) {
		i = next_slot(left, i);
		copy->child[i] = n->child[i];
		if (level)
			__atomic_fetch_add(&n->child[i]->ref, 1, __ATOMIC_RELAXED);
		else
			page_hold(n->page[i]);
	}
	return copy;
}

static inline void spare_gone(struct anontab *t)
{
	if (t->spare)
		t->spare--;
}

/* A page may come into a leaf that was there. */
static inline void spare_used(struct anontab *t, const struct anon_node *leaf, bool make)
{
	if (make && !leaf->used)
		spare_gone(t);
}

/* Is n there, and ours alone if the node above it is? */
static inline bool node_ours(const struct anon_node *n)
{
	return LIKELY(n && ref_get(&n->ref) == 1);
}

/*
 * Put a node that is ours alone in the place of `old` (NULL: of nothing), which is not: a copy, or
 * an empty one. The place is below `parent`, which is ours alone, on the way to va; NULL: the root.
 * NULL if there is no memory.
 */
static NOINLINE struct anon_node *node_own(struct anontab *t, struct anon_node *parent,
	struct anon_node *old, ulong va, unsigned level, struct batch *b)
{
	struct anon_node *n = old ? node_clone(t, old, level) : node_new(t);

	if (!n)
		return NULL;
	if (parent) {
		unsigned slot = slot_index(va, level + 1);

		parent->child[slot] = n;
		parent->used |= slot_bit(slot);
	} else {
		t->root = n;
	}
	if (old)
		node_put(old, level, b);
	return n;
}

/* The leaf for va if it is the one that was owned last, else NULL. */
static inline struct anon_node *own_leaf(const struct anontab *t, ulong va)
{
	return LIKELY(leaf_number(va) == t->own_number) ? t->own : NULL;
}

struct page *anon_lookup(const struct anontab *t, ulong va, bool *exclusive)
{
	const struct anon_node *n = own_leaf(t, va);
	bool ours = true;
	struct page *p;

	if (!n) {
		n = t->root;
		for (unsigned level = ANON_LEVELS - 1; n && level > 0; level--) {
			ours &= ref_get(&n->ref) == 1;
			n = slot_get(n, slot_index(va, level));
		}
		ours = n && ours && ref_get(&n->ref) == 1;
	}
	p = n ? slot_get(n, slot_index(va, 0)) : NULL;
	*exclusive = p && ours && ref_get(&p->ref) == 1;
	return p;
}

/* anon_next in what lies below n; *sharers is how many tables have n. */
static struct page *next_below(
	const struct anon_node *n, unsigned level, ulong *va, ulong end, ulong *sharers)
{
	ulong span = 1ul << slot_shift(level), above = *sharers * ref_get(&n->ref);
	struct page *found = NULL;

	for (unsigned i = slot_index(*va, level); i < ANON_SLOTS && *va < end; i++) {
		ulong next = ALIGN_DOWN(*va, span) + span;
		void *below = slot_get(n, i);

		*sharers = above;
		if (below && level) {
			found = next_below(below, level - 1, va, end, sharers);
		} else if (below) {
			found = below;
			*sharers *= ref_get(&found->ref);
		}
		if (found)
			break;
		*va = next;
	}
	return found;
}

struct page *anon_next(const struct anontab *t, ulong *va, ulong end, ulong *sharers)
{
	*sharers = 1;
	return t->root ? next_below(t->root, ANON_LEVELS - 1, va, end, sharers) : NULL;
}

/* anon_own for another leaf than the last time. */
static NOINLINE struct anon_node *own_other(
	struct anontab *t, ulong va, bool make, struct batch *b)
{
	struct anon_node *parent = NULL, *n = t->root;

	for (unsigned level = ANON_LEVELS - 1;; level--) {
		if (!n && !make)
			return NULL;
		if (level == 0 && n)
			spare_used(t, n, make);
		if (!node_ours(n) && !(n = node_own(t, parent, n, va, level, b)))
			return NULL;
		if (level == 0)
			break;
		parent = n;
		n = slot_get(n, slot_index(va, level));
	}
	t->own = n;
	t->own_number = leaf_number(va);
	return n;
}

struct anon_node *anon_own(struct anontab *t, ulong va, bool make, struct batch *b)
{
	struct anon_node *leaf = own_leaf(t, va);

	if (!leaf)
		return own_other(t, va, make, b);
	spare_used(t, leaf, make);
	return leaf;
}

static struct anon_node *find_leaf(const struct anontab *t, ulong va)
{
	struct anon_node *n = own_leaf(t, va);

	if (n)
		return n;
	n = t->root;
	for (unsigned level = ANON_LEVELS - 1; n && level > 0; level--)
		n = slot_get(n, slot_index(va, level));
	return n;
}

const struct anon_node *anon_leaf(const struct anontab *t, ulong va)
{
	return find_leaf(t, va);
}

struct page *anon_at(const struct anon_node *leaf, ulong va)
{
	return slot_get(leaf, slot_index(va, 0));
}

void anon_store(struct anon_node *leaf, ulong va, struct page *page, struct batch *b)
{
	unsigned slot = slot_index(va, 0);
	struct page *old = slot_get(leaf, slot);

	DEBUG_ASSERT(ref_get(&leaf->ref) == 1);
	if (page) {
		leaf->page[slot] = page;
		leaf->used |= slot_bit(slot);
	} else {
		leaf->used &= ~slot_bit(slot);
	}
	if (old)
		batch_put_page(b, old);
}

/* Does the boundary va cut a node of this level in two? (The root covers more than user space.) */
static bool cuts(ulong va, unsigned level)
{
	return level == ANON_LEVELS - 1 || (va & ((1ul << slot_shift(level + 1)) - 1));
}

/*
 * Own the nodes on the path to va that the boundary va cuts; missing ones need nothing. False if
 * there is no memory.
 */
static bool own_boundary(struct anontab *t, ulong va, struct batch *b)
{
	struct anon_node *n = t->root, *parent = NULL;

	if (own_leaf(t, va))
		return true;
	for (unsigned level = ANON_LEVELS - 1; n && cuts(va, level); level--) {
		if (!node_ours(n) && !(n = node_own(t, parent, n, va, level, b)))
			return false;
		if (level == 0)
			break;
		parent = n;
		n = slot_get(n, slot_index(va, level));
	}
	return true;
}

/* Most ranges are small: do they lie in one leaf? */
static inline bool in_one_leaf(ulong start, ulong end)
{
	return leaf_number(start) == leaf_number(end - 1);
}

/* Is there anything in [start, end), which lies in one leaf? */
static bool leaf_used(const struct anontab *t, ulong start, ulong end)
{
	const struct anon_node *n = anon_leaf(t, start);
	unsigned first = slot_index(start, 0), last = slot_index(end - 1, 0);

	return n && (n->used & slot_range(first, last));
}

int anon_remove_prepare_locked(struct anontab *t, ulong start, ulong end, struct batch *b)
{
	if (!t->root || (in_one_leaf(start, end) && !leaf_used(t, start, end)))
		return 0;
	/*
	 * If both boundaries lie in one leaf, the way to it is the same; which it cuts is the
	 * longer one.
	 */
	if ((start ^ end) >> slot_shift(1) == 0)
		return own_boundary(t, cuts(start, 0) ? start : end, b) ? 0 : -ENOMEM;
	return own_boundary(t, start, b) && own_boundary(t, end, b) ? 0 : -ENOMEM;
}

int anon_remove_prepare(struct anontab *t, ulong start, ulong end, struct batch *b)
{
	int err;

	if (!__atomic_load_n(&t->root, __ATOMIC_RELAXED))
		return 0;
	spin_lock(&t->lock);
	err = anon_remove_prepare_locked(t, start, end, b);
	spin_unlock(&t->lock);
	return err;
}

/* Drop the pages in slots first to last of a leaf. */
static void leaf_remove(struct anon_node *leaf, unsigned first, unsigned last, struct batch *b)
{
	u64 gone = leaf->used & slot_range(first, last);
	unsigned i = first;

	ASSERT(ref_get(&leaf->ref) == 1);
	leaf->used &= ~gone;
	for (; gone; gone &= gone - 1) {
		i = next_slot(gone, i);
		batch_put_page(b, leaf->page[i]);
	}
}

/* Empty what [start, end) covers of n, which begins at base. True if n is gone then. */
static bool node_remove(struct anontab *t, struct anon_node *n, unsigned level, ulong base,
	ulong start, ulong end, struct batch *b)
{
	ulong span = 1ul << slot_shift(level);
	ulong node_last = base + (span << ANON_BITS) - 1; /* ~0 for a 32-bit machine's root */
	ulong from = MAX(start, base), last = MIN(end - 1, node_last);

	if (level == 0 && !n->used)
		spare_gone(t);
	if (from == base && last == node_last) {
		node_put(n, level, b);
		return true;
	}
	if (level == 0)
		leaf_remove(n, slot_index(from, 0), slot_index(last, 0), b);
	for (unsigned i = slot_index(from, level); level && i <= slot_index(last, level); i++) {
		if (!slot_get(n, i))
			continue;
		ASSERT(ref_get(&n->ref) == 1);
		if (node_remove(t, n->child[i], level - 1, base + i * span, start, end, b))
			n->used &= ~slot_bit(i);
	}
	if (n->used || ref_get(&n->ref) > 1)
		return false;
	kmem_free(node_cache, n);
	return true;
}

/*
 * The same for a range in one leaf, if that can stay where it is. False if not; then the range may
 * be empty already.
 */
static bool remove_in_leaf(struct anontab *t, ulong start, ulong end, struct batch *b)
{
	struct anon_node *leaf = find_leaf(t, start);
	unsigned first = slot_index(start, 0), last = slot_index(end - 1, 0);

	if (!leaf || !(leaf->used & slot_range(first, last)))
		return true;
	if (last - first == ANON_SLOTS - 1)
		return false;
	leaf_remove(leaf, first, last, b);
	if (leaf->used)
		return true;
	return ++t->spare <= SPARE_LEAVES;
}

void anon_remove(struct anontab *t, ulong start, ulong end, struct batch *b)
{
	if (!t->root || start >= end || (in_one_leaf(start, end) && remove_in_leaf(t, start, end, b)))
		return;
	forget_own(t);
	if (node_remove(t, t->root, ANON_LEVELS - 1, 0, start, end, b)) {
		t->root = NULL;
		t->spare = 0;
	}
}

/* ---- moving ---- */

/*
 * A leaf, and the part of it that is concerned: [va, stop), of which the slots `used` hold pages.
 */
struct piece {
	struct anon_node *leaf;
	ulong va, stop;
	u64 used;
};

/*
 * The first leaf that stands at *va or above, below end; *va moves up to it. NULL if there is none.
 */
static struct anon_node *leaf_from(const struct anontab *t, ulong *va, ulong end)
{
	while (*va < end) {
		struct anon_node *n = t->root;
		unsigned level = ANON_LEVELS - 1;
		ulong span;

		for (; n && level > 0; level--)
			n = slot_get(n, slot_index(*va, level));
		if (n)
			return n;
		if (!t->root)
			break;
		/* The slot above `level` was empty: on to the next one. */
		span = 1ul << slot_shift(level + 1);
		*va = ALIGN_DOWN(*va, span) + span;
	}
	return NULL;
}

/* The first piece of [va, end) with pages; false if there is none. */
static bool piece_next(const struct anontab *t, ulong va, ulong end, struct piece *p)
{
	ulong span = 1ul << slot_shift(1);

	for (; (p->leaf = leaf_from(t, &va, end)); va = p->stop) {
		p->va = va;
		p->stop = MIN(end, ALIGN_DOWN(va, span) + span);
		p->used = p->leaf->used & slot_range(slot_index(va, 0), slot_index(p->stop - 1, 0));
		if (p->used)
			return true;
	}
	return false;
}

/*
 * The slots of p that go to one leaf, if p goes to `to` onwards: those of the leaf that holds `to`,
 * or (upper) of the one above.
 */
static u64 piece_part(const struct piece *p, ulong to, bool upper)
{
	ulong span = 1ul << slot_shift(1), room = ALIGN_DOWN(to, span) + span - to;
	unsigned first = slot_index(p->va, 0);
	u64 low;

	if (room >= p->stop - p->va)
		return upper ? 0 : p->used;
	low = p->used & slot_range(first, first + (unsigned)(room >> PAGE_SHIFT) - 1);
	return upper ? p->used & ~low : low;
}

/* How many nodes are on the way to leaf `number` and not on the way to leaf `before`. */
static unsigned nodes_between(ulong before, ulong number)
{
	unsigned n = 0;

	while (n < ANON_LEVELS && before >> ANON_BITS * n != number >> ANON_BITS * n)
		n++;
	return n;
}

/*
 * Own the leaves of [start, end) that hold pages, and count the nodes that may have to be made for
 * them at `to`. False if there is no memory.
 */
static bool move_survey(
	struct anontab *t, ulong start, ulong end, ulong to, ulong *nodes, struct batch *b)
{
	ulong last = NO_LEAF;
	struct piece p;

	for (*nodes = 0; piece_next(t, start, end, &p); start = p.stop) {
		to += p.va - start;
		if (!anon_own(t, p.va, false, b))
			return false;
		for (unsigned upper = 0; upper < 2; upper++) {
			ulong number = leaf_number(to) + upper;

			if (!piece_part(&p, to, upper))
				continue;
			*nodes += nodes_between(last, number);
			last = number;
		}
		to += p.stop - p.va;
	}
	return true;
}

int anon_move_prepare(struct anontab *t, ulong start, ulong end, ulong to, struct anon_reserve *r,
	struct batch *b)
{
	struct anon_node *n;
	ulong nodes;
	bool owned;

	if (!__atomic_load_n(&t->root, __ATOMIC_RELAXED))
		return 0;
	spin_lock(&t->lock);
	owned = move_survey(t, start, end, to, &nodes, b);
	spin_unlock(&t->lock);
	if (!owned)
		return -ENOMEM;
	for (n = r->nodes; n && nodes; n = n->child[0])
		nodes--;
	for (; nodes; nodes--) {
		n = kmem_alloc(node_cache, ALLOC_WAIT);
		if (!n)
			return -ENOMEM;
		n->child[0] = r->nodes;
		r->nodes = n;
	}
	return 0;
}

void anon_reserve_free(struct anon_reserve *r)
{
	struct anon_node *n;

	while ((n = r->nodes)) {
		r->nodes = n->child[0];
		kmem_free(node_cache, n);
	}
}

/*
 * Move the pages in these slots of leaf `from` to the leaf for va; slot `first` goes to va. What
 * lies between them goes along: it means nothing, and nothing is there where it goes.
 */
static void move_slots(struct anontab *t, struct anon_node *from, unsigned first, u64 slots,
	ulong va, struct batch *b)
{
	struct anon_node *to = anon_own(t, va, true, b);
	unsigned shift = slot_index(va, 0), i = next_slot(slots, first), n = ANON_SLOTS - i;

	ASSERT(to && ref_get(&from->ref) == 1);
	while (!(slots & slot_bit(i + n - 1)))
		n--;
	from->used &= ~slots;
	to->used |= slots >> first << shift;
	memcpy(&to->page[shift + i - first], &from->page[i], n * sizeof(from->page[0]));
}

void anon_move(struct anontab *t, ulong start, ulong end, ulong to, struct anon_reserve *r,
	struct batch *b)
{
	ulong at = start;
	bool emptied = false;
	struct piece p;

	t->reserve = r->nodes;
	for (; piece_next(t, at, end, &p); at = p.stop) {
		struct anon_node *leaf = p.leaf; /* ours: prepared */
		ulong dest = to + (p.va - start), next = ALIGN_UP(dest + 1, 1ul << slot_shift(1));
		unsigned first = slot_index(p.va, 0);
		u64 low = piece_part(&p, dest, false), high = piece_part(&p, dest, true);

		if (low)
			move_slots(t, leaf, first, low, dest, b);
		if (high)
			move_slots(t, leaf, first + (unsigned)((next - dest) >> PAGE_SHIFT), high,
				next, b);
		if (!leaf->used) {
			t->spare++; /* until it is removed */
			emptied = true;
		}
	}
	r->nodes = t->reserve;
	t->reserve = NULL;
	if (emptied) {
		forget_own(t);
		node_remove(t, t->root, ANON_LEVELS - 1, 0, start, end, b);
	}
}

static ulong node_count(
	const struct anon_node *n, unsigned level, ulong base, ulong start, ulong end)
{
	ulong span = 1ul << slot_shift(level), count = 0;

	for (unsigned i = 0; i < ANON_SLOTS; i++) {
		ulong at = base + i * span;

		if (!slot_get(n, i))
			continue;
		if (at >= end || at + (span - 1) < start)
			continue;
		count += level ? node_count(n->child[i], level - 1, at, start, end) : 1;
	}
	return count;
}

ulong anon_count(struct anontab *t, ulong start, ulong end)
{
	ulong count;

	spin_lock(&t->lock);
	count = t->root ? node_count(t->root, ANON_LEVELS - 1, 0, start, end) : 0;
	spin_unlock(&t->lock);
	return count;
}

/*
 * The child's vmas are on their objects' lists already, so truncation may be at its table: it must
 * find the table empty, or all that the parent has. Nobody else wants the child's lock, and nobody
 * takes two of these but fork, so waiting for it by trying cannot deadlock.
 */
void anon_fork(struct anontab *child, struct anontab *parent)
{
	spin_lock(&parent->lock);
	while (!spin_trylock(&child->lock))
		cpu_relax();
	forget_own(parent);
	child->root = parent->root;
	if (child->root)
		__atomic_fetch_add(&child->root->ref, 1, __ATOMIC_RELAXED);
	spin_unlock(&child->lock);
	spin_unlock(&parent->lock);
}

void anon_clear(struct anontab *t, struct batch *b)
{
	struct anon_node *root = t->root;

	t->root = NULL;
	forget_own(t);
	if (root)
		node_put(root, ANON_LEVELS - 1, b);
}
