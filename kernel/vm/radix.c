/*
 * The sparse array.
 *
 * A node has 64 slots; at level 0 they hold entries, above they hold nodes of the level below. A
 * node of level n stands for an aligned range of 64^(n+1) indices, and the root's range begins at
 * 0. Three bit sets, a bit a slot, let searches skip what does not matter: used    the slot is not
 * NULL marked  level 0: the entry is marked; above: something below is full    level 0: as used;
 * above: every index below has an entry
 *
 * Invariants: no node but the root of an empty walk has used == 0; marked and full are subsets of
 * used; the root has an entry outside its first slot, unless it is level 0 (the height is what the
 * largest index needs, once something was removed).
 */
#include "vm/radix.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "vm/kmalloc.h"

struct radix_node {
	u64 used, marked, full;
	void *slot[RADIX_SLOTS];
};

#define LEVELS_MAX ((sizeof(ulong) * 8 + RADIX_BITS - 1) / RADIX_BITS)

/* The nodes from the root (at [height - 1]) down to level 0 on the way to one index. */
struct path {
	struct radix_node *node[LEVELS_MAX];
};

static struct kmem_cache *node_cache;

void radix_module_init(void)
{
	node_cache = kmem_cache_create("radix_node", sizeof(struct radix_node), 0);
}

void radix_init(struct radix *r)
{
	r->root = NULL;
	r->height = 0;
	r->count = 0;
}

static inline unsigned slot_of(ulong index, unsigned level)
{
	return (index >> level * RADIX_BITS) & (RADIX_SLOTS - 1);
}

/* Does a tree of this height reach index? */
static inline bool reaches(unsigned height, ulong index)
{
	return height >= LEVELS_MAX || index >> height * RADIX_BITS == 0;
}

static inline unsigned lowest(u64 set)
{
	return (unsigned)__builtin_ctzll(set);
}

/* The bits from n upwards; n may be 64. */
static inline u64 from(unsigned n)
{
	return n < RADIX_SLOTS ? ~0ull << n : 0;
}

/* Find the way to index; false if it ends early. */
static bool walk(const struct radix *r, ulong index, struct path *path)
{
	struct radix_node *n = r->root;

	if (!reaches(r->height, index))
		return false;
	for (unsigned level = r->height; level-- > 0;) {
		if (!n)
			return false;
		path->node[level] = n;
		n = n->slot[slot_of(index, level)];
	}
	return r->height > 0;
}

void *radix_get(const struct radix *r, ulong index)
{
	void *p = r->root;

	if (!reaches(r->height, index))
		return NULL;
	for (unsigned level = r->height; p && level-- > 0;)
		p = ((struct radix_node *)p)->slot[slot_of(index, level)];
	return p;
}

void *const *radix_run(const struct radix *r, ulong index, unsigned *n)
{
	const struct radix_node *node = reaches(r->height, index) ? r->root : NULL;
	unsigned first = slot_of(index, 0);

	*n = MIN(*n, RADIX_SLOTS - first);
	for (unsigned level = r->height; node && level-- > 1;)
		node = node->slot[slot_of(index, level)];
	return node ? &node->slot[first] : NULL;
}

/* --- bit sets: bring the nodes of a path in line with what changed at its bottom --- */

/* The bit sets above level say of each node what is true of the one below it. */
static void path_update(struct path *path, unsigned height, ulong index)
{
	for (unsigned level = 1; level < height; level++) {
		const struct radix_node *below = path->node[level - 1];
		struct radix_node *n = path->node[level];
		u64 bit = 1ull << slot_of(index, level);

		n->marked = below->marked ? n->marked | bit : n->marked & ~bit;
		n->full = below->full == ~0ull ? n->full | bit : n->full & ~bit;
	}
}

