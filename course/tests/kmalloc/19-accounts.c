/*
 * /proc/kmalloc and /proc/slabinfo agree with what was handed out
 */
#include "kmalloc.h"

/* Objects in use in one cache, as /proc/slabinfo tells. */
static long in_cache(const char *cache)
{
	char line[256], name[64];
	long used = -1, n;
	FILE *f = fopen("/proc/slabinfo", "r");

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "%63s %ld", name, &n) == 2 && !strcmp(name, cache))
			used = n;
	if (f)
		fclose(f);
	return used;
}

/* The sum of all lines that allocate is what is in use; others may work while it is added up. */
static bool adds_up(void)
{
	for (int i = 0; i < 1000; i++) {
		if (figure("/proc/kmalloc", "bytes") == figure("/proc/kmalloc", "accounted"))
			return true;
		usleep(10000);
	}
	return false;
}

int main(void)
{
	block b[100];
	long objects, bytes = figure("/proc/kmalloc", "bytes");

	objects = in_cache("kmalloc-256");
	for (int i = 0; i < 100; i++)
		b[i] = kmalloc(200);
	show("handed out", live_blocks());
	show("their bytes", live_bytes());
	check("slabinfo has them", in_cache("kmalloc-256") >= objects + 100);
	check("the total has them", figure("/proc/kmalloc", "bytes") >= bytes + 100 * 200);
	check("the accounts add up", adds_up());
	check("their pages are Slab of meminfo",
		figure("/proc/kmalloc", "pages") * 4 == figure("/proc/meminfo", "Slab"));
	kmfree_all(b, 100);
	show("handed out in the end", live_blocks());
	check("slabinfo has them no more", in_cache("kmalloc-256") < objects + 50);
	check("the accounts add up again", adds_up());
	return 0;
}
