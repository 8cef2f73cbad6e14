/*
 * Bad user pointers in system calls (UPTR): EFAULT, never a signal, and nothing half done.
 *
 * Raw calls throughout: libc may look at the memory itself before the kernel does.
 */
#include "tap.h"

#include <sys/uio.h>
#include <time.h>

static unsigned char *edge; /* one readable and writable page, then a hole */
static unsigned char *gap;  /* the hole */

/* Pointers no call may follow. */
static void *bad(int i)
{
	switch (i) {
	case 0: return gap;
	case 1: return gap + 100;
	case 2: return NULL;
	case 3: return (void *)8;
	case 4: return (void *)user_limit();
	case 5: return (void *)-PS;
	case 6: return (void *)-64UL; /* a longer buffer wraps round */
#if defined(__riscv)
	case 7: return (void *)0xffffffff80000000;
#elif defined(__x86_64__)
	case 7: return (void *)0xffffffff81000000;
#else
	case 7: return (void *)0xffffe000;
#endif
	}
	return NULL;
}

#define BAD 8

static void uptr_1(void)
{
	int fd = temp_file(2000, 1);

	for (int i = 0; i < BAD; i++) {
		lseek(fd, 500, SEEK_SET);
		if (!want_eq(sys(SYS_read, fd, bad(i), 100), -EFAULT) ||
			!want_eq(sys(SYS_write, fd, bad(i), 100), -EFAULT))
			diag("  with bad pointer %d", i);
		want_eq(lseek(fd, 0, SEEK_CUR), 500);
		want_eq(file_size(fd), 2000);
	}
	want(file_filled(fd, 0, 2000, 1));
	verdict("UPTR-1 read and write with a bad buffer");

	if (word_wraps()) {
		lseek(fd, 500, SEEK_SET);
		want_eq(sys(SYS_read, fd, edge, -1UL), -EFAULT);
		want_eq(sys(SYS_write, fd, edge, -1UL), -EFAULT);
		want_eq(lseek(fd, 0, SEEK_CUR), 500);
		want(file_filled(fd, 0, 2000, 1));
		want_eq(file_size(fd), 2000);
		verdict("UPTR-1 count -1");
	} else {
		skip("-1 is a length there", "UPTR-1 count -1");
	}

	for (int i = 0; i < 2; i++) {
		int to = i ? (int)sys(SYS_memfd_create, "append", 0) : fd;

		want_eq(i ? ftruncate(to, 2000) : 0, 0);
		want_eq(fcntl(to, F_SETFL, O_APPEND), 0);
		lseek(to, 500, SEEK_SET);
		want_eq(sys(SYS_write, to, gap, 100), -EFAULT);
		want_eq(lseek(to, 0, SEEK_CUR), 500);
		want_eq(file_size(to), 2000);
		if (i)
			close(to);
	}
	want_eq(fcntl(fd, F_SETFL, 0), 0);
	verdict("UPTR-1 a failing write that would append leaves the position");

	lseek(fd, 5000, SEEK_SET);
	want_eq(sys(SYS_write, fd, gap, 100), -EFAULT);
	want_eq(lseek(fd, 0, SEEK_CUR), 5000);
	if (on_linux()) {
		skip("Linux grows it", "UPTR-1 a failing write past the end leaves the size");
	} else {
		want_eq(file_size(fd), 2000);
		verdict("UPTR-1 a failing write past the end leaves the size");
	}
	close(fd);
}

static void uptr_2(void)
{
	const char *name = temp_name();
	int fd = temp_file_named(name, 100, 2);
	int ro = open(name, O_RDONLY), wo = open(name, O_WRONLY);
	long r;

	want_eq(sys(SYS_read, fd, gap, 0), 0);
	want_eq(sys(SYS_write, fd, gap, 0), 0);
	lseek(fd, 100, SEEK_SET);
	want_eq(sys(SYS_read, fd, gap, 50), 0);
	r = sys(SYS_read, fd, bad(7), 0);
	want(r == 0 || r == -EFAULT);
	r = sys(SYS_write, fd, bad(7), 0);
	want(r == 0 || r == -EFAULT);
	verdict("UPTR-2 nothing to copy: the pointer does not matter");
	want_eq(sys(SYS_read, -1, gap, 10), -EBADF);
	want_eq(sys(SYS_write, 999, gap, 10), -EBADF);
	want_eq(sys(SYS_read, wo, gap, 10), -EBADF);
	want_eq(sys(SYS_write, ro, gap, 10), -EBADF);
	close(fd);
	close(ro);
	close(wo);
	verdict("UPTR-2 EBADF comes before EFAULT");
}

