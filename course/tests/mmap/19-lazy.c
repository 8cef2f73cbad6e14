/*
 * Pages cost memory when they are touched first, and not before
 * only: mv6
 */
#include "course.h"

#define SIZE (32 * MIB)

static bool about(long kib, long expected)
{
	if (kib >= expected - 300 && kib <= expected + 300)
		return true;
	printf("  KiB: %ld\n", kib);
	return false;
}

int main(void)
{
	long before = memory_left();
	char *p = map_anonymous(SIZE);

	check("mapping 32 MiB costs next to nothing", about(before - memory_left(), 0));
	for (int i = 0; i < 512; i++)
		p[(size_t)i * 16 * PAGE] = 1;
	check("storing to 512 of its pages costs 2 MiB", about(before - memory_left(), 2048));
	munmap(p, SIZE);
	check("munmap gives them back", about(before - memory_left(), 0));
	p = map(SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check("it can be read, and is zero", all_bytes(p, SIZE, 0));
	check("reading all of it costs next to nothing", about(before - memory_left(), 0));
	return 0;
}
