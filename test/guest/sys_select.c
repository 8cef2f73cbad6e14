/*
 * select and pselect6: sets of descriptors, timeouts, masks, errors.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define want_errno(call, wanted) want_eq((call) == -1 ? errno : 0, (wanted))

static int fd[2];
static volatile sig_atomic_t seen;

static void on_signal(int sig)
{
	seen = sig;
}

static fd_set one(int n)
{
	fd_set s;

	FD_ZERO(&s);
	FD_SET(n, &s);
	return s;
}

static void test_ready(void)
{
	fd_set r = one(fd[0]), w = one(fd[1]);
	struct timeval none = {0, 0};

	want_eq(select(fd[1] + 1, &r, &w, NULL, &none), 1);
	want(!FD_ISSET(fd[0], &r) && FD_ISSET(fd[1], &w));
	want_eq(write(fd[1], "x", 1), 1);
	r = one(fd[0]);
	w = one(fd[1]);
	want_eq(select(fd[1] + 1, &r, &w, NULL, NULL), 2);
	want(FD_ISSET(fd[0], &r) && FD_ISSET(fd[1], &w));
	verdict("select tells what can be read and written");

	r = one(fd[0]);
	want_eq(select(fd[0], &r, NULL, NULL, &none), 0);
	verdict("select looks at no descriptor from the number on");

	r = one(fd[0]);
	FD_SET(31, &r);
	want_eq(select(fd[0] + 1, &r, NULL, NULL, &none), 1);
	want(FD_ISSET(fd[0], &r) && !FD_ISSET(31, &r));
	verdict("and clears its bit, if it is in the last word");
}

static void test_hang_up(void)
{
	struct timeval some = {0, 30000};
	int p[2];
	fd_set r, x;

	want_eq(pipe(p), 0);
	close(p[1]);
	r = one(p[0]);
	want_eq(select(p[0] + 1, &r, NULL, NULL, NULL), 1);
	x = one(p[0]);
	want_eq(select(p[0] + 1, NULL, NULL, &x, &some), 0);
	want(!FD_ISSET(p[0], &x));
	close(p[0]);
	verdict("select: a hang-up can be read and is no exception");

	want_eq(pipe(p), 0);
	close(p[0]);
	r = one(p[1]);
	x = one(p[1]);
	want_eq(select(p[1] + 1, &r, &x, NULL, NULL), 2);
	close(p[1]);
	verdict("select: a pipe without readers is readable and writable");
}

static void test_timeout(void)
{
	struct timespec a, b, wait = {0, 50000000};
	struct timeval tv = {0, 50000};
	fd_set r = one(fd[0]);
	char c;

	want_eq(read(fd[0], &c, 1), 1);
	clock_gettime(CLOCK_MONOTONIC, &a);
	want_eq(select(fd[0] + 1, &r, NULL, NULL, &tv), 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	want((b.tv_sec - a.tv_sec) * 1000000000ll + b.tv_nsec - a.tv_nsec >= 50000000);
	want(!FD_ISSET(fd[0], &r));
	want(tv.tv_sec == 0 && tv.tv_usec == 0);
	want_eq(pselect(0, NULL, NULL, NULL, &wait, NULL), 0);
	verdict("select and pselect wait for their timeout");

	tv = (struct timeval){-1, 0};
	want_errno(select(0, NULL, NULL, NULL, &tv), EINVAL);
	wait.tv_nsec = 1000000000;
	want_errno(pselect(0, NULL, NULL, NULL, &wait, NULL), EINVAL);
#ifdef SYS__newselect
	tv = (struct timeval){0, -1};
	want_errno(syscall(SYS__newselect, 0, NULL, NULL, NULL, &tv), EINVAL);
	tv = (struct timeval){-1, 1500000};
	r = one(fd[1]);
	want_errno(syscall(SYS__newselect, fd[1] + 1, NULL, &r, NULL, &tv), 0);
	want(FD_ISSET(fd[1], &r));
	want_errno(syscall(SYS_select, (long[5]){fd[1] + 1, 0, (long)&r, 0, (long)&tv}), 0);
#endif
	verdict("select refuses times that are none");
}

static void wake_by_write(void *arg)
{
	struct timespec ts = {0, 30000000};

	(void)arg;
	nanosleep(&ts, NULL);
	want_eq(write(fd[1], "y", 1), 1);
}

static void test_wake(void)
{
	pid_t pid = child_start(wake_by_write, NULL);
	struct timeval tv = {20, 0};
	fd_set r = one(fd[0]);
	char c;

	want_eq(select(fd[0] + 1, &r, NULL, NULL, &tv), 1);
	want(FD_ISSET(fd[0], &r));
	want_eq(read(fd[0], &c, 1), 1);
	want_eq(wait_for(pid), 0);
	want(tv.tv_sec < 20 && tv.tv_sec >= 0);
	verdict("select wakes for a write and tells the time that was left");
}

static void test_mask(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct timespec wait = {20, 0};
	sigset_t block, old, open;
	fd_set r = one(fd[0]);

	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	sigprocmask(SIG_BLOCK, &block, &old);
	raise(SIGUSR1);
	want_eq(seen, 0);
	open = old;
	want_errno(pselect(fd[0] + 1, &r, NULL, NULL, &wait, &open), EINTR);
	want_eq(seen, SIGUSR1);
	want(FD_ISSET(fd[0], &r));
	sigprocmask(SIG_SETMASK, NULL, &open);
	want(sigismember(&open, SIGUSR1));
	sigprocmask(SIG_SETMASK, &old, NULL);
	verdict("pselect takes a signal that its mask lets through, and puts the mask back");

	want_errno(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &wait,
			   (unsigned long[2]){(unsigned long)&open, 4}), EINVAL);
	verdict("pselect6: a mask of another size is EINVAL");
}

static void test_errors(void)
{
	struct timeval none = {0, 0};
	fd_set r = one(fd[0]);

	FD_SET(40, &r);
	close(40);
	want_errno(select(50, &r, NULL, NULL, &none), EBADF);
	want(FD_ISSET(fd[0], &r) && FD_ISSET(40, &r));
	want_errno(select(-1, NULL, NULL, NULL, &none), EINVAL);
	want_errno(syscall(SYS_pselect6, 8, (void *)-4096, NULL, NULL, NULL, NULL), EFAULT);
	verdict("select: errors, which leave the sets alone");
}

#define MANY 600

static void test_many(void)
{
	struct timeval none = {0, 0};
	int last = fd[0];
	fd_set r;

	FD_ZERO(&r);
	want_eq(write(fd[1], "z", 1), 1);
	for (int i = 0; i < MANY; i++) {
		last = dup(fd[0]);
		if (last < 0)
			break;
		FD_SET(last, &r);
	}
	want_eq(select(last + 1, &r, NULL, NULL, &none), MANY);
	for (int i = last; i > last - MANY; i--)
		close(i);
	verdict("select of hundreds of descriptors");
}

int main(void)
{
	if (pipe(fd) < 0)
		bail_out("pipe: errno %d", errno);
	test_ready();
	test_hang_up();
	test_timeout();
	test_wake();
	test_mask();
	test_errors();
	test_many();
	return done();
}
