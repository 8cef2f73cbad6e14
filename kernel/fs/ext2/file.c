/*
 * Regular files of ext2, and nodes that are no files: devices and FIFOs.
 */
#include "fs/ext2/ext2.h"

#include "fs/dentry.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/proc.h"
#include "vm/uaccess.h"

/* inode->lock held. */
static ssize_t write_locked(struct file *f, struct uio *u, off_t *pos)
{
	struct ext2_inode *e = ext2_inode_of(f->inode);
	off_t at = f->flags & O_APPEND ? (off_t)e->data.size : *pos;
	size_t asked = u->left, left = asked;
	ssize_t n;
	int err;

	err = generic_limit_write(f, at, ext2_max_size(ext2_of(f->inode)), &left);
	if (!err)
		err = ext2_trim(e);
	if (err)
		return err;
	u->left = left;
	n = obj_write(&e->data, at, u);
	u->left += asked - left;
	if (n > 0) {
		*pos = at + n;
		f->inode->mtime = f->inode->ctime = ktime_now();
		e->dirty = true;
	}
	if (n < 0 || (size_t)n < left)
		ext2_trim(e);
	return n;
}

static int file_sync(struct file *f, bool data_only);

static ssize_t file_write(struct file *f, struct uio *u, off_t *pos)
{
	struct inode *inode = f->inode;
	ssize_t n;
	int err;

	if (*pos < 0)
		return -EINVAL;
	if (!u->left)
		return 0;
	rwlock_write(&inode->lock);
	n = write_locked(f, u, pos);
	rwlock_write_unlock(&inode->lock);
	if (n > 0 && (f->flags & O_SYNC)) {
		err = file_sync(f, true);
		if (err)
			return err;
	}
	return n;
}

/* The directories on the way to the file: what was written shall be found again. */
static int sync_parents(struct dentry *d)
{
	struct dentry *up;
	int err = 0, e;

	dentry_hold(d);
	for (;;) {
		up = d->parent ? dentry_parent(d) : NULL;
		dentry_put(d);
		d = up;
		if (!d || err)
			break;
		if (d->inode->ops == &ext2_dir_inode_ops) {
			e = ext2_sync_inode(ext2_inode_of(d->inode));
			err = err ? err : e;
		}
	}
	dentry_put(d);
	return err;
}

static int file_sync(struct file *f, bool data_only UNUSED)
{
	struct ext2_inode *e = ext2_inode_of(f->inode);
	struct ext2 *x = ext2_of(f->inode);
	int err, meta_err;

	if (x->fs.read_only)
		return 0;
	err = ext2_sync_inode(e);
	if (!err)
		err = sync_parents(f->dentry);
	meta_err = obj_sync(&x->meta, 0, ~0ul);
	if (!meta_err)
		meta_err = x->dev->flush(x->dev);
	return err ? err : meta_err;
}

static int file_mmap(struct file *f, bool shared UNUSED, struct obj **obj)
{
	*obj = f->inode->obj;
	return 0;
}

const struct file_ops ext2_file_ops = {
	.read = generic_read,
	.write = file_write,
	.seek = generic_seek,
	.sync = file_sync,
	.mmap = file_mmap,
};

const struct inode_ops ext2_file_inode_ops = {
	.truncate = ext2_truncate,
	.changed = ext2_changed,
	.evict = ext2_evict,
};

static void special_stat(struct inode *inode UNUSED, struct kstat *st)
{
	st->size = 0;
}

const struct inode_ops ext2_special_inode_ops = {
	.open = special_open,
	.changed = ext2_changed,
	.stat = special_stat,
	.evict = ext2_evict,
};

/* --- symbolic links --- */

/* A short text stands where the block pointers would. */
int ext2_store_link(struct ext2_inode *e, const char *target)
{
	size_t n = strlen(target);
	struct iovec iov;
	struct uio u;
	ssize_t done;

	if (n >= PATH_MAX)
		return -ENAMETOOLONG;
	if (n <= EXT2_FAST_LINK_MAX) {
		memcpy(e->block, target, n + 1);
		e->data.size = n;
		return 0;
	}
	uio_init(&u, &iov, (ulong)target, n, true);
	done = obj_write(&e->data, 0, &u);
	return done < 0 ? (int)done : (size_t)done < n ? -ENOSPC : 0;
}

static ssize_t link_read(struct inode *inode, char *buf, size_t size)
{
	struct ext2_inode *e = ext2_inode_of(inode);
	size_t n = MIN((size_t)e->data.size, size);
	struct iovec iov;
	struct uio u;

	if (e->data.size <= EXT2_FAST_LINK_MAX) {
		memcpy(buf, e->block, n);
		return (ssize_t)n;
	}
	uio_init(&u, &iov, (ulong)buf, n, true);
	return obj_read(&e->data, 0, &u);
}

const struct inode_ops ext2_link_inode_ops = {
	.readlink = link_read,
	.changed = ext2_changed,
	.evict = ext2_evict,
};
