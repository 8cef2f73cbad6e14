/*
 * fork: private memory is copied when it is stored to, and not before
 * points: 2
 * only: mv6
 */
#include "course.h"

#define SIZE (8 * MIB)

static char *p;
static long *used; /* KiB, shared with the child */

static void child(void *argument)
{
	long before = memory_left();
	long sum = 0;

	(void)argument;
	for (long i = 0; i < SIZE; i += (long)PAGE)
		sum += p[i];
	used[0] = before - memory_left();
	check("the child has the parent's bytes", sum == SIZE / (long)PAGE);
	memset(p, 2, SIZE / 2);
	used[1] = before - memory_left();
	check("the child sees its own stores", p[0] == 2 && p[SIZE - 1] == 1);
}

int main(void)
{
	used = map_shared(PAGE);
	used[0] = 0;
	p = map_anonymous(SIZE);
	memset(p, 1, SIZE);
	show_end("the child", in_child(child, NULL));
	check("the parent's memory is untouched", all_bytes(p, SIZE, 1));
	check("to read all of 8 MiB cost the child less than half a MiB", used[0] < 512);
	check("to store to 4 MiB cost it 4 MiB", used[1] > 4000 && used[1] < 5000);
	if (used[0] >= 512 || used[1] <= 4000 || used[1] >= 5000)
		printf("  KiB: %ld, then %ld\n", used[0], used[1]);
	return 0;
}
