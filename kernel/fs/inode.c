/*
 * Inodes in memory: the index by number, loading and evicting one at a time, and what stat tells of
 * them.
 *
 * The index holds no reference. A reference count falls to 0 only under fs->lock and only once: the
 * inode is then `going`, nobody finds it any more, and who asks for its number waits until the file
 * system has stored or freed it.
 */
#include "fs/inode.h"

#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "proc/timer.h"
#include "vm/obj.h"
#include "vm/uaccess.h"

struct fs *fs_list;

struct ktime ktime_now(void)
{
	u64 now = clock_realtime();

	return (struct ktime){(s64)(now / NSEC), (u32)(now % NSEC)};
}

void fs_setup(
	struct fs *fs, const struct fs_ops *ops, const char *type, const char *device, u64 dev)
{
	fs->ops = ops;
	fs->type = type;
	fs->device = device;
	fs->dev = dev;
	fs->blksize = 4096;
	fs->file_max = INT64_MAX;
	fs->read_only = false;
	fs->uncached = false;
	fs->root = NULL;
	fs->next = NULL;
	spin_init(&fs->lock, "inodes", RANK_ICACHE);
	radix_init(&fs->inodes);
	waitq_init(&fs->wait);
}

void inode_init_lock(struct inode *inode)
{
	if (inode_is_dir(inode))
		rwlock_init(&inode->lock, "directory", RANK_DIR);
	else
		rwlock_init(&inode->lock, "inode", RANK_INODE);
}

void inode_init(struct inode *inode, const struct inode_ops *ops, const struct file_ops *fops,
	struct fs *fs, u64 ino, u32 mode)
{
	memset(inode, 0, sizeof(*inode));
	inode->ops = ops;
	inode->fops = fops;
	inode->fs = fs;
	inode->ino = ino;
	inode->ref = 1;
	inode->mode = mode;
	inode->nlink = 1;
	inode->atime = inode->mtime = inode->ctime = ktime_now();
	inode_init_lock(inode);
}

/* The load of `fresh` is over. */
static void inode_loaded(struct inode *inode, int err)
{
	struct fs *fs = inode->fs;

	spin_lock(&fs->lock);
	if (err)
		radix_remove(&fs->inodes, (ulong)inode->ino);
	inode->load_error = err;
	inode->loading = false;
	spin_unlock(&fs->lock);
	waitq_wake_all(&fs->wait);
}

/*
 * Find the number in the index or put fresh there; fs->lock held. 1: fresh is in, to be loaded; 0:
 * *out is referenced; -EAGAIN: wait, something is being loaded or evicted; -ENOMEM.
 */
static int inode_find_or_add(struct fs *fs, u64 ino, struct inode *fresh, struct inode **out)
{
	struct inode *inode = radix_get(&fs->inodes, (ulong)ino);

	if (inode) {
		if (inode->going || inode->loading)
			return -EAGAIN;
		inode_hold(inode);
		*out = inode;
		return 0;
	}
	if (radix_set(&fs->inodes, (ulong)ino, fresh))
		return -ENOMEM;
	fresh->loading = true;
	return 1;
}

int inode_get(struct fs *fs, u64 ino, struct inode *fresh, int (*load)(struct inode *),
	struct inode **out)
{
	struct waiter w;
	int err;

	for (;;) {
		waitq_enter(&fs->wait, &w);
		spin_lock(&fs->lock);
		err = inode_find_or_add(fs, ino, fresh, out);
		spin_unlock(&fs->lock);
		if (err != -EAGAIN)
			break;
		waitq_sleep(&fs->wait, &w, WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
	}
	waitq_leave(&fs->wait, &w);
	if (err <= 0)
		return err;
	err = load(fresh);
	inode_loaded(fresh, err);
	if (!err)
		*out = fresh;
	return err;
}

struct inode *inode_peek(struct fs *fs, u64 *from)
{
	ulong index = (ulong)*from;
	struct inode *inode;

