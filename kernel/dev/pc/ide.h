/*
 * ATA disks on the PC's two IDE channels.
 */
#pragma once

/*
 * Find the disks and register them: hda, hdb ... in the order primary master, primary slave,
 * secondary master, secondary slave, without gaps. Boot only, after pci_init and irq_init. Takes
 * up to some seconds if a drive does not answer.
 */
void ide_probe_all(void);
