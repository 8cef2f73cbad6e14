/*
 * Open files: the flags of open, reading and writing at offsets, holes and large files, sizes,
 * descriptors and what they share, sendfile, and how many there may be. Files are made in the
 * current directory and removed.
 */
#include "child.h"
#include "folder.h"

#include <limits.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static unsigned char buf[65536], expect[65536];

/* A file "f" with `text` in it. */
static void make(const char *text)
{
	int fd = open("f", O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		bail_out("making a file: errno %d", errno);
	close(fd);
}

/* Whether the file "f" holds exactly `text`. */
static bool holds(const char *text)
{
	int fd = open("f", O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf));

	close(fd);
	return n == (ssize_t)strlen(text) && memcmp(buf, text, n) == 0;
}

static int open_close(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	if (fd >= 0)
		close(fd);
	return fd >= 0 ? 0 : -1;
}

static void test_open(void)
{
	int fd;

	unlink("f");
	fails(open_close("f", O_RDONLY), ENOENT, "open of a missing file fails with ENOENT");
	is(open_close("f", O_RDWR | O_CREAT | O_EXCL), 0, "O_CREAT with O_EXCL makes a new file");
	fails(open_close("f", O_RDWR | O_CREAT | O_EXCL), EEXIST,
	   "but fails with EEXIST where there is one");
	make("hello");
	is(open_close("f", O_RDWR | O_CREAT), 0, "O_CREAT opens an existing file");
	ok(holds("hello"), "and leaves it as it is");
	is(open_close("f", O_RDWR | O_TRUNC), 0, "O_TRUNC opens a file");
	ok(holds(""), "and empties it");
	fails(open_close("f", O_RDONLY | O_DIRECTORY), ENOTDIR,
	   "O_DIRECTORY of a file fails with ENOTDIR");
	is(open_close(".", O_RDONLY | O_DIRECTORY), 0, "O_DIRECTORY opens a directory");
	fails(open_close(".", O_WRONLY), EISDIR,
	   "open of a directory for writing fails with EISDIR");
	fails(open_close(".", O_RDWR), EISDIR, "and for reading and writing");
	fails(open_close(".", O_RDONLY | O_CREAT), EISDIR,
	   "O_CREAT of a directory fails with EISDIR");
	fails(open_close("f/x", O_RDONLY), ENOTDIR, "a path through a file fails with ENOTDIR");
	fails(open_close("f/", O_RDONLY), ENOTDIR, "so does a file's name with a slash behind it");
	fails(open_close("", O_RDONLY), ENOENT, "the empty path fails with ENOENT");
	fails(open_close("no/f", O_RDWR | O_CREAT), ENOENT,
	   "O_CREAT in a missing directory fails with ENOENT");
	fails(open_close("new/", O_RDWR | O_CREAT), EISDIR,
	   "O_CREAT of a name with a slash behind it fails with EISDIR");
	fails(syscall(SYS_openat, AT_FDCWD, 8L, O_RDONLY, 0), EFAULT,
	   "open of a bad pointer fails with EFAULT");
	fails(openat(77, "f", O_RDONLY), EBADF, "openat of a bad descriptor fails with EBADF");
	fd = open("f", O_RDONLY);
	fails(openat(fd, "x", O_RDONLY), ENOTDIR,
	   "openat of a file's descriptor fails with ENOTDIR");
	close(fd);
	fails(close(fd), EBADF, "a second close fails with EBADF");
}

static void test_open_links(void)
{
	make("target");
	unlink("l");
	want_eq(symlink("f", "l"), 0);
	is(open_close("l", O_RDONLY), 0, "open follows a symbolic link");
	fails(open_close("l", O_RDONLY | O_NOFOLLOW), ELOOP, "with O_NOFOLLOW it fails with ELOOP");
	fails(open_close("l", O_RDWR | O_CREAT | O_EXCL), EEXIST, "O_EXCL does not follow a link");
	unlink("f");
	fails(open_close("l", O_RDONLY), ENOENT, "a link to nothing fails with ENOENT");
	is(open_close("l", O_RDWR | O_CREAT), 0, "O_CREAT through such a link makes its target");
	is(access("f", F_OK), 0, "which then exists");
	unlink("l");
}

