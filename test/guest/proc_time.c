/*
 * Clocks, sleeping, interval timers, and the accounts of processor time. What is asked of a sleep
 * is that it be no shorter than it was asked to be; how much longer it is, is nobody's promise.
 */
#include "child.h"

#include <sys/time.h>
#include <sys/times.h>

static int64_t ns_of(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t now(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) != 0)
		return -1;
	return ns_of(t);
}

/* Computes until `clock` has advanced by `ns`; gives up after a minute. */
static bool compute_until(clockid_t clock, int64_t ns)
{
	int64_t start = now(clock), begin = now(CLOCK_MONOTONIC);

	while (now(clock) - start < ns) {
		for (volatile int i = 0; i < 10000; i++)
			;
		if (now(CLOCK_MONOTONIC) - begin > 60000000000)
			return false;
	}
	return true;
}

static void test_clocks(void)
{
	static const struct {
		clockid_t id;
		const char *name;
	} clocks[] = {
		{ CLOCK_REALTIME, "CLOCK_REALTIME" },
		{ CLOCK_MONOTONIC, "CLOCK_MONOTONIC" },
		{ CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID" },
		{ CLOCK_THREAD_CPUTIME_ID, "CLOCK_THREAD_CPUTIME_ID" },
		{ CLOCK_MONOTONIC_RAW, "CLOCK_MONOTONIC_RAW" },
		{ CLOCK_REALTIME_COARSE, "CLOCK_REALTIME_COARSE" },
		{ CLOCK_MONOTONIC_COARSE, "CLOCK_MONOTONIC_COARSE" },
		{ CLOCK_BOOTTIME, "CLOCK_BOOTTIME" },
	};

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		struct timespec t = { -1, -1 }, res = { -1, -1 };

		want_eq(clock_gettime(clocks[i].id, &t), 0);
		want(t.tv_sec >= 0 && t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
		want_eq(clock_getres(clocks[i].id, &res), 0);
		want(res.tv_sec == 0 && res.tv_nsec >= 1 && res.tv_nsec <= 20000000);
		want_eq(clock_getres(clocks[i].id, NULL), 0);
		verdict("%s has a time and a resolution", clocks[i].name);
	}
	fails(clock_gettime(99, &(struct timespec){ 0 }), EINVAL,
	   "clock_gettime of clock 99 fails with EINVAL");
	fails(clock_getres(99, &(struct timespec){ 0 }), EINVAL,
	   "clock_getres of clock 99 fails with EINVAL");
	fails(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8L), EFAULT,
	   "clock_gettime to a bad pointer fails with EFAULT");
	fails(syscall(SYS_clock_getres, CLOCK_MONOTONIC, 8L), EFAULT,
	   "clock_getres to a bad pointer fails with EFAULT");
}

static void test_order(void)
{
	int64_t last = now(CLOCK_MONOTONIC), t;
	int back = 0;

	for (int i = 0; i < 2000; i++) {
		t = now(CLOCK_MONOTONIC);
		back += t < last;
		last = t;
	}
	is(back, 0, "CLOCK_MONOTONIC never goes back");
	t = now(CLOCK_MONOTONIC);
	sleep_ms(5);
	ok(now(CLOCK_MONOTONIC) > t, "and goes on while the process sleeps");
	ok(now(CLOCK_REALTIME) > 1600000000LL * 1000000000,
	   "CLOCK_REALTIME is later than September 2020");
}

/* A child on another processor must not see an earlier time than its parent wrote. */
static void test_order_between_processes(void)
{
	volatile int64_t *at = shared_memory(PS);
	struct gate g;
	int back = 0;

	gate_init(&g);
	for (int i = 0; i < 50; i++) {
		pid_t pid = tap_fork();

		if (pid == 0) {
			gate_wait(&g);
			_exit(now(CLOCK_MONOTONIC) < *at);
		}
		*at = now(CLOCK_MONOTONIC);
		gate_open(&g);
		back += end_of(pid) != 0;
	}
	is(back, 0, "CLOCK_MONOTONIC is in order between processes");
	gate_free(&g);
}

static void test_gettimeofday(void)
{
	struct timeval a, b;
	int64_t between;

	want_eq(gettimeofday(&a, NULL), 0);
	between = now(CLOCK_REALTIME) / 1000;
	want_eq(gettimeofday(&b, NULL), 0);
	want(a.tv_usec >= 0 && a.tv_usec < 1000000);
	want((int64_t)a.tv_sec * 1000000 + a.tv_usec <= between);
	want((int64_t)b.tv_sec * 1000000 + b.tv_usec >= between);
	verdict("gettimeofday is CLOCK_REALTIME in microseconds");
	fails(syscall(SYS_gettimeofday, 8L, NULL), EFAULT,
	   "gettimeofday to a bad pointer fails with EFAULT");
}

