/*
 * A file in memory, whose disk can fail: an object with a store for tests.
 */
#pragma once

#include "vm/obj.h"

#define MEMFILE_PAGES 64

struct memfile {
	struct obj obj;
	u8 disk[MEMFILE_PAGES][4096];
	bool reserved[MEMFILE_PAGES];
	unsigned reads, writes; /* pages */
	unsigned touched;
	/* What the next operations answer, 0: they work. */
	int read_error, write_error, reserve_error;
	void (*on_read)(struct memfile *f); /* called before a page is read */
	void (*on_write)(struct memfile *f); /* called while pages are being written, after their
						contents were taken */
};

/* With `size` bytes; page n of the disk is filled with n + 1. Freed when the last reference goes.
 */
struct memfile *memfile_new(u64 size);
