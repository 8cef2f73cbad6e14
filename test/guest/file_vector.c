/*
 * Vectors of buffers: readv, writev, preadv, pwritev, and the second forms with flags.
 */
#include "child.h"

#include <limits.h>
#include <sys/uio.h>

#ifndef RWF_DSYNC
#define RWF_HIPRI 1
#define RWF_DSYNC 2
#define RWF_SYNC 4
#endif

static char a[10], b[10], c[10];
static struct iovec three[3] = { { a, 3 }, { b, 0 }, { c, 5 } };
static int fd, pipes[2];

static void clear(void)
{
	memset(a, '-', sizeof(a));
	memset(b, '-', sizeof(b));
	memset(c, '-', sizeof(c));
}

static void test_order(void)
{
	char text[32] = "";

	memcpy(a, "abc", 3);
	memcpy(c, "defgh", 5);
	want_eq(writev(fd, three, 3), 8);
	want_eq(lseek(fd, 0, SEEK_CUR), 8);
	want(pread(fd, text, 20, 0) == 8 && !strcmp(text, "abcdefgh"));
	verdict("writev writes the buffers in order, empty ones too");
	clear();
	lseek(fd, 1, SEEK_SET);
	want_eq(readv(fd, three, 3), 7);
	want(!memcmp(a, "bcd-", 4) && !memcmp(c, "efgh-", 5));
	want_eq(lseek(fd, 0, SEEK_CUR), 8);
	want_eq(readv(fd, three, 3), 0);
	want_eq(readv(fd, three, 0), 0);
	verdict("readv fills them in order, to the end of the file");
}

static void test_positions(void)
{
	char text[32] = "";

	clear();
	lseek(fd, 2, SEEK_SET);
	want_eq(preadv(fd, three, 3, 3), 5);
	want(!memcmp(a, "def-", 4) && !memcmp(c, "gh-", 3));
	memcpy(a, "ABC", 3);
	memcpy(c, "DEFGH", 5);
	want_eq(pwritev(fd, three, 3, 20), 8);
	want(pread(fd, text, 8, 20) == 8 && !memcmp(text, "ABCDEFGH", 8));
	want_eq(lseek(fd, 0, SEEK_CUR), 2);
	want_eq(lseek(fd, 0, SEEK_END), 28);
	verdict("preadv and pwritev have a position of their own");
	want_eq(ftruncate(fd, 0), 0);
	want_eq(pwritev(fd, three, 3, 5ll << 30), 8);
	want_eq(lseek(fd, 0, SEEK_END), (5ll << 30) + 8);
	clear();
	want_eq(preadv(fd, three, 3, (5ll << 30) + 1), 7);
	want(!memcmp(a, "BCD", 3) && !memcmp(c, "EFGH", 4));
	want_eq(ftruncate(fd, 0), 0);
	verdict("positions have 64 bits");
	want_eq(pwrite(fd, "0123456789", 10, 0), 10);
	lseek(fd, 4, SEEK_SET);
	clear();
	want_eq(preadv2(fd, three, 3, -1, 0), 6);
	want(!memcmp(a, "456", 3) && !memcmp(c, "789", 3));
	want_eq(lseek(fd, 0, SEEK_CUR), 10);
	memcpy(a, "abc", 3);
	want_eq(pwritev2(fd, three, 1, -1, RWF_DSYNC), 3);
	want_eq(lseek(fd, 0, SEEK_CUR), 13);
	want_eq(pwritev2(fd, three, 1, 0, RWF_SYNC), 3);
	want_eq(lseek(fd, 0, SEEK_CUR), 13);
	want_eq(preadv2(fd, three, 1, 0, RWF_HIPRI), 3);
	verdict("preadv2 and pwritev2: -1 is the file's position; SYNC, DSYNC, HIPRI");
	want_eq(pwritev2(pipes[1], three, 1, -1, RWF_SYNC), 3);
	want_eq(pwritev2(pipes[1], three, 1, -1, RWF_DSYNC), 3);
	want_eq(read(pipes[0], text, sizeof(text)), 6);
	verdict("in a pipe SYNC and DSYNC ask for nothing");
}

