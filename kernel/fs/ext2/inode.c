/*
 * Inodes of ext2: to and from the disk, their pages, truncation, and their end.
 *
 * What changes with data (size, times, block map) only sets `dirty`; it reaches the inode table
 * after the data, when that is written back, or by fsync, sync or eviction. Everything else is
 * stored at once, which means into the cached inode table.
 */
#include "fs/ext2/ext2.h"

#include <stddef.h>

#include "lib/errno.h"
#include "lib/string.h"
#include "vm/kmalloc.h"

static struct kmem_cache *inode_cache;

void ext2_inode_module_init(void)
{
	if (!inode_cache)
		inode_cache = kmem_cache_create("ext2_inode", sizeof(struct ext2_inode), 0);
}

/* --- pages --- */

static struct ext2_inode *data_owner(struct obj *o)
{
	return CONTAINER_OF(o, struct ext2_inode, data);
}

/* Blocks of the page that starts at file block first that lie before the end of the file. */
static u32 blocks_inside(const struct ext2 *x, u64 size, u64 first)
{
	u64 end = (size + x->block_size - 1) >> x->block_shift;

	return end > first ? (u32)MIN(end - first, (u64)x->blocks_per_page) : 0;
}

static int data_read(struct obj *o, struct page *p)
{
	struct ext2_inode *e = data_owner(o);
	struct ext2 *x = ext2_of(&e->inode);
	u64 first = (u64)p->index << x->page_blocks_shift;
	u32 n = blocks_inside(x, obj_size(o), first), run, pblk, bytes;
	char *at = page_addr(p);
	struct io_batch io;
	int err = 0, io_err;

	io_begin(&io, x->dev, false);
	for (u32 i = 0; i < n && !err; i += run) {
		err = ext2_map(e, first + i, n - i, &pblk, &run);
		bytes = run << x->block_shift;
		if (!err && pblk)
			io_add(&io, p, i << x->block_shift, bytes, (u64)pblk << x->block_shift);
		else if (!err)
			memset(at + (i << x->block_shift), 0, bytes);
	}
	io_err = io_end(&io);
	if (n < x->blocks_per_page)
		memset(at + (n << x->block_shift), 0, PAGE_SIZE - (n << x->block_shift));
	return err ? err : io_err;
}

/*
 * Queue all blocks of a page: those beyond the end, too, are to hold the zeros that the page has
 * there, as the file may grow over them. A dirty page has all blocks that the file needs.
 */
static int write_page(struct ext2_inode *e, struct page *p, struct io_batch *io)
{
	struct ext2 *x = ext2_of(&e->inode);
	u64 first = (u64)p->index << x->page_blocks_shift;
	u32 needed = blocks_inside(x, obj_size(&e->data), first), run, pblk;
	int err;

	for (u32 i = 0; i < x->blocks_per_page; i += run) {
		err = ext2_map(e, first + i, x->blocks_per_page - i, &pblk, &run);
		if (!err && !pblk && i < needed)
			err = ext2_damage(x, "inode %u has no block for its page %lu",
				(u32)e->inode.ino, (ulong)p->index);
		if (err)
			return err;
		if (pblk)
			io_add(io, p, i << x->block_shift, run << x->block_shift,
				(u64)pblk << x->block_shift);
	}
	return 0;
}

/* Free the blocks from byte `end` on, if there are any. A failure is tried again later. */
static int cut_locked(struct ext2_inode *e, u64 end)
{
	int err;

	if (e->reserved_end <= end)
		return 0;
	err = ext2_map_cut(e, end >> ext2_of(&e->inode)->block_shift);
	e->reserved_end = err ? UINT64_MAX : end;
	return err;
}

static int cut_reserved(struct ext2_inode *e, u64 end)
{
	int err;

	mutex_lock(&e->map_lock);
	err = cut_locked(e, end);
	mutex_unlock(&e->map_lock);
	return err;
}

int ext2_trim(struct ext2_inode *e)
{
	u64 end = ALIGN_UP(e->data.size, (u64)PAGE_SIZE);

	/* Without map_lock, only a fault changes it meanwhile, and not beyond the last page. */
	return e->reserved_end <= end ? 0 : cut_reserved(e, end);
}

int ext2_trim_tail(struct ext2_inode *e)
{
	return cut_reserved(e, ALIGN_UP(e->data.size, (u64)ext2_of(&e->inode)->block_size));
}

