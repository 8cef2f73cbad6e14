/*
 * exit_with: ends in the way its arguments say, for the tests of what becomes of an end.
 *
 *   exit_with status N     exits with status N (only the low eight bits count)
 *   exit_with signal N     is killed by signal N, its default action restored
 *   exit_with null         stores through a null pointer
 *   exit_with illegal      runs an instruction that does not exist
 *   exit_with orphan N     exits with status N and leaves a child that lives a little longer
 *   exit_with spin         says "spinning", and computes for ever
 *   exit_with sleep        sleeps for ever
 *
 * Anything else prints how to use it and exits with 2.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void die_of(int sig)
{
	sigset_t set;

	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), sig);
	for (;;)
		sigsuspend(&set);
}

static void leave_orphan(void)
{
	struct timespec little = { 0, 100 * 1000 * 1000 };

	if (fork() != 0)
		return;
	nanosleep(&little, NULL);
	_exit(0);
}

static void sleep_for_ever(void)
{
	struct timespec day = { 86400, 0 };

	for (;;)
		nanosleep(&day, NULL);
}

/* __builtin_trap is a breakpoint on riscv64, so the illegal instruction is spelled out. */
static void run_nonsense(void)
{
#if defined(__riscv)
	asm volatile(".half 0");
#else
	asm volatile("ud2");
#endif
}

static void spin(void)
{
	if (write(1, "spinning\n", 9) != 9)
		_exit(1);
	for (volatile unsigned long n = 0;; n++)
		;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	int n = argc > 2 ? atoi(argv[2]) : 0;

	if (strcmp(how, "status") == 0)
		_exit(n);
	if (strcmp(how, "signal") == 0)
		die_of(n);
	if (strcmp(how, "null") == 0)
		*(volatile int *)(volatile void *)0 = 1;
	if (strcmp(how, "illegal") == 0)
		run_nonsense();
	if (strcmp(how, "orphan") == 0) {
		leave_orphan();
		_exit(n);
	}
	if (strcmp(how, "spin") == 0)
		spin();
	if (strcmp(how, "sleep") == 0)
		sleep_for_ever();
	fprintf(stderr, "usage: exit_with status N | signal N | null | illegal | orphan N | "
			"spin | sleep\n");
	return 2;
}
