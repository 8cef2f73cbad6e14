/*
 * What every guest test program shares: TAP output and the probes the tests are made of.
 *
 * Header-only, so that a test is one source file and one static program that runs on Linux and on
 * mv6 alike.
 *
 * Results. A test is a run of want()s closed by one verdict(): it is "ok" when all of them held.
 *
 *	want(p[0] == 0);
 *	want_eq(map(0, 0, PROT_READ, ANON, -1, 0), -EINVAL);
 *	verdict("MMAP-6 length 0 is EINVAL");
 *
 * ok(), is() and skip() report in one step. Every line leaves by one write(2), so a forked child
 * never repeats its parent's buffered output, and a child may use want(): its complaint is a "#"
 * line, and want_child() hands the failure to the parent through the exit status.
 * Test names must be the same on every machine and in every run: no addresses, no pids in them.
 *
 * Raw results. sys(), map(), unmap() and protect() return what the kernel returned: a result, or
 * -errno in [-4095, -1]. is_error() tells them apart (an i386 address may look negative).
 */
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAP_FN static __attribute__((unused))
#define TAP_PRINTF(f, a) __attribute__((format(printf, f, a)))

#define PS 4096UL /* page size on every machine mv6 knows */

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHANON (MAP_SHARED | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define RX (PROT_READ | PROT_EXEC)
#define RWX (PROT_READ | PROT_WRITE | PROT_EXEC)

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 3
#endif
#ifndef MAP_SYNC
#define MAP_SYNC 0x80000
#endif

/* ------------------------------------------------------------------ output */

#define TAP_TEMPS 64

static struct {
	int run;     /* results printed */
	int failed;  /* of these, "not ok" */
	int bad;     /* want()s that failed since the last result */
	int planned; /* from plan(), 0 when the plan comes at the end */
	int ntemps;  /* files to remove at the end */
	pid_t owner; /* the process that prints results and removes temps */
	char temps[TAP_TEMPS][48];
} tap;

TAP_FN void tap_write(const char *s, size_t n)
{
	while (n > 0) {
		ssize_t w = write(1, s, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			_exit(126);
		s += w;
		n -= (size_t)w;
	}
}

/* One line, prefix first, newline added, control characters made visible. */
TAP_FN void tap_vline(const char *prefix, const char *fmt, va_list ap)
{
	char line[1024];
	int n = snprintf(line, sizeof line, "%s", prefix);
	int m = vsnprintf(line + n, sizeof line - (size_t)n - 1, fmt, ap);
	size_t len = (size_t)n + (m < 0 ? 0 : (size_t)m);

	if (len > sizeof line - 2)
		len = sizeof line - 2;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			line[i] = '?';
	line[len++] = '\n';
	tap_write(line, len);
}

TAP_FN TAP_PRINTF(2, 3) void tap_line(const char *prefix, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vline(prefix, fmt, ap);
	va_end(ap);
}

/* A remark: "# ...". Any process may make one. */
TAP_FN TAP_PRINTF(1, 2) void diag(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	tap_vline("# ", fmt, ap);
	va_end(ap);
	errno = saved;
}

/* Announces n tests; without it done() prints the plan. */
TAP_FN void plan(int n)
{
	tap.planned = n;
	tap.owner = getpid();
	tap_line("", "1..%d", n);
}

TAP_FN void tap_remove_temps(void)
{
	for (int i = 0; i < tap.ntemps; i++)
		unlink(tap.temps[i]);
	tap.ntemps = 0;
}

/* Ends the program: it cannot go on. */
TAP_FN TAP_PRINTF(1, 2) __attribute__((noreturn)) void bail_out(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vline("Bail out! ", fmt, ap);
	va_end(ap);
	if (!tap.owner || tap.owner == getpid())
		tap_remove_temps();
	_exit(127);
}

TAP_FN bool tap_vresult(bool good, const char *file, int line, const char *fmt, va_list ap)
{
	char head[32];

	if (!tap.owner)
		tap.owner = getpid();
	tap.run++;
	if (!good)
		tap.failed++;
	tap.bad = 0;
	snprintf(head, sizeof head, "%sok %d - ", good ? "" : "not ", tap.run);
	tap_vline(head, fmt, ap);
	if (!good)
		diag("  failed at %s:%d", file, line);
	return good;
}

TAP_FN TAP_PRINTF(4, 5) bool tap_result(bool good, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vresult(good, file, line, fmt, ap);
	va_end(ap);
	return good;
}

TAP_FN TAP_PRINTF(5, 6) bool tap_is(long long got, long long expected, const char *file, int line,
	const char *fmt, ...)
{
	va_list ap;

	if (got != expected)
		diag("got %lld (0x%llx), expected %lld (0x%llx)", got, (unsigned long long)got,
			expected, (unsigned long long)expected);
	va_start(ap, fmt);
	tap_vresult(got == expected, file, line, fmt, ap);
	va_end(ap);
	return got == expected;
}

/* ok(cond, name...): a result from one condition. is(got, expected, name...): from two integers. */
#define ok(cond, ...) tap_result(!!(cond), __FILE__, __LINE__, __VA_ARGS__)
#define is(got, expected, ...) tap_is((got), (expected), __FILE__, __LINE__, __VA_ARGS__)

/* verdict(name...): one result from all want()s since the last result. */
#define verdict(...) tap_result(tap.bad == 0, __FILE__, __LINE__, __VA_ARGS__)

/* skip(why, name...): cannot run here. want()s that failed before it still make it "not ok". */
#define skip(why, ...) tap_skip((why), __FILE__, __LINE__, __VA_ARGS__)

TAP_FN TAP_PRINTF(4, 5) void tap_skip(const char *why, const char *file, int line,
	const char *fmt, ...)
{
	char name[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof name, fmt, ap);
	va_end(ap);
	if (tap.bad)
		tap_result(false, file, line, "%s", name);
	else
		tap_result(true, file, line, "%s # SKIP %s", name, why);
}

/* want(cond): one requirement of the test at hand. Is cond, so that it can guard what follows. */
#define want(cond) tap_want(!!(cond), #cond, __FILE__, __LINE__)
#define want_eq(got, expected) \
	tap_want_eq((long long)(got), (long long)(expected), #got " == " #expected, __FILE__, \
		__LINE__)

TAP_FN bool tap_want(bool good, const char *text, const char *file, int line)
{
	if (!good) {
		tap.bad++;
		diag("  wanted %s (%s:%d)", text, file, line);
	}
	return good;
}

TAP_FN bool tap_want_eq(long long got, long long expected, const char *text, const char *file,
	int line)
{
	if (got != expected) {
		tap.bad++;
		diag("  wanted %s, got %lld (0x%llx), not %lld (%s:%d)", text, got,
			(unsigned long long)got, expected, file, line);
	}
	return got == expected;
}

/* Last line of main: `return done();` */
TAP_FN int done(void)
{
	tap_remove_temps();
	if (!tap.planned)
		tap_line("1..", "%d", tap.run);
	else if (tap.planned != tap.run)
		diag("planned %d, ran %d", tap.planned, tap.run);
	if (tap.failed)
		diag("%d of %d failed", tap.failed, tap.run);
	return tap.failed || tap.bad || (tap.planned && tap.planned != tap.run);
}

/* --------------------------------------------------------------- raw calls */

#define is_error(r) ((unsigned long)(r) > -4096UL)

/* The kernel's own convention from syscall(2)'s. */
#define sys(...) tap_kernel_result(syscall(__VA_ARGS__))

TAP_FN long tap_kernel_result(long r)
{
	return r == -1 ? -(long)errno : r;
}

/* mmap with a byte offset. One that i386's mmap2 cannot say (no whole pages) goes to old mmap. */
TAP_FN long map(const volatile void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
#ifdef __i386__
	if ((uint64_t)offset % PS != 0) {
		unsigned long args[6] = {(unsigned long)addr, len, (unsigned long)prot,
			(unsigned long)flags, (unsigned long)fd, (unsigned long)offset};
		return sys(SYS_mmap, args);
	}
	return sys(SYS_mmap2, addr, len, prot, flags, fd, (unsigned long)((uint64_t)offset / PS));
#else
	return sys(SYS_mmap, addr, len, prot, flags, fd, offset);
#endif
}

TAP_FN long unmap(const volatile void *addr, size_t len)
{
	return sys(SYS_munmap, addr, len);
}

TAP_FN long protect(const volatile void *addr, size_t len, int prot)
{
	return sys(SYS_mprotect, addr, len, prot);
}

/* map() that must succeed, anywhere; the test program cannot go on without it. */
TAP_FN unsigned char *must_map(size_t len, int prot, int flags, int fd, off_t offset)
{
	long r = map(NULL, len, prot, flags, fd, offset);

	if (is_error(r))
		bail_out("mmap of %lu bytes, prot %d, flags 0x%x: errno %ld", (unsigned long)len,
			prot, flags, -r);
	return (unsigned char *)r;
}

/*
 * n pages that are a hole, with unmapped pages on both sides, and that stay one: they lie between
 * the heap and where kernels put mappings without an address (mv6: from 0x40000000 up, Linux: down
 * from the stack). No two calls give the same pages.
 */
TAP_FN unsigned char *hole(size_t pages)
{
	static unsigned long next = 0x30000000;

	for (; next + (pages + 2) * PS < 0x40000000; next += (pages + 2) * PS) {
		long r = map((void *)next, (pages + 2) * PS, PROT_NONE, ANON | MAP_FIXED_NOREPLACE,
			-1, 0);

		if (is_error(r))
			continue;
		unmap((void *)r, (pages + 2) * PS);
		if (r != (long)next)
			continue;
		next += (pages + 2) * PS;
		return (unsigned char *)r + PS;
	}
	bail_out("no hole of %lu pages below 0x40000000", (unsigned long)pages);
}

/*
 * First address past user space. A one-page MAP_FIXED_NOREPLACE answers ENOMEM exactly when its
 * range leaves user space, and changes nothing where something is mapped, so the border can be
 * found by halving.
 */
TAP_FN unsigned long user_limit(void)
{
	static unsigned long limit;
	unsigned long lo = 16, hi = -1UL / PS; /* in pages: lo is inside, hi outside */

	if (limit)
		return limit;
	while (hi - lo > 1) {
		unsigned long mid = lo + (hi - lo) / 2;
		long r = map((void *)(mid * PS), PS, PROT_NONE, ANON | MAP_FIXED_NOREPLACE, -1, 0);

		if (!is_error(r))
			unmap((void *)r, PS);
		if (r == -ENOMEM)
			hi = mid;
		else
			lo = mid;
	}
	return limit = hi * PS;
}

/* ------------------------------------------------------------------ faults */

enum access { READ, WRITE, EXEC };
enum fault_kind { NOFAULT, MAPERR, ACCERR, ADRERR };

struct fault {
	int signo; /* 0: no signal came */
	int code;  /* si_code */
	int err;   /* si_errno */
	void *addr; /* si_addr */
};

static sigjmp_buf tap_fault_env;
static volatile struct fault tap_fault;

TAP_FN void tap_on_fault(int signo, siginfo_t *si, void *context)
{
	(void)context;
	tap_fault.signo = signo;
	tap_fault.code = si->si_code;
	tap_fault.err = si->si_errno;
	tap_fault.addr = si->si_addr;
	siglongjmp(tap_fault_env, 1);
}

/* Runs fn(arg) and says which fault signal it raised, if any. Restores the signal actions. */
TAP_FN struct fault fault_catch(void (*fn)(void *), void *arg)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL};
	struct sigaction act, old[3];
	struct fault f;

	memset(&act, 0, sizeof act);
	act.sa_sigaction = tap_on_fault;
	act.sa_flags = SA_SIGINFO;
	sigemptyset(&act.sa_mask);
	for (int i = 0; i < 3; i++)
		sigaction(signals[i], &act, &old[i]);
	tap_fault.signo = tap_fault.code = tap_fault.err = 0;
	tap_fault.addr = NULL;
	if (sigsetjmp(tap_fault_env, 1) == 0)
		fn(arg);
	f.signo = tap_fault.signo;
	f.code = tap_fault.code;
	f.err = tap_fault.err;
	f.addr = tap_fault.addr;
	for (int i = 0; i < 3; i++)
		sigaction(signals[i], &old[i], NULL);
	return f;
}

