/*
 * The accounts of the kernel's allocator, for tests in a testing boot: /proc/kmalloc.
 */
#pragma once

#include "tap.h"

/* A figure of the head of /proc/kmalloc, -1 where there is none. */
TAP_FN long kmalloc_figure(const char *name)
{
	return proc_value("/proc/kmalloc", name);
}

/*
 * The accounts add up to the bytes in use. They are counted one after the other, and a process that
 * just ended may be giving memory back: so it is looked at more than once.
 */
TAP_FN bool kmalloc_adds_up(void)
{
	char text[256];

	for (int tries = 0; tries < 100; tries++) {
		char *bytes, *accounted;
		int fd = open("/proc/kmalloc", O_RDONLY);
		ssize_t n = read(fd, text, sizeof text - 1);

		close(fd);
		text[n > 0 ? n : 0] = 0;
		bytes = strstr(text, "bytes:");
		accounted = strstr(text, "accounted:");
		if (bytes && accounted && atol(bytes + 6) == atol(accounted + 10))
			return true;
		usleep(10000);
	}
	diag("  %s", text);
	return false;
}

/* What lives of what one place allocates. */
struct kmalloc_place {
	long live, bytes;
};

/* The first place in `text`, the whole of /proc/kmalloc, in a file with that name. */
TAP_FN struct kmalloc_place kmalloc_place(const char *text, const char *file)
{
	struct kmalloc_place place = {-1, -1};
	const char *line = strstr(text, file);

	while (line && line > text && line[-1] != '\n')
		line--;
	if (line)
		sscanf(line, "%ld %ld", &place.live, &place.bytes);
	return place;
}

/*
 * The bytes in use but for those of threads: each CPU keeps up to KMALLOC_THREADS_KEPT that ended
 * (four and the last), for new ones, and how many it has at the moment depends on which CPU they ran
 * on. *threads is how many there are, the kept among them. -1 where there is no such file. (One
 * thread that is lost is seen at power-off: there the kept are freed before memory is counted.)
 */
#define KMALLOC_THREADS_KEPT 5

TAP_FN long kmalloc_but_threads(long *threads)
{
	static char text[65536];
	struct kmalloc_place made;
	char *bytes;

	*threads = 0;
	if (slurp("/proc/kmalloc", text, sizeof text) < 0)
		return -1;
	bytes = strstr(text, "bytes:");
	made = kmalloc_place(text, "kernel/proc/sched.c:");
	*threads = made.live;
	return bytes ? atol(bytes + 6) - made.bytes : -1;
}
