/*
 * Processes and threads lock random ranges of one file, wait, convert, unlock, are interrupted and
 * killed in the midst of it. Each owner (a process for its POSIX locks, a second thread's open file
 * for its OFD locks) writes down in shared memory which bytes it has, as long as it has them, and
 * looks whether anybody has written down what excludes that. flock guards a counter besides. At the
 * end no lock is left.
 * exec-options: --cpus 4
 *
 *   stress_locks [SECONDS]
 */
#include "child.h"

#include <pthread.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/time.h>

#ifndef F_OFD_SETLK
#define F_OFD_SETLK 37
#define F_OFD_SETLKW 38
#endif

#define PROCESSES 5
#define OWNERS (2 * PROCESSES) /* a process's is even, its thread's odd */
#define BYTES 48
#define PATIENCE_MS 60000

struct board {
	volatile unsigned life[PROCESSES]; /* odd while it is being killed */
	volatile unsigned char has[OWNERS][BYTES]; /* HAS_... of each byte */
	volatile long got, refused, deadlocks, interrupted, wrong;
	volatile long counter, half; /* equal but while somebody has flock's lock */
};

enum { HAS_NOTHING, HAS_READ, HAS_WRITE };

struct owner {
	int number, fd, flock_fd;
	unsigned seed;
	unsigned char has[BYTES];
};

static struct board *board;
static const char *name;

static unsigned below(struct owner *o, unsigned n)
{
	o->seed = o->seed * 1103515245 + 12345;
	return (o->seed >> 12) % n;
}

static void count(volatile long *what)
{
	__atomic_fetch_add(what, 1, __ATOMIC_SEQ_CST);
}

static unsigned life_of(int owner)
{
	return __atomic_load_n(&board->life[owner / 2], __ATOMIC_SEQ_CST);
}

/* Does another owner say that it has what excludes this? What the dead said does not count. */
static bool excluded(const struct owner *o, int at, int mine)
{
	for (int i = 0; i < OWNERS; i++) {
		unsigned life = life_of(i);
		unsigned char its = __atomic_load_n(&board->has[i][at], __ATOMIC_SEQ_CST);

		if (i == o->number || its == HAS_NOTHING || (its == HAS_READ && mine == HAS_READ))
			continue;
		if (life % 2 == 0 && life_of(i) == life) {
			diag("  byte %d: owner %d has %d, owner %d has %d", at, o->number, mine, i,
				its);
			return true;
		}
	}
	return false;
}

static void note(struct owner *o, int at, int now)
{
	o->has[at] = (unsigned char)now;
	__atomic_store_n(&board->has[o->number][at], (unsigned char)now, __ATOMIC_SEQ_CST);
	if (now != HAS_NOTHING && excluded(o, at, now))
		count(&board->wrong);
}

/* Ask for one range. What becomes weaker is taken back before, the rest is noted afterwards. */
static long change(struct owner *o, int cmd, int now, int from, int end)
{
	static const short type[] = {F_UNLCK, F_RDLCK, F_WRLCK};
	struct flock l = {.l_type = type[now], .l_start = from, .l_len = end - from};
	unsigned char before[BYTES];
	long r;

	memcpy(before, o->has, BYTES);
	for (int i = from; i < end; i++)
		if (now < before[i])
			note(o, i, now);
	r = tap_kernel_result(fcntl(o->fd, cmd, &l));
	for (int i = from; i < end; i++)
		if (r == 0 ? now > before[i] : now < before[i])
			note(o, i, r == 0 ? now : before[i]);
	return r;
}

static void judge(long r)
{
	if (r == 0)
		count(&board->got);
	else if (r == -EAGAIN)
		count(&board->refused);
	else if (r == -EDEADLK)
		count(&board->deadlocks);
	else if (r == -EINTR)
		count(&board->interrupted);
	else if (r != -ENOLCK) {
		diag("  a lock: %ld", r);
		count(&board->wrong);
	}
}

static void flock_turn(struct owner *o)
{
	long r = sys(SYS_flock, o->flock_fd, LOCK_EX | (below(o, 2) ? LOCK_NB : 0));

	if (r) {
		judge(r);
		return;
	}
	/* Whoever is killed in between leaves half of it, for the next one to see to. */
	board->half = board->counter;
	board->half++;
	sched_yield();
	board->counter++;
	if (board->half != board->counter)
		count(&board->wrong);
	if (below(o, 3))
		sys(SYS_flock, o->flock_fd, LOCK_SH);
	sys(SYS_flock, o->flock_fd, LOCK_UN);
}

/*
 * Open files wait only while they have nothing: nobody would notice that two wait for each other.
 */