/* Take nodes without use off the path, and levels off the top that have only their first slot. */
static void prune(struct radix *r, struct path *path, ulong index)
{
	for (unsigned level = 0; level < r->height && path->node[level]->used == 0; level++) {
		struct radix_node *above;
		unsigned slot;

		kmem_free(node_cache, path->node[level]);
		if (level + 1 == r->height) {
			r->root = NULL;
			r->height = 0;
			return;
		}
		above = path->node[level + 1];
		slot = slot_of(index, level + 1);
		above->slot[slot] = NULL;
		above->used &= ~(1ull << slot);
		above->marked &= ~(1ull << slot);
	}
	while (r->height > 1 && r->root->used == 1) {
		struct radix_node *top = r->root;

		r->root = top->slot[0];
		r->height--;
		kmem_free(node_cache, top);
	}
}

/* --- changing --- */

static struct radix_node *node_new(void)
{
	return kmem_alloc(node_cache, ALLOC_ZERO);
}

/*
 * Put a node above the root; a root with nothing in it is raised instead, or it would stay below as
 * an empty node.
 */
static bool grow(struct radix *r)
{
	struct radix_node *n;

	if (r->root && r->root->used == 0) {
		r->height++;
		return true;
	}
	n = node_new();
	if (!n)
		return false;
	if (r->root) {
		n->slot[0] = r->root;
		n->used = 1;
		n->marked = r->root->marked != 0;
		n->full = r->root->full == ~0ull;
	}
	r->root = n;
	r->height++;
	return true;
}

/* Undo the levels that grow added when what should have come into them did not. */
static void shrink(struct radix *r, unsigned height)
{
	if (r->root && r->root->used == 0) {
		kmem_free(node_cache, r->root);
		radix_init(r);
		return;
	}
	while (r->height > height) {
		struct radix_node *n = r->root;

		r->root = n->slot[0];
		r->height--;
		kmem_free(node_cache, n);
	}
}

/*
 * Make the missing nodes below the root on the way to index. On failure the new ones are gone
 * again.
 */
static bool path_make(struct radix *r, ulong index, struct path *path)
{
	unsigned level = r->height - 1;

	path->node[level] = r->root;
	for (; level > 0; level--) {
		struct radix_node *n = path->node[level];
		unsigned slot = slot_of(index, level);

		if (!n->slot[slot]) {
			n->slot[slot] = node_new();
			if (!n->slot[slot])
				goto fail;
			n->used |= 1ull << slot;
		}
		path->node[level - 1] = n->slot[slot];
	}
	return true;

fail:
	/* A node that has nothing in it was made just now. */
	for (; level + 1 < r->height && path->node[level]->used == 0; level++) {
		unsigned slot = slot_of(index, level + 1);

		kmem_free(node_cache, path->node[level]);
		path->node[level + 1]->slot[slot] = NULL;
		path->node[level + 1]->used &= ~(1ull << slot);
	}
	return false;
}

int radix_set(struct radix *r, ulong index, void *item)
{
	unsigned height = r->height;
	struct radix_node *leaf;
	struct path path;
	u64 bit;

	do {
		if ((r->height == 0 || !reaches(r->height, index)) && !grow(r))
			goto fail;
	} while (!reaches(r->height, index));
	if (!path_make(r, index, &path))
		goto fail;

	leaf = path.node[0];
	bit = 1ull << slot_of(index, 0);
	if (!(leaf->used & bit))
		r->count++;
	leaf->slot[slot_of(index, 0)] = item;
	leaf->used |= bit;
	leaf->full |= bit;
	leaf->marked &= ~bit;
	path_update(&path, r->height, index);
	return 0;

fail:
	shrink(r, height);
	return -ENOMEM;
}

void *radix_remove(struct radix *r, ulong index)
{
	struct radix_node *leaf;
	struct path path;
	void *item;
	u64 bit;

	if (!walk(r, index, &path))
		return NULL;
	leaf = path.node[0];
	item = leaf->slot[slot_of(index, 0)];
	if (!item)
		return NULL;
	bit = 1ull << slot_of(index, 0);
	leaf->slot[slot_of(index, 0)] = NULL;
	leaf->used &= ~bit;
	leaf->full &= ~bit;
	leaf->marked &= ~bit;
	r->count--;
	path_update(&path, r->height, index);
	if (leaf->used == 0 || r->root->used == 1)
		prune(r, &path, index);
	return item;
}