static void test_modes(void)
{
	int fd;
	char c;

	make("abc");
	fd = open("f", O_RDONLY);
	fails(write(fd, "x", 1), EBADF, "write to a read-only descriptor fails with EBADF");
	fails(ftruncate(fd, 0), EINVAL, "ftruncate of a read-only descriptor fails with EINVAL");
	close(fd);
	fd = open("f", O_WRONLY);
	fails(read(fd, &c, 1), EBADF, "read from a write-only descriptor fails with EBADF");
	close(fd);
	fails(read(fd, &c, 1), EBADF, "read from a closed descriptor fails with EBADF");
	fails(write(-1, &c, 1), EBADF, "write to descriptor -1 fails with EBADF");
	fd = open(".", O_RDONLY);
	fails(read(fd, &c, 1), EISDIR, "read from a directory fails with EISDIR");
	close(fd);
}

static void test_read_write(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
	int bad = 0;

	fill(expect, sizeof(expect), 3);
	is(write(fd, expect, 50000), 50000, "write takes 50000 bytes");
	is(read(fd, buf, 1), 0, "read at the end of the file returns 0");
	lseek(fd, 0, SEEK_SET);
	ok(read(fd, buf, sizeof(buf)) == 50000 && memcmp(buf, expect, 50000) == 0,
	   "read gives them back, and no more");
	lseek(fd, 0, SEEK_SET);
	for (size_t at = 0; at < 50000; at += 777) {
		ssize_t n = read(fd, buf, 777), should = 50000 - at < 777 ? 50000 - at : 777;

		bad += n != should || memcmp(buf, expect + at, n) != 0;
	}
	is(bad, 0, "reads of 777 bytes in turn give the same");
	ok(pread(fd, buf, 100, 4090) == 100 && memcmp(buf, expect + 4090, 100) == 0,
	   "pread reads across a page's end");
	is(lseek(fd, 0, SEEK_CUR), 50000, "and does not move the offset");
	ok(pwrite(fd, "XY", 2, 4095) == 2 && file_byte(fd, 4095) == 'X' &&
	   file_byte(fd, 4096) == 'Y' &&
	   file_byte(fd, 4097) == expect[4097], "pwrite writes across a page's end");
	is(lseek(fd, 0, SEEK_CUR), 50000, "nor does it move the offset");
	is(read(fd, buf, 0), 0, "read of nothing returns 0");
	is(write(fd, buf, 0), 0, "write of nothing returns 0");
	is(file_size(fd), 50000, "and does not change the size");
	fails(pread(fd, buf, 1, -1), EINVAL, "pread at a negative offset fails with EINVAL");
	fails(pwrite(fd, buf, 1, -1), EINVAL, "pwrite at a negative offset fails with EINVAL");
	is(pread(fd, buf, 10, 50000), 0, "pread at the end returns 0");
	is(pread(fd, buf, 10, 1LL << 40), 0, "and far past it");
	is(syscall(SYS_read, fd, 8L, 10L), 0, "read at the end looks at no pointer");
	lseek(fd, 0, SEEK_SET);
	fails(syscall(SYS_read, fd, 8L, 10L), EFAULT, "read to a bad pointer fails with EFAULT");
	fails(syscall(SYS_write, fd, 8L, 10L), EFAULT,
	   "write from a bad pointer fails with EFAULT");
	close(fd);
}

static void test_partial_buffers(void)
{
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0);
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
	ssize_t n;

	unmap(p + PS, PS);
	fill(p, PS, 5);
	n = write(fd, p + PS - 100, 200);
	ok(n == 100 || (n == -1 && errno == EFAULT),
	   "write from a half mapped buffer writes the mapped half or fails with EFAULT");
	ok(file_size(fd) == (n == 100 ? 100 : 0), "and the size agrees");
	pwrite(fd, p, PS, 0);
	n = read(fd, p + PS - 100, 200);
	n = pread(fd, p + PS - 100, 200, 0);
	ok(n == 100 || (n == -1 && errno == EFAULT),
	   "read to a half mapped buffer reads that half or fails with EFAULT");
	unmap(p, PS);
	close(fd);
}

