/*
 * Scheduling: policies, priorities, nice, and the CPUs that a thread may run on. What they mean is
 * proc/runq.c's and proc/sched.c's matter.
 *
 * They are changed under the signal lock of the thread's process.
 */
#include "lib/errno.h"
#include "proc/proc.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "sys/abi.h"
#include "sys/parts.h"
#include "sys/syscalls.h"
#include "vm/uaccess.h"

enum prio_which { PRIO_PROCESS, PRIO_PGRP, PRIO_USER };
#define SCHED_DEADLINE 6
#define SCHED_RESET_ON_FORK 0x40000000
#define LEVEL_MIN 1
#define LEVEL_MAX 99
#define RR_INTERVAL (100 * (NSEC / 1000))
#define NICE_LIMIT 20 /* less nice is what getpriority tells, and RLIMIT_NICE bounds */

static int own_tid(int tid)
{
	return tid ? tid : current_thread()->tid;
}

static bool is_realtime(int policy)
{
	return policy == POLICY_FIFO || policy == POLICY_RR;
}

/* ---- Rights ---- */

static bool is_super(void)
{
	return !current_proc()->euid;
}

static bool is_owner(const struct proc *p)
{
	u32 euid = current_proc()->euid;

	return is_super() || euid == p->euid || euid == p->uid;
}

static bool may_renice(const struct proc *p, int nice)
{
	return (u64)(NICE_LIMIT - nice) <= p->rlimit[RLIMIT_NICE].cur || is_super();
}

/* May the current process make the priority of a thread of p, which is `old`, `new`? */
static bool may_change(const struct proc *p, struct priority old, struct priority new)
{
	u64 limit = p->rlimit[RLIMIT_RTPRIO].cur;

	if (is_super())
		return true;
	if (new.level && new.policy != old.policy && !limit)
		return false;
	if (new.level > old.level && new.level > limit)
		return false;
	if (old.policy == POLICY_IDLE && new.policy != POLICY_IDLE && !may_renice(p, old.nice))
		return false;
	return is_owner(p) && (new.fork_resets || !old.fork_resets);
}

/* ---- Policies ---- */

struct policy_request {
	int policy; /* with SCHED_RESET_ON_FORK; KEEP_POLICY */
	int level;
};
#define KEEP_POLICY (-1)

static int judge_policy(int policy, int level)
{
	switch (policy) {
	case POLICY_OTHER:
	case POLICY_BATCH:
	case POLICY_IDLE:
	case POLICY_FIFO:
	case POLICY_RR: break;
	default: return -EINVAL;
	}
	return level >= 0 && level <= LEVEL_MAX && is_realtime(policy) == (level != 0) ? 0
										       : -EINVAL;
}

static int set_policy_locked(struct proc *p, struct thread *t, const struct policy_request *rq)
{
	struct priority old = t->priority, new = old;
	int err;

	if (rq->policy != KEEP_POLICY) {
		new.policy = (u8)(rq->policy & ~SCHED_RESET_ON_FORK);
		new.fork_resets = rq->policy & SCHED_RESET_ON_FORK;
	}
	new.level = (u8)rq->level;
	err = judge_policy(new.policy, rq->level);
	if (err)
		return err;
	if (!may_change(p, old, new))
		return -EPERM;
	sched_set_priority(t, new);
	return 0;
}

static int set_policy(struct proc *p, struct thread *t, void *request)
{
	ulong irq;
	int err;

	if (!t)
		return -ESRCH;
	irq = spin_lock_irq(&p->sig_lock);
	err = set_policy_locked(p, t, request);
	spin_unlock_irq(&p->sig_lock, irq);
	return err;
}

static long request_policy(int tid, int policy, ulong param)
{
	struct policy_request rq = { .policy = policy };
	s32 level;

	if (tid < 0 || !param)
		return -EINVAL;
	if (COPYIN(&level, param))
		return -EFAULT;
	rq.level = level;
	/* What does not fit in a byte is no policy, and not to be cut down to one. */
	if (policy != KEEP_POLICY && (policy & ~SCHED_RESET_ON_FORK) > UINT8_MAX)
		rq.policy = UINT8_MAX;
	return thread_call(0, own_tid(tid), set_policy, &rq);
}