static void set_mark(struct radix *r, ulong index, bool mark)
{
	u64 bit = 1ull << slot_of(index, 0);
	struct path path;

	if (!walk(r, index, &path) || !(path.node[0]->used & bit)) {
		DEBUG_ASSERT(!"radix_mark: an entry");
		return;
	}
	if (mark)
		path.node[0]->marked |= bit;
	else
		path.node[0]->marked &= ~bit;
	path_update(&path, r->height, index);
}

void radix_mark(struct radix *r, ulong index)
{
	set_mark(r, index, true);
}

void radix_unmark(struct radix *r, ulong index)
{
	set_mark(r, index, false);
}

bool radix_marked(const struct radix *r, ulong index)
{
	struct path path;

	return walk(r, index, &path) && path.node[0]->marked & 1ull << slot_of(index, 0);
}

/* --- searching --- */

/* Which slots a search stops at. */
enum search { USED, MARKED, NOT_FULL };

static inline u64 candidates(const struct radix_node *n, enum search what)
{
	switch (what) {
	case USED: return n->used;
	case MARKED: return n->marked;
	default: return ~n->full;
	}
}

/*
 * The first index >= start that has what is searched for: go down towards start; where a node has
 * no candidate from start's slot on, go back up to the first level that has a later one; from there
 * on down, take the lowest. RADIX_NONE if there is none in the tree. A slot that is not full and
 * empty stands for its lowest index.
 */
static ulong find(const struct radix *r, ulong start, enum search what)
{
	const struct radix_node *stack[LEVELS_MAX];
	unsigned level = r->height - 1;
	ulong index = start;

	stack[level] = r->root;
	for (;;) {
		unsigned slot = slot_of(index, level);
		u64 set = candidates(stack[level], what) & from(slot);

		while (!set) {
			if (++level >= r->height)
				return RADIX_NONE;
			set = candidates(stack[level], what) & from(slot_of(index, level) + 1);
		}
		slot = lowest(set);
		if (slot != slot_of(index, level)) {
			/* Behind start: all lower digits begin at 0 again. */
			index >>= level * RADIX_BITS;
			index = (index & ~(ulong)(RADIX_SLOTS - 1)) | slot;
			index <<= level * RADIX_BITS;
		}
		if (level == 0 || !stack[level]->slot[slot])
			return index;
		stack[level - 1] = stack[level]->slot[slot];
		level--;
	}
}

static void *next(const struct radix *r, ulong *index, enum search what)
{
	if (r->height == 0 || !reaches(r->height, *index)) {
		*index = RADIX_NONE;
		return NULL;
	}
	*index = find(r, *index, what);
	return *index == RADIX_NONE ? NULL : radix_get(r, *index);
}

void *radix_next(const struct radix *r, ulong *index)
{
	return next(r, index, USED);
}

void *radix_next_marked(const struct radix *r, ulong *index)
{
	return next(r, index, MARKED);
}

ulong radix_first_free(const struct radix *r, ulong start)
{
	ulong index;

	if (r->height == 0 || !reaches(r->height, start))
		return start;
	index = find(r, start, NOT_FULL);
	if (index != RADIX_NONE || reaches(r->height, RADIX_NONE))
		return index;
	return 1ul << r->height * RADIX_BITS; /* the first one the tree does not reach */
}

void radix_clear(struct radix *r)
{
	struct radix_node *stack[LEVELS_MAX];
	unsigned level;

	if (r->height == 0)
		return;
	/* Post-order: a node goes when the nodes below it have gone. */
	level = r->height - 1;
	stack[level] = r->root;
	while (level < r->height) {
		struct radix_node *n = stack[level];

		if (level > 0 && n->used) {
			unsigned slot = lowest(n->used);

			n->used &= n->used - 1;
			stack[--level] = n->slot[slot];
		} else {
			kmem_free(node_cache, n);
			level++;
		}
	}
	radix_init(r);
}
