/*
 * Clocks, CPU time, interval timers that count it, and sleeps. Nothing here says how fast anything
 * is: loops run until a clock or a signal says so.
 */
#include "child.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>

static volatile sig_atomic_t hits;
static volatile unsigned long work;

static void count(int sig)
{
	(void)sig;
	hits++;
}

static long long ns_of(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) != 0)
		bail_out("clock %d: errno %d", (int)clock, errno);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long us_of(struct timeval t)
{
	return t.tv_sec * 1000000LL + t.tv_usec;
}

/* Computes until the process has used `ms` milliseconds of CPU time more. */
static void compute(long ms)
{
	long long end = ns_of(CLOCK_PROCESS_CPUTIME_ID) + ms * 1000000LL;

	while (ns_of(CLOCK_PROCESS_CPUTIME_ID) < end)
		for (int i = 0; i < 1000; i++)
			work++;
}

static void test_clocks(void)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
					    CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW,
					    CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME };
	struct timespec t;
	int bad = 0;

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		long long before = ns_of(clocks[i]);

		bad += clock_getres(clocks[i], &t) != 0 || t.tv_sec != 0 || t.tv_nsec <= 0;
		bad += ns_of(clocks[i]) < before;
	}
	is(bad, 0, "eight clocks have a resolution and do not go back");
	ok(ns_of(CLOCK_REALTIME) > 1500000000LL * 1000000000LL, "the real-time clock knows the year");
	is(clock_getres(CLOCK_MONOTONIC, NULL), 0, "clock_getres takes a null pointer");
	fails(clock_gettime(77, &t), EINVAL, "a clock that does not exist fails with EINVAL");
	fails(clock_getres(77, &t), EINVAL, "so does its resolution");
	fails(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8L), EFAULT, "a bad pointer fails with EFAULT");
}

static void test_cpu_time(void)
{
	struct rusage before, after;
	struct tms tms1, tms2;
	long long own;

	ok(cpu_of_sleep(60) < 50000000, "who sleeps uses no CPU time");
	getrusage(RUSAGE_SELF, &before);
	times(&tms1);
	compute(60);
	getrusage(RUSAGE_SELF, &after);
	times(&tms2);
	ok(us_of(after.ru_utime) + us_of(after.ru_stime) -
		   us_of(before.ru_utime) - us_of(before.ru_stime) >= 50000,
	   "getrusage sees what was computed");
	ok(us_of(after.ru_utime) >= us_of(before.ru_utime) &&
		   us_of(after.ru_stime) >= us_of(before.ru_stime),
	   "neither of its times goes back");
	ok(tms2.tms_utime + tms2.tms_stime >= tms1.tms_utime + tms1.tms_stime + 3,
	   "so does times, in ticks of 10 ms");
	own = ns_of(CLOCK_THREAD_CPUTIME_ID);
	ok(own <= ns_of(CLOCK_PROCESS_CPUTIME_ID),
	   "the only thread has used no more than the process");
	fails(getrusage(5, &after), EINVAL, "getrusage of something else fails with EINVAL");
}

static int compute_in_child(void)
{
	compute(60);
	return 0;
}

static void test_children(void)
{
	struct rusage before, running, after, own;
	struct tms tms;
	siginfo_t si;
	pid_t pid;

	getrusage(RUSAGE_CHILDREN, &before);
	pid = tap_fork();
	if (pid == 0)
		_exit(compute_in_child());
	waitid(P_PID, pid, &si, WEXITED | WNOWAIT);
	getrusage(RUSAGE_CHILDREN, &running);
	ok(us_of(running.ru_utime) == us_of(before.ru_utime),
	   "a child's time does not count before it is collected");
	wait4(pid, NULL, 0, &own);
	getrusage(RUSAGE_CHILDREN, &after);
	times(&tms);
	ok(us_of(own.ru_utime) + us_of(own.ru_stime) >= 50000, "wait4 says what the child used");
	ok(us_of(after.ru_utime) + us_of(after.ru_stime) >=
	   us_of(before.ru_utime) + us_of(before.ru_stime) + 50000, "afterwards it counts");
	ok(tms.tms_cutime + tms.tms_cstime >= 4, "for times as well");
}

static void test_faults(void)
{
	struct rusage before, after;
	unsigned char *p = must_map(200 * PS, RW, ANON, -1, 0);

	getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < 200; i++)
		p[i * PS] = 1;
	getrusage(RUSAGE_SELF, &after);
	ok(after.ru_minflt - before.ru_minflt >= 200 && after.ru_minflt - before.ru_minflt < 400,
	   "two hundred pages touched are two hundred minor faults");
	ok(after.ru_maxrss > 200 * 4 && after.ru_maxrss >= before.ru_maxrss,
	   "and count in the largest resident size");
	unmap(p, 200 * PS);
}

static void set_timer(int which, long first_us, long every_us)
{
	struct itimerval it = { .it_value = { 0, first_us }, .it_interval = { 0, every_us } };

	if (setitimer(which, &it, NULL) != 0)
		bail_out("setitimer %d: errno %d", which, errno);
}

