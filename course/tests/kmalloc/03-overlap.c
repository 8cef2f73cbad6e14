/*
 * No two blocks share a byte
 */
#include "kmalloc.h"

#define BLOCKS 1500

static struct piece piece[BLOCKS];

int main(void)
{
	unsigned long bytes = 0;
	int missing = 0;

	for (int i = 0; i < BLOCKS; i++) {
		piece[i].size = 1 + chance(i % 10 ? 2000 : 20000);
		piece[i].start = kmalloc((long)piece[i].size);
		bytes += piece[i].size;
		missing += piece[i].start == 0;
	}
	show("blocks that were not given", missing);
	show("blocks that begin inside another", overlaps(piece, BLOCKS));
	show("handed out", live_blocks());
	check("they have at least the bytes that were asked for", live_bytes() >= (long)bytes);
	for (int i = 0; i < BLOCKS; i++)
		kmfree(piece[i].start);
	show("handed out in the end", live_blocks());
	return 0;
}
