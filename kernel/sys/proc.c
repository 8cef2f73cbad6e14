/*
 * Processes: making and ending them, waiting for them, who they are, what they may use.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "fs/file.h"
#include "fs/path.h"
#include "proc/account.h"
#include "proc/exec.h"
#include "proc/itimer.h"
#include "proc/proc.h"
#include "proc/siginfo.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "proc/trap.h"
#include "sys/abi.h"
#include "sys/parts.h"
#include "sys/syscalls.h"
#include "vm/kmalloc.h"
#include "vm/mm.h"
#include "vm/page.h"
#include "vm/uaccess.h"

#define CLOCK_TICK (NSEC / 100)

/* ---- Making and ending ---- */

/* The argument order of CONFIG_CLONE_BACKWARDS machines: tls before the child's tid. */
SYSCALL(clone)
{
	struct clone_args a = { .flags = args[0], .stack = args[1], .ptid = args[2], .tls = args[3],
				.ctid = args[4] };

	return proc_clone(&a);
}

static long exec_user(const char *path, ulong argv, ulong envp)
{
	struct exec_args a;
	int err;

	exec_args_init(&a);
	err = exec_args_user(&a, argv, envp);
	if (!err)
		err = proc_exec(path, &a);
	exec_args_free(&a);
	return err ? err : -ENORESULT;
}

SYSCALL(execve)
{
	char *path = kmalloc(PATH_MAX, ALLOC_WAIT);
	ssize_t n;
	long result;

	if (!path)
		return -ENOMEM;
	n = copyin_str(path, args[0], PATH_MAX);
	result = n < 0 ? n : exec_user(path, args[1], args[2]);
	kmfree(path);
	return result;
}

SYSCALL(exit)
{
	thread_exit((int)args[0]);
}

SYSCALL(exit_group)
{
	proc_exit((int)(args[0] & 0xff) << 8);
}

/* ---- Waiting ---- */

void abi_fill_rusage(struct abi_rusage *r, const struct usage *u)
{
	*r = (struct abi_rusage){
		.utime = abi_timeval_of(u->utime), .stime = abi_timeval_of(u->stime),
		.maxrss = (long)(u->max_rss * (PAGE_SIZE / 1024)),
		.minflt = (long)u->minor_faults, .majflt = (long)u->major_faults,
	};
}

static int copyout_usage(ulong va, const struct usage *u)
{
	struct abi_rusage r;

	abi_fill_rusage(&r, u);
	return COPYOUT(va, &r);
}

SYSCALL(wait4)
{
	int pid = (int)args[0], id;
	u32 options = (u32)args[2];
	struct wait_result r;
	enum wait_which which = pid == -1 ? P_ALL : pid > 0 ? P_PID : P_PGID;
	long result;

	if (options & ~(u32)(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WCLONE | WALL))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	id = pid > 0 ? pid : pid ? -pid : current_proc()->pgid;
	result = proc_wait(which, id, options | WEXITED, &r);
	if (result <= 0)
		return result;
	if (args[1] && COPYOUT(args[1], &r.status))
		return -EFAULT;
	if (args[3] && copyout_usage(args[3], &r.usage))
		return -EFAULT;
	return result;
}

static long waitid_report(ulong va, const struct wait_result *r)
{
	struct ksiginfo info = { .signo = 0 };

	if (r) {
		info = (struct ksiginfo){ .signo = SIGCHLD, .pid = r->pid, .uid = (s32)r->uid };
		wait_status_info(r->status, &info.code, &info.status);
	}
	return va ? siginfo_copyout(va, &info) : 0;
}

#define P_PIDFD 3

SYSCALL(waitid)
{
	static const u32 kinds = WEXITED | WUNTRACED | WCONTINUED;
	int which = (int)args[0], id = (int)args[1];
	u32 options = (u32)args[3];
	struct wait_result r;
	long result;

	if (options & ~(kinds | WNOHANG | WNOWAIT | WNOTHREAD | (u32)WCLONE | WALL) ||
	    !(options & kinds))
		return -EINVAL;
	if (which == P_PIDFD)
		return id < 0 ? -EINVAL : -EBADF; /* there are no such descriptors */
	if (which < P_ALL || which > P_PGID || (which == P_PID && id <= 0) ||
	    (which == P_PGID && id < 0))
		return -EINVAL;
	if (which == P_PGID && !id)
		id = current_proc()->pgid;
	result = proc_wait((enum wait_which)which, id, options, &r);
	if (result < 0)
		return result;
	if (result && args[4] && copyout_usage(args[4], &r.usage))
		return -EFAULT;
	return waitid_report(args[2], result ? &r : NULL);
}

