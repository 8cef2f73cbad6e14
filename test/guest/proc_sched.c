/*
 * What the scheduling calls tell of a process that has asked for nothing. What they change:
 * proc_priority.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define want_errno(call, wanted) want_eq((call) == -1 ? errno : 0, (wanted))
#define NOBODY 0x3ffffff0 /* no process has this number */

static long raw_affinity(pid_t pid, unsigned long size, void *mask)
{
	return syscall(SYS_sched_getaffinity, pid, size, mask);
}

static void test_policy(void)
{
	struct sched_param param = {77};
	struct timespec ts = {77, -1};

	want_eq(sched_getscheduler(0), SCHED_OTHER);
	want_eq(sched_getscheduler(getpid()), SCHED_OTHER);
	want_eq(sched_getparam(0, &param), 0);
	want_eq(param.sched_priority, 0);
	want_eq(sched_rr_get_interval(0, &ts), 0);
	want(ts.tv_sec == 0 && ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000);
	verdict("a process has SCHED_OTHER, priority 0 and a time slice of less than a second");

	want_errno(sched_getscheduler(-1), EINVAL);
	want_errno(sched_getscheduler(NOBODY), ESRCH);
	want_errno(sched_getparam(0, NULL), EINVAL);
	want_errno(sched_getparam(NOBODY, &param), ESRCH);
	want_errno(sched_getparam(0, (void *)-4096), EFAULT);
	verdict("sched_getscheduler, sched_getparam: errors");
}

static void test_bounds(void)
{
	for (int policy = 0; policy < 8; policy++) {
		bool realtime = policy == SCHED_FIFO || policy == SCHED_RR;
		int max = sched_get_priority_max(policy), min = sched_get_priority_min(policy);

		if (policy >= 4 && policy != SCHED_IDLE && policy != 6)
			continue;
		want_eq(max, realtime ? 99 : 0);
		want_eq(min, realtime ? 1 : 0);
	}
	want_errno(sched_get_priority_max(4), EINVAL);
	want_errno(sched_get_priority_min(-1), EINVAL);
	verdict("the bounds of priorities");
}

static void test_affinity(void)
{
	cpu_set_t set;

	want_eq(sched_getaffinity(0, sizeof set, &set), 0);
	want(CPU_COUNT(&set) >= 1);
	want_eq(CPU_COUNT(&set), (int)sysconf(_SC_NPROCESSORS_ONLN));
	want_errno(raw_affinity(0, 0, &set), EINVAL);
	want_errno(raw_affinity(0, sizeof(long) + 1, &set), EINVAL);
	want_errno(raw_affinity(NOBODY, sizeof set, &set), ESRCH);
	want_errno(raw_affinity(0, sizeof set, (void *)-4096), EFAULT);
	verdict("sched_getaffinity tells the CPUs there are");
}

static void test_nice(void)
{
	want_eq(syscall(SYS_getpriority, PRIO_PROCESS, 0), 20);
	want_eq(syscall(SYS_getpriority, PRIO_PROCESS, getpid()), 20);
	want_eq(syscall(SYS_getpriority, PRIO_PGRP, getpgrp()), 20);
	want(syscall(SYS_getpriority, PRIO_USER, 0) >= 20);
	want_errno(syscall(SYS_getpriority, 3, 0), EINVAL);
	want_errno(syscall(SYS_getpriority, PRIO_PROCESS, NOBODY), ESRCH);
	want_errno(syscall(SYS_getpriority, PRIO_PGRP, NOBODY), ESRCH);
	want_errno(syscall(SYS_getpriority, PRIO_USER, NOBODY), ESRCH);
	verdict("getpriority");
}

int main(void)
{
	test_policy();
	test_bounds();
	test_affinity();
	test_nice();
	return done();
}
