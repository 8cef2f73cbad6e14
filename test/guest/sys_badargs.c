/*
 * Every system call with every argument in turn at values that no sensible program would pass.
 *
 * A call stands in the table with arguments that are right; one of them at a time is replaced by
 * each of the odd values: numbers at the edges of types and of the address space, pointers to
 * nothing, to the kernel, to pages that may not be written, to the last bytes before a hole,
 * descriptors of every kind and of none. What is asked:
 *  - the call comes back, in a process that goes on (a call whose flags say so may kill or wait);
 *  - a bad pointer that the call must look at is EFAULT, a descriptor that is not open is EBADF;
 *  - a page that may not be written is not written;
 *  - the system works afterwards.
 *
 * The calls run in a child, which notes in shared memory how far it has come. If it dies or waits
 * for ever, the parent judges that and starts another one behind the value that did it. Numbers
 * that would harm the machine the test runs on are not passed: kill and its kin go to no process
 * but the child itself, and reboot never sees its magic numbers.
 */
#include "child.h"

#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <termios.h>

/* Descriptors of every child. 0, 1 and 2 are /dev/null. */
enum { FILE_FD = 10, RDONLY_FD, WRONLY_FD, DIR_FD, PIPE_R, PIPE_W, NULL_FD, ZERO_FD, CLOSED_FD };

/*
 * Kinds of arguments. F: an open descriptor. D: a descriptor of a directory beside a relative
 * path. P: a path. I, O: memory that is read, that is written. i, o: the same,
 or null. n: a number.
 * x: not to be changed.
 */
#define MAX_ARGS 6

/* Stands for the child's own process id. */
#define SELF 0x5e1f5e1f

enum {
	MAY_DIE = 1,   /* may end the child by a signal */
	MAY_WAIT = 2,  /* may wait for ever: a timer ends that soon */
	MAY_BLOCK = 8, /* may block that timer's signal too: it is killed soon */
	FRESH = 4,     /* spoils its process: every value gets a new one */
};

struct call {
	const char *name;
	long nr;
	const char *kinds;
	long args[MAX_ARGS];
	int flags;
};

/* Pages for buffers: the last one is followed by a hole, and so are the two odd ones. */
static unsigned char *good, *readonly, *nothing, *half;
static const char constants[PS];

#define MAX_VALUES 48

struct value {
	const char *name;
	long v;
};

static struct value values[MAX_VALUES];
static int nvalues;

/* What child and parent share. */
struct board {
	volatile int at;                 /* number of the value in work */
	volatile int spoiled;            /* the read-only page was written */
	volatile long result[MAX_ARGS * MAX_VALUES];
};

static struct board *board;

static void add_value(const char *name, long v)
{
	if (nvalues == MAX_VALUES)
		bail_out("too many values");
	values[nvalues++] = (struct value){ name, v };
}

static void make_values(void)
{
	unsigned long limit = user_limit();

	add_value("0", 0);
	add_value("1", 1);
	add_value("-1", -1);
	add_value("8", 8);
	add_value("4095", 4095);
	add_value("4096", 4096);
	add_value("the last user page", limit - PS);
	add_value("the last user byte", limit - 1);
	add_value("the end of user space", limit);
	add_value("the first kernel page after it", limit + PS);
	add_value("the last page", -(long)PS);
	add_value("the last word", -8);
#if LONG_MAX > INT_MAX
	add_value("riscv64 kernel memory", (long)0xffffffd600000000);
	add_value("an address of no meaning", 0x0123456789abcdef);
	add_value("2^32 - 1", 0xffffffffL);
	add_value("2^32", 0x100000000L);
#else
	add_value("i386 kernel memory", (long)0xc0100000);
#endif
	add_value("2^31 - 1", INT_MAX);
	add_value("2^31", (long)INT_MIN);
	add_value("the largest number", LONG_MAX);
	add_value("the smallest number", LONG_MIN);
	add_value("an odd address", (long)good + 1);
	add_value("an unaligned address", (long)good + 4094);
	add_value("a page that may not be written", (long)readonly);
	add_value("a page that may not be touched", (long)nothing);
	add_value("a hole", (long)half + PS);
	add_value("8 bytes before a hole", (long)half + PS - 8);
	add_value("the byte before a hole", (long)half + PS - 1);
	add_value("constants of the program", (long)constants);
	add_value("a closed descriptor", CLOSED_FD);
	add_value("a read-only descriptor", RDONLY_FD);
	add_value("a write-only descriptor", WRONLY_FD);
	add_value("a directory", DIR_FD);
	add_value("a pipe's reading end", PIPE_R);
	add_value("a pipe's writing end", PIPE_W);
	add_value("/dev/null", NULL_FD);
	add_value("/dev/zero", ZERO_FD);
}

