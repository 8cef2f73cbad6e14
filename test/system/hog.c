/*
 * hog: touches memory until it is stopped.
 *
 *   hog touch     maps a gigabyte and writes to one page after the other
 *   hog pipes     fills pipes with the kernel's memory until a call fails; exit status 0 if with
 *                 ENOMEM. It may be killed first: when nothing is left, its own code may be what
 *                 can no longer be read from the disk.
 *   hog fork      like touch, but halves of it are touched by children
 *   as process 1  touches while a child has all memory for some seconds; then powers off
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
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

/* Makes a pipe and fills it: 0, or the errno of the call that failed. */
static int fill_pipe(int *fd)
{
	static char buf[4096] = {1};

	if (pipe2(fd, O_NONBLOCK) < 0)
		return errno;
	while (write(fd[1], buf, sizeof(buf)) > 0)
		continue;
	return errno == EAGAIN ? 0 : errno;
}

static int fill_pipes(void)
{
	int fd[2], error = 0;

	while (error == 0)
		error = fill_pipe(fd);
	return error != ENOMEM;
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

/* MAP_POPULATE takes what there is, and nobody dies of it. */
static void have_all(volatile char *told)
{
	*told = 1;
	map(GIGABYTE / 2, MAP_NORESERVE | MAP_POPULATE);
	*told = 2;
	sleep(8);
	_exit(0);
}

static int first_process(void)
{
	volatile char *p = map(64 * 4096, 0), *told;

	told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!p || told == MAP_FAILED)
		return 3;
	*told = 0;
	if (fork() == 0)
		have_all(told);
	while (*told != 2)
		usleep(10000);
	touch(p, 64 * 4096);
	if (write(1, "touched\n", 8) == 8)
		sync();
	return reboot(RB_POWER_OFF);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (getpid() == 1)
		return first_process();

	if (strcmp(what, "touch") == 0)
		return touch_all();
	if (strcmp(what, "pipes") == 0)
		return fill_pipes();
	if (strcmp(what, "fork") == 0)
		return fork_all();
	fprintf(stderr, "usage: hog touch | pipes | fork\n");
	return 2;
}
