/* mmap of x86-flags. */
#include "types.h"
#include "stat.h"
#include "fcntl.h"
#include "fs.h"
#include "user.h"
#include "mmap.h"
#include "check.h"

#define FIRST ((char *)0x60000000)
#define BASE ((char *)0x70000000)
#define ZEROS (MAP_ANONYMOUS | MAP_PRIVATE)

/* Does a child that touches *p die of it? It tells through a pipe that it did not. */
static int is_fatal(char *p, int store)
{
	int fds[2], n;
	char c;

	pipe(fds);
	if (fork() == 0) {
		c = store ? (*(volatile char *)p = 1) : *(volatile char *)p;
		write(fds[1], &c, 1);
		exit();
	}
	close(fds[1]);
	n = read(fds[0], &c, 1);
	close(fds[0]);
	wait();
	return n == 0;
}

static void check_rights(void)
{
	char *p = mmap(0, 4096, PROT_READ | PROT_WRITE, ZEROS, -1, 0);
	char *q = mmap(0, 4096, PROT_READ, ZEROS, -1, 0);
	char *r = mmap(0, 4096, PROT_NONE, ZEROS, -1, 0);

	ok((int)p > 0 && !is_fatal(p, 1) && !is_fatal(p, 0), "PROT_READ and PROT_WRITE");
	ok(!is_fatal(q, 0) && is_fatal(q, 1), "PROT_READ");
	ok(is_fatal(r, 0), "PROT_NONE");
	ok(munmap(p, 4096) == 0 && is_fatal(p, 0) && munmap(p, 4096) == -1, "munmap");
}

