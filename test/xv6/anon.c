/* mmap of x86-anon. */
#include "types.h"
#include "stat.h"
#include "fcntl.h"
#include "user.h"
#include "check.h"

int main(void)
{
	char *p, *q;
	int i, zeros = 1;

	p = mmap(0, 10000, 0, 0, -1, 0);
	ok((int)p > 0 && (uint)p % 4096 == 0, "mmap");
	for (i = 0; i < 12288; i++)
		zeros &= p[i] == 0;
	p[0] = 1;
	p[12287] = 2;
	ok(zeros, "zeros that can be written");
	q = mmap((void *)0x4000, 4096, 0, 0, -1, 0);
	ok((int)q > 0 && q[0] == 0, "a small address is a hint only");
	ok(mmap(0, 0, 0, 0, -1, 0) == (void *)-1 && mmap(0, 0xfffff000, 0, 0, -1, 0) == (void *)-1,
		"what cannot be");
	if (fork() == 0) {
		p[0] = 9;
		exit();
	}
	wait();
	ok(p[0] == 1, "memory is private");
	ok(munmap(p, 10000) == 0 && munmap(q, 4096) == 0 && munmap(p, 10000) == -1, "munmap");
	exit();
}