static void lock_turn(struct owner *o)
{
	bool ofd = o->number % 2, wait = below(o, 3) == 0;
	int from = (int)below(o, BYTES), end = from + 1 + (int)below(o, (unsigned)(BYTES - from));
	int now = (int)below(o, 3);

	if (below(o, 4))
		end = from + 1 + (end - from) / 8;
	if (now == HAS_NOTHING && below(o, 2)) {
		from = 0;
		end = BYTES;
	}
	if (ofd && wait && now != HAS_NOTHING)
		judge(change(o, F_OFD_SETLK, HAS_NOTHING, 0, BYTES));
	judge(change(o,
		ofd            ? wait ? F_OFD_SETLKW : F_OFD_SETLK
			: wait ? F_SETLKW
			       : F_SETLK,
		now, from, end));
}

static void *turns(void *arg)
{
	struct owner *o = arg;

	for (;;) {
		if (below(o, 6) == 0)
			flock_turn(o);
		else
			lock_turn(o);
		if (below(o, 8) == 0)
			sched_yield();
	}
	return NULL;
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void be_process(int number, unsigned seed)
{
	struct itimerval often = {{0, 20000}, {0, 20000}};
	struct sigaction act = {.sa_handler = on_alarm};
	static struct owner o[2];
	pthread_t t;

	for (int i = 0; i < 2; i++) {
		o[i].number = 2 * number + i;
		o[i].fd = open(name, O_RDWR);
		o[i].flock_fd = open(name, O_RDONLY);
		o[i].seed = seed + (unsigned)i * 77777;
	}
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	if (o[1].flock_fd < 0 || pthread_create(&t, NULL, turns, &o[1]))
		_exit(1);
	turns(&o[0]);
}

static pid_t start(int number, unsigned seed)
{
	pid_t pid = tap_fork();

	if (pid == 0)
		be_process(number, seed);
	return pid;
}

/* Kill a process, and forget what it had. */
static void end(int number, pid_t pid)
{
	__atomic_fetch_add(&board->life[number], 1, __ATOMIC_SEQ_CST);
	kill(pid, SIGKILL);
	want_eq(end_of(pid), KILLED_BY(SIGKILL));
	for (int i = 0; i < 2; i++)
		for (int at = 0; at < BYTES; at++)
			board->has[2 * number + i][at] = HAS_NOTHING;
	__atomic_fetch_add(&board->life[number], 1, __ATOMIC_SEQ_CST);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Does anything of the file show in /proc/locks? */
static bool shown(int fd)
{
	static char text[65536];
	struct stat st;
	char ino[32];

	fstat(fd, &st);
	snprintf(ino, sizeof ino, ":%llu ", (unsigned long long)st.st_ino);
	return slurp("/proc/locks", text, sizeof text) < 0 || strstr(text, ino);
}

/* Has happened what is looked for? */
static bool enough(int kills)
{
	return board->got > 100 && board->refused > 0 && kills > 10;
}

int main(int argc, char **argv)
{
	int64_t until = now_ms() + 1000 * (argc > 1 ? atoi(argv[1]) : 5);
	struct flock all = {.l_type = F_WRLCK};
	pid_t pid[PROCESSES];
	int fd, kills = 0;
	long before = -1;

	name = temp_name();
	fd = temp_file_named(name, 0, 0);
	board = shared_memory(sizeof *board);
	for (int i = 0; i < PROCESSES; i++)
		pid[i] = start(i, (unsigned)i * 1000 + 1);
	/* A slow machine has the time that it takes. */
	while (!board->wrong &&
		(now_ms() < until || (now_ms() < until + PATIENCE_MS && !enough(kills)))) {
		int victim = kills % PROCESSES;

		sleep_ms(30);
		shown(fd);
		end(victim, pid[victim]);
		pid[victim] = start(victim, (unsigned)++kills * 99991);
	}
	/* All of them go on to the end. */
	before = board->got;
	for (int i = 0; i < LOOKS && board->got < before + 100; i++)
		sleep_ms(1);
	want(board->got >= before + 100);
	for (int i = 0; i < PROCESSES; i++)
		end(i, pid[i]);
	if (argc > 1)
		diag("%ld got, %ld refused, %ld deadlocks, %ld interrupted, %d kills", board->got,
			board->refused, board->deadlocks, board->interrupted, kills);
	want_eq(board->wrong, 0);
	want(enough(kills));
	verdict("nobody has a byte that another one excludes");
	want_eq(tap_kernel_result(fcntl(fd, F_GETLK, &all)), 0);
	want_eq(all.l_type, F_UNLCK);
	want_eq(sys(SYS_flock, fd, LOCK_EX | LOCK_NB), 0);
	want_eq(sys(SYS_flock, fd, LOCK_UN), 0);
	want(!shown(fd));
	close(fd);
	verdict("nothing is left of the locks of killed processes");
	return done();
}
