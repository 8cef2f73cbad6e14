/*
 * The direct map, in which the kernel image lies too, and whole pages (page.S).
 */
#pragma once

#include "lib/types.h"
#include "machine/param.h"

static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)(KERNEL_BASE + (ulong)pa);
}

static inline paddr_t virt_to_phys(const void *va)
{
	return (ulong)va - KERNEL_BASE;
}

void page_clear(void *page);
void page_copy(void *dst, const void *src);
