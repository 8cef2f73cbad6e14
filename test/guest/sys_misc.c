/*
 * The small calls: names and figures of the system, random bytes, users, limits, names of
 * processes, the calls that libc makes at its start, and numbers that are no calls at all.
 */
#include "child.h"

#include <limits.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#define GRND_UNKNOWN 0x100

static void test_uname(void)
{
	struct utsname u;

	memset(&u, 0xaa, sizeof(u));
	is(uname(&u), 0, "uname fills in a structure");
	ok(strcmp(u.sysname, "Linux") == 0 || strcmp(u.sysname, "mv6") == 0,
	   "the system has its name");
	ok(u.release[0] >= '1' && u.release[0] <= '9' && strchr(u.release, '.'),
	   "the release begins with a number");
	ok(memchr(u.nodename, 0, sizeof(u.nodename)) && memchr(u.version, 0, sizeof(u.version)) &&
	   memchr(u.machine, 0, sizeof(u.machine)), "every field ends in a NUL");
#if defined(__riscv)
	ok(strcmp(u.machine, "riscv64") == 0, "the machine is named");
#else
	ok(strcmp(u.machine, "i686") == 0 || strcmp(u.machine, "i386") == 0 ||
	   strcmp(u.machine, "x86_64") == 0, "the machine is named");
#endif
	fails(syscall(SYS_uname, 8L), EFAULT, "uname to a bad pointer fails with EFAULT");
}

static double proc_load(void)
{
	FILE *f = fopen("/proc/loadavg", "r");
	double load = -1;

	if (f) {
		if (fscanf(f, "%lf", &load) != 1)
			load = -1;
		fclose(f);
	}
	return load;
}

static void test_sysinfo(void)
{
	struct sysinfo si;

	memset(&si, 0xaa, sizeof(si));
	is(sysinfo(&si), 0, "sysinfo fills in a structure");
	ok(si.mem_unit >= 1 && si.totalram > 0 && si.freeram <= si.totalram,
	   "there is memory, and no more free than in all");
	ok((uint64_t)si.totalram * si.mem_unit / 1024 == (uint64_t)proc_value("/proc/meminfo",
	   "MemTotal"),
	   "as much as /proc/meminfo says");
	ok(si.procs >= 1 && si.uptime >= 0, "there are processes and a time since the start");
	fails(syscall(SYS_sysinfo, 8L), EFAULT, "sysinfo to a bad pointer fails with EFAULT");
}

/* Until the load is above 0 (the program itself runs), both must tell the same. */
static void test_loads(void)
{
	struct sysinfo si;
	double before, after = 0;
	bool same = false;

	for (int i = 0; i < 3000 && !(same && after > 0); i++) {
		struct timespec until, now;

		before = proc_load();
		same = sysinfo(&si) == 0;
		after = proc_load();
		same = same && before == after &&
			labs((long)(after * 100 + 0.5) - (long)(si.loads[0] * 100 >> 16)) <= 1;
		clock_gettime(CLOCK_MONOTONIC, &until);
		do
			clock_gettime(CLOCK_MONOTONIC, &now);
		while ((now.tv_sec - until.tv_sec) * 1000000000LL + now.tv_nsec - until.tv_nsec <
			10000000);
	}
	ok(same && after > 0, "sysinfo and /proc/loadavg tell the same load");
}

static void test_getrandom(void)
{
	static unsigned char a[100000], b[256];
	unsigned count[256] = { 0 };
	int empty = 0;

	is(getrandom(a, 16, 0), 16, "getrandom gives what it is asked for");
	is(getrandom(b, 16, GRND_NONBLOCK), 16, "without waiting too");
	ok(memcmp(a, b, 16) != 0, "and never the same");
	is(getrandom(a, sizeof(a), 0), (long)sizeof(a), "100000 bytes at once");
	for (size_t i = 0; i < sizeof(a); i++)
		count[a[i]]++;
	for (int i = 0; i < 256; i++)
		empty += count[i] < 200 || count[i] > 800;
	is(empty, 0, "in which every value is about as frequent");
	is(getrandom(a, 0, 0), 0, "of nothing it gives nothing");
	is(getrandom(a, 16, GRND_RANDOM), 16, "GRND_RANDOM is allowed");
	memset(a, 0, 300);
	want_eq(getrandom(a + 1, 255, 0), 255);
	want(a[0] == 0 && a[256] == 0);
	verdict("it writes no byte beside its buffer");
	fails(getrandom(a, 16, GRND_UNKNOWN), EINVAL, "an unknown flag fails with EINVAL");
	fails(syscall(SYS_getrandom, 8L, 16, 0), EFAULT, "a bad pointer fails with EFAULT");
}

