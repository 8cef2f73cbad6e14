/*
 * Threads, and processes that share one table of descriptors, lock files of every kind while the
 * same descriptors are closed, replaced, inherited, closed by execve, and their owners interrupted
 * and killed. Nobody judges who has which lock: at the end none is left, and no file is held.
 * exec-options: --cpus 4
 *
 *   stress_closing [SECONDS]
 */
#include "child.h"

#include <pthread.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/time.h>

#ifndef F_OFD_GETLK
#define F_OFD_GETLK 36
#define F_OFD_SETLK 37
#define F_OFD_SETLKW 38
#endif

#define PROCESSES 4
#define THREADS 3
#define SLOT_FIRST 40 /* the descriptors that everybody fights for */
#define SLOTS 6
#define KINDS 5
#define PATIENCE_MS 60000

static const char *program, *path[KINDS]; /* file, FIFO, device, directory, file in memory */
static volatile long *calls;

struct actor {
	unsigned seed;
};

static unsigned below(struct actor *a, unsigned n)
{
	a->seed = a->seed * 1103515245 + 12345;
	return (a->seed >> 12) % n;
}

static int any_slot(struct actor *a)
{
	return SLOT_FIRST + (int)below(a, SLOTS);
}

static void put_in_slot(struct actor *a)
{
	int fd = open(path[below(a, KINDS)], O_RDONLY | O_NONBLOCK | (below(a, 2) ? O_CLOEXEC : 0));
	int other = open(path[0], below(a, 8) ? O_RDWR : O_PATH);

	dup3(below(a, 2) ? fd : other, any_slot(a), below(a, 2) ? O_CLOEXEC : 0);
	close(fd);
	close(other);
}

static void record_turn(struct actor *a)
{
	static const int cmds[] = {F_SETLK, F_SETLKW, F_GETLK, F_OFD_SETLK, F_OFD_SETLKW,
		F_OFD_GETLK};
	struct flock l = {.l_type = (short)below(a, 3), .l_start = below(a, 40)};

	l.l_len = below(a, 4) ? 1 + below(a, 8) : 0;
	fcntl(any_slot(a), cmds[below(a, 6)], &l);
}

static void flock_turn(struct actor *a)
{
	static const int ops[] = {LOCK_SH, LOCK_EX, LOCK_UN, LOCK_EX | LOCK_NB};

	flock(any_slot(a), ops[below(a, 4)]);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* No wait of this process is for ever. */
static void be_interrupted(void)
{
	struct itimerval often = {{0, 5000}, {0, 5000}};
	struct sigaction act = {.sa_handler = on_alarm};

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

/* A child with its own descriptors or with ours, which ends or becomes a program that ends. */
static void child_turn(struct actor *a)
{
	char *argv[] = {(char *)program, (char *)"end", NULL};
	bool shares = below(a, 2), runs = below(a, 2);
	pid_t pid = (pid_t)sys(SYS_clone, (shares ? CLONE_FILES : 0) | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0) {
		be_interrupted();
		record_turn(a);
		put_in_slot(a);
		if (runs)
			execv(program, argv);
		_exit(0);
	}
	if (pid > 0)
		end_of(pid);
}

static void *turns(void *arg)
{
	struct actor *a = arg;

	for (;;) {
		switch (below(a, 16)) {
		case 0:
		case 1:
		case 2: put_in_slot(a); break;
		case 3:
		case 4: close(any_slot(a)); break;
		case 5:
		case 6: flock_turn(a); break;
		case 7: child_turn(a); break;
		default: record_turn(a);
		}
		__atomic_fetch_add(calls, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void be_process(unsigned seed)
{
	static struct actor actors[THREADS];
	pthread_t t;

	be_interrupted();
	for (unsigned i = 0; i < THREADS; i++) {
		actors[i].seed = seed + i * 77777;
		if (i && pthread_create(&t, NULL, turns, &actors[i]))
			_exit(1);
	}
	turns(&actors[0]);
}

/* One that shares the table of `pid`'s maker, if it is to. */
static pid_t start(bool shares, unsigned seed)
{
	pid_t pid = (pid_t)sys(SYS_clone, (shares ? CLONE_FILES : 0) | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		be_process(seed);
	return pid;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Has happened what is looked for? */
static bool enough(unsigned kills)
{
	return kills > 5 && *calls > 200;
}

/* Two of the processes share the table of this one, which is killed as they are. */
static int storm(int64_t until)
{
	pid_t pid[PROCESSES];
	unsigned kills = 0;

	for (int i = 0; i < PROCESSES; i++)
		pid[i] = start(i % 2, (unsigned)i * 1000 + 1);
	/* A slow machine has the time that it takes. */
	while (now_ms() < until || (now_ms() < until + PATIENCE_MS && !enough(kills))) {
		int victim = (int)(kills++ % PROCESSES);

		sleep_ms(20);
		put_down(pid[victim]);
		pid[victim] = start(victim % 2, kills * 99991);
	}
	for (int i = 0; i < PROCESSES; i++)
		put_down(pid[i]);
	return enough(kills) ? 0 : 1;
}

/* Does anything of the file show in /proc/locks? */
static bool shown(const char *name)
{
	static char text[65536];
	struct stat st;
	char ino[32];

	stat(name, &st);
	snprintf(ino, sizeof ino, ":%llu ", (unsigned long long)st.st_ino);
	return slurp("/proc/locks", text, sizeof text) < 0 || strstr(text, ino);
}

/* What killed processes leave to children of theirs ends soon. */
static bool free_soon(const char *name)
{
	for (int i = 0; i < LOOKS; i++) {
		if (!shown(name))
			return true;
		sleep_ms(1);
	}
	return false;
}

int main(int argc, char **argv)
{
	char in_memory[48];
	pid_t pid;

	if (argc > 1 && !strcmp(argv[1], "end"))
		return 0;
	program = argv[0];
	calls = shared_memory(sizeof *calls);
	close(temp_file_named(path[0] = temp_name(), 64, 1));
	path[1] = temp_name();
	path[2] = "/dev/null";
	path[3] = ".";
	snprintf(in_memory, sizeof in_memory, "/dev/shm/closing-%d.tmp", (int)getpid());
	close(temp_file_named(path[4] = in_memory, 64, 1));
	if (mkfifo(path[1], 0600))
		bail_out("mkfifo: errno %d", errno);
	pid = tap_fork();
	if (pid == 0)
		_exit(storm(now_ms() + 1000 * (argc > 1 ? atoi(argv[1]) : 5)));
	want_eq(end_of(pid), 0);
	if (argc > 1)
		diag("%ld calls", *calls);
	verdict("locks and descriptors change at once, and processes go on");
	for (int i = 0; i < KINDS; i++)
		want(free_soon(path[i]));
	unlink(in_memory);
	verdict("nothing is left of the locks of killed processes");
	return done();
}
