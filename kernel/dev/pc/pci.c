/*
 * The PCI bus, through configuration mechanism #1 (PCI Local Bus Specification 3.0, section
 * 3.2.2.3.2): one port takes the address of a double word in configuration space, another is a
 * window on it.
 *
 * Owns the list of functions. Buses, addresses and interrupt lines are the firmware's work, which
 * is judged here but not redone. Everything happens at boot on one CPU, so there are no locks.
 */
#include "dev/pc/pci.h"

#include "lib/errno.h"
#include "lib/printf.h"
#include "machine/io.h"
#include "vm/kmalloc.h"
#include "vm/kva.h"

#define PORT_ADDRESS 0xcf8
#define PORT_DATA 0xcfc
#define ADDRESS_ENABLE 0x80000000u

#define BUSES 256u
#define SLOTS 32u
#define FUNCTIONS 8u

/* Configuration registers (6.1, 6.2; bridges: PCI-to-PCI Bridge Architecture 1.2, 3.2). */
#define R_VENDOR 0x00
#define R_DEVICE 0x02
#define R_COMMAND 0x04
#define R_STATUS 0x06
#define R_INTERFACE 0x09
#define R_SUBCLASS 0x0a
#define R_CLASS 0x0b
#define R_HEADER 0x0e
#define R_BAR 0x10
#define R_SECONDARY_BUS 0x19
#define R_CAPABILITIES 0x34
#define R_INTERRUPT_LINE 0x3c
#define R_INTERRUPT_PIN 0x3d

#define VENDOR_NONE 0xffff
#define COMMAND_IO 0x0001
#define COMMAND_MEMORY 0x0002
#define COMMAND_MASTER 0x0004
#define COMMAND_NO_INTERRUPT 0x0400
#define STATUS_CAPABILITIES 0x0010
#define HEADER_KIND 0x7f
#define HEADER_DEVICE 0
#define HEADER_BRIDGE 1
#define HEADER_MULTIFUNCTION 0x80
#define CLASS_BRIDGE 6
#define SUBCLASS_HOST 0

#define BAR_IO 0x1u
#define BAR_KIND 0x6u
#define BAR_KIND_64 0x4u
#define BAR_IO_MASK 0xfffffffcu
#define BAR_MEMORY_MASK 0xfffffff0u

#define ADDRESS_LIMIT (1ull << 36) /* what every CPU with PAE reaches */

#define CAPABILITY_FIRST 0x40 /* the header lies below */
#define CAPABILITY_MAX ((256 - CAPABILITY_FIRST) / 4)
#define IRQ_LAST 0xfe /* 255: not connected (6.2.4) */

static struct pci_function *first, **last = &first;

/* --- configuration space --- */

static void select(const struct pci_function *f, u8 offset)
{
	io_write32(PORT_ADDRESS,
		ADDRESS_ENABLE | (u32)f->bus << 16 | (u32)f->slot << 11 | (u32)f->number << 8 |
			(offset & 0xfcu));
}

u8 pci_read8(const struct pci_function *f, u8 offset)
{
	select(f, offset);
	return io_read8(PORT_DATA + (offset & 3u));
}

u16 pci_read16(const struct pci_function *f, u8 offset)
{
	select(f, offset);
	return io_read16(PORT_DATA + (offset & 2u));
}

u32 pci_read32(const struct pci_function *f, u8 offset)
{
	select(f, offset);
	return io_read32(PORT_DATA);
}

static void write16(const struct pci_function *f, u8 offset, u16 v)
{
	select(f, offset);
	io_write16(PORT_DATA + (offset & 2u), v);
}

static void write32(const struct pci_function *f, u8 offset, u32 v)
{
	select(f, offset);
	io_write32(PORT_DATA, v);
}