static void test_nanosleep(void)
{
	static const long ms[] = { 0, 1, 3, 10, 25 };
	struct timespec t;

	for (size_t i = 0; i < sizeof(ms) / sizeof(ms[0]); i++) {
		int64_t start = now(CLOCK_MONOTONIC);

		t = (struct timespec){ 0, ms[i] * 1000000 };
		want_eq(nanosleep(&t, NULL), 0);
		want(now(CLOCK_MONOTONIC) - start >= ms[i] * 1000000);
	}
	verdict("nanosleep sleeps no less than it is asked to");
	t = (struct timespec){ 0, 1000000000 };
	fails(nanosleep(&t, NULL), EINVAL,
	   "nanosleep of a whole second of nanoseconds fails with EINVAL");
	t.tv_nsec = -1;
	fails(nanosleep(&t, NULL), EINVAL, "nanosleep of negative nanoseconds fails with EINVAL");
	t = (struct timespec){ -1, 0 };
	fails(nanosleep(&t, NULL), EINVAL, "nanosleep of negative seconds fails with EINVAL");
	fails(syscall(SYS_nanosleep, 8L, NULL), EFAULT,
	   "nanosleep from a bad pointer fails with EFAULT");
}

static void test_clock_nanosleep(void)
{
	struct timespec t, zero = { 0, 0 };
	int64_t start = now(CLOCK_MONOTONIC), goal = start + 10000000;

	t = (struct timespec){ goal / 1000000000, goal % 1000000000 };
	want_eq(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
	want(now(CLOCK_MONOTONIC) >= goal);
	verdict("clock_nanosleep with TIMER_ABSTIME wakes no earlier than that time");
	goal = now(CLOCK_REALTIME) + 5000000;
	t = (struct timespec){ goal / 1000000000, goal % 1000000000 };
	want_eq(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL), 0);
	want(now(CLOCK_REALTIME) >= goal);
	verdict("by CLOCK_REALTIME too");
	is(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &zero, NULL), 0,
	   "a time in the past returns at once");
	start = now(CLOCK_BOOTTIME);
	t = (struct timespec){ 0, 2000000 };
	ok(clock_nanosleep(CLOCK_BOOTTIME, 0, &t, NULL) == 0 &&
	   now(CLOCK_BOOTTIME) - start >= 2000000,
	   "clock_nanosleep sleeps by CLOCK_BOOTTIME");
	is(clock_nanosleep(99, 0, &zero, NULL), EINVAL,
	   "clock_nanosleep of clock 99 fails with EINVAL");
	is(clock_nanosleep(CLOCK_MONOTONIC_RAW, 0, &zero, NULL), EOPNOTSUPP,
	   "clock_nanosleep by CLOCK_MONOTONIC_RAW fails with EOPNOTSUPP");
	fails(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &zero, NULL), EOPNOTSUPP,
	   "so does the call by CLOCK_THREAD_CPUTIME_ID");
	t = (struct timespec){ 0, 2000000000 };
	is(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL), EINVAL,
	   "clock_nanosleep of two billion nanoseconds fails with EINVAL");
}

static void test_many_sleepers(void)
{
	enum { n = 50 };
	pid_t pids[n];
	int bad = 0;

	for (int i = 0; i < n; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0) {
			int64_t start = now(CLOCK_MONOTONIC), ms = 1 + i * 7 % 40;

			sleep_ms(ms);
			_exit(now(CLOCK_MONOTONIC) - start >= ms * 1000000 ? 0 : 1);
		}
	}
	for (int i = 0; i < n; i++)
		bad += end_of(pids[i]) != 0;
	is(bad, 0, "fifty processes sleep for different times at once");
}

static void test_cpu_clocks(void)
{
	ok(compute_until(CLOCK_PROCESS_CPUTIME_ID, 5000000),
	   "CLOCK_PROCESS_CPUTIME_ID advances while the process computes");
	ok(compute_until(CLOCK_THREAD_CPUTIME_ID, 5000000), "so does CLOCK_THREAD_CPUTIME_ID");
	ok(cpu_of_sleep(200) < 100000000, "but not while it sleeps");
}

static int compute_50ms(void)
{
	return compute_until(CLOCK_PROCESS_CPUTIME_ID, 50000000) ? 0 : 1;
}

