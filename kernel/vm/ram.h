/*
 * What memory the machine has: told by its boot code, piece by piece, before page_init.
 */
#pragma once

#include "lib/types.h"

struct phys_range {
	paddr_t start, end;
};

#define RAM_MAX_RANGES 16
/* Ascending, page-aligned and disjoint lists, each with its length. */
struct ram_list {
	unsigned n;
	struct phys_range range[RAM_MAX_RANGES];
};
extern struct ram_list ram_usable;   /* RAM that the direct map can hold */
extern struct ram_list ram_reserved; /* what of it is in use already */

/*
 * [start, end) is RAM: whole pages of it, below `limit`. Returns how many bytes above the limit
 * cannot be used.
 */
u64 ram_add(u64 start, u64 end, u64 limit);
/*
 * [start, start + size) is in use, widened to whole pages; the last page that a u64 can name is not
 * counted, nor is it RAM.
 */
void ram_reserve(u64 start, u64 size);
/* The bytes of RAM, used or not. */
u64 ram_total(void);
