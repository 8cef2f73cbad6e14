/*
 * Virtio devices: what their drivers see of a transport, and the split virtqueue.
 *
 * All from "Virtual I/O Device (VIRTIO) Version 1.1" (OASIS). Only devices that offer
 * VIRTIO_F_VERSION_1 are driven.
 */
#pragma once

#include "lib/types.h"

struct virtio_device;

/* How a transport (memory-mapped, PCI) does it. */
struct virtio_transport {
	u8 (*get_status)(struct virtio_device *dev);
	void (*set_status)(struct virtio_device *dev, u8 status);
	u64 (*get_features)(struct virtio_device *dev);
	void (*set_features)(struct virtio_device *dev, u64 features);
	/* 32 bits of the device's configuration */
	u32 (*config)(struct virtio_device *dev, unsigned offset);
	u32 (*config_generation)(struct virtio_device *dev);
	u32 (*queue_max)(struct virtio_device *dev, unsigned queue); /* entries; 0: no such queue */
	/* Tell the device where the parts of the queue are, and that it may use it. */
	void (*queue_enable)(struct virtio_device *dev, unsigned queue, u32 size, paddr_t desc,
		paddr_t avail, paddr_t used);
	void (*notify)(struct virtio_device *dev, unsigned queue);
};

struct virtio_device {
	const struct virtio_transport *transport;
	ulong regs;
	u64 features;  /* negotiated */
	/* Set by the driver before virtio_ready: used buffers are there. Interrupt context. */
	void (*interrupt)(struct virtio_device *dev);
	void *private; /* the driver's */
};

#define VIRTIO_ID_BLOCK 2
#define VIRTIO_F_VERSION_1 (1ull << 32)

/*
 * Reset, and negotiate: `wanted` and VIRTIO_F_VERSION_1. 0, or -ENODEV if the device does not
 * agree; it has been given up then.
 */
int virtio_start(struct virtio_device *dev, u64 wanted);
void virtio_ready(struct virtio_device *dev); /* the queues are set up */
void virtio_give_up(struct virtio_device *dev);
/* A 64-bit field of the configuration, consistent. */
u64 virtio_config64(struct virtio_device *dev, unsigned offset);

/* One driver's entry: takes the device over, or not. */
void virtio_blk_attach(struct virtio_device *dev);

/* A buffer of a request. */
struct virtio_buffer {
	paddr_t pa;
	u32 len;
	bool device_writes;
};

struct virtq; /* the driver locks */

/*
 * A queue of at most `size` entries, known to the device. NULL if there is no memory or no such
 * queue.
 */
struct virtq *virtq_create(struct virtio_device *dev, unsigned index, u32 size);
void virtq_free(struct virtq *q); /* after the device was given up */
u32 virtq_size(const struct virtq *q);
/*
 * The number (below virtq_size) that the next request will have, if it has n buffers; -1 if the
 * queue is too full for it.
 */
int virtq_next(const struct virtq *q, unsigned n);
/*
 * Offer a request of n buffers, for which there is room: those the device reads first, then those
 * it writes.
 */
void virtq_add(struct virtq *q, const struct virtio_buffer *buf, unsigned n);
/* Let the device see what was added; tells it if it wants to be told. */
void virtq_notify(struct virtq *q);
/* The number of a request that is done and off the queue now; -1 if there is none. */
int virtq_take(struct virtq *q);
