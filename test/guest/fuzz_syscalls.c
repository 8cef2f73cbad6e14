/*
 * Random system calls, many processes at a time, with arguments of the right kind and of the wrong
 * one: descriptors of every kind, paths that are and are not, buffers that are mapped, half mapped,
 * read-only or nowhere, numbers at the edges of types. Nothing is asked of the single call; the
 * system must live, end what is killed, and give back what the processes had (the run of the job
 * compares the memory at its end).
 *
 *   fuzz_syscalls [SEED [CHILDREN [CALLS [greedy]]]]
 *
 * CHILDREN processes, AT_ONCE at a time, make CALLS calls each, from numbers that SEED and the
 * child's place determine. When for a while nobody has ended, all are killed: to wait or to run for
 * ever is no fault, but not to end then is. `greedy` allows mappings that exhaust the memory.
 * Children can do anything to each other but signal the parent: it alone judges. mv6 only: on the
 * host they would reach everything else.
 */
#include "child.h"

#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/uio.h>

#define AT_ONCE 8
#define STALL_MS 1000     /* without an end, before everybody is killed */
#define END_MS 30000      /* to end in, when killed */
#define ARENA_PAGES 64
#define CLONES 4          /* made by the average child, its own clones included */

/*
 * Kinds of arguments: f descriptor, D descriptor of a directory, P path, b buffer, a address,
 * l length, o offset, n number, w another small number, v advice, i process, I the process itself
 * or none, s signal, p protection, m flags of mmap, O flags of open, M mode, V vector of buffers,
 * t time, S signal set, A action, L descriptors to poll, e how a timer notifies, G strings,
 * K lock command of fcntl, k lock, q request of ioctl, X path of a program. Only there stands this
 * program itself.
 */
struct call {
	long nr;
	const char *kinds;
};

