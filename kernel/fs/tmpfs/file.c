/*
 * Regular files of tmpfs. What is not in memory is a hole, and reads as zeros.
 *
 * Every change of contents or size through a call is made with the inode's lock held, so seals,
 * which change under it too, are judged once at its start. Bytes stored through a mapping beyond
 * the end of the file are zeroed when the file grows, is synced, or is mapped anew.
 */
#include "fs/tmpfs/tmpfs.h"

#include "lib/errno.h"
#include "proc/proc.h"
#include "vm/uaccess.h"

/* --- writing --- */

/* What the seals leave of a write of *left bytes at pos: whole pages inside the size. -EPERM. */
static int judge_write(const struct tmp_inode *ti, u64 pos, size_t *left)
{
	u64 size = ti->data.size, whole = size & ~(u64)PAGE_MASK;

	if (ti->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if (!(ti->seals & F_SEAL_GROW) || pos + *left <= size)
		return 0;
	if (pos >= whole)
		return -EPERM;
	*left = (size_t)(whole - pos);
	return 0;
}

/* inode->lock held. */
static ssize_t write_locked(struct file *f, struct uio *u, off_t *pos)
{
	struct tmp_inode *ti = tmp_inode_of(f->inode);
	off_t at = f->flags & O_APPEND ? (off_t)ti->data.size : *pos;
	size_t asked = u->left, left = asked;
	ssize_t n;
	int err;

	err = generic_limit_write(f, at, TMPFS_MAX_SIZE, &left);
	if (!err)
		err = judge_write(ti, (u64)at, &left);
	if (err)
		return err;
	u->left = left;
	n = obj_write(&ti->data, at, u);
	u->left += asked - left;
	if (n > 0) {
		*pos = at + n;
		f->inode->mtime = f->inode->ctime = ktime_now();
	}
	return n;
}

static ssize_t file_write(struct file *f, struct uio *u, off_t *pos)
{
	ssize_t n;

	if (*pos < 0)
		return -EINVAL;
	if (!u->left)
		return 0;
	rwlock_write(&f->inode->lock);
	n = write_locked(f, u, pos);
	rwlock_write_unlock(&f->inode->lock);
	return n;
}

static int file_truncate_to(struct inode *inode, u64 size)
{
	struct tmp_inode *ti = tmp_inode_of(inode);
	int err;

	if (size > TMPFS_MAX_SIZE)
		return -EFBIG;
	if ((size < ti->data.size && (ti->seals & F_SEAL_SHRINK)) ||
		(size > ti->data.size && (ti->seals & F_SEAL_GROW)))
		return -EPERM;
	err = obj_truncate(&ti->data, size);
	if (!err)
		inode->mtime = inode->ctime = ktime_now();
	return err;
}

/* --- fallocate --- */

static int punch(struct tmp_inode *ti, u64 off, u64 end)
{
	u64 size = ti->data.size;

	if (ti->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	/* No page begins at or beyond the size; the last one goes as a whole. */
	if (end >= size)
		end = ALIGN_UP(size, (u64)PAGE_SIZE);
	if (off < end)
		obj_punch(&ti->data, off, end);
	return 0;
}

/* Have the page at index in memory. 0, -ENOSPC, -ENOMEM. */
static int have_page(struct obj *o, ulong index)
{
	struct page *p;
	int err;

	do
		err = obj_get_page(o, index, &p);
	while (err == -ENOMEM && obj_make_room());
	if (!err)
		page_put(p);
	return err;
}

/* The pages [first, end), all inside the size. 0 or the first error; -EINTR. */
static int have_pages(struct obj *o, ulong first, ulong end)
{
	int err = 0;

	for (ulong i = first; i < end && !err; i++) {
		err = have_page(o, i);
		sched_point();
		if (!err && signal_pending())
			err = -EINTR;
	}
	return err;
}

/*
 * Room is asked for all at once, so that what cannot be had changes nothing. If memory itself runs
 * out later, or a signal comes, the size is as before, but holes inside it may have become pages of
 * zeros.
 */
static int allocate(struct tmp_inode *ti, bool keep_size, u64 off, u64 end)
{
	struct tmpfs *t = tmpfs_of(&ti->inode);
	struct obj *o = &ti->data;
	u64 size = o->size, need;
	ulong first = (ulong)(off >> PAGE_SHIFT), last;
	bool grows = end > size && !keep_size;
	int err;

	if (end > TMPFS_MAX_SIZE)
		return -EFBIG;
	if (end > size && (ti->seals & F_SEAL_GROW))
		return -EPERM;
	if (keep_size && end > ALIGN_UP(size, (u64)PAGE_SIZE))
		return -EOPNOTSUPP;
	last = (ulong)(ALIGN_UP(end, (u64)PAGE_SIZE) >> PAGE_SHIFT);
	need = last - first - obj_count_pages(o, first, last);
	if (need > t->max_pages - __atomic_load_n(&t->pages, __ATOMIC_RELAXED))
		return -ENOSPC;
	err = grows ? obj_truncate(o, end) : 0;
	if (!err)
		err = have_pages(o, first, last);
	if (err && grows)
		obj_truncate(o, size);
	return err;
}

static int file_allocate(struct file *f, u32 mode, u64 off, u64 len)
{
	struct inode *inode = f->inode;
	struct tmp_inode *ti = tmp_inode_of(inode);
	int err;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	rwlock_write(&inode->lock);
	if (mode & FALLOC_FL_PUNCH_HOLE)
		err = punch(ti, off, off + len);
	else
		err = allocate(ti, mode & FALLOC_FL_KEEP_SIZE, off, off + len);
	if (!err)
		inode->mtime = inode->ctime = ktime_now();
	rwlock_write_unlock(&inode->lock);
	return err;
}

/* --- the rest --- */

static off_t file_seek(struct file *f, off_t off, int whence)
{
	struct obj *o = f->inode->obj;
	off_t size = (off_t)obj_size(o), at;
	ulong index;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return generic_seek(f, off, whence);
	if (off < 0 || off >= size)
		return -ENXIO;
	index = obj_next_page(o, (ulong)(off >> PAGE_SHIFT), whence == SEEK_DATA);
	at = index == RADIX_NONE ? size : MIN((off_t)((u64)index << PAGE_SHIFT), size);
	if (whence == SEEK_DATA && at == size)
		return -ENXIO;
	return plain_seek(f, MAX(at, off), SEEK_SET);
}

static void zero_tail(struct inode *inode)
{
	rwlock_write(&inode->lock);
	obj_zero_tail(inode->obj);
	rwlock_write_unlock(&inode->lock);
}

static int file_sync(struct file *f, bool data_only UNUSED)
{
	zero_tail(f->inode);
	return 0;
}

static int file_mmap(struct file *f, bool shared UNUSED, struct obj **obj)
{
	zero_tail(f->inode);
	*obj = f->inode->obj;
	return 0;
}

static void file_stat_blocks(struct inode *inode, struct kstat *st)
{
	st->blocks = (u64)inode->obj->pages.count << (PAGE_SHIFT - 9);
}

/* The seal against execution keeps the x bits as they are. */
static int may_chmod(struct inode *inode, u32 mode)
{
	bool sealed = tmp_inode_of(inode)->seals & F_SEAL_EXEC;

	return sealed && ((inode->mode ^ mode) & 0111) ? -EPERM : 0;
}

const struct file_ops tmp_file_ops = {
	.read = generic_read,
	.write = file_write,
	.seek = file_seek,
	.sync = file_sync,
	.mmap = file_mmap,
	.fallocate = file_allocate,
};

const struct inode_ops tmp_file_inode_ops = {
	.truncate = file_truncate_to,
	.may_chmod = may_chmod,
	.stat = file_stat_blocks,
	.evict = tmp_evict,
};
