/*
 * Virtio: starting a device, and the split virtqueue (VIRTIO 1.1, sections 3.1 and 2.6).
 *
 * The three parts of a queue lie in one block of pages. Free descriptors are chained through
 * their `next` fields. A request is known by its first descriptor's index.
 */
#include "dev/virtio.h"

#include "lib/errno.h"
#include "lib/printf.h"
#include "machine/io.h"
#include "arch/mmu.h"
#include "vm/kmalloc.h"
#include "vm/page.h"

/* Device status bits (2.1). */
#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER 2
#define STATUS_DRIVER_OK 4
#define STATUS_FEATURES_OK 8
#define STATUS_FAILED 128

#define DESC_NEXT 1
#define DESC_DEVICE_WRITES 2
#define USED_NO_NOTIFY 1

struct virtq_desc {
	u64 addr;
	u32 len;
	u16 flags, next;
};

struct virtq_avail {
	u16 flags, idx;
	u16 ring[];
};

struct virtq_used {
	u16 flags, idx;
	struct {
		u32 id, len;
	} ring[];
};

struct virtq {
	struct virtio_device *dev;
	unsigned index;
	u32 size;	 /* a power of two */
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	u32 free;	 /* descriptors in the free chain */
	u16 free_head;
	u16 next_avail;	 /* avail->idx as of the last virtq_add */
	u16 next_used;	 /* used->idx as far as taken */
	struct page *pages;
	unsigned order;
};

int virtio_start(struct virtio_device *dev, u64 wanted)
{
	const struct virtio_transport *t = dev->transport;
	u64 offered;

	t->set_status(dev, 0);
	t->set_status(dev, STATUS_ACKNOWLEDGE);
	t->set_status(dev, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
	offered = t->get_features(dev);
	if (!(offered & VIRTIO_F_VERSION_1)) {
		virtio_give_up(dev);
		return -ENODEV;
	}
	dev->features = offered & (wanted | VIRTIO_F_VERSION_1);
	t->set_features(dev, dev->features);
	t->set_status(dev, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
	if (!(t->get_status(dev) & STATUS_FEATURES_OK)) {
		virtio_give_up(dev);
		return -ENODEV;
	}
	return 0;
}

void virtio_ready(struct virtio_device *dev)
{
	dev->transport->set_status(dev, dev->transport->get_status(dev) | STATUS_DRIVER_OK);
}

void virtio_give_up(struct virtio_device *dev)
{
	dev->transport->set_status(dev, STATUS_FAILED);
}

u64 virtio_config64(struct virtio_device *dev, unsigned offset)
{
	const struct virtio_transport *t = dev->transport;
	u32 before, low, high;

	/* 2.4.1: the generation changes when the device changes a field. */
	do {
		before = t->config_generation(dev);
		low = t->config(dev, offset);
		high = t->config(dev, offset + 4);
	} while (t->config_generation(dev) != before);
	return (u64)high << 32 | low;
}

/* Where the parts lie, with the alignment of 2.6; returns the size of the whole. */
static size_t queue_layout(u32 size, size_t *avail, size_t *used)
{
	*avail = size * sizeof(struct virtq_desc);
	*used = ALIGN_UP(*avail + sizeof(struct virtq_avail) + (size + 1) * sizeof(u16), 4);
	return *used + sizeof(struct virtq_used) + size * 8 + sizeof(u16);
}

struct virtq *virtq_create(struct virtio_device *dev, unsigned index, u32 size)
{
	struct virtq *q = kzalloc(sizeof(*q), ALLOC_WAIT);
	u32 max = dev->transport->queue_max(dev, index);
	size_t bytes, avail, used;
	char *base;

	if (!q || max == 0)
		goto no_memory;
	q->dev = dev;
	q->index = index;
	q->size = MIN(size, max);
	bytes = queue_layout(q->size, &avail, &used);
	while ((PAGE_SIZE << q->order) < bytes)
		q->order++;
	q->pages = page_alloc(q->order, ALLOC_ZERO | ALLOC_WAIT);
	if (!q->pages)
		goto no_memory;
	base = page_addr(q->pages);
	q->desc = (void *)base;
	q->avail = (void *)(base + avail);
	q->used = (void *)(base + used);
	for (u32 i = 0; i < q->size; i++)
		q->desc[i].next = (u16)(i + 1);
	q->free = q->size;
	dev->transport->queue_enable(dev, index, q->size, virt_to_phys(q->desc),
		virt_to_phys(q->avail), virt_to_phys(q->used));
	return q;

no_memory:
	kmfree(q);
	return NULL;
}

void virtq_free(struct virtq *q)
{
	page_free(q->pages, q->order);
	kmfree(q);
}

u32 virtq_size(const struct virtq *q)
{
	return q->size;
}

int virtq_next(const struct virtq *q, unsigned n)
{
	return n <= q->free ? q->free_head : -1;
}

void virtq_add(struct virtq *q, const struct virtio_buffer *buf, unsigned n)
{
	u16 head = q->free_head, at = head;

	for (unsigned i = 0; i < n; i++) {
		struct virtq_desc *d = &q->desc[at];

		d->addr = buf[i].pa;
		d->len = buf[i].len;
		d->flags = (u16)((buf[i].device_writes ? DESC_DEVICE_WRITES : 0) |
			(i + 1 < n ? DESC_NEXT : 0));
		at = d->next;
	}
	q->free_head = at;
	q->free -= n;
	q->avail->ring[q->next_avail++ & (q->size - 1)] = head;
}

void virtq_notify(struct virtq *q)
{
	/*
	 * 2.6.13: the entries before the index, and the index before the look at the device's
	 * flag.
	 */
	io_memory_barrier();
	__atomic_store_n(&q->avail->idx, q->next_avail, __ATOMIC_RELAXED);
	io_memory_barrier();
	if (!(__atomic_load_n(&q->used->flags, __ATOMIC_RELAXED) & USED_NO_NOTIFY))
		q->dev->transport->notify(q->dev, q->index);
}

/* Put the chain of descriptors that begins at head back. */
static void free_chain(struct virtq *q, u16 head)
{
	u16 last = head;
	u32 n = 1;

	while (q->desc[last].flags & DESC_NEXT) {
		last = q->desc[last].next;
		n++;
	}
	q->desc[last].next = q->free_head;
	q->free_head = head;
	q->free += n;
}

int virtq_take(struct virtq *q)
{
	u32 id;

	if (__atomic_load_n(&q->used->idx, __ATOMIC_RELAXED) == q->next_used)
		return -1;
	io_memory_barrier();
	id = q->used->ring[q->next_used++ & (q->size - 1)].id;
	if (id >= q->size)
		panic("virtio: the device returned request %u of a queue of %u", id, q->size);
	free_chain(q, (u16)id);
	return (int)id;
}
