/*
 * 10,000 random operations, compared with a model
 * points: 2
 *
 * The model is the list of blocks that are handed out. A new block must not touch any of them, and
 * the kernel must count as many as the model does.
 */
#include "kmalloc.h"

#define MOST 200

static struct piece live[MOST], copy[MOST];
static int n;

static int take(void)
{
	unsigned long size = 1 + chance(1u << (4 + chance(12)));
	block b = kmalloc((long)size);

	if (!b)
		return 1;
	live[n].start = b;
	live[n++].size = size;
	return 0;
}

static int give(void)
{
	int i = (int)chance((unsigned)n);
	int bad = kmfree(live[i].start) != 0;

	live[i] = live[--n];
	return bad;
}

int main(void)
{
	int failed = 0, bad = 0, miscounted = 0;

	for (int i = 0; i < 10000; i++) {
		if (n == 0 || (n < MOST && chance(100) < 52))
			failed += take();
		else
			failed += give();
		if (i % 10 == 0) {
			memcpy(copy, live, sizeof live);
			bad += overlaps(copy, n);
		}
		if (i % 500 == 0)
			miscounted += live_blocks() != n;
	}
	show("operations that failed", failed);
	show("blocks that touched another", bad);
	show("times that the kernel counted other than the model", miscounted);
	while (n > 0)
		failed += give();
	show("handed out in the end", live_blocks());
	show("damaged blocks", figure("/proc/kmalloc", "damaged"));
	return 0;
}
