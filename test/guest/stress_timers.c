/*
 * POSIX timers under stress: threads that make, set, read and delete the same timers at once while
 * their signals arrive, are blocked, ignored and thrown away; processes that end, are killed and
 * execute in the midst of it.
 */
#include "child.h"

#include <pthread.h>
#include <time.h>

#define THREADS 4
#define TIMERS 8
#define ROUNDS 400
#define PROCESSES 12

static volatile int ids[TIMERS];
static volatile int rung;

static void on_signal(int sig)
{
	(void)sig;
	rung++;
}

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

static void one_step(unsigned *seed)
{
	static const long intervals[] = { 0, 1, 100000, 300000, 500000, 1000000, 3000000 };
	int i = (int)(next(seed) % TIMERS), id = -1;
	struct itimerspec set = { { 0, intervals[next(seed) % 7] & ~1L },
		{ 0, intervals[next(seed) % 7] } };
	int sig = next(seed) % 2 ? SIGUSR1 : SIGRTMIN + 1;
	struct sigevent ev = { .sigev_notify = next(seed) % 8 ? SIGEV_SIGNAL : SIGEV_NONE,
		.sigev_signo = sig };
	sigset_t mask;

	switch (next(seed) % 10) {
	case 0:
		if (sys(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id) == 0)
			id = __atomic_exchange_n(&ids[i], id, __ATOMIC_SEQ_CST);
		if (id >= 0)
			sys(SYS_timer_delete, id);
		break;
	case 1:
		id = __atomic_exchange_n(&ids[i], -1, __ATOMIC_SEQ_CST);
		sys(SYS_timer_delete, id);
		break;
	case 2: sys(SYS_timer_gettime, ids[i], &set); break;
	case 3: sys(SYS_timer_getoverrun, ids[i]); break;
	case 4:
		sigemptyset(&mask);
		sigaddset(&mask, sig);
		sigprocmask(next(seed) % 2 ? SIG_BLOCK : SIG_UNBLOCK, &mask, NULL);
		break;
	case 5: signal(sig, next(seed) % 2 ? SIG_IGN : on_signal); break;
	default: sys(SYS_timer_settime, ids[i], 0, &set, NULL); break;
	}
}

static void *steps(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;

	for (int i = 0; i < ROUNDS; i++)
		one_step(&seed);
	return NULL;
}

static int process(int n)
{
	pthread_t threads[THREADS];
	int made = 0;

	signal(SIGUSR1, on_signal);
	signal(SIGRTMIN + 1, on_signal);
	for (int i = 0; i < TIMERS; i++)
		ids[i] = -1;
	while (made < THREADS && !pthread_create(&threads[made], NULL, steps,
		   (void *)(uintptr_t)(n * 1000 + made)))
		made++;
	if (made < THREADS)
		return 1;
	/* A third each ends with its threads, without waiting for them, and by execve. */
	if (n % 3 == 1)
		return 0;
	if (n % 3 == 2) {
		char *argv[] = { "stress_timers", "again", NULL };

		sleep_ms(2);
		signal(SIGUSR1, SIG_IGN);
		signal(SIGRTMIN + 1, SIG_IGN);
		execv("/proc/self/exe", argv);
		return 2;
	}
	while (made > 0)
		pthread_join(threads[--made], NULL);
	return 0;
}

int main(int argc, char **argv)
{
	pid_t pids[PROCESSES];

	(void)argv;
	if (argc > 1)
		return 0;
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0)
			_exit(process(i));
	}
	for (int i = 0; i < PROCESSES; i++)
		want_eq(end_of(pids[i]), 0);
	verdict("threads change the same timers while they ring");
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0)
			_exit(process(i * 3));
	}
	sleep_ms(5);
	for (int i = 0; i < PROCESSES; i++) {
		kill(pids[i], SIGKILL);
		end_of(pids[i]);
	}
	verdict("their processes are killed meanwhile");
	return done();
}
