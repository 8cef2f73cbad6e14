/*
 * The lists of what memory there is. Written at boot only, by one CPU.
 */
#include "vm/ram.h"

#include "lib/printf.h"
#include "lib/string.h"
#include "machine/param.h"

struct ram_list ram_usable, ram_reserved;

/* Put [start, end) into the list, joined with what it overlaps or touches. */
static void list_add_range(struct ram_list *l, paddr_t start, paddr_t end)
{
	unsigned i = 0, j;

	if (start >= end)
		return;
	while (i < l->n && l->range[i].end < start)
		i++;
	for (j = i; j < l->n && l->range[j].start <= end; j++) {
		start = MIN(start, l->range[j].start);
		end = MAX(end, l->range[j].end);
	}
	if (j == i && l->n == RAM_MAX_RANGES) {
		log_warn("too many memory ranges: 0x%llx is left out\n", (unsigned long long)start);
		return;
	}
	memmove(&l->range[i + 1], &l->range[j], (l->n - j) * sizeof(l->range[0]));
	l->range[i] = (struct phys_range){ start, end };
	l->n += 1 - (j - i);
}

u64 ram_add(u64 start, u64 end, u64 limit)
{
	u64 page = 1ull << PAGE_SHIFT, first = ALIGN_UP(start, page), lost;

	end = ALIGN_DOWN(end, page);
	if (first < start || first >= end)
		return 0;
	lost = end > limit ? end - MAX(first, limit) : 0;
	list_add_range(&ram_usable, first, MIN(end, limit));
	return lost;
}

void ram_reserve(u64 start, u64 size)
{
	u64 page = 1ull << PAGE_SHIFT, last = ALIGN_DOWN(UINT64_MAX, page), end = last;

	if (size < last - MIN(start, last))
		end = ALIGN_UP(start + size, page);
	list_add_range(&ram_reserved, ALIGN_DOWN(start, page), end);
}

u64 ram_total(void)
{
	u64 bytes = 0;

	for (unsigned i = 0; i < ram_usable.n; i++)
		bytes += ram_usable.range[i].end - ram_usable.range[i].start;
	return bytes;
}
