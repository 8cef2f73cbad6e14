/*
 * Every call of the memory family, and fork, exec, open, pipe and their kin, with an allocation of
 * the kernel's failing on purpose: the first, the second, and so on, until the call needs no more.
 * Each failure is ENOMEM (or what the call has for it), and afterwards everything is as before: the
 * mappings, their contents, and what the kernel's allocator has handed out.
 * exec-options: --ktest
 *
 * Where there is no /proc/self/fail_nth, on Linux, each call is made once and must succeed.
 */
#include "kmalloc.h"

#include <sched.h>
#include <sys/uio.h>
#include <time.h>
#include <sys/file.h>

#define NTH_MAX 400 /* no call needs so many allocations */

static bool injecting;
static int nth_fd = -1, some_file = -1;
static char *area;	   /* 16 pages, a call's to work on */
static long result_of_try; /* what undo may need */

/* --- the process's plan --- */

static void plan_open(void)
{
	nth_fd = open("/proc/self/fail_nth", O_RDWR);
}

static void arm(unsigned n)
{
	char text[16];
	int len = sprintf(text, "%u", n);

	if (injecting && pwrite(nth_fd, text, (size_t)len, 0) != len)
		bail_out("fail_nth: errno %d", errno);
}

/* Has the allocation failed? */
static bool plan_hit(void)
{
	char text[128] = "", *s;

	if (!injecting)
		return false;
	if (pread(nth_fd, text, sizeof text - 1, 0) <= 0)
		bail_out("fail_nth: errno %d", errno);
	s = strstr(text, "failed: ");
	return s && s[8] != '0';
}

/* --- what must be as before --- */

struct state {
	struct maps maps;
	char bytes[16 * PS];
	long allocated;
};

static void state_read(struct state *st)
{
	maps_read_path("/proc/self/maps", &st->maps);
	st->allocated = injecting ? kmalloc_figure("bytes") : 0;
	memcpy(st->bytes, area, sizeof st->bytes);
}

static bool same_maps(const struct maps *a, const struct maps *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->line[i].start != b->line[i].start || a->line[i].end != b->line[i].end ||
			strcmp(a->line[i].perms, b->line[i].perms) ||
			a->line[i].offset != b->line[i].offset)
			return false;
	return true;
}

static void want_same(const struct state *before, const char *name, unsigned n)
{
	static struct state now;

	state_read(&now);
	want(same_maps(&before->maps, &now.maps));
	want(!memcmp(before->bytes, now.bytes, sizeof now.bytes));
	/* What a process that just ended had may be on its way. */
	for (int i = 0; i < 50 && now.allocated > before->allocated; i++) {
		usleep(10000);
		now.allocated = kmalloc_figure("bytes");
	}
	want(now.allocated <= before->allocated);
	want(!injecting || kmalloc_adds_up());
	if (tap.bad)
		diag("  %s, allocation %u: %ld bytes allocated before, %ld now", name, n,
			before->allocated, now.allocated);
}

/* --- the calls --- */

static long do_mmap(void) { return map(NULL, 4 * PS, RW, ANON, -1, 0); }
static long do_mmap_shared(void) { return map(NULL, 4 * PS, RW, SHANON, -1, 0); }
static long do_mmap_file(void) { return map(NULL, 4 * PS, RW, MAP_PRIVATE, some_file, 0); }
static long do_mmap_file_shared(void) { return map(NULL, 4 * PS, RW, MAP_SHARED, some_file, 0); }
static void undo_mmap(void) { unmap((void *)result_of_try, 4 * PS); }

static long do_mmap_over(void)
{
	return map(area + 5 * PS, 2 * PS, PROT_READ, SHANON | MAP_FIXED, -1, 0);
}

static long do_munmap(void) { return unmap(area + 5 * PS, 2 * PS); }

/* The area as it was: one mapping, with its contents. */
static void undo_area(void)
{
	if (map(area, 16 * PS, RW, ANON | MAP_FIXED, -1, 0) != (long)area)
		bail_out("the area is lost");
	for (int i = 0; i < 16; i++)
		memset(area + i * PS, i + 1, PS);
}

