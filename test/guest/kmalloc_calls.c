/*
 * The debug calls: blocks of the kernel's memory for programs, and the accounts of the allocator.
 * exec-options: --ktest
 *
 * Linux has no such calls: there every check holds that says so (`here`), and the results are the
 * same lines.
 */
#include "kmalloc.h"

#include <limits.h>

#include "../../kernel/sys/debug_calls.h"

static bool here; /* the kernel has the calls */

#define want_here(cond) want(!here || (cond))

/* 0, or an address. */
static unsigned long take(int n)
{
	return (unsigned long)syscall(DEBUG_CALL_KMALLOC, n);
}

static long give(unsigned long p)
{
	return sys(DEBUG_CALL_KMFREE, p);
}

/* A figure of the head of /proc/kmalloc. */
static long figure(const char *name)
{
	return here ? kmalloc_figure(name) : 0;
}

/* The live blocks of the place that allocates for the debug call. */
static long live_blocks(void)
{
	static char text[65536];

	if (slurp("/proc/kmalloc", text, sizeof text) < 0)
		return -1;
	return kmalloc_place(text, "kernel/sys/debug.c:").live;
}

static void test_blocks(void)
{
	static const int sizes[] = {1, 16, 100, 1000, 4095, 4096, 4097, 100000, 4 << 20};
	unsigned long p[9];

	for (int i = 0; i < 9; i++) {
		p[i] = take(sizes[i]);
		want_here(p[i] != 0 && p[i] % 8 == 0);
		if (sizes[i] == 4096)
			want_here(p[i] % 4096 == 0);
	}
	for (int i = 0; i < 9; i++)
		for (int k = 0; k < i; k++)
			want_here(p[k] + (unsigned long)sizes[k] <= p[i] ||
				p[i] + (unsigned long)sizes[i] <= p[k]);
	verdict("DBG-1 kmalloc gives blocks of every size, which do not overlap");
	for (int i = 0; i < 9; i++)
		want_here(give(p[i]) == 0);
	verdict("DBG-1 kmfree gives them back");
	want_here(give(0) == 0);
	verdict("DBG-4 kmfree of NULL is 0");
	want_here(take(0) == 0);
	want_here(take(-1) == 0);
	want_here(take(INT_MIN) == 0);
	want_here(take((4 << 20) + 1) == 0);
	want_here(take(INT_MAX) == 0);
	verdict("DBG-3 nothing, less and too much is 0");
}

static void test_wrong_frees(void)
{
	static char data[64];
	unsigned long p = take(100), big = take(10000);
	long bytes = figure("bytes");

	want_here(give(p + 1) == -EINVAL);
	want_here(give(p + 16) == -EINVAL);
	want_here(give(big + 4096) == -EINVAL);
	want_here(give((unsigned long)data) == -EINVAL);
	want_here(give(1) == -EINVAL);
	want_here(give(4096) == -EINVAL);
	want_here(give(-1UL) == -EINVAL);
	want_here(give(-4096UL) == -EINVAL);
	want_here(give(p & ~4095UL) == -EINVAL);
	want_here(figure("bytes") <= bytes);
	verdict("DBG-4 kmfree of what is no block of kmalloc's is EINVAL and frees nothing");
	want_here(give(p) == 0 && give(big) == 0);
	want_here(give(p) == -EINVAL && give(big) == -EINVAL);
	want_here(give(p) == -EINVAL);
	verdict("DBG-4 a second kmfree is EINVAL");
}

/* Addresses around one of ours are full of blocks of the kernel. */
static void test_kernels_own(void)
{
	unsigned long p = take(200), page = p & ~4095UL;
	long live = live_blocks(), damaged = figure("damaged");

	for (unsigned long a = page - 4096; here && a < page + 2 * 4096; a += 16)
		if (a != p)
			want_eq(give(a), -EINVAL);
	want_here(live_blocks() == live && figure("damaged") == damaged);
	want_here(give(p) == 0);
	verdict("DBG-4 blocks of the kernel's own are not to be had");
}

static void test_access(void)
{
	unsigned long p = take(64);

	if (here) {
		want_fault((void *)p, READ, MAPERR);
		want_fault((void *)p, WRITE, MAPERR);
		want_eq(sys(SYS_write, 1, p, 8), -EFAULT);
		want_eq(give(p), 0);
	}
	verdict("DBG-5 a program that touches a block gets MAPERR");
}

static void test_other_process(void)
{
	unsigned long *shared = (unsigned long *)map(NULL, PS, RW, SHANON, -1, 0);
	long live = live_blocks();
	pid_t pid = tap_fork();

	if (pid == 0) {
		shared[0] = take(300);
		_exit(0);
	}
	wait_for(pid);
	want_here(live_blocks() == live + 1);
	verdict("DBG-6 a block outlives the process that took it, under the debug call's place");
	want_here(give(shared[0]) == 0);
	want_here(live_blocks() == live);
	verdict("DBG-6 and another process may give it back");
	unmap(shared, PS);
}