/* ---- Who ---- */

SYSCALL(getpid)
{
	(void)args;
	return current_proc()->pid;
}

SYSCALL(gettid)
{
	(void)args;
	return current_thread()->tid;
}

SYSCALL(getppid)
{
	(void)args;
	return __atomic_load_n(&current_proc()->ppid, __ATOMIC_RELAXED);
}

SYSCALL(getuid)
{
	(void)args;
	return trap_value(current_proc()->uid);
}

SYSCALL(geteuid)
{
	(void)args;
	return trap_value(current_proc()->euid);
}

SYSCALL(getgid)
{
	(void)args;
	return trap_value(current_proc()->gid);
}

SYSCALL(getegid)
{
	(void)args;
	return trap_value(current_proc()->egid);
}

/* The three ids of a process, user or group. */
struct ids {
	u32 *real, *effective, *saved, *fs;
};

static struct ids user_ids(struct proc *p)
{
	return (struct ids){ &p->uid, &p->euid, &p->suid, &p->fsuid };
}

static struct ids group_ids(struct proc *p)
{
	return (struct ids){ &p->gid, &p->egid, &p->sgid, &p->fsgid };
}

static long ids_get(struct ids ids, const ulong *args)
{
	if (COPYOUT(args[0], ids.real) || COPYOUT(args[1], ids.effective) ||
	    COPYOUT(args[2], ids.saved))
		return -EFAULT;
	return 0;
}

SYSCALL(getresuid)
{
	return ids_get(user_ids(current_proc()), args);
}

SYSCALL(getresgid)
{
	return ids_get(group_ids(current_proc()), args);
}

#define KEEP (~0u) /* -1: leave this id */

/* May the process take this id? The superuser any, others one of those they have. */
static bool id_allowed(struct ids ids, u32 id)
{
	return id == KEEP || !current_proc()->euid || id == *ids.real || id == *ids.effective ||
	       id == *ids.saved;
}

/* proc_lock held. */
static long ids_set_locked(struct ids ids, u32 real, u32 effective, u32 saved)
{
	bool user = ids.real == &current_proc()->uid;
	bool other = user && real != KEEP && real != *ids.real;

	if (!id_allowed(ids, real) || !id_allowed(ids, effective) || !id_allowed(ids, saved))
		return -EPERM;
	if (other && proc_change_user(real))
		return -EAGAIN;
	if (real != KEEP)
		*ids.real = real;
	if (effective != KEEP)
		*ids.effective = *ids.fs = effective;
	if (saved != KEEP)
		*ids.saved = saved;
	if (user && !other)
		proc_note_tasks();
	return 0;
}

/* One thread at a time, so that none judges by numbers that another one has given up meanwhile. */
static long ids_set(struct ids ids, u32 real, u32 effective, u32 saved)
{
	long result;

	mutex_lock(&proc_lock);
	result = ids_set_locked(ids, real, effective, saved);
	mutex_unlock(&proc_lock);
	return result;
}

SYSCALL(setresuid)
{
	return ids_set(user_ids(current_proc()), (u32)args[0], (u32)args[1], (u32)args[2]);
}

SYSCALL(setresgid)
{
	return ids_set(group_ids(current_proc()), (u32)args[0], (u32)args[1], (u32)args[2]);
}

/*
 * setreuid(2): the saved id follows the effective one if the real id is set, or the effective one
 * to something else than the real one.
 */
static long ids_set_two(struct ids ids, u32 real, u32 effective)
{
	bool save = real != KEEP || (effective != KEEP && effective != *ids.real);

	return ids_set(ids, real, effective,
		       !save ? KEEP : effective != KEEP ? effective : *ids.effective);
}

SYSCALL(setreuid)
{
	return ids_set_two(user_ids(current_proc()), (u32)args[0], (u32)args[1]);
}