static const struct call calls[] = {
	{ SYS_getcwd, "bl" }, { SYS_dup, "f" }, { SYS_dup3, "ffO" }, { SYS_ioctl, "fqb" },
	{ SYS_mknodat, "DPMn" }, { SYS_mkdirat, "DPM" }, { SYS_unlinkat, "DPn" },
	{ SYS_symlinkat, "PDP" }, { SYS_linkat, "DPDPn" }, { SYS_truncate, "Po" },
	{ SYS_ftruncate, "fo" }, { SYS_ftruncate, "fo" }, { SYS_faccessat, "DPw" },
	{ SYS_chdir, "P" }, { SYS_fchdir, "D" }, { SYS_fchmod, "fM" }, { SYS_fchmodat, "DPM" },
	{ SYS_fchownat, "DPnnn" }, { SYS_fchown, "fnn" }, { SYS_openat, "DPOM" },
	{ SYS_openat, "DPOM" }, { SYS_openat, "DPOM" }, { SYS_close, "f" }, { SYS_pipe2, "bO" },
	{ SYS_getdents64, "fbl" }, { SYS_lseek, "fow" }, { SYS_read, "fbl" }, { SYS_read, "fbl" },
	{ SYS_write, "fbl" }, { SYS_write, "fbl" }, { SYS_readv, "fVw" }, { SYS_writev, "fVw" },
	{ SYS_pread64, "fblo" }, { SYS_pwrite64, "fblo" }, { SYS_sendfile, "ffbl" },
	{ SYS_ppoll, "LwtSw" }, { SYS_readlinkat, "DPbl" }, { SYS_statfs, "Pb" },
	{ SYS_fstatfs, "fb" }, { SYS_sync, "" }, { SYS_fsync, "f" }, { SYS_fdatasync, "f" },
	{ SYS_fcntl, "fKk" }, { SYS_fcntl, "fKk" }, { SYS_flock, "fw" },
	{ SYS_utimensat, "DPtn" }, { SYS_exit_group, "n" }, { SYS_waitid, "wibnb" },
	{ SYS_set_tid_address, "a" }, { SYS_set_robust_list, "al" },
	{ SYS_get_robust_list, "ibb" }, { SYS_nanosleep, "tt" }, { SYS_getitimer, "wb" },
	{ SYS_setitimer, "wtb" }, { SYS_clock_gettime, "wb" }, { SYS_clock_getres, "wb" },
	{ SYS_clock_nanosleep, "wwtt" }, { SYS_sched_yield, "" }, { SYS_kill, "is" },
	{ SYS_sched_setscheduler, "Iwb" }, { SYS_sched_setparam, "Ib" },
	{ SYS_sched_getscheduler, "i" }, { SYS_sched_getparam, "ib" },
	{ SYS_sched_setaffinity, "Iwb" }, { SYS_sched_getaffinity, "ilb" },
	{ SYS_setpriority, "wIn" }, { SYS_getpriority, "wi" }, { SYS_getcpu, "bba" },
	{ SYS_tgkill, "iis" }, { SYS_tkill, "is" }, { SYS_futex, "awntan" },
	{ SYS_futex, "awntan" }, { SYS_sigaltstack, "bb" }, { SYS_rt_sigsuspend, "Sl" },
	{ SYS_rt_sigaction, "sAAw" }, { SYS_rt_sigaction, "sAAw" }, { SYS_rt_sigprocmask, "wSSw" },
	{ SYS_rt_sigpending, "Sl" }, { SYS_rt_sigreturn, "" }, { SYS_setregid, "nn" },
	{ SYS_setgid, "n" }, { SYS_setreuid, "nn" }, { SYS_setuid, "n" }, { SYS_setresuid, "nnn" },
	{ SYS_getresuid, "bbb" }, { SYS_setresgid, "nnn" }, { SYS_getresgid, "bbb" },
	{ SYS_times, "b" }, { SYS_setpgid, "ii" }, { SYS_getpgid, "i" }, { SYS_getsid, "i" },
	{ SYS_setsid, "" }, { SYS_getgroups, "nb" }, { SYS_uname, "b" }, { SYS_getrusage, "wb" },
	{ SYS_umask, "M" }, { SYS_prctl, "nbnnn" }, { SYS_gettimeofday, "bb" }, { SYS_getpid, "" },
	{ SYS_sysinfo, "b" }, { SYS_brk, "a" }, { SYS_munmap, "al" }, { SYS_munmap, "al" },
	{ SYS_clone, "c" }, { SYS_clone, "c" }, { SYS_execve, "XGG" }, { SYS_mprotect, "alp" },
	{ SYS_mprotect, "alp" }, { SYS_msync, "alw" }, { SYS_msync, "alw" },
	{ SYS_mlock, "al" }, { SYS_mlock2, "alw" }, { SYS_munlock, "al" }, { SYS_mlockall, "w" },
	{ SYS_munlockall, "" }, { SYS_mremap, "allwa" }, { SYS_mremap, "allwa" },
	{ SYS_madvise, "alv" }, { SYS_madvise, "alv" }, { SYS_mincore, "alb" },
	{ SYS_preadv, "fVwo" }, { SYS_pwritev, "fVwo" }, { SYS_preadv2, "fVwonw" },
	{ SYS_pwritev2, "fVwonw" }, { SYS_fadvise64, "follw" }, { SYS_sync_file_range, "follw" },
	{ SYS_close_range, "ffw" }, { SYS_pselect6, "wbbbtb" }, { SYS_timer_create, "web" },
	{ SYS_timer_create, "web" }, { SYS_timer_settime, "wwtb" }, { SYS_timer_settime, "wwtb" },
	{ SYS_timer_gettime, "wb" }, { SYS_timer_getoverrun, "w" }, { SYS_timer_delete, "w" },
	{ SYS_clock_settime, "wt" }, { SYS_settimeofday, "tb" }, { SYS_sethostname, "bl" },
	{ SYS_setdomainname, "bl" }, { SYS_personality, "n" }, { SYS_membarrier, "wnn" },
	{ SYS_rt_sigtimedwait, "Sbtw" }, { SYS_rt_sigqueueinfo, "isb" },
	{ SYS_rt_tgsigqueueinfo, "iisb" },
	{ SYS_wait4, "ibwb" }, { SYS_prlimit64, "iwbb" }, { SYS_renameat2, "DPDPw" },
	{ SYS_getrandom, "blw" }, { SYS_statx, "DPnnb" }, { SYS_memfd_create, "Pw" },
#ifdef __i386__
	{ SYS_fcntl64, "fnn" }, { SYS_fcntl64, "fKk" }, { SYS_mmap2, "alpmfn" }, { SYS_mmap2, "alpmfn" },
	{ SYS_mmap2, "alpmfn" }, { SYS_fstatat64, "DPbn" }, { SYS_fstat64, "fb" },
	{ SYS__llseek, "fnobw" }, { SYS__newselect, "wbbbt" }, { SYS_fallocate, "fwowlw" },
#else
	{ SYS_fcntl, "fnn" }, { SYS_mmap, "alpmfo" }, { SYS_mmap, "alpmfo" },
	{ SYS_mmap, "alpmfo" }, { SYS_newfstatat, "DPbn" }, { SYS_fstat, "fb" },
	{ SYS_fallocate, "fwol" },
#endif
};

