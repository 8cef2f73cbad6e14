/*
 * fcntl's locks in the forms that only i386 has: struct flock with offsets of 32 bits, for the
 * commands that both calls have, and struct flock64 for those of fcntl64 alone. Every call is made
 * by its number.
 */
#include "child.h"

#include <limits.h>

#define N_FCNTL 55
#define N_FCNTL64 221
#define GETLK 5
#define SETLK 6
#define GETLK64 12
#define SETLK64 13
#define SETLKW64 14
#define OFD_GETLK 36
#define OFD_SETLK 37

struct narrow {
	short type, whence;
	int start, len, pid;
};
struct wide {
	short type, whence;
	int64_t start __attribute__((packed, aligned(4))), len __attribute__((packed, aligned(4)));
	int pid;
};

_Static_assert(sizeof(struct narrow) == 16, "struct flock has 16 bytes");
_Static_assert(sizeof(struct wide) == 24, "struct flock64 has 24 bytes");

#define FAR_AWAY 0x140000000ll

static int file;
static long call = N_FCNTL64;

static long narrow_lock(int cmd, int type, int start, int len)
{
	struct narrow l = {.type = (short)type, .start = start, .len = len};

	return sys(call, file, cmd, &l);
}

static long wide_lock(int cmd, int type, int64_t start, int64_t len)
{
	struct wide l = {.type = (short)type, .start = start, .len = len};

	return sys(N_FCNTL64, file, cmd, &l);
}

/* A child's locks are what this process then asks for. */
static pid_t child_with(int type, int64_t start, int64_t len)
{
	struct gate locked;
	pid_t pid;

	gate_init(&locked);
	pid = tap_fork();
	if (pid == 0) {
		long r = wide_lock(SETLK64, type, start, len);

		if (r)
			diag("  lock: %ld", r);
		gate_open(&locked);
		for (;;)
			pause();
	}
	gate_wait(&locked);
	gate_free(&locked);
	return pid;
}

static struct narrow asked(long expected, int start, int len)
{
	struct narrow l = {F_WRLCK, SEEK_SET, start, len, 77};

	want_eq(sys(call, file, GETLK, &l), expected);
	return l;
}

static void test_narrow(const char *which)
{
	struct narrow l;
	pid_t pid;

	want_eq(narrow_lock(SETLK, F_RDLCK, 100, 10), 0);
	want_eq(narrow_lock(SETLK, F_WRLCK, INT_MAX - 1, 0), 0);
	want_eq(narrow_lock(SETLK, F_WRLCK, -1, 1), -EINVAL);
	want_eq(narrow_lock(SETLK, F_UNLCK, 0, 0), 0);
	pid = child_with(F_RDLCK, 1000, 50);
	l = asked(0, 1049, 5);
	want(l.type == F_RDLCK && l.whence == SEEK_SET && l.start == 1000 && l.len == 50 &&
		l.pid == pid);
	l = asked(0, 1050, 5);
	want(l.type == F_UNLCK && l.start == 1050 && l.len == 5 && l.pid == 77);
	put_down(pid);
	verdict("%s: locks with offsets of 32 bits", which);
	pid = child_with(F_WRLCK, FAR_AWAY, 1);
	l = asked(-EOVERFLOW, 0, 0);
	want_eq(l.pid, 77);
	want_eq(narrow_lock(SETLK, F_WRLCK, 1, 0), -EAGAIN);
	put_down(pid);
	pid = child_with(F_WRLCK, 5, 0);
	l = asked(0, 0, 0);
	want(l.start == 5 && l.len == 0);
	put_down(pid);
	pid = child_with(F_WRLCK, 5, FAR_AWAY);
	l = asked(0, 0, 0);
	want(l.start == 5 && l.len == INT_MAX);
	put_down(pid);
	verdict("%s: a lock that begins beyond them is EOVERFLOW, one that is too long is cut",
		which);
}

static void test_wide(void)
{
	struct wide l = {F_RDLCK, SEEK_SET, FAR_AWAY - 5, 10, 0};
	pid_t pid;

	want_eq(wide_lock(SETLK64, F_WRLCK, FAR_AWAY, 0x100000000), 0);
	want_eq(wide_lock(SETLKW64, F_UNLCK, FAR_AWAY, 0x100000000), 0);
	want_eq(wide_lock(SETLK64, F_WRLCK, INT64_MAX, 2), -EOVERFLOW);
	pid = child_with(F_WRLCK, FAR_AWAY, 10);
	want_eq(sys(N_FCNTL64, file, GETLK64, &l), 0);
	want(l.type == F_WRLCK && l.start == FAR_AWAY && l.len == 10 && l.pid == pid);
	l = (struct wide){F_RDLCK, SEEK_SET, FAR_AWAY - 5, 10, 0};
	want_eq(sys(N_FCNTL64, file, OFD_GETLK, &l), 0);
	want(l.type == F_WRLCK && l.start == FAR_AWAY && l.len == 10 && l.pid == pid);
	want_eq(wide_lock(OFD_SETLK, F_WRLCK, FAR_AWAY + 10, 10), 0);
	want_eq(wide_lock(OFD_SETLK, F_WRLCK, FAR_AWAY + 9, 10), -EAGAIN);
	put_down(pid);
	want_eq(wide_lock(OFD_SETLK, F_UNLCK, 0, 0), 0);
	verdict("fcntl64: locks with offsets of 64 bits");
	want_eq(sys(N_FCNTL64, file, SETLK64, 8), -EFAULT);
	want_eq(sys(N_FCNTL64, 999, SETLK64, 8), -EBADF);
	verdict("their errors");
}

/* What the call reads and writes ends with the structure. */
static void test_sizes(void)
{
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0);
	struct narrow *n = (struct narrow *)(p + PS - sizeof *n);
	struct wide *w = (struct wide *)(p + PS - sizeof *w);

	unmap(p + PS, PS);
	*n = (struct narrow){.type = F_RDLCK};
	want_eq(sys(N_FCNTL, file, GETLK, n), 0);
	*w = (struct wide){.type = F_RDLCK};
	want_eq(sys(N_FCNTL64, file, GETLK64, w), 0);
	want_eq(sys(N_FCNTL64, file, OFD_GETLK, (char *)w + 1), -EFAULT);
	want_eq(sys(N_FCNTL64, file, GETLK, (char *)n + 1), -EFAULT);
	unmap(p, PS);
	verdict("the structures have 16 and 24 bytes");
}

int main(void)
{
	file = temp_file(0, 0);
	test_narrow("fcntl64");
	call = N_FCNTL;
	test_narrow("fcntl");
	test_wide();
	test_sizes();
	return done();
}
