/*
 * Structures of system calls that Linux lays out differently from machine to machine.
 */
#pragma once

#include "fs/path.h"
#include "lib/types.h"
#include "proc/signal.h"

/*
 * struct sigaction of the generic table: no sa_restorer, handlers return through the kernel's own
 * code.
 */
struct abi_sigaction {
	ulong handler, flags;
	u64 mask;
};

static inline void abi_sigaction_get(struct ksigaction *k, const struct abi_sigaction *u)
{
	*k = (struct ksigaction){ .handler = u->handler, .flags = u->flags, .mask = u->mask };
}

static inline void abi_sigaction_put(struct abi_sigaction *u, const struct ksigaction *k)
{
	*u = (struct abi_sigaction){ .handler = k->handler, .flags = k->flags, .mask = k->mask };
}

/* struct stat of the generic table (asm-generic/stat.h). */
struct abi_stat {
	ulong dev, ino;
	u32 mode, nlink, uid, gid;
	ulong rdev, pad1;
	long size;
	s32 blksize, pad2;
	long blocks;
	long atime;
	ulong atime_nsec;
	long mtime;
	ulong mtime_nsec;
	long ctime;
	ulong ctime_nsec;
	u32 unused[2];
};

/* 0, or -EOVERFLOW where a field is too small: never here. */
static inline int abi_stat_put(struct abi_stat *u, const struct kstat *k)
{
	*u = (struct abi_stat){
		.dev = k->dev,
		.ino = k->ino,
		.mode = k->mode,
		.nlink = k->nlink,
		.uid = k->uid,
		.gid = k->gid,
		.rdev = k->rdev,
		.size = (long)k->size,
		.blksize = (s32)k->blksize,
		.blocks = (long)k->blocks,
		.atime = k->atime.sec,
		.atime_nsec = k->atime.nsec,
		.mtime = k->mtime.sec,
		.mtime_nsec = k->mtime.nsec,
		.ctime = k->ctime.sec,
		.ctime_nsec = k->ctime.nsec,
	};
	return 0;
}

/* struct statfs of the generic table (asm-generic/statfs.h). */
struct abi_statfs {
	ulong type, bsize, blocks, bfree, bavail, files, ffree;
	s32 fsid[2];
	ulong namelen, frsize, flags, spare[4];
};

static inline int abi_statfs_put(struct abi_statfs *u, const struct kstatfs *k)
{
	*u = (struct abi_statfs){
		.type = k->type,
		.bsize = k->bsize,
		.blocks = k->blocks,
		.bfree = k->bfree,
		.bavail = k->bavail,
		.files = k->files,
		.ffree = k->ffree,
		.fsid = { (s32)k->fsid, (s32)(k->fsid >> 32) },
		.namelen = k->namelen,
		.frsize = k->bsize,
		.flags = k->flags | 0x20, /* ST_VALID: flags mean something */
	};
	return 0;
}
