/*
 * Two processes free the same 20 blocks: of each block, one of them does
 * kernel: any
 *
 * The losers' calls are reported on the console, one line each; which process loses is chance.
 */
#include "kmalloc.h"

#define BLOCKS 20

int main(void)
{
	block *b = map_shared(PAGE);
	int *freed = map_shared(PAGE), mine = 0;
	pid_t child;

	for (int i = 0; i < BLOCKS; i++)
		b[i] = kmalloc(40);
	child = fork();
	for (int i = 0; i < BLOCKS; i++)
		mine += kmfree(b[i]) == 0;
	__atomic_fetch_add(freed, mine, __ATOMIC_SEQ_CST);
	if (child == 0)
		_exit(0);
	wait(NULL);
	show("calls that freed a block", *freed);
	show("handed out", live_blocks());
	return 0;
}
