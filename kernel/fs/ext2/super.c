/*
 * Mounting, syncing and unmounting ext2.
 *
 * While it is mounted for writing the superblock says "not clean"; unmounting, or nothing else,
 * says "clean" again. Order of a sync: the files' data and inodes, then directories and metadata,
 * then the device's own cache. A disk that was not clean is mounted all the same, with a warning:
 * e2fsck is the host's.
 */
#include "fs/ext2/ext2.h"

#include <stdarg.h>

#include "fs/dentry.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "proc/timer.h"
#include "vm/kmalloc.h"

#define COMPLAINTS_MAX 20u
#define EXT2_TYPE 0xef53u /* statfs(2) */

int ext2_damage(struct ext2 *x, const char *format, ...)
{
	u32 n = __atomic_fetch_add(&x->complaints, 1, __ATOMIC_RELAXED);
	char line[160];
	va_list ap;

	if (n < COMPLAINTS_MAX) {
		va_start(ap, format);
		vfmt(line, sizeof(line), format, ap);
		va_end(ap);
		log_warn("ext2 on %s: damaged: %s%s\n", x->dev->name, line,
			n + 1 == COMPLAINTS_MAX ? " (more of this is not shown)" : "");
	}
	x->damaged = true;
	return -EIO;
}

/* --- the superblock --- */

static int super_get(
	struct ext2 *x, bool write, struct meta_block *mb, struct ext2_super_disk **out)
{
	u32 block = EXT2_SUPER_OFFSET >> x->block_shift;
	int err = write ? meta_get_write(x, block, mb) : meta_get(x, block, mb);

	if (!err)
		*out = (struct ext2_super_disk *)((char *)mb->data +
			(EXT2_SUPER_OFFSET & (x->block_size - 1)));
	return err;
}

static int refuse(struct ext2 *x, const char *why)
{
	log_warn("ext2 on %s: cannot be mounted: %s\n", x->dev->name, why);
	return -EINVAL;
}

static int check_features(struct ext2 *x, const struct ext2_super_disk *s)
{
	u32 incompat = s->rev_level ? s->feature_incompat : 0,
	    ro = s->rev_level ? s->feature_ro_compat : 0;

	if (incompat & ~EXT2_INCOMPAT_FILETYPE) {
		log_warn("ext2 on %s: cannot be mounted: it uses features that ext2 has not "
			 "(incompatible set %#x)\n",
			x->dev->name, incompat & ~EXT2_INCOMPAT_FILETYPE);
		return -EINVAL;
	}
	if (ro & ~(EXT2_RO_SPARSE_SUPER | EXT2_RO_LARGE_FILE)) {
		log_warn("ext2 on %s: mounted read-only: it uses features unknown here (read-only "
			 "set %#x)\n",
			x->dev->name, ro & ~(EXT2_RO_SPARSE_SUPER | EXT2_RO_LARGE_FILE));
		x->fs.read_only = true;
	}
	x->filetype = incompat & EXT2_INCOMPAT_FILETYPE;
	x->large_file = ro & EXT2_RO_LARGE_FILE;
	return 0;
}

/* Take the geometry over, if it can be one. x->block_size is set already. */
static int check_geometry(struct ext2 *x, const struct ext2_super_disk *s)
{
	u64 device_blocks = x->dev->sectors << 9 >> x->block_shift;

	x->blocks_count = s->blocks_count;
	x->first_block = s->first_data_block;
	x->blocks_per_group = s->blocks_per_group;
	x->inodes_count = s->inodes_count;
	x->inodes_per_group = s->inodes_per_group;
	x->inode_size = s->rev_level ? s->inode_size : EXT2_INODE_BASE;
	x->first_ino = s->rev_level ? s->first_ino : 11;
	x->reserved_blocks = MIN(s->r_blocks_count, s->blocks_count);
	if (x->blocks_count > device_blocks)
		return refuse(x, "the disk is smaller than the file system");
	if (x->first_block != (x->block_size == 1024) || x->blocks_count <= x->first_block + 2)
		return refuse(x, "the superblock's block counts are nonsense");
	if (!x->blocks_per_group || x->blocks_per_group > 8 * x->block_size ||
		x->blocks_per_group % 8)
		return refuse(x, "the superblock's blocks per group are nonsense");
	if (x->inode_size < EXT2_INODE_BASE || x->inode_size > x->block_size ||
		(x->inode_size & (x->inode_size - 1)))
		return refuse(x, "the superblock's inode size is nonsense");
	x->table_blocks = (x->inodes_per_group + x->block_size / x->inode_size - 1) /
		(x->block_size / x->inode_size);
	if (!x->inodes_per_group || x->inodes_per_group > 8 * x->block_size ||
		x->table_blocks >= x->blocks_per_group)
		return refuse(x, "the superblock's inodes per group are nonsense");
	x->groups =
		(x->blocks_count - x->first_block + x->blocks_per_group - 1) / x->blocks_per_group;
	if (x->inodes_count != (u64)x->groups * x->inodes_per_group || x->first_ino < 11 ||
		x->first_ino > x->inodes_per_group)
		return refuse(x, "the superblock's inode counts are nonsense");
	x->nanoseconds = x->inode_size >= EXT2_INODE_BASE + EXT2_EXTRA_ISIZE;
	x->super_blocks =
		x->first_block + 1 + (x->groups + x->block_size / 32 - 1) / (x->block_size / 32);
	return 0;
}

