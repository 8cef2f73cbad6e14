/*
 * Exercise 3: anonymous memory is zeros, whoever touches it first and how; stacks grow. Runs on
 * Linux too.
 */
#include "tap.h"

#include <pthread.h>

#define MIB (1ul << 20)

static void first_touch(void)
{
	unsigned char *p = must_map(16 * PS, RW, ANON, -1, 0);

	for (size_t i = 0; i < 16; i++)
		want_eq(p[i * PS + 100 * i], 0);
	verdict("what is read first is zero");
	for (size_t i = 0; i < 16; i++)
		p[i * PS + 5] = 1;
	for (size_t i = 0; i < 16; i++)
		want(all_bytes(p + i * PS, 5, 0) && p[i * PS + 5] == 1 &&
			all_bytes(p + i * PS + 6, PS - 6, 0));
	verdict("a store after a read finds zeros around it");
	unmap(p, 16 * PS);
	p = must_map(16 * PS, RW, ANON, -1, 0);
	for (size_t i = 0; i < 16; i++) {
		p[i * PS + 7] = 2;
		want(all_bytes(p + i * PS, 7, 0) && all_bytes(p + i * PS + 8, PS - 8, 0));
	}
	verdict("what is stored to first is zero around it");
	unmap(p, 16 * PS);
}

static void rights(void)
{
	unsigned char *p = must_map(4 * PS, PROT_READ, ANON, -1, 0);

	want_eq(p[0], 0);
	want_fault(p, WRITE, ACCERR);
	want_fault(p + PS, WRITE, ACCERR);
	want_eq(protect(p, 4 * PS, RW), 0);
	p[0] = 1;
	p[PS] = 2;
	want(p[0] == 1 && p[PS] == 2 && p[2 * PS] == 0);
	unmap(p, 4 * PS);
	verdict("the first touch obeys the mapping's rights, then and later");
}

/* The kernel touches first. */
static void kernel_touches(void)
{
	unsigned char *p = must_map(4 * PS, RW, ANON, -1, 0);
	int fd = temp_file(2 * PS, 4), out = temp_file(0, 0);

	want_eq(pread(fd, p + 100, PS, 0), PS);
	want(all_bytes(p, 100, 0) && filled(p + 100, PS, 4));
	want(all_bytes(p + 100 + PS, PS - 100, 0));
	want_eq(pwrite(out, p + 2 * PS, PS, 0), PS);
	want_eq(file_byte(out, 17), 0);
	close(fd);
	close(out);
	unmap(p, 4 * PS);
	verdict("read(2) and write(2) may be the first to touch");
}

#define ROUNDS 30
#define TOGETHER 64 /* pages */

static unsigned char *shared;
static pthread_barrier_t together;

/*
 * Two threads store to a byte of their own in each page, two only look. Nobody may get a page of
 * its own, and nothing that was stored may be hidden by what a reader got.
 */
static void *toucher(void *arg)
{
	size_t me = (size_t)arg;

	for (int round = 0; round < ROUNDS; round++) {
		volatile unsigned char *p = shared + (size_t)round * TOGETHER * PS;

		pthread_barrier_wait(&together);
		for (size_t i = 0; i < TOGETHER; i++, p += PS) {
			if (me < 2)
				p[me] = (unsigned char)(me + 1);
			else
				(void)p[me];
		}
	}
	return NULL;
}

static void touched_together(void)
{
	pthread_t thread[4];

	shared = must_map(ROUNDS * TOGETHER * PS, RW, ANON, -1, 0);
	pthread_barrier_init(&together, NULL, 4);
	for (size_t i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, toucher, (void *)i);
	for (size_t i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	for (size_t i = 0; i < ROUNDS * TOGETHER; i++)
		want(shared[i * PS] == 1 && shared[i * PS + 1] == 2);
	unmap(shared, ROUNDS * TOGETHER * PS);
	verdict("threads that touch a page at once get one page");
}

static unsigned deep(unsigned n)
{
	volatile unsigned char room[1000];

	room[0] = room[999] = (unsigned char)n;
	return n ? deep(n - 1) + room[0] - room[999] : 0;
}

static void recurse(void *arg)
{
	want_eq(deep(*(unsigned *)arg), 0);
}

static void stack(void)
{
	unsigned little = 4000, much = 20000;

	want_eq(child_checks(recurse, &little), 0);
	verdict("the stack grows to some megabytes");
	want_eq(child_checks(recurse, &much), SIGSEGV);
	verdict("but not beyond its limit");
}

int main(void)
{
	plan(8);
	first_touch();
	rights();
	kernel_touches();
	touched_together();
	stack();
	return done();
}
