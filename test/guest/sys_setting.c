/*
 * Calls that ask or set what is the system's, and hints: sethostname, setdomainname, clock_settime,
 * settimeofday, membarrier, personality, close_range, fadvise64, sync_file_range.
 *
 * On a Linux that runs the tests nothing of the system's is set: only what is refused is tried
 * there.
 */
#include "child.h"

#include <linux/membarrier.h>
#include <sys/personality.h>
#include <sys/time.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u
#endif

static int names_as_nobody(void)
{
	if (setuid(65534))
		return 1;
	if (sethostname("x", 1) != -1 || errno != EPERM)
		return 2;
	if (setdomainname("x", 1) != -1 || errno != EPERM)
		return 3;
	return syscall(SYS_sethostname, 1, 1000) == -1 && errno == EPERM ? 0 : 4;
}

static void test_names(void)
{
	struct utsname u, old;
	char name[65];

	is(in_child(names_as_nobody), 0, "sethostname, setdomainname: for the superuser");
	want_eq(uname(&old), 0);
	if (!on_linux()) {
		memset(name, 'h', sizeof(name));
		want_eq(sys(SYS_sethostname, name, 65), -EINVAL);
		want_eq(sys(SYS_sethostname, name, -1), -EINVAL);
		want_eq(sys(SYS_sethostname, 1, 4), -EFAULT);
		want_eq(sethostname(name, 64), 0);
		want(uname(&u) == 0 && strlen(u.nodename) == 64);
		want_eq(sethostname("little", 6), 0);
		want(uname(&u) == 0 && !strcmp(u.nodename, "little"));
		want_eq(setdomainname("home", 4), 0);
		want(uname(&u) == 0 && !strcmp(u.domainname, "home"));
		want(gethostname(name, sizeof(name)) == 0 && !strcmp(name, "little"));
		want_eq(sethostname(old.nodename, strlen(old.nodename)), 0);
		want_eq(setdomainname(old.domainname, strlen(old.domainname)), 0);
	}
	want(uname(&u) == 0 && !memcmp(&u, &old, sizeof(u)));
	verdict("sethostname, setdomainname: uname tells them");
}

/* --- the clock --- */

static int clock_as_nobody(void)
{
	struct timespec now, bad = { 0, 1000000000 };
	struct timeval tv = { 5, 0 }, bad_tv = { 5, 1000001 };

	if (setuid(65534) || clock_gettime(CLOCK_REALTIME, &now))
		return 1;
	if (clock_settime(CLOCK_REALTIME, &now) != -1 || errno != EPERM)
		return 2;
	if (settimeofday(&tv, NULL) != -1 || errno != EPERM)
		return 3;
	if (clock_settime(CLOCK_REALTIME, &bad) != -1 || errno != EINVAL)
		return 4;
	if (settimeofday(&bad_tv, NULL) != -1 || errno != EINVAL)
		return 5;
	if (clock_settime(CLOCK_MONOTONIC, &now) != -1 || errno != EINVAL)
		return 6;
	if (clock_settime(CLOCK_PROCESS_CPUTIME_ID, &now) != -1 || errno != EINVAL)
		return 7;
	/* The process's again, under its other name. */
	if (clock_settime(~0u << 3, &now) != -1 || errno != EPERM)
		return 9;
	if (clock_settime(77, &now) != -1 || errno != EINVAL)
		return 8;
	return 0;
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Sleeps until a real time that is an hour away; the clock comes to it. `looked`: it is known. */
static int sleep_to(struct gate *looked)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += 3600;
	gate_open(looked);
	return clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL);
}

static void test_clock(void)
{
	struct timespec t, tiny = { 0, 0 };
	double real, mono;
	struct gate looked;
	pid_t pid;

	is(in_child(clock_as_nobody), 0, "clock_settime, settimeofday: errors in order");
	if (!on_linux()) {
		real = seconds(CLOCK_REALTIME);
		mono = seconds(CLOCK_MONOTONIC);
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_sec += 100000;
		want_eq(clock_settime(CLOCK_REALTIME, &t), 0);
		want(seconds(CLOCK_REALTIME) - real > 99999);
		want(seconds(CLOCK_MONOTONIC) - mono < 1000);
		want(time(NULL) - real > 99998);
		t.tv_sec -= 100000;
		want_eq(clock_settime(CLOCK_REALTIME, &t), 0);
		want(seconds(CLOCK_REALTIME) - real < 1000);
		/* Before the machine was started. */
		want(clock_settime(CLOCK_REALTIME, &tiny) == -1 && errno == EINVAL);
	}
	verdict("clock_settime sets the real-time clock and no other");
	if (!on_linux()) {
		gate_init(&looked);
		pid = tap_fork();
		if (pid == 0)
			_exit(sleep_to(&looked));
		gate_wait(&looked);
		gate_free(&looked);
		want(until_asleep(pid, pid));
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_sec += 3700;
		want_eq(clock_settime(CLOCK_REALTIME, &t), 0);
		want_eq(end_of(pid), 0);
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_sec -= 3700;
		want_eq(clock_settime(CLOCK_REALTIME, &t), 0);
	}
	verdict("who sleeps until a real time wakes when the clock is set beyond it");
}

/* --- sleeping by each clock --- */

