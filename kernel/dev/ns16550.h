/*
 * The 16550 serial port.
 */
#pragma once

#include "lib/types.h"

/*
 * Use the port whose registers lie at `regs` (machine/io.h), 1 << reg_shift bytes apart, as a
 * console. Boot only. 0; -EBUSY if there is one: the port is left alone then; -ENODEV if no port
 * answers there; -ENOMEM, or the error of irq_attach.
 */
int ns16550_attach(ulong regs, unsigned reg_shift, unsigned irq);
