/*
 * Block and inode bitmaps.
 *
 * A freed block is not used again at once: a name or inode that still leads to it may be all the
 * disk knows, and after a crash somebody would find another file's bytes there. It waits, taken,
 * until a sync, or long enough for write-back to have told the disk, or until there is no other
 * block. Inode numbers go round for the same reason.
 *
 * A set bit is a block or inode in use. The counts of a group are kept beside the bitmaps in memory
 * and reach the disk with the next sync; after a crash e2fsck counts anew. Everything here runs
 * under alloc_lock.
 */
#include "fs/ext2/ext2.h"

#include "lib/errno.h"
#include "lib/list.h"
#include "lib/string.h"
#include "proc/timer.h"
#include "vm/kmalloc.h"

static u32 group_first(const struct ext2 *x, u32 g)
{
	return x->first_block + g * x->blocks_per_group;
}

/* Blocks in group g: the last one may be short. */
static u32 group_blocks(const struct ext2 *x, u32 g)
{
	return MIN(x->blocks_per_group, x->blocks_count - group_first(x, g));
}

bool ext2_block_ok(const struct ext2 *x, u32 block)
{
	const struct ext2_group *g;

	if (block < x->super_blocks || block >= x->blocks_count)
		return false;
	g = &x->group[(block - x->first_block) / x->blocks_per_group];
	return block != g->block_bitmap && block != g->inode_bitmap &&
		(block < g->inode_table || block - g->inode_table >= x->table_blocks);
}

static bool bit_get(const u8 *map, u32 bit)
{
	return map[bit / 8] >> bit % 8 & 1;
}

/* The first clear bit in [from, to), or to. The map is aligned to 8 bytes. */
static u32 find_clear(const u8 *map, u32 from, u32 to)
{
	while (from < to) {
		u64 word;

		memcpy(&word, map + from / 64 * 8, sizeof(word));
		word = ~word >> from % 64;
		if (word)
			return MIN(from + (u32)__builtin_ctzll(word), to);
		from = (from / 64 + 1) * 64;
	}
	return to;
}

/*
 * Take a block of group g, at or after bit `from` if possible. -ENOSPC if the group is full after
 * all.
 */
static int take_in_group(struct ext2 *x, u32 g, u32 from, u32 *out)
{
	u32 n = group_blocks(x, g), bit;
	struct meta_block map;
	int err = meta_get_write(x, x->group[g].block_bitmap, &map);

	if (err)
		return err;
	bit = find_clear(map.data, from, n);
	if (bit == n)
		bit = find_clear(map.data, 0, MIN(from, n));
	if (bit == n || (bit == from && bit_get(map.data, bit))) {
		meta_put(&map);
		return -ENOSPC;
	}
	((u8 *)map.data)[bit / 8] |= (u8)(1u << bit % 8);
	meta_dirty(&map);
	meta_put(&map);
	*out = group_first(x, g) + bit;
	return 0;
}

/* One block from the first group that has one, beginning with the goal's. */
static int take_block(struct ext2 *x, u32 goal, u32 *out)
{
	u32 g = (goal - x->first_block) / x->blocks_per_group;
	u32 from = (goal - x->first_block) % x->blocks_per_group;
	int err;

	for (u32 tried = 0; tried < x->groups; tried++) {
		if (x->group[g].free_blocks) {
			err = take_in_group(x, g, from, out);
			if (err == -ENOSPC) {
				ext2_damage(x,
					"group %u has no free block though its count says %u", g,
					x->group[g].free_blocks);
				x->free_blocks -= MIN(x->free_blocks, x->group[g].free_blocks);
				x->group[g].free_blocks = 0;
			} else if (err) {
				return err;
			} else {
				x->group[g].free_blocks--;
				x->free_blocks -= x->free_blocks > 0;
				return 0;
			}
		}
		g = (g + 1) % x->groups;
		from = 0;
	}
	return -ENOSPC;
}