static volatile unsigned char tap_sink;

TAP_FN void tap_load(void *p)
{
	tap_sink = *(volatile unsigned char *)p;
}

TAP_FN void tap_store(void *p)
{
	*(volatile unsigned char *)p = 0x5a;
}

TAP_FN void tap_call(void *p)
{
	((void (*)(void))p)();
}

/* Writes the machine's "return to caller" at p, for pages that are to be executed. */
TAP_FN void put_return(void *p)
{
#if defined(__riscv)
	static const unsigned char code[] = {0x67, 0x80, 0x00, 0x00}; /* jalr zero, 0(ra) */
#elif defined(__i386__) || defined(__x86_64__)
	static const unsigned char code[] = {0xc3}; /* ret */
#else
#error "no return instruction known for this machine"
#endif
	memcpy(p, code, sizeof code);
	__builtin___clear_cache((char *)p, (char *)p + sizeof code);
#if defined(__riscv)
	__asm__ volatile("fence.i" : : : "memory"); /* should the call behind that not be there */
#endif
}

/*
 * One access of one byte. WRITE stores 0x5a; EXEC calls the address as a function, so it must be
 * even on riscv64, whose jumps drop bit 0.
 */
TAP_FN struct fault fault_probe(const volatile void *addr, enum access how)
{
	static void (*const access[])(void *) = {tap_load, tap_store, tap_call};

	return fault_catch(access[how], (void *)(uintptr_t)addr);
}

