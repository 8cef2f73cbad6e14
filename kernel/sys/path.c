/*
 * Calls that take paths, and those that tell or change attributes.
 */
#include "sys/parts.h"

#include "fs/inode.h"
#include "fs/path.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/abi.h"
#include "proc/proc.h"
#include "sys/abi.h"
#include "sys/syscalls.h"
#include "vm/kmalloc.h"
#include "vm/uaccess.h"

int path_copyin(ulong va, char **out)
{
	char *path = kmalloc(PATH_MAX, ALLOC_WAIT);
	ssize_t n;

	*out = NULL;
	if (!path)
		return -ENOMEM;
	n = copyin_str(path, va, PATH_MAX);
	if (n < 0) {
		kmfree(path);
		return (int)n;
	}
	*out = path;
	return 0;
}

void path_free(char *path)
{
	kmfree(path);
}

/* Two paths at once. */
static int paths_copyin(ulong va, ulong vb, char **a, char **b)
{
	int err = path_copyin(va, a);

	if (!err && (err = path_copyin(vb, b)))
		path_free(*a);
	return err;
}

static struct file *get_file(ulong fd)
{
	return files_get_own((int)fd);
}

/* --- stat --- */

static long put_stat(ulong to, const struct kstat *st)
{
	struct abi_stat u;
	int err = abi_stat_put(&u, st);

	return err ? err : COPYOUT(to, &u);
}

int sys_stat_fd(ulong fd, struct kstat *st)
{
	struct file *f = get_file(fd);
	int err;

	if (!f)
		return -EBADF;
	err = file_stat(f, st);
	file_drop(f);
	return err;
}

SYSCALL(fstat)
{
	struct kstat st;
	int err = sys_stat_fd(args[0], &st);

	return err ? err : put_stat(args[1], &st);
}

/*
 * fstat comes as an empty path, and Linux 6.11 and newer take NULL for that: it is spared the copy.
 */
int sys_stat_path(ulong dirfd, ulong path_va, u32 flags, struct kstat *st)
{
	char *path, first = '\0';
	int err;

	if (flags & AT_EMPTY_PATH) {
		if (path_va && COPYIN(&first, path_va))
			return -EFAULT;
		if (!first)
			return fs_stat((int)dirfd, "", flags, st);
	}
	err = path_copyin(path_va, &path);
	if (err)
		return err;
	err = fs_stat((int)dirfd, path, flags, st);
	path_free(path);
	return err;
}

SYSCALL(newfstatat)
{
	u32 flags = (u32)args[3];
	struct kstat st;
	int err;

	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	err = sys_stat_path(args[0], args[1], flags, &st);
	return err ? err : put_stat(args[2], &st);
}

/* struct statx of Linux's user API (linux/stat.h): the same on every machine. */
struct abi_statx_time {
	s64 sec;
	u32 nsec;
	s32 reserved;
};
struct abi_statx {
	u32 mask, blksize;
	u64 attributes;
	u32 nlink, uid, gid;
	u16 mode, spare0;
	u64 ino, size, blocks, attributes_mask;
	struct abi_statx_time atime, btime, ctime, mtime;
	u32 rdev_major, rdev_minor, dev_major, dev_minor;
	u64 spare[14];
};
_Static_assert(sizeof(struct abi_statx) == 256, "struct statx is 256 bytes");

#define STATX_BASIC 0x7ffu
#define STATX_RESERVED 0x80000000u
#define AT_STATX_SYNC 0x6000u

SYSCALL(statx)
{
	u32 flags = (u32)args[2], mask = (u32)args[3];
	struct kstat st;
	struct abi_statx u;
	int err;

	if ((mask & STATX_RESERVED) || (flags & AT_STATX_SYNC) == AT_STATX_SYNC ||
		flags &
			~(u32)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |
				AT_STATX_SYNC))
		return -EINVAL;
	err = sys_stat_path(args[0], args[1], flags, &st);
	if (err)
		return err;
	u = (struct abi_statx){
		.mask = STATX_BASIC,
		.blksize = st.blksize,
		.nlink = st.nlink,
		.uid = st.uid,
		.gid = st.gid,
		.mode = (u16)st.mode,
		.ino = st.ino,
		.size = st.size,
		.blocks = st.blocks,
		.atime = {st.atime.sec, st.atime.nsec, 0},
		.ctime = {st.ctime.sec, st.ctime.nsec, 0},
		.mtime = {st.mtime.sec, st.mtime.nsec, 0},
		.rdev_major = dev_major(st.rdev),
		.rdev_minor = dev_minor(st.rdev),
		.dev_major = dev_major(st.dev),
		.dev_minor = dev_minor(st.dev),
	};
	return COPYOUT(args[4], &u);
}

