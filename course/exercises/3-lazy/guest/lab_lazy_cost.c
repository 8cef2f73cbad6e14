/*
 * Exercise 3: memory that is mapped costs nothing, memory that is read little, and each page that
 * is stored to a page. Runs on Linux too.
 */
#include "procmem.h"
#include "tap.h"

#define MIB (1ul << 20)
#define BIG (64 * MIB)
#define LITTLE_KB 1024

static long before;

/* What was taken since `before`, where nobody else uses memory; 0 elsewhere. */
static long taken_kb(void)
{
	long kb = before - memfree_kb();

	diag("%ld kB", kb);
	return small_machine() ? kb : 0;
}

static long private_kb(const volatile void *p)
{
	return smaps_kb(p, "Private_Dirty");
}

static void one_page(void)
{
	unsigned char *p = must_map(BIG, RW, ANON, -1, 0);

	before = memfree_kb();
	p[BIG / 2] = 1;
	want(taken_kb() < LITTLE_KB);
	want_eq(private_kb(p), (long)PS / 1024);
	verdict("a store to 64 MiB takes one page");
	for (size_t i = 0; i < 100; i++)
		p[i * 100 * PS] = 1;
	want_eq(private_kb(p), 101 * (long)PS / 1024);
	verdict("a hundred more take a hundred more");
	unmap(p, BIG);
}

static void reads(void)
{
	unsigned char *p = must_map(BIG, RW, ANON, -1, 0);
	unsigned sum = 0;

	before = memfree_kb();
	for (size_t i = 0; i < BIG; i += PS)
		sum += p[i];
	want_eq(sum, 0);
	want(taken_kb() < LITTLE_KB);
	want_eq(private_kb(p), 0);
	verdict("reading 64 MiB takes no memory but tables");
	p[5 * PS] = 1;
	want_eq(private_kb(p), (long)PS / 1024);
	want_eq(p[6 * PS], 0);
	verdict("a store to what was read takes one page");
	unmap(p, BIG);
}

/* More than there is memory, but little of it touched. */
static void sparse(void)
{
	size_t len = 1024 * MIB;
	long at = map(0, len, RW, ANON | MAP_NORESERVE, -1, 0);
	volatile unsigned char *p = (volatile unsigned char *)at;

	want(!is_error(at));
	if (!tap.bad) {
		for (size_t i = 0; i < len; i += 16 * MIB)
			p[i] = (unsigned char)(i >> 24);
		for (size_t i = 0; i < len; i += 16 * MIB)
			want(p[i] == (unsigned char)(i >> 24) && p[i + PS] == 0);
		unmap(p, len);
	}
	verdict("1 GiB with a page here and there fits in less");
}

int main(void)
{
	plan(5);
	one_page();
	reads();
	sparse();
	return done();
}
