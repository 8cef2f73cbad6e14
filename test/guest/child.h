/*
 * Children for tests, on top of tap.h: bodies that run in a process of their own, and waits that
 * do not depend on how fast the machine is. A test that needs a process in some state waits for
 * that state (an end of file, a report of waitid, a word in shared memory), never for a time.
 */
#pragma once

#include "tap.h"

#include <time.h>

/* One result: `call` returned -1 and errno is `err`. */
#define fails(call, err, ...) is((call) == -1 ? errno : 0, (err), __VA_ARGS__)

/* What end_of returns for a child that a signal killed: the signal's number on top of this. */
#define KILLED_BY(sig) (1000 + (sig))

/* Waits for the end of `pid`; returns its exit code or KILLED_BY(signal), -1 if it is no child. */
TAP_FN int end_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return -1;
	return WIFSIGNALED(status) ? KILLED_BY(WTERMSIG(status)) : WEXITSTATUS(status);
}

/* Runs `body` in a child and returns what end_of says of it; `body`'s result is the exit code. */
TAP_FN int in_child(int (*body)(void))
{
	pid_t pid = tap_fork();

	if (pid == 0)
		_exit(body());
	return end_of(pid);
}

/* A child that does nothing until a signal ends it. */
TAP_FN pid_t sleeping_child(void)
{
	pid_t pid = tap_fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

/* Kills `pid` and collects it. */
TAP_FN void put_down(pid_t pid)
{
	kill(pid, SIGKILL);
	end_of(pid);
}

/* Sleeps for `ms` milliseconds, whatever signals arrive. */
TAP_FN void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		;
}

/*
 * How often a test looks, with a millisecond in between, for what must come soon: half a minute.
 * Only a kernel that is wrong makes it wait so long.
 */
#define LOOKS 30000

/* Waits until *word is `value`; returns whether it came to be. */
TAP_FN bool becomes(volatile int *word, int value)
{
	for (int i = 0; i < LOOKS && *word != value; i++)
		sleep_ms(1);
	return *word == value;
}

/* Does thread `tid` of process `pid` sleep in a call that a signal could end? */
TAP_FN bool is_asleep(pid_t pid, pid_t tid)
{
	char path[64], text[512], *at;

	snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)tid);
	if (slurp(path, text, sizeof text) < 0)
		return false;
	at = strrchr(text, ')');
	return at && at[1] && at[2] == 'S';
}

/* Waits until it does; returns whether it came to be. */
TAP_FN bool until_asleep(pid_t pid, pid_t tid)
{
	for (int i = 0; i < LOOKS; i++) {
		if (is_asleep(pid, tid))
			return true;
		sleep_ms(1);
	}
	return false;
}

/*
 * Nanoseconds of CPU time that this process has while it sleeps for `ms`: the least of some tries,
 * for what a busy host takes from a process that goes to sleep or wakes counts as the process's.
 */
TAP_FN int64_t cpu_of_sleep(long ms)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < 10 && least > ms * 250000; i++) {
		struct timespec a, b;
		int64_t had;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
		sleep_ms(ms);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
		had = (int64_t)(b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec;
		least = had < least ? had : least;
	}
	return least;
}

/* Zeroed memory that this process and its children share. */
TAP_FN void *shared_memory(size_t size)
{
	return must_map(size, RW, SHANON, -1, 0);
}
