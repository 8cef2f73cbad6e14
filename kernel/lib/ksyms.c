/*
 * The table of function names that tools/ksyms puts behind the linked kernel, see there for its
 * layout.
 */
#include "lib/ksyms.h"

struct ksym_table {
	u32 count;
	u32 zero;
	u64 address[]; /* ascending; then count u32 offsets into the names; then the names */
};

extern const struct ksym_table ksyms_start;

/* No function is that long: an address further from its name belongs to something else. */
#define FUNCTION_MAX 0x10000

const char *ksym_lookup(ulong addr, ulong *offset)
{
	const struct ksym_table *t = &ksyms_start;
	const u32 *name = (const u32 *)(t->address + t->count);
	const char *names = (const char *)(name + t->count);
	u32 low = 0, high = t->count; /* the function is below high, and not below low */

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (t->address[middle] <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || addr - t->address[low - 1] >= FUNCTION_MAX)
		return NULL;
	*offset = addr - (ulong)t->address[low - 1];
	return names + name[low - 1];
}
