/*
 * Block devices: the list of them, and the part of a request's life that is the same for all
 * drivers.
 *
 * `done` of a request is stored last, with release: whoever sees it owns the request again.
 */
#include "dev/block.h"

#include "lib/errno.h"
#include "lib/printf.h"

static struct block_device *first; /* in order of registration; written at boot only */

void block_register(struct block_device *dev)
{
	struct block_device **link = &first;

	waitq_init(&dev->done);
	dev->next = NULL;
	while (*link)
		link = &(*link)->next;
	*link = dev;
	log_info("%s: %llu KiB%s", dev->name, (unsigned long long)dev->sectors / 2,
		dev->read_only ? ", read-only" : "");
}

struct block_device *block_get(unsigned index)
{
	struct block_device *dev = first;

	while (dev && index-- > 0)
		dev = dev->next;
	return dev;
}

/* Does the request stay inside the device, and is it one that drivers are built for? */
static bool request_valid(const struct block_device *dev, const struct block_request *rq)
{
	u64 sectors = 0;

	if (rq->nseg == 0 || rq->nseg > BLOCK_MAX_SEGMENTS || (rq->write && dev->read_only))
		return false;
	for (unsigned i = 0; i < rq->nseg; i++) {
		if (rq->seg[i].len == 0 || rq->seg[i].len % SECTOR_SIZE)
			return false;
		sectors += rq->seg[i].len / SECTOR_SIZE;
	}
	return sectors <= dev->sectors && rq->sector <= dev->sectors - sectors;
}

void block_submit(struct block_device *dev, struct block_request *rq)
{
	rq->dev = dev;
	rq->next = NULL;
	__atomic_store_n(&rq->done, false, __ATOMIC_RELAXED);
	if (request_valid(dev, rq))
		dev->submit(dev, rq);
	else
		block_done(rq, -EIO);
}

void block_done(struct block_request *rq, int status)
{
	struct block_device *dev = rq->dev;

	rq->status = status;
	__atomic_store_n(&rq->done, true, __ATOMIC_RELEASE);
	waitq_wake_all(&dev->done);
}

int block_wait(struct block_request *rq)
{
	struct block_device *dev = rq->dev;

	WAIT_EVENT(&dev->done, __atomic_load_n(&rq->done, __ATOMIC_ACQUIRE), WAIT_UNINTERRUPTIBLE,
		WAIT_FOREVER);
	return rq->status;
}

int block_io(struct block_device *dev, struct block_request *rq)
{
	block_submit(dev, rq);
	return block_wait(rq);
}
