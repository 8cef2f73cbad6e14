/*
 * misuse [KIND...]: has the kernel misuse its own allocator, in the ways of kernel/sys/misuse.h, for
 * test/system/misuse.t. Exit status 1 if the kernel refuses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../kernel/sys/debug_calls.h"

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (syscall(DEBUG_CALL_MISUSE, atoi(argv[i])) != 0) {
			perror("misuse");
			return 1;
		}
	return 0;
}
