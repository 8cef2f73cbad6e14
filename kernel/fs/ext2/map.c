/*
 * The block map of an inode: twelve direct pointers, then trees of pointer blocks one, two and
 * three levels deep.
 *
 * A pointer of 0 is a hole. A place in the map is a path: an index into the inode's own array, then
 * one into each pointer block on the way. When a path is extended, everything new is prepared below
 * the one pointer that links it in, so a failure leaves the map as it was.
 *
 * The blocks of a page are found together. Their pointers stand side by side, in the inode or in one
 * pointer block, as every level begins at a multiple of a page.
 */
#include "fs/ext2/ext2.h"

#include "lib/errno.h"
#include "lib/string.h"

#define LEVELS_MAX 4
#define PAGE_BLOCKS_MAX (PAGE_SIZE / 1024u)

struct path {
	unsigned depth; /* pointers to follow: 1 for a direct block */
	u32 at[LEVELS_MAX];
};

static u32 ptrs_shift(const struct ext2 *x)
{
	return x->block_shift - 2;
}

/* Blocks that a map can hold. */
static u64 map_blocks(const struct ext2 *x)
{
	u64 p = 1ull << ptrs_shift(x);

	return EXT2_NDIR + p + p * p + p * p * p;
}

/*
 * Limited by the map, and by i_blocks, which counts 512-byte units in 32 bits with the pointer
 * blocks among them.
 */
u64 ext2_max_size(const struct ext2 *x)
{
	u64 by_map = map_blocks(x) << x->block_shift;
	u64 by_count = (1ull << 32 << 9) - (1ull << 32 >> ptrs_shift(x) << 9 << 1);

	if (!x->large_file)
		return MIN(MIN(by_map, by_count), (1ull << 31) - 1);
	return MIN(by_map, by_count);
}

static int path_find(const struct ext2 *x, u64 lblk, struct path *p)
{
	u32 shift = ptrs_shift(x);

	if (lblk < EXT2_NDIR) {
		p->depth = 1;
		p->at[0] = (u32)lblk;
		return 0;
	}
	lblk -= EXT2_NDIR;
	for (unsigned level = 1; level < LEVELS_MAX; level++) {
		if (lblk < 1ull << shift * level) {
			p->depth = level + 1;
			p->at[0] = EXT2_NDIR + level - 1;
			for (unsigned i = 0; i < level; i++)
				p->at[level - i] = (u32)(lblk >> shift * i) & ((1u << shift) - 1);
			return 0;
		}
		lblk -= 1ull << shift * level;
	}
	return -EFBIG;
}

static int bad_pointer(struct ext2_inode *e, u32 block)
{
	return ext2_damage(ext2_of(&e->inode), "inode %u points to block %u, which cannot be",
		(u32)e->inode.ino, block);
}

/* How many of `max` pointers from ptr[0] on continue like it: contiguous blocks, or holes. */
static u32 run_length(const u32 *ptr, u32 room, u32 max)
{
	u32 n = 1, limit = MIN(room, max);

	while (n < limit && ptr[n] == (ptr[0] ? ptr[0] + n : 0))
		n++;
	return n;
}

int ext2_map(struct ext2_inode *e, u64 lblk, u32 max, u32 *pblk, u32 *run)
{
	struct ext2 *x = ext2_of(&e->inode);
	u32 per = 1u << ptrs_shift(x), block = 0;
	struct meta_block mb;
	struct path p;
	unsigned i;
	int err = path_find(x, lblk, &p);

	*pblk = 0;
	*run = 1;
	if (err)
		return 0;
	mutex_lock(&e->map_lock);
	block = e->block[p.at[0]];
	if (p.depth == 1)
		*run = run_length(&e->block[p.at[0]], EXT2_NDIR - p.at[0], max);
	for (i = 1; i < p.depth && block && !err; i++) {
		const u32 *ptr;

		if (!ext2_block_ok(x, block)) {
			err = bad_pointer(e, block);
			break;
		}
		err = meta_get(x, block, &mb);
		if (err)
			break;
		ptr = (const u32 *)mb.data + p.at[i];
		block = *ptr;
		if (i + 1 == p.depth)
			*run = run_length(ptr, per - p.at[i], max);
		meta_put(&mb);
	}
	if (!err && block && (!ext2_block_ok(x, block) || !ext2_block_ok(x, block + *run - 1)))
		err = bad_pointer(e, block);
	mutex_unlock(&e->map_lock);
	if (!err)
		*pblk = block;
	return err;
}

