/*
 * bytes: moves bytes about, for the tests of what the tool carries to a program and back.
 *
 *   bytes copy          standard input to standard output
 *   bytes cat FILE      the file to standard output
 *   bytes count         prints the number of bytes of standard input and their Fletcher sum
 *   bytes write FILE    writes a file of 100,000 bytes, reads it back and compares
 *   bytes both          one line on standard output, one on standard error
 *
 * Exit status 0 if all went well.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char buf[65536];

static int put(const char *p, ssize_t n)
{
	while (n > 0) {
		ssize_t done = write(1, p, (size_t)n);

		if (done <= 0)
			return -1;
		p += done;
		n -= done;
	}
	return 0;
}

static int copy(int fd)
{
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (put(buf, n) < 0)
			return 1;
	return n < 0;
}

static int count(void)
{
	unsigned long total = 0, a = 1, b = 0;
	ssize_t n;

	while ((n = read(0, buf, sizeof(buf))) > 0) {
		total += (unsigned long)n;
		for (ssize_t i = 0; i < n; i++) {
			a = (a + (unsigned char)buf[i]) % 65521;
			b = (b + a) % 65521;
		}
	}
	printf("%lu %lu\n", total, b << 16 | a);
	return n < 0;
}

static int write_and_compare(const char *path)
{
	static char again[100000], data[100000];
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7 + i / 251);
	if (fd < 0 || write(fd, data, sizeof(data)) != sizeof(data))
		return 1;
	if (pread(fd, again, sizeof(again), 0) != sizeof(again))
		return 1;
	return memcmp(data, again, sizeof(data)) != 0;
}

static int both(void)
{
	return write(1, "to output\n", 10) != 10 || write(2, "to error\n", 9) != 9;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int fd;

	if (strcmp(what, "copy") == 0)
		return copy(0);
	if (strcmp(what, "count") == 0)
		return count();
	if (strcmp(what, "both") == 0)
		return both();
	if (strcmp(what, "cat") == 0 && argc > 2) {
		fd = open(argv[2], O_RDONLY);
		return fd < 0 ? 1 : copy(fd);
	}
	if (strcmp(what, "write") == 0 && argc > 2)
		return write_and_compare(argv[2]);
	fprintf(stderr, "usage: bytes copy | cat FILE | count | write FILE | both\n");
	return 2;
}