SYSCALL(setregid)
{
	return ids_set_two(group_ids(current_proc()), (u32)args[0], (u32)args[1]);
}

/* The superuser sets all three ids, others the effective one. */
static long ids_set_one(struct ids ids, u32 id)
{
	bool super = !current_proc()->euid;

	if (id == KEEP)
		return -EINVAL;
	return ids_set(ids, super ? id : KEEP, id, super ? id : KEEP);
}

SYSCALL(setuid)
{
	return ids_set_one(user_ids(current_proc()), (u32)args[0]);
}

SYSCALL(setgid)
{
	return ids_set_one(group_ids(current_proc()), (u32)args[0]);
}

/* There are no supplementary groups. */
SYSCALL(getgroups)
{
	return (int)args[0] < 0 ? -EINVAL : 0;
}

/* ---- Groups and sessions ---- */

/* May the current process move p, and if so where its own session allows? proc_lock held. */
static long set_group(struct proc *p, int pgid)
{
	struct proc *self = current_proc();

	if (p->parent == self) {
		if (p->sid != self->sid)
			return -EPERM;
		if (p->did_exec)
			return -EACCES;
	} else if (p != self) {
		return -ESRCH;
	}
	return proc_set_group(p, pgid ? pgid : p->pid);
}

SYSCALL(setpgid)
{
	int pid = (int)args[0], pgid = (int)args[1];
	struct proc *p;
	long result;

	if (pgid < 0)
		return -EINVAL;
	if (!pid)
		pid = current_proc()->pid;
	p = proc_find_thread(pid);
	if (!p)
		return -ESRCH;
	mutex_lock(&proc_lock);
	/* Whoever was collected meanwhile has no group any more. */
	result = p->pid != pid ? -EINVAL : !p->group ? -ESRCH : set_group(p, pgid);
	mutex_unlock(&proc_lock);
	proc_put(p);
	return result;
}

SYSCALL(getpgid)
{
	struct proc *p = proc_find_thread(args[0] ? (int)args[0] : current_proc()->pid);
	int pgid;

	if (!p)
		return -ESRCH;
	pgid = p->pgid;
	proc_put(p);
	return pgid;
}

SYSCALL(getsid)
{
	struct proc *p = proc_find_thread(args[0] ? (int)args[0] : current_proc()->pid);
	int sid;

	if (!p)
		return -ESRCH;
	sid = p->sid;
	proc_put(p);
	return sid;
}

SYSCALL(setsid)
{
	struct proc *p = current_proc();
	long result;

	(void)args;
	mutex_lock(&proc_lock);
	result = proc_new_session(p);
	mutex_unlock(&proc_lock);
	return result ? result : p->sid;
}

/* May the current process see what p has to itself, and change its limits? */
static bool may_look_into(const struct proc *p)
{
	const struct proc *me = current_proc();

	if (p == me || !me->euid)
		return true;
	return me->uid == p->uid && me->uid == p->euid && me->uid == p->suid &&
		me->gid == p->gid && me->gid == p->egid && me->gid == p->sgid;
}

/* ---- The thread ---- */

SYSCALL(set_tid_address)
{
	current_thread()->clear_tid = args[0];
	return current_thread()->tid;
}

SYSCALL(set_robust_list)
{
	if (args[1] != 3 * sizeof(ulong))
		return -EINVAL;
	current_thread()->robust_list = args[0];
	return 0;
}

static int robust_list_of(struct proc *p, struct thread *t, void *list)
{
	if (!may_look_into(p))
		return -EPERM;
	*(ulong *)list = t ? __atomic_load_n(&t->robust_list, __ATOMIC_RELAXED) : 0;
	return 0;
}

SYSCALL(get_robust_list)
{
	/* Linux tells the length also before anything was set. */
	const ulong len = 3 * sizeof(ulong);
	int tid = args[0] ? (int)args[0] : current_thread()->tid;
	ulong list;
	long result = thread_call(0, tid, robust_list_of, &list);

	if (result)
		return result;
	return COPYOUT(args[2], &len) || COPYOUT(args[1], &list) ? -EFAULT : 0;
}

#define PR_GET_DUMPABLE 3
#define PR_SET_NAME 15
#define PR_GET_NAME 16