/* Where a new block for lblk is best put. */
static u32 map_goal(const struct ext2_inode *e, u64 lblk)
{
	const struct ext2 *x = ext2_of(&e->inode);

	if (e->goal_pblk && lblk >= e->goal_lblk && lblk - e->goal_lblk < 64)
		return e->goal_pblk + (u32)(lblk - e->goal_lblk);
	return ext2_inode_goal(x, (u32)e->inode.ino);
}

/*
 * The deepest pointer of the path that is not 0; *mb pins the block it is in (if level > 0).
 * Returns its level, or -errno.
 */
static int path_walk_down(
	struct ext2_inode *e, const struct path *p, struct meta_block *mb, u32 **slot)
{
	struct ext2 *x = ext2_of(&e->inode);
	unsigned level = 0;
	int err;

	*slot = &e->block[p->at[0]];
	while (**slot && level + 1 < p->depth) {
		u32 block = **slot;

		if (level)
			meta_put(mb);
		if (!ext2_block_ok(x, block))
			return bad_pointer(e, block);
		err = meta_get_write(x, block, mb);
		if (err)
			return err;
		level++;
		*slot = (u32 *)mb->data + p->at[level];
	}
	return (int)level;
}

/* Take n blocks one after another from goal on; gives all back on failure. */
static int take_blocks(struct ext2 *x, u32 goal, u32 *block, unsigned n)
{
	int err;

	for (unsigned i = 0; i < n; i++) {
		err = ext2_block_alloc(x, goal, &block[i]);
		if (err) {
			while (i--)
				ext2_block_free(x, block[i], 1);
			return err;
		}
		goal = block[i] + 1;
	}
	return 0;
}

/*
 * Turn fresh[0 .. levels-1] into pointer blocks, each pointing at the next, the last one at the n
 * data blocks that follow in fresh[]. at[] are the indices in them.
 */
static int build_branch(
	struct ext2 *x, const u32 *fresh, unsigned levels, const u32 *at, unsigned n)
{
	struct meta_block mb;

	for (unsigned i = 0; i < levels; i++) {
		int err = meta_get_new(x, fresh[i], &mb);

		if (err) {
			while (i--)
				meta_forget(x, fresh[i]);
			return err;
		}
		memcpy((u32 *)mb.data + at[i], &fresh[i + 1],
			(i + 1 < levels ? 1 : n) * sizeof(u32));
		meta_dirty(&mb);
		meta_put(&mb);
	}
	return 0;
}

/* How many of the n pointers are holes. -EIO if one of the others cannot be. */
static int count_holes(struct ext2_inode *e, const u32 *slot, unsigned n)
{
	int holes = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!slot[i])
			holes++;
		else if (!ext2_block_ok(ext2_of(&e->inode), slot[i]))
			return bad_pointer(e, slot[i]);
	}
	return holes;
}

/*
 * Fill the holes among the n blocks from lblk on. The path p to the first of them ends at *slot, on
 * level `level`, in the pinned block mb (if level > 0).
 */
