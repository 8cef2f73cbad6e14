/*
 * Signals taken without handlers, and sent with a value: rt_sigtimedwait, rt_sigqueueinfo,
 * rt_tgsigqueueinfo.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define want_errno(call, wanted) want_eq((call) == -1 ? errno : 0, (wanted))

static volatile sig_atomic_t seen;

static void on_signal(int sig)
{
	seen = sig;
}

static sigset_t set_of(int a, int b)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, a);
	if (b)
		sigaddset(&s, b);
	return s;
}

static void test_pending(void)
{
	sigset_t s = set_of(SIGUSR1, SIGRTMIN), left;
	struct timespec none = {0, 0}, some = {0, 30000000};
	union sigval v;
	siginfo_t info;

	sigprocmask(SIG_BLOCK, &s, NULL);
	want_errno(sigtimedwait(&s, NULL, &none), EAGAIN);
	want_errno(sigtimedwait(&s, NULL, &some), EAGAIN);
	kill(getpid(), SIGUSR1);
	want_eq(sigtimedwait(&s, &info, &none), SIGUSR1);
	want(info.si_signo == SIGUSR1 && info.si_code == SI_USER && info.si_pid == getpid());
	sigpending(&left);
	want(!sigismember(&left, SIGUSR1));
	verdict("rt_sigtimedwait takes what is pending, or waits for its timeout");

	for (int i = 1; i <= 3; i++) {
		v.sival_int = i;
		want_eq(sigqueue(getpid(), SIGRTMIN, v), 0);
	}
	for (int i = 1; i <= 3; i++) {
		want_eq(sigwaitinfo(&s, &info), SIGRTMIN);
		want(info.si_code == SI_QUEUE && info.si_value.sival_int == i);
		want(info.si_pid == getpid() && info.si_uid == getuid());
	}
	want_errno(sigtimedwait(&s, NULL, &none), EAGAIN);
	verdict("rt_sigqueueinfo: values arrive in order");
}

static void send_later(void *arg)
{
	struct timespec ts = {0, 30000000};

	nanosleep(&ts, NULL);
	kill(getppid(), *(int *)arg);
}

/* The first may come before its parent has begun to wait. */
static void send_often(void *arg)
{
	struct timespec ts = {0, 30000000};

	for (;;) {
		nanosleep(&ts, NULL);
		kill(getppid(), *(int *)arg);
	}
}

static void test_sleep(void)
{
	static const int ends = SIGTERM, ignored = SIGWINCH, other = SIGUSR2;
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	sigset_t s = set_of(SIGTERM, SIGWINCH);
	struct timespec wait = {60, 0};
	siginfo_t info;
	pid_t pid;

	sigprocmask(SIG_BLOCK, &s, NULL);
	pid = child_start(send_later, (void *)&ends);
	want_eq(sigtimedwait(&s, &info, &wait), SIGTERM);
	want_eq(info.si_pid, pid);
	want_eq(wait_for(pid), 0);
	pid = child_start(send_later, (void *)&ignored);
	want_eq(sigtimedwait(&s, NULL, &wait), SIGWINCH);
	want_eq(wait_for(pid), 0);
	verdict("rt_sigtimedwait sleeps until a signal comes, fatal or ignored as it may be");

	sigaction(SIGUSR2, &sa, NULL);
	pid = child_start(send_often, (void *)&other);
	want_errno(sigtimedwait(&s, NULL, &wait), EINTR);
	want_eq(seen, SIGUSR2);
	kill(pid, SIGKILL);
	want_eq(wait_for(pid), SIGKILL);
	verdict("rt_sigtimedwait: another signal's handler ends it, with SA_RESTART too");
}

static void *wait_in_thread(void *arg)
{
	siginfo_t info;
	sigset_t s = set_of(SIGUSR1, 0);

	return (void *)(long)(sigwaitinfo(&s, &info) == SIGUSR1 && info.si_code == *(int *)arg);
}

static void *wait_for_value(void *arg)
{
	sigset_t s = set_of(SIGRTMIN, 0);
	siginfo_t info;

	(void)arg;
	/* Linux wakes several threads for one signal: those that come too late get EINTR. */
	while (sigwaitinfo(&s, &info) < 0 && errno == EINTR)
		continue;
	return (void *)(long)info.si_value.sival_int;
}

static void test_threads(void)
{
	static const int user = SI_USER;
	struct timespec ts = {0, 30000000};
	pthread_t t, all[4];
	long sum = 0;
	void *good;

	pthread_create(&t, NULL, wait_in_thread, (void *)&user);
	nanosleep(&ts, NULL);
	kill(getpid(), SIGUSR1);
	pthread_join(t, &good);
	want(good);
	verdict("a thread that waits takes the process's signal");

	for (int i = 0; i < 4; i++)
		pthread_create(&all[i], NULL, wait_for_value, NULL);
	nanosleep(&ts, NULL);
	for (int i = 1; i <= 4; i++)
		sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 1 << i});
	for (int i = 0; i < 4; i++) {
		pthread_join(all[i], &good);
		sum += (long)good;
	}
	want_eq(sum, 30);
	verdict("of several signals sent at once every waiting thread takes one");
}

static long queue_raw(pid_t pid, int sig, int code)
{
	siginfo_t info;

	memset(&info, 0, sizeof info);
	info.si_code = code;
	info.si_value.sival_int = 77;
	return syscall(SYS_rt_sigqueueinfo, pid, sig, &info);
}

static void test_errors(void)
{
	struct timespec bad = {0, 1000000000};
	sigset_t s = set_of(SIGUSR1, SIGKILL);
	siginfo_t info;

	want_errno(sigtimedwait(&s, NULL, &bad), EINVAL);
	want_errno(syscall(SYS_rt_sigtimedwait, &s, NULL, NULL, 4), EINVAL);
	want_errno(syscall(SYS_rt_sigtimedwait, NULL, NULL, NULL, 8), EFAULT);
	want_errno(queue_raw(getppid(), 0, SI_USER), EPERM);
	want_errno(queue_raw(getppid(), 0, SI_TKILL), EPERM);
	want_eq(queue_raw(getppid(), 0, SI_QUEUE), 0);
	want_errno(queue_raw(getpid(), 65, SI_QUEUE), EINVAL);
	want_errno(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, NULL), EFAULT);
	want_errno(syscall(SYS_rt_tgsigqueueinfo, 0, 1, SIGUSR1, &(siginfo_t){0}), EINVAL);
	verdict("rt_sigtimedwait and rt_sigqueueinfo: errors");

	memset(&info, 0, sizeof info);
	info.si_code = SI_QUEUE;
	info.si_value.sival_int = 5;
	want_eq(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, &info), 0);
	memset(&info, 0, sizeof info);
	want_eq(sigwaitinfo(&s, &info), SIGUSR1);
	want(info.si_code == SI_QUEUE && info.si_value.sival_int == 5);
	verdict("rt_tgsigqueueinfo: to one thread, with a value");
}

int main(void)
{
	test_pending();
	test_sleep();
	test_threads();
	test_errors();
	return done();
}
