/*
 * Kernel virtual address ranges outside the direct map: kernel stacks between guard pages, windows
 * on devices.
 */
#pragma once

#include "lib/types.h"

void kva_init(void);
/*
 * A kernel stack of KSTACK_SIZE bytes (machine/param.h) with an unmapped page below it. Returns its
 * lowest address, or NULL if there is no memory. Thread context.
 */
void *kva_stack_alloc(void);
/* Thread context, no spin lock held. */
void kva_stack_free(void *stack);
/* Unmap and free the stacks that are kept for reuse. Thread context, no spin lock held. */
void kva_drain(void);
/* Is addr in the guard page of a kernel stack? For the panic message. */
bool kva_is_guard(ulong addr);
/*
 * Map a device's registers [pa, pa + size), uncached; pa need not be aligned. NULL if there is no
 * room. Never undone.
 */
void *kva_map_device(paddr_t pa, size_t size);
