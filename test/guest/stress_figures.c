/*
 * The figures in /proc of processes that map, fork, lock and end meanwhile.
 */
#include "tap.h"

#include <time.h>

#define WORKERS 4
#define SECONDS 4

static const char *const files[] = {"maps", "smaps", "smaps_rollup", "status", "statm", "stat"};

static int shared_file;

/* Mappings of all kinds, touched, locked in part. */
struct life {
	unsigned char *p, *s, *f, *q;
};

static void end_life(const struct life *l)
{
	unmap(l->p, 64 * PS);
	unmap(l->s, 16 * PS);
	unmap(l->f, 16 * PS);
	unmap(l->q, 16 * PS);
}

static struct life live(unsigned seed)
{
	unsigned char *p = must_map(64 * PS, RW, ANON, -1, 0);
	unsigned char *s = must_map(16 * PS, RW, SHANON, -1, 0);
	unsigned char *f = must_map(16 * PS, RW, MAP_SHARED, shared_file, 0);
	unsigned char *q = must_map(16 * PS, RW, MAP_PRIVATE, shared_file, 0);

	for (unsigned i = 0; i < 64; i++) {
		unsigned at = (seed = seed * 1664525 + 1013904223) >> 16;

		p[at % 64 * PS] = s[at % 16 * PS] = f[at / 3 % 16 * PS] = q[at / 5 % 16 * PS] = 1;
		if (at % 7 == 0)
			unmap(p + at % 64 * PS, PS),
				map(p + at % 64 * PS, PS, RW, ANON | MAP_FIXED, -1, 0);
		if (at % 5 == 0)
			sys(SYS_mlock, s + at % 8 * PS, 4 * PS);
		if (at % 11 == 0)
			protect(p + at % 60 * PS, 4 * PS, PROT_READ), protect(p, 64 * PS, RW);
		if (at % 31 == 0)
			sys(SYS_munlockall);
	}
	return (struct life){p, s, f, q};
}

static void work(unsigned seed)
{
	for (;; seed++) {
		struct life life = live(seed);
		pid_t pid = fork();

		if (pid == 0) {
			live(seed + 1000);
			_exit(0);
		}
		if (pid > 0)
			wait_for(pid);
		end_life(&life);
	}
}

/* Read it all; -1 if it could not be opened, for the process may be gone. */
static long read_all(const char *path)
{
	char buf[4096];
	long sum = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return -1;
	while ((n = read(fd, buf, sizeof buf)) > 0)
		sum += n;
	close(fd);
	return sum;
}

static void look_at(pid_t pid)
{
	char path[64];
	int fd;

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, files[i]);
		want(read_all(path) > 0);
	}
	snprintf(path, sizeof path, "/proc/%d/pagemap", (int)pid);
	fd = open(path, O_RDONLY);
	for (unsigned long at = 0x40000000; at < 0x40100000; at += 64 * PS) {
		uint64_t words[64];

		want_eq(pread(fd, words, sizeof words, (off_t)(at / PS * 8)), sizeof words);
	}
	close(fd);
}

static long seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec;
}

int main(void)
{
	pid_t pids[WORKERS];
	long end = seconds() + SECONDS;

	shared_file = temp_file(16 * PS, 1);
	for (unsigned i = 0; i < WORKERS; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0)
			work(i);
	}
	while (seconds() < end && !tap.bad) {
		for (unsigned i = 0; i < WORKERS; i++)
			look_at(pids[i]);
		read_all("/proc/meminfo");
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		want_eq(kill(pids[i], SIGKILL), 0);
		want(WIFSIGNALED(wait_for(pids[i])));
	}
	verdict("the figures of processes that change meanwhile can be read");
	return done();
}