static void test_vectors(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
	char a[3], b[4], c[10];
	struct iovec out[3] = { { "abc", 3 }, { "", 0 }, { "defgh", 5 } };
	struct iovec in[3] = { { a, 3 }, { b, 4 }, { c, 10 } };
	static struct iovec many[IOV_MAX + 1];

	is(writev(fd, out, 3), 8, "writev writes its parts in order");
	ok(holds("abcdefgh"), "one behind the other");
	lseek(fd, 0, SEEK_SET);
	ok(readv(fd, in, 3) == 8 && memcmp(a, "abc", 3) == 0 && memcmp(b, "defg", 4) == 0 &&
	   c[0] == 'h',
	   "readv fills its parts in order");
	is(readv(fd, in, 3), 0, "readv at the end returns 0");
	is(writev(fd, out, 0), 0, "writev of no parts returns 0");
	fails(syscall(SYS_writev, fd, out, -1), EINVAL, "writev of -1 parts fails with EINVAL");
	for (int i = 0; i <= IOV_MAX; i++)
		many[i] = (struct iovec){ "m", 1 };
	fails(writev(fd, many, IOV_MAX + 1), EINVAL, "writev of 1025 parts fails with EINVAL");
	is(writev(fd, many, IOV_MAX), IOV_MAX, "writev of 1024 parts writes them all");
	out[1].iov_len = -1;
	fails(writev(fd, out, 3), EINVAL, "writev of a negative length fails with EINVAL");
	fails(syscall(SYS_writev, fd, 8L, 1L), EFAULT, "writev with a bad array fails with EFAULT");
	in[0].iov_base = (void *)8;
	lseek(fd, 0, SEEK_SET);
	fails(readv(fd, in, 1), EFAULT, "readv into a bad part fails with EFAULT");
	fails(readv(999, in, 1), EBADF, "readv of a bad descriptor fails with EBADF");
	close(fd);
}

static void test_lseek(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644), p[2];

	write(fd, "0123456789", 10);
	is(lseek(fd, 4, SEEK_SET), 4, "lseek with SEEK_SET goes to an offset");
	is(lseek(fd, 3, SEEK_CUR), 7, "SEEK_CUR goes on from here");
	is(lseek(fd, -2, SEEK_CUR), 5, "or back");
	is(lseek(fd, -1, SEEK_END), 9, "SEEK_END counts from the end");
	ok(read(fd, buf, 5) == 1 && buf[0] == '9', "reading goes on from there");
	is(lseek(fd, 100, SEEK_END), 110, "lseek may go past the end");
	is(file_size(fd), 10, "which does not change the size");
	fails(lseek(fd, -1, SEEK_SET), EINVAL, "lseek before the beginning fails with EINVAL");
	fails(lseek(fd, -111, SEEK_CUR), EINVAL, "by SEEK_CUR too");
	is(lseek(fd, 0, SEEK_CUR), 110, "and leaves the offset alone");
	fails(lseek(fd, 0, 99), EINVAL, "lseek of an unknown kind fails with EINVAL");
	fails(lseek(999, 0, SEEK_SET), EBADF, "lseek of a bad descriptor fails with EBADF");
	want_eq(pipe(p), 0);
	fails(lseek(p[0], 0, SEEK_CUR), ESPIPE, "lseek of a pipe fails with ESPIPE");
	fails(pread(p[0], buf, 1, 0), ESPIPE, "pread of a pipe fails with ESPIPE");
	fails(pwrite(p[1], buf, 1, 0), ESPIPE, "pwrite of a pipe fails with ESPIPE");
	close(p[0]);
	close(p[1]);
	close(fd);
}

static void test_holes(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
	struct stat st;

	is(pwrite(fd, "end", 3, 300000), 3, "a write far past the end makes a hole");
	is(file_size(fd), 300003, "the size counts the hole");
	want_eq(pread(fd, buf, 10000, 100000), 10000);
	want(all_zero(buf, 10000));
	verdict("a hole reads as zeros");
	want_eq(pread(fd, buf, 100, 299950), 53);
	want(all_zero(buf, 50) && memcmp(buf + 50, "end", 3) == 0);
	verdict("up to the data behind it");
	fstat(fd, &st);
	ok(st.st_blocks * 512 < 200000, "a hole takes no blocks");
	want_eq(pwrite(fd, "mid", 3, 150000), 3);
	want_eq(pread(fd, buf, 5, 149999), 5);
	want(memcmp(buf, "\0mid\0", 5) == 0);
	verdict("a write into a hole changes only its own bytes");
	close(fd);
}

