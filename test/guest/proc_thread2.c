/*
 * Threads that share less than most do, whose children a wait is for, and what is told of single
 * threads.
 *
 * exec-options: --cpus 4
 */
#include "child.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#define STACK (16 * PS)
#define THREAD (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

#ifndef __WNOTHREAD
#define __WNOTHREAD 0x20000000
#endif

static volatile int step, result, tid_word;

static pid_t tid_of_self(void)
{
	return (pid_t)syscall(SYS_gettid);
}

static void wait_step(int value)
{
	while (step < value)
		sched_yield();
}

/* A thread made by clone with these flags, whose end is waited for. */
static void run_thread(int (*body)(void *), unsigned long flags)
{
	unsigned char *stack = must_map(STACK, RW, ANON, -1, 0);

	tid_word = -1;
	want(clone(body, stack + STACK, (int)flags | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID,
		     NULL, &tid_word, NULL, &tid_word) > 0);
	while (tid_word)
		sched_yield();
	munmap(stack, STACK);
}

/* ---- What is shared ---- */

static int use_files(void *arg)
{
	(void)arg;
	result = sys(SYS_close, 9) == 0 && sys(SYS_dup3, 0, 10, 0) == 10;
	return 0;
}

static int use_folder(void *arg)
{
	(void)arg;
	result = sys(SYS_chdir, "/") == 0 && sys(SYS_umask, 055) == 022;
	return 0;
}

static void test_files(void)
{
	dup2(0, 9);
	close(10);
	run_thread(use_files, THREAD | CLONE_FS);
	want_eq(result, 1);
	want_eq(fcntl(9, F_GETFD), 0);
	want_eq(fcntl(10, F_GETFD), -1);
	verdict("CLONE_THREAD without CLONE_FILES: the thread's descriptors are its own");
	run_thread(use_files, THREAD | CLONE_FS | CLONE_FILES);
	want_eq(result, 1);
	want_eq(fcntl(9, F_GETFD), -1);
	want_eq(fcntl(10, F_GETFD), 0);
	close(10);
	verdict("with it they are the process's");
}

static void test_folder(void)
{
	char before[512], after[512];

	umask(022);
	want(getcwd(before, sizeof before));
	run_thread(use_folder, THREAD | CLONE_FILES);
	want_eq(result, 1);
	want(getcwd(after, sizeof after) && !strcmp(before, after));
	want_eq(umask(022), 022);
	verdict("CLONE_THREAD without CLONE_FS: folder and umask are the thread's own");
	run_thread(use_folder, THREAD | CLONE_FILES | CLONE_FS);
	want_eq(result, 1);
	want(getcwd(after, sizeof after) && !strcmp(after, "/"));
	want_eq(umask(022), 055);
	want_eq(chdir(before), 0);
	verdict("with it they are the process's");
}

/* Reads one end of a pipe while the other is open in a thread's own table only. */
static int hold_a_pipe(void *arg)
{
	sys(SYS_close, *(int *)arg);
	step = 1;
	wait_step(2);
	return 0;
}

static void test_pipe(void)
{
	unsigned char *stack = must_map(STACK, RW, ANON, -1, 0);
	int p[2];
	char c;

	want_eq(pipe(p), 0);
	step = 0;
	tid_word = -1;
	want(clone(hold_a_pipe, stack + STACK,
		     THREAD | CLONE_FS | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID, &p[0],
		     &tid_word, NULL, &tid_word) > 0);
	wait_step(1);
	close(p[1]);
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	want(read(p[0], &c, 1) == -1 && errno == EAGAIN);
	step = 2;
	while (tid_word)
		sched_yield();
	for (int i = 0; i < LOOKS && read(p[0], &c, 1) != 0; i++)
		sleep_ms(1);
	want_eq(read(p[0], &c, 1), 0);
	close(p[0]);
	munmap(stack, STACK);
	verdict("a thread's own descriptors are closed at its end");
}

/* ---- vfork ---- */

static int slow_thread(void *arg)
{
	(void)arg;
	sleep_ms(50);
	result = 7;
	return 0;
}