static void test_users(void)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	is(getuid(), 0, "getuid is 0 for root");
	is(geteuid(), 0, "so is geteuid");
	is(getgid(), 0, "so is getgid");
	is(getegid(), 0, "so is getegid");
	ok(getresuid(&r, &e, &s) == 0 && r == 0 && e == 0 && s == 0,
	   "getresuid gives three of them");
	ok(getresgid(&rg, &eg, &sg) == 0 && rg == 0 && eg == 0 && sg == 0,
	   "getresgid three groups");
}

static int lower_limit(void)
{
	struct rlimit rl = { 100, 200 }, back;

	if (setrlimit(RLIMIT_NOFILE, &rl) != 0 || getrlimit(RLIMIT_NOFILE, &back) != 0)
		return 1;
	if (back.rlim_cur != 100 || back.rlim_max != 200)
		return 2;
	rl.rlim_cur = 201;
	if (setrlimit(RLIMIT_NOFILE, &rl) != -1 || errno != EINVAL)
		return 3;
	pid_t pid = fork();
	if (pid == 0)
		_exit(getrlimit(RLIMIT_NOFILE, &back) == 0 && back.rlim_cur == 100 ? 0 : 1);
	return end_of(pid) == 0 ? 0 : 4;
}

static void test_limits(void)
{
	static const int known[] = { RLIMIT_STACK, RLIMIT_NOFILE, RLIMIT_AS, RLIMIT_DATA,
	   RLIMIT_MEMLOCK,
				     RLIMIT_FSIZE, RLIMIT_CORE, RLIMIT_NPROC, RLIMIT_CPU };
	struct rlimit rl;
	int bad = 0;
	uint64_t pair[2] = { 0, 0 };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		bad += getrlimit(known[i], &rl) != 0 || rl.rlim_cur > rl.rlim_max;
	is(bad, 0, "every limit can be asked for and is no more than its maximum");
	ok(getrlimit(RLIMIT_STACK, &rl) == 0 && rl.rlim_cur >= 1 << 20,
	   "the stack's is a megabyte at least");
	ok(getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur >= 256,
	   "256 descriptors are allowed at least");
	is(in_child(lower_limit), 0, "a limit that is set holds, and children inherit it");
	ok(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, pair) == 0 && pair[0] == rl.rlim_cur,
	   "prlimit64 takes process 0 for the caller");
	ok(syscall(SYS_prlimit64, getpid(), RLIMIT_NOFILE, NULL, pair) == 0, "and its own number");
	pid_t child = sleeping_child();
	ok(syscall(SYS_prlimit64, child, RLIMIT_NOFILE, NULL, pair) == 0 && pair[0] == rl.rlim_cur,
	   "and a child's");
	put_down(child);
	fails(syscall(SYS_prlimit64, 0x3ffffff, RLIMIT_NOFILE, NULL, pair), ESRCH,
	   "of no process it fails with ESRCH");
	fails(syscall(SYS_prlimit64, 0, 99, NULL, pair), EINVAL,
	   "of limit 99 it fails with EINVAL");
	fails(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, 8L, NULL), EFAULT,
	   "from a bad pointer it fails with EFAULT");
	fails(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, 8L), EFAULT,
	   "to a bad pointer it fails with EFAULT");
	pair[0] = 5;
	pair[1] = 4;
	fails(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, pair, NULL), EINVAL,
	   "a limit above its maximum fails with EINVAL");
}

