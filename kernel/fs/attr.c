/*
 * Attributes: stat, access, modes and owners, sizes, times, and figures of a file system.
 */
#include "fs/walk.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "proc/proc.h"
#include "vm/obj.h"

#define S_ISUID 04000u
#define S_ISGID 02000u
#define X_OK 1u
#define ACCESS_MASK 7u

int fs_stat(int dirfd, const char *path, u32 at_flags, struct kstat *st)
{
	struct dentry *d;
	struct file *f;
	int err;

	if (path && !*path && (at_flags & AT_EMPTY_PATH) && dirfd != AT_FDCWD)
		path = NULL;
	if (!path && dirfd != AT_FDCWD) {
		f = files_get_own(dirfd);
		if (!f)
			return -EBADF;
		err = file_stat(f, st);
		file_drop(f);
		return err;
	}
	err = path_lookup(dirfd, path, at_flags, &d);
	if (err)
		return err;
	inode_stat(d->inode, st);
	dentry_put(d);
	return 0;
}

/*
 * Files without an inode are the kernel's own devices, made before there were names: they look like
 * character devices.
 */
int file_stat(struct file *f, struct kstat *st)
{
	if (f->inode) {
		inode_stat(f->inode, st);
		return 0;
	}
	memset(st, 0, sizeof(*st));
	st->mode = S_IFCHR | 0600;
	st->nlink = 1;
	st->rdev = dev_make(5, 1);
	st->blksize = 4096;
	st->ino = 1;
	return 0;
}

/*
 * Everybody is root: everything is allowed but to run what has no x bit, and to write where nothing
 * can be written.
 */
int fs_access(int dirfd, const char *path, u32 mode, u32 at_flags)
{
	struct dentry *d;
	int err;

	if (mode & ~ACCESS_MASK)
		return -EINVAL;
	err = path_lookup(dirfd, path, at_flags, &d);
	if (err)
		return err;
	if ((mode & X_OK) && !inode_is_dir(d->inode) && !(d->inode->mode & 0111))
		err = -EACCES;
	if ((mode & 2) && d->inode->fs && d->inode->fs->read_only &&
		(inode_is_reg(d->inode) || inode_is_dir(d->inode)))
		err = -EROFS;
	dentry_put(d);
	return err;
}

/* Begin to change attributes: locked on success. */
static int change_begin(struct inode *inode)
{
	if (inode->fs && inode->fs->read_only)
		return -EROFS;
	rwlock_write(&inode->lock);
	return 0;
}

static int change_end(struct inode *inode)
{
	int err = inode->ops->changed ? inode->ops->changed(inode) : 0;

	rwlock_write_unlock(&inode->lock);
	return err;
}

static int inode_chmod(struct inode *inode, u32 mode)
{
	int err;

	if (inode->fs && inode->fs->fixed_modes)
		return -EPERM;
	err = change_begin(inode);
	if (err)
		return err;
	err = inode->ops->may_chmod ? inode->ops->may_chmod(inode, mode) : 0;
	if (err) {
		rwlock_write_unlock(&inode->lock);
		return err;
	}
	inode->mode = (inode->mode & S_IFMT) | (mode & 07777);
	inode->ctime = ktime_now();
	return change_end(inode);
}

int fs_chmod(int dirfd, const char *path, u32 mode, u32 at_flags)
{
	struct dentry *d;
	int err = path_lookup(dirfd, path, at_flags, &d);

	if (err)
		return err;
	err = inode_is_link(d->inode) ? -EOPNOTSUPP : inode_chmod(d->inode, mode);
	dentry_put(d);
	return err;
}

int file_chmod(struct file *f, u32 mode)
{
	if (f->flags & O_PATH)
		return -EBADF;
	return f->inode ? inode_chmod(f->inode, mode) : -EINVAL;
}

/* An owner of ~0 is left as it is. A program loses its set-id bits even if both are. */
static int inode_chown(struct inode *inode, u32 uid, u32 gid)
{
	int err = change_begin(inode);

	if (err)
		return err;
	if (uid != ~0u)
		inode->uid = uid;
	if (gid != ~0u)
		inode->gid = gid;
	if (!inode_is_dir(inode))
		inode->mode &= ~(S_ISUID | ((inode->mode & 010) ? S_ISGID : 0));
	inode->ctime = ktime_now();
	return change_end(inode);
}

int fs_chown(int dirfd, const char *path, u32 uid, u32 gid, u32 at_flags)
{
	struct dentry *d;
	int err = path_lookup(dirfd, path, at_flags, &d);

	if (err)
		return err;
	err = inode_chown(d->inode, uid, gid);
	dentry_put(d);
	return err;
}

int file_chown(struct file *f, u32 uid, u32 gid)
{
	if (f->flags & O_PATH)
		return -EBADF;
	return f->inode ? inode_chown(f->inode, uid, gid) : -EINVAL;
}

/* Can the file be truncated at all? */
static int judge_truncate(const struct inode *inode)
{
	if (inode_is_dir(inode))
		return -EISDIR;
	if (!inode_is_reg(inode) || !inode->ops->truncate)
		return -EINVAL;
	return inode->fs->read_only ? -EROFS : 0;
}

/* It can; size is not negative. RLIMIT_FSIZE is for those who make it larger. */
static int inode_truncate(struct inode *inode, off_t size)
{
	bool too_large;
	int err;

	rwlock_write(&inode->lock);
	too_large = (u64)size > rlimit_cur(RLIMIT_FSIZE) && (u64)size > inode->obj->size;
	err = too_large ? -EFBIG : inode->ops->truncate(inode, (u64)size);
	rwlock_write_unlock(&inode->lock);
	if (too_large)
		signal_kernel(current_proc(), SIGXFSZ);
	return err;
}