static void test_sleeps(void)
{
	static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME,
		CLOCK_TAI };
	static const clockid_t without[] = { CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
		CLOCK_MONOTONIC_COARSE };
	struct timespec t, short_time = { 0, 2000000 };

	for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
		double start = seconds(clocks[i]);

		want_eq(clock_nanosleep(clocks[i], 0, &short_time, NULL), 0);
		want(seconds(clocks[i]) - start >= 0.002);
		clock_gettime(clocks[i], &t);
		t.tv_nsec += 2000000;
		if (t.tv_nsec >= 1000000000) {
			t.tv_sec++;
			t.tv_nsec -= 1000000000;
		}
		want_eq(clock_nanosleep(clocks[i], TIMER_ABSTIME, &t, NULL), 0);
		want(seconds(clocks[i]) >= t.tv_sec + t.tv_nsec / 1e9);
		t.tv_sec = 0;
		want_eq(clock_nanosleep(clocks[i], TIMER_ABSTIME, &t, NULL), 0);
	}
	verdict("clock_nanosleep by REALTIME, MONOTONIC, BOOTTIME, TAI, relative and absolute");
	for (size_t i = 0; i < sizeof(without) / sizeof(*without); i++)
		want_eq(clock_nanosleep(without[i], 0, &short_time, NULL), EOPNOTSUPP);
	want_eq(sys(SYS_clock_nanosleep, 99, 0, &short_time, NULL), -EINVAL);
	verdict("clock_nanosleep by clocks that only tell the time: EOPNOTSUPP");
}

/* --- the process --- */

static void test_membarrier(void)
{
	want(sys(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) >= 0);
	want_eq(sys(SYS_membarrier, MEMBARRIER_CMD_QUERY, 4096, 0), -EINVAL);
	want_eq(sys(SYS_membarrier, -1, 0, 0), -EINVAL);
	verdict("membarrier answers which commands there are");
}

static int ask_personality(void)
{
	return personality(0xffffffff) == ADDR_NO_RANDOMIZE ? 0 : 1;
}

static int keep_personality(void)
{
	int old = personality(ADDR_NO_RANDOMIZE);

	if (old != 0 || personality(0xffffffff) != ADDR_NO_RANDOMIZE)
		return 2;
	return in_child(ask_personality);
}

static void test_personality(void)
{
	is(personality(0xffffffff), 0, "personality: Linux's own");
	is(in_child(keep_personality), 0, "ADDR_NO_RANDOMIZE is kept and inherited");
}

/* --- ranges --- */

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void test_close_range(void)
{
	int fds[4];

	for (int i = 0; i < 4; i++) {
		fds[i] = fcntl(1, F_DUPFD, 50);
		want_eq(fds[i], 50 + i);
	}
	want_eq(sys(SYS_close_range, 51, 52, CLOSE_RANGE_CLOEXEC), 0);
	want_eq(fcntl(50, F_GETFD), 0);
	want_eq(fcntl(51, F_GETFD), FD_CLOEXEC);
	want_eq(fcntl(52, F_GETFD), FD_CLOEXEC);
	want_eq(fcntl(53, F_GETFD), 0);
	verdict("close_range with CLOSE_RANGE_CLOEXEC marks the range");
	want_eq(sys(SYS_close_range, 51, 52, 0), 0);
	want(is_open(50) && !is_open(51) && !is_open(52) && is_open(53));
	want_eq(sys(SYS_close_range, 51, 52, 0), 0);
	verdict("close_range closes what is open in the range");
	want_eq(sys(SYS_close_range, 50, ~0u, 0), 0);
	want(!is_open(50) && !is_open(53) && is_open(1));
	verdict("up to the largest number");
	want_eq(sys(SYS_close_range, 5, 4, 0), -EINVAL);
	want_eq(sys(SYS_close_range, 50, 60, 64), -EINVAL);
	want_eq(sys(SYS_close_range, ~0u, ~0u, 0), 0);
	verdict("close_range: errors");
}

static void test_hints(void)
{
	int fd = open("hints", O_RDWR | O_CREAT, 0644), p[2];

	want(fd >= 0 && ftruncate(fd, 10000) == 0 && pipe(p) == 0);
	for (int advice = POSIX_FADV_NORMAL; advice <= POSIX_FADV_NOREUSE; advice++)
		want_eq(posix_fadvise(fd, 0, 0, advice), 0);
	want_eq(posix_fadvise(fd, 1ll << 40, 1ll << 40, POSIX_FADV_DONTNEED), 0);
	want_eq(posix_fadvise(fd, 0, 0, 6), EINVAL);
	want_eq(posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL), EINVAL);
	want_eq(posix_fadvise(p[0], 0, 0, POSIX_FADV_NORMAL), ESPIPE);
	want_eq(posix_fadvise(-1, 0, 0, POSIX_FADV_NORMAL), EBADF);
	verdict("posix_fadvise judges its arguments");
	want_eq(write(fd, "some data", 9), 9);
	want_eq(sync_file_range(fd, 0, 0, 0), 0);
	want_eq(sync_file_range(fd, 0, 4096, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
		   SYNC_FILE_RANGE_WAIT_AFTER), 0);
	fails(sync_file_range(fd, 0, 0, 8), EINVAL, "sync_file_range: flags");
	want(sync_file_range(fd, -1, 0, 0) == -1 && errno == EINVAL);
	want(sync_file_range(fd, 0, -1, 0) == -1 && errno == EINVAL);
	want(sync_file_range(p[1], 0, 0, 0) == -1 && errno == ESPIPE);
	want(sync_file_range(-1, 0, 0, 0) == -1 && errno == EBADF);
	verdict("sync_file_range: files and ranges");
	close(fd);
	close(p[0]);
	close(p[1]);
	unlink("hints");
}

int main(void)
{
	test_names();
	test_clock();
	test_sleeps();
	test_membarrier();
	test_personality();
	test_close_range();
	test_hints();
	return done();
}
