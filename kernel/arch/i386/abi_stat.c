/*
 * What files and file systems are like: the calls by path of which newer machines have one, and
 * structures of an age when 32 bits, or 16, were enough. What does not fit those is EOVERFLOW.
 */
#include "abi.h"

#include "lib/errno.h"
#include "machine/abi.h"
#include "sys/parts.h"
#include "vm/uaccess.h"

static bool fits(u64 v)
{
	return v <= UINT32_MAX;
}

/* --- stat --- */

/* struct stat of Linux's user API (arch/x86 asm/stat.h). */
struct stat32 {
	u32 dev, ino;
	u16 mode, nlink, uid, gid;
	u32 rdev, size, blksize, blocks;
	u32 atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
	u32 unused[2];
};
_Static_assert(sizeof(struct stat32) == 64, "struct stat has 64 bytes");

static long put_stat32(ulong to, const struct kstat *k)
{
	struct stat32 u = {
		.dev = (u32)k->dev,
		.ino = (u32)k->ino,
		.mode = (u16)k->mode,
		.nlink = (u16)k->nlink,
		.uid = id_to16(k->uid),
		.gid = id_to16(k->gid),
		.rdev = (u32)k->rdev,
		.size = (u32)k->size,
		.blksize = k->blksize,
		.blocks = (u32)k->blocks,
		.atime = (u32)k->atime.sec,
		.atime_nsec = k->atime.nsec,
		.mtime = (u32)k->mtime.sec,
		.mtime_nsec = k->mtime.nsec,
		.ctime = (u32)k->ctime.sec,
		.ctime_nsec = k->ctime.nsec,
	};

	if (!fits(k->dev) || !fits(k->rdev) || !fits(k->ino) || k->nlink > UINT16_MAX ||
		k->size > INT32_MAX)
		return -EOVERFLOW;
	return COPYOUT(to, &u);
}

SYSCALL(stat)
{
	struct kstat st;
	int err = sys_stat_path(CWD, args[0], 0, &st);

	return err ? err : put_stat32(args[1], &st);
}

SYSCALL(lstat)
{
	struct kstat st;
	int err = sys_stat_path(CWD, args[0], AT_SYMLINK_NOFOLLOW, &st);

	return err ? err : put_stat32(args[1], &st);
}

SYSCALL(fstat32)
{
	struct kstat st;
	int err = sys_stat_fd(args[0], &st);

	return err ? err : put_stat32(args[1], &st);
}

SYSCALL(stat64)
{
	const ulong at[] = {CWD, args[0], args[1], 0};

	return sys_newfstatat(at);
}

SYSCALL(lstat64)
{
	const ulong at[] = {CWD, args[0], args[1], AT_SYMLINK_NOFOLLOW};

	return sys_newfstatat(at);
}

/* --- statfs --- */

/* struct statfs of Linux's user API (asm-generic/statfs.h) with words of 32 bits. */
struct statfs32 {
	u32 type, bsize, blocks, bfree, bavail, files, ffree;
	s32 fsid[2];
	u32 namelen, frsize, flags, spare[4];
};
_Static_assert(sizeof(struct statfs32) == 64, "struct statfs has 64 bytes");

static long put_statfs32(ulong to, const struct kstatfs *k)
{
	struct statfs32 u = {
		.type = (u32)k->type,
		.bsize = (u32)k->bsize,
		.blocks = (u32)k->blocks,
		.bfree = (u32)k->bfree,
		.bavail = (u32)k->bavail,
		.files = (u32)k->files,
		.ffree = (u32)k->ffree,
		.fsid = {(s32)k->fsid, (s32)(k->fsid >> 32)},
		.namelen = (u32)k->namelen,
		.frsize = (u32)k->bsize,
		.flags = (u32)k->flags | ST_VALID,
	};

	if (!fits(k->blocks) || !fits(k->bfree) || !fits(k->bavail) || !fits(k->files) ||
		!fits(k->ffree))
		return -EOVERFLOW;
	return COPYOUT(to, &u);
}

SYSCALL(statfs32)
{
	struct kstatfs st;
	int err = sys_statfs_path(args[0], &st);

	return err ? err : put_statfs32(args[1], &st);
}

SYSCALL(fstatfs32)
{
	struct kstatfs st;
	int err = sys_statfs_fd(args[0], &st);

	return err ? err : put_statfs32(args[1], &st);
}

/* The program says which size it takes the structure to have. */
SYSCALL(statfs64)
{
	const ulong plain[] = {args[0], args[2]};

	return args[1] == sizeof(struct abi_statfs) ? sys_statfs(plain) : -EINVAL;
}

SYSCALL(fstatfs64)
{
	const ulong plain[] = {args[0], args[2]};

	return args[1] == sizeof(struct abi_statfs) ? sys_fstatfs(plain) : -EINVAL;
}