static bool is_value(int k, const char *name)
{
	return strcmp(values[k].name, name) == 0;
}

/* Whether the value is an address at which there can be no memory of a program. */
static bool is_bad_address(int k)
{
	unsigned long v = values[k].v;

	return (v >= 1 && v < PS) || v >= user_limit() || v == (unsigned long)nothing ||
	       v == (unsigned long)half + PS;
}

static bool may_not_be_written(int k)
{
	return is_bad_address(k) || is_value(k, "a page that may not be written") ||
	       is_value(k, "constants of the program");
}

/* The errno that value k must give as an argument of this kind; 0 if there is no rule. */
static int expected_errno(char kind, int k)
{
	switch (kind) {
	case 'F':
		return is_value(k, "-1") || is_value(k, "a closed descriptor") ||
		   is_value(k, "4095") ? EBADF : 0;
	case 'D':
		return is_value(k, "a closed descriptor") || is_value(k, "4095") ? EBADF : 0;
	case 'P':
	case 'I':
		return is_bad_address(k) || values[k].v == 0 ? EFAULT : 0;
	case 'O':
		return may_not_be_written(k) || values[k].v == 0 ? EFAULT : 0;
	case 'i':
		return is_bad_address(k) ? EFAULT : 0;
	case 'o':
		return may_not_be_written(k) ? EFAULT : 0;
	default:
		return 0;
	}
}

/* A page of its own before a hole of one page. */
static unsigned char *page_before_hole(int pages, int prot)
{
	unsigned char *p = must_map((pages + 2) * PS, prot, ANON, -1, 0);

	/* The hole must stay one: what follows it is mapped, and nothing else is mapped later. */
	unmap(p + pages * PS, PS);
	return p;
}

static void open_at(int fd, const char *path, int flags)
{
	int got = open(path, flags, 0644);

	if (got < 0 || (got != fd && (dup2(got, fd) != fd || close(got) != 0)))
		_exit(99);
}

static void prepare_child(void)
{
	int p[2];

	open_at(0, "/dev/null", O_RDWR);
	open_at(1, "/dev/null", O_RDWR);
	open_at(2, "/dev/null", O_RDWR);
	open_at(FILE_FD, "f", O_RDWR | O_CREAT);
	open_at(RDONLY_FD, "f", O_RDONLY);
	open_at(WRONLY_FD, "f", O_WRONLY);
	open_at(DIR_FD, ".", O_RDONLY);
	open_at(NULL_FD, "/dev/null", O_RDWR);
	open_at(ZERO_FD, "/dev/zero", O_RDWR);
	if (pipe2(p, O_NONBLOCK) != 0 || dup2(p[0], PIPE_R) < 0 || dup2(p[1], PIPE_W) < 0)
		_exit(99);
	for (int fd = 3; fd < 40; fd++)
		if (fd < FILE_FD || fd >= CLOSED_FD)
			close(fd);
	close(4095);
	if (ftruncate(FILE_FD, 65536) != 0)
		_exit(99);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, SIG_DFL);
}

static void set_timer(long us)
{
	struct itimerval it = { .it_value = { us / 1000000, us % 1000000 } };

	setitimer(ITIMER_REAL, &it, NULL);
}

