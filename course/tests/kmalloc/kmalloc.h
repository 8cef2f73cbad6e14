/*
 * For the tests of kmalloc: the two calls, and the allocator's own figures.
 *
 * Blocks are the kernel's memory. A program gets their addresses and cannot look into them; so
 * these tests reason about addresses, and about what /proc/kmalloc and /proc/meminfo count.
 */
#pragma once

#include "course.h"

#include "../../../kernel/sys/debug_calls.h"

typedef unsigned long block; /* an address; 0 is none */

COURSE_FN block kmalloc(long size)
{
	return (block)syscall(DEBUG_CALL_KMALLOC, size);
}

/* 0, or -1 and errno. */
COURSE_FN int kmfree(block b)
{
	return (int)syscall(DEBUG_CALL_KMFREE, b);
}

/* Frees n blocks; how many calls did not answer 0. */
COURSE_FN int kmfree_all(const block *b, int n)
{
	int bad = 0;

	for (int i = 0; i < n; i++)
		bad += kmfree(b[i]) != 0;
	return bad;
}

/* What the line of the kernel that serves kmalloc has handed out: blocks (column 0), bytes (1). */
COURSE_FN long handed_out(int column)
{
	char line[256];
	long number[2], sum = 0;
	FILE *f = fopen("/proc/kmalloc", "r");

	need("/proc/kmalloc", f != NULL);
	while (fgets(line, sizeof line, f))
		if (strstr(line, " kernel/sys/debug.c:") &&
			sscanf(line, "%ld %ld", &number[0], &number[1]) == 2)
			sum += number[column];
	fclose(f);
	return sum;
}

COURSE_FN long live_blocks(void)
{
	return handed_out(0);
}

COURSE_FN long live_bytes(void)
{
	return handed_out(1);
}

struct piece {
	block start;
	unsigned long size;
};

COURSE_FN int by_start(const void *a, const void *b)
{
	const struct piece *p = a, *q = b;

	return p->start < q->start ? -1 : p->start > q->start;
}

/* How many of n pieces of memory begin inside the one before. Sorts them. */
COURSE_FN int overlaps(struct piece *piece, int n)
{
	int bad = 0;

	qsort(piece, (size_t)n, sizeof *piece, by_start);
	for (int i = 1; i < n; i++)
		bad += piece[i - 1].start + piece[i - 1].size > piece[i].start;
	return bad;
}

/* A number below n, from a sequence that is the same in every run. */
COURSE_FN unsigned chance(unsigned n)
{
	static uint32_t state = 12345;

	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}
