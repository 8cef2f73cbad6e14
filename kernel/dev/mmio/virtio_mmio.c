/*
 * The memory-mapped transport of virtio: registers of VIRTIO 1.1, section 4.2.2.
 */
#include "dev/mmio/virtio_mmio.h"

#include "dev/virtio.h"
#include "lib/printf.h"
#include "machine/io.h"
#include "arch/irq.h"
#include "vm/kmalloc.h"

#define R_MAGIC 0x000
#define R_VERSION 0x004
#define R_DEVICE_ID 0x008
#define R_DEVICE_FEATURES 0x010
#define R_DEVICE_FEATURES_SEL 0x014
#define R_DRIVER_FEATURES 0x020
#define R_DRIVER_FEATURES_SEL 0x024
#define R_QUEUE_SEL 0x030
#define R_QUEUE_NUM_MAX 0x034
#define R_QUEUE_NUM 0x038
#define R_QUEUE_READY 0x044
#define R_QUEUE_NOTIFY 0x050
#define R_INTERRUPT_STATUS 0x060
#define R_INTERRUPT_ACK 0x064
#define R_STATUS 0x070
#define R_QUEUE_DESC 0x080
#define R_QUEUE_DRIVER 0x090
#define R_QUEUE_DEVICE 0x0a0
#define R_CONFIG_GENERATION 0x0fc
#define R_CONFIG 0x100

#define MAGIC 0x74726976u /* "virt" */
#define VERSION 2

static u8 get_status(struct virtio_device *dev)
{
	return (u8)io_read32(dev->regs + R_STATUS);
}

static void set_status(struct virtio_device *dev, u8 status)
{
	io_write32(dev->regs + R_STATUS, status);
}

static u64 get_features(struct virtio_device *dev)
{
	u64 features;

	io_write32(dev->regs + R_DEVICE_FEATURES_SEL, 1);
	features = (u64)io_read32(dev->regs + R_DEVICE_FEATURES) << 32;
	io_write32(dev->regs + R_DEVICE_FEATURES_SEL, 0);
	return features | io_read32(dev->regs + R_DEVICE_FEATURES);
}

static void set_features(struct virtio_device *dev, u64 features)
{
	io_write32(dev->regs + R_DRIVER_FEATURES_SEL, 1);
	io_write32(dev->regs + R_DRIVER_FEATURES, (u32)(features >> 32));
	io_write32(dev->regs + R_DRIVER_FEATURES_SEL, 0);
	io_write32(dev->regs + R_DRIVER_FEATURES, (u32)features);
}

static u32 config(struct virtio_device *dev, unsigned offset)
{
	return io_read32(dev->regs + R_CONFIG + offset);
}

static u32 config_generation(struct virtio_device *dev)
{
	return io_read32(dev->regs + R_CONFIG_GENERATION);
}

static u32 queue_max(struct virtio_device *dev, unsigned queue)
{
	io_write32(dev->regs + R_QUEUE_SEL, queue);
	return io_read32(dev->regs + R_QUEUE_NUM_MAX);
}

static void write_address(struct virtio_device *dev, unsigned reg, paddr_t pa)
{
	io_write32(dev->regs + reg, (u32)pa);
	io_write32(dev->regs + reg + 4, (u32)(pa >> 32));
}

static void queue_enable(struct virtio_device *dev, unsigned queue, u32 size, paddr_t desc,
	paddr_t avail, paddr_t used)
{
	io_write32(dev->regs + R_QUEUE_SEL, queue);
	io_write32(dev->regs + R_QUEUE_NUM, size);
	write_address(dev, R_QUEUE_DESC, desc);
	write_address(dev, R_QUEUE_DRIVER, avail);
	write_address(dev, R_QUEUE_DEVICE, used);
	io_write32(dev->regs + R_QUEUE_READY, 1);
}

static void notify(struct virtio_device *dev, unsigned queue)
{
	io_write32(dev->regs + R_QUEUE_NOTIFY, queue);
}

static const struct virtio_transport mmio_transport = {
	.get_status = get_status,
	.set_status = set_status,
	.get_features = get_features,
	.set_features = set_features,
	.config = config,
	.config_generation = config_generation,
	.queue_max = queue_max,
	.queue_enable = queue_enable,
	.notify = notify,
};

static void mmio_interrupt(void *arg)
{
	struct virtio_device *dev = arg;

	/* Acknowledged first: what the device finishes from here on raises a new interrupt. */
	io_write32(dev->regs + R_INTERRUPT_ACK, io_read32(dev->regs + R_INTERRUPT_STATUS));
	if (dev->interrupt)
		dev->interrupt(dev);
}

void virtio_mmio_probe(ulong regs, unsigned irq)
{
	struct virtio_device *dev;
	u32 id;

	if (io_read32(regs + R_MAGIC) != MAGIC)
		return;
	id = io_read32(regs + R_DEVICE_ID);
	if (id == 0)
		return;
	if (io_read32(regs + R_VERSION) != VERSION) {
		log_warn("a virtio device speaks the legacy protocol only "
			 "(QEMU: -global virtio-mmio.force-legacy=false)");
		return;
	}
	if (id != VIRTIO_ID_BLOCK)
		return;
	dev = kzalloc(sizeof(*dev), ALLOC_WAIT);
	if (!dev || irq_attach(irq, mmio_interrupt, dev) != 0) {
		log_warn("a virtio device cannot be used: no memory or no interrupt");
		kmfree(dev);
		return;
	}
	dev->transport = &mmio_transport;
	dev->regs = regs;
	virtio_blk_attach(dev);
}
