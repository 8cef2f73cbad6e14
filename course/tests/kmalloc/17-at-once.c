/*
 * Four processes on two CPUs: nobody gets what another has
 * points: 2
 */
#include "kmalloc.h"

#define PROCESSES 4
#define EACH 150
#define ROUNDS 25

static struct piece *piece; /* of all processes, shared */

/* Takes and frees; what it has at the end is in its part of the table. */
static void work(void *argument)
{
	struct piece *mine = piece + *(int *)argument * EACH;
	int failed = 0;

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < EACH; i++) {
			mine[i].size = (unsigned long)(1 + (i * 97 + round * 31) % 3000);
			mine[i].start = kmalloc((long)mine[i].size);
			failed += mine[i].start == 0;
		}
		for (int i = 0; round < ROUNDS - 1 && i < EACH; i++)
			failed += kmfree(mine[i].start) != 0;
	}
	_exit(failed != 0);
}

int main(void)
{
	int failed = 0;
	long before = memory_left();

	piece = map_shared(PROCESSES * EACH * sizeof *piece);
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0)
			work(&i);
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		wait(&status);
		failed += status != 0;
	}
	show("processes for which a call failed", failed);
	show("handed out", live_blocks());
	show("blocks that begin inside another", overlaps(piece, PROCESSES * EACH));
	for (int i = 0; i < PROCESSES * EACH; i++)
		failed += kmfree(piece[i].start) != 0;
	show("that cannot be freed", failed);
	check("the memory is back", memory_is_back(before, 256));
	return 0;
}
