/*
 * Files of /proc that are made by a walk over all mappings, of a process with very many: others on
 * the same CPU get their turn meanwhile.
 */
#include "priority.h"

#define MAPPINGS 50000
#define ROUNDS 10
#define SLICE_MS 40 /* nobody's slice is longer */

/* What the other process sees: how long it did not have the CPU. Shared. */
struct other {
	volatile int64_t longest; /* ns */
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void look_at_clock(struct other *o)
{
	int64_t last = now_ns();

	for (;;) {
		int64_t now = now_ns();

		if (now - last > o->longest)
			o->longest = now - last;
		last = now;
	}
}

static pid_t start_other(struct other *o)
{
	pid_t pid = tap_fork();

	if (!pid) {
		bind_to(0, 1);
		look_at_clock(o);
	}
	return pid;
}

/* To its end. The bytes. */
static size_t read_all(const char *path)
{
	static char buf[4 << 20];
	int fd = open(path, O_RDONLY);
	size_t sum = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		sum += (size_t)n;
	close(fd);
	return sum;
}

/*
 * The other one never waited for a quarter of the time that the file took. A busy host may stop it at
 * any time, so once is enough.
 */
static void test_turns(const char *path, struct other *o)
{
	int64_t start, took = 0, longest = 0;
	bool good = false;

	for (int i = 0; i < ROUNDS && !good; i++) {
		sleep_ms(20);
		o->longest = 0;
		start = now_ns();
		want(read_all(path) > 0);
		took = now_ns() - start;
		sleep_ms(50);
		longest = o->longest;
		good = longest < took / 4 || longest < SLICE_MS * 1000000LL;
	}
	want(good);
	if (!good)
		diag("%lld ms of %lld", (long long)longest / 1000000, (long long)took / 1000000);
	verdict("%s of many mappings is made while others run", path);
}

int main(void)
{
	struct other *o = (struct other *)must_map(PS, RW, SHANON, -1, 0);
	unsigned char *p = must_map(MAPPINGS * PS, PROT_NONE, ANON, -1, 0);
	pid_t pid;

	for (size_t i = 0; i < MAPPINGS; i += 2)
		protect(p + i * PS, PS, PROT_READ);
	bind_to(0, 1);
	pid = start_other(o);
	test_turns("/proc/self/maps", o);
	test_turns("/proc/self/smaps_rollup", o);
	test_turns("/proc/self/statm", o);
	want_eq(kill(pid, SIGKILL), 0);
	is(end_of(pid), KILLED_BY(SIGKILL), "the other one was there");
	return done();
}
