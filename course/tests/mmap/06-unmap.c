/*
 * munmap of a part: front, tail, middle, and across mappings
 * points: 2
 */
#include "course.h"

static char *six_pages(void)
{
	char *p = map_anonymous(6 * PAGE);

	for (int i = 0; i < 6; i++)
		memset(p + (size_t)i * PAGE, 'a' + i, PAGE);
	return p;
}

/* What is left must be what it was. */
static void unmap_part(const char *what, int first, int pages)
{
	char *p = six_pages();
	int bad = 0;

	munmap(p + (size_t)first * PAGE, (size_t)pages * PAGE);
	show_pages(what, p, 6);
	for (int i = 0; i < 6; i++)
		if (i < first || i >= first + pages)
			bad += !all_bytes(p + (size_t)i * PAGE, PAGE, (char)('a' + i));
	show("  damaged pages", bad);
	munmap(p, 6 * PAGE);
}

int main(void)
{
	char *p;

	unmap_part("the front", 0, 2);
	unmap_part("the tail", 4, 2);
	unmap_part("the middle", 2, 2);
	unmap_part("all", 0, 6);
	p = six_pages();
	mprotect(p + 2 * PAGE, PAGE, PROT_READ);
	munmap(p + 4 * PAGE, PAGE);
	show("across mappings and a hole", munmap(p + PAGE, 4 * PAGE));
	show_pages("  pages", p, 6);
	show("where nothing is", munmap(p + PAGE, PAGE));
	return 0;
}