/* The file has become shorter: what it had from byte `end` on goes. */
static int cut_blocks(struct ext2_inode *e, u64 end)
{
	int err;

	mutex_lock(&e->map_lock);
	e->reserved_end = UINT64_MAX;
	err = cut_locked(e, end);
	mutex_unlock(&e->map_lock);
	return err;
}

/*
 * With blocks smaller than a page, a last page has taken blocks that the file does not need. They go
 * when the page, `last` of those written, still busy, has become clean. A fault does not make it
 * dirty again then, and who is to store to it in another way has it pinned, or is still to ask for
 * its blocks, for which map_lock is needed. If there are such, the blocks are left to another
 * write-back, or to the inode's end.
 */
static void trim_written(struct ext2_inode *e, const struct page *last)
{
	struct ext2 *x = ext2_of(&e->inode);
	struct obj *o = &e->data;
	u64 size;
	bool idle;

	if (x->blocks_per_page == 1)
		return;
	mutex_lock(&e->map_lock);
	mutex_lock(&o->lock);
	size = o->size;
	idle = last->ref == 2 && !obj_is_dirty_locked(o, last);
	mutex_unlock(&o->lock);
	if (idle && size && (size - 1) >> PAGE_SHIFT == last->index &&
		e->reserved_end <= ALIGN_UP(size, (u64)PAGE_SIZE))
		cut_locked(e, ALIGN_UP(size, (u64)x->block_size));
	mutex_unlock(&e->map_lock);
}

static int data_write(struct obj *o, struct page **pages, unsigned n)
{
	struct ext2_inode *e = data_owner(o);
	struct io_batch io;
	int err = 0, io_err;

	io_begin(&io, ext2_of(&e->inode)->dev, true);
	for (unsigned i = 0; i < n && !err; i++)
		err = write_page(e, pages[i], &io);
	io_err = io_end(&io);
	if (!err)
		err = io_err;
	if (!err)
		trim_written(e, pages[n - 1]);
	if (e->dirty) {
		io_err = ext2_store(e);
		err = err ? err : io_err;
	}
	return err;
}

int ext2_reserve(struct ext2_inode *e, u64 lblk, unsigned n)
{
	int err;

	mutex_lock(&e->map_lock);
	err = ext2_map_alloc(e, lblk, n);
	if (!err)
		e->reserved_end =
			MAX(e->reserved_end, (lblk + n) << ext2_of(&e->inode)->block_shift);
	mutex_unlock(&e->map_lock);
	return err;
}

/*
 * A file may grow inside a dirty page with nobody asking for more blocks, so that gets all of them
 * at once. A directory asks for each by which it grows: a name can be removed on a full disk.
 */
static int data_reserve(struct obj *o, ulong index)
{
	struct ext2_inode *e = data_owner(o);
	struct ext2 *x = ext2_of(&e->inode);
	u64 first = (u64)index << x->page_blocks_shift;

	return ext2_reserve(e, first,
		inode_is_dir(&e->inode) ? blocks_inside(x, obj_size(o), first)
					: x->blocks_per_page);
}

static void data_touched(struct obj *o)
{
	struct ext2_inode *e = data_owner(o);

	e->inode.mtime = e->inode.ctime = ktime_now();
	e->dirty = true;
}

static void data_release(struct obj *o)
{
	kmem_free(inode_cache, data_owner(o));
}

static const struct obj_ops data_ops = {
	.read = data_read,
	.write = data_write,
	.reserve = data_reserve,
	.touched = data_touched,
	.release = data_release,
};

/* --- the inode table --- */

/* Pin the block of the inode table that holds ino. */
static int table_get(
	struct ext2 *x, u32 ino, bool write, struct meta_block *mb, struct ext2_inode_disk **out)
{
	u32 per_block = x->block_size / x->inode_size;
	u32 n = (ino - 1) % x->inodes_per_group;
	u32 block = x->group[(ino - 1) / x->inodes_per_group].inode_table + n / per_block;
	int err = write ? meta_get_write(x, block, mb) : meta_get(x, block, mb);

	if (!err)
		*out = (struct ext2_inode_disk *)((char *)mb->data + n % per_block * x->inode_size);
	return err;
}

/* Does the inode have the field, which ends `end` bytes into the structure? */
static bool has_extra(const struct ext2 *x, const struct ext2_inode_disk *d, size_t end)
{
	return x->inode_size > EXT2_INODE_BASE && EXT2_INODE_BASE + d->extra_isize >= end &&
		d->extra_isize <= x->inode_size - EXT2_INODE_BASE;
}