	spin_lock(&fs->lock);
	while ((inode = radix_next(&fs->inodes, &index))) {
		if (!inode->going && !inode->loading) {
			inode_hold(inode);
			break;
		}
		index++;
	}
	spin_unlock(&fs->lock);
	*from = index;
	return inode;
}

void inode_hold(struct inode *inode)
{
	__atomic_fetch_add(&inode->ref, 1, __ATOMIC_RELAXED);
}

/* Drop a reference that is not the last one. */
static bool inode_put_fast(struct inode *inode)
{
	u32 ref = __atomic_load_n(&inode->ref, __ATOMIC_RELAXED);

	while (ref > 1)
		if (__atomic_compare_exchange_n(
			    &inode->ref, &ref, ref - 1, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
			return true;
	return false;
}

void inode_put(struct inode *inode)
{
	struct fs *fs = inode->fs;
	bool last;

	if (inode_put_fast(inode))
		return;
	if (fs) {
		spin_lock(&fs->lock);
		last = __atomic_sub_fetch(&inode->ref, 1, __ATOMIC_ACQ_REL) == 0;
		if (last)
			inode->going = true;
		spin_unlock(&fs->lock);
	} else {
		last = __atomic_sub_fetch(&inode->ref, 1, __ATOMIC_ACQ_REL) == 0;
	}
	if (!last)
		return;
	DEBUG_ASSERT(!inode->locks);
	inode->ops->evict(inode);
}

void inode_forget(struct inode *inode)
{
	struct fs *fs = inode->fs;

	spin_lock(&fs->lock);
	radix_remove(&fs->inodes, (ulong)inode->ino);
	spin_unlock(&fs->lock);
	waitq_wake_all(&fs->wait);
}

int inode_claim(struct inode *inode, s32 claim)
{
	s32 writers = __atomic_load_n(&inode->writers, __ATOMIC_RELAXED);

	do
		if (claim > 0 ? writers < 0 : writers > 0)
			return -ETXTBSY;
	while (!__atomic_compare_exchange_n(&inode->writers, &writers, writers + claim, true,
		__ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return 0;
}

void inode_unclaim(struct inode *inode, s32 claim)
{
	__atomic_fetch_sub(&inode->writers, claim, __ATOMIC_RELEASE);
}

void inode_stat(struct inode *inode, struct kstat *st)
{
	memset(st, 0, sizeof(*st));
	st->dev = inode->fs ? inode->fs->dev : dev_make(0, 4);
	st->ino = inode->ino;
	st->mode = inode->mode;
	st->nlink = inode->nlink;
	st->uid = inode->uid;
	st->gid = inode->gid;
	st->rdev = inode->rdev;
	st->size = inode->obj ? obj_size(inode->obj) : 0;
	st->blocks = inode->blocks;
	st->blksize = inode->fs ? inode->fs->blksize : 4096;
	st->atime = inode->atime;
	st->mtime = inode->mtime;
	st->ctime = inode->ctime;
	if (inode->ops->stat)
		inode->ops->stat(inode, st);
}

/*
 * struct linux_dirent64 (getdents(2)): the name follows the fixed part, records are padded to 8
 * bytes.
 */
struct dirent_head {
	u64 ino;
	s64 next;
	u16 reclen;
	u8 type;
} __attribute__((packed));

int dirent_emit(struct uio *u, u64 ino, u64 next, u32 type, const char *name, size_t len)
{
	size_t reclen = ALIGN_UP(sizeof(struct dirent_head) + len + 1, 8);
	u8 record[ALIGN_UP(sizeof(struct dirent_head) + NAME_MAX + 1, 8)];
	struct dirent_head head = {ino, (s64)next, (u16)reclen, (u8)type};

	if (reclen > u->left)
		return 1;
	memcpy(record, &head, sizeof(head));
	memcpy(record + sizeof(head), name, len);
	memset(record + sizeof(head) + len, 0, reclen - sizeof(head) - len);
	return uio_put(u, record, reclen) == reclen ? 0 : -EFAULT;
}
