/*
 * Limits of an address space: RLIMIT_AS, RLIMIT_DATA, and what may be promised at once; prlimit64.
 */
#include "tap.h"

static long status_kb(const char *name)
{
	return proc_value("/proc/self/status", name);
}

static void limit(int which, rlim_t bytes)
{
	struct rlimit r;

	getrlimit(which, &r);
	r.rlim_cur = bytes;
	if (setrlimit(which, &r) < 0)
		bail_out("setrlimit: errno %d", errno);
}

/* From here on `pages` more than there are may be mapped, or be data. */
static void leave_room(int which, const char *name, long pages)
{
	limit(which, (rlim_t)(status_kb(name) * 1024 + pages * (long)PS));
}

static void limited_size(void *arg)
{
	unsigned char *p, *h = hole(20);

	(void)arg;
	leave_room(RLIMIT_AS, "VmSize", 16);
	want_eq(map(NULL, 17 * PS, PROT_NONE, ANON, -1, 0), -ENOMEM);
	want_eq(map(NULL, 17 * PS, RW, SHANON, -1, 0), -ENOMEM);
	want_eq(map(h, 16 * PS, RW, ANON | MAP_FIXED, -1, 0), (long)h);
	fill(h, 16 * PS, 1);
	want_eq(map(NULL, 1, PROT_NONE, ANON, -1, 0), -ENOMEM);
	want_eq(map(h, 17 * PS, RW, ANON | MAP_FIXED, -1, 0), -ENOMEM);
	want(filled(h, 16 * PS, 1));
	want_eq(map(h, 16 * PS, RW, ANON | MAP_FIXED, -1, 0), (long)h);
	want(all_zero(h, 16 * PS));
	want_eq(map(h + 14 * PS, 3 * PS, RW, ANON | MAP_FIXED, -1, 0), -ENOMEM);
	want_eq(unmap(h + 3 * PS, 2 * PS), 0);
	want_eq(map(h + 14 * PS, 4 * PS, RW, ANON | MAP_FIXED, -1, 0), (long)(h + 14 * PS));
	want_eq(map(NULL, 1, PROT_NONE, ANON, -1, 0), -ENOMEM);
	want_eq(unmap(h, 20 * PS), 0);
	p = must_map(16 * PS, PROT_NONE, ANON, -1, 0);
	want_eq(protect(p, 16 * PS, RW), 0);
}

static void limited_data(void *arg)
{
	int fd = temp_file(4 * PS, 1);
	unsigned char *p = must_map(4 * PS, PROT_READ, ANON, -1, 0), *q;

	(void)arg;
	leave_room(RLIMIT_DATA, "VmData", 16);
	want_eq(map(NULL, 17 * PS, RW, ANON, -1, 0), -ENOMEM);
	q = must_map(16 * PS, RW, ANON, -1, 0);
	want_eq(map(NULL, PS, PROT_WRITE, ANON, -1, 0), -ENOMEM);
	want_eq(map(NULL, PS, RW, MAP_PRIVATE, fd, 0), -ENOMEM);
	want(!is_error(map(NULL, 32 * PS, PROT_READ, ANON, -1, 0)));
	want(!is_error(map(NULL, 32 * PS, RX, ANON, -1, 0)));
	want(!is_error(map(NULL, 32 * PS, RW, SHANON, -1, 0)));
	want(!is_error(map(NULL, 4 * PS, RW, MAP_SHARED, fd, 0)));
	want(!is_error(map(NULL, 4 * PS, PROT_READ, MAP_PRIVATE, fd, 0)));
	want_eq(protect(p, PS, RW), -ENOMEM);
	want(strcmp(perms_at(p), "r--p") == 0);
	want_fault(p, WRITE, ACCERR);
	want_eq(protect(q, 2 * PS, PROT_READ), 0);
	want_eq(protect(p, 2 * PS, RW), 0);
	want_fault(p, WRITE, NOFAULT);
	want_eq(protect(p + 2 * PS, PS, RW), -ENOMEM);
	want_eq(protect(q, 16 * PS, RWX), -ENOMEM);
	want_eq(map(q + 4 * PS, 2 * PS, RW, ANON | MAP_FIXED, -1, 0), (long)(q + 4 * PS));
}

