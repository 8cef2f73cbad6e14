/*
 * New memory is zero, also where dirty pages were freed before
 * points: 2
 *
 * Pages that one program dirtied and gave back are what the next one gets: without zeroing it could
 * read the other's secrets.
 */
#include "course.h"

#define SIZE (2 * MIB)

static void make_dirty(void *argument)
{
	char *p = map_anonymous(8 * MIB);

	(void)argument;
	memset(p, 0x5a, 8 * MIB);
}

/* Bytes that are not zero in new memory that is read only, or stored to first in each page. */
static long not_zero(bool store)
{
	char *p = map_anonymous(SIZE);
	long bad = 0;

	for (long i = 0; store && i < SIZE; i += (long)PAGE)
		p[i + 100] = 0;
	for (long i = 0; i < SIZE; i++)
		bad += p[i] != 0;
	memset(p, 0x5a, SIZE);
	munmap(p, SIZE);
	return bad;
}

int main(void)
{
	long bad = 0;

	show("after boot", not_zero(true));
	for (int i = 0; i < 3; i++) {
		in_child(make_dirty, NULL);
		bad += not_zero(true);
	}
	show("after others dirtied memory, stored to", bad);
	show("only read", not_zero(false));
	return 0;
}
