/*
 * Many mappings: each has its own memory, and /proc/self/maps lists them in order
 */
#include "course.h"

#define MANY 300

static char *p[MANY];

/* Lines of /proc/self/maps that begin before the line above ends. */
static int out_of_order(void)
{
	char line[512];
	unsigned long start, end, last = 0;
	int bad = 0;
	FILE *f = fopen("/proc/self/maps", "r");

	need("/proc/self/maps", f != NULL);
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2) {
			bad += start < last || end <= start;
			last = end;
		}
	fclose(f);
	return bad;
}

int main(void)
{
	int bad = 0;

	for (int i = 0; i < MANY; i++) {
		size_t length = (size_t)(1 + i % 4) * PAGE;

		p[i] = map(length,
			i % 2 ? PROT_READ | PROT_WRITE : PROT_READ | PROT_WRITE | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		memset(p[i], i, length);
	}
	for (int i = 0; i < MANY; i++)
		bad += !all_bytes(p[i], (size_t)(1 + i % 4) * PAGE, (char)i);
	show("mappings with what others stored", bad);
	show("lines out of order", out_of_order());
	for (int i = 0; i < MANY; i += 3)
		munmap(p[i], (size_t)(1 + i % 4) * PAGE);
	bad = 0;
	for (int i = 0; i < MANY; i++)
		if (i % 3)
			bad += !all_bytes(p[i], (size_t)(1 + i % 4) * PAGE, (char)i);
	show("a third is unmapped; damaged ones among the others", bad);
	show("lines out of order", out_of_order());
	return 0;
}