static void test_size_and_data(void)
{
	want_child(limited_size, NULL);
	verdict("MMAP-27 RLIMIT_AS: more is ENOMEM, a replacement is not more");
	want_child(limited_data, NULL);
	verdict("MMAP-28 RLIMIT_DATA counts writable private memory, when it is made or becomes "
		"writable");
}

/* ---- the break ---- */

static long brk_to(const volatile void *to)
{
	return sys(SYS_brk, to);
}

static void limited_break(void *arg)
{
	unsigned char *at = (unsigned char *)brk_to(NULL);

	if (arg)
		leave_room(RLIMIT_DATA, "VmData", 4);
	else
		leave_room(RLIMIT_AS, "VmSize", 4);
	want_eq(brk_to(at + 8 * PS), (long)at);
	want_eq(brk_to(at + 2 * PS), (long)(at + 2 * PS));
	want_eq(brk_to(at + 8 * PS), (long)(at + 2 * PS));
	want_eq(brk_to(at), (long)at);
	if (arg)
		limit(RLIMIT_DATA, RLIM_INFINITY);
	else
		limit(RLIMIT_AS, RLIM_INFINITY);
	want_eq(brk_to(at + 8 * PS), (long)(at + 8 * PS));
}

/* Twice as many bytes as there is RAM; 0 if a program cannot have so many addresses. */
static size_t too_much(void)
{
	uint64_t bytes = 2048ull * (uint64_t)proc_value("/proc/meminfo", "MemTotal");

	return bytes < user_limit() / 3 ? (size_t)bytes & -PS : 0;
}

/* Does the machine judge promises as it does by default? */
static bool heuristic(void)
{
	char text[8];

	return slurp("/proc/sys/vm/overcommit_memory", text, sizeof text) > 0 && text[0] == '0';
}

static void test_break(void)
{
	unsigned char *at = (unsigned char *)brk_to(NULL);

	want_child(limited_break, NULL);
	verdict("BRK-7 a heap over RLIMIT_AS: the break stays");
	want_child(limited_break, &at);
	verdict("BRK-7 a heap over RLIMIT_DATA: the break stays");
	if (heuristic() && too_much())
		want_eq(brk_to(at + too_much()), (long)at);
	want_eq(brk_to(NULL), (long)at);
	verdict("BRK-7 a heap of twice the RAM: the break stays");
}

/* ---- promises ---- */

static void may_map(size_t size, int prot, int flags, bool may)
{
	long r = map(NULL, size, prot, flags, -1, 0);

	want_eq(is_error(r) ? r : 0, may ? 0 : -ENOMEM);
	if (!is_error(r))
		unmap((void *)r, size);
}