static void uptr_3(void)
{
	int fd = temp_file(2000, 3);
	long r;

	memset(edge, 0, PS);
	r = sys(SYS_read, fd, gap - 60, 100);
	want(r == 60 || r == -EFAULT);
	want(r != 60 || filled(gap - 60, 60, 3));
	want(all_zero(edge, PS - 60));
	want_eq(lseek(fd, 0, SEEK_CUR), r == 60 ? 60 : 0);
	lseek(fd, 0, SEEK_SET);
	memset(edge, 0xe1, PS);
	r = sys(SYS_write, fd, gap - 60, 100);
	want(r == 60 || r == -EFAULT);
	want(r != 60 || file_byte(fd, 59) == 0xe1);
	want(file_filled(fd, 60, 2000 - 60, 3));
	want_eq(lseek(fd, 0, SEEK_CUR), r == 60 ? 60 : 0);
	want_eq(file_size(fd), 2000);
	close(fd);

	/* many pages, of which the first are good */
	fd = temp_file(4 * PS, 4);
	r = sys(SYS_read, fd, edge, 3 * PS);
	want(r == (long)PS || r == -EFAULT);
	want(r < 0 || filled(edge, PS, 4));
	close(fd);
	verdict("UPTR-3 a buffer that runs into a hole: the part before, or EFAULT");
}

static void uptr_4(void)
{
	unsigned char buf[200];
	int p[2];

	want(pipe(p) == 0);
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	memset(edge, 0xe2, PS);
	want_eq(sys(SYS_write, p[1], gap - 60, 100), -EFAULT);
	want_eq(sys(SYS_write, p[1], gap, 100), -EFAULT);
	want_eq(sys(SYS_read, p[0], buf, sizeof buf), -EAGAIN);
	memset(buf, 7, 100);
	want_eq(write(p[1], buf, 100), 100);
	want_eq(sys(SYS_read, p[0], gap - 60, 100), -EFAULT);
	want_eq(sys(SYS_read, p[0], gap, 100), -EFAULT);
	memset(buf, 0, sizeof buf);
	want_eq(read(p[0], buf, sizeof buf), 100);
	want(all_bytes(buf, 100, 7));
	close(p[0]);
	close(p[1]);
	verdict("UPTR-4 a pipe neither takes nor gives bytes through a bad buffer");
}

static const char fixed[64] = "a constant in the program's read-only data";

static void uptr_5(void)
{
	int fd = temp_file(PS, 5);
	unsigned char *p = must_map(4 * PS, RW, ANON, -1, 0), *w;

	fill(p, 4 * PS, 6);
	protect(p, PS, PROT_READ);
	protect(p + PS, PS, PROT_NONE);
	protect(p + 2 * PS, PS, RX);
	want_eq(sys(SYS_read, fd, p, 10), -EFAULT);
	want_eq(sys(SYS_read, fd, p + PS, 10), -EFAULT);
	want_eq(sys(SYS_read, fd, p + 2 * PS, 10), -EFAULT);
	want_eq(sys(SYS_read, fd, fixed, 10), -EFAULT);
	want_eq(sys(SYS_read, fd, (void *)uptr_5, 10), -EFAULT);
	want_eq(sys(SYS_write, fd, p + PS, 10), -EFAULT);
	want(file_filled(fd, 0, PS, 5));
	want_eq(lseek(fd, 0, SEEK_CUR), 0);
	want(fixed[0] == 'a');
	protect(p, 4 * PS, RW);
	want(filled(p, 4 * PS, 6));
	verdict("UPTR-5 the kernel respects the current protection");

	w = must_map(PS, PROT_WRITE, ANON, -1, 0);
	want_eq(sys(SYS_write, fd, w, 10), 10);
	w[0] = 9;
	want_eq(sys(SYS_write, fd, w, 1), 1);
	want_eq(file_byte(fd, 10), 9);
	want_eq(sys(SYS_read, fd, w, 10), 10);
	unmap(w, PS);
	unmap(p, 4 * PS);
	close(fd);
	verdict("UPTR-5 memory with write permission alone can be written from");
}

