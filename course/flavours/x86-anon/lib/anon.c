/* mmap of x86-anon: protection, flags, file and offset are not looked at, the address is a hint. */
#include "map.h"

void *xv6_mmap(void *addr, unsigned length, int prot, int flags, int fd, int offset)
{
	struct map_request rq = {.addr = addr, .length = length, .write = true, .kind = MAP_ZEROS};

	(void)prot, (void)flags, (void)fd, (void)offset;
	return map(&rq);
}

int xv6_munmap(void *addr, unsigned length)
{
	return unmap(addr, length);
}