/* Fault kind by signal and code, -1 for any other signal or code. */
TAP_FN int fault_kind(struct fault f)
{
	if (f.signo == 0)
		return NOFAULT;
	if (f.signo == SIGSEGV && f.code == SEGV_MAPERR)
		return MAPERR;
	if (f.signo == SIGSEGV && f.code == SEGV_ACCERR)
		return ACCERR;
	if (f.signo == SIGBUS && f.code == BUS_ADRERR)
		return ADRERR;
	return -1;
}

/* want_fault(addr, READ, MAPERR): the access ends that way, and si_addr is the byte's address. */
#define want_fault(addr, how, kind) tap_want_fault((addr), (how), (kind), #addr, __FILE__, __LINE__)

TAP_FN bool tap_want_fault(const volatile void *addr, enum access how, enum fault_kind kind,
	const char *text, const char *file, int line)
{
	static const char *const kinds[] = {"no fault", "MAPERR", "ACCERR", "ADRERR"};
	static const char *const hows[] = {"read", "write", "fetch"};
	struct fault f = fault_probe(addr, how);
	bool good = fault_kind(f) == (int)kind && (kind == NOFAULT || f.addr == addr);

	if (!good) {
		tap.bad++;
		diag("  wanted %s at %s of %s (%p), got signal %d code %d address %p (%s:%d)",
			kinds[kind], hows[how], text, (void *)(uintptr_t)addr, f.signo, f.code,
			f.addr, file, line);
	}
	return good;
}