/* Clear bits of one group's map. */
static void free_in_group(struct ext2 *x, u32 g, u32 first, u32 n)
{
	struct meta_block map;
	u32 freed = 0;

	if (meta_get_write(x, x->group[g].block_bitmap, &map)) {
		ext2_damage(x, "blocks %u to %u stay taken: no block bitmap", first, first + n - 1);
		return;
	}
	for (u32 bit = first - group_first(x, g); n; n--, bit++) {
		if (bit_get(map.data, bit))
			freed++;
		else
			ext2_damage(x, "block %u was freed but is free", group_first(x, g) + bit);
		((u8 *)map.data)[bit / 8] &= (u8) ~(1u << bit % 8);
	}
	meta_dirty(&map);
	meta_put(&map);
	x->group[g].free_blocks += freed;
	x->free_blocks += freed;
}

static void free_now(struct ext2 *x, u32 block, u32 n)
{
	while (n) {
		u32 g = (block - x->first_block) / x->blocks_per_group;
		u32 here = MIN(n, group_first(x, g) + group_blocks(x, g) - block);

		free_in_group(x, g, block, here);
		block += here;
		n -= here;
	}
}

/* Blocks that wait to be used again. */
struct freed_run {
	struct list link;
	u32 block, n;
	u64 when;
};

#define FREED_WAIT (10 * NSEC) /* write-back is done with what is older */

/* Free for good what was given back before `until`. */
static void release_before(struct ext2 *x, u64 until)
{
	struct freed_run *r;

	while (!list_empty(&x->freed)) {
		r = LIST_FIRST(&x->freed, struct freed_run, link);
		if (r->when > until)
			break;
		list_remove(&r->link);
		x->freed_blocks -= r->n;
		free_now(x, r->block, r->n);
		kmfree(r);
	}
}

bool ext2_release_freed(struct ext2 *x, u64 until)
{
	bool any;

	mutex_lock(&x->alloc_lock);
	any = !list_empty(&x->freed);
	release_before(x, until);
	mutex_unlock(&x->alloc_lock);
	return any;
}

/* Note the run; without memory for that it is free at once. */
static void free_later(struct ext2 *x, u32 block, u32 n)
{
	u64 now = clock_now();
	struct freed_run *r = NULL;

	if (!list_empty(&x->freed))
		r = LIST_LAST(&x->freed, struct freed_run, link);
	if (r && r->block + r->n == block && now - r->when < NSEC) {
		r->n += n;
		r->when = now;
	} else {
		r = kmalloc(sizeof(*r), ALLOC_WAIT);
		if (!r) {
			free_now(x, block, n);
			return;
		}
		*r = (struct freed_run){.block = block, .n = n, .when = now};
		list_append(&x->freed, &r->link);
	}
	x->freed_blocks += n;
}

void ext2_block_free(struct ext2 *x, u32 block, u32 n)
{
	mutex_lock(&x->alloc_lock);
	free_later(x, block, n);
	mutex_unlock(&x->alloc_lock);
}

/* take_block, with what waits as the last resort. */
static int take_or_release(struct ext2 *x, u32 goal, u32 *out)
{
	int err;

	if (!list_empty(&x->freed))
		release_before(x, clock_now() - MIN(clock_now(), (u64)FREED_WAIT));
	err = take_block(x, goal, out);
	if (err == -ENOSPC && !list_empty(&x->freed)) {
		release_before(x, UINT64_MAX);
		err = take_block(x, goal, out);
	}
	return err;
}

int ext2_block_alloc(struct ext2 *x, u32 goal, u32 *out)
{
	int err;

	if (goal < x->first_block || goal >= x->blocks_count)
		goal = x->first_block;
	mutex_lock(&x->alloc_lock);
	/*
	 * A bitmap that says the file system's own blocks are free is damaged: they stay taken, and
	 * the next is tried.
	 */
	while (!(err = take_or_release(x, goal, out)) && !ext2_block_ok(x, *out))
		ext2_damage(x, "block %u belongs to the file system but was marked free", *out);
	mutex_unlock(&x->alloc_lock);
	return err;
}