/* The address port keeps what is written to it only where there is such a port. */
static bool have_mechanism(void)
{
	u32 before = io_read32(PORT_ADDRESS);
	bool found;

	io_write32(PORT_ADDRESS, ADDRESS_ENABLE);
	found = io_read32(PORT_ADDRESS) == ADDRESS_ENABLE;
	io_write32(PORT_ADDRESS, before);
	return found;
}

/* --- finding the functions --- */

/* Buses to look at, and those looked at already: one bit each. */
struct bus_set {
	u32 known[BUSES / 32], seen[BUSES / 32];
};

static void bus_add(struct bus_set *set, u8 bus)
{
	set->known[bus / 32] |= 1u << bus % 32;
}

/* Take the lowest bus that is known and not yet seen; -1 if there is none. */
static int bus_take(struct bus_set *set)
{
	for (unsigned bus = 0; bus < BUSES; bus++) {
		u32 bit = 1u << bus % 32;

		if (set->known[bus / 32] & ~set->seen[bus / 32] & bit) {
			set->seen[bus / 32] |= bit;
			return (int)bus;
		}
	}
	return -1;
}

/* What lies behind a bridge. Host bridges beside the first belong to buses of their number. */
static void add_bridge(struct bus_set *buses, const struct pci_function *f)
{
	u8 kind = pci_read8(f, R_HEADER) & HEADER_KIND;
	u8 secondary;

	if (f->class != CLASS_BRIDGE)
		return;
	if (f->subclass == SUBCLASS_HOST && f->bus == 0 && f->slot == 0) {
		bus_add(buses, f->number);
	} else if (kind == HEADER_BRIDGE) {
		secondary = pci_read8(f, R_SECONDARY_BUS);
		if (secondary != 0)
			bus_add(buses, secondary);
		else
			log_info("pci %02x:%02x.%u: a bridge without a bus", f->bus, f->slot,
				f->number);
	}
}

/* A copy of f, completed, into the list; false if there is no memory. */
static bool add_function(struct bus_set *buses, struct pci_function f)
{
	struct pci_function *copy = kmalloc(sizeof(f), ALLOC_WAIT);

	if (!copy) {
		log_warn("pci: no memory for all devices");
		return false;
	}
	f.device = pci_read16(&f, R_DEVICE);
	f.class = pci_read8(&f, R_CLASS);
	f.subclass = pci_read8(&f, R_SUBCLASS);
	f.interface = pci_read8(&f, R_INTERFACE);
	f.next = NULL;
	*copy = f;
	*last = copy;
	last = &copy->next;
	add_bridge(buses, copy);
	return true;
}

static bool scan_slot(struct bus_set *buses, u8 bus, u8 slot)
{
	struct pci_function f = {.bus = bus, .slot = slot};
	unsigned count = 1;

	for (unsigned n = 0; n < count; n++) {
		f.number = (u8)n;
		f.vendor = pci_read16(&f, R_VENDOR);
		if (f.vendor == VENDOR_NONE || f.vendor == 0) {
			/* Function 0 is always there if any is. */
			if (n == 0)
				return true;
			continue;
		}
		if (n == 0 && (pci_read8(&f, R_HEADER) & HEADER_MULTIFUNCTION))
			count = FUNCTIONS;
		if (!add_function(buses, f))
			return false;
	}
	return true;
}

void pci_init(void)
{
	struct bus_set buses = {0};
	int bus;

	if (!have_mechanism()) {
		log_info("pci: there is none");
		return;
	}
	bus_add(&buses, 0);
	while ((bus = bus_take(&buses)) >= 0)
		for (unsigned slot = 0; slot < SLOTS; slot++)
			if (!scan_slot(&buses, (u8)bus, (u8)slot))
				return;
}

struct pci_function *pci_first(void)
{
	return first;
}

/* --- what drivers ask --- */

/* Write all ones into a base address register, return what stays of them, and restore it. */
static u32 bar_probe(const struct pci_function *f, u8 reg, u32 *value)
{
	u32 ones;

	*value = pci_read32(f, reg);
	write32(f, reg, ~0u);
	ones = pci_read32(f, reg);
	write32(f, reg, *value);
	return ones;
}

