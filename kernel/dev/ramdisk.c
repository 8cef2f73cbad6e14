/*
 * Disks in memory: a range of RAM that whoever started the kernel filled.
 *
 * A request is a copy, done when submit returns. Nothing but the request's own sectors is touched,
 * so there is no lock: who submits overlapping requests at once gets either's data, as on any disk.
 */
#include "dev/ramdisk.h"

#include "arch/mmu.h"
#include "dev/block.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vm/kmalloc.h"
#include "vm/page.h"

struct ramdisk {
	struct block_device block;
	char name[8];
	char *data;
};

static void ramdisk_submit(struct block_device *dev, struct block_request *rq)
{
	struct ramdisk *d = dev->private;
	char *at = d->data + rq->sector * SECTOR_SIZE;

	for (unsigned i = 0; i < rq->nseg; i++) {
		char *data = (char *)page_addr(rq->seg[i].page) + rq->seg[i].offset;

		if (rq->write)
			memcpy(at, data, rq->seg[i].len);
		else
			memcpy(data, at, rq->seg[i].len);
		at += rq->seg[i].len;
	}
	block_done(rq, 0);
}

/* There is no cache, nor a medium that outlives the machine. */
static int ramdisk_flush(struct block_device *dev UNUSED)
{
	return 0;
}

void ramdisk_register(paddr_t start, u64 bytes)
{
	static unsigned count;
	struct ramdisk *d;

	if (bytes < SECTOR_SIZE || bytes > UINT64_MAX - start || !page_is_ram(start) ||
		!page_is_ram(start + bytes - 1)) {
		log_warn("%llu bytes at %#llx cannot be a disk: too few, or not in memory that the "
			 "kernel reaches",
			(unsigned long long)bytes, (unsigned long long)start);
		return;
	}
	d = kzalloc(sizeof(*d), ALLOC_WAIT);
	if (!d) {
		log_warn("no memory for a disk in memory");
		return;
	}
	fmt(d->name, sizeof(d->name), "ram%u", count++);
	d->data = phys_to_virt(start);
	d->block = (struct block_device){
		.name = d->name,
		.sectors = bytes / SECTOR_SIZE,
		.submit = ramdisk_submit,
		.flush = ramdisk_flush,
		.private = d,
	};
	block_register(&d->block);
}