#define FIELD_END(field) \
	(offsetof(struct ext2_inode_disk, field) + sizeof(((struct ext2_inode_disk *)0)->field))

/* Extra time word: two more bits of seconds below, nanoseconds above them. */
static struct ktime time_load(u32 sec, bool has, u32 extra)
{
	struct ktime t = {(s32)sec, 0};

	if (has) {
		t.sec += (s64)(extra & 3) << 32;
		t.nsec = MIN(extra >> 2, 999999999u);
	}
	return t;
}

static u32 time_extra(struct ktime t)
{
	return (u32)((t.sec - (s32)t.sec) >> 32 & 3) | t.nsec << 2;
}

static void choose_operations(struct inode *inode)
{
	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		inode->ops = &ext2_file_inode_ops;
		inode->fops = &ext2_file_ops;
		break;
	case S_IFDIR:
		inode->ops = &ext2_dir_inode_ops;
		inode->fops = &ext2_dir_file_ops;
		break;
	case S_IFLNK:
		inode->ops = &ext2_link_inode_ops;
		inode->fops = &path_file_ops;
		break;
	default: inode->ops = &ext2_special_inode_ops; inode->fops = &path_file_ops;
	}
}

static bool is_device(const struct inode *inode)
{
	return (inode->mode & S_IFMT) == S_IFCHR || (inode->mode & S_IFMT) == S_IFBLK;
}

/*
 * A device's number stands in the first pointer if it fits the old 16-bit form, else in the second.
 */
static u64 rdev_load(const struct ext2_inode_disk *d)
{
	return d->block[0] ? dev_make(d->block[0] >> 8 & 0xff, d->block[0] & 0xff) : d->block[1];
}

static void rdev_store(u32 block[EXT2_NPTR], u64 rdev)
{
	bool old = dev_major(rdev) < 256 && dev_minor(rdev) < 256;

	block[0] = old ? dev_major(rdev) << 8 | dev_minor(rdev) : 0;
	block[1] = old ? 0 : (u32)rdev;
}

static u64 size_load(const struct ext2 *x, const struct ext2_inode_disk *d)
{
	bool wide = (d->mode & S_IFMT) == S_IFREG && x->large_file;

	return d->size_low | (wide ? (u64)d->size_high << 32 : 0);
}

/* Can this be an inode in use? */
static int inode_check(struct ext2 *x, u32 ino, const struct ext2_inode_disk *d)
{
	u32 kind = d->mode & S_IFMT;
	u64 size = size_load(x, d);

	if (!d->links_count || !d->mode)
		return ext2_damage(x, "inode %u is free but has a name", ino);
	if (kind != S_IFREG && kind != S_IFDIR && kind != S_IFLNK && kind != S_IFCHR &&
		kind != S_IFBLK && kind != S_IFIFO && kind != S_IFSOCK)
		return ext2_damage(
			x, "inode %u has mode %o, which is no kind of file", ino, d->mode);
	if (size > ext2_max_size(x) || (kind == S_IFDIR && (size & (x->block_size - 1))))
		return ext2_damage(
			x, "inode %u cannot have a size of %llu", ino, (unsigned long long)size);
	if (kind == S_IFLNK && (size == 0 || size >= PATH_MAX))
		return ext2_damage(x, "inode %u is a symbolic link of %llu bytes", ino,
			(unsigned long long)size);
	return 0;
}

static void inode_fill(struct ext2 *x, struct ext2_inode *e, const struct ext2_inode_disk *d)
{
	struct inode *inode = &e->inode;

	inode->mode = d->mode;
	inode->nlink = d->links_count;
	inode->uid = d->uid_low | (u32)d->uid_high << 16;
	inode->gid = d->gid_low | (u32)d->gid_high << 16;
	inode->blocks = d->blocks;
	inode->atime = time_load(d->atime, has_extra(x, d, FIELD_END(atime_extra)), d->atime_extra);
	inode->mtime = time_load(d->mtime, has_extra(x, d, FIELD_END(mtime_extra)), d->mtime_extra);
	inode->ctime = time_load(d->ctime, has_extra(x, d, FIELD_END(ctime_extra)), d->ctime_extra);
	e->flags = d->flags;
	e->generation = d->generation;
	memcpy(e->block, d->block, sizeof(e->block));
	e->data.size = size_load(x, d);
	if (is_device(inode))
		inode->rdev = rdev_load(d);
}

