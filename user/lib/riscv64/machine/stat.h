/*
 * struct stat as the generic 64-bit interface has it (asm-generic/stat.h): the kernel fills this
 * very structure.
 */
#pragma once

struct stat {
	dev_t st_dev;
	ino_t st_ino;
	mode_t st_mode;
	nlink_t st_nlink;
	uid_t st_uid;
	gid_t st_gid;
	dev_t st_rdev;
	uint64_t st_reserved1;
	off_t st_size;
	blksize_t st_blksize;
	int32_t st_reserved2;
	blkcnt_t st_blocks;
	struct timespec st_atim;
	struct timespec st_mtim;
	struct timespec st_ctim;
	uint32_t st_reserved3[2];
};
