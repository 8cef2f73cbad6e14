/*
 * External interrupts, by the interrupt controller's source numbers.
 */
#pragma once

#include "lib/types.h"

/*
 * Call fn(arg) for each interrupt of source irq (interrupts off, any CPU, one at a time), and let
 * it through. Boot only. 0, -EINVAL if there is no such source,
 * -EBUSY if it is taken, -ENODEV without an interrupt controller.
 */
int irq_attach(unsigned irq, void (*fn)(void *arg), void *arg);
