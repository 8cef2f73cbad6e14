/*
 * Processes. There are shape.processes of them in the whole system, counted by the kernel; fork fails
 * when there are that many, after a tick in which those that have ended may be collected. A child that
 * was killed, by a fault too, has the status -1.
 */
#include "flavour.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 100

static bool is_full(void)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 && info.procs >= shape.processes;
}

int xv6_fork(void)
{
	for (int tries = 0; is_full(); tries++) {
		if (tries == TICK_MS / 10)
			return -1;
		usleep(10000);
	}
	return fork();
}

/* What a process that ended with 255 wrote into its name (see leave); -1 if nothing. */
static int status_in_name(int pid)
{
	char path[32], text[24];
	int fd, status = -1;
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got > 0) {
		text[got] = '\0';
		if (strncmp(text, "exit ", 5) == 0)
			status = atoi(text + 5);
	}
	return status;
}

int wait_child(int *status)
{
	siginfo_t info;

	if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) < 0)
		return -1;
	*status = info.si_code != CLD_EXITED ? -1
		: info.si_status == 255      ? status_in_name(info.si_pid)
					     : info.si_status;
	return waitpid(info.si_pid, NULL, 0);
}

int xv6_kill(int pid)
{
	return pid > 0 ? kill(pid, SIGKILL) : -1;
}

int xv6_getpid(void)
{
	return getpid();
}

int xv6_uptime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int)(now.tv_sec * (1000 / TICK_MS) + now.tv_nsec / (TICK_MS * 1000000L));
}

int xv6_sleep(int ticks)
{
	struct timespec length;

	if (ticks <= 0)
		return 0;
	length.tv_sec = ticks / (1000 / TICK_MS);
	length.tv_nsec = ticks % (1000 / TICK_MS) * (TICK_MS * 1000000L);
	return nanosleep(&length, NULL);
}

/* Bytes of a string with its end, or 0 if it has no end within `most` bytes of memory. */
static size_t string_size(const char *s, size_t most)
{
	for (size_t n = 0; n < most; n++) {
		bool new_page = n == 0 || ((uintptr_t)(s + n) & (PAGE - 1)) == 0;

		if (new_page && !is_mapped(s + n, 1))
			return 0;
		if (!s[n])
			return n + 1;
	}
	return 0;
}

/*
 * Arguments must fit the page that is a program's stack, each with its address; their array has
 * shape.arguments slots, that of the NULL included.
 */
static bool arguments_fit(char **argv)
{
	size_t room = PAGE - sizeof(char *);

	for (int i = 0; i < shape.arguments && is_mapped(&argv[i], sizeof(*argv)); i++) {
		size_t size;

		if (!argv[i])
			return true;
		size = string_size(argv[i], room);
		if (size == 0 || size + sizeof(char *) > room)
			return false;
		room -= size + sizeof(char *);
	}
	return false;
}

/* A bare name that is not in the current directory is looked for where mv6 has its programs. */
int xv6_exec(const char *name, char **argv)
{
	const char *path = path_get(name, 0);
	char elsewhere[64];

	if (!path || !arguments_fit(argv))
		return -1;
	ignore_signals(false);
	execve(path, argv, environ);
	if (errno == ENOENT && !strchr(path, '/') && strlen(path) < sizeof(elsewhere) - 5) {
		strcpy(stpcpy(elsewhere, "/"), path);
		execve(elsewhere, argv, environ);
		strcpy(stpcpy(elsewhere, "/bin/"), path);
		execve(elsewhere, argv, environ);
	}
	ignore_signals(true);
	return -1;
}