SYSCALL(sched_setscheduler)
{
	int policy = (int)args[1];

	return policy < 0 ? -EINVAL : request_policy((int)args[0], policy, args[2]);
}

SYSCALL(sched_setparam)
{
	return request_policy((int)args[0], KEEP_POLICY, args[1]);
}

static int get_priority(struct proc *p UNUSED, struct thread *t, void *arg)
{
	*(struct priority *)arg = t ? t->priority : (struct priority){ 0 };
	return 0;
}

/* Thread tid's, 0: the caller's. 0, -EINVAL, -ESRCH. */
static int priority_of(int tid, struct priority *priority)
{
	return tid < 0 ? -EINVAL : thread_call(0, own_tid(tid), get_priority, priority);
}

SYSCALL(sched_getscheduler)
{
	struct priority priority;
	int err = priority_of((int)args[0], &priority);

	if (err)
		return err;
	return priority.policy | (priority.fork_resets ? SCHED_RESET_ON_FORK : 0);
}

SYSCALL(sched_getparam)
{
	struct priority priority;
	int err = args[1] ? priority_of((int)args[0], &priority) : -EINVAL;
	s32 level;

	if (err)
		return err;
	level = priority.level;
	return COPYOUT(args[1], &level);
}

/* The bound of a policy's priorities: `realtime` for those that have any. */
static long priority_bound(int policy, int realtime)
{
	switch (policy) {
	case POLICY_FIFO:
	case POLICY_RR: return realtime;
	case POLICY_OTHER:
	case POLICY_BATCH:
	case POLICY_IDLE:
	case SCHED_DEADLINE: return 0;
	default: return -EINVAL;
	}
}

SYSCALL(sched_get_priority_max)
{
	return priority_bound((int)args[0], LEVEL_MAX);
}

SYSCALL(sched_get_priority_min)
{
	return priority_bound((int)args[0], LEVEL_MIN);
}

long sys_sched_rr_get_interval_in(const ulong *args, enum time_form form)
{
	struct abi_timespec slice = { 0, TICK_NS };
	struct priority priority;
	int err = priority_of((int)args[0], &priority);

	if (err)
		return err;
	if (priority.level)
		slice.nsec = priority.policy == POLICY_RR ? RR_INTERVAL : 0;
	return abi_timespec_put(args[1], &slice, form);
}

SYSCALL(sched_rr_get_interval)
{
	return sys_sched_rr_get_interval_in(args, TIME_LONG);
}

/* ---- CPUs ---- */

static int get_cpus(struct proc *p UNUSED, struct thread *t, void *arg)
{
	*(u32 *)arg = t ? __atomic_load_n(&t->cpus, __ATOMIC_RELAXED) : ~0u;
	return 0;
}

/* One bit a CPU, in longs. How many bytes were stored. */
SYSCALL(sched_getaffinity)
{
	uint size = (uint)args[1];
	ulong mask;
	u32 allowed;
	int err;

	if (8ull * size < cpu_count || size % sizeof(mask))
		return -EINVAL;
	err = thread_call(0, own_tid((int)args[0]), get_cpus, &allowed);
	if (err)
		return err;
	mask = allowed & cpus_all();
	err = COPYOUT(args[2], &mask);
	return err ? err : (long)sizeof(mask);
}

static int set_cpus(struct proc *p, struct thread *t, void *arg)
{
	u32 cpus_allowed = *(u32 *)arg & cpus_all();
	ulong irq;

	if (!t)
		return -ESRCH;
	if (!is_owner(p))
		return -EPERM;
	if (!cpus_allowed)
		return -EINVAL;
	irq = spin_lock_irq(&p->sig_lock);
	sched_set_cpus(t, cpus_allowed);
	spin_unlock_irq(&p->sig_lock, irq);
	return 0;
}

