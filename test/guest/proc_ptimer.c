/*
 * POSIX timers: timer_create, timer_settime, timer_gettime, timer_getoverrun, timer_delete.
 */
#include "child.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static volatile int rung;
static volatile siginfo_t last;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	memcpy((void *)&last, info, sizeof(last));
	rung++;
}

static void handle(int sig)
{
	struct sigaction sa = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };

	sigaction(sig, &sa, NULL);
}

static void block(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(how, &set, NULL);
}

static struct itimerspec in_ms(long first, long interval)
{
	return (struct itimerspec){ { interval / 1000, interval % 1000 * 1000000 },
		{ first / 1000, first % 1000 * 1000000 } };
}

static timer_t make(clockid_t clock, int notify, int sig, int value)
{
	struct sigevent ev = { .sigev_notify = notify, .sigev_signo = sig };
	timer_t t = 0;

	ev.sigev_value.sival_int = value;
	if (timer_create(clock, &ev, &t))
		bail_out("timer_create: errno %d", errno);
	return t;
}

static bool is_off(timer_t t)
{
	struct itimerspec now;

	return timer_gettime(t, &now) == 0 && !now.it_value.tv_sec && !now.it_value.tv_nsec;
}

/* Waits until the signals are `n` and more; returns whether they came to be. */
static bool rings(int n)
{
	for (int i = 0; i < LOOKS && rung < n; i++)
		sleep_ms(1);
	return rung >= n;
}

/* Nothing that a test waits for takes so long. */
static const struct timespec patience = { 30, 0 };

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void test_once(void)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME,
		CLOCK_TAI };
	struct itimerspec set = in_ms(5, 0), now;
	timer_t t;

	handle(SIGUSR1);
	for (int i = 0; i < 4; i++) {
		rung = 0;
		t = make(clocks[i], SIGEV_SIGNAL, SIGUSR1, 77 + i);
		want(is_off(t));
		want_eq(timer_settime(t, 0, &set, NULL), 0);
		want(becomes(&rung, 1));
		want_eq(last.si_signo, SIGUSR1);
		want_eq(last.si_code, SI_TIMER);
		want_eq(last.si_value.sival_int, 77 + i);
		want_eq(last.si_overrun, 0);
		want(is_off(t));
		want_eq(timer_getoverrun(t), 0);
		want_eq(timer_delete(t), 0);
	}
	verdict("a timer rings once, by each clock, with its value");
	t = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
	set = in_ms(100000, 3000);
	want_eq(timer_settime(t, 0, &set, NULL), 0);
	want_eq(timer_gettime(t, &now), 0);
	want(now.it_value.tv_sec > 90 && now.it_value.tv_sec <= 100);
	want(now.it_interval.tv_sec == 3 && now.it_interval.tv_nsec == 0);
	set = in_ms(0, 5000);
	want_eq(timer_settime(t, 0, &set, &now), 0);
	want(now.it_value.tv_sec > 90 && now.it_interval.tv_sec == 3);
	want(is_off(t));
	verdict("timer_gettime and timer_settime tell what is left");
	want_eq(timer_delete(t), 0);
}

static void test_absolute(void)
{
	struct itimerspec set = in_ms(0, 0);
	timer_t t = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 1);
	timer_t r = make(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 2);

	rung = 0;
	clock_gettime(CLOCK_MONOTONIC, &set.it_value);
	set.it_value.tv_sec += 50;
	want_eq(timer_settime(t, TIMER_ABSTIME, &set, NULL), 0);
	want_eq(timer_gettime(t, &set), 0);
	want(set.it_value.tv_sec >= 40 && set.it_value.tv_sec <= 50);
	clock_gettime(CLOCK_REALTIME, &set.it_value);
	set.it_value.tv_sec += 50;
	want_eq(timer_settime(r, TIMER_ABSTIME, &set, NULL), 0);
	want_eq(timer_gettime(r, &set), 0);
	want(set.it_value.tv_sec >= 40 && set.it_value.tv_sec <= 50);
	want_eq(rung, 0);
	set.it_value = (struct timespec){ 1, 0 };
	want_eq(timer_settime(r, TIMER_ABSTIME, &set, NULL), 0);
	want(becomes(&rung, 1));
	want_eq(last.si_value.sival_int, 2);
	verdict("TIMER_ABSTIME: by the timer's clock; a time that is over rings at once");
	timer_delete(t);
	timer_delete(r);
}