static void read_into(void *arg)
{
	int fd = temp_file(2 * PS, 7);

	want_eq(sys(SYS_read, fd, arg, 2 * PS), 2 * PS);
	want(filled(arg, 2 * PS, 7));
}

static void uptr_6(void)
{
	int fd = temp_file(5 * PS, 7), out = temp_file(0, 0);
	unsigned char *p = must_map(5 * PS, RW, ANON, -1, 0);
	unsigned char *f = must_map(5 * PS, PROT_READ, MAP_PRIVATE, fd, 0), *z;

	want_eq(sys(SYS_read, fd, p + 10, 4 * PS), 4 * PS);
	want(all_zero(p, 10) && filled(p + 10, 4 * PS, 7));
	z = must_map(3 * PS, PROT_READ, ANON, -1, 0);
	want_eq(sys(SYS_write, out, z, 3 * PS), 3 * PS);
	want_eq(file_byte(out, 3 * PS - 1), 0);
	want_eq(sys(SYS_write, out, f, 5 * PS), 5 * PS);
	for (size_t i = 0; i < 5 * PS; i += 1000)
		want_eq(file_byte(out, (off_t)(3 * PS + i)), pattern(i, 7));
	verdict("UPTR-6 pages not yet touched are as good as present ones");

	fill(p, 2 * PS, 8);
	want_child(read_into, p);
	want(filled(p, 2 * PS, 8));
	unmap(p, 5 * PS);
	unmap(f, 5 * PS);
	unmap(z, 3 * PS);
	p = must_map(2 * PS, RW, MAP_PRIVATE, fd, 0);
	want_child(read_into, p);
	read_into(p);
	want(file_filled(fd, 0, 5 * PS, 7));
	unmap(p, 2 * PS);
	close(fd);
	close(out);
	verdict("UPTR-6 read into a copy-on-write page changes the caller's copy alone");
}

static void uptr_7(void)
{
	int fd = temp_file(PS, 9), src = temp_file(2 * PS, 10);
	unsigned char *p = must_map(3 * PS, RW, MAP_SHARED, fd, 0);

	want_eq(sys(SYS_read, src, p + 2 * PS, 10), -EFAULT);
	want_eq(sys(SYS_write, src, p + PS, 10), -EFAULT);
	want_eq(file_size(fd), PS);
	want_eq(pread(src, p, 100, 50), 100);
	want(filled_from(p, 100, 10, 50));
	for (int i = 0; i < 100; i += 33)
		want_eq(file_byte(fd, i), pattern(50 + (size_t)i, 10));
	unmap(p, 3 * PS);
	close(fd);
	close(src);
	verdict("UPTR-7 past the end of a mapped file EFAULT, before it into the file");

	fd = temp_file(4 * PS, 11);
	p = must_map(4 * PS, RW, MAP_SHARED, fd, 0);
	want_eq(pread(fd, p, PS, 0), PS); /* a page onto itself, loaded by nobody yet */
	want_eq(pwrite(fd, p + PS, PS, PS), PS);
	want(filled(p, 4 * PS, 11));
	want_eq(pwrite(fd, p, PS, 2 * PS), PS);
	want(filled(p + 2 * PS, PS, 11));
	want_eq(pread(fd, p + 3 * PS, PS, 0), PS);
	want(file_byte(fd, 3 * PS + 17) == pattern(17, 11));
	want_eq(pwrite(fd, p, 4 * PS, 4 * PS), 4 * PS); /* grows the file from its own mapping */
	want_eq(file_size(fd), 8 * PS);
	want_eq(file_byte(fd, 5 * PS + 3), pattern(PS + 3, 11));
	unmap(p, 4 * PS);
	close(fd);
	verdict("UPTR-7 a file read and written through its own mapping");
}

