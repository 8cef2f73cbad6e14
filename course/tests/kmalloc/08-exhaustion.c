/*
 * When no memory is left kmalloc gives none; freed, all of it is back
 * points: 2
 */
#include "kmalloc.h"

#define MOST 10000

static block b[MOST];

/* Takes all there is, with blocks that get smaller, and gives it back. The answer is its KiB. */
static long take_all(void)
{
	int n = 0;
	long bytes = 0;

	for (long size = MIB; size >= 16; size /= 4)
		while (n < MOST && (b[n] = kmalloc(size))) {
			n++;
			bytes += size;
		}
	check("in the end there is no block of 16 bytes", n < MOST && kmalloc(16) == 0);
	kmfree_all(b, n);
	return bytes / KIB;
}

int main(void)
{
	long before, first, second;

	memset(b, 1, sizeof b);
	before = memory_left();
	first = take_all();
	check("most of the memory was handed out", first > before / 2);
	check("the memory is back", memory_is_back(before, 256));
	second = take_all();
	check("as much is there the second time", second >= first - 512);
	show("handed out", live_blocks());
	return 0;
}