static void test_large(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
	const off_t five = 5LL << 30;
	struct stat st;

	is(pwrite(fd, "five", 4, five), 4, "a write at 5 GiB works");
	is(file_size(fd), five + 4, "and the size says so");
	ok(lseek(fd, five, SEEK_SET) == five && read(fd, buf, 10) == 4 &&
	   memcmp(buf, "five", 4) == 0,
	   "lseek and read find it");
	is(lseek(fd, 0, SEEK_CUR), five + 4, "SEEK_CUR returns an offset past 4 GiB");
	want_eq(pread(fd, buf, 8, five - 4), 8);
	want(memcmp(buf, "\0\0\0\0five", 8) == 0);
	want_eq(pread(fd, buf, 8, 1LL << 30), 8);
	want(all_zero(buf, 8));
	verdict("what is before it is a hole");
	ok(stat("f", &st) == 0 && st.st_size == five + 4 && st.st_blocks < 2000,
	   "stat shows a large size and few blocks");
	is(ftruncate(fd, (4LL << 30) + 1), 0, "ftruncate to 4 GiB and a byte");
	is(file_size(fd), (4LL << 30) + 1, "is exact");
	is(ftruncate(fd, five + 4), 0, "growing it again");
	want_eq(pread(fd, buf, 8, five - 4), 8);
	want(all_zero(buf, 8));
	verdict("does not bring back what was cut off");
	fails(pwrite(fd, "x", 1, INT64_MAX), EINVAL,
	   "a write that would end past the largest offset fails with EINVAL");
#ifndef FOLDER /* where memory is the disk, files may be as large as offsets go */
	fails(pwrite(fd, "x", 1, INT64_MAX - 1), EFBIG,
	   "a write past the largest file fails with EFBIG");
#endif
	close(fd);
	unlink("f");
}

static void test_truncate(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);

	memset(buf, 'a', 10000);
	write(fd, buf, 10000);
	is(ftruncate(fd, 5000), 0, "ftruncate cuts a file");
	ok(file_size(fd) == 5000 && file_byte(fd, 4999) == 'a' && file_byte(fd, 5000) == -1,
	   "at its new end");
	is(ftruncate(fd, 9000), 0, "ftruncate lengthens a file");
	want_eq(pread(fd, buf, 5000, 5000), 4000);
	want(all_zero(buf, 4000));
	verdict("with zeros, also where bytes had been");
	is(lseek(fd, 0, SEEK_CUR), 10000, "the offset stays where it was");
	is(write(fd, "b", 1), 1, "and a write there");
	is(file_size(fd), 10001, "makes the file longer again");
	ok(truncate("f", 3) == 0 && file_size(fd) == 3, "truncate does it by name");
	ok(truncate("f", 0) == 0 && file_size(fd) == 0, "down to nothing");
	fails(truncate("f", -1), EINVAL, "truncate to a negative size fails with EINVAL");
	fails(ftruncate(fd, -1), EINVAL, "ftruncate to a negative size fails with EINVAL");
	fails(truncate("none", 0), ENOENT, "truncate of a missing file fails with ENOENT");
	fails(truncate(".", 0), EISDIR, "truncate of a directory fails with EISDIR");
	fails(truncate("f/x", 0), ENOTDIR, "truncate through a file fails with ENOTDIR");
	fails(ftruncate(999, 0), EBADF, "ftruncate of a bad descriptor fails with EBADF");
	close(fd);
}

static void test_sync(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644), p[2];

	write(fd, "sync", 4);
	is(fsync(fd), 0, "fsync of a file");
	is(fdatasync(fd), 0, "fdatasync of a file");
	ok(holds("sync"), "change nothing of what it holds");
	close(fd);
	fails(fsync(fd), EBADF, "fsync of a closed descriptor fails with EBADF");
	fails(fdatasync(fd), EBADF, "fdatasync of a closed descriptor fails with EBADF");
	fd = open(".", O_RDONLY);
	is(fsync(fd), 0, "fsync of a directory");
	close(fd);
	want_eq(pipe(p), 0);
	fails(fsync(p[0]), EINVAL, "fsync of a pipe fails with EINVAL");
	close(p[0]);
	close(p[1]);
}

static void test_append(void)
{
	int fd, other;

	make("one");
	fd = open("f", O_WRONLY | O_APPEND);
	other = open("f", O_WRONLY | O_APPEND);
	write(fd, "two", 3);
	write(other, "three", 5);
	lseek(fd, 0, SEEK_SET);
	write(fd, "four", 4);
	ok(holds("onetwothreefour"), "with O_APPEND every write goes to the end");
	pwrite(fd, "!", 1, 0);
	ok(holds("onetwothreefour!"), "pwrite's too, as Linux has it");
	close(fd);
	close(other);
}