static void set_block_size(struct ext2 *x, u32 shift)
{
	x->block_shift = shift;
	x->block_size = 1u << shift;
	x->page_blocks_shift = PAGE_SHIFT - shift;
	x->blocks_per_page = 1u << x->page_blocks_shift;
	x->fs.blksize = x->block_size;
}

static int read_super(struct ext2 *x)
{
	struct ext2_super_disk *s;
	struct meta_block mb;
	int err;

	set_block_size(x, PAGE_SHIFT);
	err = super_get(x, false, &mb, &s);
	if (err) {
		log_warn("ext2 on %s: the superblock cannot be read\n", x->dev->name);
		return err;
	}
	if (s->magic != EXT2_MAGIC)
		err = refuse(x, "there is no ext2 file system on it");
	else if (s->log_block_size > 2)
		err = refuse(x, "its block size is not 1024, 2048 or 4096");
	if (!err) {
		set_block_size(x, 10 + s->log_block_size);
		err = check_features(x, s);
	}
	if (!err)
		err = check_geometry(x, s);
	if (!err && !(s->state & EXT2_STATE_CLEAN))
		log_warn(
			"ext2 on %s: was not unmounted cleanly: e2fsck on the host can repair it\n",
			x->dev->name);
	if (!err && (s->state & EXT2_STATE_ERROR))
		log_warn("ext2 on %s: is marked as damaged: e2fsck on the host can repair it\n",
			x->dev->name);
	meta_put(&mb);
	return err;
}

/* --- group descriptors --- */

static u32 descriptors_per_block(const struct ext2 *x)
{
	return x->block_size / sizeof(struct ext2_group_disk);
}

/* Can a group's bitmaps and table be where the descriptor says? */
static bool descriptor_ok(const struct ext2 *x, const struct ext2_group_disk *d)
{
	return d->block_bitmap >= x->super_blocks && d->block_bitmap < x->blocks_count &&
		d->inode_bitmap >= x->super_blocks && d->inode_bitmap < x->blocks_count &&
		d->inode_table >= x->super_blocks &&
		d->inode_table <= x->blocks_count - x->table_blocks;
}

static int read_groups(struct ext2 *x)
{
	u32 per = descriptors_per_block(x);
	struct meta_block mb;
	int err;

	x->group = kcalloc(x->groups, sizeof(*x->group), ALLOC_WAIT);
	if (!x->group)
		return -ENOMEM;
	for (u32 g = 0; g < x->groups; g += per) {
		const struct ext2_group_disk *d;

		err = meta_get(x, x->first_block + 1 + g / per, &mb);
		if (err)
			return err;
		d = mb.data;
		for (u32 i = 0; i < per && g + i < x->groups && !err; i++, d++) {
			if (!descriptor_ok(x, d))
				err = refuse(x, "a block group's descriptor is nonsense");
			x->group[g + i] = (struct ext2_group){
				.block_bitmap = d->block_bitmap,
				.inode_bitmap = d->inode_bitmap,
				.inode_table = d->inode_table,
				.free_blocks = d->free_blocks,
				.free_inodes = d->free_inodes,
				.used_dirs = d->used_dirs,
			};
			x->free_blocks += d->free_blocks;
			x->free_inodes += d->free_inodes;
		}
		meta_put(&mb);
		if (err)
			return err;
	}
	return 0;
}

