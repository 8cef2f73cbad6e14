/*
 * A program for xv6 on the PC: where a process has what. `where` in the shell of ./mv6 run, or
 * ./mv6 xv6 course/programs/where.c.
 */
#include "types.h"
#include "stat.h"
#include "user.h"

int initialised = 1;
int zero;

int main(int argc, char *argv[])
{
	int local;

	printf(1, "code %x\n", (uint)main);
	printf(1, "data %x, zeros %x\n", (uint)&initialised, (uint)&zero);
	printf(1, "stack %x, arguments %x\n", (uint)&local, (uint)argv[0]);
	printf(1, "heap from %x\n", (uint)sbrk(4096));
	exit();
}