static long put_statfs(ulong to, const struct kstatfs *st)
{
	struct abi_statfs u;
	int err = abi_statfs_put(&u, st);

	return err ? err : COPYOUT(to, &u);
}

int sys_statfs_path(ulong path_va, struct kstatfs *st)
{
	char *path;
	int err = path_copyin(path_va, &path);

	if (err)
		return err;
	err = fs_statfs(path, st);
	path_free(path);
	return err;
}

int sys_statfs_fd(ulong fd, struct kstatfs *st)
{
	struct file *f = get_file(fd);
	int err;

	if (!f)
		return -EBADF;
	err = file_statfs(f, st);
	file_drop(f);
	return err;
}

SYSCALL(statfs)
{
	struct kstatfs st;
	int err = sys_statfs_path(args[0], &st);

	return err ? err : put_statfs(args[1], &st);
}

SYSCALL(fstatfs)
{
	struct kstatfs st;
	int err = sys_statfs_fd(args[0], &st);

	return err ? err : put_statfs(args[1], &st);
}

/* --- directories --- */

SYSCALL(getdents64)
{
	struct file *f = get_file(args[0]);
	struct iovec iov;
	struct uio u;
	long n;

	if (!f)
		return -EBADF;
	if (f->flags & O_PATH) {
		n = -EBADF;
	} else if (!f->ops->readdir) {
		n = -ENOTDIR;
	} else if (!uaccess_ok(args[1], (u32)args[2])) {
		n = -EFAULT;
	} else {
		uio_init(&u, &iov, args[1], MIN((u32)args[2], (u32)INT32_MAX), false);
		mutex_lock(&f->pos_lock);
		n = f->ops->readdir(f, &u);
		mutex_unlock(&f->pos_lock);
	}
	file_drop(f);
	return n;
}

SYSCALL(mkdirat)
{
	char *path;
	int err = path_copyin(args[1], &path);

	if (err)
		return err;
	err = fs_mkdir((int)args[0], path, (u32)args[2]);
	path_free(path);
	return err;
}

SYSCALL(mknodat)
{
	char *path;
	int err = path_copyin(args[1], &path);

	if (err)
		return err;
	err = fs_mknod((int)args[0], path, (u32)args[2], (u32)args[3]);
	path_free(path);
	return err;
}

SYSCALL(unlinkat)
{
	char *path;
	int err;

	if ((u32)args[2] & ~(u32)AT_REMOVEDIR)
		return -EINVAL;
	err = path_copyin(args[1], &path);
	if (err)
		return err;
	err = fs_unlink((int)args[0], path, (u32)args[2]);
	path_free(path);
	return err;
}

