/*
 * Block devices: asynchronous requests on 512-byte sectors, from physical pages.
 */
#pragma once

#include "lib/types.h"
#include "proc/sync.h"

struct page;

#define SECTOR_SIZE 512u

/*
 * One request: a run of sectors to or from parts of pages. The owner keeps it and the pages until
 * done.
 */
struct block_segment {
	struct page *page;
	u32 offset, len; /* bytes, multiples of 512 */
};
struct block_request {
	bool write;
	u64 sector; /* a partition's driver makes it one of the disk's */
	struct block_segment *seg;
	unsigned nseg; /* 1 to BLOCK_MAX_SEGMENTS; the driver's own flush requests have none */
	/* filled in by block_submit and the driver */
	struct block_device *dev;
	int status;    /* 0 or -EIO once done */
	bool done;
	struct block_request *next;
};
#define BLOCK_MAX_SEGMENTS 32u

struct block_device {
	const char *name;      /* "vda" */
	u64 sectors;
	bool read_only;
	struct waitq done;     /* woken whenever a request ends */
	/* Start rq, or queue it if the device is full. Does not sleep. Driver's. */
	void (*submit)(struct block_device *dev, struct block_request *rq);
	/* Flush the device's write cache and wait. 0 or -EIO. */
	int (*flush)(struct block_device *dev);
	void *private;
	struct block_device *next; /* block.c's */
};

/* Drivers announce devices at boot; the root is on the first. */
void block_register(struct block_device *dev);
struct block_device *block_get(unsigned index); /* NULL if there are fewer */

/* Start a request; never sleeps. One that does not fit the device is done at once, with -EIO. */
void block_submit(struct block_device *dev, struct block_request *rq);
/* Called by drivers, in interrupt context too. */
void block_done(struct block_request *rq, int status);
/* Wait for rq to end. Its status. */
int block_wait(struct block_request *rq);
/* Submit and wait. */
int block_io(struct block_device *dev, struct block_request *rq);
