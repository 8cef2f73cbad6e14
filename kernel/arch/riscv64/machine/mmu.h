/*
 * The direct map, and whole pages (page.S).
 */
#pragma once

#include "lib/types.h"
#include "machine/param.h"

static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)(PHYS_BASE + pa);
}

static inline paddr_t virt_to_phys(const void *va)
{
	ulong a = (ulong)va;

	return a >= KERNEL_BASE ? a - KERNEL_BASE + KERNEL_PHYS : a - PHYS_BASE;
}

void page_clear(void *page);
void page_copy(void *dst, const void *src);