/* Counts of the groups and of the whole into the cached descriptors and superblock. */
static int write_counts(struct ext2 *x)
{
	u32 per = descriptors_per_block(x);
	struct ext2_super_disk *s;
	struct meta_block mb;
	int err = 0;

	mutex_lock(&x->alloc_lock);
	for (u32 g = 0; g < x->groups && !err; g += per) {
		struct ext2_group_disk *d;
		bool changed = false;

		err = meta_get_write(x, x->first_block + 1 + g / per, &mb);
		if (err)
			break;
		d = mb.data;
		for (u32 i = 0; i < per && g + i < x->groups; i++, d++) {
			const struct ext2_group *c = &x->group[g + i];

			changed |= d->free_blocks != c->free_blocks ||
				d->free_inodes != c->free_inodes || d->used_dirs != c->used_dirs;
			d->free_blocks = c->free_blocks;
			d->free_inodes = c->free_inodes;
			d->used_dirs = c->used_dirs;
		}
		if (changed)
			meta_dirty(&mb);
		meta_put(&mb);
	}
	if (!err && !(err = super_get(x, true, &mb, &s))) {
		if (s->free_blocks_count != (u32)x->free_blocks ||
			s->free_inodes_count != (u32)x->free_inodes) {
			s->free_blocks_count = (u32)x->free_blocks;
			s->free_inodes_count = (u32)x->free_inodes;
			meta_dirty(&mb);
		}
		meta_put(&mb);
	}
	mutex_unlock(&x->alloc_lock);
	return err;
}

/* Say clean or not clean, on the disk, now. */
static int write_state(struct ext2 *x, bool clean)
{
	struct ext2_super_disk *s;
	struct meta_block mb;
	int err = super_get(x, true, &mb, &s);

	if (err)
		return err;
	s->state = (u16)(clean ? s->state | EXT2_STATE_CLEAN : s->state & ~EXT2_STATE_CLEAN);
	if (x->damaged)
		s->state |= EXT2_STATE_ERROR;
	s->wtime = (u32)ktime_now().sec;
	if (!clean) {
		s->mtime = s->wtime;
		s->mnt_count++;
	}
	meta_dirty(&mb);
	meta_put(&mb);
	err = obj_sync(&x->meta, 0, ~0ul);
	return err ? err : x->dev->flush(x->dev);
}

/* --- sync and unmount --- */

/*
 * Every inode in memory: data first, then its place in the table. Directories come after files, so
 * that a name does not reach the disk before what it stands for.
 */
static int sync_inodes(struct ext2 *x, bool dirs)
{
	struct inode *inode;
	u64 ino = 0;
	int err = 0, e;

	while ((inode = inode_peek(&x->fs, &ino))) {
		if (inode_is_dir(inode) == dirs) {
			e = ext2_sync_inode(ext2_inode_of(inode));
			err = err ? err : e;
		}
		inode_put(inode);
		ino++;
	}
	return err;
}

/* Counts, and all metadata, to the disk. */
static int sync_meta(struct ext2 *x)
{
	int err = write_counts(x);
	int e = obj_sync(&x->meta, 0, ~0ul);

	err = err ? err : e;
	e = x->dev->flush(x->dev);
	return err ? err : e;
}

int ext2_sync(struct fs *fs)
{
	struct ext2 *x = CONTAINER_OF(fs, struct ext2, fs);
	u64 start = clock_now();
	int err, e;

	if (fs->read_only)
		return 0;
	err = sync_inodes(x, false);
	e = sync_inodes(x, true);
	err = err ? err : e;
	e = sync_meta(x);
	err = err ? err : e;
	if (!err && ext2_release_freed(x, start))
		err = sync_meta(x);
	return err;
}

/* What inodes in memory have beyond their ends is given back. True if there was any. */
static bool trim_inodes(struct ext2 *x)
{
	struct inode *inode;
	bool any = false;
	u64 ino = 0;

	while ((inode = inode_peek(&x->fs, &ino))) {
		struct ext2_inode *e = ext2_inode_of(inode);

		rwlock_write(&inode->lock);
		ext2_trim_tail(e);
		any |= e->dirty;
		rwlock_write_unlock(&inode->lock);
		inode_put(inode);
		ino++;
	}
	return any;
}