/* What all processes share. */
struct board {
	volatile long calls;
	volatile int clones; /* that may still be made */
};

static struct board *board;
static pid_t parent;
static int ends[64]; /* children that died by each signal */
static int stalls; /* how often all were killed */
static bool greedy;
static unsigned char *arena, *constants;
static uint64_t random_state;
static char long_path[PS + 1], long_name[257];

static uint64_t rnd(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static unsigned below(unsigned n)
{
	return (unsigned)(rnd() % n);
}

#define pick(array) ((array)[below(sizeof(array) / sizeof(*(array)))])

/* --- values --- */

static long odd_number(void)
{
	static const long odd[] = { 0, 1, 2, 3, 4, 7, 8, 16, 63, 64, 100, 255, 256, 1023, 1024,
		4095, 4096, 4097, 65535, 65536, 0x100000, 0x7fffffff, (long)0x80000000,
		(long)0xffffffff, -1, -2, -100, -4095, -4096, LONG_MAX, LONG_MIN, LONG_MAX - 4095,
		(long)(LONG_MAX & ~4095ul) };

	return below(8) ? pick(odd) : (long)rnd();
}

static long address(void)
{
	static const uint64_t odd[] = { 0, 1, PS, 0x10000, 0x7fff0000, 0x3ffffff000, 0x3fffffffff,
		0x4000000000, 0x7ffffffffffff000, 0x8000000000000000, 0xffffffc000000000,
		0xffffffff80000000, -PS, -1ull };

	switch (below(12)) {
	case 0:
		return (long)pick(odd);
	case 1:
		return (long)constants + below(PS);
	case 2: /* the last bytes before a hole */
		return (long)arena + (long)(ARENA_PAGES * PS - below(64));
	case 3:
		return (long)rnd();
	case 4:
		return (long)&odd - below(4) * 8;
	default:
		return (long)arena + (long)(below(ARENA_PAGES) * PS);
	}
}

/* An address to unmap, to map at, to protect: mostly in the arena, or a program ends at once. */
static long map_address(void)
{
	if (below(30) == 0)
		return address();
	return below(3) ? (long)arena + (long)(below(ARENA_PAGES) * PS) : 0;
}

static long length(void)
{
	switch (below(16)) {
	case 0:
		return odd_number();
	case 1:
		return (long)(1 + below(greedy ? 4096 : 256)) * (long)PS;
	case 2:
		return below(64);
	default:
		return (long)((1 + below(6)) * PS) - (below(4) ? 0 : (long)below(PS));
	}
}

static long offset(void)
{
	static const long odd[] = { 0, 1, PS, 11 * PS, 12 * PS, 12 * PS + 1024 * PS,
		LONG_MAX / 4096 / 4096 * 4096, 0x7fffffff, LONG_MAX / 2097152, LONG_MAX, -1,
		LONG_MIN };

	return below(4) ? (long)(below(40) * PS + (below(3) ? 0 : below(PS))) : pick(odd);
}

static long number(void)
{
	return below(3) ? (long)below(12) : odd_number();
}

static long descriptor(void)
{
	static const int odd[] = { -1, -100, 1000, 1023, 1024, 4096, 0x7fffffff };

	return below(20) ? (long)below(28) : pick(odd);
}

static long process(void)
{
	static const int odd[] = { 0, 1, 0x7fffffff, -0x7fffffff, -1 - 0x7fffffff, -2 };
	int n;

	switch (below(4)) {
	case 0:
		return getpid();
	case 1:
		return pick(odd);
	case 2:
		n = getpid() + (int)below(8) - 4;
		return n == parent ? 0 : n;
	default:
		return -getpid();
	}
}

/* An arena page's words: numbers, addresses, small numbers. */
static void *words(unsigned n)
{
	unsigned long *p = (unsigned long *)(arena + below(8) * PS) + below(64);

	for (unsigned i = 0; i < n; i++)
		p[i] = (unsigned long)(below(3)		? (long)below(2000)
					       : below(2) ? odd_number()
							  : address());
	return p;
}

static long buffer(void)
{
	return below(4) ? (long)words(below(32)) : address();
}

static long path(void)
{
	static const char *const names[] = { "f0", "f1", "f2", "f3", "f4", "d0", "d1", "d0/f",
		"d0/d", "d1/../f0", "l0", "l0/l1", "l1", "d0/d/d", "d0/d/d/", "f0/", "f0/x", ".",
		"..", "/", "", "//..//.", "d0/.", "d0/..", "/dev/null", "/dev/zero", "/proc",
		"/proc/self/maps", "/proc/self/status", "/proc/1/maps", "/proc/1/status",
		"/proc/self/fd", "/proc/self/fd/5", "/proc/self/cwd", "/proc/self/cwd/f0",
		"/proc/meminfo", "/proc/cpuinfo", "/proc/99999/maps", "/dev", "/tmp/x", "p0",
		"/dev/shm", "/dev/shm/f", "/dev/shm/g", "/dev/shm/d", "/dev/shm/d/f", "/dev/shm/..",
		"p1", "/proc/self/fd/6", "/proc/2/fd/3", "/proc/self/stat", "/dev/tty", "#!",
		"f0\377\1" };

	switch (below(24)) {
	case 0:
		return address();
	case 1:
		return (long)long_path;
	case 2:
		return (long)long_path + PS - below(300);
	case 3:
		return (long)long_name + below(3);
	default:
		return (long)pick(names);
	}
}

static long vector(void)
{
	struct iovec *v = (struct iovec *)(arena + 2 * PS);

	if (below(6) == 0)
		return address();
	for (unsigned i = 0; i < 16; i++) {
		v[i].iov_base = (void *)address();
		v[i].iov_len = below(8) ? below(3 * PS) : (size_t)length();
	}
	return (long)v;
}

static long moment(void)
{
	long *t = (long *)(arena + 3 * PS) + below(16);

	if (below(6) == 0)
		return address();
	for (int i = 0; i < 4; i++)
		t[i] = below(4) ? (i % 2 ? (long)below(2000) : 0) : odd_number();
	return (long)t;
}

static void on_signal(int signo)
{
	(void)signo;
}

static long action(void)
{
	unsigned long *a = (unsigned long *)(arena + 4 * PS) + below(16);

	if (below(4) == 0)
		return below(2) ? 0 : address();
	a[0] = below(4) ? (unsigned long)on_signal : (unsigned long)odd_number();
	a[1] = (unsigned long)(rnd() & 0xfc000007);
	a[2] = a[3] = rnd();
	return (long)a;
}

static long polled(void)
{
	struct pollfd *p = (struct pollfd *)(arena + 5 * PS) + below(8);

	if (below(6) == 0)
		return address();
	for (int i = 0; i < 32; i++)
		p[i] = (struct pollfd){ (int)descriptor(), (short)rnd(), 0 };
	return (long)p;
}

static long strings(void)
{
	char **v = (char **)(arena + 6 * PS);
	unsigned n = below(3) ? below(5) : below(500);

	if (below(6) == 0)
		return below(2) ? 0 : address();
	v[0] = "child";
	for (unsigned i = 1; i <= n; i++)
		v[i] = below(20) ? long_name + 200 + below(50)
				 : below(2) ? long_path : (char *)address();
	v[n + 1] = NULL;
	return (long)v;
}

static long open_flags(void)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_CREAT,
		O_RDWR | O_CREAT, O_CREAT | O_WRONLY | O_TRUNC, O_RDONLY | O_DIRECTORY, O_PATH,
		O_RDWR | O_APPEND | O_CREAT, O_NONBLOCK, O_CLOEXEC, O_CLOEXEC | O_NONBLOCK,
		O_RDWR | O_CREAT | O_EXCL, O_RDWR | O_NOFOLLOW, O_RDWR | O_NONBLOCK };

	return below(8) ? pick(flags) : (long)rnd();
}

