/*
 * writer: keeps a disk busy and says what must survive a power failure.
 *
 *   writer write DIR FIRST   makes DIR/FIRST, DIR/FIRST+1, ... for ever. Each holds bytes that
 *                            follow from its number; once it and the folder are synchronised,
 *                            prints "synced NUMBER". Between them come files that are not
 *                            synchronised, renamed, truncated and removed.
 *   writer check DIR LAST    exit status 0 if all files up to DIR/LAST hold what they should
 *
 * One in three files is written through a shared mapping, and msync alone synchronises it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LONGEST 300000

static unsigned char data[LONGEST], again[LONGEST];

static size_t make_data(unsigned number)
{
	unsigned x = number * 2654435761u + 12345;
	size_t size = 1 + (x >> 8) % LONGEST;

	if (number % 2)
		size = 1 + size % 5000;
	for (size_t i = 0; i < size; i++) {
		x = x * 1664525u + 1013904223u;
		data[i] = (unsigned char)(x >> 24);
	}
	return size;
}

static void fail(const char *what, unsigned number)
{
	fprintf(stderr, "writer: file %u: ", number);
	perror(what);
	exit(1);
}

static void write_mapped(int fd, size_t size, unsigned number)
{
	void *p;

	if (ftruncate(fd, (off_t)size) < 0)
		fail("ftruncate", number);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		fail("mmap", number);
	memcpy(p, data, size);
	if (msync(p, size, MS_SYNC) < 0)
		fail("msync", number);
	munmap(p, size);
}

static void write_file(const char *dir, unsigned number)
{
	char path[256];
	size_t size = make_data(number);
	int fd;

	snprintf(path, sizeof(path), "%s/%u", dir, number);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		fail("open", number);
	if (number % 3 == 0)
		write_mapped(fd, size, number);
	else if (write(fd, data, size) != (ssize_t)size)
		fail("write", number);
	else if (fsync(fd) < 0)
		fail("fsync", number);
	close(fd);
}

static void sync_folder(const char *dir, unsigned number)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	if (fd < 0 || fsync(fd) < 0)
		fail("fsync of the folder", number);
	close(fd);
}

/* Changes that nobody waits for. */
static void disturb(const char *dir, unsigned number)
{
	char from[256], to[256];
	int fd;

	snprintf(from, sizeof(from), "%s/scratch%u", dir, number % 7);
	snprintf(to, sizeof(to), "%s/moved%u", dir, number % 5);
	fd = open(from, O_RDWR | O_CREAT, 0644);
	if (fd < 0 || write(fd, data, 20000) != 20000)
		fail("scratch", number);
	if (number % 4 == 0 && ftruncate(fd, 100) < 0)
		fail("ftruncate", number);
	close(fd);
	if (number % 2 == 0)
		rename(from, to);
	else if (number % 3 == 0)
		unlink(to);
}

static _Noreturn void write_all(const char *dir, unsigned number)
{
	for (;; number++) {
		write_file(dir, number);
		sync_folder(dir, number);
		printf("synced %u\n", number);
		fflush(stdout);
		disturb(dir, number);
	}
}

static int check_all(const char *dir, unsigned last)
{
	char path[256];
	int bad = 0;

	for (unsigned number = 1; number <= last; number++) {
		size_t size = make_data(number);
		int fd;

		snprintf(path, sizeof(path), "%s/%u", dir, number);
		fd = open(path, O_RDONLY);
		if (fd < 0 || read(fd, again, sizeof(again)) != (ssize_t)size ||
		    memcmp(data, again, size) != 0) {
			printf("file %u is damaged\n", number);
			bad = 1;
		}
		close(fd);
	}
	printf("checked %u files: %s\n", last, bad ? "damaged" : "all good");
	return bad;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "write") == 0)
		write_all(argv[2], (unsigned)atoi(argv[3]));
	if (argc == 4 && strcmp(argv[1], "check") == 0)
		return check_all(argv[2], (unsigned)atoi(argv[3]));
	fprintf(stderr, "usage: writer write DIR FIRST | check DIR LAST\n");
	return 2;
}