/* --------------------------------------------------------------- processes */

TAP_FN pid_t tap_fork(void)
{
	if (!tap.owner)
		tap.owner = getpid();
	pid_t pid = fork();
	if (pid < 0)
		bail_out("fork: errno %d", errno);
	if (pid == 0) {
		struct rlimit none = {0, 0};

		tap.bad = 0;
		setrlimit(RLIMIT_CORE, &none); /* one that dies on purpose leaves no core file */
	}
	return pid;
}

/* wait status of pid, however many signals interrupt the wait. */
TAP_FN int wait_for(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			bail_out("waitpid: errno %d", errno);
	return status;
}

/* Runs fn(arg) in a forked child and gives its wait status; fn's result is the exit status. */
TAP_FN int child_status(int (*fn)(void *), void *arg)
{
	pid_t pid = tap_fork();

	if (pid == 0)
		_exit(fn(arg));
	return wait_for(pid);
}

/* The same for a function that uses want(): exit status 0 when all held. See want_child. */
TAP_FN pid_t child_start(void (*fn)(void *), void *arg)
{
	pid_t pid = tap_fork();

	if (pid == 0) {
		fn(arg);
		_exit(tap.bad ? 1 : 0);
	}
	return pid;
}

TAP_FN int child_checks(void (*fn)(void *), void *arg)
{
	return wait_for(child_start(fn, arg));
}