static void test_prctl(void)
{
	char name[17];
	int in_name;

	is(prctl(PR_SET_NAME, "short", 0, 0, 0), 0, "PR_SET_NAME sets the name");
	memset(name, '#', sizeof(name));
	ok(prctl(PR_GET_NAME, name, 0, 0, 0) == 0 && strcmp(name, "short") == 0,
	   "PR_GET_NAME gives it back");
	ok(name[16] == '#', "and writes 16 bytes at most");
	prctl(PR_SET_NAME, "a name of more than fifteen bytes", 0, 0, 0);
	prctl(PR_GET_NAME, name, 0, 0, 0);
	ok(strcmp(name, "a name of more ") == 0, "a longer name is cut to fifteen bytes");
	pid_t pid = tap_fork();
	if (pid == 0) {
		prctl(PR_GET_NAME, name, 0, 0, 0);
		in_name = strcmp(name, "a name of more ") == 0;
		prctl(PR_SET_NAME, "child", 0, 0, 0);
		_exit(in_name ? 0 : 1);
	}
	ok(end_of(pid) == 0 && prctl(PR_GET_NAME, name, 0, 0, 0) == 0 &&
	   strcmp(name, "a name of more ") == 0,
	   "a child inherits the name and changes only its own");
	fails(syscall(SYS_prctl, PR_SET_NAME, 8L, 0, 0, 0), EFAULT,
	   "PR_SET_NAME from a bad pointer fails with EFAULT");
	fails(syscall(SYS_prctl, PR_GET_NAME, 8L, 0, 0, 0), EFAULT,
	   "PR_GET_NAME to a bad pointer fails with EFAULT");
	fails(syscall(SYS_prctl, 123456, 0, 0, 0, 0), EINVAL,
	   "an unknown request fails with EINVAL");
}

/* What libc does for its own: done in a child, so that this program keeps what libc set up. */
static int start_up_calls(void)
{
	static long head[3];
	long *got;
	size_t len;
	static int tid;

	head[0] = (long)head;
	if (syscall(SYS_set_tid_address, &tid) != getpid())
		return 1;
	if (syscall(SYS_set_robust_list, head, sizeof(head)) != 0)
		return 2;
	if (syscall(SYS_get_robust_list, 0, &got, &len) != 0 || got != head || len != sizeof(head))
		return 3;
	if (syscall(SYS_set_robust_list, head, 8L + sizeof(head)) != -1 || errno != EINVAL)
		return 4;
	if (syscall(SYS_get_robust_list, 0x3ffffff, &got, &len) != -1 || errno != ESRCH)
		return 5;
	if (syscall(SYS_get_robust_list, 0, 8L, &len) != -1 || errno != EFAULT)
		return 6;
	return 0;
}

static void test_start_up_calls(void)
{
	is(in_child(start_up_calls), 0,
	   "set_tid_address returns the thread's number, the robust list is kept");
	is(syscall(SYS_gettid), getpid(), "gettid is getpid where there are no threads");
	is(sched_yield(), 0, "sched_yield returns 0");
	is(umask(022), umask(022), "umask returns what was set");
}

static void test_no_calls(void)
{
	static const long numbers[] = { 100000, 0x7fffffff, -1, -2, -4095, LONG_MAX, 5000, 1023,
	   0x10000 };
	int bad = 0;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		errno = 0;
		if (syscall(numbers[i], 1L, 2L, 3L, 4L, 5L, 6L) != -1 || errno != ENOSYS) {
			diag("number %ld: errno %d", numbers[i], errno);
			bad++;
		}
	}
	is(bad, 0, "numbers that are no calls fail with ENOSYS");
}

static void test_reboot(void)
{
	fails(syscall(SYS_reboot, 0, 0, 0, 0), EINVAL,
	   "reboot without its magic numbers fails with EINVAL");
	fails(syscall(SYS_reboot, 0xfee1dead, 1, 0x4321fedc, 0), EINVAL,
	   "reboot with one of them fails with EINVAL");
}

static void test_fork_limit(void)
{
	struct sysinfo before, after;

	sysinfo(&before);
	for (int i = 0; i < 20; i++)
		put_down(sleeping_child());
	sysinfo(&after);
	ok(after.procs <= before.procs + 30, "ended processes are not counted any more");
}

int main(void)
{
	test_uname();
	test_sysinfo();
	test_loads();
	test_getrandom();
	test_users();
	test_limits();
	test_prctl();
	test_start_up_calls();
	test_no_calls();
	test_reboot();
	test_fork_limit();
	return done();
}
