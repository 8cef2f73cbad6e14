/*
 * Disks: the virtio block device (VIRTIO 1.1, section 5.2).
 *
 * A request is a chain of buffers: a header, the segments, a status byte. Header and status live
 * in a slot, whose number is the chain's number in the queue. What does not fit into the queue
 * waits in a list of its own, in order, and starts as others end.
 *
 * Letter: (l) lock, RANK_DEV; interrupts take it.
 */
#include "dev/block.h"
#include "dev/virtio.h"
#include "lib/errno.h"
#include "lib/lock.h"
#include "lib/printf.h"
#include "arch/mmu.h"
#include "vm/kmalloc.h"
#include "vm/page.h"

#define F_SEG_MAX (1ull << 2)
#define F_READ_ONLY (1ull << 5)
#define F_FLUSH (1ull << 9)
#define CONFIG_CAPACITY 0
#define CONFIG_SEG_MAX 12

#define TYPE_READ 0
#define TYPE_WRITE 1
#define TYPE_FLUSH 4
#define STATUS_OK 0

#define QUEUE_SIZE 256

struct slot {
	struct { /* read by the device, little-endian like every machine we run on */
		u32 type, reserved;
		u64 sector;
	} header;
	u8 status; /* written by the device */
	struct block_request *rq;
};

struct disk {
	struct block_device block;
	char name[8];
	struct virtio_device *virtio;
	struct spinlock lock;
	struct virtq *queue;		       /* (l) */
	struct slot *slots;		       /* (l) virtq_size() of them */
	struct block_request *waiting, **last; /* (l) not yet in the queue, by `next` */
};

/* Put a request into the queue; false if there is no room. */
static bool disk_start(struct disk *d, struct block_request *rq)
{
	struct virtio_buffer buf[BLOCK_MAX_SEGMENTS + 2];
	struct slot *s;
	unsigned n = 0;
	int id = virtq_next(d->queue, rq->nseg + 2);

	if (id < 0)
		return false;
	s = &d->slots[id];
	s->header.type = rq->nseg == 0 ? TYPE_FLUSH : rq->write ? TYPE_WRITE : TYPE_READ;
	s->header.reserved = 0;
	s->header.sector = rq->nseg == 0 ? 0 : rq->sector;
	s->status = 0xff;
	s->rq = rq;
	buf[n++] = (struct virtio_buffer){ virt_to_phys(&s->header), sizeof(s->header), false };
	for (unsigned i = 0; i < rq->nseg; i++)
		buf[n++] = (struct virtio_buffer){ page_paddr(rq->seg[i].page) + rq->seg[i].offset,
			rq->seg[i].len, !rq->write };
	buf[n++] = (struct virtio_buffer){ virt_to_phys(&s->status), sizeof(s->status), true };
	virtq_add(d->queue, buf, n);
	return true;
}

static void disk_submit(struct block_device *dev, struct block_request *rq)
{
	struct disk *d = dev->private;
	ulong flags = spin_lock_irq(&d->lock);

	if (!d->waiting && disk_start(d, rq)) {
		virtq_notify(d->queue);
	} else {
		*d->last = rq;
		d->last = &rq->next;
	}
	spin_unlock_irq(&d->lock, flags);
}

/* The write cache reaches the medium: all writes that were done before. */
static int disk_flush(struct block_device *dev)
{
	struct disk *d = dev->private;
	struct block_request rq = { .dev = dev };

	if (!(d->virtio->features & F_FLUSH))
		return 0;
	disk_submit(dev, &rq);
	return block_wait(&rq);
}

/* Start what waits, as far as there is room. */
static void start_waiting(struct disk *d)
{
	bool any = false;

	while (d->waiting) {
		struct block_request *rq = d->waiting, *next = rq->next;

		if (!disk_start(d, rq))
			break;
		any = true;
		d->waiting = next;
		if (!next)
			d->last = &d->waiting;
	}
	if (any)
		virtq_notify(d->queue);
}

static void disk_interrupt(struct virtio_device *dev)
{
	struct disk *d = dev->private;
	ulong flags = spin_lock_irq(&d->lock);
	int id;

	while ((id = virtq_take(d->queue)) >= 0)
		block_done(d->slots[id].rq, d->slots[id].status == STATUS_OK ? 0 : -EIO);
	start_waiting(d);
	spin_unlock_irq(&d->lock, flags);
}

static bool disk_usable(struct virtio_device *dev)
{
	if (virtio_start(dev, F_SEG_MAX | F_READ_ONLY | F_FLUSH) != 0) {
		log_warn("a disk does not agree with its driver");
		return false;
	}
	if (!(dev->features & F_SEG_MAX) ||
		dev->transport->config(dev, CONFIG_SEG_MAX) < BLOCK_MAX_SEGMENTS) {
		log_warn("a disk takes too few segments in a request");
		virtio_give_up(dev);
		return false;
	}
	return true;
}

void virtio_blk_attach(struct virtio_device *dev)
{
	static unsigned count;
	struct disk *d;

	if (!disk_usable(dev))
		return;
	d = kzalloc(sizeof(*d), ALLOC_WAIT);
	if (!d)
		goto no_memory;
	d->queue = virtq_create(dev, 0, QUEUE_SIZE);
	if (!d->queue)
		goto no_memory;
	d->slots = kcalloc(virtq_size(d->queue), sizeof(*d->slots), ALLOC_WAIT);
	if (!d->slots || virtq_size(d->queue) < BLOCK_MAX_SEGMENTS + 2)
		goto no_memory;

	fmt(d->name, sizeof(d->name), "vd%c", 'a' + (int)count++);
	spin_init(&d->lock, d->name, RANK_DEV);
	d->last = &d->waiting;
	d->virtio = dev;
	d->block = (struct block_device){
		.name = d->name,
		.sectors = virtio_config64(dev, CONFIG_CAPACITY),
		.read_only = dev->features & F_READ_ONLY,
		.submit = disk_submit,
		.flush = disk_flush,
		.private = d,
	};
	dev->private = d;
	dev->interrupt = disk_interrupt;
	virtio_ready(dev);
	block_register(&d->block);
	return;

no_memory:
	log_warn("a disk cannot be used: no memory, or its queue is too small");
	virtio_give_up(dev);
	if (d) {
		if (d->queue)
			virtq_free(d->queue);
		kmfree(d->slots);
		kmfree(d);
	}
}