#define exited(status, code) (WIFEXITED(status) && WEXITSTATUS(status) == (code))
#define killed_by(status, signo) (WIFSIGNALED(status) && WTERMSIG(status) == (signo))

/* want_child(fn, arg): fn(arg) runs in a child, and every want() in it holds. */
#define want_child(fn, arg) want_eq(child_checks((fn), (arg)), 0)

struct capture {
	int status;       /* wait status */
	size_t len;       /* bytes in out, which are NUL-terminated */
	char out[8192];   /* first bytes of standard output and error */
};

/* Runs fn(arg) in a child whose standard output and error are kept. */
TAP_FN void child_capture(int (*fn)(void *), void *arg, struct capture *c)
{
	char spill[256];
	int fd[2];

	if (pipe(fd) < 0)
		bail_out("pipe: errno %d", errno);
	pid_t pid = tap_fork();
	if (pid == 0) {
		dup2(fd[1], 1);
		dup2(fd[1], 2);
		close(fd[0]);
		close(fd[1]);
		_exit(fn(arg));
	}
	close(fd[1]);
	c->len = 0;
	for (;;) {
		size_t room = sizeof c->out - 1 - c->len;
		ssize_t n = read(fd[0], room ? c->out + c->len : spill, room ? room : sizeof spill);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (room)
			c->len += (size_t)n;
	}
	c->out[c->len] = 0;
	close(fd[0]);
	c->status = wait_for(pid);
}

/* A signal between processes: gate_wait() sleeps until gate_open() was called once for it. */
struct gate {
	int fd[2];
};

TAP_FN void gate_init(struct gate *g)
{
	if (pipe(g->fd) < 0)
		bail_out("pipe: errno %d", errno);
}

TAP_FN void gate_open(struct gate *g)
{
	while (write(g->fd[1], "g", 1) < 0 && errno == EINTR)
		continue;
}

TAP_FN void gate_wait(struct gate *g)
{
	char c;

	while (read(g->fd[0], &c, 1) < 0 && errno == EINTR)
		continue;
}

TAP_FN void gate_free(struct gate *g)
{
	close(g->fd[0]);
	close(g->fd[1]);
}

/* ---------------------------------------------------------------- patterns */

/* Byte i of pattern `seed`: never 0, and different in each page and for each seed. */
TAP_FN unsigned char pattern(size_t i, unsigned seed)
{
	uint32_t x = (uint32_t)i * 2654435761u + seed * 40503u + 1;

	x ^= x >> 15;
	return (unsigned char)(x % 255 + 1);
}

TAP_FN void fill(volatile void *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		((volatile unsigned char *)p)[i] = pattern(i, seed);
}

/* The n bytes at p are the pattern's bytes from index `from` on. */
TAP_FN bool filled_from(const volatile void *p, size_t n, unsigned seed, size_t from)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char b = ((const volatile unsigned char *)p)[i];

		if (b != pattern(from + i, seed)) {
			diag("  byte %lu is 0x%02x, pattern 0x%02x", (unsigned long)i, b,
				pattern(from + i, seed));
			return false;
		}
	}
	return true;
}

TAP_FN bool filled(const volatile void *p, size_t n, unsigned seed)
{
	return filled_from(p, n, seed, 0);
}

/* All n bytes at p are v. */
TAP_FN bool all_bytes(const volatile void *p, size_t n, unsigned char v)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char b = ((const volatile unsigned char *)p)[i];

		if (b != v) {
			diag("  byte %lu is 0x%02x, not 0x%02x", (unsigned long)i, b, v);
			return false;
		}
	}
	return true;
}

#define all_zero(p, n) all_bytes((p), (n), 0)

/* ------------------------------------------------------------------- files */

