/*
 * What was freed is used again: 30,000 blocks, one after the other, need no memory
 */
#include "kmalloc.h"

int main(void)
{
	long before, missing = 0;

	kmfree(kmalloc(100));
	before = memory_left();
	for (int i = 0; i < 30000; i++) {
		block b = kmalloc(i % 2 ? 100 : 4000);

		missing += b == 0;
		kmfree(b);
	}
	show("blocks that were not given", missing);
	check("the memory is back", memory_is_back(before, 64));
	show("handed out", live_blocks());
	return 0;
}
