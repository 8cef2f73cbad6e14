/*
 * struct statfs is the kernel's statfs64 (asm-generic/statfs.h with 32-bit words, packed to 4
 * bytes).
 */
#pragma once

struct statfs {
	uint32_t f_type;
	uint32_t f_bsize;
	uint64_t f_blocks;
	uint64_t f_bfree;
	uint64_t f_bavail;
	uint64_t f_files;
	uint64_t f_ffree;
	struct {
		int val[2];
	} f_fsid;
	uint32_t f_namelen;
	uint32_t f_frsize;
	uint32_t f_flags;
	uint32_t f_spare[4];
};
