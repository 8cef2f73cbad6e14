/*
 * Free pages grow together again: /proc/buddyinfo before and after all memory was in use
 * only: mv6
 *
 * Each column counts free blocks of twice the size of the one before it: 4 KiB, 8 KiB ...
 */
#include "course.h"

#define FIRST_LARGE 6 /* 256 KiB */

/* Pages in free blocks of 256 KiB and more. */
static long large_pages(void)
{
	char line[512], *s;
	long pages = 0;
	FILE *f = fopen("/proc/buddyinfo", "r");

	need("/proc/buddyinfo", f && fgets(line, sizeof line, f) && (s = strstr(line, "Normal")));
	s += strlen("Normal");
	for (int order = 0; *s && *s != '\n'; order++) {
		long blocks = strtol(s, &s, 10);

		if (order >= FIRST_LARGE)
			pages += blocks << order;
		while (*s == ' ')
			s++;
	}
	fclose(f);
	return pages;
}

/* Takes nearly all memory, page by page, and gives it back with every second page first. */
static void take_and_give(void *argument)
{
	size_t size = (size_t)(memory_left() - 4096) * KIB / PAGE * PAGE;
	char *p = map_anonymous(size);

	memset(p, 1, size);
	for (size_t at = 0; at < size; at += 2 * PAGE)
		madvise(p + at, PAGE, MADV_DONTNEED);
	*(long *)argument = large_pages();
}

int main(void)
{
	long before = large_pages(), after = 0, *meanwhile = map_shared(PAGE);

	check("most free memory is in large blocks", before * 4 > memory_left() * 2 / 3);
	show_end("a child takes memory", in_child(take_and_give, meanwhile));
	check("meanwhile most of them are in pieces", *meanwhile < before / 2);
	for (int i = 0; i < 500 && after < before * 8 / 10; i++) {
		usleep(20000);
		after = large_pages();
	}
	check("then they are whole again", after >= before * 8 / 10);
	if (after < before * 8 / 10)
		printf("  pages in blocks of 256 KiB and more: %ld, meanwhile %ld, then %ld\n",
			before, *meanwhile, after);
	return 0;
}