/* --- inodes --- */

/*
 * For a new directory: a group with many free inodes and the most free blocks, so that directories
 * spread.
 */
static u32 directory_group(const struct ext2 *x, u32 parent_group)
{
	u64 average = x->free_inodes / x->groups;
	u32 best = parent_group;
	bool found = false;

	for (u32 g = 0; g < x->groups; g++) {
		const struct ext2_group *c = &x->group[g];

		if (!c->free_inodes || c->free_inodes < average)
			continue;
		if (!found || c->free_blocks > x->group[best].free_blocks)
			best = g;
		found = true;
	}
	return best;
}

/* Take an inode of group g. */
static int take_inode(struct ext2 *x, u32 g, u32 *out)
{
	u32 first = g == 0 ? x->first_ino - 1 : 0, from = MAX(first, (u32)x->group[g].next_inode),
	    bit;
	struct meta_block map;
	int err = meta_get_write(x, x->group[g].inode_bitmap, &map);

	if (err)
		return err;
	bit = find_clear(map.data, from, x->inodes_per_group);
	if (bit == x->inodes_per_group)
		bit = find_clear(map.data, first, x->inodes_per_group);
	err = bit < x->inodes_per_group ? 0 : -ENOSPC;
	if (!err) {
		((u8 *)map.data)[bit / 8] |= (u8)(1u << bit % 8);
		meta_dirty(&map);
		*out = g * x->inodes_per_group + bit + 1;
		x->group[g].next_inode = (u16)(bit + 1);
	}
	meta_put(&map);
	return err;
}

int ext2_inode_alloc(struct ext2 *x, u32 parent, bool dir, u32 *out)
{
	u32 g = (parent - 1) / x->inodes_per_group;
	int err = -ENOSPC;

	mutex_lock(&x->alloc_lock);
	if (dir)
		g = directory_group(x, g);
	for (u32 tried = 0; tried < x->groups && err == -ENOSPC; tried++) {
		if (x->group[g].free_inodes) {
			err = take_inode(x, g, out);
			if (err == -ENOSPC) {
				ext2_damage(x,
					"group %u has no free inode though its count says %u", g,
					x->group[g].free_inodes);
				x->group[g].free_inodes = 0;
			}
		}
		if (err == -ENOSPC)
			g = (g + 1) % x->groups;
	}
	if (!err) {
		x->group[g].free_inodes--;
		x->group[g].used_dirs += dir;
		x->free_inodes -= x->free_inodes > 0;
	}
	mutex_unlock(&x->alloc_lock);
	return err;
}

void ext2_inode_free(struct ext2 *x, u32 ino, bool dir)
{
	u32 g = (ino - 1) / x->inodes_per_group, bit = (ino - 1) % x->inodes_per_group;
	struct meta_block map;

	mutex_lock(&x->alloc_lock);
	if (meta_get_write(x, x->group[g].inode_bitmap, &map)) {
		ext2_damage(x, "inode %u stays taken: no inode bitmap", ino);
	} else {
		if (bit_get(map.data, bit)) {
			((u8 *)map.data)[bit / 8] &= (u8) ~(1u << bit % 8);
			meta_dirty(&map);
			x->group[g].free_inodes++;
			x->group[g].used_dirs -= dir && x->group[g].used_dirs;
			x->free_inodes++;
		} else {
			ext2_damage(x, "inode %u was freed but is free", ino);
		}
		meta_put(&map);
	}
	mutex_unlock(&x->alloc_lock);
}

u32 ext2_inode_goal(const struct ext2 *x, u32 ino)
{
	return group_first(x, (ino - 1) / x->inodes_per_group);
}
