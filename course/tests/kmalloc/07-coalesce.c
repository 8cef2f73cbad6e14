/*
 * Neighbours that are free become one: after 4 KiB everywhere there is room for 4 MiB
 * points: 2
 *
 * First all memory is handed out in blocks of one page, then it is given back, even pages
 * before odd ones, so that each page is freed while its neighbour is not. If free pages did not
 * grow together again, no block of several pages could be had for ever after.
 */
#include "kmalloc.h"

#define MOST (64 * MIB / PAGE)

/* How many blocks of this size there are; all are freed again. */
static int how_many(long size)
{
	static block b[MOST];
	int n = 0;

	while (n < MOST && (b[n] = kmalloc(size)))
		n++;
	kmfree_all(b, n);
	return n;
}

int main(void)
{
	static block b[MOST];
	int before, n = 0, after;

	memset(b, 1, sizeof b);
	before = how_many(64 * KIB);
	check("there are some hundred blocks of 64 KiB", before > 300);
	check("there is one of 4 MiB", how_many(4 * MIB) > 0);
	while (n < MOST && (b[n] = kmalloc((long)PAGE)))
		n++;
	check("all memory is handed out in pages", n > 1000 && n < MOST);
	show("blocks of 64 KiB meanwhile", how_many(64 * KIB));
	for (int first = 0; first < 2; first++)
		for (int i = first; i < n; i += 2)
			kmfree(b[i]);
	after = how_many(64 * KIB);
	check("nine of ten blocks of 64 KiB are there again", after * 10 >= before * 9);
	if (after * 10 < before * 9)
		printf("  there were %d, and there are %d\n", before, after);
	check("and one of 4 MiB", how_many(4 * MIB) > 0);
	return 0;
}
