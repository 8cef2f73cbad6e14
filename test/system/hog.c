/*
 * hog: touches memory until it is stopped.
 *
 *   hog touch     maps a gigabyte and writes to one page after the other
 *   hog map       maps and touches 1 MiB at a time until mmap fails; exit status 0 if with ENOMEM
 *   hog fork      like touch, but halves of it are touched by children
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define GIGABYTE (1UL << 30)

static volatile char *map(size_t size, int flags)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void touch(volatile char *p, size_t size)
{
	for (size_t at = 0; at < size; at += 4096)
		p[at] = 1;
}

static int touch_all(void)
{
	volatile char *p = map(GIGABYTE, MAP_NORESERVE);

	if (!p)
		return 3;
	touch(p, GIGABYTE);
	return 4; /* the machine has less */
}

static int map_all(void)
{
	volatile char *p;

	while ((p = map(1 << 20, MAP_POPULATE)))
		touch(p, 1 << 20);
	return errno != ENOMEM;
}

static int fork_all(void)
{
	int status, killed = 0;

	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			_exit(touch_all());
	while (wait(&status) > 0)
		killed += WIFSIGNALED(status);
	printf("%d killed\n", killed);
	return killed == 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "touch") == 0)
		return touch_all();
	if (strcmp(what, "map") == 0)
		return map_all();
	if (strcmp(what, "fork") == 0)
		return fork_all();
	fprintf(stderr, "usage: hog touch | map | fork\n");
	return 2;
}
