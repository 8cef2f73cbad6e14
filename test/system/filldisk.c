/*
 * Fills the disk: write, mkdir and a store through a mapping of a hole say that there is no space,
 * in their ways, and a hole that a store could not fill is read as zeros; after everything was
 * removed all space is there again. Status 0 if so.
 */
#include "../guest/child.h"

#include <sys/statfs.h>

#define ROOM (1 << 20) /* of blocks that a removed file has filled with OLD */
#define OLD 0xdd

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

/* Fill memory until the second page of fd's file is not in it any more. */
static int push_out(int fd)
{
	unsigned char *p = mmap(NULL, 2 * PS, PROT_READ, MAP_SHARED, fd, 0), in[2];
	unsigned long step = 1 << 20;

	for (int i = 0; i < 1000; i++) {
		if (mincore(p, 2 * PS, in) || !(in[1] & 1))
			return 0;
		memset(must_map(step, RW, ANON, -1, 0), 1, step);
	}
	return 1;
}

/*
 * Some blocks are free, full of another file's bytes, but fewer than a page needs: a store to a hole
 * fails, and takes none of them. `tail` has a block to give.
 */
static void hole_stays_hole(const char *tail)
{
	unsigned char page[PS];
	int fd = open("hole", O_RDWR);
	struct statfs st;
	long free;
	pid_t pid;

	want_eq(fd < 0 || ftruncate(fd, 64 * PS), 0);
	want_eq(statfs(".", &st), 0);
	if (free_blocks() == 0)
		want_eq(unlink(tail), 0);
	free = free_blocks();
	if (free > 0 && free < (long)(PS / st.f_bsize)) {
		want_eq(pwrite(fd, "x", 1, PS + 10), -1);
		want_eq(errno, ENOSPC);
		want_eq(free_blocks(), free);
	}
	pid = tap_fork();
	if (pid == 0)
		_exit(push_out(fd));
	want_eq(end_of(pid), 0);
	want_eq(pread(fd, page, PS, PS), (long)PS);
	for (unsigned i = 0; i < PS; i++)
		if (page[i] == OLD) {
			want_eq(page[i], 0);
			break;
		}
	verdict("a hole that could be filled only in part is a hole still");
	close(fd);
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
	fd = open("tail", O_RDWR | O_CREAT, 0644);
	memset(block, OLD, sizeof(block));
	want_eq(write(fd, block, 1000), 1000);
	want_eq(fsync(fd) || close(fd), 0);
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
	want_eq(ftruncate(fd, lseek(fd, 0, SEEK_END) - ROOM), 0);
	lseek(fd, 0, SEEK_END);
	sync();
	memset(block, 1, sizeof(block));
	fill_up(fd);
	hole_stays_hole("tail");
	is(in_child(store_to_hole), KILLED_BY(SIGBUS), "a store through a mapping ends in SIGBUS");
	n = pwrite(fd, "x", 1, 100);
	ok(n == 1 && fsync(fd) == 0, "blocks that the file has can be written still");
	want_eq(ftruncate(fd, 1000000), 0);
	want_eq(pwrite(fd, block, sizeof(block), 2000000), (long)sizeof(block));
	verdict("a shorter file makes room");
	close(fd);
	unlink("large");
	unlink("hole");
	unlink("tail");
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
