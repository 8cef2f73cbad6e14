/*
 * Limits of processes, CPU time, queued signals and file sizes, and which signals a wait may take.
 */
#include "child.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/time.h>

#define A_USER 54000 /* and those after it: nobody else's */

static bool set_limit(int which, rlim_t soft, rlim_t hard)
{
	struct rlimit r = {soft, hard};

	return setrlimit(which, &r) == 0;
}

/* ---- RLIMIT_NPROC ---- */

static void *stay(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void limit_of_tasks(void *arg)
{
	pid_t first, second;
	pthread_t t;

	(void)arg;
	want(set_limit(RLIMIT_NPROC, 3, 3));
	want_eq(setuid(A_USER), 0);
	first = sleeping_child();
	second = sleeping_child();
	want_eq(sys(SYS_clone, SIGCHLD, 0, 0, 0, 0), -EAGAIN);
	want_eq(pthread_create(&t, NULL, stay, NULL), EAGAIN);
	kill(second, SIGKILL);
	want_eq(waitid(P_PID, (id_t)second, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	want_eq(sys(SYS_clone, SIGCHLD, 0, 0, 0, 0), -EAGAIN); /* a zombie counts */
	end_of(second);
	want_eq(pthread_create(&t, NULL, stay, NULL), 0);
	want_eq(sys(SYS_clone, SIGCHLD, 0, 0, 0, 0), -EAGAIN); /* so does a thread */
	put_down(first);
	put_down(sleeping_child());
}

static void *come_and_go(void *arg)
{
	return arg;
}

static void counts_stay_right(void *arg)
{
	pthread_t t;

	(void)arg;
	want(set_limit(RLIMIT_NPROC, 4, 4));
	want_eq(setuid(A_USER + 1), 0);
	for (int i = 0; i < 50; i++) {
		put_down(sleeping_child());
		for (int n = 0; pthread_create(&t, NULL, come_and_go, NULL) && n < LOOKS; n++)
			sleep_ms(1);
		pthread_join(t, NULL);
	}
	/* The last thread's end may be a moment behind its join. */
	for (int i = 0; proc_value("/proc/self/status", "Threads") > 1 && i < LOOKS; i++)
		sleep_ms(1);
	put_down(sleeping_child());
}

static void superuser_is_free(void *arg)
{
	(void)arg;
	want(set_limit(RLIMIT_NPROC, 1, 1));
	put_down(sleeping_child());
	want_eq(sys(SYS_setresuid, A_USER + 2, 0, 0), 0);
	put_down(sleeping_child());
}

static int run_self(void)
{
	char *argv[] = {"proc_limits", "end", NULL};

	execv("/proc/self/exe", argv);
	return errno;
}

static void exec_after_setuid(void *arg)
{
	volatile int *there = shared_memory(PS);
	pid_t others[2];

	(void)arg;
	for (int i = 0; i < 2; i++) {
		others[i] = tap_fork();
		if (!others[i]) {
			setuid(A_USER + 3);
			there[i] = 1;
			alarm(100);
			stay(NULL);
		}
		want(becomes(&there[i], 1));
	}
	want(set_limit(RLIMIT_NPROC, 1, 1));
	want_eq(setuid(A_USER + 3), 0);
	want_eq(run_self(), EAGAIN);
	put_down(others[0]);
	put_down(others[1]);
	/* Linux may count it a little longer. */
	for (int i = 0; i < LOOKS && run_self() == EAGAIN; i++)
		sleep_ms(1);
	_exit(1);
}

static void test_nproc(void)
{
	want_child(limit_of_tasks, NULL);
	verdict("RLIMIT_NPROC: a user's processes and threads, zombies included");
	want_child(counts_stay_right, NULL);
	verdict("who has ended counts no more");
	want_child(superuser_is_free, NULL);
	verdict("it does not bind the superuser");
	is(child_checks(exec_after_setuid, NULL), 0x4d00, "setuid to a user of too many goes well, exec after it does not");
}

/* ---- RLIMIT_CPU ---- */

static volatile sig_atomic_t warnings;

static void on_warning(int sig)
{
	(void)sig;
	warnings++;
}

static long cpu_ms(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000 +
		(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1000;
}

/* What a process saw of its CPU time, in ms, beside one second of its limit. Shared. */
struct second {
	volatile int over; /* the first time that it saw beyond it */
	volatile int end; /* when the signal had come; or the last time that it saw */
};

/* Works until it has had that many warnings, or for ever. */
static void work_on(struct second *s, int ms, int until)
{
	while (warnings < until) {
		s->end = (int)cpu_ms();
		if (!s->over && s->end >= ms)
			s->over = s->end;
	}
	s->end = (int)cpu_ms();
}

/*
 * The signal came about then. A process is not to be blamed for the time that it did not see: what
 * a busy host takes counts as the process's, so that its clock may leap over the limit.
 */
static bool came_soon(const struct second *s)
{
	return s->end && (!s->over || s->end - s->over < 500);
}

static bool came_about(const struct second *s, int ms)
{
	return s->end >= ms * 3 / 4 && came_soon(s);
}

/* As a child that has a second, and warnings up to three. The CPU time that it had, in ms. */
static long use_cpu(struct second *s, int *end)
{
	pid_t pid = tap_fork();
	struct rusage ru;
	int status;

	if (!pid) {
		signal(SIGXCPU, on_warning);
		set_limit(RLIMIT_CPU, 1, 3);
		for (int i = 0; i < 3; i++)
			work_on(&s[i], (i + 1) * 1000, i < 2 ? i + 1 : 1000);
	}
	wait4(pid, &status, 0, &ru);
	*end = WIFSIGNALED(status) ? KILLED_BY(WTERMSIG(status)) : WEXITSTATUS(status);
	return (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000 +
		(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1000;
}

/* On a host that leaps in the wrong moment two signals become one: then there is another try. */
static bool warned_each_second(int *end)
{
	struct second *s = shared_memory(PS);
	bool good = false;

	for (int i = 0; i < 5 && !good; i++) {
		long had;

		memset(s, 0, PS);
		had = use_cpu(s, end);
		good = *end == KILLED_BY(SIGKILL) && had >= 2250 && came_about(&s[0], 1000) &&
			came_about(&s[1], 2000) && came_soon(&s[2]);
		if (!good)
			diag("%d %d, %d %d, %d %d, in all %ld", s[0].over, s[0].end, s[1].over,
				s[1].end, s[2].over, s[2].end, had);
	}
	unmap(s, PS);
	return good;
}

static int use_cpu_plainly(void)
{
	want(set_limit(RLIMIT_CPU, 1, 2));
	for (;;)
		;
	return 0;
}

static int use_cpu_in_bursts(void)
{
	want(set_limit(RLIMIT_CPU, 1, 10));
	while (cpu_ms() < 3000) {
		long end = cpu_ms() + 5;

		while (cpu_ms() < end)
			;
		sleep_ms(8);
	}
	return 0;
}

static void test_cpu(void)
{
	int end;

	want(warned_each_second(&end));
	want_eq(end, KILLED_BY(SIGKILL));
	verdict("RLIMIT_CPU: SIGXCPU each second from the soft limit on, SIGKILL at the hard one");
	is(in_child(use_cpu_plainly), KILLED_BY(SIGXCPU), "SIGXCPU ends a process that does not handle it");
	is(in_child(use_cpu_in_bursts), KILLED_BY(SIGXCPU), "also one that rests before each tick");
}

/* ---- RLIMIT_SIGPENDING ---- */

static void queue_signals(void *arg)
{
	sigset_t s;

	(void)arg;
	sigfillset(&s);
	sigprocmask(SIG_BLOCK, &s, NULL);
	want(set_limit(RLIMIT_SIGPENDING, 2, 2));
	want_eq(setuid(A_USER + 4), 0);
	want_eq(sigqueue(getpid(), SIGRTMIN, (union sigval){1}), 0);
	want_eq(sigqueue(getpid(), SIGRTMIN, (union sigval){2}), 0);
	want(sigqueue(getpid(), SIGRTMIN, (union sigval){3}) == -1 && errno == EAGAIN);
	want(sys(SYS_tgkill, getpid(), getpid(), SIGRTMIN + 1) == -EAGAIN);
	want_eq(kill(getpid(), SIGRTMIN + 2), 0);
	want_eq(kill(getpid(), SIGUSR1), 0);
	want_eq(sigwaitinfo(&s, NULL), SIGUSR1);
	want_eq(sigwaitinfo(&s, NULL), SIGRTMIN);
	want_eq(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){4}), 0);
}

static void keep_who(void *arg)
{
	siginfo_t info;
	sigset_t s;

	(void)arg;
	sigfillset(&s);
	sigprocmask(SIG_BLOCK, &s, NULL);
	want(set_limit(RLIMIT_SIGPENDING, 0, 0));
	want_eq(setuid(A_USER + 5), 0);
	want_eq(kill(getpid(), SIGUSR1), 0);
	want_eq(sigwaitinfo(&s, &info), SIGUSR1);
	want(info.si_code == SI_USER && info.si_pid == getpid() && info.si_uid == A_USER + 5);
}

static void test_sigpending(void)
{
	want_child(queue_signals, NULL);
	verdict("RLIMIT_SIGPENDING: sigqueue is EAGAIN, kill goes well");
	want_child(keep_who, NULL);
	verdict("a standard signal keeps its sender whatever the limit");
}

/* ---- RLIMIT_FSIZE ---- */

static volatile sig_atomic_t too_large;

static void on_too_large(int sig)
{
	(void)sig;
	too_large++;
}

static void grow(const char *name, bool in_memory)
{
	char buf[300];
	int fd;

	memset(buf, 'x', sizeof buf);
	signal(SIGXFSZ, on_too_large);
	too_large = 0;
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	want(fd >= 0);
	want_eq(ftruncate(fd, 5000), 0);
	want(set_limit(RLIMIT_FSIZE, 1000, RLIM_INFINITY));
	want_eq(ftruncate(fd, 5000), 0); /* what does not grow is not limited */
	want_eq(truncate(name, 4000), 0);
	want_eq(ftruncate(fd, 0), 0);
	want_eq(write(fd, buf, 300), 300);
	want_eq(pwrite(fd, buf, 300, 900), 100); /* what there is room for */
	want_eq(too_large, 0);
	want_eq(pwrite(fd, buf, 300, 1000), -1);
	want_eq(errno, EFBIG);
	want_eq(too_large, 1);
	want_eq(lseek(fd, 2000, SEEK_SET), 2000);
	want_eq(write(fd, buf, 1), -1);
	want_eq(errno, EFBIG);
	want_eq(too_large, 2);
	want_eq(ftruncate(fd, 1001), -1);
	want_eq(errno, EFBIG);
	want_eq(too_large, 3);
	want_eq(truncate(name, 1001), -1);
	want_eq(errno, EFBIG);
	want_eq(too_large, 4);
	want_eq(ftruncate(fd, 1000), 0);
	if (in_memory) {
		want_eq(fallocate(fd, 0, 0, 1001), -1);
		want_eq(errno, EFBIG);
		want_eq(too_large, 5);
	}
	want_eq(file_size(fd), 1000);
	close(fd);
	unlink(name);
}

static void grow_on_disk(void *arg)
{
	(void)arg;
	grow("limits.tmp", false);
}

static void grow_in_memory(void *arg)
{
	(void)arg;
	grow("/dev/shm/limits.tmp", true);
}

static int grow_unhandled(void)
{
	int fd = open("/dev/shm/limits.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);

	unlink("/dev/shm/limits.tmp");
	want(set_limit(RLIMIT_FSIZE, 10, 10));
	pwrite(fd, "x", 1, 10);
	return 0;
}

static void test_fsize(void)
{
	want_child(grow_on_disk, NULL);
	verdict("RLIMIT_FSIZE on the disk: EFBIG and SIGXFSZ");
	want_child(grow_in_memory, NULL);
	verdict("and in memory, fallocate included");
	is(in_child(grow_unhandled), KILLED_BY(SIGXFSZ), "SIGXFSZ ends a process that does not handle it");
}

/* ---- What a wait takes ---- */

static struct gate *waits; /* open: the process is about to wait */

static int wait_unblocked(void)
{
	struct timespec ts = {60, 0};
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGTERM);
	gate_open(waits);
	return sigtimedwait(&s, NULL, &ts) == SIGTERM ? 1 : 2;
}

static void *wait_blocked(void *arg)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &s, NULL);
	*(volatile int *)arg = 1;
	sigwaitinfo(&s, NULL);
	_exit(7);
}

static volatile sig_atomic_t handled;

static void on_handled(int sig)
{
	(void)sig;
	handled++;
}

static int wait_with_handler(void)
{
	struct timespec ts = {60, 0};
	sigset_t s;

	signal(SIGTERM, on_handled);
	sigemptyset(&s);
	sigaddset(&s, SIGTERM);
	gate_open(waits);
	return sigtimedwait(&s, NULL, &ts) == SIGTERM && !handled ? 1 : 2;
}

static int wait_for_ignored(void)
{
	struct timespec ts = {1, 0};
	sigset_t s;

	signal(SIGTERM, SIG_IGN);
	sigemptyset(&s);
	sigaddset(&s, SIGTERM);
	gate_open(waits);
	return sigtimedwait(&s, NULL, &ts) == -1 && errno == EAGAIN ? 1 : 2;
}

static int main_does_not_block(void)
{
	volatile int *ready = shared_memory(PS);
	pthread_t t;

	pthread_create(&t, NULL, wait_blocked, (void *)ready);
	while (!*ready)
		sched_yield();
	sleep_ms(50);
	kill(getpid(), SIGTERM);
	return 3;
}

/* How a process ends that waits and gets SIGTERM. */
static int end_after_term(int (*body)(void))
{
	struct gate g;
	pid_t pid;

	gate_init(&g);
	waits = &g;
	pid = tap_fork();
	if (!pid)
		_exit(body());
	gate_wait(&g);
	until_asleep(pid, pid);
	kill(pid, SIGTERM);
	gate_free(&g);
	return end_of(pid);
}

static void test_waits(void)
{
	is(end_after_term(wait_unblocked), KILLED_BY(SIGTERM),
		"sigtimedwait does not take a fatal signal that is not blocked");
	is(in_child(main_does_not_block), KILLED_BY(SIGTERM),
		"nor does a thread that blocks it, if another does not");
	is(end_after_term(wait_with_handler), 1, "it takes one that has a handler");
	is(end_after_term(wait_for_ignored), 1, "one that is ignored is not there to be taken");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "end"))
		return 0x4d;
	test_nproc();
	test_cpu();
	test_sigpending();
	test_fsize();
	test_waits();
	return done();
}
