/*
 * struct stat is the kernel's stat64 (arch/x86 asm/stat.h): 64-bit fields are aligned to 4 bytes on
 * this machine.
 */
#pragma once

struct stat {
	dev_t st_dev;
	uint32_t st_reserved1;
	uint32_t st_ino32;
	mode_t st_mode;
	nlink_t st_nlink;
	uid_t st_uid;
	gid_t st_gid;
	dev_t st_rdev;
	uint32_t st_reserved2;
	off_t st_size;
	uint32_t st_blksize;
	blkcnt_t st_blocks;
	struct timespec st_atim;
	struct timespec st_mtim;
	struct timespec st_ctim;
	ino_t st_ino;
};
