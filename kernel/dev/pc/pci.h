/*
 * The PCI bus: its functions, and what drivers do with their configuration space.
 *
 * All of it is boot only, on the boot CPU: the two ports that lead to configuration space are
 * shared and have no lock.
 */
#pragma once

#include "lib/types.h"

/* A function of a device. Found by pci_init, lives for good, never changes. */
struct pci_function {
	u8 bus, slot, number;
	u16 vendor, device;
	u8 class, subclass, interface; /* what it is: PCI 3.0, appendix D */
	struct pci_function *next; /* in the order found: bus, slot, number */
};

/* Registers in configuration space (PCI 3.0, section 6.1). */
#define PCI_SUBSYSTEM_ID 0x2e

/* A base address register: where the firmware put the function's registers. */
struct pci_bar {
	bool io; /* ports, not memory */
	paddr_t base; /* a port number, or a physical address */
	u64 size; /* bytes */
};
#define PCI_BARS 6

/*
 * Find all functions on all buses that the firmware numbered. A machine without PCI has none.
 * Logs what it finds odd.
 */
void pci_init(void);
/* The first function, NULL if there is none; the others hang off `next`. */
struct pci_function *pci_first(void);

/* Read configuration space; `offset` is below 256 and a multiple of the width. */
u8 pci_read8(const struct pci_function *f, u8 offset);
u16 pci_read16(const struct pci_function *f, u8 offset);
u32 pci_read32(const struct pci_function *f, u8 offset);

/*
 * What base address register n (below PCI_BARS) says. Takes the function off the bus for the
 * moment: not while it works. 0; -ENOENT if there is no such register, the firmware gave it no
 * address, or it makes no sense.
 */
int pci_bar(const struct pci_function *f, unsigned n, struct pci_bar *bar);
/*
 * The offset of the n-th (from 0) capability with this id (PCI 3.0, appendix H); 0 if there are
 * not so many. Ends on a list that is a circle, too.
 */
u8 pci_capability(const struct pci_function *f, u8 id, unsigned n);
/*
 * Make bytes [offset, offset + size) behind a base address register accessible: an address for
 * machine/io.h. 0 if they are not all in it, or there is no room for the window. Never undone.
 */
ulong pci_map(const struct pci_bar *bar, u64 offset, u64 size);
/* Let the function answer on the bus, reach memory and raise its interrupt. */
void pci_enable(const struct pci_function *f);
/*
 * The number for irq_attach that the firmware left in the interrupt line register; -1 if the
 * function's interrupt is not connected.
 */
int pci_irq(const struct pci_function *f);