static void check_sharing(void)
{
	int fd = make_file("f", 'a', 5000);
	char *p = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_SHARED, -1, 0);
	char *q = mmap(0, 4096, PROT_READ | PROT_WRITE, ZEROS, -1, 0);
	char *f = mmap(0, 5000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *g = mmap(0, 5000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	if (fork() == 0) {
		*p = *q = f[0] = g[1] = 'z';
		exit();
	}
	wait();
	ok(*p == 'z' && *q == 0, "anonymous memory, shared and private");
	ok(f[0] == 'z' && f[1] == 'a' && g[0] == 'z' && g[1] == 'a' && f[5000] == 0,
		"a file, shared and private");
	ok(mmap(0, 4096, PROT_READ, MAP_SHARED | MAP_PRIVATE, fd, 0) == MAP_FAILED &&
			mmap(0, 4096, PROT_READ, MAP_SHARED, 12, 0) == MAP_FAILED &&
			mmap(0, 0, PROT_READ, ZEROS, -1, 0) == MAP_FAILED,
		"what cannot be");
	close(fd);
}

static void check_fixed(void)
{
	int all = PROT_READ | PROT_WRITE, fixed = ZEROS | MAP_FIXED;
	char *p;

	ok(mmap(BASE, 4096, all, fixed, -1, 0) == BASE, "MAP_FIXED");
	ok(mmap(BASE, 4096, all, fixed, -1, 0) == MAP_FAILED &&
			mmap(BASE + 1, 4096, all, fixed, -1, 0) == MAP_FAILED,
		"only where there is room");
	p = mmap(BASE, 4096, all, ZEROS, -1, 0);
	ok((int)p > (int)BASE, "a hint is only that");
	munmap(p, 4096);
	munmap(BASE, 4096);
	ok(mmap((void *)0x40000000, 4096, all, fixed, -1, 0) == MAP_FAILED &&
			mmap(FIRST - 4096, 4096, all, fixed, -1, 0) == MAP_FAILED &&
			mmap((void *)0x7ffff000, 8192, all, fixed, -1, 0) == MAP_FAILED &&
			mmap(0, 0x20001000, PROT_READ, ZEROS, -1, 0) == MAP_FAILED,
		"only between 0x60000000 and 0x80000000");
}

/* Mappings without an address. */
static void check_places(void)
{
	int size = 0x4000000, i;
	char *p, *q, *many[9];

	p = mmap(0, 8192, PROT_READ, ZEROS, -1, 0);
	q = mmap(0, 4096, PROT_READ, ZEROS, -1, 0);
	ok(p >= FIRST && q == p + 8192 && munmap(p, 4096) == 0 && munmap(q, 4096) == 0 &&
			mmap(0, 8192, PROT_READ, ZEROS, -1, 0) == q &&
			mmap(0, 4096, PROT_READ, ZEROS, -1, 0) == p,
		"each goes to the first place with room for it");
	munmap(p, 16384);
	for (i = 0; i < 9; i++)
		if ((many[i] = mmap(0, size, PROT_READ, ZEROS, -1, 0)) == MAP_FAILED)
			break;
	ok(i >= 7 && i < 9 && many[i - 1] + size <= (char *)0x80000000u, "as long as there is room");
	while (i > 0)
		munmap(many[--i], size);
	p = mmap(0, 4096, PROT_READ, ZEROS | MAP_GROWSUP, -1, 0);
	q = mmap(0, 4096, PROT_READ, ZEROS, -1, 0);
	ok(is_fatal(p + 4096, 0), "above a growing mapping a page is left");
	munmap(p, 4096);
	munmap(q, 4096);
}

/* A file that is shorter than its mapping. */
static void check_extending(void)
{
	int fd = make_file("short", 's', 100), all = PROT_READ | PROT_WRITE;
	int read_only = open("short", O_RDONLY);
	struct stat st;
	char *p;

	p = mmap(0, 5000, PROT_READ, MAP_SHARED, fd, 0);
	ok(p != MAP_FAILED && mmap(0, 5000, all, MAP_PRIVATE, fd, 0) != MAP_FAILED &&
			mmap(0, 5000, all, MAP_SHARED, read_only, 0) == MAP_FAILED &&
			fstat(fd, &st) == 0 && st.size == 100,
		"a file's length stays if its mapping cannot change it");
	p = mmap(0, 5000, all, MAP_SHARED, fd, 0);
	if (fork() == 0) {
		p[4999] = 'z';
		exit();
	}
	wait();
	ok(p[99] == 's' && p[100] == 0 && p[4999] == 'z', "what is stored beyond it is shared");
	ok(fstat(fd, &st) == 0 && st.size == 5000, "else it gets as long as that");
	p = mmap(0, 1000, all, MAP_SHARED | MAP_GROWSUP, fd, 4096);
	p[4095] = 'x';
	p[4096] = 'y';
	ok(fstat(fd, &st) == 0 && st.size == 12288 && p[903] == 'z' && p[4095] == 'x',
		"and grows with it, page by page");
	p = mmap(0, 4096 * 40, all, MAP_SHARED, fd, 0);
	p[4096 * 39] = 'x';
	ok(p[8192] == 'y' && fstat(fd, &st) == 0 && st.size == MAXFILE * BSIZE,
		"and at most as long as a file can be");
	close(fd);
	close(read_only);
}

static void check_growing(void)
{
	int all = PROT_READ | PROT_WRITE, up = ZEROS | MAP_FIXED | MAP_GROWSUP;
	int fd = make_file("g", 'g', 9000), i, good = 1;
	char *p = mmap(BASE, 4000, all, up, -1, 0);

	ok(p == BASE, "a growing mapping at its address");
	for (i = 0; i < 20000; i++)
		p[i] = 1;
	for (i = 0; i < 20000; i++)
		good &= p[i] == 1;
	ok(good, "MAP_GROWSUP grows page by page");
	ok(is_fatal(p + 30000, 0), "but not where a page is left out");
	mmap(BASE + 28672, 4096, all, up, -1, 0);
	p[20480] = 1;
	ok(is_fatal(p + 24576, 1), "and not up to another mapping");
	ok(munmap(p, 24576) == 0 && is_fatal(p + 24576, 1), "nor when it is unmapped");
	munmap(BASE + 28672, 4096);
	p = mmap(BASE, 4096, all, MAP_SHARED | MAP_GROWSUP | MAP_FIXED, fd, 0);
	close(fd);
	ok(p[4096] == 'g' && p[8999] == 'g' && p[9000] == 0,
		"a file's mapping grows with the file's bytes");
	munmap(p, 12288);
	p = mmap(BASE, 4096, all, ZEROS | MAP_FIXED, -1, 0);
	ok(is_fatal(p + 4096, 1), "without it nothing grows");
	munmap(p, 4096);
}

int main(void)
{
	ok(PROT_NONE == 0 && PROT_READ == 1 && PROT_WRITE == 2 && MAP_PRIVATE == 1 &&
			MAP_SHARED == 2 && MAP_ANONYMOUS == 4 && MAP_ANON == 4 && MAP_FIXED == 8 &&
			MAP_GROWSUP == 16,
		"mmap.h");
	check_rights();
	check_sharing();
	check_fixed();
	check_growing();
	check_places();
	check_extending();
	exit();
}
