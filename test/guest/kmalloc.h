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