/*
 * Is there a file without a name that somebody still has open? Its storage is then lost until
 * e2fsck comes.
 */
static bool has_orphans(struct ext2 *x)
{
	struct inode *inode;
	bool found = false;
	u64 ino = 0;

	while ((inode = inode_peek(&x->fs, &ino))) {
		found |= inode->nlink == 0;
		inode_put(inode);
		ino++;
	}
	return found;
}

static int ext2_unmount(struct fs *fs)
{
	struct ext2 *x = CONTAINER_OF(fs, struct ext2, fs);
	int err;

	if (fs->read_only)
		return 0;
	if (has_orphans(x)) {
		log_warn("ext2 on %s: removed files are still open: left marked as not clean\n",
			x->dev->name);
		return -EBUSY;
	}
	if (x->blocks_per_page > 1 && trim_inodes(x))
		ext2_sync(fs);
	err = write_state(x, true);
	/* Whoever still runs changes nothing any more. */
	fs->read_only = true;
	return err;
}

static void ext2_statfs(struct fs *fs, struct kstatfs *st)
{
	struct ext2 *x = CONTAINER_OF(fs, struct ext2, fs);
	u64 overhead = (u64)x->groups * (x->table_blocks + 2) + x->super_blocks;

	st->type = EXT2_TYPE;
	st->bsize = x->block_size;
	st->blocks = x->blocks_count - MIN(overhead, (u64)x->blocks_count);
	st->bfree = x->free_blocks + x->freed_blocks;
	st->bavail = st->bfree - MIN(st->bfree, (u64)x->reserved_blocks);
	st->files = x->inodes_count;
	st->ffree = x->free_inodes;
}

static void ext2_shrink(struct fs *fs)
{
	meta_shrink(CONTAINER_OF(fs, struct ext2, fs));
}

/* Indexes of directories that are still in memory, as the root is always, are built anew when needed. */
static void ext2_clear(struct fs *fs)
{
	struct inode *inode;
	u64 ino = 0;

	while ((inode = inode_peek(fs, &ino))) {
		if (inode_is_dir(inode)) {
			rwlock_write(&inode->lock);
			index_free(&ext2_inode_of(inode)->index);
			rwlock_write_unlock(&inode->lock);
		}
		inode_put(inode);
		ino++;
	}
}

static const struct fs_ops ext2_ops = {
	.sync = ext2_sync,
	.unmount = ext2_unmount,
	.statfs = ext2_statfs,
	.shrink = ext2_shrink,
	.clear = ext2_clear,
};

/* --- mount --- */

static int mount_root_inode(struct ext2 *x)
{
	struct inode *root;
	int err = ext2_iget(x, EXT2_ROOT_INO, &root);

	if (!err && !inode_is_dir(root)) {
		inode_put(root);
		err = ext2_damage(x, "the root is no directory");
	}
	if (err)
		return err;
	x->fs.root = dentry_root(root);
	if (!x->fs.root)
		inode_put(root);
	return x->fs.root ? 0 : -ENOMEM;
}

static void ext2_free(struct ext2 *x)
{
	obj_drop_pages(&x->meta);
	obj_put(&x->meta);
	radix_clear(&x->dirty);
	kmfree(x->group);
	kmfree(x);
}

int ext2_mount(struct block_device *dev, struct fs **out)
{
	struct ext2 *x = kzalloc(sizeof(*x), ALLOC_WAIT);
	int err;

	if (!x)
		return -ENOMEM;
	ext2_inode_module_init();
	x->dev = dev;
	fs_setup(&x->fs, &ext2_ops, "ext2", dev->name, dev_make(254, 0));
	mutex_init(&x->alloc_lock, "bitmaps", RANK_FSALLOC);
	list_init(&x->freed);
	ext2_meta_init(x);
	err = read_super(x);
	if (!err)
		err = read_groups(x);
	if (!err)
		x->fs.file_max = ext2_max_size(x);
	if (!err && dev->read_only)
		x->fs.read_only = true;
	if (!err && !x->fs.read_only)
		err = write_state(x, false);
	if (!err)
		err = mount_root_inode(x);
	if (err) {
		ext2_free(x);
		return err;
	}
	*out = &x->fs;
	return 0;
}