static void uptr_8(void)
{
	const char *name = temp_name();
	size_t n = strlen(name);
	char *path = (char *)must_map(3 * PS, RW, ANON, -1, 0);
	int fd = temp_file_named(name, 10, 1);

	close(fd);
	for (int i = 0; i < BAD; i++)
		want_eq(sys(SYS_openat, AT_FDCWD, bad(i), O_RDONLY), -EFAULT);
	memset(edge, 'x', PS);
	want_eq(sys(SYS_openat, AT_FDCWD, gap - 10, O_RDONLY), -EFAULT);
	want_eq(sys(SYS_unlinkat, AT_FDCWD, gap - 10, 0), -EFAULT);
	want_eq(sys(SYS_mkdirat, AT_FDCWD, gap, 0755), -EFAULT);
	verdict("UPTR-8 a path in, or running into, a hole");

	memcpy(gap - n - 1, name, n + 1);
	fd = (int)sys(SYS_openat, AT_FDCWD, gap - n - 1, O_RDONLY);
	want(fd >= 0);
	close(fd);
	verdict("UPTR-8 a path that ends with the last mapped byte");

	/* "." and slashes and the name: 4095 bytes, then 4096 */
	memset(path, '/', 2 * PS);
	path[0] = '.';
	memcpy(path + 4095 - n, name, n + 1);
	fd = (int)sys(SYS_openat, AT_FDCWD, path, O_RDONLY);
	want(fd >= 0);
	close(fd);
	memset(path, '/', 2 * PS);
	path[0] = '.';
	memcpy(path + 4096 - n, name, n + 1);
	want_eq(sys(SYS_openat, AT_FDCWD, path, O_RDONLY), -ENAMETOOLONG);
	memset(path, '/', 3 * PS);
	want_eq(sys(SYS_openat, AT_FDCWD, path, O_RDONLY), -ENAMETOOLONG);
	unmap(path, 3 * PS);
	verdict("UPTR-8 a path of 4095 bytes is accepted, of 4096 too long");
}

#ifdef __i386__
#define NR_FSTAT SYS_fstat64
#else
#define NR_FSTAT SYS_fstat
#endif

static void every_call(void *p)
{
	sigset_t set;
	struct timespec ts = {0, 1};
	stack_t ss = {.ss_flags = SS_DISABLE};
	int fd = temp_file(PS, 1);

	sigemptyset(&set);
	want_eq(sys(NR_FSTAT, fd, p), -EFAULT);
	want_eq(sys(SYS_rt_sigaction, SIGUSR1, NULL, p, 8), -EFAULT);
	want_eq(sys(SYS_rt_sigprocmask, SIG_BLOCK, &set, p, 8), -EFAULT);
	want_eq(sys(SYS_sigaltstack, &ss, p), -EFAULT);
	want_eq(sys(SYS_getcwd, p, 4000), -EFAULT);
	want_eq(sys(SYS_clock_gettime, CLOCK_MONOTONIC, p), -EFAULT);
	want_eq(sys(SYS_nanosleep, &ts, NULL), 0);
	close(fd);
}

static void uptr_9(void)
{
	int usable[] = {0, 1, 4, 5, 7};
	unsigned char *ro;

	for (int i = 0; i < 5; i++) {
		void *p = bad(usable[i]);

		every_call(p);
		want_eq(sys(SYS_rt_sigaction, SIGUSR1, p, NULL, 8), -EFAULT);
		want_eq(sys(SYS_rt_sigprocmask, SIG_BLOCK, p, NULL, 8), -EFAULT);
		want_eq(sys(SYS_sigaltstack, p, NULL), -EFAULT);
		want_eq(sys(SYS_nanosleep, p, NULL), -EFAULT);
	}
	want_eq(sys(SYS_nanosleep, NULL, NULL), -EFAULT);
	want_eq(sys(NR_FSTAT, 0, NULL), -EFAULT);
	verdict("UPTR-9 structures at a bad pointer");

	ro = must_map(PS, PROT_READ, ANON, -1, 0);
	every_call(ro);
	want(all_zero(ro, PS));
	unmap(ro, PS);
	every_call((void *)fixed);
	verdict("UPTR-9 results into read-only memory");
}

static void uptr_10(void)
{
	int before = dup(0), after;

	close(before);
	for (int i = 0; i < BAD; i++)
		want_eq(sys(SYS_pipe2, bad(i), 0), -EFAULT);
	want_eq(sys(SYS_pipe2, gap - 4, 0), -EFAULT);
	after = dup(0);
	want_eq(after, before);
	close(after);
	verdict("UPTR-10 pipe2 leaves no descriptor open");
}