static void test_cpu_timer(int which, int sig, const char *name)
{
	struct itimerval it;
	long long before = ns_of(CLOCK_PROCESS_CPUTIME_ID), used;

	hits = 0;
	signal(sig, count);
	set_timer(which, 20000, 20000);
	ok(getitimer(which, &it) == 0 && it.it_value.tv_sec == 0 && it.it_value.tv_usec > 0 &&
	   it.it_value.tv_usec <= 30000 && it.it_interval.tv_usec >= 20000,
	   "%s: getitimer says what is left and the interval", name);
	sleep_ms(100);
	used = ns_of(CLOCK_PROCESS_CPUTIME_ID) - before;
	ok(hits <= 1 + used / 20000000, "%s: it does not count while the process sleeps", name);
	while (hits < 3)
		work++;
	ok(1, "%s: it comes again and again while it computes", name);
	set_timer(which, 0, 0);
	hits = 0;
	compute(60);
	is(hits, 0, "%s: once off it comes no more", name);
	signal(sig, SIG_DFL);
}

/*
 * Less than a tick at a time, each begun with the CPU just got, and rests that last beyond the
 * tick: none ever comes while the process runs.
 */
static void test_bursts(int which, int sig, const char *name)
{
	long long end;

	hits = 0;
	signal(sig, count);
	set_timer(which, 20000, 20000);
	for (int i = 0; i < 100; i++) {
		end = ns_of(CLOCK_THREAD_CPUTIME_ID) + 3000000;
		while (ns_of(CLOCK_THREAD_CPUTIME_ID) < end)
			for (int n = 0; n < 10000; n++)
				work++;
		sleep_ms(9);
	}
	set_timer(which, 0, 0);
	signal(sig, SIG_DFL);
	ok(hits > 3, "%s: it comes though the process rests before each tick", name);
}

static int killed_by_timer(void)
{
	set_timer(ITIMER_VIRTUAL, 10000, 0);
	for (;;)
		work++;
	return 0;
}

static void test_timers(void)
{
	struct itimerval it = { .it_value = { 0, 1000000 } };

	test_cpu_timer(ITIMER_VIRTUAL, SIGVTALRM, "ITIMER_VIRTUAL");
	test_cpu_timer(ITIMER_PROF, SIGPROF, "ITIMER_PROF");
	test_bursts(ITIMER_VIRTUAL, SIGVTALRM, "ITIMER_VIRTUAL");
	test_bursts(ITIMER_PROF, SIGPROF, "ITIMER_PROF");
	is(in_child(killed_by_timer), KILLED_BY(SIGVTALRM), "SIGVTALRM ends a process by default");
	fails(setitimer(ITIMER_REAL, &it, NULL), EINVAL, "a million microseconds fail with EINVAL");
	it.it_value = (struct timeval){ -1, 0 };
	fails(setitimer(ITIMER_REAL, &it, NULL), EINVAL, "a negative time fails with EINVAL");
	it.it_value = (struct timeval){ 0, 0 };
	fails(setitimer(3, &it, NULL), EINVAL, "a timer that does not exist fails with EINVAL");
	fails(getitimer(3, &it), EINVAL, "nor can it be read");
	fails(syscall(SYS_setitimer, ITIMER_REAL, 8L, NULL), EFAULT, "a bad pointer fails with EFAULT");
}

static void test_sleeps(void)
{
	struct timespec t = { 0, 20000000 }, bad = { 0, 1000000000 };
	long long before = ns_of(CLOCK_MONOTONIC);

	is(nanosleep(&t, NULL), 0, "nanosleep sleeps");
	ok(ns_of(CLOCK_MONOTONIC) - before >= 20000000, "no less than it was asked to");
	fails(nanosleep(&bad, NULL), EINVAL, "a thousand million nanoseconds fail with EINVAL");
	bad = (struct timespec){ -1, 0 };
	fails(nanosleep(&bad, NULL), EINVAL, "a negative time fails with EINVAL");
	fails(syscall(SYS_nanosleep, 8L, NULL), EFAULT, "a bad pointer fails with EFAULT");
	is(clock_nanosleep(77, 0, &t, NULL), EINVAL, "clock_nanosleep by no clock fails with EINVAL");
	for (int i = 0; i < 2; i++) {
		clockid_t clock = i ? CLOCK_REALTIME : CLOCK_MONOTONIC;

		clock_gettime(clock, &t);
		t.tv_nsec += 20000000;
		if (t.tv_nsec >= 1000000000) {
			t.tv_sec++;
			t.tv_nsec -= 1000000000;
		}
		ok(clock_nanosleep(clock, TIMER_ABSTIME, &t, NULL) == 0 &&
		   ns_of(clock) >= t.tv_sec * 1000000000LL + t.tv_nsec, "clock_nanosleep sleeps until a time");
		is(clock_nanosleep(clock, TIMER_ABSTIME, &t, NULL), 0, "and not at all once that is over");
	}
}

int main(void)
{
	test_clocks();
	test_cpu_time();
	test_children();
	test_faults();
	test_timers();
	test_sleeps();
	return done();
}