static long do_mprotect(void) { return sys(SYS_mprotect, area + 5 * PS, 2 * PS, PROT_READ); }

static long do_mprotect_across(void)
{
	return sys(SYS_mprotect, area + 5 * PS, 2 * PS, PROT_READ | PROT_EXEC);
}

static void undo_mprotect(void) { sys(SYS_mprotect, area, 16 * PS, RW); }

static unsigned long brk_before;
static long do_brk(void)
{
	brk_before = (unsigned long)sys(SYS_brk, 0);
	return sys(SYS_brk, brk_before + 64 * PS) == (long)brk_before ? -ENOMEM : 0;
}
static void undo_brk(void) { sys(SYS_brk, brk_before); }

static long do_msync(void) { return sys(SYS_msync, area, 16 * PS, MS_SYNC); }
static long do_madvise(void) { return sys(SYS_madvise, area + 5 * PS, 2 * PS, MADV_DONTNEED); }
static long do_mlock(void) { return sys(SYS_mlock, area + 5 * PS, 2 * PS); }
static void undo_mlock(void) { sys(SYS_munlock, area + 5 * PS, 2 * PS); }

static long do_mremap_grow(void)
{
	return sys(SYS_mremap, area, 16 * PS, 32 * PS, MREMAP_MAYMOVE);
}

static void undo_mremap(void)
{
	unmap((void *)result_of_try, 32 * PS);
	undo_area();
}

static long do_mremap_shrink(void) { return sys(SYS_mremap, area, 16 * PS, 8 * PS, 0); }

static unsigned char residence[16];
static long do_mincore(void) { return sys(SYS_mincore, area, 16 * PS, residence); }