static int exit_7(void *arg)
{
	(void)arg;
	return 7;
}

static void uptr_11(void)
{
	for (int i = 0; i < 2; i++) {
		pid_t pid = tap_fork();

		if (pid == 0)
			_exit(exit_7(NULL));
		want_eq(sys(SYS_wait4, pid, i ? bad(4) : gap, 0, NULL), -EFAULT);
		want_eq(sys(SYS_wait4, pid, NULL, 0, NULL), -ECHILD);
	}
	verdict("UPTR-11 wait4 with a bad status pointer reaps the child");
}

static void uptr_12(void)
{
	const char *name = temp_name();
	char *args[] = {(char *)name, NULL}, *bad_string[] = {(char *)name, (char *)gap, NULL};
	char *none[] = {NULL};
	char **cut = (char **)(gap - sizeof(char *)); /* no NULL before the hole */
	long r;

	close(temp_file_named(name, 100, 1));
	chmod(name, 0755);
	cut[0] = (char *)name;
	memset(edge, 'a', 64);
	for (int i = 0; i < 2; i++) {
		void *p = i ? bad(4) : gap;

		want_eq(sys(SYS_execve, p, args, none), -EFAULT);
		want_eq(sys(SYS_execve, name, p, none), -EFAULT);
		want_eq(sys(SYS_execve, name, args, p), -EFAULT);
	}
	want_eq(sys(SYS_execve, name, cut, none), -EFAULT);
	want_eq(sys(SYS_execve, name, args, cut), -EFAULT);
	want_eq(sys(SYS_execve, name, bad_string, none), -EFAULT);
	want_eq(sys(SYS_execve, name, args, bad_string), -EFAULT);
	r = sys(SYS_execve, "no such file", gap, none);
	want(r == -ENOENT || r == -EFAULT);
	want(all_bytes(edge, 64, 'a'));
	verdict("UPTR-12 execve with a bad path, argument or environment");
}

static void uptr_13(void)
{
	int fd = temp_file(1000, 12);
	unsigned char a[50], b[50];
	struct iovec first[] = {{gap, 50}, {a, 50}};
	struct iovec later[] = {{a, 50}, {gap, 50}, {b, 50}};
	long r;

	memset(b, 3, sizeof b);
	want_eq(sys(SYS_readv, fd, gap, 2), -EFAULT);
	want_eq(sys(SYS_writev, fd, gap, 2), -EFAULT);
	want_eq(sys(SYS_readv, fd, bad(4), 2), -EFAULT);
	want_eq(sys(SYS_readv, fd, gap - sizeof(struct iovec), 2), -EFAULT);
	want_eq(sys(SYS_readv, fd, first, 2), -EFAULT);
	want_eq(sys(SYS_writev, fd, first, 2), -EFAULT);
	want_eq(lseek(fd, 0, SEEK_CUR), 0);
	want(file_filled(fd, 0, 1000, 12));
	verdict("UPTR-13 readv and writev with a bad vector or first buffer");

	want_eq(sys(SYS_readv, fd, later, 3), 50);
	want(filled(a, 50, 12) && all_bytes(b, 50, 3));
	want_eq(lseek(fd, 0, SEEK_CUR), 50);
	memset(a, 0xaa, 50);
	r = sys(SYS_writev, fd, later, 3);
	want_eq(r, 50);
	want_eq(lseek(fd, 0, SEEK_CUR), 100);
	want_eq(file_byte(fd, 99), 0xaa);
	want(file_filled(fd, 100, 900, 12));
	close(fd);
	verdict("UPTR-13 a later bad buffer: the bytes of the earlier ones");
}

int main(void)
{
	gap = hole(8) + PS;
	edge = gap - PS;
	if (map(edge, PS, RW, ANON | MAP_FIXED, -1, 0) != (long)edge)
		bail_out("no page before the hole");
	uptr_1();
	uptr_2();
	uptr_3();
	uptr_4();
	uptr_5();
	uptr_6();
	uptr_7();
	uptr_8();
	uptr_9();
	uptr_10();
	uptr_11();
	uptr_12();
	uptr_13();
	return done();
}