static long map_flags(void)
{
	static const int flags[] = { ANON, SHANON, MAP_PRIVATE, MAP_SHARED, ANON | MAP_FIXED,
		SHANON | MAP_FIXED, MAP_PRIVATE | MAP_FIXED, MAP_SHARED | MAP_FIXED,
		MAP_SHARED | MAP_POPULATE, ANON | MAP_POPULATE, MAP_SHARED | MAP_FIXED,
		MAP_PRIVATE | MAP_FIXED, ANON | MAP_GROWSDOWN, ANON | MAP_FIXED_NOREPLACE,
		ANON | MAP_NORESERVE };

	return below(12) ? pick(flags) : (long)rnd();
}

static long request(void)
{
	static const int requests[] = { FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ,
		TIOCGPGRP, TIOCSPGRP, TIOCSCTTY, TIOCNOTTY };

	return below(8) ? pick(requests) : (long)rnd();
}

static long lock_command(void)
{
	static const int commands[] = { 5, 6, 6, 6, 7, 12, 13, 13, 14, 36, 37, 37, 38 };

	return below(8) ? pick(commands) : (long)below(64);
}

/* A struct flock, of whatever form: little of it is nonsense. */
static long some_lock(void)
{
	struct flock *l = words(4);

	l->l_type = (short)below(3);
	l->l_whence = (short)below(below(8) ? 2 : 4);
	l->l_pid = 0;
	if (below(4))
		l->l_start = below(64);
	if (below(4))
		l->l_len = below(32);
	return below(8) ? (long)l : buffer();
}

