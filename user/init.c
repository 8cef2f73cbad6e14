/*
 * The first program. It opens the console, runs /etc/rc once if there is one, and keeps a login
 * shell running there. Processes whose parents have died become its children; it reaps them.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONSOLE "/dev/console"
#define RC "/etc/rc"

/* A shell that ends sooner than this many seconds after its start is not started again at once. */
#define TOO_SOON 2

static void open_console(void)
{
	int fd = open(CONSOLE, O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	for (int i = 0; i <= 2; i++)
		if (fd != i)
			dup2(fd, i);
	if (fd > 2)
		close(fd);
}

/* In a child: a session of its own with the console as its terminal. */
static void own_console(void)
{
	setsid();
	open_console();
	if (ioctl(0, TIOCSCTTY, 0) < 0)
		warn("%s: cannot become the controlling terminal", CONSOLE);
	tcsetpgrp(0, getpid());
}

static pid_t start(char *const argv[], const char *file)
{
	pid_t pid = fork();

	if (pid < 0) {
		warn("cannot start %s", file);
		return -1;
	}
	if (pid > 0)
		return pid;
	own_console();
	execv(file, argv);
	err(127, "%s", file);
}

/* Reaps children until the given one has ended. */
static void wait_for(pid_t pid)
{
	pid_t ended;

	do
		ended = wait(NULL);
	while (ended != pid && !(ended < 0 && errno == ECHILD));
}

static void run_rc(void)
{
	char *const argv[] = { "sh", RC, NULL };
	pid_t pid;

	if (access(RC, R_OK) < 0)
		return;
	pid = start(argv, "/bin/sh");
	if (pid > 0)
		wait_for(pid);
}

static time_t now(void)
{
	struct timespec ts;

	return clock_gettime(CLOCK_MONOTONIC, &ts) == 0 ? ts.tv_sec : 0;
}

int main(void)
{
	char *const argv[] = { "-sh", NULL };

	open_console();
	if (getpid() != 1)
		errx(1, "the kernel starts init; there can be only one");
	setenv("PATH", "/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("USER", "root", 1);
	setenv("SHELL", "/bin/sh", 1);
	setenv("TERM", "vt100", 0);
	if (chdir("/root") < 0)
		setenv("HOME", "/", 1);
	run_rc();
	for (;;) {
		time_t started = now();
		pid_t pid = start(argv, "/bin/sh");

		if (pid > 0)
			wait_for(pid);
		if (now() - started < TOO_SOON)
			sleep(TOO_SOON);
	}
}
