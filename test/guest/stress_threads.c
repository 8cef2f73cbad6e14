/*
 * One address space on many CPUs: eight threads that map, fault, protect and unmap, fork, signal
 * each other, start more threads and end them, all at once, for some seconds (the argument, or 10).
 * Each checks that its own memory keeps what it stored. Processes full of threads are killed, end
 * and exec meanwhile.
 *
 * exec-options: --cpus 8
 */
#include "child.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>

#define THREADS 8
#define PAGES 24

struct worker {
	pthread_t thread;
	volatile int tid;
	unsigned random;
	unsigned long *own; /* PAGES pages, each with its stamp in the first word */
	unsigned long stamp;
	unsigned long rounds, wrong;
};

static struct worker workers[THREADS];
static volatile int over, tickets;
static unsigned char *common; /* PAGES pages that everybody does anything to */
static int shared_fd;
static volatile int signals;

static unsigned dice(struct worker *w, unsigned n)
{
	w->random = w->random * 1103515245 + 12345;
	return (w->random >> 16) % n;
}

static void count(int sig)
{
	(void)sig;
	__atomic_fetch_add(&signals, 1, __ATOMIC_RELAXED);
}

/* A fault in the common pages: whoever took the page away, the thread goes on after the access. */
static __thread sigjmp_buf after_fault;
static __thread volatile int expects_fault;

static void on_fault(int sig, siginfo_t *si, void *context)
{
	(void)si;
	(void)context;
	if (!expects_fault) {
		signal(sig, SIG_DFL);
		return;
	}
	siglongjmp(after_fault, 1);
}

static void check_own(struct worker *w)
{
	for (int i = 0; i < PAGES; i++)
		w->wrong += w->own[i * PS / sizeof(long)] != w->stamp + i;
}

static void stamp_own(struct worker *w)
{
	w->stamp += PAGES;
	for (int i = 0; i < PAGES; i++)
		w->own[i * PS / sizeof(long)] = w->stamp + i;
}

static void remap_own(struct worker *w)
{
	unsigned from = dice(w, PAGES), n = 1 + dice(w, PAGES - from);
	unsigned char *at = (unsigned char *)w->own + from * PS;

	if (dice(w, 2)) {
		if (is_error(map(at, n * PS, RW, ANON | MAP_FIXED, -1, 0)))
			w->wrong++;
	} else {
		w->wrong += protect(at, n * PS, PROT_READ) != 0;
		for (unsigned i = 0; i < n; i++)
			w->wrong += *(unsigned long *)(at + i * PS) != w->stamp + from + i;
		w->wrong += protect(at, n * PS, RW) != 0;
	}
	stamp_own(w);
}

static void touch_common(struct worker *w)
{
	unsigned char *at = common + dice(w, PAGES) * PS;
	size_t n = (1 + dice(w, 3)) * PS;

	if (at + n > common + PAGES * PS)
		n = PS;
	switch (dice(w, 6)) {
	case 0: map(at, n, RW, ANON | MAP_FIXED, -1, 0); break;
	case 1: map(at, n, RW, MAP_SHARED | MAP_FIXED, shared_fd, 0); break;
	case 2: unmap(at, n); break;
	case 3: protect(at, n, dice(w, 2) ? PROT_READ : RW); break;
	default:
		expects_fault = 1;
		if (sigsetjmp(after_fault, 1) == 0) {
			*(volatile unsigned char *)at = 1;
			tap_sink = *(volatile unsigned char *)(at + 8);
		}
		expects_fault = 0;
	}
}

static void fork_and_check(struct worker *w)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		w->wrong = 0;
		check_own(w);
		stamp_own(w);
		check_own(w);
		_exit(w->wrong ? 1 : 0);
	}
	if (pid < 0)
		return;
	stamp_own(w);
	while (waitpid(pid, &status, 0) != pid && errno == EINTR)
		;
	w->wrong += status != 0;
}