static long event(void)
{
	struct sigevent *e = (struct sigevent *)(arena + 7 * PS) + below(8);

	if (below(4) == 0)
		return below(2) ? 0 : address();
	memset(e, 0, sizeof(*e));
	e->sigev_notify = below(6) ? (int)below(2) : below(2) ? 4 : (int)rnd();
	e->sigev_signo = below(8) ? (int)(32 + below(33)) : (int)below(66);
	e->sigev_value.sival_int = (int)rnd();
	((int *)e)[sizeof(e->sigev_value) / sizeof(int) + 2] = getpid();
	return (long)e;
}

static long argument(char kind)
{
	if (below(40) == 0 && kind != 'i' && kind != 'I')
		return odd_number();
	switch (kind) {
	case 'f': return descriptor();
	case 'D': return below(3) ? AT_FDCWD : descriptor();
	case 'P': return path();
	case 'X': return below(3) ? (long)"/proc/self/exe" : path();
	case 'b': return buffer();
	case 'a': return map_address();
	case 'l': return length();
	case 'o': return offset();
	case 'w': return below(9);
	case 'v': return below(8) ? (long)below(27) : number();
	case 'i': return process();
	case 'I': return below(4) ? 0 : -1;
	case 's': return below(8) ? (long)below(66) : number();
	case 'p': return below(8) ? (long)below(8) : number();
	case 'm': return map_flags();
	case 'O': return open_flags();
	case 'M': return below(4) ? 0755 : below(2) ? (long)(S_IFIFO | 0666) : (long)rnd();
	case 'V': return vector();
	case 't': return moment();
	case 'S': return below(2) ? (long)words(2) : address();
	case 'A': return action();
	case 'L': return polled();
	case 'G': return strings();
	case 'e': return event();
	case 'K': return lock_command();
	case 'k': return some_lock();
	case 'q': return request();
	default: return number();
	}
}

/* --- a process --- */

static void many_calls(unsigned n);

/* A new process makes some calls too; what it shares with its maker is its affair. */
static void clone_call(void)
{
	static const unsigned long flags[] = { SIGCHLD, SIGCHLD, SIGCHLD, 0,
		CLONE_VFORK | CLONE_VM | SIGCHLD, CLONE_VFORK | SIGCHLD, CLONE_FILES | SIGCHLD,
		CLONE_FS | SIGCHLD, CLONE_VM | SIGCHLD, CLONE_PARENT | SIGCHLD,
		CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD,
		CLONE_VM | CLONE_SIGHAND | SIGCHLD,
		CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID | SIGCHLD };
	unsigned long how = below(10) ? pick(flags) : (unsigned long)rnd();

	/* A child of the parent's would be waited for, and never be known. */
	how &= ~(unsigned long)CLONE_PARENT;
	if (__atomic_sub_fetch(&board->clones, 1, __ATOMIC_RELAXED) < 0)
		return;
	if (syscall(SYS_clone, how, 0, address(), address(), address()) == 0) {
		random_state ^= (uint64_t)getpid() << 32;
		many_calls(below(40));
		syscall(SYS_exit_group, 0);
	}
}

