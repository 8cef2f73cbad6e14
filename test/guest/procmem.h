/*
 * What /proc says of one mapping and of one page of the calling process.
 */
#pragma once

#include "tap.h"

/*
 * The figure `name` of the mapping that begins at addr, from a file of smaps' format; -1 if it is
 * not there. Header lines are the only ones that begin with a small letter or a digit.
 */
TAP_FN long smaps_value_in(const char *path, const volatile void *addr, const char *name)
{
	static char text[1 << 19];
	char head[32];
	size_t n = strlen(name);

	if (slurp(path, text, sizeof text) < 0)
		return -1;
	snprintf(head, sizeof head, "%08lx-", (unsigned long)addr);
	for (char *s = text; s; s = strchr(s, '\n')) {
		s += *s == '\n';
		if (strncmp(s, head, strlen(head)) != 0)
			continue;
		while ((s = strchr(s, '\n')) && s[1] >= 'A' && s[1] <= 'Z') {
			s++;
			if (strncmp(s, name, n) == 0 && s[n] == ':')
				return strtol(s + n + 1, NULL, 10);
		}
		return -1;
	}
	return -1;
}

TAP_FN long smaps_kb(const volatile void *addr, const char *name)
{
	return smaps_value_in("/proc/self/smaps", addr, name);
}

#define PM_PRESENT (1ull << 63)
#define PM_OBJECT (1ull << 61)
#define PM_ALONE (1ull << 56)

/* The word of /proc/self/pagemap for the page that holds addr; ~0 if it cannot be read. */
TAP_FN uint64_t pagemap_word(const volatile void *addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t word = ~0ull;
	off_t at = (off_t)((unsigned long)addr / PS * sizeof word);

	if (pread(fd, &word, sizeof word, at) != sizeof word)
		word = ~0ull;
	close(fd);
	return word;
}

/* How many of n pages are in memory. */
TAP_FN size_t pages_present(const volatile void *addr, size_t n)
{
	size_t there = 0;

	for (size_t i = 0; i < n; i++)
		there += (pagemap_word((const volatile char *)addr + i * PS) & PM_PRESENT) != 0;
	return there;
}
