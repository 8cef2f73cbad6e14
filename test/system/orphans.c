/*
 * A first program, which orphans are handed to. What it sees, and then the end of the machine.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that ends with a zombie of its own, whose number it tells. */
static void leave_zombie(int out)
{
	siginfo_t info;
	pid_t pid;

	signal(SIGCHLD, SIG_DFL);
	pid = fork();
	if (pid == 0)
		_exit(0);
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0 &&
		write(out, &pid, sizeof(pid)) == sizeof(pid))
		_exit(0);
	_exit(1);
}

/* What waiting for all children says, and whether the zombie's number is free. */
static void hand_over(const char *how)
{
	pid_t pid = 0, zombie = 0, got;
	int ends[2], n = 0;

	if (pipe(ends) != 0)
		return;
	pid = fork();
	if (pid == 0)
		leave_zombie(ends[1]);
	if (read(ends[0], &zombie, sizeof(zombie)) != sizeof(zombie))
		return;
	while ((got = wait(NULL)) > 0)
		n++;
	printf("%s: %d collected, %s\n", how, n,
		errno == ECHILD && kill(zombie, 0) < 0 && errno == ESRCH ? "all gone" : "not gone");
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	struct sigaction no_wait = {.sa_flags = SA_NOCLDWAIT};
	long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	printf("sibling: %s\n", pid < 0 ? strerror(errno) : "made");
	hand_over("default");
	signal(SIGCHLD, SIG_IGN);
	hand_over("ignored");
	signal(SIGCHLD, SIG_DFL);
	sigaction(SIGCHLD, &no_wait, NULL);
	hand_over("no wait");
	fflush(stdout);
	return reboot(RB_POWER_OFF);
}