static void test_append_together(void)
{
	enum { writers = 6, lines = 100, len = 32 };
	char line[len];
	pid_t pids[writers];
	int seen[writers] = { 0 }, bad = 0, fd;

	unlink("f");
	for (int w = 0; w < writers; w++) {
		pids[w] = tap_fork();
		if (pids[w] == 0) {
			fd = open("f", O_WRONLY | O_CREAT | O_APPEND, 0644);
			memset(line, 'A' + w, len - 1);
			line[len - 1] = '\n';
			for (int i = 0; i < lines; i++)
				if (write(fd, line, len) != len)
					_exit(1);
			_exit(0);
		}
	}
	for (int w = 0; w < writers; w++)
		bad += end_of(pids[w]) != 0;
	fd = open("f", O_RDONLY);
	while (read(fd, line, len) == len) {
		int w = line[0] - 'A';

		if (w < 0 || w >= writers || line[len - 1] != '\n' ||
		      !all_bytes(line, len - 1, 'A' + w))
			bad++;
		else
			seen[w]++;
	}
	for (int w = 0; w < writers; w++)
		bad += seen[w] != lines;
	ok(bad == 0 && file_size(fd) == writers * lines * len,
	   "six processes that append lose and mix up no line");
	close(fd);
}

static void test_shared_offset(void)
{
	int fd, twin, other;
	char c = 0;

	make("0123456789");
	fd = open("f", O_RDONLY);
	twin = dup(fd);
	other = open("f", O_RDONLY);
	read(fd, buf, 3);
	ok(read(twin, &c, 1) == 1 && c == '3', "a duplicate shares the offset");
	ok(read(other, &c, 1) == 1 && c == '0', "a second open does not");
	pid_t pid = tap_fork();
	if (pid == 0) {
		read(fd, buf, 2);
		_exit(0);
	}
	end_of(pid);
	ok(read(fd, &c, 1) == 1 && c == '6', "a child shares the offset with its parent");
	close(fd);
	ok(read(twin, &c, 1) == 1 && c == '7', "the file stays open while a duplicate lives");
	close(twin);
	close(other);
}

static void test_dup(void)
{
	int fd, a, b;

	make("dup");
	fd = open("f", O_RDONLY);
	a = dup(fd);
	ok(a > fd, "dup takes the lowest free descriptor");
	close(a);
	is(dup(fd), a, "which may be one that was closed");
	b = open("f", O_RDWR);
	is(dup2(fd, b), b, "dup2 takes the one it is told");
	ok((fcntl(b, F_GETFL) & O_ACCMODE) == O_RDONLY, "in place of what it was before");
	is(dup2(fd, fd), fd, "dup2 onto itself changes nothing");
	ok(fcntl(fd, F_GETFD) == 0, "and leaves it open");
	fails(dup3(fd, fd, 0), EINVAL, "dup3 onto itself fails with EINVAL");
	ok(dup3(fd, b, O_CLOEXEC) == b && fcntl(b, F_GETFD) == FD_CLOEXEC,
	   "dup3 with O_CLOEXEC sets close-on-exec");
	ok(dup2(fd, b) == b && fcntl(b, F_GETFD) == 0, "dup2 does not");
	fails(dup3(fd, b, O_APPEND), EINVAL, "dup3 with another flag fails with EINVAL");
	fails(dup(999), EBADF, "dup of a bad descriptor fails with EBADF");
	fails(dup2(999, b), EBADF, "dup2 of a bad descriptor fails with EBADF");
	ok(fcntl(b, F_GETFD) == 0, "and does not close the other");
	fails(dup2(fd, -1), EBADF, "dup2 to descriptor -1 fails with EBADF");
	fails(dup2(fd, 1 << 30), EBADF, "dup2 past the limit fails with EBADF");
	close(a);
	close(b);
	close(fd);
}

