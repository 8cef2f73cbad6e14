/*
 * i386 alone: calls with 64-bit times that have a first form with 32-bit ones, and calls whose
 * 64-bit arguments come as pairs of words.
 */
#include "child.h"

#include <poll.h>
#include <sys/select.h>
#include <sys/uio.h>

#define PAIR(x) (unsigned)((uint64_t)(x)), (unsigned)((uint64_t)(x) >> 32)
#define FAR_AWAY (5ull << 30)

struct time64 {
	int64_t sec, nsec;
};
struct value64 {
	struct time64 interval, value;
};
struct time32 {
	int32_t sec, nsec;
};
struct value32 {
	struct time32 interval, value;
};

static void test_timers(void)
{
	struct value64 set = { { 0, 0 }, { 5000000000, 0 } }, now;
	struct value32 now32;
	int id = -1;

	want_eq(sys(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id), 0);
	want_eq(sys(SYS_timer_settime64, id, 0, &set, NULL), 0);
	want_eq(sys(SYS_timer_gettime64, id, &now), 0);
	want(now.value.sec > 4999999000 && now.value.sec <= 5000000000);
	want(now.interval.sec == 0 && now.interval.nsec == 0);
	set = (struct value64){ { 3, 4 }, { 100, 5 } };
	want_eq(sys(SYS_timer_settime64, id, 0, &set, &now), 0);
	want(now.value.sec > 4999999000);
	want_eq(sys(SYS_timer_gettime, id, &now32), 0);
	want(now32.value.sec > 90 && now32.value.sec <= 100);
	want(now32.interval.sec == 3 && now32.interval.nsec == 4);
	now32 = (struct value32){ { 7, 8 }, { 200, 0 } };
	want_eq(sys(SYS_timer_settime, id, 0, &now32, &now32), 0);
	want(now32.value.sec > 90 && now32.value.sec <= 100 && now32.interval.sec == 3);
	want_eq(sys(SYS_timer_gettime64, id, &now), 0);
	want(now.value.sec > 190 && now.interval.sec == 7 && now.interval.nsec == 8);
	/* Of the nanoseconds' word the upper half is padding. */
	set.value.nsec = 5 | 7ll << 32;
	want_eq(sys(SYS_timer_settime64, id, 0, &set, NULL), 0);
	want_eq(sys(SYS_timer_settime64, id, 0, 1, NULL), -EFAULT);
	want_eq(sys(SYS_timer_gettime64, id, 1), -EFAULT);
	want_eq(sys(SYS_timer_delete, id), 0);
	verdict("timer_settime64 and timer_gettime64, and the first forms of the same timer");
}

static int set_clock(void)
{
	struct time64 now, bad = { 0, 1000000000 };
	int32_t seconds = 5;

	if (setuid(65534) || sys(SYS_clock_gettime64, CLOCK_REALTIME, &now))
		return 1;
	if (sys(SYS_clock_settime64, CLOCK_REALTIME, &now) != -EPERM)
		return 2;
	if (sys(SYS_clock_settime64, CLOCK_REALTIME, &bad) != -EINVAL)
		return 3;
	if (sys(SYS_clock_settime64, CLOCK_MONOTONIC, &now) != -EINVAL)
		return 4;
	if (sys(SYS_clock_settime64, CLOCK_REALTIME, 1) != -EFAULT)
		return 5;
	return sys(SYS_stime, &seconds) == -EPERM && sys(SYS_stime, 1) == -EFAULT ? 0 : 6;
}

static void test_waiting(void)
{
	struct time64 t = { 0, 2000000 }, bad = { 0, -1 };
	struct pollfd none = { -1, POLLIN, 0 };
	uint64_t set = 1ull << (SIGUSR1 - 1);
	unsigned word = 0;

	want_eq(sys(SYS_ppoll_time64, &none, 1, &t, NULL, 8), 0);
	want_eq(sys(SYS_ppoll_time64, &none, 1, &bad, NULL, 8), -EINVAL);
	t = (struct time64){ 0, 2000000 };
	want_eq(sys(SYS_pselect6_time64, 0, NULL, NULL, NULL, &t, NULL), 0);
	t = (struct time64){ 0, 2000000 };
	want_eq(sys(SYS_futex_time64, &word, 0, 0, &t, NULL, 0), -ETIMEDOUT);
	want_eq(sys(SYS_rt_sigtimedwait_time64, &set, NULL, &t, 8), -EAGAIN);
	want_eq(sys(SYS_clock_nanosleep_time64, CLOCK_BOOTTIME, 0, &t, NULL), 0);
	want_eq(sys(SYS_sched_rr_get_interval_time64, 0, &t), 0);
	verdict("calls that wait take 64-bit times");
	is(in_child(set_clock), 0, "clock_settime64 and stime: for the superuser");
}

static void test_pairs(void)
{
	int fd = open("far", O_RDWR | O_CREAT, 0644);
	char out[8] = "abcdefg", in[8] = "";
	struct iovec w = { out, 8 }, r = { in, 8 };

	want_eq(sys(SYS_pwritev, fd, &w, 1, PAIR(FAR_AWAY)), 8);
	want_eq(lseek(fd, 0, SEEK_END), FAR_AWAY + 8);
	want_eq(sys(SYS_preadv, fd, &r, 1, PAIR(FAR_AWAY)), 8);
	want(!memcmp(in, out, 8));
	memset(in, 0, 8);
	want_eq(sys(SYS_preadv2, fd, &r, 1, PAIR(FAR_AWAY + 1), 0), 7);
	want(!memcmp(in, out + 1, 7));
	want_eq(lseek(fd, FAR_AWAY + 2, SEEK_SET), FAR_AWAY + 2);
	want_eq(sys(SYS_preadv2, fd, &r, 1, PAIR(-1ll), 0), 6);
	want(!memcmp(in, out + 2, 6));
	want_eq(sys(SYS_pwritev2, fd, &w, 1, PAIR(-2ll), 0), -EINVAL);
	want_eq(sys(SYS_preadv, fd, &r, 1, PAIR(-1ll)), -EINVAL);
	verdict("preadv, pwritev and their second forms: 64-bit positions");
	want_eq(sys(SYS_fadvise64, fd, PAIR(FAR_AWAY), 100, POSIX_FADV_DONTNEED), 0);
	want_eq(sys(SYS_fadvise64, fd, PAIR(0), 0, 9), -EINVAL);
	want_eq(sys(SYS_fadvise64_64, fd, PAIR(FAR_AWAY), PAIR(FAR_AWAY), POSIX_FADV_NORMAL), 0);
	want_eq(sys(SYS_fadvise64_64, fd, PAIR(0), PAIR(-1ll), POSIX_FADV_NORMAL), -EINVAL);
	want_eq(sys(SYS_sync_file_range, fd, PAIR(FAR_AWAY), PAIR(8), 7), 0);
	want_eq(sys(SYS_sync_file_range, fd, PAIR(-1ll), PAIR(8), 7), -EINVAL);
	want_eq(sys(SYS_sync_file_range, fd, PAIR(0), PAIR(8), 8), -EINVAL);
	verdict("fadvise64, fadvise64_64, sync_file_range: pairs");
	close(fd);
	unlink("far");
}

int main(void)
{
	test_timers();
	test_waiting();
	test_pairs();
	return done();
}
