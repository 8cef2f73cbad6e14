/* A program for x86-flags: a mapping that grows when it is walked upwards. */
#include "types.h"
#include "user.h"
#include "mmap.h"

int main(void)
{
	char *p = mmap((void *)0x60000000, 1, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSUP, -1, 0);
	int pages;

	if (p == MAP_FAILED) {
		printf(2, "grower: mmap failed\n");
		exit();
	}
	for (pages = 0; pages < 10; pages++)
		p[pages * 4096] = 1;
	printf(1, "%d pages from %x\n", pages, (uint)p);
	exit();
}