static void test_fcntl(void)
{
	int fd, a;

	make("fcntl");
	fd = open("f", O_RDWR | O_APPEND | O_CLOEXEC);
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "F_GETFD shows O_CLOEXEC");
	ok(fcntl(fd, F_SETFD, 0) == 0 && fcntl(fd, F_GETFD) == 0, "F_SETFD takes it away");
	ok(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC,
	   "and puts it back");
	is(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_CREAT), O_RDWR | O_APPEND,
	   "F_GETFL shows mode and O_APPEND");
	ok(fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
	   (fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK)) == (O_RDWR | O_NONBLOCK),
	   "F_SETFL changes O_APPEND and O_NONBLOCK");
	ok(fcntl(fd, F_SETFL, O_WRONLY) == 0 && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR,
	   "but not the mode");
	a = fcntl(fd, F_DUPFD, 50);
	ok(a == 50 && fcntl(a, F_GETFD) == 0, "F_DUPFD takes the lowest free one from a number on");
	close(a);
	a = fcntl(fd, F_DUPFD_CLOEXEC, 50);
	ok(a == 50 && fcntl(a, F_GETFD) == FD_CLOEXEC, "F_DUPFD_CLOEXEC sets close-on-exec");
	is(fcntl(fd, F_DUPFD, 50), 51, "F_DUPFD goes past what is in use");
	close(50);
	close(51);
	fails(fcntl(fd, F_DUPFD, -1), EINVAL, "F_DUPFD from -1 fails with EINVAL");
	fails(fcntl(fd, F_DUPFD, 1 << 30), EINVAL, "F_DUPFD from past the limit fails with EINVAL");
	fails(fcntl(fd, 9999), EINVAL, "an unknown command fails with EINVAL");
	a = open("/dev/null", O_RDWR);
	fails(fcntl(a, F_SETFL, O_DIRECT | O_NONBLOCK), EINVAL,
	   "F_SETFL of O_DIRECT on a device fails with EINVAL");
	is(fcntl(a, F_GETFL) & O_NONBLOCK, 0, "and sets no other flag");
	close(a);
	fails(fcntl(999, F_GETFD), EBADF, "fcntl of a bad descriptor fails with EBADF");
	a = dup(fd);
	fcntl(fd, F_SETFL, O_APPEND);
	ok(fcntl(a, F_GETFL) & O_APPEND, "duplicates share the flags of F_SETFL");
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	is(fcntl(a, F_GETFD), 0, "but not close-on-exec");
	close(a);
	close(fd);
}

/* Access mode 3: for ioctl alone, as floppy drives once wanted it. */
static void test_no_access(void)
{
	struct flock lock = { .l_type = F_RDLCK };
	int fd;

	make("fcntl");
	fd = open("f", 3);
	want(fd >= 0);
	want_eq(fcntl(fd, F_GETFL) & O_ACCMODE, 3);
	want(read(fd, buf, 1) == -1 && errno == EBADF);
	want(write(fd, "x", 1) == -1 && errno == EBADF);
	want(ftruncate(fd, 1) == -1 && errno == EINVAL);
	want_eq(map(NULL, PS, PROT_READ, MAP_SHARED, fd, 0), -EACCES);
	want(flock(fd, LOCK_SH) == -1 && errno == EBADF);
	want(fcntl(fd, F_SETLK, &lock) == -1 && errno == EBADF);
	want_eq(flock(fd, LOCK_UN), 0);
	close(fd);
	want(open(".", 3) == -1 && errno == EISDIR);
	verdict("a file opened with access mode 3 can neither be read nor written");
	unlink("f");
	want_eq(mkfifo("f", 0600), 0);
	want(open("f", 3) == -1 && errno == EINVAL);
	verdict("a FIFO cannot be opened so");
	unlink("f");
}

