/*
 * ops [-n COUNT]... [NAME...]: what one operation costs, in nanoseconds of CLOCK_MONOTONIC.
 *
 * Under QEMU's -icount shift=0 the clock counts guest instructions, and so do the figures then:
 * they are the same on every host. The output is a table, name TAB figure; a row that cannot be
 * measured here shows "-" and says why on standard error. NAMEs select the rows that contain one
 * of them; -n adds a number of mappings to the rows that work beside many.
 *
 * A figure is the least of several batches, the clock's own cost taken off. Calls are made raw.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PS 4096UL
#define PAGES 1024 /* touched, protected, unmapped at once where a row says "per page" */
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

typedef long long nanoseconds;

static nanoseconds clock_cost;

static nanoseconds now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static __attribute__((noreturn, format(printf, 1, 2))) void die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "ops: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(errno));
	exit(1);
}

static void calibrate(void)
{
	clock_cost = 1 << 30;
	for (int i = 0; i < 100; i++) {
		nanoseconds t = now(), cost = now() - t;

		if (cost < clock_cost)
			clock_cost = cost;
	}
}

/* ------------------------------------------------------------------- calls */

static inline unsigned char *map(size_t len, int prot, int flags, int fd)
{
#ifdef SYS_mmap2
	long r = syscall(SYS_mmap2, NULL, len, prot, flags, fd, 0);
#else
	long r = syscall(SYS_mmap, NULL, len, prot, flags, fd, 0);
#endif
	return (unsigned char *)r;
}

static unsigned char *must_map(size_t len, int prot, int flags, int fd)
{
	unsigned char *p = map(len, prot, flags, fd);

	if (p == MAP_FAILED)
		die("mmap of %lu bytes", (unsigned long)len);
	/* large pages would make "per page" meaningless; without them the call fails, and may */
	syscall(SYS_madvise, p, len, 15 /* MADV_NOHUGEPAGE */);
	return p;
}

static inline void unmap(unsigned char *p, size_t len)
{
	syscall(SYS_munmap, p, len);
}

static inline void protect(unsigned char *p, size_t len, int prot)
{
	syscall(SYS_mprotect, p, len, prot);
}

static inline void store_each(unsigned char *p, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		*(volatile unsigned char *)(p + i * PS) = 1;
}

static inline void load_each(unsigned char *p, size_t pages)
{
	for (size_t i = 0; i < pages; i++)
		(void)*(volatile unsigned char *)(p + i * PS);
}

static inline pid_t raw_fork(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid < 0)
		die("fork");
	return pid;
}

static inline void raw_exit(int code)
{
	for (;;)
		syscall(SYS_exit_group, code);
}

static inline int raw_wait(pid_t pid)
{
	int status = -1;

	while (syscall(SYS_wait4, pid, &status, 0, NULL) < 0 && errno == EINTR)
		continue;
	return status;
}

/* -------------------------------------------------------------------- rows */

/*
 * A row's function measures one batch and returns the time of one operation in 1/1000 ns, or a
 * negative number when it cannot run here, having said why.
 */
struct row {
	const char *name;
	nanoseconds (*batch)(long arg);
	long arg;
	int batches;
};

#define PER(start, end, count) (((end) - (start) - clock_cost) * 1000 / (long)(count))

static nanoseconds null_call(long count)
{
	nanoseconds t = now();

	for (long i = 0; i < count; i++)
		syscall(SYS_getppid);
	return PER(t, now(), count);
}

static nanoseconds map_unmap(long count)
{
	nanoseconds t = now();

	for (long i = 0; i < count; i++)
		unmap(map(PS, RW, ANON, -1), PS);
	return PER(t, now(), count);
}

static nanoseconds map_touch_unmap(long count)
{
	nanoseconds t = now();

	for (long i = 0; i < count; i++) {
		unsigned char *p = map(PS, RW, ANON, -1);

		store_each(p, 1);
		unmap(p, PS);
	}
	return PER(t, now(), count);
}

