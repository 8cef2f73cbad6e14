/*
 * What a configure script asks before a program may use mmap (autoconf's "checking for working
 * mmap"): a file mapped private over memory that the program has already shows the file, zeros up
 * to the end of the last page, and keeps stores from the file; a shared mapping does pass them on.
 */
#include "tap.h"

#define PART (PS / 2 + 10) /* bytes of the file in its last page */
#define SIZE (PS + PART)

static unsigned char data[SIZE];

static int make_file(void)
{
	int fd = temp_file(0, 0);
	unsigned x = 12345;

	for (size_t i = 0; i < SIZE; i++) {
		x = x * 1103515245 + 12345;
		data[i] = (unsigned char)(x >> 16);
	}
	if (pwrite(fd, data, SIZE, 0) != (ssize_t)SIZE)
		bail_out("cannot write: errno %d", errno);
	return fd;
}

/* Does the mapping show the file, and zeros behind it? */
static bool shows_file(const unsigned char *p)
{
	return memcmp(p, data, SIZE) == 0 && all_zero(p + SIZE, 2 * PS - SIZE);
}

static bool file_is(int fd, const unsigned char *want)
{
	static unsigned char now[SIZE];

	return pread(fd, now, SIZE, 0) == (ssize_t)SIZE && memcmp(now, want, SIZE) == 0;
}

int main(void)
{
	int fd = make_file();
	unsigned char *block = malloc(8 * PS), *p;
	struct stat st;

	memset(block, 0x55, 8 * PS);
	p = (unsigned char *)(((unsigned long)block + 2 * PS) & -PS);
	want_eq(map(p, SIZE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0), (long)p);
	want(shows_file(p));
	verdict("MMAP-19 MMAP-34 a private mapping over the program's own memory shows the file");
	want(p[-1] == 0x55 && p[2 * PS] == 0x55);
	verdict("MMAP-19 and leaves what is around it alone");

	for (size_t i = 0; i < 2 * PS; i++)
		p[i]++;
	want(file_is(fd, data));
	verdict("MMAP-39 stores to it do not reach the file");
	unmap(p, 2 * PS);

	p = must_map(SIZE, RW, MAP_SHARED, fd, 0);
	want(shows_file(p));
	for (size_t i = 0; i < 2 * PS; i++)
		p[i] ^= 0xff;
	for (size_t i = 0; i < SIZE; i++)
		data[i] ^= 0xff;
	unmap(p, 2 * PS);
	want(file_is(fd, data));
	want(fstat(fd, &st) == 0 && st.st_size == (off_t)SIZE);
	verdict("MMAP-35 MUNMAP-9 stores to a shared one do, but for those behind its end");
	return done();
}
