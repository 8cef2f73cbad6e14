/*
 * What programs ask about scheduling. All threads are scheduled alike (SCHED_OTHER, nice 0) and run
 * on any CPU: the answers say so.
 */
#include "lib/errno.h"
#include "proc/proc.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "sys/abi.h"
#include "sys/parts.h"
#include "sys/syscalls.h"
#include "vm/uaccess.h"

enum policy { SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE = 5, SCHED_DEADLINE };
enum prio_which { PRIO_PROCESS, PRIO_PGRP, PRIO_USER };
#define REALTIME_MIN 1
#define REALTIME_MAX 99
#define NICE_SHOWN 20 /* of nice 0, as getpriority tells it */

static int exists(struct proc *p UNUSED, struct thread *t UNUSED, void *arg UNUSED)
{
	return 0;
}

static int is_member(struct proc *p UNUSED, void *arg UNUSED)
{
	return 0;
}

/* 0, or -ESRCH if there is no such thread; 0 is the caller. */
static int judge_thread(int tid)
{
	return tid ? thread_call(0, tid, exists, NULL) : 0;
}

SYSCALL(sched_getscheduler)
{
	int tid = (int)args[0], err = tid < 0 ? -EINVAL : judge_thread(tid);

	return err ? err : SCHED_OTHER;
}

SYSCALL(sched_getparam)
{
	const s32 priority = 0;
	int tid = (int)args[0], err = tid < 0 || !args[1] ? -EINVAL : judge_thread(tid);

	return err ? err : COPYOUT(args[1], &priority);
}

/* The bound of a policy's priorities: `realtime` for those that have any. */
static long priority_bound(int policy, int realtime)
{
	switch (policy) {
	case SCHED_FIFO:
	case SCHED_RR: return realtime;
	case SCHED_OTHER:
	case SCHED_BATCH:
	case SCHED_IDLE:
	case SCHED_DEADLINE: return 0;
	default: return -EINVAL;
	}
}

SYSCALL(sched_get_priority_max)
{
	return priority_bound((int)args[0], REALTIME_MAX);
}

SYSCALL(sched_get_priority_min)
{
	return priority_bound((int)args[0], REALTIME_MIN);
}

long sys_sched_rr_get_interval_in(const ulong *args, enum time_form form)
{
	const struct abi_timespec slice = {0, TICK_NS};
	int tid = (int)args[0], err = tid < 0 ? -EINVAL : judge_thread(tid);

	return err ? err : abi_timespec_put(args[1], &slice, form);
}

SYSCALL(sched_rr_get_interval)
{
	return sys_sched_rr_get_interval_in(args, TIME_LONG);
}

/* One bit a CPU, in longs. How many bytes were stored. */
SYSCALL(sched_getaffinity)
{
	uint size = (uint)args[1];
	ulong mask = ~0ul >> (8 * sizeof(mask) - cpu_count);
	int err;

	if (8ull * size < cpu_count || size % sizeof(mask))
		return -EINVAL;
	err = judge_thread((int)args[0]);
	if (!err)
		err = COPYOUT(args[2], &mask);
	return err ? err : (long)sizeof(mask);
}

static int find_user(u32 uid)
{
	struct proc *p;
	bool found = false;

	for (int pid = 1; !found && (p = proc_next(pid)); proc_put(p)) {
		pid = p->pid + 1;
		found = p->uid == uid;
	}
	return found ? 0 : -ESRCH;
}

SYSCALL(getpriority)
{
	struct proc *self = current_proc();
	int who = (int)args[1], err;

	switch ((int)args[0]) {
	case PRIO_PROCESS: err = judge_thread(who); break;
	case PRIO_PGRP: err = group_for_each(who ? who : self->pgid, is_member, NULL); break;
	case PRIO_USER: err = find_user(who ? (u32)who : self->uid); break;
	default: return -EINVAL;
	}
	return err ? err : NICE_SHOWN;
}