/* Two processes give the same blocks back: of each block, one of them does. */
static void test_race(void)
{
	enum { N = 200 };
	unsigned long *p = (unsigned long *)map(NULL, PS, RW, SHANON, -1, 0);
	int *freed = (int *)(p + N), status;
	pid_t pid;

	for (int i = 0; i < N; i++)
		p[i] = take(40);
	pid = tap_fork();
	for (int i = 0; i < N; i++)
		if (give(p[i]) == 0)
			__atomic_fetch_add(freed, 1, __ATOMIC_RELAXED);
	if (pid == 0)
		_exit(0);
	status = wait_for(pid);
	want_eq(status, 0);
	want_here(*freed == N);
	verdict("KMALLOC-19 of two processes that free the same blocks one succeeds");
	unmap(p, PS);
}

static void test_dumps(void)
{
	static struct maps before;

	maps_read_path("/proc/self/maps", &before);
	want_here(sys(DEBUG_CALL_DUMP_MAPS) == 0);
	want_here(sys(DEBUG_CALL_DUMP_KMALLOC) == 0);
	want_eq(maps_read()->n, before.n);
	for (size_t i = 0; i < before.n; i++)
		want(maps_read()->line[i].start == before.line[i].start &&
			maps_read()->line[i].end == before.line[i].end);
	verdict("DBG-7 a dump of mappings and one of the accounts change nothing");
}

/* Beside other processes that fork and map. */
static void test_check(void)
{
	pid_t pid = tap_fork();

	if (pid == 0)
		for (int i = 0; i < 100000; i++) {
			volatile char *p = (char *)map(NULL, 64 * PS, RW, ANON, -1, 0);

			p[i % 64 * PS] = 1;
			unmap(p, 64 * PS);
			usleep(1000);
		}
	for (int i = 0; i < 5; i++)
		want_here(sys(DEBUG_CALL_CHECK) == 0);
	kill(pid, SIGKILL);
	wait_for(pid);
	verdict("KMALLOC-15 the check of everything finds nothing");
	want_here(sys(DEBUG_CALL_MISUSE, -1) == -EINVAL);
	want_here(sys(DEBUG_CALL_MISUSE, 7) == -EINVAL);
	verdict("KMALLOC-15 a kind of misuse that there is not is EINVAL");
}

/* --- accounts --- */

/* Two files tell it, one after the other: what ended last may be on its way in between. */
static bool slab_is_pages(void)
{
	for (int i = 0; i < 100; i++) {
		if (figure("pages") * 4 == proc_value("/proc/meminfo", "Slab"))
			return true;
		usleep(10000);
	}
	return false;
}

static void test_accounts(void)
{
	unsigned long p[50];

	want_here(kmalloc_adds_up());
	for (int i = 0; i < 50; i++)
		p[i] = take(1 + i * 171);
	want_here(kmalloc_adds_up());
	verdict("KMALLOC-16 the accounts of all places add up to the bytes in use");
	want_here(figure("bytes") <= proc_value("/proc/meminfo", "Slab") * 1024);
	want_here(slab_is_pages());
	verdict("KMALLOC-16 meminfo's Slab is the pages that they lie in");
	for (int i = 0; i < 50; i++)
		want_here(give(p[i]) == 0);
	want_here(figure("damaged") == 0);
	verdict("KMALLOC-15 no block is damaged");
}

static void one_round(void)
{
	char *p = (char *)map(NULL, 64 * PS, RW, ANON, -1, 0);
	pid_t pid;

	for (int i = 0; i < 64; i += 3)
		p[i * PS] = 1;
	sys(SYS_mprotect, p + 8 * PS, 4 * PS, PROT_READ);
	pid = tap_fork();
	if (pid == 0) {
		p[0] = 2;
		unmap(p + 20 * PS, PS);
		if (map(NULL, 1000 * PS, RW, SHANON, -1, 0) % 3 == 0)
			raise(SIGKILL);
		execl("/proc/self/exe", "kmalloc_calls", "nothing", NULL);
		_exit(1);
	}
	wait_for(pid);
	unmap(p, 64 * PS);
}

static void test_leaks(void)
{
	long kept = KMALLOC_THREADS_KEPT * sysconf(_SC_NPROCESSORS_ONLN);
	long bytes, threads, pages, now = 0, left = 0, threads_now = 0;

	for (int i = 0; i < 20; i++)
		one_round();
	bytes = kmalloc_but_threads(&threads);
	want_here(threads > 0);
	pages = memory_left_kb();
	for (int i = 0; i < 100; i++)
		one_round();
	/* What ended last may be on its way. */
	for (int i = 0; i < 500; i++) {
		now = kmalloc_but_threads(&threads_now);
		left = memory_left_kb();
		if (!here ||
			(now <= bytes + 1000 && threads_now <= threads + kept &&
				left >= pages - 256))
			break;
		usleep(20000);
	}
	want_here(now <= bytes + 1000);
	want_here(threads_now <= threads + kept);
	want_here(left >= pages - 256);
	if (tap.bad)
		diag("  bytes %ld, then %ld; threads %ld, then %ld; kB left %ld, then %ld", bytes,
			now, threads, threads_now, pages, left);
	verdict("KMALLOC-17 a hundred lives of a process leave nothing behind");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "nothing"))
		return 0;
	here = sys(DEBUG_CALL_KMFREE, 0) == 0;
	if (!on_linux())
		want(here);
	verdict("DBG-2 the debug calls are there in a testing boot");
	test_blocks();
	test_wrong_frees();
	test_kernels_own();
	test_access();
	test_other_process();
	test_race();
	test_dumps();
	test_check();
	test_accounts();
	test_leaks();
	return done();
}
