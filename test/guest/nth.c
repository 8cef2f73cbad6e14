/*
 * Every call of the memory family, and fork, exec, open, pipe and their kin, with an allocation of
 * the kernel's failing on purpose: the first, the second, and so on, until the call needs no more.
 * Each failure is ENOMEM (or what the call has for it), and afterwards everything is as before: the
 * mappings, their contents, the descriptors, and what the kernel's allocator has handed out; and the
 * kernel's own check of all address spaces, pages and blocks finds nothing.
 * exec-options: --ktest
 *
 * Where there is no /proc/self/fail_nth, on Linux, each call is made once and must succeed.
 */
#include "child.h"
#include "kmalloc.h"

#include <alloca.h>
#include <dirent.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <time.h>

#include "../../kernel/sys/debug_calls.h"

#define NTH_MAX 400 /* no call needs so many allocations */

static bool injecting;
static int nth_fd = -1, some_file = -1;
static int memory_file = -1; /* of 16 pages, written */
static char *area;	   /* 16 pages, a call's to work on */
static char *shared_area;  /* 16 pages of memory_file, mapped shared */
static char *disk_area;    /* 16 pages of some_file, mapped shared */
static char *far;	   /* FAR bytes of nothing, to map something into the middle of */
#define FAR (4ul << 20)
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
	unsigned char open[256]; /* descriptors */
	long allocated; /* but for threads */
};

static void state_read(struct state *st)
{
	long threads;

	maps_read_path("/proc/self/maps", &st->maps);
	memcpy(st->bytes, area, sizeof st->bytes);
	for (int fd = 0; fd < 256; fd++)
		st->open[fd] = fcntl(fd, F_GETFD) >= 0;
	/* The last: what is stored here may need memory itself. */
	st->allocated = injecting ? kmalloc_but_threads(&threads) : 0;
}

static struct state now;

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
	long threads;

	state_read(&now);
	want(same_maps(&before->maps, &now.maps));
	want(!memcmp(before->bytes, now.bytes, sizeof now.bytes));
	want(!memcmp(before->open, now.open, sizeof now.open));
	/* What a process that just ended had may be on its way. */
	for (int i = 0; i < 500 && now.allocated > before->allocated; i++) {
		usleep(10000);
		now.allocated = kmalloc_but_threads(&threads);
	}
	want(now.allocated <= before->allocated);
	want(!injecting || kmalloc_adds_up());
	want(!injecting || sys(DEBUG_CALL_CHECK) == 0);
	if (tap.bad)
		diag("  %s, allocation %u: %ld bytes allocated before, %ld now", name, n,
			before->allocated, now.allocated);
}

