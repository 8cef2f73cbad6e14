/*
 * Clocks and sleeps.
 */
#include "lib/errno.h"
#include "arch/clock.h"
#include "proc/account.h"
#include "proc/proc.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "sys/abi.h"
#include "sys/parts.h"
#include "sys/syscalls.h"
#include "vm/uaccess.h"

enum clock_id {
	CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME, CLOCK_THREAD_CPUTIME,
	CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
	CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM, CLOCK_TAI = 11,
};

#define TIMER_ABSTIME 1
#define SECONDS_MAX ((s64)(INT64_MAX / (s64)NSEC) - 1) /* beyond: as good as forever */

struct timespec_long {
	long sec, nsec;
};

/* The nanoseconds are a long in either form; the rest of the wider one is padding. */
int abi_timespec_get(struct abi_timespec *ts, ulong va, enum time_form form)
{
	struct timespec_long u;

	if (form == TIME_64) {
		if (COPYIN(ts, va))
			return -EFAULT;
		ts->nsec = (long)ts->nsec;
		return 0;
	}
	if (COPYIN(&u, va))
		return -EFAULT;
	*ts = (struct abi_timespec){ u.sec, u.nsec };
	return 0;
}

int abi_timespec_put(ulong va, const struct abi_timespec *ts, enum time_form form)
{
	struct timespec_long u = { (long)ts->sec, (long)ts->nsec };

	return form == TIME_64 ? COPYOUT(va, ts) : COPYOUT(va, &u);
}

size_t abi_timespec_size(enum time_form form)
{
	return form == TIME_64 ? sizeof(struct abi_timespec) : sizeof(struct timespec_long);
}

int abi_timespec_ns(const struct abi_timespec *ts, u64 *ns)
{
	if (ts->sec < 0 || ts->nsec < 0 || (u64)ts->nsec >= NSEC)
		return -EINVAL;
	*ns = (u64)MIN(ts->sec, SECONDS_MAX) * NSEC + (u64)ts->nsec;
	return 0;
}

struct abi_timespec abi_timespec_of(u64 ns)
{
	return (struct abi_timespec){ (s64)(ns / NSEC), (s64)(ns % NSEC) };
}

struct abi_timeval abi_timeval_of(u64 ns)
{
	return (struct abi_timeval){ (long)(ns / NSEC), (long)(ns % NSEC / 1000) };
}

static u64 process_time(struct proc *p)
{
	struct usage u;

	proc_usage(p, &u);
	return u.utime + u.stime;
}

static u64 thread_time(struct thread *t)
{
	u64 user, system;

	thread_times(t, &user, &system);
	return user + system;
}

/*
 * The CPU clocks of processes and threads have negative numbers: the owner's number (0: the
 * caller), turned over, above three bits, of which one says that it is a thread's and two what is
 * counted.
 */
#define CPU_CLOCK_KIND 3
#define CPU_CLOCK_THREAD 4
enum { CPU_CLOCK_ALL = 0, CPU_CLOCK_USER = 1, CPU_CLOCK_SCHED = 2 };

static u64 counted(int id, u64 user, u64 system)
{
	return (id & CPU_CLOCK_KIND) == CPU_CLOCK_USER ? user : user + system;
}

struct cpu_clock {
	int id;
	u64 ns;
};

static int read_thread_clock(struct proc *p, struct thread *t, void *arg)
{
	struct cpu_clock *c = arg;
	u64 user, system;

	if (!t || p != current_proc())
		return -EINVAL;
	thread_times(t, &user, &system);
	c->ns = counted(c->id, user, system);
	return 0;
}

static int read_cpu_clock(int id, u64 *ns)
{
	struct cpu_clock c = { .id = id };
	int number = ~(id >> 3);
	struct usage u;
	struct proc *p;

	if ((id & CPU_CLOCK_KIND) > CPU_CLOCK_SCHED)
		return -EINVAL;
	if (id & CPU_CLOCK_THREAD) {
		if (thread_call(0, number ? number : current_thread()->tid, read_thread_clock, &c))
			return -EINVAL;
		*ns = c.ns;
		return 0;
	}
	p = proc_find(number ? number : current_proc()->pid);
	if (!p)
		return -EINVAL;
	proc_usage(p, &u);
	proc_put(p);
	*ns = counted(id, u.utime, u.stime);
	return 0;
}

/* 0, or -EINVAL if there is no such clock. */
static int clock_read(int id, u64 *ns)
{
	if (id < 0)
		return read_cpu_clock(id, ns);
	switch (id) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		*ns = clock_realtime();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = clock_now();
		return 0;
	case CLOCK_PROCESS_CPUTIME:
		*ns = process_time(current_proc());
		return 0;
	case CLOCK_THREAD_CPUTIME:
		*ns = thread_time(current_thread());
		return 0;
	}
	return -EINVAL;
}

long sys_clock_gettime_in(const ulong *args, enum time_form form)
{
	struct abi_timespec ts;
	u64 ns;

	if (clock_read((int)args[0], &ns))
		return -EINVAL;
	ts = abi_timespec_of(ns);
	return abi_timespec_put(args[1], &ts, form);
}

SYSCALL(clock_gettime)
{
	return sys_clock_gettime_in(args, TIME_LONG);
}

long sys_clock_getres_in(const ulong *args, enum time_form form)
{
	struct abi_timespec ts = { 0, 1 };
	u64 ns;

	if (clock_read((int)args[0], &ns))
		return -EINVAL;
	return args[1] ? abi_timespec_put(args[1], &ts, form) : 0;
}