static void *short_life(void *arg)
{
	volatile char stack[3 * PS];

	for (size_t i = 0; i < sizeof(stack); i += PS)
		stack[i] = 1;
	__atomic_fetch_add(&tickets, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &tickets, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
	return arg;
}

static void start_thread(struct worker *w)
{
	void *result = NULL;
	pthread_t t;

	if (pthread_create(&t, NULL, short_life, w) != 0)
		return;
	pthread_join(t, &result);
	w->wrong += result != w;
}

static void wait_ticket(void)
{
	struct timespec t = {0, 2000000};

	syscall(SYS_futex, &tickets, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, tickets, &t, NULL, 0);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	w->tid = (int)syscall(SYS_gettid);
	stamp_own(w);
	while (!over) {
		unsigned what = dice(w, 40);

		if (what < 16)
			touch_common(w);
		else if (what < 26)
			remap_own(w);
		else if (what < 33)
			syscall(SYS_tgkill, getpid(), workers[dice(w, THREADS)].tid, SIGUSR1);
		else if (what < 35)
			start_thread(w);
		else if (what < 37)
			wait_ticket();
		else if (what < 38)
			fork_and_check(w);
		else if (what < 39)
			kill(getpid(), SIGUSR1);
		else
			check_own(w);
		w->rounds++;
	}
	return NULL;
}

/* ---- Processes full of threads, and their ends ---- */

static void *churn(void *arg)
{
	struct worker w = {.random = (unsigned)(long)arg};

	for (;;)
		if (dice(&w, 4))
			touch_common(&w);
		else
			start_thread(&w);
	return NULL;
}

static void *churn_then(void *arg)
{
	char *argv[] = {"stress_threads", "quiet", NULL};

	sleep_ms(2);
	if (arg)
		execv("/proc/self/exe", argv);
	_exit(0);
}

/* A process of threads that ends in one of three ways; what waitpid should say. */
static int crowd_ends(int way)
{
	pid_t pid = fork();
	pthread_t t;

	if (pid == 0) {
		for (long i = 0; i < 4; i++)
			pthread_create(&t, NULL, churn, (void *)(i + way));
		if (way != 2)
			pthread_create(&t, NULL, churn_then, (void *)(long)way);
		if (way == 3)
			pthread_exit(NULL);
		churn((void *)99);
	}
	if (way == 2) {
		sleep_ms(3);
		kill(pid, SIGKILL);
	}
	return end_of(pid);
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 10, ends = 0, right = 0;
	struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
	struct sigaction usr = {.sa_handler = count, .sa_flags = SA_RESTART};
	unsigned long wrong = 0, rounds = 0, idle = 0;
	char name[] = "threads.XXXXXX";
	time_t until;

	if (argc > 1 && strcmp(argv[1], "quiet") == 0)
		return 0;
	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGBUS, &fault, NULL);
	sigaction(SIGUSR1, &usr, NULL);
	shared_fd = mkstemp(name);
	if (shared_fd < 0 || ftruncate(shared_fd, 2 * PS) != 0)
		bail_out("no file");
	unlink(name);
	common = must_map(PAGES * PS, RW, ANON, -1, 0);
	for (int i = 0; i < THREADS; i++) {
		workers[i].random = (unsigned)i + 1;
		workers[i].own = (void *)must_map(PAGES * PS, RW, ANON, -1, 0);
		workers[i].stamp = (unsigned long)i << 24;
		workers[i].tid = getpid();
	}
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			bail_out("pthread_create");
	until = time(NULL) + seconds;
	while (time(NULL) < until) {
		int way = ends++ % 4;

		right += crowd_ends(way) == (way == 2 ? KILLED_BY(SIGKILL) : 0);
	}
	over = 1;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		wrong += workers[i].wrong;
		rounds += workers[i].rounds;
		idle += workers[i].rounds == 0;
	}
	diag("%lu rounds, %d signals, %d crowds", rounds, signals, ends);
	is(wrong, 0, "each thread's memory holds what it stored");
	is(idle, 0, "each thread got on");
	ok(signals > 0, "signals arrived");
	is(right, ends, "processes full of threads end as they should");
	return done();
}
