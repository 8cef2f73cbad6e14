/*
 * Mappings for the flavours of the PC. The kernel chooses addresses from 1 GiB upwards, so all that it
 * chooses while there is room below 2 GiB is positive as an int; beyond that map fails.
 */
#include "map.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ADDRESS_MOST 0x7ffff000ul

static int protection(const struct map_request *rq)
{
	return rq->none ? PROT_NONE : rq->write ? PROT_READ | PROT_WRITE : PROT_READ;
}

/* Zeros for the whole range, at its address. */
static char *map_zeros(const struct map_request *rq, size_t length)
{
	int flags =
		MAP_ANONYMOUS | (rq->kind == MAP_ZEROS && rq->shared ? MAP_SHARED : MAP_PRIVATE);
	char *p;

	if (length == 0 || length > ADDRESS_MOST)
		return MAP_FAILED;
	if (rq->fixed)
		flags |= MAP_FIXED_NOREPLACE;
	p = mmap(rq->addr, length, protection(rq), flags, -1, 0);
	if (p == MAP_FAILED)
		return p;
	if ((uintptr_t)p > ADDRESS_MOST - length || (rq->fixed && p != rq->addr)) {
		munmap(p, length);
		return MAP_FAILED;
	}
	return p;
}

/* How long the file is, after it was made as long as it is mapped, or as files can be, if that is wanted. */
static off_t file_length(const struct map_request *rq)
{
	off_t end = (off_t)rq->offset + (off_t)rq->length;
	struct stat st;

	if (fstat(rq->fd, &st) < 0)
		return -1;
	if (end > (off_t)shape.file_size)
		end = (off_t)shape.file_size;
	if (rq->extend && st.st_size < end && ftruncate(rq->fd, end) == 0)
		return end;
	return st.st_size;
}

/* Puts as much of the file as there is over the zeros. */
static bool map_file(const struct map_request *rq, char *p, size_t length)
{
	int flags = MAP_FIXED | (rq->kind == MAP_THE_FILE ? MAP_SHARED : MAP_PRIVATE);
	off_t first = (off_t)DOWN(rq->offset), size;
	size_t there = length;

	/* The kernel is asked first whether the file may be mapped: one that may not does not change. */
	if (mmap(p, PAGE, protection(rq), flags, rq->fd, first) == MAP_FAILED)
		return false;
	size = file_length(rq);
	if (size < 0)
		return false;
	if (size <= first)
		return mmap(p, PAGE, protection(rq), MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0) != MAP_FAILED;
	if (size - first < (off_t)length)
		there = UP((uintptr_t)(size - first));
	return mmap(p, there, protection(rq), flags, rq->fd, first) != MAP_FAILED;
}

void *map(const struct map_request *rq)
{
	size_t into_page = rq->kind == MAP_ZEROS ? 0 : (size_t)rq->offset & (PAGE - 1);
	size_t length = UP(rq->length + into_page);
	char *p;

	if (rq->length == 0 || length < rq->length || rq->offset < 0)
		return MAP_FAILED;
	p = map_zeros(rq, length);
	if (p == MAP_FAILED)
		return p;
	if (rq->kind != MAP_ZEROS && !map_file(rq, p, length)) {
		munmap(p, length);
		return MAP_FAILED;
	}
	return p + into_page;
}

int unmap(void *addr, size_t length)
{
	uintptr_t first = DOWN(addr);

	if (length == 0 || !is_mapped(addr, 1))
		return -1;
	return munmap((void *)first, UP((uintptr_t)addr + length) - first);
}

int map_sync(void *addr, size_t length)
{
	uintptr_t first = DOWN(addr);

	return msync((void *)first, UP((uintptr_t)addr + length) - first, MS_SYNC);
}
