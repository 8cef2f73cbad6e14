/*
 * Virtio devices whose registers are memory-mapped.
 */
#pragma once

#include "lib/types.h"

/*
 * If a device sits behind these registers (machine/io.h) and there is a driver for it, start it.
 * Boot only.
 */
void virtio_mmio_probe(ulong regs, unsigned irq);
