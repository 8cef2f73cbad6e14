/*
 * mmaptest: the cases of the mmap exercises of xv6 courses, with the lines their graders look for.
 * It works on two files of its own in the current directory and stops with status 1 at the first
 * thing that is wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define FILE_ONE "mmaptest.one"
#define FILE_TWO "mmaptest.two"
#define PAGE_AND_HALF (PAGE + PAGE / 2)

static const char *current = "start";

static void fail(const char *fmt, ...)
{
	int error = errno;
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "mmaptest: %s failed: ", current);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (errno %d, pid %d)\n", error, (int)getpid());
	_exit(1);
}

static void begin(const char *name)
{
	current = name;
	errno = 0;
}

static void ok(void)
{
	printf("test %s: OK\n", current);
	fflush(stdout);
}

/* Files */

static int open_file(const char *name, int flags)
{
	int fd = open(name, flags, 0644);

	if (fd < 0)
		fail("cannot open %s", name);
	return fd;
}

/* Makes a file of len bytes, all c. */
static void make_file(const char *name, char c, size_t len)
{
	int fd = open_file(name, O_CREAT | O_TRUNC | O_WRONLY);
	char block[PAGE / 2];

	memset(block, c, sizeof(block));
	for (size_t done = 0; done < len; done += sizeof(block))
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			fail("cannot write %s", name);
	close(fd);
}

static void expect_size(const char *name, long long size)
{
	struct stat st;

	if (stat(name, &st) < 0)
		fail("cannot stat %s", name);
	if (st.st_size != size)
		fail("%s has %lld bytes instead of %lld", name, (long long)st.st_size, size);
}

/* What read() gives for the first len bytes of the file must be c. */
static void expect_file(const char *name, char c, size_t len)
{
	int fd = open_file(name, O_RDONLY);
	char byte;

	for (size_t i = 0; i < len; i++) {
		if (read(fd, &byte, 1) != 1)
			fail("%s cannot be read at %zu", name, i);
		if (byte != c)
			fail("%s has %d instead of %d at %zu", name, byte, c, i);
	}
	close(fd);
}

/* Mappings */

