/*
 * The PCI transport of virtio: VIRTIO 1.1, section 4.1.
 *
 * A device's registers are four structures somewhere behind its base address registers; vendor
 * capabilities say where. Interrupts are INTx, whose line several devices may share: each handler
 * reads its own device's ISR register, which says whether it was meant and makes it let go of the
 * line.
 *
 * The common configuration has selectors (features, queue), so it is used at boot alone, by one
 * CPU. Afterwards only the doorbells and the ISR register are touched, without a lock: the driver
 * of the device has one around its queues.
 */
#include "dev/pc/virtio_pci.h"

#include "arch.h"
#include "arch/irq.h"
#include "dev/pc/pci.h"
#include "dev/virtio.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "machine/io.h"
#include "vm/kmalloc.h"

#define VENDOR_VIRTIO 0x1af4
/* Device numbers (4.1.2): those that also speak the legacy protocol, and those that do not. */
#define DEVICE_TRANSITIONAL 0x1000
#define DEVICE_MODERN 0x1040
#define DEVICE_LAST 0x107f

/* A vendor capability (4.1.4); notify has one field more. */
#define CAPABILITY_VENDOR 0x09
#define CAP_LENGTH 2
#define CAP_KIND 3
#define CAP_BAR 4
#define CAP_OFFSET 8
#define CAP_SIZE 12
#define CAP_MULTIPLIER 16
#define CAP_BYTES 16
#define CAP_NOTIFY_BYTES 20

enum structure {
	COMMON = 1,
	NOTIFY = 2,
	ISR = 3,
	DEVICE = 4,
};

/* The common configuration (4.1.4.3) */
#define R_DEVICE_FEATURES_SEL 0x00
#define R_DEVICE_FEATURES 0x04
#define R_DRIVER_FEATURES_SEL 0x08
#define R_DRIVER_FEATURES 0x0c
#define R_NUM_QUEUES 0x12
#define R_STATUS 0x14
#define R_CONFIG_GENERATION 0x15
#define R_QUEUE_SEL 0x16
#define R_QUEUE_SIZE 0x18
#define R_QUEUE_ENABLE 0x1c
#define R_QUEUE_NOTIFY_OFF 0x1e
#define R_QUEUE_DESC 0x20
#define R_QUEUE_DRIVER 0x28
#define R_QUEUE_DEVICE 0x30
#define COMMON_BYTES 0x38

#define ISR_QUEUE 1 /* bit 0: used buffers; bit 1: the configuration changed (4.1.4.5) */
#define RESET_STEP 100 /* microseconds */
#define RESET_STEPS 10000 /* 1 s altogether */

/* One of the four structures, accessible; addr is 0 if the device has none. */
struct window {
	ulong addr;
	u32 size;
};

struct virtio_pci {
	struct virtio_device dev;
	struct window common, notify, isr, config;
	u32 notify_multiplier;
	unsigned nqueues;
	ulong *doorbell; /* of each queue, where to write its number; 0 until it is enabled */
};

static struct virtio_pci *pci_of(struct virtio_device *dev)
{
	return CONTAINER_OF(dev, struct virtio_pci, dev);
}

/* --- what a transport does --- */

static u8 get_status(struct virtio_device *dev)
{
	return io_read8(pci_of(dev)->common.addr + R_STATUS);
}

/* A reset is over when the status reads 0 (4.1.4.3.2), which is waited for, within bounds. */
static void set_status(struct virtio_device *dev, u8 status)
{
	io_write8(pci_of(dev)->common.addr + R_STATUS, status);
	if (status != 0)
		return;
	for (unsigned i = 0; i < RESET_STEPS && get_status(dev) != 0; i++)
		clock_delay(RESET_STEP);
}

static u64 get_features(struct virtio_device *dev)
{
	ulong common = pci_of(dev)->common.addr;
	u64 high;

	io_write32(common + R_DEVICE_FEATURES_SEL, 1);
	high = io_read32(common + R_DEVICE_FEATURES);
	io_write32(common + R_DEVICE_FEATURES_SEL, 0);
	return high << 32 | io_read32(common + R_DEVICE_FEATURES);
}

static void set_features(struct virtio_device *dev, u64 features)
{
	ulong common = pci_of(dev)->common.addr;

	io_write32(common + R_DRIVER_FEATURES_SEL, 1);
	io_write32(common + R_DRIVER_FEATURES, (u32)(features >> 32));
	io_write32(common + R_DRIVER_FEATURES_SEL, 0);
	io_write32(common + R_DRIVER_FEATURES, (u32)features);
}

/* A field beyond the end is one that this device has not; all bits 0 is what it would mean then. */
static u32 config(struct virtio_device *dev, unsigned offset)
{
	const struct window *w = &pci_of(dev)->config;

	if (w->size < 4 || offset > w->size - 4)
		return 0;
	return io_read32(w->addr + offset);
}

static u32 config_generation(struct virtio_device *dev)
{
	return io_read8(pci_of(dev)->common.addr + R_CONFIG_GENERATION);
}

/* The doorbell of the selected queue (4.1.4.4); 0 if it lies outside of its structure. */
static ulong find_doorbell(const struct virtio_pci *v)
{
	u64 at = (u64)io_read16(v->common.addr + R_QUEUE_NOTIFY_OFF) * v->notify_multiplier;

	return at + 2 <= v->notify.size ? v->notify.addr + (ulong)at : 0;
}

static u32 queue_max(struct virtio_device *dev, unsigned queue)
{
	struct virtio_pci *v = pci_of(dev);
	u32 size;

	if (queue >= v->nqueues)
		return 0;
	io_write16(v->common.addr + R_QUEUE_SEL, (u16)queue);
	size = io_read16(v->common.addr + R_QUEUE_SIZE);
	/* A power of two, as split queues are (2.6); no queue without a way to ring for it. */
	if ((size & (size - 1)) || !find_doorbell(v))
		return 0;
	return size;
}