static void test_sendfile(void)
{
	int in = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
	int out = open("g", O_RDWR | O_CREAT | O_TRUNC, 0644), p[2];
	off_t at = 1000;

	fill(expect, 30000, 9);
	write(in, expect, 30000);
	lseek(in, 0, SEEK_SET);
	is(sendfile(out, in, NULL, 20000), 20000, "sendfile copies from the offset of the file");
	is(lseek(in, 0, SEEK_CUR), 20000, "and moves it");
	ok(pread(out, buf, 30000, 0) == 20000 && memcmp(buf, expect, 20000) == 0,
	   "what it copies is right");
	is(sendfile(out, in, NULL, 50000), 10000, "it stops at the end");
	is(sendfile(out, in, NULL, 50000), 0, "where it returns 0");
	is(sendfile(out, in, &at, 500), 500, "sendfile copies from an offset it is given");
	ok(at == 1500 && lseek(in, 0, SEEK_CUR) == 30000, "and moves that, not the file's");
	ok(pread(out, buf, 500, 30000) == 500 && memcmp(buf, expect + 1000, 500) == 0,
	   "what it copies is right there too");
	want_eq(pipe(p), 0);
	at = 0;
	ok(sendfile(p[1], in, &at, 3000) == 3000 && read(p[0], buf, 3000) == 3000 &&
	   memcmp(buf, expect, 3000) == 0, "sendfile copies to a pipe");
	close(p[0]);
	close(p[1]);
	fails(sendfile(999, in, NULL, 1), EBADF, "sendfile to a bad descriptor fails with EBADF");
	fails(sendfile(out, 999, NULL, 1), EBADF,
	   "sendfile from a bad descriptor fails with EBADF");
	at = -1;
	fails(sendfile(out, in, &at, 1), EINVAL,
	   "sendfile from a negative offset fails with EINVAL");
	fails(sendfile(-1, in, &at, 1), EINVAL, "before the other descriptor is looked at");
	at = INT64_MAX - 5;
	fails(sendfile(out, in, &at, 10), EINVAL,
	   "sendfile to beyond the largest offset fails with EINVAL");
	at = INT64_MAX - 1;
	errno = 0;
	/* Some file systems know no largest file but this. */
	if (ftruncate(out, INT64_MAX - 1) == 0)
		want_eq(sendfile(out, in, &at, 1), 0);
	else
		want(sendfile(out, in, &at, 1) == -1 && errno == EOVERFLOW);
	verdict("sendfile from where no file reaches fails with EOVERFLOW");
	want_eq(pipe(p), 0);
	at = 0;
	fails(sendfile(out, p[0], &at, 1), ESPIPE,
	   "sendfile from an offset of a pipe fails with ESPIPE");
	close(p[0]);
	close(p[1]);
	close(in);
	in = open("f", O_WRONLY);
	fails(sendfile(out, in, NULL, 1), EBADF,
	   "sendfile from a write-only descriptor fails with EBADF");
	close(in);
	close(out);
	unlink("g");
}

static bool holds_bytes(off_t n)
{
	struct stat st;

	return stat("f", &st) == 0 && st.st_size == n;
}

static int many_descriptors(void)
{
	struct rlimit rl = { 1100, 1100 };
	int first, fd, n;

	if (setrlimit(RLIMIT_NOFILE, &rl) != 0)
		return 1;
	for (fd = 3; fd < 1100; fd++)
		close(fd);
	first = open("f", O_RDONLY);
	for (n = 1; (fd = open("f", O_RDONLY)) >= 0; n++)
		if (fd != first + n)
			return 2;
	if (errno != EMFILE || first + n != 1100)
		return 3;
	if (dup(0) != -1 || errno != EMFILE)
		return 4;
	if (pipe((int[2]){ 0, 0 }) != -1 || errno != EMFILE)
		return 5;
	if (open("g", O_WRONLY | O_CREAT, 0600) != -1 || errno != EMFILE || access("g", F_OK) == 0)
		return 10;
	if (open("f", O_WRONLY | O_TRUNC) != -1 || errno != EMFILE || !holds_bytes(4))
		return 11;
	if (fcntl(0, F_DUPFD, 5) != -1 || errno != EMFILE)
		return 6;
	close(700);
	close(300);
	if (open("f", O_RDONLY) != 300 || open("f", O_RDONLY) != 700)
		return 7;
	if (read(1099, buf, 3) != 3 || memcmp(buf, "man", 3) != 0)
		return 8;
	pid_t pid = fork();
	if (pid == 0)
		_exit(pread(1098, buf, 3, 0) == 3 ? 0 : 1);
	return end_of(pid) == 0 ? 0 : 9;
}

static void test_many_descriptors(void)
{
	make("many");
	is(in_child(many_descriptors), 0,
	   "a process opens 1100 descriptors, its limit, and then gets EMFILE");
}

