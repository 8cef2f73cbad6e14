/*
 * Shares of a CPU: what nice, policies and priorities make of two that want all of it. The clock counts
 * instructions, so that the shares do not depend on what else the emulator's machine does.
 *
 * exec-options: --icount
 */
#include "priority.h"

static volatile int *ready, *go, *stop; /* shared */
static unsigned long last_cpu;

/* A child that prepares itself, and from *go on works until *stop. */
static pid_t hog_start(void (*prepare)(void))
{
	pid_t pid = tap_fork();

	if (pid)
		return pid;
	prepare();
	__atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
	while (!*go)
		sleep_ms(1);
	bind_to(0, last_cpu);
	while (!*stop)
		;
	_exit(tap.bad ? 1 : 0);
}

/* The end of a hog, and the CPU time it had. */
static double hog_seconds(pid_t pid)
{
	struct rusage ru;
	int status;

	wait4(pid, &status, 0, &ru);
	want_eq(status, 0);
	return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
		(double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

/* Two children share the last CPU for ms; the second one's part of the first one's. */
static double compare(void (*one)(void), void (*other)(void), long ms)
{
	unsigned long all = cpus_of(0);
	pid_t a, b;
	double first;

	*ready = *go = *stop = 0;
	last_cpu = 1ul << (8 * sizeof all - 1 - (unsigned)__builtin_clzl(all));
	a = hog_start(one);
	b = hog_start(other);
	want(becomes(ready, 2));
	if (all == last_cpu)
		want_eq(set_policy(0, SCHED_FIFO, 50), 0);
	else
		want_eq(bind_to(0, all & ~last_cpu), 0);
	*go = 1;
	sleep_ms(ms);
	*stop = 1;
	first = hog_seconds(a);
	want_eq(set_policy(0, SCHED_OTHER, 0), 0);
	bind_to(0, all);
	return hog_seconds(b) / first;
}

static void ordinary(void)
{
}

static void nice_by_5(void)
{
	renice(PRIO_PROCESS, 0, 5);
}

static void nice_by_19(void)
{
	renice(PRIO_PROCESS, 0, 19);
}

static void be_idle(void)
{
	set_policy(0, SCHED_IDLE, 0);
}

static void test_shares(void)
{
	double ratio = compare(ordinary, ordinary, 400);

	if (!ok(ratio > 0.6 && ratio < 1.6, "equals have equal shares of a CPU"))
		diag("%f", ratio);
	ratio = compare(ordinary, nice_by_5, 600);
	if (!ok(ratio > 0.18 && ratio < 0.55, "nice 5 has about a third of what nice 0 has"))
		diag("%f", ratio);
	ratio = compare(ordinary, nice_by_19, 600);
	if (!ok(ratio > 0 && ratio < 0.12, "nice 19 has next to nothing, but some"))
		diag("%f", ratio);
	ratio = compare(ordinary, be_idle, 400);
	if (!ok(ratio < 0.12, "so has SCHED_IDLE"))
		diag("%f", ratio);
}

static void fifo(void)
{
	want_eq(set_policy(0, SCHED_FIFO, 10), 0);
}

static void fifo_above(void)
{
	want_eq(set_policy(0, SCHED_FIFO, 11), 0);
}

static void round_robin(void)
{
	want_eq(set_policy(0, SCHED_RR, 10), 0);
}

static void test_realtime(void)
{
	double ratio = compare(fifo, ordinary, 800);

	if (!ok(ratio > 0 && ratio < 0.25, "SCHED_FIFO goes before others, and starves nobody"))
		diag("%f", ratio);
	ratio = compare(fifo_above, fifo, 300);
	if (!ok(ratio < 0.2, "the higher priority goes before the lower one"))
		diag("%f", ratio);
	ratio = compare(round_robin, round_robin, 600);
	if (!ok(ratio > 0.4 && ratio < 2.5, "SCHED_RR of the same priority take turns"))
		diag("%f", ratio);
}

int main(void)
{
	ready = shared_memory(PS);
	go = ready + 1;
	stop = ready + 2;
	test_shares();
	test_realtime();
	return done();
}
