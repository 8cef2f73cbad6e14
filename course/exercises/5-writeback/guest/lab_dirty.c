/*
 * Exercise 5: what is counted as dirty, and that a store during write-back is not forgotten. Runs
 * on Linux too.
 */
#include "procmem.h"
#include "tap.h"

#include <pthread.h>

#define PAGES 512

static unsigned char *area;
static int fd;

static long dirty_kb(void)
{
	return proc_value("/proc/meminfo", "Dirty");
}

static void touch_all(unsigned char value)
{
	for (size_t i = 0; i < PAGES; i++)
		area[i * PS] = value;
}

/* Stores to all pages are seen in the figure. Write-back may come between: again, then. */
static bool becomes_dirty(unsigned char value)
{
	for (int tries = 0; tries < 5; tries++) {
		touch_all(value);
		if (!small_machine() || dirty_kb() >= (long)(PAGES * PS / 1024))
			return true;
	}
	return false;
}

static void marks(void)
{
	want(fsync(fd) == 0);
	want(becomes_dirty(1));
	verdict("what is stored is dirty");
	want_eq(msync(area, PAGES * PS, MS_SYNC), 0);
	want(!small_machine() || dirty_kb() < (long)(PAGES * PS / 4 / 1024));
	verdict("after msync it is not");
	want(becomes_dirty(2));
	verdict("stores to pages that were written make them dirty again");
}

static volatile bool stop;

static void *storer(void *arg)
{
	for (unsigned n = 0; !stop; n++)
		for (size_t i = 0; i < PAGES; i++)
			*(volatile unsigned *)(area + i * PS) = n;
	return arg;
}

static void stores_during_write_back(void)
{
	pthread_t thread;
	bool good = true;

	pthread_create(&thread, NULL, storer, NULL);
	for (int i = 0; i < 50; i++)
		good &= msync(area, PAGES * PS, MS_SYNC) == 0;
	stop = true;
	pthread_join(thread, NULL);
	want(good);
	touch_all(7);
	want_eq(msync(area, PAGES * PS, MS_SYNC), 0);
	for (size_t i = 0; i < PAGES; i++)
		want_eq(file_byte(fd, (off_t)(i * PS)), 7);
	verdict("write-back and stores at the same time");
}

int main(void)
{
	plan(4);
	fd = temp_file(PAGES * PS, 1);
	area = must_map(PAGES * PS, RW, MAP_SHARED, fd, 0);
	marks();
	stores_during_write_back();
	return done();
}