SYSCALL(sched_setaffinity)
{
	int tid = own_tid((int)args[0]), err;
	ulong mask = 0;
	u32 cpus_allowed;

	if (copyin(&mask, args[2], MIN((uint)args[1], (uint)sizeof(mask))))
		return -EFAULT;
	cpus_allowed = (u32)mask;
	err = thread_call(0, tid, set_cpus, &cpus_allowed);
	/* A signal that ends the wait ends the caller. */
	if (!err)
		(void)sched_wait_moved(tid);
	return err;
}

/* There is one node. */
SYSCALL(getcpu)
{
	const u32 cpu = cpu_id(), node = 0;

	return (args[0] && COPYOUT(args[0], &cpu)) || (args[1] && COPYOUT(args[1], &node)) ? -EFAULT : 0;
}

/* ---- Nice ---- */

/* A visit to threads for getpriority and setpriority. */
struct visit {
	bool set;
	int nice;
	long result; /* -ESRCH until one was found */
};

static void visit_set(struct visit *v, struct proc *p, struct thread *t)
{
	struct priority priority = t->priority;

	if (!is_owner(p)) {
		v->result = -EPERM;
	} else if (v->nice < priority.nice && !may_renice(p, v->nice)) {
		v->result = -EACCES;
	} else {
		if (v->result == -ESRCH)
			v->result = 0;
		priority.nice = (s8)v->nice;
		sched_set_priority(t, priority);
	}
}

/* p's signal lock is held. */
static void visit_thread(struct visit *v, struct proc *p, struct thread *t)
{
	if (v->set)
		visit_set(v, p, t);
	else
		v->result = MAX(v->result, NICE_LIMIT - t->priority.nice);
}

static int visit_one(struct proc *p, struct thread *t, void *arg)
{
	struct visit *v = arg;
	ulong irq = spin_lock_irq(&p->sig_lock);

	if (t)
		visit_thread(v, p, t);
	else
		v->result = v->set ? 0 : NICE_LIMIT; /* a first thread that has ended */
	spin_unlock_irq(&p->sig_lock, irq);
	return 0;
}

static int visit_all(struct proc *p, void *arg)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	struct thread *t;

	LIST_EACH(t, &p->threads, proc_link)
		visit_thread(arg, p, t);
	spin_unlock_irq(&p->sig_lock, irq);
	return 0;
}

static void visit_user(u32 uid, struct visit *v)
{
	struct proc *p;

	for (int pid = 1; (p = proc_next(pid)); proc_put(p)) {
		pid = p->pid + 1;
		if (p->uid == uid)
			visit_all(p, v);
	}
}

/* What the visit came to; -EINVAL. */
static long visit(int which, int who, struct visit *v)
{
	const struct proc *self = current_proc();

	v->result = -ESRCH;
	switch (which) {
	case PRIO_PROCESS: thread_call(0, own_tid(who), visit_one, v); break;
	case PRIO_PGRP: group_for_each(who ? who : self->pgid, visit_all, v); break;
	case PRIO_USER: visit_user(who ? (u32)who : self->uid, v); break;
	default: return -EINVAL;
	}
	return v->result;
}

SYSCALL(getpriority)
{
	struct visit v = { .set = false };

	return visit((int)args[0], (int)args[1], &v);
}

SYSCALL(setpriority)
{
	struct visit v = { .set = true, .nice = MIN(MAX((int)args[2], NICE_MIN), NICE_MAX) };

	return visit((int)args[0], (int)args[1], &v);
}

long sys_nice_by(int increment)
{
	int nice = current_thread()->priority.nice + MIN(MAX(increment, -40), 40);
	struct visit v = { .set = true, .nice = MIN(MAX(nice, NICE_MIN), NICE_MAX) };
	long result = visit(PRIO_PROCESS, 0, &v);

	return result == -EACCES ? -EPERM : result;
}
