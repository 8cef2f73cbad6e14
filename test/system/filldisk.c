/*
 * Fills the disk: write, mkdir and a store through a mapping of a hole say that there is no space,
 * in their ways; after everything was removed all space is there again. Status 0 if so.
 */
#include "../guest/child.h"

#include <sys/statfs.h>

static char block[65536];

static long free_blocks(void)
{
	struct statfs st;

	sync();
	return statfs(".", &st) == 0 ? (long)st.f_bfree : -1;
}

/* Writes whole blocks, then single bytes, until there is no space. */
static void fill_up(int fd)
{
	while (write(fd, block, sizeof(block)) > 0)
		;
	want_eq(errno, ENOSPC);
	while (write(fd, block, 1000) > 0)
		;
	want_eq(errno, ENOSPC);
	want_eq(fsync(fd), 0);
}

/* Stores to a page for which there is no block. */
static int store_to_hole(void)
{
	volatile unsigned char *p;
	int fd = open("hole", O_RDWR);

	if (fd < 0 || ftruncate(fd, 64 * PS))
		return 1;
	p = mmap(NULL, 64 * PS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (unsigned i = 0; i < 64; i++)
		p[i * PS] = 1;
	return 2;
}

int main(void)
{
	long before, after;
	char name[32];
	int fd, made = 0, n;

	/* The directory may keep a block of its own. */
	want_eq(close(open("first", O_RDWR | O_CREAT, 0644)), 0);
	unlink("first");
	before = free_blocks();
	want_eq(close(open("hole", O_RDWR | O_CREAT, 0644)), 0);
	fd = open("large", O_RDWR | O_CREAT, 0644);
	want(fd >= 0);
	fill_up(fd);
	verdict("write says ENOSPC, and what was written can be synchronised");
	while (made < 100) {
		sprintf(name, "dir%d", made);
		if (mkdir(name, 0755))
			break;
		made++;
	}
	ok(made < 100 && errno == ENOSPC, "mkdir says ENOSPC");
	is(in_child(store_to_hole), KILLED_BY(SIGBUS), "a store through a mapping ends in SIGBUS");
	n = pwrite(fd, "x", 1, 100);
	ok(n == 1 && fsync(fd) == 0, "blocks that the file has can be written still");
	want_eq(ftruncate(fd, 1000000), 0);
	want_eq(pwrite(fd, block, sizeof(block), 2000000), (long)sizeof(block));
	verdict("a shorter file makes room");
	close(fd);
	unlink("large");
	unlink("hole");
	while (made--) {
		sprintf(name, "dir%d", made);
		want_eq(rmdir(name), 0);
	}
	after = free_blocks();
	ok(after == before, "all space is free again");
	if (after != before)
		diag("%ld blocks were free, now %ld are", before, after);
	return done();
}
