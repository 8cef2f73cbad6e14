/*
 * Blocks of metadata, cached in the device's own object.
 *
 * `dirty` maps a page's index to a word: a mask with one bit a block, and the number of changes
 * under way. The entry is made before a change begins and stays until it is over, so that setting a
 * bit after the change cannot fail. A write-back takes the bits first and puts them back if the
 * device fails.
 */
#include "fs/ext2/ext2.h"

#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"

#define ENTRY 1ul /* always set */
#define MASK_SHIFT 1 /* dirty blocks: at most 8 */
#define CHANGER (1ul << 16) /* one for each meta_get_write that has not been put yet */
#define WRITE_CHUNK 32u /* pages written before their bits are given up for good */

static ulong entry_get(struct ext2 *x, ulong index)
{
	return (ulong)radix_get(&x->dirty, index);
}

/* Add to a page's entry. Fails only if there was none yet. */
static int entry_add(struct ext2 *x, ulong index, ulong bits, ulong changers)
{
	ulong entry;
	int err;

	spin_lock(&x->dirty_lock);
	entry = entry_get(x, index) | bits << MASK_SHIFT | ENTRY;
	err = radix_set(&x->dirty, index, (void *)(entry + changers));
	spin_unlock(&x->dirty_lock);
	return err;
}

/* Take bits away; returns those of them that were set. */
static ulong entry_take(struct ext2 *x, ulong index, ulong bits)
{
	ulong entry;

	spin_lock(&x->dirty_lock);
	entry = entry_get(x, index);
	if (entry)
		radix_set(&x->dirty, index, (void *)(entry & ~(bits << MASK_SHIFT)));
	spin_unlock(&x->dirty_lock);
	return entry >> MASK_SHIFT & bits;
}

void meta_shrink(struct ext2 *x)
{
	ulong index = 0;
	void *entry;

	spin_lock(&x->dirty_lock);
	while ((entry = radix_next(&x->dirty, &index))) {
		if ((ulong)entry == ENTRY)
			radix_remove(&x->dirty, index);
		index++;
	}
	spin_unlock(&x->dirty_lock);
}

static struct ext2 *meta_owner(struct obj *o)
{
	return CONTAINER_OF(o, struct ext2, meta);
}

static ulong page_bits(const struct ext2 *x)
{
	return (1ul << x->blocks_per_page) - 1;
}

/* The device may end inside its last page. */
static u32 page_bytes(const struct obj *o, const struct page *p)
{
	return (u32)MIN((u64)PAGE_SIZE, o->size - ((u64)p->index << PAGE_SHIFT));
}

static int meta_read(struct obj *o, struct page *p)
{
	struct ext2 *x = meta_owner(o);
	u32 n = page_bytes(o, p);
	struct io_batch io;

	if (n < PAGE_SIZE)
		memset((char *)page_addr(p) + n, 0, PAGE_SIZE - n);
	io_begin(&io, x->dev, false);
	io_add(&io, p, 0, n, (u64)p->index << PAGE_SHIFT);
	return io_end(&io);
}

static int write_chunk(struct ext2 *x, struct page **pages, unsigned n)
{
	ulong taken[WRITE_CHUNK];
	struct io_batch io;
	int err;

	io_begin(&io, x->dev, true);
	for (unsigned i = 0; i < n; i++) {
		u64 pos = (u64)pages[i]->index << PAGE_SHIFT;

		taken[i] = entry_take(x, pages[i]->index, page_bits(x));
		for (u32 b = 0; b < x->blocks_per_page; b++)
			if (taken[i] >> b & 1)
				io_add(&io, pages[i], b << x->block_shift, x->block_size,
					pos + (b << x->block_shift));
	}
	err = io_end(&io);
	for (unsigned i = 0; err && i < n; i++)
		if (taken[i])
			entry_add(x, pages[i]->index, taken[i], 0);
	return err;
}

static int meta_write(struct obj *o, struct page **pages, unsigned n)
{
	struct ext2 *x = meta_owner(o);
	int err = 0;

	for (unsigned done = 0; done < n; done += WRITE_CHUNK) {
		int e = write_chunk(x, pages + done, MIN(n - done, WRITE_CHUNK));

		err = err ? err : e;
	}
	return err;
}

static const struct obj_ops meta_ops = {
	.read = meta_read,
	.write = meta_write,
};

void ext2_meta_init(struct ext2 *x)
{
	spin_init(&x->dirty_lock, "metadata", RANK_ICACHE);
	radix_init(&x->dirty);
	obj_init(&x->meta, &meta_ops, (u64)x->dev->sectors << 9);
}

static ulong block_page(const struct ext2 *x, u32 block)
{
	return block >> x->page_blocks_shift;
}

static ulong block_bit(const struct ext2 *x, u32 block)
{
	return 1ul << (block & (x->blocks_per_page - 1));
}

int meta_get(struct ext2 *x, u32 block, struct meta_block *mb)
{
	int err = obj_get_page(&x->meta, block_page(x, block), &mb->page);

	if (err)
		return err == -ENXIO ? -EIO : err;
	mb->fs = x;
	mb->block = block;
	mb->write = false;
	mb->data = (char *)page_addr(mb->page) +
		((block & (x->blocks_per_page - 1)) << x->block_shift);
	return 0;
}

int meta_get_write(struct ext2 *x, u32 block, struct meta_block *mb)
{
	int err = meta_get(x, block, mb);

	if (err)
		return err;
	err = entry_add(x, block_page(x, block), 0, CHANGER);
	if (err)
		meta_put(mb);
	else
		mb->write = true;
	return err;
}

int meta_get_new(struct ext2 *x, u32 block, struct meta_block *mb)
{
	int err = meta_get_write(x, block, mb);

	if (!err) {
		memset(mb->data, 0, x->block_size);
		meta_dirty(mb);
	}
	return err;
}

void meta_dirty(struct meta_block *mb)
{
	int err = entry_add(mb->fs, block_page(mb->fs, mb->block), block_bit(mb->fs, mb->block), 0);

	ASSERT(!err);
	obj_mark_dirty(&mb->fs->meta, mb->page);
}

void meta_put(struct meta_block *mb)
{
	if (mb->write)
		entry_add(mb->fs, block_page(mb->fs, mb->block), 0, -CHANGER);
	page_put(mb->page);
}

void meta_forget(struct ext2 *x, u32 block)
{
	struct page *p;

	entry_take(x, block_page(x, block), block_bit(x, block));
	/* A write that took the bit before has the page busy: this waits for it. */
	if (!obj_get_page(&x->meta, block_page(x, block), &p))
		page_put(p);
}