static void write_address(ulong reg, paddr_t pa)
{
	io_write32(reg, (u32)pa);
	io_write32(reg + 4, (u32)(pa >> 32));
}

static void queue_enable(struct virtio_device *dev, unsigned queue, u32 size, paddr_t desc,
	paddr_t avail, paddr_t used)
{
	struct virtio_pci *v = pci_of(dev);
	ulong common = v->common.addr;

	io_write16(common + R_QUEUE_SEL, (u16)queue);
	v->doorbell[queue] = find_doorbell(v);
	io_write16(common + R_QUEUE_SIZE, (u16)size);
	write_address(common + R_QUEUE_DESC, desc);
	write_address(common + R_QUEUE_DRIVER, avail);
	write_address(common + R_QUEUE_DEVICE, used);
	io_write16(common + R_QUEUE_ENABLE, 1);
}

static void notify(struct virtio_device *dev, unsigned queue)
{
	io_write16(pci_of(dev)->doorbell[queue], (u16)queue);
}

static const struct virtio_transport pci_transport = {
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

static void interrupt(void *arg)
{
	struct virtio_pci *v = arg;

	/* Read first: what the device finishes from here on raises a new interrupt. */
	if ((io_read8(v->isr.addr) & ISR_QUEUE) && v->dev.interrupt)
		v->dev.interrupt(&v->dev);
}

/* --- finding devices --- */

/* The structure that the capability at `cap` describes, if it is one that can be reached. */
static struct window map_structure(const struct pci_function *f, u8 cap)
{
	u8 index = pci_read8(f, cap + CAP_BAR);
	u32 offset = pci_read32(f, cap + CAP_OFFSET), size = pci_read32(f, cap + CAP_SIZE);
	struct window w = {.size = size};
	struct pci_bar bar;

	if (index < PCI_BARS && IS_ALIGNED(offset, 4) && pci_bar(f, index, &bar) == 0)
		w.addr = pci_map(&bar, offset, size);
	return w;
}

/* The first of a kind that can be used: the device lists them by its preference (4.1.4.1). */
static struct window find_structure(
	const struct pci_function *f, enum structure kind, u32 min, u8 *where)
{
	unsigned least = kind == NOTIFY ? CAP_NOTIFY_BYTES : CAP_BYTES;
	u8 cap;

	for (unsigned n = 0; (cap = pci_capability(f, CAPABILITY_VENDOR, n)); n++) {
		struct window w;

		if (cap + least > 256 || pci_read8(f, cap + CAP_LENGTH) < least ||
			pci_read8(f, cap + CAP_KIND) != kind || pci_read32(f, cap + CAP_SIZE) < min)
			continue;
		w = map_structure(f, cap);
		if (w.addr) {
			*where = cap;
			return w;
		}
	}
	return (struct window){0};
}

static bool find_structures(struct virtio_pci *v, const struct pci_function *f)
{
	u8 cap;

	v->common = find_structure(f, COMMON, COMMON_BYTES, &cap);
	v->isr = find_structure(f, ISR, 1, &cap);
	v->config = find_structure(f, DEVICE, 4, &cap);
	v->notify = find_structure(f, NOTIFY, 2, &cap);
	if (!v->common.addr || !v->isr.addr || !v->config.addr || !v->notify.addr)
		return false;
	v->notify_multiplier = pci_read32(f, cap + CAP_MULTIPLIER);
	return true;
}

/* What a device is for (section 5); 0 if it is no virtio device. */
static unsigned virtio_id(const struct pci_function *f)
{
	if (f->vendor != VENDOR_VIRTIO || f->device < DEVICE_TRANSITIONAL ||
		f->device > DEVICE_LAST)
		return 0;
	if (f->device >= DEVICE_MODERN)
		return f->device - DEVICE_MODERN;
	return pci_read16(f, PCI_SUBSYSTEM_ID);
}

/* Bring the transport up; NULL or why that is impossible. */
static const char *start(struct virtio_pci *v, const struct pci_function *f)
{
	int irq = pci_irq(f);

	if (!pci_capability(f, CAPABILITY_VENDOR, 0))
		return "it speaks the legacy protocol only (QEMU: disable-modern=off)";
	pci_enable(f);
	if (!find_structures(v, f))
		return "its registers cannot be found";
	v->dev.transport = &pci_transport;
	set_status(&v->dev, 0);
	if (get_status(&v->dev) != 0)
		return "it does not end its reset";
	v->nqueues = io_read16(v->common.addr + R_NUM_QUEUES);
	v->doorbell = kcalloc(v->nqueues, sizeof(*v->doorbell), ALLOC_WAIT);
	if (!v->doorbell)
		return "no memory, or it has no queues";
	if (irq < 0 || irq_attach((unsigned)irq, interrupt, v) != 0)
		return "its interrupt is not connected";
	return NULL;
}

static void probe(const struct pci_function *f)
{
	struct virtio_pci *v = kzalloc(sizeof(*v), ALLOC_WAIT);
	const char *why = v ? start(v, f) : "no memory";

	if (!why) {
		virtio_blk_attach(&v->dev);
		return;
	}
	log_warn("pci %02x:%02x.%u: a virtio disk cannot be used: %s", f->bus, f->slot, f->number,
		why);
	if (v)
		kmfree(v->doorbell);
	kmfree(v);
}

void virtio_pci_probe_all(void)
{
	for (const struct pci_function *f = pci_first(); f; f = f->next)
		if (virtio_id(f) == VIRTIO_ID_BLOCK)
			probe(f);
}