static int64_t us_of(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

static void test_times(void)
{
	struct tms before, after;
	clock_t start = times(&before), end;

	want(start != (clock_t)-1);
	want(compute_until(CLOCK_PROCESS_CPUTIME_ID, 50000000));
	end = times(&after);
	want(end > start);
	want(after.tms_utime + after.tms_stime > before.tms_utime + before.tms_stime);
	verdict("times counts the process's own time");
	want_eq(in_child(compute_50ms), 0);
	times(&after);
	want(after.tms_cutime + after.tms_cstime > before.tms_cutime + before.tms_cstime);
	verdict("and that of children that were waited for");
	ok(syscall(SYS_times, NULL) != -1, "times takes a null pointer");
	fails(syscall(SYS_times, 8L), EFAULT, "times to a bad pointer fails with EFAULT");
}

static void test_getrusage(void)
{
	struct rusage self, again, children;
	unsigned char *p;

	want_eq(getrusage(RUSAGE_SELF, &self), 0);
	want_eq(getrusage(RUSAGE_CHILDREN, &children), 0);
	want(self.ru_utime.tv_usec >= 0 && self.ru_utime.tv_usec < 1000000);
	want(us_of(self.ru_utime) + us_of(self.ru_stime) > 0);
	want(us_of(children.ru_utime) + us_of(children.ru_stime) > 0);
	verdict("getrusage knows the time of the process and of its children");
	p = must_map(64 * PS, RW, ANON, -1, 0);
	for (int i = 0; i < 64; i++)
		p[i * PS] = 1;
	want_eq(getrusage(RUSAGE_SELF, &again), 0);
	want(again.ru_minflt > self.ru_minflt);
	want(again.ru_maxrss >= 64 * 4);
	unmap(p, 64 * PS);
	verdict("getrusage counts page faults and the largest resident size");
	is(getrusage(RUSAGE_THREAD, &again), 0, "getrusage knows the thread");
	fails(getrusage(7, &again), EINVAL, "getrusage of an unknown kind fails with EINVAL");
	fails(syscall(SYS_getrusage, RUSAGE_SELF, 8L), EFAULT,
	   "getrusage to a bad pointer fails with EFAULT");
}

static void test_setitimer(void)
{
	struct itimerval it = { .it_interval = { 50, 7 }, .it_value = { 100, 0 } }, old;

	want_eq(setitimer(ITIMER_REAL, &it, NULL), 0);
	it.it_value.tv_sec = 200;
	want_eq(setitimer(ITIMER_REAL, &it, &old), 0);
	want(us_of(old.it_value) > 0 && us_of(old.it_value) <= 100000000);
	want(old.it_interval.tv_sec == 50 && old.it_interval.tv_usec == 7);
	verdict("setitimer gives back what was left and the interval");
	memset(&it, 0, sizeof(it));
	want_eq(setitimer(ITIMER_REAL, &it, &old), 0);
	want(us_of(old.it_value) > 100000000);
	want_eq(setitimer(ITIMER_REAL, &it, &old), 0);
	want_eq(us_of(old.it_value), 0);
	verdict("a value of 0 takes the timer back");
	it.it_value.tv_usec = 1000000;
	fails(setitimer(ITIMER_REAL, &it, NULL), EINVAL,
	   "setitimer of a whole second of microseconds fails with EINVAL");
	it.it_value = (struct timeval){ -1, 0 };
	fails(setitimer(ITIMER_REAL, &it, NULL), EINVAL,
	   "setitimer of negative seconds fails with EINVAL");
	it.it_value = (struct timeval){ 0, 0 };
	it.it_value = (struct timeval){ 0, __LONG_MAX__ / 500 };
	fails(setitimer(ITIMER_REAL, &it, NULL), EINVAL,
	   "setitimer of more microseconds than nanoseconds can count fails with EINVAL");
	it.it_value = (struct timeval){ 0, 0 };
	fails(setitimer(3, &it, NULL), EINVAL, "setitimer of an unknown timer fails with EINVAL");
	fails(syscall(SYS_setitimer, ITIMER_REAL, 8L, NULL), EFAULT,
	   "setitimer from a bad pointer fails with EFAULT");
	fails(syscall(SYS_setitimer, ITIMER_REAL, &it, 8L), EFAULT,
	   "setitimer to a bad pointer fails with EFAULT");
}

static volatile int fired;

static void on_timer(int sig)
{
	fired = sig;
}

static void test_cpu_timers(void)
{
	static const struct {
		int which, sig;
		const char *name;
	} timers[] = {
		{ ITIMER_VIRTUAL, SIGVTALRM,
		   "ITIMER_VIRTUAL raises SIGVTALRM after time spent computing" },
		{ ITIMER_PROF, SIGPROF, "ITIMER_PROF raises SIGPROF after time spent computing" },
	};
	struct itimerval it = { .it_value = { 0, 20000 } }, none = { 0 };

	for (int i = 0; i < 2; i++) {
		int64_t begin = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);

		fired = 0;
		signal(timers[i].sig, on_timer);
		want_eq(setitimer(timers[i].which, &it, NULL), 0);
		while (!fired && now(CLOCK_MONOTONIC) - begin < 60000000000)
			for (volatile int n = 0; n < 10000; n++)
				;
		want_eq(fired, timers[i].sig);
		want(now(CLOCK_PROCESS_CPUTIME_ID) - cpu >= 10000000);
		setitimer(timers[i].which, &none, NULL);
		signal(timers[i].sig, SIG_DFL);
		verdict("%s", timers[i].name);
	}
}

int main(void)
{
	test_clocks();
	test_order();
	test_order_between_processes();
	test_gettimeofday();
	test_nanosleep();
	test_clock_nanosleep();
	test_many_sleepers();
	test_cpu_clocks();
	test_times();
	test_getrusage();
	test_setitimer();
	test_cpu_timers();
	return done();
}
