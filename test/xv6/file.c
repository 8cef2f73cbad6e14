/* mmap of x86-file. */
#include "types.h"
#include "stat.h"
#include "fcntl.h"
#include "user.h"
#include "mman.h"
#include "check.h"

/* Does a child that stores to *p die of it? It removes a file if not. */
static int is_fatal(char *p)
{
	int fd = make_file("alive", 'a', 1);

	close(fd);
	if (fork() == 0) {
		*p = 1;
		unlink("alive");
		exit();
	}
	wait();
	fd = open("alive", O_RDONLY);
	close(fd);
	return fd >= 0;
}

int main(void)
{
	int fd = make_file("f", 'a', 5000), again;
	char *p, *q, c;

	IS(PROT_WRITE, 1);
	IS(MAP_ANONYMOUS, 0);
	IS(MAP_FILE, 1);
	p = mmap(0, 5000, PROT_WRITE, MAP_FILE, fd, 0);
	ok((int)p > 0 && p[0] == 'a' && p[4999] == 'a' && p[5000] == 0, "mmap of a file");
	q = mmap(0, 100, 0, MAP_FILE, fd, 4500);
	ok((int)q > 0 && q[0] == 'a' && q[499] == 'a' && q[500] == 0, "at any byte of it");
	p[4500] = 'b';
	ok(q[0] == 'b' && is_fatal(q), "to be read only");
	close(fd);
	ok(msync(p, 5000) == 0, "msync");
	again = open("f", O_RDONLY);
	ok(read(again, &c, 1) == 1 && c == 'a', "the file is read");
	p[1] = 'c';
	ok(read(again, &c, 1) == 1 && c == 'c', "what is stored after close is in the file");
	ok(mmap(0, 4096, PROT_WRITE, MAP_FILE, again, 0) == (void *)-1,
		"not writable if the file is not");
	ok(mmap(0, 4096, 0, MAP_FILE, 12, 0) == (void *)-1 &&
			mmap(0, 0, 0, MAP_FILE, again, 0) == (void *)-1 &&
			mmap(0, 1, 0, MAP_FILE, again, -1) == (void *)-1,
		"what cannot be");
	ok(munmap(p, 5000) == 0 && munmap(q, 100) == 0 && munmap(p, 5000) == -1, "munmap");
	p = mmap(0, 20000, PROT_WRITE, MAP_FILE, open("f", O_RDWR), 0);
	p[19999] = 1;
	ok(p[4999] == 'a' && p[8192] == 0 && p[19999] == 1, "far beyond the end there are zeros");
	munmap(p, 20000);
	p = mmap(0, 4096, PROT_WRITE, MAP_FILE, open("empty", O_CREATE | O_RDWR), 0);
	p[0] = 1;
	ok(p[0] == 1 && p[1] == 0, "and in an empty file");
	p = mmap(0, 8192, PROT_WRITE, MAP_ANONYMOUS, -1, 0);
	p[8191] = 1;
	ok(p[0] == 0, "anonymous memory");
	q = mmap(0, 8192, 0, MAP_ANONYMOUS, -1, 0);
	ok(q[0] == 0 && is_fatal(q), "to be read only, too");
	exit();
}