static void test_promises(void)
{
	size_t size = heuristic() ? too_much() : 0;
	long p;

	if (size) {
		may_map(size, RW, ANON, false);
		may_map(size, RWX, ANON, false);
		may_map(size, RW, SHANON, false);
		may_map(size, PROT_NONE, SHANON, false);
		may_map(size / 4, RW, ANON, true);
		may_map(size / 4, RW, SHANON, true);
	}
	verdict("MMAP-30 writable private or shared memory of twice the RAM is ENOMEM");
	if (size) {
		may_map(size, RW, ANON | MAP_NORESERVE, true);
		may_map(size, RW, SHANON | MAP_NORESERVE, true);
		may_map(size, PROT_READ, ANON, true);
		may_map(size, PROT_NONE, ANON, true);
	}
	verdict("MMAP-30 with MAP_NORESERVE, or if it cannot be written, it is fine");
	if (size) {
		p = map(NULL, size, PROT_NONE, ANON, -1, 0);
		want(!is_error(p));
		want_eq(protect((void *)p, size, RW), -ENOMEM);
		want_eq(protect((void *)p, size / 4, RW), 0);
		unmap((void *)p, size);
		p = map(NULL, size, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
		want(!is_error(p));
		want_eq(protect((void *)p, size, RW), 0);
		unmap((void *)p, size);
	}
	verdict("MMAP-30 mprotect makes promises too");
}

/* ---- fork, and limits of others ---- */

static void nothing(void *arg)
{
	(void)arg;
	want_eq(map(NULL, PS, RW, ANON, -1, 0), -ENOMEM);
}

static void fork_over_the_limit(void *arg)
{
	(void)arg;
	limit(RLIMIT_AS, 16 * PS);
	limit(RLIMIT_DATA, PS);
	want_eq(map(NULL, PS, PROT_NONE, ANON, -1, 0), -ENOMEM);
	want_child(nothing, NULL);
}

static void test_fork(void)
{
	want_child(fork_over_the_limit, NULL);
	verdict("FORK-12 fork does not look at RLIMIT_AS, and the child inherits it");
}

static long plimit(pid_t pid, int which, const struct rlimit64 *new, struct rlimit64 *old)
{
	return sys(SYS_prlimit64, pid, which, new, old);
}

static void test_others(void)
{
	struct rlimit64 old, none = {0, RLIM64_INFINITY}, small = {1 << 20, RLIM64_INFINITY};
	struct rlimit64 wrong = {2, 1};
	struct gate go;
	pid_t pid;

	gate_init(&go);
	pid = tap_fork();
	if (pid == 0) {
		gate_wait(&go);
		want_eq(map(NULL, PS, RW, ANON, -1, 0), -ENOMEM);
		_exit(tap.bad != 0);
	}
	want_eq(plimit(pid, RLIMIT_AS, &small, &old), 0);
	want(old.rlim_cur == RLIM64_INFINITY);
	want_eq(plimit(pid, RLIMIT_AS, &none, &old), 0);
	want(old.rlim_cur == 1 << 20 && old.rlim_max == RLIM64_INFINITY);
	want_eq(plimit(pid, RLIMIT_AS, NULL, &old), 0);
	want(old.rlim_cur == 0);
	want_eq(plimit(0, RLIMIT_AS, NULL, &old), 0);
	want(old.rlim_cur == RLIM64_INFINITY);
	gate_open(&go);
	want_eq(wait_for(pid), 0);
	verdict("prlimit64 changes a limit of another process, which holds at once");
	want_eq(plimit(pid, RLIMIT_AS, NULL, &old), -ESRCH);
	want_eq(plimit(-1, RLIMIT_AS, NULL, &old), -ESRCH);
	want_eq(plimit(0, 16, NULL, &old), -EINVAL);
	want_eq(plimit(0, -1, NULL, &old), -EINVAL);
	want_eq(plimit(0, RLIMIT_AS, &wrong, NULL), -EINVAL);
	want_eq(plimit(0, RLIMIT_AS, (void *)hole(1), NULL), -EFAULT);
	want_eq(plimit(0, RLIMIT_AS, NULL, (void *)hole(1)), -EFAULT);
	want_eq(plimit(0, RLIMIT_AS, NULL, NULL), 0);
	verdict("prlimit64 refuses what it should");
	gate_free(&go);
}

static void as_nobody(void *pid)
{
	struct rlimit64 old, low = {PS, PS}, high = {PS, 2 * PS};

	drop_privileges();
	want_eq(plimit(*(pid_t *)pid, RLIMIT_AS, NULL, &old), -EPERM);
	want_eq(plimit(0, RLIMIT_LOCKS, &low, NULL), 0);
	want_eq(plimit(0, RLIMIT_LOCKS, &high, NULL), -EPERM);
	want_eq(plimit(0, RLIMIT_LOCKS, &low, &old), 0);
	want(old.rlim_cur == PS && old.rlim_max == PS);
}

static void test_rights(void)
{
	pid_t self = getpid();

	if (geteuid() == 0)
		want_child(as_nobody, &self);
	verdict("prlimit64: a hard limit is not raised, another's process not touched by anybody");
}

static void test_defaults(void)
{
	struct rlimit64 r;

	if (!on_linux()) {
		want_eq(plimit(0, RLIMIT_STACK, NULL, &r), 0);
		want(r.rlim_cur == 8 << 20);
		want_eq(plimit(0, RLIMIT_MEMLOCK, NULL, &r), 0);
		want(r.rlim_cur == 8 << 20);
		want_eq(plimit(0, RLIMIT_AS, NULL, &r), 0);
		want(r.rlim_cur == RLIM64_INFINITY);
		want_eq(plimit(0, RLIMIT_DATA, NULL, &r), 0);
		want(r.rlim_cur == RLIM64_INFINITY);
	}
	verdict("GEN-8 default limits: 8 MiB of stack, 8 MiB locked, the rest unlimited");
}

int main(void)
{
	test_defaults();
	test_size_and_data();
	test_break();
	test_promises();
	test_fork();
	test_others();
	test_rights();
	return done();
}