static long set_name(ulong va)
{
	struct thread *t = current_thread();
	/* All of it is told to the program: what the string does not fill is zero. */
	char name[sizeof(t->name)] = "";
	ssize_t n = copyin_str(name, va, sizeof(name));

	if (n == -EFAULT)
		return n;
	name[sizeof(name) - 1] = 0;
	memcpy(t->name, name, sizeof(name));
	if (t->tid == t->proc->pid)
		memcpy(t->proc->name, name, sizeof(name));
	return 0;
}

SYSCALL(prctl)
{
	switch ((int)args[0]) {
	case PR_SET_NAME:
		return set_name(args[1]);
	case PR_GET_NAME:
		return COPYOUT(args[1], &current_thread()->name);
	case PR_GET_DUMPABLE:
		return 0; /* there are no core dumps */
	}
	return -EINVAL;
}

SYSCALL(sched_yield)
{
	(void)args;
	sched_yield();
	return 0;
}

/* ---- Limits and usage ---- */

static long judge_limit(unsigned which, const struct rlimit_pair *new,
			const struct rlimit_pair *old)
{
	if (new->cur > new->max)
		return -EINVAL;
	if (new->max > old->max && current_proc()->euid)
		return -EPERM;
	return which == RLIMIT_NOFILE && new->max > FILES_MAX ? -EPERM : 0;
}

static long exchange_limit(struct proc *p, unsigned which, const struct rlimit_pair *new,
			   struct rlimit_pair *old)
{
	long result = 0;

	mutex_lock(&proc_lock);
	*old = p->rlimit[which];
	if (new)
		result = judge_limit(which, new, old);
	if (new && !result) {
		p->rlimit[which] = *new;
		if (which == RLIMIT_CPU)
			itimer_limit(p, new);
	}
	mutex_unlock(&proc_lock);
	return result;
}

long sys_limit(unsigned which, const struct rlimit_pair *new, struct rlimit_pair *old)
{
	return which < RLIM_COUNT ? exchange_limit(current_proc(), which, new, old) : -EINVAL;
}

SYSCALL(prlimit64)
{
	unsigned which = (unsigned)args[1];
	struct rlimit_pair new, old;
	struct proc *p;
	long result;

	if (which >= RLIM_COUNT)
		return -EINVAL;
	if (args[2] && COPYIN(&new, args[2]))
		return -EFAULT;
	p = proc_find_thread(args[0] ? (int)args[0] : current_proc()->pid);
	if (!p)
		return -ESRCH;
	result = may_look_into(p) ? exchange_limit(p, which, args[2] ? &new : NULL, &old) : -EPERM;
	proc_put(p);
	if (!result && args[3] && COPYOUT(args[3], &old))
		return -EFAULT;
	return result;
}

static void thread_usage(struct usage *u)
{
	struct thread *t = current_thread();
	u64 user, system;

	thread_times(t, &user, &system);
	*u = (struct usage){ user, system, t->minor_faults, t->major_faults, 0 };
	if (t->mm)
		u->max_rss = pmap_peak(&t->mm->pmap);
}

SYSCALL(getrusage)
{
	struct proc *p = current_proc();
	struct usage u;

	switch ((int)args[0]) {
	case 0: /* RUSAGE_SELF */
		proc_usage(p, &u);
		break;
	case 1: /* RUSAGE_THREAD */
		thread_usage(&u);
		break;
	case -1: /* RUSAGE_CHILDREN */
		mutex_lock(&proc_lock);
		u = p->child;
		mutex_unlock(&proc_lock);
		break;
	default:
		return -EINVAL;
	}
	return copyout_usage(args[1], &u);
}

SYSCALL(times)
{
	struct proc *p = current_proc();
	struct abi_tms tms;
	struct usage u;

	proc_usage(p, &u);
	tms.utime = (long)(u.utime / CLOCK_TICK);
	tms.stime = (long)(u.stime / CLOCK_TICK);
	mutex_lock(&proc_lock);
	tms.cutime = (long)(p->child.utime / CLOCK_TICK);
	tms.cstime = (long)(p->child.stime / CLOCK_TICK);
	mutex_unlock(&proc_lock);
	if (args[0] && COPYOUT(args[0], &tms))
		return -EFAULT;
	return trap_value((ulong)(clock_now() / CLOCK_TICK));
}
