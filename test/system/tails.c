/*
 * A file grows and shrinks inside its last page on a full disk, while one thread brings it to the
 * disk all the time and another takes every block that gets free. A write may say that there is no
 * space; what it took is not lost for want of space later. Status 0 if so.
 */
#include "../guest/child.h"

#include <pthread.h>

#define ROUNDS 3000
#define HOLD (64 * 1024) /* what the thief gives back at times */

static char block[65536];
static volatile int stop, lost;

static void *syncer(void *arg)
{
	while (!stop)
		if (fsync(*(int *)arg))
			lost = errno;
	return NULL;
}

static void *thief(void *arg)
{
	int fd = *(int *)arg;
	off_t size = lseek(fd, 0, SEEK_END);

	for (unsigned i = 1; !stop; i++) {
		if (i % 64 == 0)
			ftruncate(fd, size - HOLD);
		while (pwrite(fd, block, 4096, lseek(fd, 0, SEEK_END)) > 0)
			;
		sched_yield();
	}
	return NULL;
}

/* Write single bytes in growing distances. True if the file then holds those that were taken. */
static bool grow(int fd, unsigned round)
{
	char want[4096] = {0}, got[4096] = {0};
	off_t end = 0;

	for (unsigned at = round % 700; at < sizeof(want); at += 300 + round * 7 % 900) {
		char c = (char)(1 + (round + at) % 100);

		if (pwrite(fd, &c, 1, at) != 1) {
			want_eq(errno, ENOSPC);
			break;
		}
		want[at] = c;
		end = at + 1;
	}
	return pread(fd, got, sizeof(got), 0) == end && !memcmp(got, want, sizeof(want));
}

int main(void)
{
	int fd = open("file", O_RDWR | O_CREAT, 0644);
	int large = open("large", O_RDWR | O_CREAT, 0644);
	unsigned round = 0, bad = 0;
	pthread_t one, two;

	want(fd >= 0 && large >= 0);
	memset(block, 0xee, sizeof(block));
	while (write(large, block, sizeof(block)) > 0 || write(large, block, 4096) > 0)
		;
	pthread_create(&one, NULL, syncer, &fd);
	pthread_create(&two, NULL, thief, &large);
	for (; round < ROUNDS; round++) {
		bad += !grow(fd, round);
		if (ftruncate(fd, round % 3 ? 0 : round % 999))
			want_eq(errno, ENOSPC);
		ftruncate(fd, 0);
	}
	stop = 1;
	pthread_join(one, NULL);
	pthread_join(two, NULL);
	want_eq(bad, 0);
	want_eq(lost, 0);
	want_eq(fsync(fd), 0);
	verdict("what a file took inside its last page is not lost on a full disk");
	return done();
}