static void test_interval(void)
{
	struct itimerspec set = in_ms(2, 2);
	timer_t t = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 3);

	rung = 0;
	want_eq(timer_settime(t, 0, &set, NULL), 0);
	want(rings(5));
	want_eq(timer_delete(t), 0);
	rung = 0;
	sleep_ms(20);
	want_eq(rung, 0);
	verdict("an interval rings again and again, until it is deleted");
}

/* While its signal is blocked a timer counts: one signal, and the expirations it stands for. */
static void test_overrun(void)
{
	struct itimerspec set = in_ms(5, 5);
	int sigs[2] = { SIGUSR1, SIGRTMIN + 3 };
	siginfo_t info;
	sigset_t mask;

	handle(SIGRTMIN + 3);
	for (int i = 0; i < 2; i++) {
		timer_t t = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, sigs[i], 9);
		struct timespec none = { 0, 0 };
		int64_t begin = now_ms();

		block(SIG_BLOCK, sigs[i]);
		want_eq(timer_settime(t, 0, &set, NULL), 0);
		sleep_ms(103);
		want_eq(timer_getoverrun(t), 0);
		sigemptyset(&mask);
		sigaddset(&mask, sigs[i]);
		/* The CPU that has the timer may be late. */
		want_eq(sigtimedwait(&mask, &info, &patience), sigs[i]);
		want(info.si_overrun >= 18 && info.si_overrun <= (now_ms() - begin) / 5);
		want_eq(timer_getoverrun(t), info.si_overrun);
		want_eq(info.si_value.sival_int, 9);
		want_eq(timer_delete(t), 0);
		/* What is queued of it now goes with it. */
		want(sigtimedwait(&mask, &info, &none) == -1 && errno == EAGAIN);
		block(SIG_UNBLOCK, sigs[i]);
	}
	verdict("blocked, one signal is queued; si_overrun and timer_getoverrun count the others");
}

/* Two timers with one standard signal: each has its own entry in the queue. */
static void test_two(void)
{
	struct itimerspec set = in_ms(1, 0), old;
	timer_t t = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 21);
	timer_t u = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 22);
	struct timespec none = { 0, 0 };
	siginfo_t info;
	sigset_t mask;
	int sum = 0;

	block(SIG_BLOCK, SIGUSR1);
	want_eq(timer_settime(t, 0, &set, NULL), 0);
	want_eq(timer_settime(u, 0, &set, NULL), 0);
	sleep_ms(20);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	for (int i = 0; i < 2; i++) {
		want_eq(sigtimedwait(&mask, &info, &patience), SIGUSR1);
		sum += info.si_value.sival_int;
	}
	want_eq(sum, 43);
	want(sigtimedwait(&mask, &info, &none) == -1 && errno == EAGAIN);
	verdict("two timers with one signal are told apart");
	want_eq(timer_settime(t, 0, &set, NULL), 0);
	want_eq(timer_settime(u, 0, &set, NULL), 0);
	sleep_ms(20);
	set = in_ms(0, 0);
	want_eq(timer_settime(t, 0, &set, &old), 0);
	want_eq(sigtimedwait(&mask, &info, &patience), SIGUSR1);
	want_eq(info.si_value.sival_int, 22);
	want(sigtimedwait(&mask, &info, &none) == -1 && errno == EAGAIN);
	verdict("setting a timer takes back what is queued of it, and only that");
	block(SIG_UNBLOCK, SIGUSR1);
	timer_delete(t);
	timer_delete(u);
}

static void test_silent(void)
{
	struct itimerspec set = in_ms(10, 0), now;
	timer_t t = make(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);

	want_eq(timer_settime(t, 0, &set, NULL), 0);
	want(timer_gettime(t, &now) == 0 && now.it_value.tv_sec == 0);
	sleep_ms(15);
	want(is_off(t));
	set = in_ms(10, 100000);
	want_eq(timer_settime(t, 0, &set, NULL), 0);
	sleep_ms(15);
	want(timer_gettime(t, &now) == 0 && now.it_value.tv_sec >= 50);
	verdict("SIGEV_NONE: a timer to look at");
	timer_delete(t);
}