/* Numbers far up, with nothing between: 0 is success. */
static int sparse_descriptors(void)
{
	struct rlimit rl;
	int fd = open("f", O_RDONLY), low, far, top;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0)
		return 1;
	rl.rlim_cur = rl.rlim_max < 1 << 20 ? rl.rlim_max : 1 << 20;
	top = (int)rl.rlim_cur - 1;
	far = top / 2;
	if (setrlimit(RLIMIT_NOFILE, &rl) != 0)
		return 2;
	if (dup2(fd, far) != far || dup2(fd, top) != top)
		return 3;
	if (fcntl(fd, F_DUPFD_CLOEXEC, far) != far + 1 || fcntl(far + 1, F_GETFD) != FD_CLOEXEC)
		return 4;
	if (fcntl(far, F_GETFD) != 0 || fcntl(far - 1, F_GETFD) != -1 || errno != EBADF)
		return 5;
	if (fcntl(fd, F_DUPFD, top) != -1 || errno != EMFILE || dup2(fd, top + 1) != -1)
		return 6;
	low = dup(fd);
	if (low < 0 || low > 1000)
		return 7;
	pid_t pid = fork();
	if (pid == 0)
		_exit(pread(far, buf, 3, 0) == 3 && pread(top, buf, 3, 0) == 3 && close(far) == 0 &&
			pread(far, buf, 3, 0) == -1 ? 0 : 1);
	if (end_of(pid) != 0)
		return 8;
	return pread(far, buf, 3, 0) == 3 && close(far) == 0 && close(top) == 0 &&
		close(far) == -1 && errno == EBADF ? 0 : 9;
}

static void test_sparse_descriptors(void)
{
	make("far");
	is(in_child(sparse_descriptors), 0, "descriptors up to the hard limit can be used");
}

static void test_unlinked(void)
{
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);
	struct stat st;

	write(fd, "alive", 5);
	unlink("f");
	fails(open_close("f", O_RDONLY), ENOENT, "an unlinked file has no name");
	ok(pread(fd, buf, 10, 0) == 5 && memcmp(buf, "alive", 5) == 0,
	   "but lives while it is open");
	ok(write(fd, "!", 1) == 1 && file_size(fd) == 6, "and can be written");
	ok(fstat(fd, &st) == 0 && st.st_nlink == 0, "its link count is 0");
	close(fd);
}

static void test_fallocate(void)
{
	static const int bad[] = {2, 4, 7, 8 | 1, 2 | 8, 2 | 0x10 | 1, 0x20 | 1, 0x100, 0x200};
	int fd, p[2];

	make("text");
	fd = open("f", O_RDONLY);
	want_eq(pipe(p), 0);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		want(fallocate(fd, bad[i], 0, 10) == -1 && errno == EOPNOTSUPP);
		want(fallocate(p[1], bad[i], 0, 10) == -1 && errno == EOPNOTSUPP);
		want(fallocate(fd, bad[i], 0, 0) == -1 && errno == EINVAL);
		want(fallocate(-1, bad[i], 0, 10) == -1 && errno == EBADF);
	}
	verdict("fallocate with a mode that is not known is EOPNOTSUPP on any descriptor");
	want(fallocate(fd, 0, 0, 10) == -1 && errno == EBADF);
	want(fallocate(fd, 3, 0, 10) == -1 && errno == EBADF);
	want(fallocate(fd, 8, 0, 10) == -1 && errno == EBADF);
	want(fallocate(fd, 0x11, 0, 10) == -1 && errno == EBADF);
	want(fallocate(p[1], 0x40, 0, 10) == -1 && errno == ESPIPE);
	verdict("others are judged after the descriptor");
	close(fd);
	close(p[0]);
	close(p[1]);
}

static void test_large_transfer(void)
{
	enum { size = 3 << 20 };
	unsigned char *big = must_map(size, RW, ANON, -1, 0), *back = must_map(size, RW, ANON, -1,
	   0);
	int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0644);

	for (size_t i = 0; i < size; i += sizeof(uint32_t))
		*(uint32_t *)(big + i) = i * 2654435761u;
	is(write(fd, big, size), size, "one write takes 3 MiB");
	is(pread(fd, back, size, 0), size, "one pread gives them back");
	ok(memcmp(big, back, size) == 0, "unchanged");
	close(fd);
	unlink("f");
	unmap(big, size);
	unmap(back, size);
}

int main(void)
{
	folder_enter();
	test_open();
	test_open_links();
	test_modes();
	test_read_write();
	test_partial_buffers();
	test_vectors();
	test_lseek();
	test_holes();
	test_large();
	test_truncate();
	test_sync();
	test_append();
	test_append_together();
	test_shared_offset();
	test_dup();
	test_fcntl();
	test_no_access();
	test_sendfile();
	test_many_descriptors();
	test_sparse_descriptors();
	test_unlinked();
	test_fallocate();
	test_large_transfer();
	unlink("f");
	folder_leave();
	return done();
}