SYSCALL(linkat)
{
	char *from, *to;
	int err;

	if ((u32)args[4] & ~(u32)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = paths_copyin(args[1], args[3], &from, &to);
	if (err)
		return err;
	err = fs_link((int)args[0], from, (int)args[2], to, (u32)args[4]);
	path_free(from);
	path_free(to);
	return err;
}

SYSCALL(symlinkat)
{
	char *target, *path;
	int err = paths_copyin(args[0], args[2], &target, &path);

	if (err)
		return err;
	err = fs_symlink(target, (int)args[1], path);
	path_free(target);
	path_free(path);
	return err;
}

SYSCALL(readlinkat)
{
	char *path, *text;
	ssize_t n;
	int err;

	if ((int)args[3] <= 0)
		return -EINVAL;
	err = path_copyin(args[1], &path);
	if (err)
		return err;
	text = kmalloc(PATH_MAX, ALLOC_WAIT);
	n = text
		? fs_readlink((int)args[0], path, text, MIN((size_t)(u32)args[3], (size_t)PATH_MAX))
		: -ENOMEM;
	if (n > 0 && copyout(args[2], text, (size_t)n))
		n = -EFAULT;
	kmfree(text);
	path_free(path);
	return n;
}

SYSCALL(renameat2)
{
	char *from, *to;
	int err = paths_copyin(args[1], args[3], &from, &to);

	if (err)
		return err;
	err = fs_rename((int)args[0], from, (int)args[2], to, (u32)args[4]);
	path_free(from);
	path_free(to);
	return err;
}

SYSCALL(chdir)
{
	char *path;
	int err = path_copyin(args[0], &path);

	if (err)
		return err;
	err = fs_chdir(path);
	path_free(path);
	return err;
}

SYSCALL(fchdir)
{
	struct file *f = get_file(args[0]);
	int err;

	if (!f)
		return -EBADF;
	err = fs_fchdir(f);
	file_drop(f);
	return err;
}

SYSCALL(getcwd)
{
	char *path = kmalloc(PATH_MAX, ALLOC_WAIT);
	int n;

	if (!path)
		return -ENOMEM;
	n = fs_getcwd(path, PATH_MAX);
	if (n == -ERANGE)
		n = -ENAMETOOLONG;
	else if (n > 0 && (ulong)n > args[1])
		n = -ERANGE;
	else if (n > 0 && copyout(args[0], path, (size_t)n))
		n = -EFAULT;
	kmfree(path);
	return n;
}

SYSCALL(umask)
{
	return fs_umask(current_thread()->fs, (u32)args[0]);
}

/* --- attributes --- */

SYSCALL(faccessat)
{
	char *path;
	int err = path_copyin(args[1], &path);

	if (err)
		return err;
	err = fs_access((int)args[0], path, (u32)args[2], 0);
	path_free(path);
	return err;
}

SYSCALL(fchmodat)
{
	char *path;
	int err = path_copyin(args[1], &path);

	if (err)
		return err;
	err = fs_chmod((int)args[0], path, (u32)args[2], 0);
	path_free(path);
	return err;
}

SYSCALL(fchmod)
{
	struct file *f = get_file(args[0]);
	int err;

	if (!f)
		return -EBADF;
	err = file_chmod(f, (u32)args[1]);
	file_drop(f);
	return err;
}

SYSCALL(fchownat)
{
	char *path;
	int err;

	if ((u32)args[4] & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = path_copyin(args[1], &path);
	if (err)
		return err;
	err = fs_chown((int)args[0], path, (u32)args[2], (u32)args[3], (u32)args[4]);
	path_free(path);
	return err;
}

SYSCALL(fchown)
{
	struct file *f = get_file(args[0]);
	int err;

	if (!f)
		return -EBADF;
	err = file_chown(f, (u32)args[1], (u32)args[2]);
	file_drop(f);
	return err;
}

long sys_truncate_to(ulong path_va, off_t size)
{
	char *path;
	int err;

	if (size < 0)
		return -EINVAL;
	err = path_copyin(path_va, &path);
	if (err)
		return err;
	err = fs_truncate(AT_FDCWD, path, size);
	path_free(path);
	return err;
}

SYSCALL(truncate)
{
	return sys_truncate_to(args[0], (off_t)(long)args[1]);
}

long sys_utimes_to(ulong dirfd, ulong path_va, const struct ktime *times, u32 flags)
{
	char *path = NULL;
	int err = 0;

	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) || (!path_va && flags))
		return -EINVAL;
	if (!path_va && (int)dirfd == AT_FDCWD)
		return -EFAULT;
	if (path_va)
		err = path_copyin(path_va, &path);
	if (err)
		return err;
	err = fs_utimens((int)dirfd, path, times, flags);
	path_free(path);
	return err;
}

static int times_copyin(ulong va, enum time_form form, struct ktime times[2])
{
	struct abi_timespec u[2];

	if (abi_timespec_get(&u[0], va, form) ||
		abi_timespec_get(&u[1], va + abi_timespec_size(form), form))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (u[i].nsec < 0 || u[i].nsec > UTIME_NOW)
			return -EINVAL;
		times[i] = (struct ktime){u[i].sec, (u32)u[i].nsec};
	}
	return 0;
}

long sys_utimensat_in(const ulong *args, enum time_form form)
{
	struct ktime times[2];
	int err = args[2] ? times_copyin(args[2], form, times) : 0;

	return err ? err : sys_utimes_to(args[0], args[1], args[2] ? times : NULL, (u32)args[3]);
}

SYSCALL(utimensat)
{
	return sys_utimensat_in(args, TIME_LONG);
}