int fs_truncate(int dirfd, const char *path, off_t size)
{
	struct dentry *d;
	int err;

	if (size < 0)
		return -EINVAL;
	err = path_lookup(dirfd, path, 0, &d);
	if (err)
		return err;
	err = judge_truncate(d->inode);
	if (!err)
		err = inode_claim(d->inode, 1);
	if (!err) {
		err = inode_truncate(d->inode, size);
		inode_unclaim(d->inode, 1);
	}
	dentry_put(d);
	return err;
}

int file_truncate(struct file *f, off_t size)
{
	int err;

	if (f->flags & O_PATH)
		return -EBADF;
	if (size < 0 || !f->inode || !file_writable(f) || !inode_is_reg(f->inode))
		return -EINVAL;
	err = judge_truncate(f->inode);
	return err ? err : inode_truncate(f->inode, size);
}

/* Is it one thing to do, of those that Linux knows, with what may go with it? */
static bool fallocate_mode_ok(u32 mode)
{
	switch (mode & ~FALLOC_FL_KEEP_SIZE) {
	case 0:
	case FALLOC_FL_ZERO_RANGE:
	case FALLOC_FL_UNSHARE_RANGE: return true;
	case FALLOC_FL_PUNCH_HOLE: return mode & FALLOC_FL_KEEP_SIZE;
	case FALLOC_FL_COLLAPSE_RANGE:
	case FALLOC_FL_INSERT_RANGE:
	case FALLOC_FL_WRITE_ZEROES: return !(mode & FALLOC_FL_KEEP_SIZE);
	default: return false;
	}
}

int file_fallocate(struct file *f, u32 mode, off_t off, off_t len)
{
	struct inode *inode = f->inode;
	off_t end;

	if (off < 0 || len <= 0)
		return -EINVAL;
	if (!fallocate_mode_ok(mode))
		return -EOPNOTSUPP;
	if (!file_writable(f))
		return -EBADF;
	if (!inode || !inode_is_reg(inode))
		return inode && (inode->mode & S_IFMT) == S_IFIFO ? -ESPIPE : -ENODEV;
	if (__builtin_add_overflow(off, len, &end))
		return -EFBIG;
	if (!f->ops->fallocate)
		return -EOPNOTSUPP;
	if (!(mode & FALLOC_FL_PUNCH_HOLE) && (u64)end > obj_size(inode->obj) &&
		(u64)end > rlimit_cur(RLIMIT_FSIZE)) {
		signal_kernel(current_proc(), SIGXFSZ);
		return -EFBIG;
	}
	return f->ops->fallocate(f, mode, (u64)off, (u64)len);
}

static void set_time(struct ktime *t, const struct ktime *to, struct ktime now)
{
	if (to->nsec == UTIME_NOW)
		*t = now;
	else if (to->nsec != UTIME_OMIT)
		*t = *to;
}

static bool time_valid(const struct ktime *t)
{
	return t->nsec < 1000000000u || t->nsec == UTIME_NOW || t->nsec == UTIME_OMIT;
}

static int inode_utimens(struct inode *inode, const struct ktime times[2])
{
	struct ktime now = ktime_now();
	int err = change_begin(inode);

	if (err)
		return err;
	set_time(&inode->atime, &times[0], now);
	set_time(&inode->mtime, &times[1], now);
	inode->ctime = now;
	return change_end(inode);
}

static int file_utimens(int fd, const struct ktime times[2])
{
	struct file *f = files_get_own(fd);
	int err;

	if (!f)
		return -EBADF;
	if (f->flags & O_PATH)
		err = -EBADF;
	else
		err = f->inode ? inode_utimens(f->inode, times) : -EINVAL;
	file_drop(f);
	return err;
}

int fs_utimens(int dirfd, const char *path, const struct ktime times[2], u32 at_flags)
{
	static const struct ktime both_now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
	struct dentry *d;
	int err;

	if (!times)
		times = both_now;
	if (!time_valid(&times[0]) || !time_valid(&times[1]))
		return -EINVAL;
	if (times[0].nsec == UTIME_OMIT && times[1].nsec == UTIME_OMIT)
		return 0;
	if (!path)
		return file_utimens(dirfd, times);
	err = path_lookup(dirfd, path, at_flags, &d);
	if (err)
		return err;
	err = inode_utimens(d->inode, times);
	dentry_put(d);
	return err;
}

static int inode_statfs(struct inode *inode, struct kstatfs *st)
{
	memset(st, 0, sizeof(*st));
	st->bsize = 4096;
	st->namelen = NAME_MAX;
	if (!inode || !inode->fs) {
		st->type = 0x50495045; /* pipes: PIPEFS_MAGIC of statfs(2) */
		return 0;
	}
	st->fsid = inode->fs->dev;
	inode->fs->ops->statfs(inode->fs, st);
	if (inode->fs->read_only)
		st->flags |= 1; /* ST_RDONLY */
	return 0;
}

int fs_statfs(const char *path, struct kstatfs *st)
{
	struct dentry *d;
	int err = path_lookup(AT_FDCWD, path, 0, &d);

	if (err)
		return err;
	err = inode_statfs(d->inode, st);
	dentry_put(d);
	return err;
}

int file_statfs(struct file *f, struct kstatfs *st)
{
	return inode_statfs(f->inode, st);
}