static void test_errors(void)
{
	struct iovec bad[2] = { { a, 3 }, { (void *)1, 4 } }, huge = { a, SSIZE_MAX };
	struct iovec negative = { a, (size_t)-1 };
	/* Volatile, or the compiler warns of what is tried. */
	volatile int too_many = 1025, negative_count = -1;
	struct iovec *volatile nowhere = (struct iovec *)1;
	int rdonly = open("v", O_RDONLY), path = open("v", O_PATH);

	huge.iov_len++;
	fails(preadv(fd, three, 3, -1), EINVAL, "preadv at a negative position: EINVAL");
	fails(preadv2(fd, three, 3, -2, 0), EINVAL, "preadv2 below -1 too");
	fails(preadv(pipes[0], three, 3, 0), ESPIPE, "preadv of a pipe: ESPIPE");
	fails(pwritev(pipes[0], three, 3, 0), ESPIPE, "that comes before the direction");
	fails(preadv(-1, three, 3, 0), EBADF, "a descriptor that is none: EBADF");
	fails(preadv(path, three, 3, 0), EBADF, "an O_PATH descriptor: EBADF");
	fails(pwritev(rdonly, three, 3, 0), EBADF, "pwritev to a file opened to be read: EBADF");
	fails(preadv2(fd, three, 3, 0, 0x8000), EOPNOTSUPP, "an unknown flag: EOPNOTSUPP");
	fails(readv(fd, three, too_many), EINVAL, "more than 1024 buffers: EINVAL");
	fails(readv(fd, three, negative_count), EINVAL, "a negative number of them: EINVAL");
	fails(readv(fd, &huge, 1), EINVAL, "a length that is negative: EINVAL");
	fails(writev(fd, &negative, 1), EINVAL, "also when it is -1");
	fails(writev(fd, nowhere, 1), EFAULT, "a vector that is nowhere: EFAULT");
	lseek(fd, 0, SEEK_SET);
	is(readv(fd, bad, 2), 3, "what was read before a bad buffer counts");
	fails(readv(fd, bad + 1, 1), EFAULT, "nothing was: EFAULT");
	close(rdonly);
	close(path);
}

/* 1024 buffers of a byte each, through a pipe too. */
static void test_many(void)
{
	static struct iovec many[1024];
	static char in[1024], out[1024];

	for (int i = 0; i < 1024; i++) {
		out[i] = (char)(i * 7);
		many[i] = (struct iovec){ out + i, 1 };
	}
	want_eq(writev(pipes[1], many, 1024), 1024);
	for (int i = 0; i < 1024; i++)
		many[i].iov_base = in + 1023 - i;
	want_eq(readv(pipes[0], many, 1024), 1024);
	for (int i = 0; i < 1024; i++)
		want(in[1023 - i] == out[i]);
	verdict("1024 buffers in one call");
}

static void test_append(void)
{
	int end = open("v", O_WRONLY | O_APPEND);
	char text[32] = "";

	want_eq(ftruncate(fd, 0), 0);
	want_eq(pwrite(fd, "12345", 5, 0), 5);
	memcpy(a, "xyz", 3);
	want_eq(pwritev(end, three, 1, 0), 3);
	want(pread(fd, text, 20, 0) == 8 && !strcmp(text, "12345xyz"));
	verdict("pwritev to an O_APPEND file appends");
	close(end);
}

/* Writes that wait for the disk are seen like others, and fcntl tells the flags. */
static void test_sync(void)
{
	static const int flags[] = { O_DSYNC, O_SYNC };
	char text[32] = "";

	for (int i = 0; i < 2; i++) {
		int out = open("v", O_WRONLY | O_TRUNC | flags[i]);

		memcpy(a, "abc", 3);
		memcpy(c, "defgh", 5);
		want_eq(fcntl(out, F_GETFL) & O_SYNC, flags[i]);
		want_eq(writev(out, three, 3), 8);
		want_eq(pwrite(out, "XY", 2, 1), 2);
		want(pread(fd, text, 20, 0) == 8 && !memcmp(text, "aXYdefgh", 8));
		close(out);
	}
	verdict("writes to a file opened with O_DSYNC, O_SYNC");
}

int main(void)
{
	fd = open("v", O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || pipe(pipes))
		bail_out("no file");
	test_order();
	test_positions();
	test_errors();
	test_many();
	test_append();
	test_sync();
	close(fd);
	unlink("v");
	return done();
}