static nanoseconds write_fault(long pages)
{
	unsigned char *p = must_map((size_t)pages * PS, RW, ANON, -1);
	nanoseconds t = now(), end;

	store_each(p, (size_t)pages);
	end = now();
	unmap(p, (size_t)pages * PS);
	return PER(t, end, pages);
}

static nanoseconds unmap_touched(long pages)
{
	unsigned char *p = must_map((size_t)pages * PS, RW, ANON, -1);
	nanoseconds t;

	store_each(p, (size_t)pages);
	t = now();
	unmap(p, (size_t)pages * PS);
	return PER(t, now(), pages);
}

static nanoseconds read_fault(long pages)
{
	unsigned char *p = must_map((size_t)pages * PS, RW, ANON, -1);
	nanoseconds t = now(), end;

	load_each(p, (size_t)pages);
	end = now();
	unmap(p, (size_t)pages * PS);
	return PER(t, end, pages);
}

/* The child writes to pages its parent keeps: each is copied. */
static nanoseconds cow_fault(long pages)
{
	unsigned char *p = must_map((size_t)pages * PS, RW, ANON, -1);
	nanoseconds *result = (void *)must_map(PS, RW, MAP_SHARED | MAP_ANONYMOUS, -1), per;
	pid_t pid;

	store_each(p, (size_t)pages);
	*result = 0;
	pid = raw_fork();
	if (pid == 0) {
		nanoseconds t = now();

		store_each(p, (size_t)pages);
		*result = PER(t, now(), pages);
		raw_exit(0);
	}
	raw_wait(pid);
	per = *result;
	unmap((unsigned char *)result, PS);
	unmap(p, (size_t)pages * PS);
	return per;
}

static nanoseconds protect_there_and_back(unsigned char *p, size_t len, long count)
{
	nanoseconds t = now();

	for (long i = 0; i < count; i++) {
		protect(p, len, PROT_READ);
		protect(p, len, RW);
	}
	return PER(t, now(), count);
}

static nanoseconds protect_one(long count)
{
	unsigned char *p = must_map(PS, RW, ANON, -1);
	nanoseconds per;

	store_each(p, 1);
	per = protect_there_and_back(p, PS, count);
	unmap(p, PS);
	return per;
}

/* Splits the mapping in three and joins it again. */
static nanoseconds protect_inner(long count)
{
	unsigned char *p = must_map(3 * PS, RW, ANON, -1);
	nanoseconds per;

	store_each(p, 3);
	per = protect_there_and_back(p + PS, PS, count);
	unmap(p, 3 * PS);
	return per;
}

static nanoseconds protect_many(long pages)
{
	unsigned char *p = must_map((size_t)pages * PS, RW, ANON, -1);
	nanoseconds per;

	store_each(p, (size_t)pages);
	per = protect_there_and_back(p, (size_t)pages * PS, 4);
	unmap(p, (size_t)pages * PS);
	return per;
}

static nanoseconds dontneed(long pages)
{
	unsigned char *p = must_map((size_t)pages * PS, RW, ANON, -1);
	nanoseconds t, per;

	store_each(p, (size_t)pages);
	t = now();
	syscall(SYS_madvise, p, (size_t)pages * PS, 4 /* MADV_DONTNEED */);
	per = PER(t, now(), pages);
	unmap(p, (size_t)pages * PS);
	return per;
}

/* To a place beside, which is known to be free. */
static nanoseconds move_touched(long pages)
{
	size_t len = (size_t)pages * PS;
	unsigned char *p = must_map(2 * len, RW, ANON, -1), *q = p + len;
	nanoseconds t, end;

	unmap(q, len);
	store_each(p, (size_t)pages);
	t = now();
	syscall(SYS_mremap, p, len, len, 3 /* MREMAP_MAYMOVE | MREMAP_FIXED */, q);
	end = now();
	unmap(q, len);
	return PER(t, end, 1);
}