SYSCALL(clock_getres)
{
	return sys_clock_getres_in(args, TIME_LONG);
}

/* --- setting the clock --- */

#define SETTABLE_SECONDS (SECONDS_MAX - 30ll * 365 * 24 * 3600) /* 30 years are left to run */
#define ZONE_MAX (15 * 60) /* minutes */

/* What programs call the time zone: it is kept for them. Minutes west of Greenwich, and a word. */
static s32 timezone[2];

/* The clock cannot be set to before the machine was started. */
long sys_set_clock(const struct abi_timespec *ts)
{
	u64 ns;

	if (abi_timespec_ns(ts, &ns) || ts->sec > SETTABLE_SECONDS)
		return -EINVAL;
	if (current_proc()->euid)
		return -EPERM;
	if (ns < clock_now())
		return -EINVAL;
	clock_set_realtime(ns);
	return 0;
}

long sys_clock_settime_in(const ulong *args, enum time_form form)
{
	struct abi_timespec ts;
	int id = (int)args[0];
	u64 ns;

	if (id > CLOCK_REALTIME)
		return -EINVAL;
	if (abi_timespec_get(&ts, args[1], form))
		return -EFAULT;
	if (id < 0)
		return clock_read(id, &ns) ? -EINVAL : -EPERM;
	return sys_set_clock(&ts);
}

SYSCALL(clock_settime)
{
	return sys_clock_settime_in(args, TIME_LONG);
}

SYSCALL(gettimeofday)
{
	struct abi_timeval tv = abi_timeval_of(clock_realtime());
	const s32 zone[2] = {__atomic_load_n(&timezone[0], __ATOMIC_RELAXED),
		__atomic_load_n(&timezone[1], __ATOMIC_RELAXED)};

	if (args[0] && COPYOUT(args[0], &tv))
		return -EFAULT;
	return args[1] ? COPYOUT(args[1], &zone) : 0;
}

SYSCALL(settimeofday)
{
	struct abi_timeval tv = {0};
	struct abi_timespec ts;
	s32 zone[2];

	if (args[0] && COPYIN(&tv, args[0]))
		return -EFAULT;
	if (tv.usec < 0 || tv.usec > 1000000)
		return -EINVAL;
	if (args[1] && COPYIN(&zone, args[1]))
		return -EFAULT;
	ts = (struct abi_timespec){tv.sec, tv.usec * 1000};
	if (args[0] && (ts.sec < 0 || ts.sec > SETTABLE_SECONDS || ts.nsec >= (s64)NSEC))
		return -EINVAL;
	if (current_proc()->euid)
		return -EPERM;
	if (args[1]) {
		if (zone[0] > ZONE_MAX || zone[0] < -ZONE_MAX)
			return -EINVAL;
		__atomic_store_n(&timezone[0], zone[0], __ATOMIC_RELAXED);
		__atomic_store_n(&timezone[1], zone[1], __ATOMIC_RELAXED);
	}
	return args[0] ? sys_set_clock(&ts) : 0;
}

/*
 * Sleep for ns. If a signal ends it, *rem (a user address, or 0) gets what was left; the call,
 * restarted, then sleeps that long.
 */
static long sleep_relative(u64 ns, ulong rem, enum time_form form)
{
	struct thread *t = current_thread();
	u64 now = clock_now(), deadline = t->restart_deadline;
	struct abi_timespec left;

	t->restart_deadline = 0;
	if (!deadline)
		deadline = ns < WAIT_FOREVER - now ? now + ns : WAIT_FOREVER;
	if (timer_sleep(deadline) == 0)
		return 0;
	now = clock_now();
	left = abi_timespec_of(deadline > now ? deadline - now : 0);
	if (rem && abi_timespec_put(rem, &left, form))
		return -EFAULT;
	t->restart_deadline = deadline;
	return -ERESTART_SLEEP;
}

bool sys_is_real_clock(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_TAI;
}

static long sleep_until(int clock, u64 when)
{
	return (sys_is_real_clock(clock) ? timer_sleep_real(when) : timer_sleep(when)) ? -ERESTARTNOHAND : 0;
}

SYSCALL(nanosleep)
{
	struct abi_timespec ts;
	u64 ns;

	if (abi_timespec_get(&ts, args[0], TIME_LONG))
		return -EFAULT;
	if (abi_timespec_ns(&ts, &ns))
		return -EINVAL;
	return sleep_relative(ns, args[1], TIME_LONG);
}

/* 0, or why nobody can sleep by this clock. */
static int judge_sleep_clock(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		return 0;
	case CLOCK_PROCESS_CPUTIME:
	case CLOCK_THREAD_CPUTIME:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		return -EOPNOTSUPP;
	}
	return -EINVAL;
}

/* The CPU clocks have timers on Linux. */
int sys_judge_timer_clock(int clock)
{
	u64 ns;

	return clock < 0 && !clock_read(clock, &ns) ? -EOPNOTSUPP : judge_sleep_clock(clock);
}

long sys_clock_nanosleep_in(const ulong *args, enum time_form form)
{
	int clock = (int)args[0], err = judge_sleep_clock(clock);
	struct abi_timespec ts;
	u64 ns;

	if (err)
		return err;
	if (abi_timespec_get(&ts, args[2], form))
		return -EFAULT;
	if (abi_timespec_ns(&ts, &ns))
		return -EINVAL;
	return args[1] & TIMER_ABSTIME ? sleep_until(clock, ns) : sleep_relative(ns, args[3], form);
}

SYSCALL(clock_nanosleep)
{
	return sys_clock_nanosleep_in(args, TIME_LONG);
}