static char *map(size_t len, int prot, int flags, int fd, off_t offset)
{
	char *p = mmap(NULL, len, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		fail("mmap of %zu bytes", len);
	return p;
}

static void unmap(char *p, size_t len)
{
	if (munmap(p, len) < 0)
		fail("munmap of %zu bytes at %p", len, (void *)p);
}

static void expect(const char *p, size_t from, size_t to, char c)
{
	for (size_t i = from; i < to; i++)
		if (p[i] != c)
			fail("the mapping has %d instead of %d at %zu", p[i], c, i);
}

/* A page and a half of a file, and zeros behind it. */
static void expect_page_and_half(const char *p, char c)
{
	expect(p, 0, PAGE_AND_HALF, c);
	expect(p, PAGE_AND_HALF, 2 * PAGE, 0);
}

/* Cases */

static void test_read(void)
{
	int fd;
	char *p;

	begin("mmap f");
	make_file(FILE_ONE, 'A', PAGE_AND_HALF);
	fd = open_file(FILE_ONE, O_RDONLY);
	p = map(2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	expect_page_and_half(p, 'A');
	unmap(p, 2 * PAGE);
	close(fd);
	ok();
}

static void test_private(void)
{
	int fd;
	char *p;

	begin("mmap private");
	fd = open_file(FILE_ONE, O_RDONLY);
	p = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	close(fd);
	expect_page_and_half(p, 'A');
	memset(p, 'Z', 2 * PAGE);
	expect(p, 0, 2 * PAGE, 'Z');
	unmap(p, 2 * PAGE);
	expect_file(FILE_ONE, 'A', PAGE_AND_HALF);
	ok();
}

static void test_read_only(void)
{
	int fd;

	begin("mmap read-only");
	fd = open_file(FILE_ONE, O_RDONLY);
	if (mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED)
		fail("a file opened for reading was mapped shared and writable");
	if (errno != EACCES)
		fail("the error is not EACCES");
	close(fd);
	ok();
}

/* Leaves the third of three pages mapped, for test_unmapped; returns the mapping. */
static char *test_read_write(void)
{
	int fd;
	char *p;

	begin("mmap read/write");
	fd = open_file(FILE_ONE, O_RDWR);
	p = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	expect_page_and_half(p, 'A');
	memset(p, 'Z', 2 * PAGE);
	unmap(p, 2 * PAGE);
	ok();
	return p;
}

static void test_dirty(void)
{
	begin("mmap dirty");
	expect_file(FILE_ONE, 'Z', PAGE_AND_HALF);
	expect_size(FILE_ONE, PAGE_AND_HALF);
	ok();
}

static void test_unmapped(char *p)
{
	begin("not-mapped unmap");
	unmap(p + 2 * PAGE, PAGE);
	ok();
}

static void test_two_files(void)
{
	int one, two;
	char *p, *q;

	begin("mmap two files");
	make_file(FILE_ONE, '1', PAGE / 2);
	make_file(FILE_TWO, '2', PAGE / 2);
	one = open_file(FILE_ONE, O_RDWR);
	p = map(PAGE, PROT_READ, MAP_PRIVATE, one, 0);
	close(one);
	unlink(FILE_ONE);
	two = open_file(FILE_TWO, O_RDWR);
	q = map(PAGE, PROT_READ, MAP_PRIVATE, two, 0);
	close(two);
	unlink(FILE_TWO);
	expect(p, 0, PAGE / 2, '1');
	expect(q, 0, PAGE / 2, '2');
	unmap(p, PAGE);
	expect(q, 0, PAGE / 2, '2');
	unmap(q, PAGE);
	ok();
}

static void test_offset(void)
{
	char block[PAGE];
	int fd;
	char *p;

	begin("mmap offset");
	fd = open_file(FILE_ONE, O_CREAT | O_TRUNC | O_RDWR);
	for (int i = 0; i < 4; i++) {
		memset(block, 'a' + i, sizeof(block));
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
			fail("cannot write %s", FILE_ONE);
	}
	p = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
	expect(p, 0, PAGE, 'b');
	expect(p, PAGE, 2 * PAGE, 'c');
	p[PAGE] = 'X';
	unmap(p, 2 * PAGE);
	if (pread(fd, block, 1, 2 * PAGE) != 1 || block[0] != 'X')
		fail("the store through the mapping is not in the file");
	if (pread(fd, block, 1, PAGE) != 1 || block[0] != 'b')
		fail("the byte before it has changed");
	close(fd);
	ok();
}

static void test_half_page(void)
{
	int fd;
	char *p;

	begin("mmap half page");
	make_file(FILE_ONE, 'h', PAGE / 2);
	fd = open_file(FILE_ONE, O_RDWR);
	p = map(PAGE / 2, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	expect(p, 0, PAGE / 2, 'h');
	expect(p, PAGE / 2, PAGE, 0);
	p[PAGE / 2 - 1] = 'H';
	p[PAGE - 1] = 'H';
	unmap(p, PAGE / 2);
	expect_size(FILE_ONE, PAGE / 2);
	expect_file(FILE_ONE, 'h', PAGE / 2 - 1);
	if (pread(fd, &(char){ 0 }, 1, PAGE / 2) != 0)
		fail("there is a byte behind the end of the file");
	close(fd);
	ok();
}

/* The child must see the parent's mappings, and what it unmaps must stay with the parent. */
static void fork_test(void)
{
	int fd, status;
	char *p, *q;
	pid_t pid;

	printf("fork_test starting\n");
	fflush(stdout);
	begin("fork");
	make_file(FILE_ONE, 'F', PAGE_AND_HALF);
	fd = open_file(FILE_ONE, O_RDONLY);
	unlink(FILE_ONE);
	p = map(2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	q = map(2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	/* One page is present at the fork, the others are not. */
	expect(p, PAGE, PAGE + 1, 'F');
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		expect_page_and_half(p, 'F');
		unmap(p, PAGE);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		fail("waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail("the child ended with status %#x", status);
	expect_page_and_half(p, 'F');
	expect_page_and_half(q, 'F');
	printf("fork_test OK\n");
	fflush(stdout);
}

int main(void)
{
	char *rest;

	printf("mmap_test starting\n");
	fflush(stdout);
	test_read();
	test_private();
	test_read_only();
	rest = test_read_write();
	test_dirty();
	test_unmapped(rest);
	test_two_files();
	test_offset();
	test_half_page();
	printf("mmap_test: ALL OK\n");
	fork_test();
	printf("mmaptest: all tests succeeded\n");
	unlink(FILE_ONE);
	return 0;
}
