/* The heap of riscv-lazy: memory is promised, and got when it is touched. */
#include "kernel/param.h"
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"
#include "kernel/fcntl.h"
#include "check.h"

#define GIB (1 << 30)
#define MIB (1 << 20)

/* How a child ends that takes all the memory that malloc promises. */
static int take_all(int size)
{
	int status = 0;

	if (fork() == 0) {
		char *p;

		while ((p = malloc(size)) != 0)
			memset(p, 1, 1);
		exit(0);
	}
	wait(&status);
	return status;
}

int main(void)
{
	char *start = sbrk(0), *p, *q;
	int status;

	p = sbrk(GIB);
	ok(p == start && sbrk(0) == start + GIB, "sbrk promises a lot");
	p[MIB] = 1;
	ok(p[MIB] == 1 && p[GIB - 1] == 0, "and gives what is touched");
	if (fork() == 0) {
		sbrk(-GIB);
		p[MIB] = 2;
		exit(0);
	}
	wait(&status);
	ok(status == -1 && p[MIB] == 1, "what a child gave back it has no more");
	ok(sbrk(-GIB) == start + GIB && sbrk(0) == start, "sbrk takes it back");
	p = malloc(200 * MIB);
	q = malloc(200 * MIB);
	p[0] = q[0] = 1;
	ok(p && q && p != q, "malloc promises, too");
	free(p);
	free(q);
	ok(take_all(16 * MIB) == -1, "who takes all is killed, in large pieces");
	p = malloc(64 * MIB);
	memset(p, 7, 64 * MIB);
	ok(p[64 * MIB - 1] == 7, "and the memory is there again");
	exit(0);
}
