/* mmap of x86-file. */
#include "map.h"

#include "../mman.h"

void *xv6_mmap(void *addr, unsigned length, int prot, int flags, int fd, int offset)
{
	struct map_request rq = {.addr = addr,
		.length = length,
		.write = prot & PROT_WRITE,
		.kind = flags & MAP_FILE ? MAP_THE_FILE : MAP_ZEROS,
		.fd = fd,
		.offset = offset};

	return map(&rq);
}

int xv6_munmap(void *addr, unsigned length)
{
	return unmap(addr, length);
}

int xv6_msync(void *addr, unsigned length)
{
	return map_sync(addr, length);
}
