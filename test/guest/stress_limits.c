/*
 * Requests as large as they can be: a process in the middle of one can be killed at once, and the
 * largest numbers that a limit allows work.
 *
 * What is killed would go on for minutes or hours, so a kernel that does not stop shows as a child
 * that has not ended when the wait for it is over.
 */
#include "child.h"

#include <sys/time.h>
#include <sys/uio.h>

#define GIB ((size_t)1 << 30)
#define HUGE_SIZE (sizeof(long) == 8 ? 200 * GIB : GIB / 4 * 3)
#define WAIT_MS 20000

static int *working; /* shared: the child has come to its request */

/* Runs fn in a child, kills it in the middle, and returns how it ended; -1: it did not. */
static int killed_in(void (*fn)(void))
{
	pid_t pid;
	int status;

	*working = 0;
	pid = tap_fork();
	if (pid == 0) {
		*working = 1;
		fn();
		_exit(0);
	}
	becomes(working, 1);
	sleep_ms(100);
	kill(pid, SIGKILL);
	for (int ms = 0; ms < WAIT_MS; ms += 5) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFSIGNALED(status) ? KILLED_BY(WTERMSIG(status)) : WEXITSTATUS(status);
		sleep_ms(5);
	}
	return -1;
}

static int sparse;

/* The file's pages are clean: they make room for one another. */
static void populate_file(void)
{
	map(NULL, HUGE_SIZE, PROT_READ, MAP_SHARED | MAP_POPULATE, sparse, 0);
	pause();
}

static void populate_zeros(void)
{
	map(NULL, HUGE_SIZE, PROT_READ, ANON | MAP_NORESERVE | MAP_POPULATE, -1, 0);
	pause();
}

/* One buffer of moderate size, named a thousand times. */
static void read_often(void)
{
	static char buf[1 << 20];
	struct iovec v[1000];

	for (int i = 0; i < 1000; i++)
		v[i] = (struct iovec){ buf, sizeof buf };
	while (lseek(sparse, 0, SEEK_SET) == 0 && readv(sparse, v, 1000) > 0)
		continue;
}

static void write_often(void)
{
	unsigned char *zeros = must_map(GIB / 2, PROT_READ, ANON | MAP_NORESERVE, -1, 0);
	int fd[2];

	if (pipe(fd) == 0)
		write(fd[1], zeros, GIB / 2);
}

static void test_kills(void)
{
	sparse = temp_file(0, 0);
	if (!want(ftruncate(sparse, (off_t)HUGE_SIZE) == 0))
		bail_out("no sparse file: errno %d", errno);
	is(killed_in(populate_file), KILLED_BY(SIGKILL),
	   "killed while it populates a mapping of a huge file");
	is(killed_in(populate_zeros), KILLED_BY(SIGKILL),
	   "killed while it populates huge anonymous memory");
	is(killed_in(read_often), KILLED_BY(SIGKILL), "killed in a large read");
	is(killed_in(write_often), KILLED_BY(SIGKILL), "killed in a large write to a pipe");
	close(sparse);
}

/* The largest descriptor that the hard limit allows. */
static int last_descriptor(void)
{
	struct rlimit rl;
	int last;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0)
		return 1;
	rl.rlim_cur = rl.rlim_max;
	last = (int)rl.rlim_max - 1;
	if (setrlimit(RLIMIT_NOFILE, &rl) != 0)
		return 2;
	if (dup2(1, last) != last)
		return 3;
	if (dup2(1, last + 1) != -1 || errno != EBADF)
		return 4;
	return fcntl(last, F_GETFD) == 0 && close(last) == 0 ? 0 : 5;
}

/* How a child meets the signals of its timer. */
enum { BLOCKS, IGNORES, HANDLES, WAYS };

static void on_alarm(int signo)
{
	(void)signo;
}

static void busy_with_alarms(int way)
{
	struct itimerval often = { { 0, 1 }, { 0, 1 } };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	if (way == BLOCKS)
		sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGALRM, way == IGNORES ? SIG_IGN : on_alarm);
	/* Before the first signal: after it a process may do nothing but handle them. */
	__atomic_add_fetch(working, 1, __ATOMIC_RELAXED);
	setitimer(ITIMER_REAL, &often, NULL);
	for (;;)
		continue;
}

/* Timers that run out each microsecond, on more processes than there are CPUs. */
static void test_alarms(void)
{
	pid_t child[3 * WAYS];
	int n = 3 * WAYS, ended = 0;

	*working = 0;
	for (int i = 0; i < n; i++) {
		child[i] = tap_fork();
		if (child[i] == 0)
			busy_with_alarms(i % WAYS);
	}
	ok(becomes(working, n), "processes with a timer of a microsecond all come to run");
	for (int i = 0; i < 10; i++)
		sleep_ms(2);
	for (int i = 0; i < n; i++) {
		kill(child[i], SIGKILL);
		ended += end_of(child[i]) == KILLED_BY(SIGKILL);
	}
	is(ended, n, "the others sleep and wake beside them, and they can be killed");
}

int main(void)
{
	working = shared_memory(sizeof *working);
	test_kills();
	test_alarms();
	is(in_child(last_descriptor), 0,
	   "the last descriptor of the hard limit can be had, the next cannot");
	return done();
}
