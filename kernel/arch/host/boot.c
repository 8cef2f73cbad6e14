/*
 * Start: the arena that stands for physical memory, and the memory system's parts in the order of
 * main.c.
 */
#include <stdlib.h>

#include "lib/printf.h"
#include "machine/host.h"
#include "machine/param.h"
#include "vm/kmalloc.h"
#include "vm/kva.h"
#include "vm/mm.h"
#include "vm/page.h"
#include "vm/radix.h"
#include "vm/ram.h"

void host_cpus_init(void);

static void *arena;

/*
 * Memory begins at an address that no large block is aligned to and has a hole that no struct page
 * in use stands for, as a PC's has.
 */
void host_boot(unsigned mib)
{
	size_t size = (size_t)mib << 20;
	ulong hole;

	host_cpus_init();
	/* Aligned as physical addresses are: so every machine's direct map has it. */
	arena = aligned_alloc(PAGE_SIZE << (PAGE_ORDERS - 1), size);
	ASSERT(arena);
	host_arena = (ulong)arena - PHYS_FIRST;
	hole = PHYS_FIRST + size / 2 + 5 * PAGE_SIZE;
	ram_add(PHYS_FIRST + 3 * PAGE_SIZE, hole, PHYS_FIRST + size);
	ram_add(hole + 3 * PAGE_SIZE + 100, PHYS_FIRST + size, PHYS_FIRST + size);
	page_init();
	pmap_boot();
	kmem_init();
	radix_module_init();
	kva_init();
	mm_module_init();
}
