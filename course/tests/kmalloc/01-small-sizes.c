/*
 * Every size from 1 to 4096 gives a block
 */
#include "kmalloc.h"

int main(void)
{
	int blocks = 0, misaligned = 0, freed = 0;

	for (long size = 1; size <= 4096; size++) {
		block b = kmalloc(size);

		blocks += b != 0;
		misaligned += b % 16 != 0;
		freed += kmfree(b) == 0;
	}
	show("blocks", blocks);
	show("not at a multiple of 16", misaligned);
	show("freed", freed);
	show("still handed out", live_blocks());
	return 0;
}
