/*
 * Exercise 1: what the kernel's small allocations cost on the whole machine, told by
 * /proc/kmalloc (which only mv6 has).
 */
#include "kmalloc.h"
#include "tap.h"

#define PIPES 200

static int fd[PIPES][2];

static long pages(void)
{
	return kmalloc_figure("pages");
}

static void open_all(void)
{
	for (int i = 0; i < PIPES; i++)
		if (pipe(fd[i]) < 0)
			bail_out("pipe: errno %d", errno);
}

static void close_all(void)
{
	for (int i = 0; i < PIPES; i++) {
		close(fd[i][0]);
		close(fd[i][1]);
	}
}

static long little(void)
{
	return kmalloc_figure("bytes") - kmalloc_figure("large");
}

int main(void)
{
	long before, bytes, with;

	plan(3);
	before = pages();
	want(on_linux() || before * (long)PS - kmalloc_figure("large") < (1 << 20));
	verdict("a machine that runs one program has less than 1 MiB of small objects");
	bytes = little();
	open_all();
	with = pages();
	diag("%ld pages, then %ld for %ld bytes more", before, with, little() - bytes);
	want(on_linux() || (with - before) * (long)PS < 2 * (little() - bytes));
	verdict("two hundred pipes take less than twice their bytes");
	close_all();
	want(on_linux() || pages() < before + (with - before) / 2 + 8);
	verdict("closing them gives pages back");
	return done();
}