static int inode_load(struct inode *inode)
{
	struct ext2_inode *e = ext2_inode_of(inode);
	struct ext2 *x = ext2_of(inode);
	struct ext2_inode_disk *d;
	struct meta_block mb;
	int err = table_get(x, (u32)inode->ino, false, &mb, &d);

	if (err)
		return err;
	err = inode_check(x, (u32)inode->ino, d);
	if (!err) {
		inode_fill(x, e, d);
		inode_init_lock(inode);
		choose_operations(inode);
	}
	meta_put(&mb);
	return err;
}

/* An inode in memory that knows nothing but its number. */
static struct ext2_inode *inode_blank(struct ext2 *x, u32 ino, u32 mode)
{
	struct ext2_inode *e = kmem_alloc(inode_cache, ALLOC_WAIT | ALLOC_ZERO);

	if (!e)
		return NULL;
	inode_init(&e->inode, &ext2_special_inode_ops, &path_file_ops, &x->fs, ino, mode);
	obj_init(&e->data, &data_ops, 0);
	e->inode.obj = &e->data;
	mutex_init(&e->map_lock, "block map", RANK_FSMAP);
	return e;
}

int ext2_iget(struct ext2 *x, u32 ino, struct inode **out)
{
	struct ext2_inode *e;
	int err;

	if (ino < EXT2_ROOT_INO || ino > x->inodes_count ||
		(ino < x->first_ino && ino != EXT2_ROOT_INO))
		return ext2_damage(x, "a name for inode %u, which cannot have one", ino);
	e = inode_blank(x, ino, S_IFREG);
	if (!e)
		return -ENOMEM;
	err = inode_get(&x->fs, ino, &e->inode, inode_load, out);
	if (err || *out != &e->inode)
		obj_put(&e->data);
	return err;
}

static int load_nothing(struct inode *inode)
{
	(void)inode;
	return 0;
}

int ext2_inew(struct inode *dir, u32 mode, u64 rdev, struct inode **out)
{
	struct ext2 *x = ext2_of(dir);
	bool is_dir = (mode & S_IFMT) == S_IFDIR;
	struct ext2_inode *e;
	u32 ino;
	int err = ext2_inode_alloc(x, (u32)dir->ino, is_dir, &ino);

	if (err)
		return err;
	e = inode_blank(x, ino, mode);
	err = e ? 0 : -ENOMEM;
	if (!err) {
		e->inode.rdev = rdev;
		e->generation = (u32)e->inode.ctime.nsec ^ ino;
		if (is_device(&e->inode))
			rdev_store(e->block, rdev);
		choose_operations(&e->inode);
		err = inode_get(&x->fs, ino, &e->inode, load_nothing, out);
		if (!err && *out != &e->inode) {
			inode_put(*out);
			err = ext2_damage(x, "inode %u was marked free but is in use", ino);
		}
		if (err)
			obj_put(&e->data);
	}
	if (err && err != -EIO)
		ext2_inode_free(x, ino, is_dir);
	return err;
}

/* The fields that every inode has. */
static void store_base(struct ext2_inode *e, struct ext2_inode_disk *d)
{
	const struct inode *inode = &e->inode;
	u64 size = obj_size(&e->data);

	d->mode = (u16)inode->mode;
	d->uid_low = (u16)inode->uid;
	d->uid_high = (u16)(inode->uid >> 16);
	d->gid_low = (u16)inode->gid;
	d->gid_high = (u16)(inode->gid >> 16);
	d->size_low = (u32)size;
	if (inode_is_reg(inode))
		d->size_high = (u32)(size >> 32);
	d->atime = (u32)inode->atime.sec;
	d->mtime = (u32)inode->mtime.sec;
	d->ctime = (u32)inode->ctime.sec;
	d->dtime = inode->nlink ? 0 : (u32)inode->ctime.sec;
	d->links_count = (u16)inode->nlink;
	d->blocks = (u32)inode->blocks;
	d->flags = e->flags;
	d->generation = e->generation;
	memcpy(d->block, e->block, sizeof(d->block));
}

static void store_extra(const struct ext2 *x, const struct ext2_inode *e, struct ext2_inode_disk *d)
{
	if (!x->nanoseconds)
		return;
	if (d->extra_isize < EXT2_EXTRA_ISIZE || d->extra_isize > x->inode_size - EXT2_INODE_BASE)
		d->extra_isize = EXT2_EXTRA_ISIZE;
	d->ctime_extra = time_extra(e->inode.ctime);
	d->mtime_extra = time_extra(e->inode.mtime);
	d->atime_extra = time_extra(e->inode.atime);
}