static nanoseconds grow_in_place(long count)
{
	unsigned char *p = must_map(2 * PS, RW, ANON, -1);
	nanoseconds t;

	t = now();
	for (long i = 0; i < count; i++) {
		syscall(SYS_mremap, p, 2 * PS, PS, 0, 0);
		syscall(SYS_mremap, p, PS, 2 * PS, 0, 0);
	}
	t = PER(t, now(), count);
	unmap(p, 2 * PS);
	return t;
}

static nanoseconds brk_touch(long count)
{
	/* The break is moved to a page's start, so that one page is gained and lost. */
	unsigned long base = ((unsigned long)syscall(SYS_brk, 0) + PS - 1) & -PS;
	nanoseconds t;

	if ((unsigned long)syscall(SYS_brk, base) != base)
		die("brk");
	t = now();
	for (long i = 0; i < count; i++) {
		syscall(SYS_brk, base + PS);
		*(volatile unsigned char *)base = 1;
		syscall(SYS_brk, base);
	}
	return PER(t, now(), count);
}

/* A file of PAGES pages, all in the cache. */
static int hot_file(void)
{
	static int fd = -1;
	static unsigned char page[PS];
	char name[40];

	if (fd >= 0)
		return fd;
	snprintf(name, sizeof name, "ops-%ld.tmp", (long)getpid());
	fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		die("%s", name);
	unlink(name);
	memset(page, 'x', sizeof page);
	for (int i = 0; i < PAGES; i++)
		if (write(fd, page, PS) != (ssize_t)PS)
			die("write");
	return fd;
}

static nanoseconds file_fault(long pages)
{
	unsigned char *p = must_map((size_t)pages * PS, PROT_READ, MAP_SHARED, hot_file());
	nanoseconds t = now(), end;

	load_each(p, (size_t)pages);
	end = now();
	unmap(p, (size_t)pages * PS);
	return PER(t, end, pages);
}

static nanoseconds read_hot(long count)
{
	static unsigned char buf[PS];
	int fd = hot_file();
	nanoseconds t;

	lseek(fd, 0, SEEK_SET);
	t = now();
	for (long i = 0; i < count; i++)
		if (syscall(SYS_read, fd, buf, PS) != (long)PS)
			die("read");
	return PER(t, now(), count);
}

static nanoseconds fork_small(long count)
{
	nanoseconds t = now();

	for (long i = 0; i < count; i++) {
		pid_t pid = raw_fork();

		if (pid == 0)
			raw_exit(0);
		raw_wait(pid);
	}
	return PER(t, now(), count);
}

