/*
 * Virtio devices on the PCI bus.
 */
#pragma once

/*
 * Start every device that there is a driver for, in the order of the bus; a log line for each that
 * cannot be driven. Boot only, after pci_init and irq_init.
 */
void virtio_pci_probe_all(void);
