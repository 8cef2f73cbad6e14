/*
 * Structures of system calls that Linux lays out differently from machine to machine: those of its
 * 32-bit calls that take 64-bit sizes (arch/x86's user API: asm/stat.h, asm/statfs.h,
 * asm/signal.h). Older ones: abi_stat.c, abi_signal.c.
 */
#pragma once

#include "fs/path.h"
#include "lib/types.h"
#include "proc/signal.h"

/* What the calls named rt_sig... take. */
struct abi_sigaction {
	ulong handler, flags, restorer;
	u64 mask;
};
_Static_assert(sizeof(struct abi_sigaction) == 20, "struct sigaction has 20 bytes");

static inline void abi_sigaction_get(struct ksigaction *k, const struct abi_sigaction *u)
{
	*k = (struct ksigaction){u->handler, u->flags, u->restorer, u->mask};
}

static inline void abi_sigaction_put(struct abi_sigaction *u, const struct ksigaction *k)
{
	*u = (struct abi_sigaction){k->handler, k->flags, k->restorer, k->mask};
}

/* struct stat64. A u64 is aligned to 4 bytes. */
struct abi_stat {
	u64 dev;
	u32 pad1, ino_low;
	u32 mode, nlink, uid, gid;
	u64 rdev;
	u32 pad2;
	s64 size;
	u32 blksize;
	u64 blocks;
	u32 atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
	u64 ino;
};
_Static_assert(sizeof(struct abi_stat) == 96, "struct stat64 has 96 bytes");

/* 0: everything has room but the seconds, of which Linux too stores the lower bits. */
static inline int abi_stat_put(struct abi_stat *u, const struct kstat *k)
{
	*u = (struct abi_stat){
		.dev = k->dev,
		.ino_low = (u32)k->ino,
		.mode = k->mode,
		.nlink = k->nlink,
		.uid = k->uid,
		.gid = k->gid,
		.rdev = k->rdev,
		.size = (s64)k->size,
		.blksize = k->blksize,
		.blocks = k->blocks,
		.atime = (u32)k->atime.sec,
		.atime_nsec = k->atime.nsec,
		.mtime = (u32)k->mtime.sec,
		.mtime_nsec = k->mtime.nsec,
		.ctime = (u32)k->ctime.sec,
		.ctime_nsec = k->ctime.nsec,
		.ino = k->ino,
	};
	return 0;
}

/* struct statfs64 */
struct abi_statfs {
	u32 type, bsize;
	u64 blocks, bfree, bavail, files, ffree;
	s32 fsid[2];
	u32 namelen, frsize, flags, spare[4];
};
_Static_assert(sizeof(struct abi_statfs) == 84, "struct statfs64 has 84 bytes");

#define ST_VALID 0x20u /* the flags mean something */

static inline int abi_statfs_put(struct abi_statfs *u, const struct kstatfs *k)
{
	*u = (struct abi_statfs){
		.type = (u32)k->type,
		.bsize = (u32)k->bsize,
		.blocks = k->blocks,
		.bfree = k->bfree,
		.bavail = k->bavail,
		.files = k->files,
		.ffree = k->ffree,
		.fsid = {(s32)k->fsid, (s32)(k->fsid >> 32)},
		.namelen = (u32)k->namelen,
		.frsize = (u32)k->bsize,
		.flags = (u32)k->flags | ST_VALID,
	};
	return 0;
}