static bool spares_parent(long nr, const long *args)
{
	if (nr == SYS_kill || nr == SYS_tgkill || nr == SYS_tkill || nr == SYS_rt_sigqueueinfo ||
	   nr == SYS_rt_tgsigqueueinfo)
		return (int)args[0] != parent && (int)args[0] != -parent && (int)args[0] != -1;
	if (nr == SYS_prlimit64 || nr == SYS_setpgid)
		return (int)args[0] != parent;
	return nr != SYS_reboot;
}

static void one_call(void)
{
	const struct call *c = &pick(calls);
	long args[6] = { 0 }, nr = c->nr;
	unsigned n = (unsigned)strlen(c->kinds);

	if (nr == SYS_clone) {
		clone_call();
		return;
	}
	/* Most of these end or stop the caller: not so often. */
	if (nr == SYS_exit_group || nr == SYS_execve || nr == SYS_rt_sigreturn || nr == SYS_kill)
		if (below(4))
			return;
	for (unsigned i = 0; i < 6; i++)
		args[i] = i < n ? argument(c->kinds[i]) : (long)rnd();
	if (below(200) == 0)
		nr = below(500);
	if (spares_parent(nr, args))
		syscall(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
}

/* Stores to and loads from the arena, which the calls have made anything of. */
static void touch_arena(void)
{
	volatile unsigned char *p = arena + below(ARENA_PAGES) * PS;

	if (below(2))
		*p = 1;
	else
		tap_sink = *p;
}

static void set_alarm(void)
{
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	struct sigaction act = { .sa_handler = on_signal };

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static sigjmp_buf after_fault;

static void on_fault(int signo)
{
	(void)signo;
	siglongjmp(after_fault, 1);
}

/* Faults cost one call, not the process, while its handlers stand. */
static void many_calls(unsigned n)
{
	struct sigaction act = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	volatile unsigned left = n;

	sigsetjmp(after_fault, 0);
	while (left-- > 0) {
		if (left % 4 == 0) {
			set_alarm();
			sigprocmask(SIG_SETMASK, &act.sa_mask, NULL);
			sigaction(SIGSEGV, &act, NULL);
			sigaction(SIGBUS, &act, NULL);
			if (below(32) == 0)
				mmap(arena, 8 * PS, RW, ANON | MAP_FIXED, -1, 0);
		}
		__atomic_add_fetch(&board->calls, 1, __ATOMIC_RELAXED);
		one_call();
		if (below(4) == 0)
			touch_arena();
	}
}

static void open_things(void)
{
	int fd[2];

	for (int i = 0; i < 28; i++)
		close(i);
	for (int i = 0; i < 3; i++)
		open("/dev/null", O_RDWR);
	open("f0", O_RDWR | O_CREAT, 0644);
	open("f1", O_RDWR | O_CREAT | O_APPEND, 0644);
	open("f2", O_RDONLY | O_CREAT, 0644);
	open("f3", O_WRONLY | O_CREAT, 0644);
	mkdir("d0", 0755);
	open(".", O_RDONLY);
	open("d0", O_RDONLY);
	open("d0", O_PATH);
	pipe(fd);
	pipe2(fd, O_NONBLOCK);
	open("/dev/zero", O_RDWR);
	open("/proc/self/maps", O_RDONLY);
	open("/proc", O_RDONLY);
	symlink("l1", "l0");
	symlink("l0", "l1");
	mkfifo("p0", 0666);
	open("p0", O_RDWR | O_NONBLOCK);
}

/* Pages of every kind, then a hole. */
static void make_arena(void)
{
	arena = must_map((ARENA_PAGES + 1) * PS, RW, ANON, -1, 0);
	constants = must_map(PS, PROT_READ, ANON, -1, 0);
	unmap(arena + ARENA_PAGES * PS, PS);
	mmap(arena + 20 * PS, 8 * PS, RW, MAP_SHARED | MAP_FIXED, 3, 0);
	mmap(arena + 30 * PS, 8 * PS, RW, MAP_PRIVATE | MAP_FIXED, 3, 0);
	mmap(arena + 40 * PS, 4 * PS, RW, SHANON | MAP_FIXED, -1, 0);
	protect(arena + 50 * PS, 4 * PS, PROT_READ);
	protect(arena + 56 * PS, 2 * PS, PROT_NONE);
	unmap(arena + 60 * PS, 2 * PS);
}

static int child(uint64_t seed, unsigned ncalls)
{
	random_state = seed;
	setpgid(0, 0);
	open_things();
	make_arena();
	many_calls(ncalls);
	return 0;
}

/* --- the parent --- */

/* Collects all children that have ended; how many they are. */
static int collect(void)
{
	int n = 0, status;

	while (waitpid(-1, &status, WNOHANG) > 0) {
		n++;
		if (WIFSIGNALED(status) && WTERMSIG(status) < 64)
			ends[WTERMSIG(status)]++;
	}
	return n;
}

/* Kills everybody but this process and the first one. Nobody resists. */
static int kill_all(int alive)
{
	int n = 0;

	kill(-1, SIGKILL);
	for (int ms = 0; n < alive && ms < END_MS; ms += 5) {
		n += collect();
		sleep_ms(5);
	}
	want_eq(n, alive);
	return n;
}

/* A new child, in the place to play in, which others may have removed; 0: there is no memory. */
static int new_child(uint64_t seed, unsigned ncalls)
{
	pid_t pid;

	if (chdir("/job/fuzz") < 0) {
		want(mkdir("/job/fuzz", 0777) == 0 || errno == EEXIST || errno == ENOMEM ||
			errno == ENOSPC);
		chdir("/job/fuzz");
	}
	pid = fork();
	if (pid == 0)
		_exit(child(seed, ncalls));
	return pid > 0;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

static void run(uint64_t seed, int nchildren, unsigned ncalls)
{
	int made = 0, alive = 0, ended;
	long last = now_ms(); /* when a child ended */

	board->clones = CLONES * nchildren;
	while (made < nchildren || alive) {
		while (made < nchildren && alive < AT_ONCE &&
			new_child(seed + (uint64_t)made * 1000003, ncalls)) {
			made++;
			alive++;
		}
		sleep_ms(2);
		ended = collect();
		alive -= ended;
		if (ended)
			last = now_ms();
		if (now_ms() - last >= STALL_MS) {
			stalls++;
			alive -= kill_all(alive);
			last = now_ms();
		}
		if (tap.bad)
			return;
	}
	kill_all(0);
}

/* Files, memory, processes and pipes work. */
static int works(void)
{
	unsigned char *p = must_map(8 * PS, RW, SHANON, -1, 0);
	int file = temp_file(8 * PS, 7), fd[2];
	char c = 0;

	want(file_filled(file, 0, 8 * PS, 7));
	memset(p, 5, 8 * PS);
	want(pipe(fd) == 0);
	if (tap_fork() == 0) {
		p[3] = 6;
		write(fd[1], "x", 1);
		_exit(0);
	}
	want(read(fd[0], &c, 1) == 1 && c == 'x' && p[3] == 6);
	wait(NULL);
	return tap.bad != 0;
}

static long argument_of(int argc, char **argv, int i, long otherwise)
{
	return argc > i ? strtol(argv[i], NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
	uint64_t seed = (uint64_t)argument_of(argc, argv, 1, 1) * 7919;

	/* A child that has made its way through execve. */
	if (argc < 1 || !strstr(argv[0], "fuzz"))
		_exit(3);
	if (on_linux()) {
		skip("children could reach what is not theirs", "random calls");
		return done();
	}
	greedy = argc > 4;
	parent = getpid();
	board = shared_memory(sizeof *board);
	/* Whoever makes himself urgent must not keep the judge from judging. */
	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &(struct sched_param){50});
	memset(long_path, 'a', PS);
	for (unsigned i = 0; i < PS; i += 50)
		long_path[i] = '/';
	memset(long_name, 'n', 256);
	run(seed, (int)argument_of(argc, argv, 2, 40), (unsigned)argument_of(argc, argv, 3, 200));
	chdir("/job");
	ok(board->calls > 0 && !tap.bad, "random calls end, and their processes do");
	is(in_child(works), 0, "the system works afterwards");
	for (int i = 1; i < 64; i++)
		if (ends[i])
			diag("%d died by signal %d", ends[i], i);
	diag("fuzz: %ld calls, %d stalls", board->calls, stalls);
	return done();
}