/* Makes the calls number `from` up to `to`; the number is argument * nvalues + value. */
static void run_calls(const struct call *c, int from, int to)
{
	pid_t me = getpid();

	prepare_child();
	for (int i = from; i < to; i++) {
		long a[MAX_ARGS];

		memcpy(a, c->args, sizeof(a));
		if (c->kinds[i / nvalues] == 'x')
			continue;
		a[i / nvalues] = values[i % nvalues].v;
		for (int k = 0; k < MAX_ARGS; k++)
			a[k] = a[k] == SELF ? me : a[k];
		board->at = i;
		lseek(FILE_FD, 0, SEEK_SET);
		lseek(DIR_FD, 0, SEEK_SET);
		if (c->flags & MAY_WAIT)
			set_timer(10000);
		board->result[i] = sys(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		if (getpid() != me)
			_exit(0);
		if (!all_zero(readonly, PS))
			board->spoiled = 1;
	}
	board->at = to;
	_exit(0);
}

static volatile pid_t guarded;

static void guard_rings(int sig)
{
	(void)sig;
	if (guarded > 0)
		kill(guarded, SIGKILL);
}

/* Runs one child for the calls [from, to) and returns the number of the first not made. */
static int run_child(const struct call *c, int from, int to)
{
	bool done_all;
	int end, at;

	board->at = from;
	guarded = tap_fork();
	if (guarded == 0)
		run_calls(c, from, to);
	set_timer(c->flags & MAY_BLOCK ? 1000000 : 10000000);
	end = end_of(guarded);
	set_timer(0);
	at = board->at;
	done_all = end == 0 && at == to;
	if (done_all)
		return to;
	if (end == KILLED_BY(SIGALRM) && (c->flags & MAY_WAIT))
		return at + 1;
	if (end == KILLED_BY(SIGKILL) && (c->flags & MAY_BLOCK))
		return at + 1;
	if (end >= KILLED_BY(1) && end != KILLED_BY(SIGKILL) && (c->flags & MAY_DIE))
		return at + 1;
	tap.bad++;
	diag("%s: with argument %d %s the child ended with %d", c->name, at / nvalues,
	     at < to ? values[at % nvalues].name : "(all)", end);
	return at + 1;
}

static void judge_results(const struct call *c, int nargs)
{
	for (int i = 0; i < nargs * nvalues; i++) {
		char kind = c->kinds[i / nvalues];
		int err = expected_errno(kind, i % nvalues);
		long r = board->result[i];

		/* Results of children that died were never written. */
		if (kind == 'x' || !err || r == LONG_MIN || r == -err)
			continue;
		tap.bad++;
		diag("%s: argument %d %s: result %ld, not %d", c->name, i / nvalues,
		     values[i % nvalues].name, r, -err);
	}
}

static void sweep(const struct call *c)
{
	int nargs = strlen(c->kinds), n = nargs * nvalues, at = 0;

	for (int i = 0; i < n; i++)
		board->result[i] = LONG_MIN;
	board->spoiled = 0;
	while (at < n) {
		int next = c->flags & FRESH ? at + 1 : n;

		if (c->kinds[at / nvalues] == 'x') {
			at++;
			continue;
		}
		at = run_child(c, at, next);
	}
	judge_results(c, nargs);
	want(!board->spoiled);
	verdict("%s: odd arguments do no harm", c->name);
}

#define LABELLED(label, call, kinds, flags, ...) \
	{ label, SYS_##call, kinds, { __VA_ARGS__ }, flags }
#define CALL(call, kinds, flags, ...) LABELLED(#call, call, kinds, flags, __VA_ARGS__)
#define AT ((long)AT_FDCWD)

static void sweep_memory(void)
{
	long g = (long)good;
	const struct call calls[] = {
		CALL(brk, "n", MAY_DIE, 0),
		CALL(munmap, "nn", FRESH | MAY_DIE, g + PS, PS),
		CALL(mprotect, "nnn", FRESH | MAY_DIE, g + PS, PS, PROT_READ),
		CALL(msync, "nnn", 0, g, PS, MS_ASYNC),
		CALL(mremap, "nnnnn", FRESH | MAY_DIE, g + PS, PS, PS, MREMAP_MAYMOVE, 0),
		CALL(madvise, "nnn", FRESH | MAY_DIE, g, PS, MADV_DONTNEED),
		CALL(mincore, "nnO", 0, g, PS, g + PS),
#if defined(SYS_mmap2)
		LABELLED("mmap", mmap2, "nnnnFn", MAY_DIE, 0, PS, PROT_READ, MAP_PRIVATE, FILE_FD,
		   0),
#else
		CALL(mmap, "nnnnFn", MAY_DIE, 0, PS, PROT_READ, MAP_PRIVATE, FILE_FD, 0),
#endif
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		sweep(&calls[i]);
}

static void sweep_processes(void)
{
	long g = (long)good, junk = (long)"./junk";
	static char *argv[] = { "junk", NULL };
	const struct call calls[] = {
		CALL(execve, "Pii", 0, junk, (long)argv, (long)argv),
		CALL(wait4, "nnnn", 0, -1, g, WNOHANG, g),
		CALL(waitid, "nnnnn", 0, P_ALL, 0, g, WEXITED | WNOHANG, g),
		LABELLED("setpgid, its group", setpgid, "xn", 0, 0, 0),
		LABELLED("setpgid, its process", setpgid, "nx", 0, 0, 0),
		CALL(getpgid, "n", 0, 0),
		CALL(getsid, "n", 0, 0),
		CALL(getpid, "n", 0, 0),
		CALL(getppid, "n", 0, 0),
		CALL(gettid, "n", 0, 0),
		CALL(getuid, "n", 0, 0),
		CALL(geteuid, "n", 0, 0),
		CALL(getgid, "n", 0, 0),
		CALL(getegid, "n", 0, 0),
		CALL(set_tid_address, "n", FRESH, g),
		LABELLED("set_robust_list, its list", set_robust_list, "nx", FRESH, g,
		   3 * sizeof(long)),
		LABELLED("set_robust_list, its size", set_robust_list, "xn", 0, g,
		   3 * sizeof(long)),
		CALL(get_robust_list, "nOO", 0, 0, g, g + 64),
		LABELLED("prlimit64 that asks", prlimit64, "nnxo", 0, 0, RLIMIT_NOFILE, 0, g),
		LABELLED("prlimit64 that sets", prlimit64, "xxix", 0, 0, RLIMIT_CORE, g, 0),
		LABELLED("prctl that sets a name", prctl, "xI", 0, PR_SET_NAME, g),
		LABELLED("prctl that asks for a name", prctl, "xO", 0, PR_GET_NAME, g),
		CALL(getrusage, "nO", 0, RUSAGE_SELF, g),
		CALL(times, "o", 0, g),
		CALL(sched_yield, "n", 0, 0),
		CALL(sched_setscheduler, "xnn", 0, 0, SCHED_OTHER, g + PS),
		CALL(sched_setparam, "xn", 0, 0, g + PS),
		CALL(sched_getscheduler, "n", 0, 0),
		CALL(sched_getparam, "nn", 0, 0, g),
		LABELLED("sched_setaffinity, its mask", sched_setaffinity, "xxI", 0, 0, sizeof(long),
		   g),
		LABELLED("sched_setaffinity, its size", sched_setaffinity, "xnx", 0, 0, sizeof(long),
		   g),
		CALL(sched_getaffinity, "nnn", 0, 0, sizeof(long), g),
		CALL(getcpu, "oon", 0, g, g + 64, 0),
		LABELLED("setpriority, its nice", setpriority, "xxn", 0, PRIO_PROCESS, 0, 0),
		CALL(getpriority, "nn", 0, PRIO_PROCESS, 0),
		CALL(umask, "n", 0, 022),
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		sweep(&calls[i]);
}

static void sweep_signals(void)
{
	long g = (long)good;
	const struct call calls[] = {
		/* No signal to any process but the child: the values hold -1, 0 and 1. */
		LABELLED("kill, its process", kill, "nx", 0, 0, 0),
		LABELLED("kill, its signal", kill, "xn", FRESH | MAY_DIE, SELF, 0),
		LABELLED("tgkill, its ids", tgkill, "nnx", 0, SELF, SELF, 0),
		LABELLED("tgkill, its signal", tgkill, "xxn", FRESH | MAY_DIE, SELF, SELF, 0),
		CALL(rt_sigaction, "nioxn", 0, SIGUSR1, 0, g, 8, 0),
		LABELLED("rt_sigaction that sets", rt_sigaction, "xixx", 0, SIGUSR1, g, 0, 8),
		LABELLED("rt_sigaction, its size", rt_sigaction, "xxxn", 0, SIGUSR1, 0, g, 8),
		LABELLED("rt_sigprocmask that sets", rt_sigprocmask, "nixx", 0, SIG_BLOCK, g, 0, 8),
		LABELLED("rt_sigprocmask that asks", rt_sigprocmask, "xxon", 0, SIG_BLOCK, 0, g, 8),
		CALL(rt_sigpending, "Ox", 0, g, 8),
		LABELLED("rt_sigpending, its size", rt_sigpending, "xn", 0, g, 8),
		CALL(rt_sigsuspend, "Ix", MAY_WAIT | MAY_BLOCK, g, 8),
		LABELLED("rt_sigsuspend, its size", rt_sigsuspend, "xn", MAY_WAIT | MAY_BLOCK, g, 8),
		LABELLED("sigaltstack that sets", sigaltstack, "ix", 0, 0, 0),
		LABELLED("sigaltstack that asks", sigaltstack, "xo", 0, 0, g),
		CALL(setitimer, "nio", 0, ITIMER_VIRTUAL, g, g + 64),
		CALL(rt_sigtimedwait, "IxIx", MAY_WAIT, g, 0, g, 8),
		LABELLED("rt_sigtimedwait, its size", rt_sigtimedwait, "xxxn", MAY_WAIT, g, 0, g, 8),
		LABELLED("rt_sigqueueinfo, its information", rt_sigqueueinfo, "xxI", 0, SELF, SIGURG,
		   g),
		LABELLED("rt_tgsigqueueinfo, its information", rt_tgsigqueueinfo, "xxxI", 0, SELF,
		   SELF, SIGURG, g),
		CALL(timer_create, "niO", FRESH | MAY_DIE, CLOCK_MONOTONIC, 0, g + 128),
		CALL(timer_settime, "nnnn", 0, 0, 0, g, g + 64),
		CALL(timer_gettime, "nn", 0, 0, g),
		CALL(timer_getoverrun, "n", 0, 0),
		CALL(timer_delete, "n", 0, 0),
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		sweep(&calls[i]);
}

static void sweep_files(void)
{
	long g = (long)good, f = (long)"f", name = (long)"sweep.new", l = (long)"sweep.link";
	static struct iovec one;
	const struct call calls[] = {
		CALL(openat, "DPnn", 0, AT, f, O_RDWR, 0),
		CALL(close, "F", 0, FILE_FD),
		CALL(read, "FOx", 0, FILE_FD, g, 50),
		LABELLED("read, its count", read, "xxn", 0, FILE_FD, g, 50),
		LABELLED("read of /dev/zero", read, "xnx", 0, ZERO_FD, g, 50),
		CALL(write, "FIx", 0, FILE_FD, g, 50),
		LABELLED("write to /dev/null, its count", write, "xxn", 0, NULL_FD, g, 50),
		LABELLED("write, its count", write, "xIn", 0, FILE_FD, (long)good + 2 * PS, 50),
		LABELLED("readv, its count", readv, "Fxn", 0, FILE_FD, (long)&one, 1),
		LABELLED("readv, its array", readv, "xIx", 0, FILE_FD, (long)&one, 1),
		LABELLED("writev, its count", writev, "Fxn", 0, FILE_FD, (long)&one, 1),
		LABELLED("writev, its array", writev, "xIx", 0, FILE_FD, (long)&one, 1),
		LABELLED("pread64", pread64, "FOxxx", 0, FILE_FD, g, 50, 0),
		LABELLED("pread64, its count and offset", pread64, "xxnnn", 0, FILE_FD, g, 50, 0),
		CALL(pwrite64, "FIxxx", 0, FILE_FD, g, 50, 0),
		LABELLED("pwrite64, its offset", pwrite64, "xxxnx", 0, FILE_FD, g, 1, 0),
		CALL(preadv, "Fxnx", 0, FILE_FD, (long)&one, 1, 0),
		LABELLED("preadv, its array", preadv, "xIxn", 0, FILE_FD, (long)&one, 1, 0),
		CALL(pwritev, "Fxnx", 0, FILE_FD, (long)&one, 1, 0),
		LABELLED("pwritev2, its flags", pwritev2, "Fxnxxn", 0, FILE_FD, (long)&one, 1, 0, 0, 0),
		CALL(fadvise64, "Fnnn", 0, FILE_FD, 0, 0, 0),
		CALL(sync_file_range, "Fnnnnn", 0, FILE_FD, 0, 0, 0),
		LABELLED("close_range, its flags", close_range, "xxn", 0, 100, 200, 0),
		LABELLED("close_range, its end", close_range, "xnx", 0, 100, 200, 0),
		LABELLED("pselect6, its sets", pselect6, "xiiix", MAY_WAIT, 20, g, g + 128, g + 256, 0),
		LABELLED("pselect6, its time", pselect6, "xxxxi", MAY_WAIT, 20, g, g + 128, g + 256, g),
		LABELLED("fallocate, its mode", fallocate, "Fnxx", 0, FILE_FD, 0, 0, 1),
		CALL(lseek, "Fnn", 0, FILE_FD, 0, SEEK_SET),
		CALL(dup, "F", 0, FILE_FD),
		CALL(dup3, "Fxn", 0, FILE_FD, 30, 0),
		LABELLED("dup3, its new descriptor", dup3, "xnx", 0, FILE_FD, 30, 0),
		CALL(pipe2, "On", 0, g, 0),
		CALL(fcntl, "Fnn", 0, FILE_FD, F_GETFD, 0),
		LABELLED("fcntl F_DUPFD", fcntl, "xxn", 0, FILE_FD, F_DUPFD, 0),
		LABELLED("fcntl F_SETFL", fcntl, "xxn", 0, FILE_FD, F_SETFL, 0),
		LABELLED("fcntl F_GETLK", fcntl, "Fxn", 0, FILE_FD, F_GETLK, g),
		LABELLED("fcntl F_SETLK", fcntl, "FxI", 0, FILE_FD, F_SETLK, g),
		LABELLED("fcntl F_OFD_GETLK", fcntl, "Fxn", 0, FILE_FD, F_OFD_GETLK, g),
		CALL(flock, "Fn", MAY_WAIT, FILE_FD, LOCK_UN),
		CALL(ioctl, "Fnn", 0, NULL_FD, TCGETS, g),
		LABELLED("ioctl of a file", ioctl, "xxn", 0, FILE_FD, TCGETS, g),
		CALL(ppoll, "Iniix", MAY_WAIT, g, 1, g, 0, 8),
		LABELLED("ppoll, its size", ppoll, "xxxxn", MAY_WAIT, g, 1, g, g, 8),
		CALL(getdents64, "FOn", 0, DIR_FD, g, 4096),
		CALL(ftruncate, "Fn", 0, FILE_FD, 100),
		CALL(truncate, "Pn", 0, f, 100),
		CALL(fsync, "F", 0, FILE_FD),
		CALL(fdatasync, "F", 0, FILE_FD),
		CALL(sendfile, "FFon", 0, NULL_FD, FILE_FD, 0, 10),
		CALL(chdir, "P", 0, (long)"."),
		CALL(getcwd, "Ox", 0, g, 4096),
		LABELLED("getcwd, its size", getcwd, "xn", 0, g, 4096),
		CALL(mkdirat, "DPn", 0, AT, name, 0755),
		CALL(unlinkat, "DPn", 0, AT, name, 0),
		CALL(symlinkat, "PDP", 0, f, AT, l),
		CALL(readlinkat, "DPOn", 0, AT, l, g, 100),
		CALL(linkat, "DPDPn", 0, AT, f, AT, name, 0),
		CALL(renameat2, "DPDPn", 0, AT, f, AT, f, 0),
		CALL(faccessat, "DPn", 0, AT, f, 0),
		CALL(fchmodat, "DPn", 0, AT, f, 0644),
		CALL(utimensat, "Dxin", 0, AT, f, g, 0),
		CALL(statx, "DPnnO", 0, AT, f, 0, 0x7ff, g),
#if defined(SYS_newfstatat)
		LABELLED("fstatat", newfstatat, "DPOn", 0, AT, f, g, 0),
		CALL(fstat, "FO", 0, FILE_FD, g),
		CALL(statfs, "PO", 0, f, g),
		CALL(fstatfs, "FO", 0, FILE_FD, g),
#else
		LABELLED("fstatat", fstatat64, "DPOn", 0, AT, f, g, 0),
		LABELLED("fstat", fstat64, "FO", 0, FILE_FD, g),
		LABELLED("statfs", statfs64, "PxO", 0, f, 84, g),
		LABELLED("fstatfs", fstatfs64, "FxO", 0, FILE_FD, 84, g),
#endif
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		sweep(&calls[i]);
		unlink("sweep.new");
		rmdir("sweep.new");
		if (calls[i].nr != SYS_symlinkat)
			continue;
		unlink("sweep.link");
		symlink("f", "sweep.link");
	}
	unlink("sweep.link");
}

static void sweep_rest(void)
{
	long g = (long)good;
	const struct call calls[] = {
		CALL(uname, "O", 0, g),
		CALL(sysinfo, "O", 0, g),
		CALL(memfd_create, "Pn", 0, (long)"name", 1),
		CALL(getrandom, "Oxn", 0, g, 16, 0),
		LABELLED("getrandom, its count", getrandom, "xnx", 0, g, 16, 0),
		CALL(clock_gettime, "xO", 0, CLOCK_MONOTONIC, g),
		LABELLED("clock_gettime, its clock", clock_gettime, "nx", 0, CLOCK_MONOTONIC, g),
		CALL(clock_getres, "xo", 0, CLOCK_MONOTONIC, g),
		LABELLED("clock_getres, its clock", clock_getres, "nx", 0, CLOCK_MONOTONIC, g),
		CALL(nanosleep, "In", MAY_WAIT, g, g),
		CALL(clock_nanosleep, "nnIn", MAY_WAIT, CLOCK_MONOTONIC, 0, g, g),
		CALL(gettimeofday, "oo", 0, g, g + 64),
		/* To set the clock or a name would harm the machine the test runs on. */
		LABELLED("clock_settime of no clock", clock_settime, "xI", 0, -1, g),
		CALL(membarrier, "xnn", 0, 0, 0, 0),
		/* Without the first magic number the others mean nothing. */
		CALL(reboot, "xnnn", 0, 0, 0, 0, 0),
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		sweep(&calls[i]);
}

/* Ids and thread pointers that clone writes, and the stack that its child starts on. */
static int clone_children(void)
{
	for (int k = 0; k < nvalues; k++) {
		long v = values[k].v;
		long pid = sys(SYS_clone, SIGCHLD, v, 0, 0, 0);

		if (pid == 0)
			_exit(0);
		if (pid > 0)
			end_of(pid);
		pid = sys(SYS_clone,
			  CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD,
			  0, v, v, v);
		if (pid == 0)
			_exit(0);
		if (pid > 0)
			end_of(pid);
	}
	return 0;
}

/* Returns from a signal that never came, with the frame at `sp`. */
static void return_from_nowhere(unsigned long sp)
{
#if defined(__riscv)
	asm volatile("mv sp, %0; li a7, 139; ecall; ebreak" : : "r"(sp) : "a7", "memory");
#elif defined(__x86_64__)
	asm volatile("mov %0, %%rsp; mov $15, %%eax; syscall; ud2" : : "r"(sp) : "rax", "memory");
#else
	asm volatile("mov %0, %%esp; mov $173, %%eax; int $0x80; ud2" : : "r"(sp) : "eax",
	   "memory");
#endif
}

static void test_sigreturn(void)
{
	for (int k = 0; k < nvalues; k++) {
		int end;

		guarded = tap_fork();
		if (guarded == 0)
			return_from_nowhere(values[k].v);
		set_timer(10000000);
		end = end_of(guarded);
		set_timer(0);
		if (!want(end == KILLED_BY(SIGSEGV) || end == KILLED_BY(SIGBUS) ||
		      end == KILLED_BY(SIGILL)))
			diag("rt_sigreturn on %s: ended with %d", values[k].name, end);
	}
	verdict("rt_sigreturn without a frame ends the process by a signal");
}

static void test_afterwards(void)
{
	int p[2];
	char c = 0;
	pid_t pid;

	want_eq(pipe(p), 0);
	pid = tap_fork();
	if (pid == 0)
		_exit(write(p[1], "w", 1) == 1 ? 3 : 1);
	want(read(p[0], &c, 1) == 1 && c == 'w');
	want_eq(end_of(pid), 3);
	verdict("the system works afterwards");
}

int main(void)
{
	board = shared_memory(sizeof(*board));
	good = page_before_hole(3, RW);
	half = page_before_hole(1, RW);
	readonly = page_before_hole(1, PROT_READ);
	nothing = page_before_hole(1, PROT_NONE);
	make_values();
	signal(SIGALRM, guard_rings);
	close(open("f", O_RDWR | O_CREAT, 0644));
	close(open("junk", O_RDWR | O_CREAT, 0755));
	sweep_memory();
	sweep_processes();
	sweep_signals();
	sweep_files();
	sweep_rest();
	is(in_child(clone_children), 0, "clone with odd arguments");
	test_sigreturn();
	test_afterwards();
	unlink("f");
	unlink("junk");
	return done();
}