static long do_fork(void)
{
	long pid = sys(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		sys(SYS_exit_group, 0);
	return pid;
}

static const char *program;
static long do_exec(void)
{
	char *const argv[] = {(char *)"nth", (char *)"nothing", NULL}, *const env[] = {NULL};

	return sys(SYS_execve, program, argv, env);
}

static long do_open(void) { return sys(SYS_openat, AT_FDCWD, "/proc/self/exe", O_RDONLY, 0); }
static long do_open_proc(void) { return sys(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY, 0); }
static long do_create(void) { return sys(SYS_openat, AT_FDCWD, "nth.made", O_RDWR | O_CREAT, 0644); }
static void undo_open(void) { close((int)result_of_try); }
static void undo_create(void)
{
	undo_open();
	unlink("nth.made");
}

static int pipe_fds[2];
static long do_pipe(void) { return sys(SYS_pipe2, pipe_fds, 0); }
static void undo_pipe(void)
{
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static long do_dup(void) { return sys(SYS_dup3, 0, 200, 0); }

static long do_readlink(void)
{
	static char text[256];

	return sys(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", text, sizeof text);
}

static long do_getcwd(void)
{
	static char text[256];

	return sys(SYS_getcwd, text, sizeof text);
}

static long do_mkdir(void) { return sys(SYS_mkdirat, AT_FDCWD, "nth.dir", 0755); }
static void undo_mkdir(void) { rmdir("nth.dir"); }

static struct flock some_lock = {.l_type = F_WRLCK, .l_start = 10, .l_len = 10};
static struct flock its_middle = {.l_type = F_UNLCK, .l_start = 14, .l_len = 2};

static long do_lock(void)
{
	return tap_kernel_result(fcntl(some_file, F_SETLK, &some_lock));
}

static void undo_lock(void)
{
	struct flock all = {.l_type = F_UNLCK};

	fcntl(some_file, F_SETLK, &all);
}

/* Nothing at first; then of the lock that the last undo left. */
static long do_unlock(void)
{
	return tap_kernel_result(fcntl(some_file, F_SETLK, &its_middle));
}

static void undo_unlock(void)
{
	if (do_lock())
		bail_out("no lock: errno %d", errno);
}

static long do_flock(void) { return sys(SYS_flock, some_file, LOCK_EX); }
static void undo_flock(void) { sys(SYS_flock, some_file, LOCK_UN); }

static int timer_id;
static long do_timer(void) { return sys(SYS_timer_create, CLOCK_MONOTONIC, NULL, &timer_id); }
static void undo_timer(void) { sys(SYS_timer_delete, timer_id); }

static long do_open_sys(void)
{
	return sys(SYS_openat, AT_FDCWD, "/sys/devices/system/cpu/online", O_RDONLY);
}

static long do_preadv(void)
{
	static struct iovec twenty[20];
	static char bytes[20];

	for (int i = 0; i < 20; i++)
		twenty[i] = (struct iovec){bytes + i, 1};
	return tap_kernel_result(preadv(some_file, twenty, 20, 0));
}

static void nothing(void)
{
}

/* caches: even when it fails it may leave something in memory by design: a name, a block of a disk. */
static const struct call {
	const char *name;
	long (*make)(void);
	void (*undo)(void);
	bool caches;
} calls[] = {
	{"mmap of private memory", do_mmap, undo_mmap, false},
	{"mmap of shared memory", do_mmap_shared, undo_mmap, false},
	{"mmap of a file, private", do_mmap_file, undo_mmap, false},
	{"mmap of a file, shared", do_mmap_file_shared, undo_mmap, false},
	{"mmap over the middle of a mapping", do_mmap_over, undo_area, false},
	{"munmap of the middle of a mapping", do_munmap, undo_area, false},
	{"mprotect of the middle of a mapping", do_mprotect, undo_mprotect, false},
	{"mprotect to execute", do_mprotect_across, undo_mprotect, false},
	{"brk", do_brk, undo_brk, false},
	{"msync", do_msync, nothing, false},
	{"madvise DONTNEED", do_madvise, undo_area, false},
	{"mlock", do_mlock, undo_mlock, false},
	{"mincore", do_mincore, nothing, false},
	{"mremap that grows", do_mremap_grow, undo_mremap, false},
	{"mremap that shrinks", do_mremap_shrink, undo_area, false},
	{"open", do_open, undo_open, false},
	{"open in /proc", do_open_proc, undo_open, false},
	{"open in /sys", do_open_sys, undo_open, true},
	{"preadv of twenty buffers", do_preadv, nothing, false},
	{"open that creates", do_create, undo_create, true},
	{"pipe", do_pipe, undo_pipe, false},
	{"dup3 far above", do_dup, nothing, false},
	{"readlink in /proc", do_readlink, nothing, false},
	{"getcwd", do_getcwd, nothing, false},
	{"mkdir", do_mkdir, undo_mkdir, true},
	{"fcntl that locks", do_lock, undo_lock, false},
	{"fcntl that unlocks the middle", do_unlock, undo_unlock, false},
	{"flock", do_flock, undo_flock, false},
	{"timer_create", do_timer, undo_timer, false},
};

/* An error that a lack of memory may become. */
static bool no_memory(long r)
{
	return r == -ENOMEM || r == -EAGAIN || r == -ENFILE || r == -ENOLCK;
}

static void test_call(const struct call *c)
{
	static struct state before;
	bool hit = true;

	/* Once without: what is kept for the next time is there. */
	result_of_try = c->make();
	if (result_of_try == -ENOSYS)
		hit = false;
	else if (!is_error(result_of_try))
		c->undo();
	for (unsigned n = 1; hit && n < NTH_MAX && !tap.bad; n++) {
		state_read(&before);
		if (c->caches)
			before.allocated += 8192;
		arm(n);
		result_of_try = c->make();
		arm(0);
		hit = plan_hit();
		if (is_error(result_of_try)) {
			want(hit && no_memory(result_of_try));
			want_same(&before, c->name, n);
		} else {
			c->undo();
		}
		if (tap.bad)
			diag("  %s, allocation %u: %ld", c->name, n, result_of_try);
	}
	want(!hit);
	verdict("KMALLOC-20 %s", c->name);
}

/* --- what happens in a child --- */

/*
 * Runs a body in children with the n-th allocation failing until none does. Its exit status: 0 if
 * none failed, 77 if one did and it ended as it should. A body that stores to memory may die of it.
 */
static void test_child(const char *name, int (*run)(void *), bool may_die)
{
	static struct state before;
	unsigned n;
	int status = -1;

	child_status(run, (void *)(intptr_t)0);
	for (n = 1; n < NTH_MAX && !tap.bad; n++) {
		state_read(&before);
		status = child_status(run, (void *)(intptr_t)n);
		if (exited(status, 0))
			break;
		want(injecting && (exited(status, 77) || (may_die && killed_by(status, SIGKILL))));
		/* Of threads, the kernel keeps a few for the next ones. */
		before.allocated += 6000;
		want_same(&before, name, n);
	}
	want(exited(status, 0));
	verdict("KMALLOC-20 %s", name);
}

/* The exit status of a body that is through. */
static int outcome(bool good)
{
	arm(0);
	if (!good)
		return 77;
	return plan_hit() ? 77 : 0;
}

static void child_arm(void *n)
{
	close(nth_fd);
	if (injecting)
		plan_open();
	arm((unsigned)(intptr_t)n);
}

static int child_fault(void *n)
{
	char *p = (char *)map(NULL, 8 * PS, RW, ANON, -1, 0);

	child_arm(n);
	p[3 * PS] = 1;
	return outcome(true);
}

static int child_cow(void *n)
{
	child_arm(n);
	area[7 * PS] = 1;
	return outcome(true);
}

static int child_file_fault(void *n)
{
	volatile char *p = (char *)map(NULL, 16 * PS, RW, MAP_SHARED, some_file, 0);

	child_arm(n);
	p[0] = 1;
	p[9 * PS] = 1;
	return outcome(true);
}

static int child_exec(void *n)
{
	static struct state before;
	long r;

	state_read(&before);
	child_arm(n);
	r = do_exec();
	arm(0);
	want_eq(r, -ENOMEM);
	before.allocated += 4096;
	want_same(&before, "exec", (unsigned)(intptr_t)n);
	return tap.bad ? 1 : 77;
}

static int child_write(void *n)
{
	static char data[3 * PS];
	int fd = open("nth.data", O_RDWR | O_CREAT | O_TRUNC, 0644);
	long r;

	memset(data, 5, sizeof data);
	child_arm(n);
	r = sys(SYS_write, fd, data, sizeof data);
	arm(0);
	want(r == sizeof data || (r > 0 && r < (long)sizeof data) || no_memory(r));
	close(fd);
	unlink("nth.data");
	return tap.bad ? 1 : outcome(r == sizeof data);
}

/* Once it has forked, this process's own stores need memory too, without which it is killed. */
static int child_fork(void *n)
{
	long pid;

	child_arm(n);
	pid = do_fork();
	arm(0);
	if (is_error(pid))
		return no_memory(pid) ? 77 : 1;
	wait_for((pid_t)pid);
	return outcome(true);
}

/* --- the share of the memory system that was reached --- */

static void tell_share(void)
{
	static char text[131072];
	unsigned sites = 0, hit = 0;
	char *line, *save;

	if (!injecting || slurp("/proc/kmalloc", text, sizeof text) < 0)
		return;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned long forced;
		char where[64];

		if (sscanf(line, "%*u %*u %*u %*u %lu %*s %63s", &forced, where) != 2 ||
			strncmp(where, "kernel/vm/", 10))
			continue;
		sites++;
		if (forced)
			hit++;
		else
			diag("never failed: %s", where);
	}
	diag("failed on purpose: %u of the %u places of kernel/vm that allocate", hit, sites);
	diag("damaged blocks: %ld", kmalloc_figure("damaged"));
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "nothing"))
		return 0;
	program = argv[0];
	plan_open();
	injecting = nth_fd >= 0;
	if (!on_linux())
		want(injecting);
	verdict("KMALLOC-20 allocations can be made to fail");
	some_file = temp_file(16 * PS, 1);
	area = (char *)map(NULL, 16 * PS, RW, ANON, -1, 0);
	undo_area();
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		test_call(&calls[i]);
	test_child("a store to new memory", child_fault, true);
	test_child("a store to memory shared with a parent", child_cow, true);
	test_child("stores to a file's mapping", child_file_fault, true);
	test_child("fork", child_fork, true);
	test_child("exec", child_exec, false);
	test_child("write to a new file", child_write, false);
	tell_share();
	return done();
}
