/*
 * Blocks may be freed in any order
 */
#include "kmalloc.h"

#define BLOCKS 400

static block b[BLOCKS];
static int order[BLOCKS];

static void one_order(const char *name)
{
	long before = memory_left();
	int bad = 0;

	for (int i = 0; i < BLOCKS; i++)
		b[i] = kmalloc(1 + i * 37 % 6000);
	for (int i = 0; i < BLOCKS; i++)
		bad += kmfree(b[order[i]]) != 0;
	printf("%s: not freed %d, left over %ld, memory back: %s\n", name, bad, live_blocks(),
		memory_is_back(before, 512) ? "yes" : "NO");
}

int main(void)
{
	for (int i = 0; i < BLOCKS; i++)
		order[i] = i;
	one_order("as they came");
	for (int i = 0; i < BLOCKS; i++)
		order[i] = BLOCKS - 1 - i;
	one_order("backwards");
	for (int i = 0; i < BLOCKS; i++)
		order[i] = i < BLOCKS / 2 ? 2 * i : 2 * i - BLOCKS + 1;
	one_order("even ones, then odd ones");
	for (int i = 0; i < BLOCKS; i++)
		order[i] = (i * 163 + 50) % BLOCKS; /* 163 has no factor in common with 400 */
	one_order("all over the place");
	return 0;
}