int ext2_store(struct ext2_inode *e)
{
	struct ext2 *x = ext2_of(&e->inode);
	struct ext2_inode_disk *d;
	struct meta_block mb;
	int err;

	if (x->fs.read_only)
		return 0;
	mutex_lock(&e->map_lock);
	e->dirty = false;
	err = table_get(x, (u32)e->inode.ino, true, &mb, &d);
	if (err) {
		e->dirty = true;
	} else {
		if (d->dtime || d->generation != e->generation) {
			/* Another file was here: nothing of it stays. */
			memset(d, 0, x->inode_size);
			if (x->nanoseconds) {
				d->crtime = (u32)e->inode.ctime.sec;
				d->extra_isize = EXT2_EXTRA_ISIZE;
				d->crtime_extra = time_extra(e->inode.ctime);
			}
		}
		store_base(e, d);
		store_extra(x, e, d);
		meta_dirty(&mb);
		meta_put(&mb);
	}
	mutex_unlock(&e->map_lock);
	return err;
}

int ext2_changed(struct inode *inode)
{
	return ext2_store(ext2_inode_of(inode));
}

int ext2_sync_inode(struct ext2_inode *e)
{
	int err = obj_sync(&e->data, 0, ~0ul);
	int store_err = e->dirty ? ext2_store(e) : 0;

	return err ? err : store_err;
}

/* --- sizes --- */

int ext2_truncate(struct inode *inode, u64 size)
{
	struct ext2_inode *e = ext2_inode_of(inode);
	bool shrinks = size < e->data.size;
	int err;

	if (size > ext2_max_size(ext2_of(inode)))
		return -EFBIG;
	err = shrinks ? 0 : ext2_trim(e);
	if (!err)
		err = obj_truncate(&e->data, size);
	if (err)
		return err;
	/* The last page is dirty by now and keeps its blocks until it is written. */
	if (shrinks)
		err = cut_blocks(e, ALIGN_UP(size, (u64)PAGE_SIZE));
	inode->mtime = inode->ctime = ktime_now();
	if (!err)
		err = ext2_store(e);
	return err;
}

/* --- the end --- */

static bool has_blocks(const struct ext2_inode *e)
{
	const struct inode *inode = &e->inode;

	return inode_is_reg(inode) || inode_is_dir(inode) ||
		(inode_is_link(inode) && e->data.size > EXT2_FAST_LINK_MAX);
}

/* No name and no user is left: give the storage back. */
static void inode_delete(struct ext2_inode *e)
{
	struct ext2 *x = ext2_of(&e->inode);
	bool dir = inode_is_dir(&e->inode);
	int err = 0;

	if (has_blocks(e)) {
		err = obj_truncate(&e->data, 0);
		if (!err)
			err = cut_blocks(e, 0);
	}
	e->inode.ctime = ktime_now();
	if (!err)
		err = ext2_store(e);
	if (err)
		ext2_damage(x, "inode %u could not be freed (error %d)", (u32)e->inode.ino, -err);
	else
		ext2_inode_free(x, (u32)e->inode.ino, dir);
}

static int store_all(struct ext2_inode *e)
{
	int err = ext2_sync_inode(e);

	if (!err)
		err = ext2_trim_tail(e);
	if (!err && e->dirty)
		err = ext2_store(e);
	return err;
}

/*
 * Nobody uses the inode, which has names: everything to the disk. Want of memory leaves pages dirty,
 * so room is made for another try. Pages that cannot be written at all go: write-back would keep
 * them, and write this inode over the one that is read from the disk in its place.
 */
static void inode_store_last(struct ext2_inode *e)
{
	int err;

	do
		err = store_all(e);
	while (err == -ENOMEM && obj_make_room());
	if (!err)
		return;
	ext2_damage(ext2_of(&e->inode), "inode %u could not be written (error %d)",
		(u32)e->inode.ino, -err);
	obj_drop_pages(&e->data);
}

void ext2_evict(struct inode *inode)
{
	struct ext2_inode *e = ext2_inode_of(inode);
	struct ext2 *x = ext2_of(inode);

	if (!x->fs.read_only) {
		if (!inode->nlink)
			inode_delete(e);
		else
			inode_store_last(e);
	}
	index_free(&e->index);
	inode_forget(inode);
	obj_put(&e->data);
}