static int fill_holes(struct ext2_inode *e, u64 lblk, unsigned n, const struct path *p,
	unsigned level, struct meta_block *mb, u32 *slot)
{
	struct ext2 *x = ext2_of(&e->inode);
	unsigned levels = p->depth - 1 - level, taken;
	u32 fresh[LEVELS_MAX - 1 + PAGE_BLOCKS_MAX], *next = fresh;
	int holes = levels ? (int)n : count_holes(e, slot, n), err;

	if (holes <= 0)
		return holes;
	taken = levels + (unsigned)holes;
	err = take_blocks(x, map_goal(e, lblk), fresh, taken);
	if (err)
		return err;
	err = build_branch(x, fresh, levels, p->at + level + 1, n);
	if (err) {
		for (unsigned i = 0; i < taken; i++)
			ext2_block_free(x, fresh[i], 1);
		return err;
	}
	for (unsigned i = 0; i < (levels ? 1 : n); i++)
		if (!slot[i])
			slot[i] = *next++;
	if (level)
		meta_dirty(mb);
	e->inode.blocks += (u64)taken << (x->block_shift - 9);
	e->dirty = true;
	e->goal_lblk = (u32)lblk + n - 1;
	e->goal_pblk = fresh[taken - 1];
	return 0;
}

int ext2_map_alloc(struct ext2_inode *e, u64 lblk, unsigned n)
{
	struct ext2 *x = ext2_of(&e->inode);
	struct meta_block mb;
	struct path p;
	u32 *slot;
	int level, err = path_find(x, lblk, &p);

	if (err)
		return err;
	level = path_walk_down(e, &p, &mb, &slot);
	err = level;
	if (level >= 0) {
		err = fill_holes(e, lblk, n, &p, (unsigned)level, &mb, slot);
		if (level)
			meta_put(&mb);
	}
	return err;
}

/* --- cutting --- */

/* Blocks to free, gathered while they are contiguous. */
struct free_run {
	struct ext2_inode *e;
	u32 first, n;
	u64 total;
};

static void run_flush(struct free_run *r)
{
	if (r->n)
		ext2_block_free(ext2_of(&r->e->inode), r->first, r->n);
	r->total += r->n;
	r->n = 0;
}

static void run_add(struct free_run *r, u32 block)
{
	if (!ext2_block_ok(ext2_of(&r->e->inode), block)) {
		bad_pointer(r->e, block);
		return;
	}
	if (r->n && block == r->first + r->n) {
		r->n++;
		return;
	}
	run_flush(r);
	r->first = block;
	r->n = 1;
}

/*
 * Free what *slot leads to from file block `from` on (counted within its subtree); levels is 0 for
 * a data block. *slot becomes 0 if all of it goes. Recursion is three deep.
 */
static int cut_tree(struct free_run *r, u32 *slot, unsigned levels, u64 from)
{
	struct ext2 *x = ext2_of(&r->e->inode);
	u32 shift = ptrs_shift(x), block = *slot;
	struct meta_block mb;
	int err;

	if (!block)
		return 0;
	if (levels && ext2_block_ok(x, block)) {
		u64 span = 1ull << shift * (levels - 1);

		err = meta_get_write(x, block, &mb);
		if (err)
			return err;
		for (u32 i = (u32)(from / span); i < 1u << shift && !err; i++)
			err = cut_tree(r, (u32 *)mb.data + i, levels - 1,
				i == from / span ? from % span : 0);
		if (err || from)
			meta_dirty(&mb);
		meta_put(&mb);
		if (err)
			return err;
		if (!from)
			meta_forget(x, block);
	}
	if (!from) {
		*slot = 0;
		run_add(r, block);
	}
	return 0;
}

int ext2_map_cut(struct ext2_inode *e, u64 lblk)
{
	struct ext2 *x = ext2_of(&e->inode);
	struct free_run r = {.e = e};
	u64 base = EXT2_NDIR, sectors;
	int err = 0;

	for (u64 i = lblk; i < EXT2_NDIR; i++)
		cut_tree(&r, &e->block[i], 0, 0);
	for (unsigned level = 1; level < LEVELS_MAX && !err; level++) {
		u64 span = 1ull << ptrs_shift(x) * level;

		if (lblk < base + span)
			err = cut_tree(&r, &e->block[EXT2_NDIR + level - 1], level,
				lblk > base ? lblk - base : 0);
		base += span;
	}
	run_flush(&r);
	sectors = r.total << (x->block_shift - 9);
	e->inode.blocks -= MIN(sectors, e->inode.blocks);
	e->goal_pblk = 0;
	e->dirty = true;
	return err;
}