static void test_ignored(void)
{
	struct itimerspec set = in_ms(3, 3);
	timer_t t = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR2, 0);

	signal(SIGUSR2, SIG_IGN);
	want_eq(timer_settime(t, 0, &set, NULL), 0);
	sleep_ms(30);
	rung = 0;
	handle(SIGUSR2);
	want(rings(2));
	timer_delete(t);
	verdict("a signal that was ignored comes once it is not");
	t = make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR2, 0);
	block(SIG_BLOCK, SIGUSR2);
	want_eq(timer_settime(t, 0, &set, NULL), 0);
	sleep_ms(10);
	signal(SIGUSR2, SIG_IGN);
	handle(SIGUSR2);
	block(SIG_UNBLOCK, SIGUSR2);
	rung = 0;
	want(rings(2));
	timer_delete(t);
	verdict("a timer goes on whose queued signal was thrown away");
}

/* --- threads --- */

static volatile int tid_of_thread, tid_of_handler, leave;

static void on_thread_signal(int sig)
{
	(void)sig;
	tid_of_handler = (int)syscall(SYS_gettid);
}

static void *thread_with_timer(void *arg)
{
	(void)arg;
	tid_of_thread = (int)syscall(SYS_gettid);
	while (!leave)
		sleep_ms(1);
	return NULL;
}

static volatile int notified;

static void notify(union sigval v)
{
	notified = v.sival_int;
}

static void test_threads(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR2 };
	struct itimerspec set = in_ms(2, 0), again = in_ms(2, 2);
	pthread_t thread;
	timer_t t;

	signal(SIGUSR2, on_thread_signal);
	want_eq(pthread_create(&thread, NULL, thread_with_timer, NULL), 0);
	while (!tid_of_thread)
		sleep_ms(1);
	ev.sigev_notify_thread_id = tid_of_thread;
	want_eq(timer_create(CLOCK_MONOTONIC, &ev, &t), 0);
	want_eq(timer_settime(t, 0, &set, NULL), 0);
	want(becomes(&tid_of_handler, tid_of_thread));
	verdict("SIGEV_THREAD_ID: the signal is for that thread");
	want_eq(timer_settime(t, 0, &again, NULL), 0);
	leave = 1;
	pthread_join(thread, NULL);
	sleep_ms(10);
	tid_of_handler = 0;
	sleep_ms(20);
	want_eq(tid_of_handler, 0);
	want_eq(timer_delete(t), 0);
	verdict("and for nobody when it has ended");
	ev = (struct sigevent){ .sigev_notify = SIGEV_THREAD };
	ev.sigev_notify_function = notify;
	ev.sigev_value.sival_int = 31;
	want_eq(timer_create(CLOCK_REALTIME, &ev, &t), 0);
	want_eq(timer_settime(t, 0, &set, NULL), 0);
	want(becomes(&notified, 31));
	want_eq(timer_delete(t), 0);
	verdict("SIGEV_THREAD, as the C library makes it");
}

/* --- processes --- */

static volatile timer_t inherited;

static int use_parents(void)
{
	struct itimerspec now;

	return sys(SYS_timer_delete, inherited) == -EINVAL &&
		sys(SYS_timer_gettime, inherited, &now) == -EINVAL ? 0 : 1;
}

static int exec_within_ms;

static int arm_and_exec(void)
{
	char ms[12];
	char *argv[] = { "proc_ptimer", ms, NULL };
	struct itimerspec set = in_ms(exec_within_ms, 1);

	snprintf(ms, sizeof(ms), "%d", exec_within_ms);
	timer_settime(make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGKILL, 0), 0, &set, NULL);
	execv("/proc/self/exe", argv);
	return 1;
}

static int killed_by_timer(void)
{
	struct itimerspec set = in_ms(2, 0);

	timer_settime(make(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGTERM, 0), 0, &set, NULL);
	sleep_ms(60000);
	return 0;
}

/*
 * The executed program outlives the time for which the timer was set. Where a slow machine does
 * not come to execve in that time, the next try has more of it; only what no time mends fails.
 */
static void test_exec(void)
{
	int status = 0;

	for (exec_within_ms = 10; status != 5 && exec_within_ms < 10000; exec_within_ms *= 5)
		status = in_child(arm_and_exec);
	is(status, 5, "execve deletes them");
}

