/*
 * Timers that ring while their process is at its very end, and cannot be heard any more.
 */
#include "child.h"

#include <sys/time.h>

#define CHILDREN 60
#define QUEUED 1000 /* signals to be thrown away at the end: that takes some time */
#define STEP 10 /* us */

static void on_signal(int sig)
{
	(void)sig;
}

/* The timer rings for the first time while the process ends, or before; and on, as fast as it can. */
static int ring_and_end(int us)
{
	struct itimerval set = { { 0, 1 }, { 0, us } };
	union sigval value = { .sival_int = 0 };

	for (int i = 0; i < QUEUED; i++)
		if (sigqueue(getpid(), SIGRTMIN, value))
			return 1;
	return setitimer(ITIMER_REAL, &set, NULL) ? 2 : 0;
}

int main(void)
{
	int failed = 0;
	sigset_t mask;

	/* Blocked, or Linux does little else than to run the handler. */
	sigemptyset(&mask);
	sigaddset(&mask, SIGALRM);
	sigaddset(&mask, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGALRM, on_signal);
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = tap_fork();

		if (pid == 0)
			_exit(ring_and_end(1 + i * STEP));
		failed += end_of(pid) != 0;
	}
	is(failed, 0, "processes end while their timers ring");
	return done();
}