/* What a look at the state needs itself comes into memory: pages of this program, too. */
static void look_once(void)
{
	static char page[PS];
	int fd = open("/proc/self/exe", O_RDONLY);

	while (read(fd, page, sizeof page) > 0)
		;
	close(fd);
	state_read(&now);
	plan_hit(); /* the open file keeps its text */
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

static void undo_many(void)
{
	if (map(far, FAR, PROT_NONE, ANON | MAP_NORESERVE | MAP_FIXED, -1, 0) != (long)far)
		bail_out("the far area is lost");
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
static long do_madvise_free(void) { return sys(SYS_madvise, area + 5 * PS, 2 * PS, MADV_FREE); }
static long do_madvise_fork(void) { return sys(SYS_madvise, area + 5 * PS, 2 * PS, MADV_DONTFORK); }
static void undo_madvise_fork(void) { sys(SYS_madvise, area, 16 * PS, MADV_DOFORK); }
static long do_willneed(void) { return sys(SYS_madvise, shared_area, 16 * PS, MADV_WILLNEED); }
static long do_remove(void) { return sys(SYS_madvise, shared_area + 5 * PS, 2 * PS, MADV_REMOVE); }

/* MADV_POPULATE_WRITE of memory that was dropped just before. */
static void drop_middle(void)
{
	undo_area();
	sys(SYS_madvise, area + 5 * PS, 2 * PS, MADV_DONTNEED);
}

static long do_populate(void) { return sys(SYS_madvise, area + 5 * PS, 2 * PS, 23); }

static long do_mmap_populate(void)
{
	return map(NULL, 4 * PS, RW, ANON | MAP_POPULATE, -1, 0);
}

static long do_mlock_all(void) { return sys(SYS_mlockall, MCL_CURRENT | MCL_FUTURE); }
static void undo_mlock_all(void) { sys(SYS_munlockall); }
static long do_munlock(void) { return sys(SYS_munlock, area + 7 * PS, 2 * PS); }
static void lock_area(void) { sys(SYS_mlock, area, 16 * PS); }
static void undo_munlock(void) { sys(SYS_munlock, area, 16 * PS); }
static long do_mlock_onfault(void) { return sys(SYS_mlock2, area + 5 * PS, 2 * PS, 1); }

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

/* To where no private page is near. */
static long do_mremap_far(void)
{
	return sys(SYS_mremap, area, 16 * PS, 16 * PS, MREMAP_MAYMOVE | MREMAP_FIXED, far + FAR / 2);
}

static long do_mremap_keep(void)
{
	return sys(SYS_mremap, area, 16 * PS, 16 * PS,
		MREMAP_MAYMOVE | MREMAP_FIXED | 4 /* DONTUNMAP */, far + FAR / 2);
}

static void undo_mremap_far(void)
{
	if (map(far + FAR / 2, 16 * PS, PROT_NONE, ANON | MAP_NORESERVE | MAP_FIXED, -1, 0) !=
		(long)(far + FAR / 2))
		bail_out("the far area is lost");
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

/* --- files in memory --- */

static long do_memfd(void) { return sys(SYS_memfd_create, "nth", 0); }
static long do_shm(void)
{
	return sys(SYS_openat, AT_FDCWD, "/dev/shm/nth.made", O_RDWR | O_CREAT, 0600);
}

static void undo_shm(void)
{
	undo_open();
	unlink("/dev/shm/nth.made");
}

static void fill_memory_file(void)
{
	for (int i = 0; i < 16; i++)
		put_bytes(memory_file, area, PS, i * (off_t)PS);
}

static long do_truncate(void) { return sys(SYS_ftruncate, memory_file, 5 * PS + 100); }
static long do_extend(void) { return sys(SYS_ftruncate, memory_file, 500 * PS); }
static void undo_truncate(void)
{
	sys(SYS_ftruncate, memory_file, 16 * PS);
	fill_memory_file();
}

static long error_of(long r) { return r < 0 ? -errno : r; }

static long do_allocate(void) { return error_of(fallocate(memory_file, 0, 16 * PS, 4 * PS)); }
static long do_punch(void)
{
	return error_of(fallocate(memory_file, 3 /* PUNCH_HOLE, KEEP_SIZE */, 2 * PS, 4 * PS));
}

static long do_extend_write(void)
{
	return error_of(pwrite(memory_file, area, PS, 300 * PS));
}

static long do_seek(void) { return error_of(lseek(memory_file, 0, SEEK_DATA)); }

/* --- files on the disk --- */

static char buffer[4 * PS];

static long do_read(void) { return error_of(pread(some_file, buffer, 4 * PS, 0)); }
static long do_rewrite(void) { return error_of(pwrite(some_file, area, 2 * PS, 100)); }
static long do_truncate_disk(void) { return sys(SYS_ftruncate, some_file, 5 * PS + 100); }
static void undo_truncate_disk(void)
{
	sys(SYS_ftruncate, some_file, 16 * PS);
	for (int i = 0; i < 16; i++)
		put_bytes(some_file, area, PS, i * (off_t)PS);
}

static void dirty_file(void) { put_bytes(some_file, "x", 1, 3 * PS); }
static void dirty_shared(void) { *(volatile char *)disk_area = 1; }
static long do_msync_file(void) { return sys(SYS_msync, disk_area, 16 * PS, MS_SYNC); }
static long do_fsync(void) { return sys(SYS_fsync, some_file); }

/* Files of /bin that nobody has read yet, one after the other; any file when all have been. */
static int cold_fd = -1;

static void open_cold(void)
{
	static DIR *bin;
	struct dirent *e;
	char path[300];

	if (cold_fd >= 0)
		close(cold_fd);
	cold_fd = -1;
	if (!bin && !(bin = opendir("/bin")))
		bail_out("no /bin");
	while (cold_fd < 0) {
		if (!(e = readdir(bin))) {
			rewinddir(bin);
			continue;
		}
		snprintf(path, sizeof path, "/bin/%s", e->d_name);
		if (e->d_name[0] != '.' && e->d_name[0] != '[')
			cold_fd = open(path, O_RDONLY);
	}
}

static long do_read_cold(void) { return error_of(pread(cold_fd, buffer, PS, 0)); }

/* --- waits --- */

static long do_select(void)
{
	static fd_set in[8]; /* more than lies on the kernel's stack */
	struct timespec t = {0, 0};

	memset(in, 0, sizeof in);
	FD_SET(some_file, in);
	return sys(SYS_pselect6, 4000, in, NULL, NULL, &t, NULL);
}

static long do_poll(void)
{
	static struct pollfd fds[200];
	struct timespec t = {0, 0};

	for (int i = 0; i < 200; i++)
		fds[i] = (struct pollfd){some_file, POLLIN, 0};
	return sys(SYS_ppoll, fds, 200, &t, NULL, 8);
}

/* On a word of shared memory, until its time is over. */
static long do_futex(void)
{
	struct timespec t = {0, 1000};
	long r = sys(SYS_futex, shared_area, FUTEX_WAIT, *(int *)shared_area, &t, NULL, 0);

	return r == -ETIMEDOUT ? 0 : r;
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

/* A pipe without pages. */
static void open_pipe(void)
{
	if (pipe_fds[0])
		undo_pipe();
	want(pipe(pipe_fds) == 0);
}
static long do_pipe_write(void) { return error_of(write(pipe_fds[1], area, 3 * PS)); }
static long do_mkdir(void) { return sys(SYS_mkdirat, AT_FDCWD, "nth.dir", 0755); }
static void undo_mkdir(void) { rmdir("nth.dir"); }

/* Mappings that do not merge, more than lie in one slab of the kernel's. */
#define MANY 64
static long do_many(void)
{
	long r = 0;

	for (unsigned i = 0; i < MANY && !is_error(r); i++)
		r = map(far + 2 * i * PS, PS, RW, ANON | MAP_FIXED, -1, 0);
	if (is_error(r))
		undo_many();
	return r;
}

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

/*
 * prepare, if there is one, goes before each make; undo follows a make that succeeded. caches: even
 * when it fails it may leave something in memory by design: a name, a block of a disk, a page of a
 * file.
 */
static const struct call {
	const char *name;
	long (*make)(void);
	void (*undo)(void);
	bool caches;
	void (*prepare)(void);
} calls[] = {
	{"mmap of private memory", do_mmap, undo_mmap, false, NULL},
	{"mmap of shared memory", do_mmap_shared, undo_mmap, false, NULL},
	{"mmap of a file, private", do_mmap_file, undo_mmap, false, NULL},
	{"mmap of a file, shared", do_mmap_file_shared, undo_mmap, false, NULL},
	{"mmap over the middle of a mapping", do_mmap_over, undo_area, false, NULL},
	{"mmap that loads its pages", do_mmap_populate, undo_mmap, false, NULL},
	{"many mmaps", do_many, undo_many, false, NULL},
	{"munmap of the middle of a mapping", do_munmap, undo_area, false, NULL},
	{"mprotect of the middle of a mapping", do_mprotect, undo_mprotect, false, NULL},
	{"mprotect to execute", do_mprotect_across, undo_mprotect, false, NULL},
	{"brk", do_brk, undo_brk, false, NULL},
	{"msync", do_msync, nothing, false, NULL},
	{"msync of stores to a file", do_msync_file, nothing, true, dirty_shared},
	{"madvise DONTNEED", do_madvise, undo_area, false, NULL},
	{"madvise FREE", do_madvise_free, undo_area, false, NULL},
	{"madvise DONTFORK", do_madvise_fork, undo_madvise_fork, false, NULL},
	{"madvise WILLNEED", do_willneed, nothing, false, NULL},
	{"madvise REMOVE", do_remove, undo_truncate, true, NULL},
	{"madvise POPULATE_WRITE", do_populate, undo_area, true, drop_middle},
	{"mlock", do_mlock, undo_mlock, false, NULL},
	{"mlock2 for later", do_mlock_onfault, undo_mlock, false, NULL},
	{"munlock", do_munlock, undo_munlock, false, lock_area},
	{"mlockall", do_mlock_all, undo_mlock_all, false, NULL},
	{"mincore", do_mincore, nothing, false, NULL},
	{"mremap that grows", do_mremap_grow, undo_mremap, false, NULL},
	{"mremap that shrinks", do_mremap_shrink, undo_area, false, NULL},
	{"mremap to far away", do_mremap_far, undo_mremap_far, false, NULL},
	{"mremap that keeps the old mapping", do_mremap_keep, undo_mremap_far, false, NULL},
	{"memfd_create", do_memfd, undo_open, false, NULL},
	{"open that creates shared memory", do_shm, undo_shm, true, NULL},
	{"ftruncate that cuts a mapped file", do_truncate, undo_truncate, true, NULL},
	{"ftruncate that extends one", do_extend, undo_truncate, true, NULL},
	{"fallocate", do_allocate, undo_truncate, true, NULL},
	{"fallocate that makes a hole", do_punch, undo_truncate, true, NULL},
	{"pwrite far behind the end", do_extend_write, undo_truncate, true, NULL},
	{"lseek to data", do_seek, nothing, false, NULL},
	{"read of a cached file", do_read, nothing, false, NULL},
	{"read of a file for the first time", do_read_cold, nothing, true, open_cold},
	{"write to a file that is there", do_rewrite, nothing, true, NULL},
	{"ftruncate on the disk", do_truncate_disk, undo_truncate_disk, true, NULL},
	{"fsync", do_fsync, nothing, true, dirty_file},
	{"select", do_select, nothing, false, NULL},
	{"poll", do_poll, nothing, false, NULL},
	{"futex in shared memory", do_futex, nothing, false, NULL},
	{"open", do_open, undo_open, false, NULL},
	{"open in /proc", do_open_proc, undo_open, false, NULL},
	{"open that creates", do_create, undo_create, true, NULL},
	{"pipe", do_pipe, undo_pipe, false, NULL},
	{"write to a pipe", do_pipe_write, nothing, false, open_pipe},
	{"dup3 far above", do_dup, nothing, false, NULL},
	{"readlink in /proc", do_readlink, nothing, false, NULL},
	{"getcwd", do_getcwd, nothing, false, NULL},
	{"mkdir", do_mkdir, undo_mkdir, true, NULL},
	{"open in /sys", do_open_sys, undo_open, true, NULL},
	{"preadv of twenty buffers", do_preadv, nothing, false, NULL},
	{"fcntl that locks", do_lock, undo_lock, false, NULL},
	{"fcntl that unlocks the middle", do_unlock, undo_unlock, false, NULL},
	{"flock", do_flock, undo_flock, false, NULL},
	{"timer_create", do_timer, undo_timer, false, NULL},
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
	if (c->prepare)
		c->prepare();
	result_of_try = c->make();
	if (result_of_try == -ENOSYS)
		hit = false;
	else if (!is_error(result_of_try))
		c->undo();
	for (unsigned n = 1; hit && n < NTH_MAX && !tap.bad; n++) {
		if (c->prepare)
			c->prepare();
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

/* A read of memory that nobody has stored to, and a store after it. */
static int child_zero(void *n)
{
	volatile char *p = (char *)map(NULL, 8 * PS, RW, ANON, -1, 0);

	child_arm(n);
	tap_sink = p[3 * PS];
	p[3 * PS] = 1;
	return outcome(true);
}

static int child_shared_fault(void *n)
{
	volatile char *p = (char *)map(NULL, 80 * PS, RW, SHANON, -1, 0);

	child_arm(n);
	p[0] = 1;
	p[70 * PS] = 1;
	return outcome(true);
}

static int child_private_file(void *n)
{
	volatile char *p = (char *)map(NULL, 16 * PS, RW, MAP_PRIVATE, some_file, 0);

	child_arm(n);
	tap_sink = p[2 * PS];
	p[2 * PS] = 1;
	p[3 * PS] = 1;
	return outcome(true);
}

static int child_cold_fault(void *n)
{
	volatile char *p;

	open_cold();
	p = (char *)map(NULL, PS, PROT_READ, MAP_PRIVATE, cold_fd, 0);
	child_arm(n);
	tap_sink = p[0];
	return outcome(true);
}

static int child_stack(void *n)
{
	volatile char *p;

	child_arm(n);
	p = alloca(600 * 1024);
	p[0] = 1;
	return outcome(true);
}

/* The kernel's own store to memory that was not touched yet. */
static int child_read_into(void *n)
{
	char *p = (char *)map(NULL, 8 * PS, RW, ANON, -1, 0);
	long r;

	child_arm(n);
	r = sys(SYS_pread64, some_file, p + 3 * PS, 2 * PS, 0, 0, 0);
	arm(0);
	want(r == 2 * PS || (r > 0 && r < (long)(2 * PS)) || no_memory(r) || r == -EFAULT);
	return tap.bad ? 1 : outcome(r == 2 * PS);
}

static void *thread_body(void *arg) { return arg; }

static int child_thread(void *n)
{
	pthread_t t;
	void *result = NULL;
	int err;

	child_arm(n);
	err = pthread_create(&t, NULL, thread_body, n);
	arm(0);
	if (err)
		return no_memory(-err) ? outcome(false) : 1;
	pthread_join(t, &result);
	return result == n ? outcome(true) : 1;
}

static int child_vfork(void *n)
{
	pid_t pid;

	child_arm(n);
	pid = vfork();
	if (pid == 0)
		_exit(0);
	arm(0);
	if (pid < 0)
		return no_memory(-errno) ? 77 : 1;
	wait_for(pid);
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

/*
 * The kernel keeps the stacks of a few dead threads: these children take them and stay, until their
 * parent has ended.
 */
#define STAY 40
static void stay(int ends[2])
{
	char c;

	if (tap_fork() > 0)
		return;
	close(ends[1]);
	_exit(read(ends[0], &c, 1) != 0);
}

static int child_fork_many(void *n)
{
	int ends[2];

	want(pipe(ends) == 0);
	for (int i = 0; i < STAY; i++)
		stay(ends);
	return child_fork(n);
}

/* --- the share of the memory system that was reached --- */

/*
 * Places of kernel/vm that no system call reaches in a testing boot, so many in each file. That holds
 * as long as nobody calls them during this program.
 */
static const struct unreached {
	const char *file;
	int places;
	const char *why;
} unreached[] = {
	{"kernel/vm/fault.c:", 1, "the zero page: got at boot"},
	{"kernel/vm/slab.c:", 2, "a new cache: all are made at boot; a CPU's magazine: a testing boot has "
				 "none, a debug kernel does without if there is no memory"},
};

struct place {
	char where[64];
	unsigned long calls, failed, forced;
};

struct places {
	unsigned n;
	struct place place[300];
};

static void places_read(struct places *all)
{
	static char text[131072];
	char *line, *save;

	all->n = 0;
	if (!injecting || slurp("/proc/kmalloc", text, sizeof text) < 0)
		return;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct place *p = &all->place[all->n];

		if (all->n < 300 && sscanf(line, "%*u %*u %lu %lu %lu %*s %63s", &p->calls,
				&p->failed, &p->forced, p->where) == 4)
			all->n++;
	}
}

/* Was it reached, and by nobody made to fail? If it is one that cannot be reached, *why. */
static bool is_missed(const struct place *now, const struct place *before, int left[],
	const char **why)
{
	*why = NULL;
	if (now->forced)
		return false;
	for (unsigned i = 0; i < sizeof unreached / sizeof unreached[0]; i++)
		if (!strncmp(now->where, unreached[i].file, strlen(unreached[i].file)) &&
			now->calls == before->calls && left[i]-- > 0) {
			*why = unreached[i].why;
			return false;
		}
	return true;
}

static void tell_share(const struct places *before)
{
	static struct places now;
	int left[sizeof unreached / sizeof unreached[0]];
	unsigned sites = 0, out = 0, missed = 0, others = 0, others_hit = 0;

	for (unsigned i = 0; i < sizeof left / sizeof left[0]; i++)
		left[i] = unreached[i].places;
	places_read(&now);
	for (unsigned i = 0; i < now.n; i++) {
		const struct place *p = &now.place[i];
		const char *why;

		if (strncmp(p->where, "kernel/vm/", 10)) {
			others++;
			others_hit += p->forced > 0;
			continue;
		}
		sites++;
		if (is_missed(p, &before->place[i], left, &why)) {
			missed++;
			diag("never failed: %s", p->where);
		} else if (why) {
			out++;
			diag("not to be reached: %s (%s)", p->where, why);
		}
	}
	if (injecting) {
		diag("failed on purpose: %u of the %u places of kernel/vm that allocate and can be "
		     "reached; of the kernel's others %u of %u",
			sites - out - missed, sites - out, others_hit, others);
		diag("damaged blocks: %ld", kmalloc_figure("damaged"));
	}
	want_eq(missed, 0);
	verdict("KMALLOC-20 every place of the memory system that allocates has failed");
	want(!injecting || kmalloc_figure("damaged") == 0);
	verdict("KMALLOC-20 and no block was damaged by that");
}

/* Ended threads are kept for new ones, so many a CPU. */
static void test_threads_left(long before)
{
	long threads, kept = KMALLOC_THREADS_KEPT * sysconf(_SC_NPROCESSORS_ONLN);

	kmalloc_but_threads(&threads);
	want(threads <= before + kept);
	if (tap.bad)
		diag("  %ld threads before, %ld now", before, threads);
	verdict("KMALLOC-20 and no thread is left");
}

int main(int argc, char **argv)
{
	static struct places places;
	long threads;

	if (argc > 1 && !strcmp(argv[1], "nothing"))
		return 0;
	program = argv[0];
	plan_open();
	injecting = nth_fd >= 0;
	if (!on_linux())
		want(injecting);
	verdict("KMALLOC-20 allocations can be made to fail");
	places_read(&places);
	some_file = temp_file(16 * PS, 1);
	memory_file = (int)sys(SYS_memfd_create, "area", 0);
	area = (char *)map(NULL, 16 * PS, RW, ANON, -1, 0);
	undo_area();
	fill_memory_file();
	shared_area = (char *)must_map(16 * PS, RW, MAP_SHARED, memory_file, 0);
	disk_area = (char *)must_map(16 * PS, RW, MAP_SHARED, some_file, 0);
	sync();
	look_once();
	kmalloc_but_threads(&threads);
	far = (char *)must_map(FAR, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		test_call(&calls[i]);
	test_child("a store to new memory", child_fault, true);
	test_child("a store to memory shared with a parent", child_cow, true);
	test_child("stores to a file's mapping", child_file_fault, true);
	test_child("a read of new memory and a store", child_zero, true);
	test_child("stores to shared memory", child_shared_fault, true);
	test_child("stores to a private mapping of a file", child_private_file, true);
	test_child("a read of a file mapped for the first time", child_cold_fault, true);
	test_child("a stack that grows", child_stack, true);
	test_child("a read into new memory", child_read_into, true);
	test_child("fork", child_fork, true);
	test_child("fork with a new kernel stack", child_fork_many, true);
	test_child("vfork", child_vfork, true);
	test_child("a thread", child_thread, true);
	test_child("exec", child_exec, false);
	test_child("write to a new file", child_write, false);
	tell_share(&places);
	test_threads_left(threads);
	return done();
}
