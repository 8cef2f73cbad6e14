/*
 * Lengths are rounded up to whole pages
 */
#include "course.h"

/* Room for the mapping and for holes behind it: the hint is an address that was free just now. */
static void one_length(size_t length)
{
	char *room = map_anonymous(5 * PAGE), *p;

	munmap(room, 5 * PAGE);
	p = mmap(room, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("mmap of %zu bytes, ", length);
	show_pages("pages", p, 4);
	printf("munmap of %zu bytes: %d, ", length, munmap(p, length));
	show_pages("pages", p, 4);
}

int main(void)
{
	one_length(1);
	one_length(PAGE - 1);
	one_length(PAGE);
	one_length(PAGE + 1);
	one_length(2 * PAGE + 1);
	return 0;
}
