/*
 * The heap: sbrk, and malloc on top of it. mv6 promises memory freely and kills whoever touches what
 * it cannot have; a flavour's sbrk takes its pages at once and fails when there are none. So each
 * page is got when the heap grows, after a look at how much memory there is, and at most EAGER_MOST
 * bytes by one process: the same number each time, for programs that count.
 *
 * A lazy heap grows by addresses only. Where a flavour's whole heap is lazy (shape.lazy_heap), malloc
 * promises, too: it never fails, and ends the program when there are no addresses left.
 *
 * malloc is the C library's, which asks heap_brk, heap_sbrk, heap_map and heap_unmap for memory
 * instead of the kernel (Makefile).
 */
#include "flavour.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EAGER_MOST (126ul << 20)
#define LEFT_TO_OTHERS (24ul << 20) /* bytes of memory that sbrk does not take */
#define CREDIT_MOST (1ul << 20)

static uintptr_t heap_start, heap_top;
static size_t eager; /* bytes that were taken at once, in the heap and by heap_map */
static size_t credit; /* bytes that are known to be there */

void heap_begin(uintptr_t start)
{
	heap_start = heap_top = start;
}

/* Bytes of memory that could be had, by /proc/meminfo; all there are if it cannot be read. */
static uint64_t memory_there(void)
{
	static char text[256];
	int fd = open("/proc/meminfo", O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *line;

	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return UINT64_MAX;
	text[got] = '\0';
	line = strstr(text, "MemAvailable:");
	return line ? strtoull(line + strlen("MemAvailable:"), NULL, 10) * 1024 : UINT64_MAX;
}

/* Counts size bytes as taken, if they may be. */
static bool take(size_t size)
{
	uint64_t there;

	if (size > EAGER_MOST || eager > EAGER_MOST - size)
		return false;
	if (size > credit) {
		there = memory_there();
		if (there < (uint64_t)size + LEFT_TO_OTHERS)
			return false;
		there -= size + LEFT_TO_OTHERS;
		credit = size + (there < CREDIT_MOST ? (size_t)there : CREDIT_MOST);
	}
	credit -= size;
	eager += size;
	return true;
}

static void give_back(size_t size)
{
	eager -= size < eager ? size : eager;
}

static bool grow(size_t size, bool lazy)
{
	uintptr_t from = UP(heap_top), to;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE;

	lazy |= shape.lazy_heap;
	if (heap_top > shape.heap_end || size > shape.heap_end - heap_top)
		return false;
	to = UP(heap_top + size);
	if (to == from)
		return true;
	if (!lazy && !take(to - from))
		return false;
	if (mmap((void *)from, to - from, PROT_READ | PROT_WRITE, flags | (lazy ? 0 : MAP_POPULATE),
		    -1, 0) != (void *)from) {
		if (!lazy)
			give_back(to - from);
		return false;
	}
	return true;
}

/* An end below the heap's start, or none at all, changes nothing and is no failure. */
void *heap_move(long delta, bool lazy)
{
	uintptr_t old = heap_top;

	if (delta >= 0) {
		if (!grow((size_t)delta, lazy))
			return (void *)-1;
		heap_top += (size_t)delta;
	} else if (0ul - (unsigned long)delta <= heap_top - heap_start) {
		heap_top += (unsigned long)delta;
		if (UP(heap_top) < UP(old)) {
			munmap((void *)UP(heap_top), UP(old) - UP(heap_top));
			give_back(UP(old) - UP(heap_top));
		}
	}
	return (void *)old;
}

char *xv6_sbrk(int delta)
{
	return heap_move(delta, false);
}

void *heap_sbrk(intptr_t delta)
{
	return heap_move(delta, false);
}

int heap_brk(void *end)
{
	return heap_move((long)((uintptr_t)end - heap_top), false) == (void *)-1 ? -1 : 0;
}

void *heap_map(void *hint, size_t size, int prot, int flags, int fd, off_t offset)
{
	void *p;

	if (shape.lazy_heap) {
		p = mmap(hint, size, prot, flags | MAP_NORESERVE, fd, offset);
		if (p == MAP_FAILED)
			raise(SIGKILL);
		return p;
	}
	if (!take(size))
		return MAP_FAILED;
	p = mmap(hint, size, prot, flags | MAP_POPULATE, fd, offset);
	if (p == MAP_FAILED)
		give_back(size);
	return p;
}

int heap_unmap(void *p, size_t size)
{
	give_back(size);
	return munmap(p, size);
}

void *xv6_malloc(unsigned size)
{
	return malloc(size);
}

void xv6_free(void *p)
{
	free(p);
}
