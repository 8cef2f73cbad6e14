/*
 * Exercise 4: after fork, each process has what was there, and its own stores. Runs on Linux too.
 */

#include "tap.h"

#include <pthread.h>

static void touch_all(unsigned char *p, size_t n, unsigned char value)
{
	for (size_t i = 0; i < n; i += PS)
		p[i] = value;
}

static void sees_everything(void *arg)
{
	unsigned char *p = arg;

	want(filled(p, 40 * PS, 3));
}

static void stores_to_some(void *arg)
{
	unsigned char *p = arg;

	p[0] ^= 0xff;
	p[20 * PS] ^= 0xff;
	want_eq(p[0], pattern(0, 3) ^ 0xff);
	want_eq(p[1], pattern(1, 3));
	want(filled_from(p + 21 * PS, 19 * PS, 3, 21 * PS));
}

static void contents(void)
{
	unsigned char *p = must_map(40 * PS, RW, ANON, -1, 0);
	struct gate gate;
	pid_t pid;

	fill(p, 40 * PS, 3);
	want_eq(child_checks(sees_everything, p), 0);
	verdict("the child sees what the parent stored");
	want_eq(child_checks(stores_to_some, p), 0);
	want(filled(p, 40 * PS, 3));
	verdict("the child's stores are its own");
	gate_init(&gate);
	pid = tap_fork();
	if (pid == 0) {
		gate_wait(&gate);
		want(filled(p, 40 * PS, 3));
		_exit(tap.bad ? 1 : 0);
	}
	touch_all(p, 40 * PS, 0xee);
	gate_open(&gate);
	want_eq(wait_for(pid), 0);
	gate_free(&gate);
	verdict("the parent's stores are its own");
	unmap(p, 40 * PS);
}

static void level(unsigned char *p, int n)
{
	pid_t pid;

	if (n == 5)
		return;
	pid = tap_fork();
	if (pid == 0) {
		want(all_bytes(p, PS, (unsigned char)n));
		memset(p, n + 1, PS);
		level(p, n + 1);
		want(all_bytes(p, PS, (unsigned char)(n + 1)));
		_exit(tap.bad ? 1 : 0);
	}
	want_eq(wait_for(pid), 0);
	want(all_bytes(p, PS, (unsigned char)n));
}

static void generations(void)
{
	unsigned char *p = must_map(PS, RW, ANON, -1, 0);

	level(p, 0);
	verdict("five generations have a page each");
	unmap(p, PS);
}

/* The kernel stores for the program: that is a store like others. */
static void kernel_stores(void)
{
	unsigned char *p = must_map(2 * PS, RW, ANON, -1, 0);
	int fd = temp_file(2 * PS, 9);
	pid_t pid;

	fill(p, 2 * PS, 3);
	pid = tap_fork();
	if (pid == 0) {
		want_eq(pread(fd, p, 2 * PS, 0), 2 * PS);
		want(filled(p, 2 * PS, 9));
		_exit(tap.bad ? 1 : 0);
	}
	want_eq(wait_for(pid), 0);
	want(filled(p, 2 * PS, 3));
	verdict("what read(2) stores for the child is the child's");
	close(fd);
	unmap(p, 2 * PS);
}

/* --- stores while fork is at work --- */

#define WORDS 512

static volatile unsigned *words; /* one a page */
static volatile bool stop;

static void *storer(void *arg)
{
	for (unsigned n = 1; !stop; n++)
		for (unsigned i = 0; i < WORDS; i++)
			words[i * PS / sizeof(*words)] = n;
	return arg;
}

/* The child's pages do not change, whatever the parent's other thread does. */
static void child_stands_still(void)
{
	static unsigned seen[WORDS];

	for (unsigned i = 0; i < WORDS; i++)
		seen[i] = words[i * PS / sizeof(*words)];
	for (int round = 0; round < 20; round++) {
		for (unsigned i = 0; i < WORDS; i++)
			want_eq(words[i * PS / sizeof(*words)], seen[i]);
		usleep(1000);
	}
}

static void stores_during_fork(void)
{
	pthread_t thread;

	words = (unsigned *)must_map(WORDS * PS, RW, ANON, -1, 0);
	pthread_create(&thread, NULL, storer, NULL);
	for (int i = 0; i < 10; i++) {
		pid_t pid = tap_fork();

		if (pid == 0) {
			child_stands_still();
			_exit(tap.bad ? 1 : 0);
		}
		want_eq(wait_for(pid), 0);
	}
	stop = true;
	pthread_join(thread, NULL);
	unmap(words, WORDS * PS);
	verdict("another thread's stores during fork do not reach the child later");
}

int main(void)
{
	plan(6);
	contents();
	generations();
	kernel_stores();
	stores_during_fork();
	return done();
}
