/*
 * Exercise 4: what fork and the stores after it cost in memory. Runs on Linux too.
 */
#include "procmem.h"
#include "tap.h"

#define MIB (1ul << 20)
#define BIG (64 * MIB)
#define LITTLE_KB 2048 /* what a fork may take: tables, stacks, a little of everything */

static unsigned char *area;

static void touch_all(unsigned char *p, size_t n, unsigned char value)
{
	for (size_t i = 0; i < n; i += PS)
		p[i] = value;
}

static long private_kb(void)
{
	return smaps_kb(area, "Private_Dirty") + smaps_kb(area, "Private_Clean");
}

static void looks_at_all(void *arg)
{
	unsigned sum = 0;

	want_eq(private_kb(), 0);
	for (size_t i = 0; i < BIG; i += PS)
		sum += area[i];
	want_eq(sum, (unsigned)(BIG / PS * 5));
	want_eq(private_kb(), 0);
	(void)arg;
}

static void stores_to_ten(void *arg)
{
	for (size_t i = 0; i < 10; i++)
		area[i * 997 * PS] = 1;
	want_eq(private_kb(), 10 * (long)PS / 1024);
	(void)arg;
}

/* Memory that a child takes which does nothing, in kB. */
static long idle_child_kb(void)
{
	struct gate ready, end;
	long before, taken;
	pid_t pid;

	gate_init(&ready);
	gate_init(&end);
	before = memfree_kb();
	pid = tap_fork();
	if (pid == 0) {
		gate_open(&ready);
		gate_wait(&end);
		_exit(0);
	}
	gate_wait(&ready);
	taken = before - memfree_kb();
	gate_open(&end);
	wait_for(pid);
	gate_free(&ready);
	gate_free(&end);
	return taken;
}

int main(void)
{
	long before;

	plan(4);
	area = must_map(BIG, RW, ANON, -1, 0);
	touch_all(area, BIG, 5);
	if (small_machine()) {
		long taken = idle_child_kb();

		diag("a child of a process with %lu kB took %ld kB", BIG / 1024, taken);
		want(taken < LITTLE_KB);
		verdict("a fork of 64 MiB takes less than 2 MiB");
	} else {
		skip("others use memory here", "a fork of 64 MiB takes less than 2 MiB");
	}
	want_eq(child_checks(looks_at_all, NULL), 0);
	verdict("the child has nothing of its own, not even after it read all");
	want_eq(child_checks(stores_to_ten, NULL), 0);
	verdict("ten stores make ten copies");
	/* The children are gone: the pages are the parent's alone again, and need no copy. */
	before = memfree_kb();
	touch_all(area, BIG, 6);
	want(!small_machine() || before - memfree_kb() < LITTLE_KB);
	want(pagemap_word(area) & PM_ALONE);
	want_eq(private_kb(), BIG / 1024);
	verdict("what is nobody else's any more is written in place");
	unmap(area, BIG);
	return done();
}
