/*
 * fork: shared memory stays shared, stores of the parent after the fork included
 */
#include "course.h"

static char *p;

static void child(void *argument)
{
	volatile char *v = p;

	(void)argument;
	printf("the child sees: %c\n", p[0]);
	p[PAGE] = 'C';
	while (v[2 * PAGE] != 'P')
		usleep(1000);
	printf("the child sees what came later\n");
	munmap(p, 3 * PAGE);
}

int main(void)
{
	pid_t pid;

	p = map_shared(3 * PAGE);
	p[0] = 'B';
	pid = fork();
	if (pid == 0) {
		child(NULL);
		exit(0);
	}
	p[2 * PAGE] = 'P';
	waitpid(pid, NULL, 0);
	printf("the parent sees: %c\n", p[PAGE]);
	printf("the child's munmap left: %c\n", p[0]);
	return 0;
}
