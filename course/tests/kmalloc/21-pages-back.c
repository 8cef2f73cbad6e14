/*
 * Empty slabs go back: 30,000 small blocks leave no pages behind
 */
#include "kmalloc.h"

#define BLOCKS 30000

int main(void)
{
	block *b = (block *)map_anonymous(BLOCKS * sizeof *b);
	long before, most;

	memset(b, 1, BLOCKS * sizeof *b);
	before = figure("/proc/meminfo", "Slab");
	for (int i = 0; i < BLOCKS; i++)
		b[i] = kmalloc(64);
	most = figure("/proc/meminfo", "Slab");
	check("they take at least their bytes", most - before >= BLOCKS * 64 / KIB);
	check("and less than twice as much", most - before < 2 * BLOCKS * 128 / KIB);
	show("not freed", kmfree_all(b, BLOCKS));
	check("their pages went back", figure("/proc/meminfo", "Slab") - before <= 128);
	return 0;
}