/* A name in the current directory that no other process uses; the file is removed at the end. */
TAP_FN const char *temp_name(void)
{
	static int serial;

	if (!tap.owner)
		tap.owner = getpid();
	if (tap.ntemps == TAP_TEMPS)
		bail_out("more than %d temporary files", TAP_TEMPS);
	char *name = tap.temps[tap.ntemps++];
	snprintf(name, sizeof tap.temps[0], "tap-%ld-%d.tmp", (long)getpid(), serial++);
	unlink(name);
	return name;
}

/* write(2) of all n bytes at an offset; bails out if the file system refuses. */
TAP_FN void put_bytes(int fd, const void *p, size_t n, off_t offset)
{
	const char *s = p;

	while (n > 0) {
		ssize_t w = pwrite(fd, s, n, offset);
		if (w <= 0)
			bail_out("pwrite: errno %d", errno);
		s += w;
		n -= (size_t)w;
		offset += w;
	}
}

/* A new file of `size` bytes of pattern `seed`, open read-write. Seed 0: a hole (ftruncate). */
TAP_FN int temp_file_named(const char *name, size_t size, unsigned seed)
{
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0644);

	if (fd < 0)
		bail_out("cannot create a temporary file: errno %d", errno);
	if (!seed) {
		if (ftruncate(fd, (off_t)size) < 0)
			bail_out("ftruncate: errno %d", errno);
		return fd;
	}
	for (size_t at = 0; at < size;) {
		unsigned char buf[1024];
		size_t n = size - at < sizeof buf ? size - at : sizeof buf;

		for (size_t i = 0; i < n; i++)
			buf[i] = pattern(at + i, seed);
		put_bytes(fd, buf, n, (off_t)at);
		at += n;
	}
	return fd;
}

/* The same without a name: unlinked at once. */
TAP_FN int temp_file(size_t size, unsigned seed)
{
	const char *name = temp_name();
	int fd = temp_file_named(name, size, seed);

	unlink(name);
	tap.ntemps--;
	return fd;
}

TAP_FN off_t file_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -1 : st.st_size;
}

/* Byte of the file at an offset, by read(2); -1 at the end of the file or on an error. */
TAP_FN int file_byte(int fd, off_t offset)
{
	unsigned char b;

	return pread(fd, &b, 1, offset) == 1 ? b : -1;
}

/* Bytes [offset, offset + n) of the file, by read(2), are pattern `seed` from index `offset`. */
TAP_FN bool file_filled(int fd, off_t offset, size_t n, unsigned seed)
{
	unsigned char buf[1024];

	while (n > 0) {
		ssize_t got = pread(fd, buf, n < sizeof buf ? n : sizeof buf, offset);

		if (got <= 0 || !filled_from(buf, (size_t)got, seed, (size_t)offset)) {
			diag("  in the file at offset %lld (read gave %ld)", (long long)offset,
				(long)got);
			return false;
		}
		n -= (size_t)got;
		offset += got;
	}
	return true;
}

/* ------------------------------------------------------------------- /proc */

struct map_line {
	unsigned long start, end;
	char perms[5];
	unsigned long long offset;
	unsigned maj, min;
	unsigned long long inode;
	const char *name; /* "" when there is none */
};

#define TAP_MAPS 1024

struct maps {
	size_t n;
	struct map_line line[TAP_MAPS];
	char text[TAP_MAPS * 128]; /* the file as it was read, newlines replaced by NULs */
};

/* Whole file into buf (NUL-terminated); its length, or -errno. Needs no memory of its own. */
TAP_FN long slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = 0;
	close(fd);
	return (long)len;
}

TAP_FN void maps_read_path(const char *path, struct maps *m)
{
	long len = slurp(path, m->text, sizeof m->text);

	m->n = 0;
	if (len < 0)
		bail_out("%s: errno %ld", path, -len);
	for (char *s = m->text; *s && m->n < TAP_MAPS; m->n++) {
		struct map_line *l = &m->line[m->n];
		char *end = strchr(s, '\n');
		int at = 0;

		if (!end)
			bail_out("%s: last line is cut off", path);
		*end = 0;
		if (sscanf(s, "%lx-%lx %4s %llx %x:%x %llu%n", &l->start, &l->end, l->perms,
			    &l->offset, &l->maj, &l->min, &l->inode, &at) != 7)
			bail_out("%s: line \"%s\"", path, s);
		l->name = s + at + strspn(s + at, " ");
		s = end + 1;
	}
}

