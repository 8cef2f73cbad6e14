/*
 * tmpfs: mounting, the life of inodes, and how much there may be.
 *
 * Half of memory may become pages of files, and there may be half as many inodes as memory has
 * pages, each counted by an atomic counter that never exceeds its limit. The files of memfd_create
 * may take all memory there is: who takes it without a file may, too.
 */
#include "fs/tmpfs/tmpfs.h"

#include "fs/dentry.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/proc.h"
#include "vm/kmalloc.h"

#define TMPFS_TYPE 0x01021994u /* statfs(2): TMPFS_MAGIC */
#define LONG_LINK 128u /* a symbolic link of so many bytes counts as a page */

static struct kmem_cache *inode_cache;
static struct tmpfs shm_fs;
struct tmpfs memfd_fs;

/* --- limits --- */

static int take(ulong *used, ulong max)
{
	ulong n = __atomic_load_n(used, __ATOMIC_RELAXED);

	do {
		if (n >= max)
			return -ENOSPC;
	} while (!__atomic_compare_exchange_n(
		used, &n, n + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return 0;
}

static void give(ulong *used)
{
	__atomic_fetch_sub(used, 1, __ATOMIC_RELAXED);
}

int tmpfs_take_page(struct tmpfs *t)
{
	return take(&t->pages, t->max_pages);
}

void tmpfs_give_page(struct tmpfs *t)
{
	give(&t->pages);
}

int tmpfs_take_inode(struct tmpfs *t)
{
	return take(&t->inodes, t->max_inodes);
}

void tmpfs_give_inode(struct tmpfs *t)
{
	give(&t->inodes);
}

/* --- the object of a file --- */

static struct tmp_inode *data_owner(struct obj *o)
{
	return CONTAINER_OF(o, struct tmp_inode, data);
}

static int data_join(struct obj *o)
{
	return tmpfs_take_page(tmpfs_of(&data_owner(o)->inode));
}

static void data_left(struct obj *o)
{
	tmpfs_give_page(tmpfs_of(&data_owner(o)->inode));
}

static void data_touched(struct obj *o)
{
	struct inode *inode = &data_owner(o)->inode;

	inode->mtime = inode->ctime = ktime_now();
}

static void data_release(struct obj *o)
{
	kmem_free(inode_cache, data_owner(o));
}

static const struct obj_ops data_ops = {
	.touched = data_touched,
	.join = data_join,
	.left = data_left,
	.release = data_release,
};

/* --- inodes --- */

static ssize_t link_read(struct inode *inode, char *buf, size_t size)
{
	const char *target = tmp_inode_of(inode)->target;
	size_t n = MIN(strlen(target), size);

	memcpy(buf, target, n);
	return (ssize_t)n;
}

static void link_stat(struct inode *inode, struct kstat *st)
{
	st->size = strlen(tmp_inode_of(inode)->target);
}

static const struct inode_ops link_inode_ops = {
	.readlink = link_read, .stat = link_stat, .evict = tmp_evict};
static const struct inode_ops special_inode_ops = {.open = special_open, .evict = tmp_evict};

static bool is_long(const char *target)
{
	return target && strlen(target) >= LONG_LINK;
}

/* Give a new inode what its kind needs. -ENOMEM. */
static int inode_equip(struct tmp_inode *ti, const char *target)
{
	struct inode *inode = &ti->inode;

	inode->ops = &special_inode_ops;
	inode->fops = &path_file_ops;
	switch (inode->mode & S_IFMT) {
	case S_IFREG:
		inode->ops = &tmp_file_inode_ops;
		inode->fops = &tmp_file_ops;
		inode->obj = &ti->data;
		break;
	case S_IFDIR:
		inode->ops = &tmp_dir_inode_ops;
		inode->fops = &tmp_dir_ops;
		inode->nlink = 2;
		tree_init(&ti->by_name, NULL);
		tree_init(&ti->by_pos, NULL);
		break;
	case S_IFLNK:
		inode->ops = &link_inode_ops;
		ti->target = kmalloc(strlen(target) + 1, ALLOC_WAIT);
		if (!ti->target)
			return -ENOMEM;
		memcpy(ti->target, target, strlen(target) + 1);
	}
	return 0;
}

int tmpfs_new_inode(struct tmpfs *t, u32 mode, u64 rdev, const char *target, struct tmp_inode **out)
{
	struct tmp_inode *ti;
	int err;

	if (target && strlen(target) >= PATH_MAX)
		return -ENAMETOOLONG;
	err = tmpfs_take_inode(t);
	if (err)
		return err;
	if (is_long(target) && (err = tmpfs_take_page(t)))
		goto out_inode;
	ti = kmem_alloc(inode_cache, ALLOC_WAIT | ALLOC_ZERO);
	err = -ENOMEM;
	if (!ti)
		goto out_page;
	inode_init(&ti->inode, NULL, NULL, &t->fs,
		__atomic_add_fetch(&t->next_ino, 1, __ATOMIC_RELAXED), mode);
	obj_init(&ti->data, &data_ops, 0);
	ti->inode.rdev = rdev;
	ti->inode.uid = current_proc()->euid;
	ti->inode.gid = current_proc()->egid;
	ti->seals = F_SEAL_SEAL;
	err = inode_equip(ti, target);
	if (err) {
		obj_put(&ti->data);
		goto out_page;
	}
	*out = ti;
	return 0;
out_page:
	if (is_long(target))
		tmpfs_give_page(t);
out_inode:
	tmpfs_give_inode(t);
	return err;
}

void tmp_evict(struct inode *inode)
{
	struct tmp_inode *ti = tmp_inode_of(inode);
	struct tmpfs *t = tmpfs_of(inode);

	if (is_long(ti->target))
		tmpfs_give_page(t);
	kmfree(ti->target);
	obj_put(&ti->data);
	tmpfs_give_inode(t);
}

/* --- the file system --- */

static void tmpfs_statfs(struct fs *fs, struct kstatfs *st)
{
	struct tmpfs *t = CONTAINER_OF(fs, struct tmpfs, fs);

	st->type = TMPFS_TYPE;
	st->blocks = t->max_pages;
	st->bfree = st->bavail = t->max_pages - __atomic_load_n(&t->pages, __ATOMIC_RELAXED);
	st->files = t->max_inodes;
	st->ffree = t->max_inodes - __atomic_load_n(&t->inodes, __ATOMIC_RELAXED);
}

static void tmpfs_clear(struct fs *fs)
{
	tmp_dir_clear(fs->root->inode);
}

static const struct fs_ops tmpfs_ops = {.statfs = tmpfs_statfs, .clear = tmpfs_clear};

/* Set up a file system with an empty root. -ENOMEM. */
static int tmpfs_setup(struct tmpfs *t, u64 dev, ulong max_pages, ulong max_inodes)
{
	struct tmp_inode *root;
	int err;

	fs_setup(&t->fs, &tmpfs_ops, "tmpfs", "tmpfs", dev);
	t->fs.file_max = TMPFS_MAX_SIZE;
	t->max_pages = max_pages;
	t->max_inodes = max_inodes;
	err = tmpfs_new_inode(t, S_IFDIR | 01777, 0, NULL, &root);
	if (err)
		return err;
	t->fs.root = dentry_root(&root->inode);
	if (!t->fs.root) {
		inode_put(&root->inode);
		return -ENOMEM;
	}
	return 0;
}

int tmpfs_mount(struct fs **out)
{
	struct page_stats ps;
	int err;

	page_get_stats(&ps);
	inode_cache = kmem_cache_create("tmpfs_inode", sizeof(struct tmp_inode), 0);
	err = tmpfs_setup(&memfd_fs, dev_make(0, 8), ps.total, ps.total);
	if (!err)
		err = tmpfs_setup(&shm_fs, dev_make(0, 7), ps.total / 2, ps.total / 2);
	*out = &shm_fs.fs;
	return err;
}