static long long mem_free(void)
{
	char text[4096], *s;
	int fd = open("/proc/meminfo", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return -1;
	text[n] = 0;
	s = strstr(text, "MemFree:");
	return s ? strtoll(s + 8, NULL, 10) * 1024 : -1;
}

static nanoseconds fork_touched(long mebibytes)
{
	size_t size = (size_t)mebibytes << 20;
	nanoseconds per;
	unsigned char *p;

	if (mem_free() < (long long)size + (16 << 20)) {
		fprintf(stderr, "ops: not %ld MiB free\n", mebibytes);
		return -1;
	}
	p = must_map(size, RW, ANON, -1);
	store_each(p, size / PS);
	per = fork_small(2);
	unmap(p, size);
	return per;
}

/* Writes the smallest program there is: it exits with status 0. */
static void write_tiny(const char *name)
{
#if defined(__riscv)
	static const unsigned char code[] = {0x93, 0x08, 0xe0, 0x05, /* li a7, 94 (exit_group) */
		0x13, 0x05, 0x00, 0x00,                              /* li a0, 0 */
		0x73, 0x00, 0x00, 0x00};                             /* ecall */
	const unsigned machine = 243;
#elif defined(__x86_64__)
	static const unsigned char code[] = {0xb8, 0xe7, 0, 0, 0, /* mov eax, 231 (exit_group) */
		0x31, 0xff,                                       /* xor edi, edi */
		0x0f, 0x05};                                      /* syscall */
	const unsigned machine = 62;
#elif defined(__i386__)
	static const unsigned char code[] = {0xb8, 0xfc, 0, 0, 0, /* mov eax, 252 (exit_group) */
		0x31, 0xdb,                                       /* xor ebx, ebx */
		0xcd, 0x80};                                      /* int 0x80 */
	const unsigned machine = 3;
#endif
	/* System V ABI, chapter 4: the ELF header, here in 32- or 64-bit form by the word's size */
	const unsigned long base = 0x10000, head = sizeof(long) == 8 ? 64 : 52;
	const unsigned long phdr = sizeof(long) == 8 ? 56 : 32, size = head + phdr + sizeof code;
	struct {
		unsigned char ident[16];
		uint16_t type, machine;
		uint32_t version;
		unsigned long entry, phoff, shoff;
		uint32_t flags;
		uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
	} eh = {{0x7f, 'E', 'L', 'F', sizeof(long) / 4, 1, 1}, 2, (uint16_t)machine, 1,
		base + head + phdr, head, 0, 0, (uint16_t)head, (uint16_t)phdr, 1, 0, 0, 0};
	unsigned long ph[] = {1, 0, base, base, size, size, 5, PS}; /* 32-bit order of fields */
	unsigned long ph64[] = {1 | (unsigned long)5 << (sizeof(long) * 4), 0, base, base, size,
		size, PS};
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (fd < 0 || write(fd, &eh, head) != (ssize_t)head ||
		write(fd, sizeof(long) == 8 ? ph64 : ph, phdr) != (ssize_t)phdr ||
		write(fd, code, sizeof code) != (ssize_t)sizeof code || close(fd) < 0)
		die("%s", name);
}

static nanoseconds fork_exec(long count)
{
	char name[40], *argv[] = {name, NULL}, *envp[] = {NULL};
	nanoseconds t, end;
	int status = 0;

	snprintf(name, sizeof name, "ops-%ld-tiny.tmp", (long)getpid());
	write_tiny(name);
	t = now();
	for (long i = 0; i < count; i++) {
		pid_t pid = raw_fork();

		if (pid == 0) {
			syscall(SYS_execve, name, argv, envp);
			raw_exit(1);
		}
		status |= raw_wait(pid);
	}
	end = now();
	unlink(name);
	if (status != 0) {
		fprintf(stderr, "ops: the tiny program ended with status 0x%x\n", status);
		return -1;
	}
	return PER(t, end, count);
}

static nanoseconds ping_pong(long count)
{
	int to[2], from[2];
	nanoseconds t, end;
	char c = 'x';
	pid_t pid;

	if (pipe(to) < 0 || pipe(from) < 0)
		die("pipe");
	pid = raw_fork();
	if (pid == 0) {
		close(to[1]);
		while (syscall(SYS_read, to[0], &c, 1) == 1)
			syscall(SYS_write, from[1], &c, 1);
		raw_exit(0);
	}
	syscall(SYS_write, to[1], &c, 1); /* the child has started when this comes back */
	syscall(SYS_read, from[0], &c, 1);
	t = now();
	for (long i = 0; i < count; i++) {
		syscall(SYS_write, to[1], &c, 1);
		syscall(SYS_read, from[0], &c, 1);
	}
	end = now();
	close(to[1]);
	raw_wait(pid);
	close(to[0]);
	close(from[0]);
	close(from[1]);
	return PER(t, end, count);
}

/*
 * Exactly n mappings more, that do not join: neighbours differ in protection. They are made by
 * single calls, as a program that maps much would make them. False when the kernel allows fewer.
 */
static unsigned char **many;
static long many_count;

static void drop_many(void)
{
	while (many_count > 0)
		unmap(many[--many_count], PS);
	free(many);
	many = NULL;
}

static bool make_many(long n)
{
	if (many_count == n)
		return true;
	drop_many();
	many = malloc((size_t)n * sizeof *many);
	if (!many)
		die("malloc");
	while (many_count < n) {
		unsigned char *p = map(PS, many_count % 2 ? PROT_READ : RW, ANON, -1);

		if (p == MAP_FAILED) {
			fprintf(stderr, "ops: only %ld mappings: %s\n", many_count,
				strerror(errno));
			drop_many();
			return false;
		}
		many[many_count++] = p;
	}
	return true;
}

static nanoseconds map_beside(long n)
{
	return make_many(n) ? map_unmap(200) : -1;
}

static nanoseconds fault_beside(long n)
{
	return make_many(n) ? write_fault(PAGES / 4) : -1;
}

/* -------------------------------------------------------------------- table */

static const struct row rows[] = {
	{"null system call", null_call, 1000, 5},
	{"mmap + munmap, one page, untouched", map_unmap, 200, 5},
	{"mmap + touch + munmap, one page", map_touch_unmap, 200, 5},
	{"anonymous write fault, per page", write_fault, PAGES, 5},
	{"munmap of touched memory, per page", unmap_touched, PAGES, 5},
	{"read fault of untouched memory, per page", read_fault, PAGES, 5},
	{"copy-on-write fault with copy", cow_fault, PAGES, 3},
	{"mprotect of one page, there and back", protect_one, 200, 5},
	{"mprotect of a page inside a mapping, there and back", protect_inner, 200, 5},
	{"mprotect of 1,024 touched pages, there and back", protect_many, PAGES, 3},
	{"mremap of 64 touched pages to another place", move_touched, 64, 5},
	{"mremap of 1,024 touched pages to another place", move_touched, PAGES, 5},
	{"mremap in place, one page shrunk and grown", grow_in_place, 200, 5},
	{"madvise(DONTNEED) of touched memory, per page", dontneed, PAGES, 5},
	{"brk up one page, touch, down", brk_touch, 200, 5},
	{"file mapping, shared, read fault, hot cache, per page", file_fault, PAGES, 5},
	{"read 4 KiB, hot", read_hot, 500, 5},
	{"fork + exit + wait, small", fork_small, 20, 5},
	{"fork + exit + wait, 64 MiB touched", fork_touched, 64, 2},
	{"fork + exit + wait, 256 MiB touched", fork_touched, 256, 2},
	{"fork + exec + wait, tiny", fork_exec, 20, 5},
	{"pipe ping-pong, round trip", ping_pong, 200, 5},
};

static const long beside[] = {10, 1000, 60000, 100000};

static bool chosen(const char *name, char **names, int n)
{
	for (int i = 0; i < n; i++)
		if (strstr(name, names[i]))
			return true;
	return n == 0;
}

static void measure(const char *name, nanoseconds (*batch)(long), long arg, int batches)
{
	nanoseconds best = -1;

	batch(arg); /* warms caches, and the kernel's pools, up */
	for (int i = 0; i < batches; i++) {
		nanoseconds per = batch(arg);

		if (per < 0) {
			best = -1;
			break;
		}
		if (best < 0 || per < best)
			best = per;
	}
	if (best < 0)
		printf("%s\t-\n", name);
	else
		printf("%s\t%lld\n", name, (best + 500) / 1000);
	fflush(stdout);
}

static void measure_beside(long n, char **names, int count)
{
	char name[100];

	snprintf(name, sizeof name, "one more mmap + munmap beside %ld mappings", n);
	if (chosen(name, names, count))
		measure(name, map_beside, n, 5);
	snprintf(name, sizeof name, "page fault beside %ld mappings", n);
	if (chosen(name, names, count))
		measure(name, fault_beside, n, 3);
	drop_many();
}

int main(int argc, char **argv)
{
	long extra[16];
	int extras = 0, option;

	while ((option = getopt(argc, argv, "n:")) != -1) {
		if (option != 'n' || atol(optarg) < 1 || extras == 16) {
			fprintf(stderr, "usage: ops [-n COUNT]... [NAME...]\n");
			return 2;
		}
		extra[extras++] = atol(optarg);
	}
	argv += optind;
	argc -= optind;
	calibrate();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (chosen(rows[i].name, argv, argc))
			measure(rows[i].name, rows[i].batch, rows[i].arg, rows[i].batches);
	for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++)
		measure_beside(beside[i], argv, argc);
	for (int i = 0; i < extras; i++)
		measure_beside(extra[i], argv, argc);
	return 0;
}
