/*
 * EXEC-4: one file is opened for writing, truncated, mapped, and run at once, by processes that are
 * killed in the midst of it, and with allocations of the kernel's that fail. A program that runs
 * finds that it cannot be written, whoever writes finds that it cannot be run, and at the end both
 * can be done.
 * exec-options: --ktest --cpus 4
 *
 *   stress_textbusy [SECONDS]
 */
#include "child.h"

#define PROCESSES 5
#define NTH_MAX 200 /* no call needs so many allocations */

static const char *path; /* of the program that is fought for */
static off_t size;

struct board {
	volatile long ran, wrote, busy, wrong;
};

static struct board *board;

static void count(volatile long *what)
{
	__atomic_fetch_add(what, 1, __ATOMIC_SEQ_CST);
}

/* The program: as long as it runs nobody writes it. */
static int be_program(void)
{
	for (int i = 0; i < 3; i++)
		if (open("/proc/self/exe", O_RDWR) >= 0 || errno != ETXTBSY)
			return 1;
	return 0;
}

static char *const run_argv[] = {(char *)"textbusy", (char *)"run", NULL};

/* 0: it ran as it should; an errno of execve; or 1000 and more. */
static int run(void)
{
	pid_t pid = tap_fork();
	int code;

	if (pid == 0) {
		execv(path, run_argv);
		_exit(errno);
	}
	code = end_of(pid);
	return code == 1 ? 1000 : code;
}

static void run_turn(void)
{
	int r = run();

	if (r == 0)
		count(&board->ran);
	else if (r == ETXTBSY)
		count(&board->busy);
	else
		count(&board->wrong);
}

/* execve that fails, after it has opened the program. */
static void failing_turn(void)
{
	sys(SYS_execve, path, 8, NULL);
	sys(SYS_execve, path, run_argv, 8);
}

static void write_turn(unsigned how)
{
	int fd = open(path, how & 1 ? O_RDWR : O_WRONLY);
	void *p = MAP_FAILED;

	if (fd < 0) {
		count(errno == ETXTBSY ? &board->busy : &board->wrong);
		return;
	}
	if (how == 3) {
		p = mmap(NULL, PS, PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
	}
	/* Whoever means to run it now is told so. */
	if (run() != ETXTBSY)
		count(&board->wrong);
	count(&board->wrote);
	if (p != MAP_FAILED)
		munmap(p, PS);
	else
		close(fd);
}

static void be_process(unsigned seed)
{
	for (;;) {
		seed = seed * 1103515245 + 12345;
		switch ((seed >> 12) % 8) {
		case 0:
		case 1:
		case 2: run_turn(); break;
		case 3: failing_turn(); break;
		case 4:
			if (sys(SYS_truncate, path, (unsigned long)size) == 0)
				count(&board->wrote);
			break;
		default: write_turn((seed >> 16) % 4);
		}
	}
}

static pid_t start(unsigned seed)
{
	pid_t pid = tap_fork();

	if (pid == 0)
		be_process(seed);
	return pid;
}

/* What killed processes had children for ends soon. */
static bool free_soon(void)
{
	for (int i = 0; i < LOOKS; i++) {
		int fd = open(path, O_RDWR);

		close(fd);
		if (fd >= 0 && run() == 0)
			return true;
		sleep_ms(1);
	}
	return false;
}

/* Has happened what is looked for? */
static bool enough(void)
{
	return board->ran > 0 && board->wrote > 0 && board->busy > 0;
}

/* So many processes are killed; on a slow machine more, and less often, until it is enough. */
static void storm(unsigned rounds)
{
	pid_t pid[PROCESSES];

	for (unsigned i = 0; i < PROCESSES; i++)
		pid[i] = start(i * 1000 + 1);
	for (unsigned kills = 0; !board->wrong && kills < rounds + (enough() ? 0 : 100); kills++) {
		sleep_ms(kills < rounds ? 25 : 500);
		put_down(pid[kills % PROCESSES]);
		pid[kills % PROCESSES] = start(kills * 99991 + 7);
	}
	for (int i = 0; i < PROCESSES; i++)
		put_down(pid[i]);
}

/* --- with failing allocations; where there are none, each call is made once --- */

static bool injecting;

static void arm(int fd, unsigned n)
{
	char text[16];
	int len = snprintf(text, sizeof text, "%u", n);

	if (injecting && pwrite(fd, text, (size_t)len, 0) != len)
		_exit(99);
}

/* Runs the program or opens it for writing: 0, or the error; 77: no such allocation was made. */
static int attempt(unsigned n, bool runs)
{
	pid_t pid = tap_fork();
	int fd, r;

	if (pid == 0) {
		fd = open("/proc/self/fail_nth", O_RDWR | O_CLOEXEC);
		arm(fd, n);
		r = runs ? execv(path, run_argv) : open(path, O_RDWR);
		_exit(r < 0 ? errno : 0);
	}
	return end_of(pid);
}

static void test_no_memory(bool runs)
{
	unsigned n;
	int r = -1;

	for (n = 1; n < NTH_MAX && r && !tap.bad; n++) {
		r = attempt(n, runs);
		want(r == 0 || (injecting && (r == ENOMEM || r == ENFILE)));
		want(free_soon());
	}
	want_eq(r, 0);
	verdict("EXEC-4 %s without memory leaves it free", runs ? "execve" : "open");
}

static const char *copy_of_self(void)
{
	const char *name = temp_name();
	int from = open("/proc/self/exe", O_RDONLY), to = open(name, O_WRONLY | O_CREAT, 0755);
	char buf[4096];
	ssize_t n;

	while ((n = read(from, buf, sizeof buf)) > 0)
		if (write(to, buf, (size_t)n) != n)
			bail_out("cannot copy: errno %d", errno);
	size = file_size(to);
	close(from);
	close(to);
	return name;
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 4;

	if (argc > 1 && !strcmp(argv[1], "run"))
		return be_program();
	injecting = access("/proc/self/fail_nth", F_OK) == 0;
	board = shared_memory(sizeof *board);
	path = copy_of_self();
	test_no_memory(false);
	test_no_memory(true);
	storm(40 * (unsigned)seconds);
	if (argc > 1)
		diag("%ld ran, %ld wrote, %ld refused", board->ran, board->wrote, board->busy);
	want_eq(board->wrong, 0);
	want(enough());
	verdict("EXEC-4 nothing runs while it is written");
	want(free_soon());
	verdict("EXEC-4 in the end it can be written and run");
	return done();
}