/* Fill bar in from the register at reg (6.2.5.1) and, for 64 bits, the one behind it. */
static void bar_decode(const struct pci_function *f, u8 reg, bool has_upper, struct pci_bar *bar)
{
	u32 low, high = 0, mask_low, mask_high = ~0u;

	mask_low = bar_probe(f, reg, &low);
	if (mask_low == 0)
		return;
	bar->io = low & BAR_IO;
	if (bar->io) {
		bar->base = low & BAR_IO_MASK;
		/* The upper half need not be there: a PC has 64 Ki ports. */
		bar->size = (~(mask_low & BAR_IO_MASK) & 0xffffu) + 1;
		return;
	}
	if ((low & BAR_KIND) == BAR_KIND_64) {
		if (!has_upper)
			return;
		mask_high = bar_probe(f, reg + 4, &high);
	}
	bar->base = (u64)high << 32 | (low & BAR_MEMORY_MASK);
	bar->size = ~((u64)mask_high << 32 | (mask_low & BAR_MEMORY_MASK)) + 1;
}

static bool bar_sane(const struct pci_bar *bar)
{
	if (bar->size == 0 || (bar->size & (bar->size - 1)) || bar->base == 0 ||
		!IS_ALIGNED(bar->base, bar->size))
		return false;
	return !bar->io || bar->base + bar->size <= IO_PORTS;
}

int pci_bar(const struct pci_function *f, unsigned n, struct pci_bar *bar)
{
	u8 kind = pci_read8(f, R_HEADER) & HEADER_KIND;
	unsigned count = kind == HEADER_DEVICE ? PCI_BARS : kind == HEADER_BRIDGE ? 2 : 0;
	u16 command;

	*bar = (struct pci_bar){0};
	if (n >= count)
		return -ENOENT;
	/* While its registers hold ones the function would answer to foreign addresses. */
	command = pci_read16(f, R_COMMAND);
	write16(f, R_COMMAND, command & (u16) ~(COMMAND_IO | COMMAND_MEMORY));
	bar_decode(f, (u8)(R_BAR + 4 * n), n + 1 < count, bar);
	write16(f, R_COMMAND, command);
	return bar_sane(bar) ? 0 : -ENOENT;
}

u8 pci_capability(const struct pci_function *f, u8 id, unsigned n)
{
	u8 at;

	if (!(pci_read16(f, R_STATUS) & STATUS_CAPABILITIES))
		return 0;
	at = pci_read8(f, R_CAPABILITIES) & 0xfc;
	for (unsigned i = 0; i < CAPABILITY_MAX && at >= CAPABILITY_FIRST; i++) {
		if (pci_read8(f, at) == id && n-- == 0)
			return at;
		at = pci_read8(f, at + 1) & 0xfc;
	}
	return 0;
}

ulong pci_map(const struct pci_bar *bar, u64 offset, u64 size)
{
	if (size == 0 || offset > bar->size || size > bar->size - offset)
		return 0;
	if (bar->io)
		return (ulong)(bar->base + offset);
	if (bar->base + offset >= ADDRESS_LIMIT || size > SIZE_MAX / 2)
		return 0;
	return (ulong)kva_map_device(bar->base + offset, (size_t)size);
}

void pci_enable(const struct pci_function *f)
{
	u16 command = pci_read16(f, R_COMMAND);

	command |= COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER;
	write16(f, R_COMMAND, command & (u16)~COMMAND_NO_INTERRUPT);
}

int pci_irq(const struct pci_function *f)
{
	u8 line = pci_read8(f, R_INTERRUPT_LINE);

	if (pci_read8(f, R_INTERRUPT_PIN) == 0 || line > IRQ_LAST)
		return -1;
	return line;
}