/* /proc/self/maps, parsed, in memory of the program's bss: reading it maps nothing. */
TAP_FN struct maps *maps_read(void)
{
	static struct maps m;

	maps_read_path("/proc/self/maps", &m);
	return &m;
}

/* The line that holds addr, or NULL. */
TAP_FN const struct map_line *maps_find(const struct maps *m, const volatile void *addr)
{
	for (size_t i = 0; i < m->n; i++)
		if ((unsigned long)addr >= m->line[i].start && (unsigned long)addr < m->line[i].end)
			return &m->line[i];
	return NULL;
}

/* How many lines overlap [addr, addr + len). */
TAP_FN size_t maps_count(const struct maps *m, const volatile void *addr, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += m->line[i].start < (unsigned long)addr + len &&
			m->line[i].end > (unsigned long)addr;
	return n;
}

/* Permissions maps shows for addr, "" for a hole. */
TAP_FN const char *perms_at(const volatile void *addr)
{
	const struct map_line *l = maps_find(maps_read(), addr);

	return l ? l->perms : "";
}

/* The number after "Name:" in a file of such lines (/proc/meminfo, /proc/self/status), or -1. */
TAP_FN long proc_value(const char *path, const char *name)
{
	static char text[16384];
	size_t n = strlen(name);

	if (slurp(path, text, sizeof text) < 0)
		return -1;
	for (char *s = text; s; s = strchr(s, '\n')) {
		s += *s == '\n';
		if (strncmp(s, name, n) == 0 && s[n] == ':')
			return strtol(s + n + 1, NULL, 10);
	}
	return -1;
}

TAP_FN long rss_kb(void)
{
	return proc_value("/proc/self/status", "VmRSS");
}

TAP_FN long memfree_kb(void)
{
	return proc_value("/proc/meminfo", "MemFree");
}

/* Memory a well-behaved system could hand out: free, or holding file data only. */
TAP_FN long memory_left_kb(void)
{
	long free = memfree_kb(), buffers = proc_value("/proc/meminfo", "Buffers");
	long cached = proc_value("/proc/meminfo", "Cached");

	return free + (buffers > 0 ? buffers : 0) + (cached > 0 ? cached : 0);
}

/* Linux is the referee; where it does otherwise than the contract asks, a test must know. */
TAP_FN bool on_linux(void)
{
	struct utsname u;

	return uname(&u) == 0 && strcmp(u.sysname, "Linux") == 0;
}

/* Linux lets root do more than the contract knows; there a child gives its privileges up. */
TAP_FN void drop_privileges(void)
{
	if (geteuid() == 0 && setuid(65534) < 0 && on_linux())
		bail_out("setuid: errno %d", errno);
}

/* A machine whose whole memory a test may use up. */
TAP_FN bool small_machine(void)
{
	long kb = proc_value("/proc/meminfo", "MemTotal");

	return kb > 0 && kb <= 1024 * 1024;
}

/*
 * fn() gives back what it takes: after a first call to warm up, a second leaves at most `kb` less
 * memory. A large machine is likely to be busy with other things, which show in the same number: it
 * gets more tries. A leak shows every time.
 */
TAP_FN bool memory_kept(void (*fn)(void), long kb)
{
	int tries = small_machine() ? 3 : 20;
	long lost = 0;

	fn();
	while (tries-- > 0) {
		long before = memory_left_kb();

		fn();
		lost = before - memory_left_kb();
		if (lost <= kb)
			return true;
	}
	diag("  %ld kB less memory after it", lost);
	return false;
}

/*
 * The kernel computes addresses in the program's word size: lengths wrap where the program's
 * do. Not so for an i386 program on a 64-bit kernel: there the wrap has no meaning.
 */
TAP_FN bool word_wraps(void)
{
#ifdef __i386__
	struct utsname u;

	return uname(&u) < 0 || strcmp(u.machine, "x86_64") != 0;
#else
	return true;
#endif
}