static void test_vfork_thread(void)
{
	unsigned char *stack = must_map(STACK, RW, ANON, -1, 0);

	result = 0;
	want(clone(slow_thread, stack + STACK, THREAD | CLONE_FS | CLONE_FILES | CLONE_VFORK,
		     NULL) > 0);
	want_eq(result, 7);
	verdict("CLONE_THREAD with CLONE_VFORK waits for the thread's end");
}

/* It ends when it has seen that `step` goes on, or when that does not happen. */
static int slow_child(void *arg)
{
	(void)arg;
	for (int i = 0; i < LOOKS && !result; i++) {
		sleep_ms(1);
		result = step;
	}
	return 5;
}

static volatile int back_from_vfork;

static void *vfork_in_thread(void *arg)
{
	unsigned char *stack = must_map(STACK, RW, ANON, -1, 0);
	pid_t pid = clone(slow_child, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	int at_return = result;

	back_from_vfork = 1;
	munmap(stack, STACK);
	*(int *)arg = end_of(pid);
	return (void *)(long)at_return;
}

static void test_vfork_in_thread(void)
{
	int end = 0;
	void *seen;
	pthread_t t;

	step = result = back_from_vfork = 0;
	pthread_create(&t, NULL, vfork_in_thread, &end);
	while (!back_from_vfork)
		step = 1; /* the other threads go on while one waits for its child */
	pthread_join(t, &seen);
	want_eq(end, 5);
	want((long)seen > 0);
	verdict("vfork in one of several threads stops that one alone");
}

/* ---- Waits ---- */

static volatile pid_t child_of_thread;

static void *fork_and_stay(void *arg)
{
	child_of_thread = tap_fork();
	if (!child_of_thread)
		_exit(3);
	step = 1;
	wait_step(2);
	*(long *)arg = sys(SYS_wait4, child_of_thread, NULL, WNOHANG | __WNOTHREAD, NULL);
	step = 3;
	return NULL;
}

static void *fork_and_leave(void *arg)
{
	child_of_thread = tap_fork();
	if (!child_of_thread)
		_exit(4);
	return arg;
}

static void await_zombie(pid_t pid)
{
	siginfo_t info;

	want_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void test_nothread(void)
{
	long other = -1;
	pthread_t t;
	pid_t own;
	int status;

	step = 0;
	pthread_create(&t, NULL, fork_and_stay, &other);
	wait_step(1);
	await_zombie(child_of_thread);
	want_eq(sys(SYS_wait4, child_of_thread, NULL, WNOHANG | __WNOTHREAD, NULL), -ECHILD);
	want_eq(sys(SYS_wait4, -1, NULL, WNOHANG | __WNOTHREAD, NULL), -ECHILD);
	want_eq(sys(SYS_waitid, P_ALL, 0, NULL, WEXITED | WNOHANG | __WNOTHREAD, NULL), -ECHILD);
	own = tap_fork();
	if (!own)
		_exit(6);
	want_eq(sys(SYS_wait4, -1, &status, __WNOTHREAD, NULL), own);
	want(exited(status, 6));
	step = 2;
	wait_step(3);
	want_eq(other, child_of_thread);
	pthread_join(t, NULL);
	verdict("__WNOTHREAD: only the thread's own children");

	pthread_create(&t, NULL, fork_and_leave, NULL);
	pthread_join(t, NULL);
	own = 0;
	for (int i = 0; i < LOOKS && own <= 0; i++) {
		own = (pid_t)sys(SYS_wait4, child_of_thread, &status, WNOHANG | __WNOTHREAD, NULL);
		sleep_ms(own <= 0);
	}
	want_eq(own, child_of_thread);
	want(exited(status, 4));
	verdict("the children of a thread that has ended are another's");

	pthread_create(&t, NULL, fork_and_leave, NULL);
	pthread_join(t, NULL);
	want_eq(sys(SYS_wait4, child_of_thread, &status, 0, NULL), child_of_thread);
	verdict("without __WNOTHREAD those of all threads");
}

static int child_body(void *arg)
{
	return (int)(long)arg;
}

static void test_clone_children(void)
{
	unsigned char *stack = must_map(STACK, RW, ANON, -1, 0);
	pid_t silent, loud;
	int status;

	silent = clone(child_body, stack + STACK / 2, 0, (void *)1);
	loud = clone(child_body, stack + STACK, SIGCHLD, (void *)2);
	want_eq(sys(SYS_wait4, silent, NULL, 0, NULL), -ECHILD);
	want_eq(sys(SYS_wait4, loud, NULL, __WCLONE, NULL), -ECHILD);
	want_eq(sys(SYS_wait4, -1, &status, __WCLONE, NULL), silent);
	want_eq(sys(SYS_wait4, -1, &status, __WALL, NULL), loud);
	want_eq(sys(SYS_wait4, -1, &status, __WALL, NULL), -ECHILD);
	signal(SIGUSR1, SIG_IGN);
	silent = clone(child_body, stack + STACK / 2, SIGUSR1, (void *)1);
	want_eq(sys(SYS_waitid, P_ALL, 0, NULL, WEXITED, NULL), -ECHILD);
	want_eq(sys(SYS_waitid, P_PID, silent, NULL, WEXITED | __WCLONE, NULL), 0);
	munmap(stack, STACK);
	verdict("__WCLONE and __WALL: children that do not send SIGCHLD");
}

/* ---- What is told of threads ---- */

static volatile int last_tid, leave;

static void *stay(void *arg)
{
	last_tid = tid_of_self();
	while (!leave)
		sleep_ms(1);
	return arg;
}

static long status_value(int tid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/status", tid);
	return proc_value(path, name);
}

static long stat_field(const char *path, int n)
{
	char text[1024], *s = text;

	if (slurp(path, text, sizeof text) < 0)
		return -1;
	while (--n > 0 && s)
		s = strchr(s + 1, ' ');
	return s ? strtol(s, NULL, 10) : -1;
}

static void test_proc(void)
{
	char path[64];
	pthread_t t[3];
	struct stat st;

	/* A thread that was joined may still be on its way out. */
	for (int i = 0; i < LOOKS && status_value(getpid(), "Threads") > 1; i++)
		sleep_ms(1);
	want_eq(stat_field("/proc/self/stat", 20), 1);
	want_eq(status_value(getpid(), "Threads"), 1);
	leave = 0;
	for (int i = 0; i < 3; i++) {
		last_tid = 0;
		pthread_create(&t[i], NULL, stay, NULL);
		while (!last_tid)
			sched_yield();
	}
	want_eq(stat_field("/proc/self/stat", 20), 4);
	want_eq(status_value(getpid(), "Threads"), 4);
	verdict("num_threads in stat and Threads in status count the threads");

	want_eq(status_value(last_tid, "Pid"), last_tid);
	want_eq(status_value(last_tid, "Tgid"), getpid());
	want_eq(status_value(last_tid, "Threads"), 4);
	snprintf(path, sizeof path, "/proc/%d/stat", last_tid);
	want_eq(stat_field(path, 1), last_tid);
	want_eq(stat_field(path, 4), getppid());
	snprintf(path, sizeof path, "/proc/%d/task/%d/comm", last_tid, getpid());
	want_eq(stat(path, &st), 0);
	snprintf(path, sizeof path, "/proc/%d/fd/0", last_tid);
	want_eq(lstat(path, &st), 0);
	leave = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	snprintf(path, sizeof path, "/proc/%d/stat", last_tid);
	for (int i = 0; i < LOOKS && stat(path, &st) == 0; i++)
		sleep_ms(1);
	want(stat(path, &st) == -1 && errno == ENOENT);
	verdict("a thread's number is found in /proc, as long as it lives");
}

static void *work(void *arg)
{
	struct rusage ru;
	long ms = (long)arg, had;

	do {
		getrusage(RUSAGE_THREAD, &ru);
		had = ru.ru_utime.tv_sec * 1000 + ru.ru_utime.tv_usec / 1000 +
			ru.ru_stime.tv_sec * 1000 + ru.ru_stime.tv_usec / 1000;
	} while (had < ms);
	return (void *)(ru.ru_maxrss > 0 ? had : -1);
}

/* What this thread has of the CPU, in ms of user time, while another one works for 200. */
static long own_beside_worker(void)
{
	struct rusage before, after;
	void *had;
	pthread_t t;

	getrusage(RUSAGE_THREAD, &before);
	pthread_create(&t, NULL, work, (void *)200L);
	pthread_join(t, &had);
	getrusage(RUSAGE_THREAD, &after);
	want((long)had >= 200);
	return (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000 +
		(after.ru_utime.tv_usec - before.ru_utime.tv_usec) / 1000;
}

static void test_usage(void)
{
	struct rusage self;
	long ms = own_beside_worker();

	/* What a busy host takes from this thread counts as this thread's. */
	for (int i = 0; i < 5 && ms >= 150; i++)
		ms = own_beside_worker();
	want(ms < 150);
	getrusage(RUSAGE_SELF, &self);
	ms = self.ru_utime.tv_sec * 1000 + self.ru_utime.tv_usec / 1000 +
		self.ru_stime.tv_sec * 1000 + self.ru_stime.tv_usec / 1000;
	want(ms >= 190);
	want_eq(sys(SYS_getrusage, RUSAGE_THREAD, -PS), -EFAULT);
	verdict("RUSAGE_THREAD is the calling thread's alone");
}

/* ---- Futexes ---- */

static volatile int first_word, second_word, woken, asleep;

static void *sleep_on_first(void *arg)
{
	asleep++;
	if (sys(SYS_futex, &first_word, FUTEX_WAIT, 0, NULL, NULL, 0) == 0)
		__atomic_add_fetch(&woken, 1, __ATOMIC_SEQ_CST);
	return arg;
}

static void test_requeue(void)
{
	pthread_t t[4];
	long n = 0;

	first_word = second_word = woken = asleep = 0;
	for (int i = 0; i < 4; i++) {
		int before = asleep;

		pthread_create(&t[i], NULL, sleep_on_first, NULL);
		while (asleep == before)
			sched_yield();
	}
	/* All have slept once as many were found: one is woken, and two moved. */
	for (int i = 0; i < LOOKS && n < 3; i++) {
		n += sys(SYS_futex, &first_word, FUTEX_REQUEUE, n == 0, (void *)(n ? 3 - n : 2L),
			&second_word, 0);
		sleep_ms(n < 3);
	}
	want_eq(n, 3);
	want(becomes(&woken, 1));
	sleep_ms(20);
	want_eq(woken, 1);
	for (int i = 0; i < LOOKS && n < 4; i++) {
		n += sys(SYS_futex, &first_word, FUTEX_WAKE, 4, NULL, NULL, 0);
		sleep_ms(n < 4);
	}
	want(becomes(&woken, 2));
	want_eq(sys(SYS_futex, &second_word, FUTEX_WAKE, 4, NULL, NULL, 0), 2);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	want_eq(woken, 4);
	want_eq(sys(SYS_futex, &first_word, FUTEX_REQUEUE, -1, NULL, &second_word, 0), -EINVAL);
	want_eq(sys(SYS_futex, &first_word, FUTEX_REQUEUE, 1, NULL, 1, 0), -EINVAL);
	verdict("FUTEX_REQUEUE wakes some and moves others");
}

/* ---- Users ---- */

static void *tell_user(void *arg)
{
	step = 1;
	wait_step(2);
	*(int *)arg = sys(SYS_getuid) == 65534 && sys(SYS_geteuid) == 65534 &&
		sys(SYS_getgid) == 65533;
	return NULL;
}

static void change_user(void *arg)
{
	int right = 0;
	pthread_t t;

	(void)arg;
	step = 0;
	pthread_create(&t, NULL, tell_user, &right);
	wait_step(1);
	want_eq(setgid(65533), 0);
	want_eq(setuid(65534), 0);
	step = 2;
	pthread_join(t, NULL);
	want(right);
	want_eq(setuid(0), -1);
}

int main(void)
{
	test_files();
	test_folder();
	test_pipe();
	test_vfork_thread();
	test_vfork_in_thread();
	test_nothread();
	test_clone_children();
	test_proc();
	test_usage();
	test_requeue();
	want_child(change_user, NULL);
	verdict("setuid and setgid of the C library change all threads");
	return done();
}