static void test_processes(void)
{
	timer_t t;

	want_eq(sys(SYS_timer_create, CLOCK_MONOTONIC, NULL, &t), 0);
	inherited = (timer_t)(long)*(int *)&t;
	want_eq(in_child(use_parents), 0);
	want_eq(sys(SYS_timer_delete, inherited), 0);
	verdict("timers are not inherited");
	is(in_child(killed_by_timer), KILLED_BY(SIGTERM), "a timer's signal ends a process");
	test_exec();
}

static void test_default(void)
{
	struct itimerspec set = in_ms(1, 0);
	int id = -1;

	handle(SIGALRM);
	rung = 0;
	want_eq(sys(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id), 0);
	want_eq(timer_settime((timer_t)(long)id, 0, &set, NULL), 0);
	want(becomes(&rung, 1));
	want_eq(last.si_signo, SIGALRM);
	want_eq(last.si_value.sival_int, id);
	want_eq(sys(SYS_timer_delete, id), 0);
	verdict("without a sigevent: SIGALRM, with the timer's number");
}

static void test_errors(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec set = in_ms(1, 0);
	int id = -1;

	want_eq(sys(SYS_timer_create, 77, &ev, &id), -EINVAL);
	want_eq(sys(SYS_timer_create, CLOCK_MONOTONIC_RAW, &ev, &id), -EOPNOTSUPP);
	want_eq(sys(SYS_timer_create, CLOCK_MONOTONIC_COARSE, &ev, &id), -EOPNOTSUPP);
	want_eq(sys(SYS_timer_create, 77, 1, &id), -EFAULT);
	want_eq(sys(SYS_timer_create, CLOCK_MONOTONIC, &ev, 1), -EFAULT);
	ev.sigev_signo = 65;
	want_eq(sys(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id), -EINVAL);
	ev.sigev_signo = 0;
	want_eq(sys(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id), -EINVAL);
	ev.sigev_signo = SIGUSR1;
	ev.sigev_notify = 3;
	want_eq(sys(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id), -EINVAL);
	ev.sigev_notify = SIGEV_THREAD_ID;
	ev.sigev_notify_thread_id = getppid();
	want_eq(sys(SYS_timer_create, CLOCK_MONOTONIC, &ev, &id), -EINVAL);
	verdict("timer_create: errors");
	want_eq(sys(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id), 0);
	want_eq(sys(SYS_timer_settime, id, 0, NULL, NULL), -EINVAL);
	want_eq(sys(SYS_timer_settime, id, 0, 1, NULL), -EFAULT);
	want_eq(sys(SYS_timer_settime, id + 1000, 0, &set, NULL), -EINVAL);
	set.it_value.tv_nsec = 1000000000;
	want_eq(sys(SYS_timer_settime, id, 0, &set, NULL), -EINVAL);
	set = in_ms(0, 0);
	set.it_interval.tv_sec = -1;
	want_eq(sys(SYS_timer_settime, id, 0, &set, NULL), -EINVAL);
	set = in_ms(0, 0);
	want_eq(sys(SYS_timer_settime, id, 0, &set, 1), -EFAULT);
	want_eq(sys(SYS_timer_gettime, id, 1), -EFAULT);
	want_eq(sys(SYS_timer_gettime, id + 1000, &set), -EINVAL);
	want_eq(sys(SYS_timer_getoverrun, -1), -EINVAL);
	want_eq(sys(SYS_timer_delete, id), 0);
	want_eq(sys(SYS_timer_delete, id), -EINVAL);
	verdict("the other calls: errors");
}

static int many_timers(void)
{
	struct rlimit r = { 100, 100 };
	struct itimerspec set = in_ms(1, 1);
	int id, made = 0;
	long err;

	signal(SIGALRM, SIG_IGN);
	if (setrlimit(RLIMIT_SIGPENDING, &r))
		return 1;
	while (made < 1000 && !(err = sys(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id))) {
		if (timer_settime((timer_t)(long)id, 0, &set, NULL))
			return 2;
		made++;
	}
	return made > 0 && made <= 100 && err == -EAGAIN ? 0 : 3;
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		sleep_ms(atoi(argv[1]) + 50);
		return 5;
	}
	test_once();
	test_absolute();
	test_interval();
	test_overrun();
	test_two();
	test_silent();
	test_ignored();
	test_threads();
	test_processes();
	test_default();
	test_errors();
	is(in_child(many_timers), 0, "RLIMIT_SIGPENDING is how many there can be: EAGAIN");
	return done();
}
