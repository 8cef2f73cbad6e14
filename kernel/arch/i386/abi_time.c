/*
 * Times: calls that newer machines do not have, and the second forms of those whose timespec has
 * longs.
 */
#include "abi.h"

#include "lib/errno.h"
#include "proc/itimer.h"
#include "proc/timer.h"
#include "sys/parts.h"
#include "vm/uaccess.h"

#define USEC_MAX 999999

SYSCALL(time)
{
	s32 now = (s32)(clock_realtime() / NSEC);

	if (args[0] && COPYOUT(args[0], &now))
		return -EFAULT;
	return trap_value((ulong)now);
}

SYSCALL(stime)
{
	s32 now;

	if (COPYIN(&now, args[0]))
		return -EFAULT;
	return sys_set_clock(&(struct abi_timespec){now, 0});
}

/* Seconds, rounded, but never 0 for an alarm that was on. */
SYSCALL(alarm)
{
	struct itimer_value set = {0, (u64)args[0] * NSEC}, old;

	itimer_exchange(ITIMER_REAL, &set, &old);
	if (!old.left)
		return 0;
	return (long)MAX((old.left + NSEC / 2) / NSEC, 1ull);
}

/* --- select --- */

/* Its timeval may have any number of microseconds. What is left of it is stored. */
SYSCALL(select)
{
	struct abi_timeval tv;
	u64 ns, deadline = WAIT_FOREVER;
	long n;

	if (!args[4])
		return sys_select_until(args, deadline);
	if (COPYIN(&tv, args[4]))
		return -EFAULT;
	if (tv.usec < 0 || (s64)tv.sec + tv.usec / (USEC_MAX + 1) < 0)
		return -EINVAL;
	ns = (u64)((s64)tv.sec * (s64)NSEC + (s64)tv.usec * 1000);
	deadline = ns ? clock_now() + ns : 0;
	n = sys_select_until(args, deadline);
	if (!deadline)
		return n;
	tv = abi_timeval_of(sys_time_left(deadline));
	return COPYOUT(args[4], &tv) && n == -ERESTARTNOHAND ? -EINTR : n;
}

/* The oldest form: one argument, where the five stand. */
SYSCALL(select_struct)
{
	ulong five[5];

	return COPYIN(&five, args[0]) ? -EFAULT : sys_select(five);
}

/* --- times of files --- */

/* struct utimbuf */
struct utimbuf32 {
	s32 atime, mtime;
};

SYSCALL(utime)
{
	struct utimbuf32 u;
	struct ktime times[2];

	if (!args[1])
		return sys_utimes_to(CWD, args[0], NULL, 0);
	if (COPYIN(&u, args[1]))
		return -EFAULT;
	times[0] = (struct ktime){u.atime, 0};
	times[1] = (struct ktime){u.mtime, 0};
	return sys_utimes_to(CWD, args[0], times, 0);
}

static long utimes_at(ulong dirfd, ulong path, ulong from)
{
	struct abi_timeval tv[2];
	struct ktime times[2];

	if (!from)
		return sys_utimes_to(dirfd, path, NULL, 0);
	if (COPYIN(&tv, from))
		return -EFAULT;
	for (unsigned i = 0; i < 2; i++) {
		if (tv[i].usec < 0 || tv[i].usec > USEC_MAX)
			return -EINVAL;
		times[i] = (struct ktime){tv[i].sec, (u32)tv[i].usec * 1000};
	}
	return sys_utimes_to(dirfd, path, times, 0);
}

SYSCALL(utimes)
{
	return utimes_at(CWD, args[0], args[1]);
}

SYSCALL(futimesat)
{
	return utimes_at(args[0], args[1], args[2]);
}

/* --- with 64-bit times --- */

SYSCALL(clock_gettime64)
{
	return sys_clock_gettime_in(args, TIME_64);
}

SYSCALL(clock_getres64)
{
	return sys_clock_getres_in(args, TIME_64);
}

SYSCALL(clock_settime64)
{
	return sys_clock_settime_in(args, TIME_64);
}

SYSCALL(clock_nanosleep64)
{
	return sys_clock_nanosleep_in(args, TIME_64);
}

SYSCALL(ppoll64)
{
	return sys_ppoll_in(args, TIME_64);
}

SYSCALL(pselect6_64)
{
	return sys_pselect6_in(args, TIME_64);
}

SYSCALL(sched_rr_get_interval64)
{
	return sys_sched_rr_get_interval_in(args, TIME_64);
}

SYSCALL(rt_sigtimedwait64)
{
	return sys_rt_sigtimedwait_in(args, TIME_64);
}

SYSCALL(timer_gettime64)
{
	return sys_timer_gettime_in(args, TIME_64);
}

SYSCALL(timer_settime64)
{
	return sys_timer_settime_in(args, TIME_64);
}

SYSCALL(utimensat64)
{
	return sys_utimensat_in(args, TIME_64);
}

SYSCALL(futex64)
{
	return sys_futex_in(args, TIME_64);
}
