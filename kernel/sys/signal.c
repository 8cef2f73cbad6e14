/*
 * Signals.
 */
#include "lib/errno.h"
#include "machine/abi.h"
#include "arch/signal.h"
#include "arch/trap.h"
#include "proc/itimer.h"
#include "proc/proc.h"
#include "proc/siginfo.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "sys/abi.h"
#include "sys/parts.h"
#include "sys/syscalls.h"
#include "vm/uaccess.h"

#define SIGSET_SIZE 8u
#define ALTSTACK_MIN 2048u /* MINSIGSTKSZ */

/* ---- Sending ---- */

/* Superuser, or the same real or effective user; SIGCONT also within a session. */
static bool may_signal(const struct proc *p, int sig)
{
	const struct proc *self = current_proc();

	return !self->euid || self->euid == p->suid || self->euid == p->uid ||
	       self->uid == p->suid || self->uid == p->uid ||
	       (sig == SIGCONT && self->sid == p->sid);
}

/* Only of a process that is there is it asked whether there is such a signal. */
static int judge_signal(const struct proc *p, int sig)
{
	if ((uint)sig > NSIG)
		return -EINVAL;
	return may_signal(p, sig) ? 0 : -EPERM;
}

static int send_checked(struct proc *p, void *arg)
{
	const struct ksiginfo *info = arg;
	int err = judge_signal(p, info->signo);

	return err || !info->signo ? err : signal_send_proc(p, info);
}

static long send_to_one(int pid, struct ksiginfo *info)
{
	struct proc *p = proc_find_thread(pid);
	long result;

	if (!p)
		return -ESRCH;
	result = send_checked(p, info);
	proc_put(p);
	return result;
}

/* To everybody but process 1 and the caller; those who may not be signalled are passed over. */
static long send_to_all(struct ksiginfo *info)
{
	long result = 0;
	bool any = false;
	struct proc *p;

	for (int pid = 2; (p = proc_next(pid)); proc_put(p)) {
		int err;

		pid = p->pid + 1;
		if (p == current_proc())
			continue;
		any = true;
		err = send_checked(p, info);
		if (err != -EPERM)
			result = err;
	}
	return any ? result : -ESRCH;
}

SYSCALL(kill)
{
	struct proc *self = current_proc();
	int pid = (int)args[0];
	struct ksiginfo info = { .signo = (int)args[1], .code = SI_USER, .pid = self->pid,
				 .uid = (s32)self->uid };

	if (pid > 0)
		return send_to_one(pid, &info);
	if (pid == -1)
		return send_to_all(&info);
	if (pid == INT32_MIN)
		return -ESRCH;
	return group_for_each(pid ? -pid : self->pgid, send_checked, &info);
}

static int send_to_thread(struct proc *p, struct thread *t, void *arg)
{
	const struct ksiginfo *info = arg;
	int err = judge_signal(p, info->signo);

	return err ? err : signal_send_thread(p, t, info);
}

/* tgid 0: whichever process the thread belongs to. */
static long signal_thread(int tgid, int tid, ulong sig)
{
	struct proc *self = current_proc();
	struct ksiginfo info = { .signo = (int)sig, .code = SI_TKILL, .pid = self->pid,
				 .uid = (s32)self->uid };

	return thread_call(tgid, tid, send_to_thread, &info);
}

SYSCALL(tgkill)
{
	int tgid = (int)args[0], tid = (int)args[1];

	return tgid <= 0 || tid <= 0 ? -EINVAL : signal_thread(tgid, tid, args[2]);
}

SYSCALL(tkill)
{
	int tid = (int)args[0];

	return tid <= 0 ? -EINVAL : signal_thread(0, tid, args[1]);
}

/*
 * Of a siginfo_t that the program made: what the kernel says of itself only the thread itself may
 * hear.
 */
static int queue_info(struct ksiginfo *info, ulong sig, ulong va, int tid)
{
	if (siginfo_copyin(info, va))
		return -EFAULT;
	info->signo = (int)sig;
	if ((info->code >= 0 || info->code == SI_TKILL) && tid != current_thread()->tid)
		return -EPERM;
	return 0;
}

SYSCALL(rt_sigqueueinfo)
{
	struct ksiginfo info;
	int pid = (int)args[0], err = queue_info(&info, args[1], args[2], pid);

	return err ? err : send_to_one(pid, &info);
}

SYSCALL(rt_tgsigqueueinfo)
{
	struct ksiginfo info;
	int tgid = (int)args[0], tid = (int)args[1], err = queue_info(&info, args[2], args[3], tid);

	if (err == -EFAULT)
		return err;
	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	return err ? err : thread_call(tgid, tid, send_to_thread, &info);
}

/* ---- Actions and masks ---- */

SYSCALL(rt_sigaction)
{
	struct ksigaction set, old;
	struct abi_sigaction u;
	int err;

	if (args[3] != SIGSET_SIZE)
		return -EINVAL;
	if (args[1]) {
		if (COPYIN(&u, args[1]))
			return -EFAULT;
		abi_sigaction_get(&set, &u);
	}
	err = signal_action((int)args[0], args[1] ? &set : NULL, &old);
	if (err || !args[2])
		return err;
	abi_sigaction_put(&u, &old);
	return COPYOUT(args[2], &u);
}

enum mask_how { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };

SYSCALL(rt_sigprocmask)
{
	u64 old = current_thread()->sig_mask, set;

	if (args[3] != SIGSET_SIZE)
		return -EINVAL;
	if (args[1]) {
		if (COPYIN(&set, args[1]))
			return -EFAULT;
		switch ((int)args[0]) {
		case SIG_BLOCK:
			signal_set_mask(old | set);
			break;
		case SIG_UNBLOCK:
			signal_set_mask(old & ~set);
			break;
		case SIG_SETMASK:
			signal_set_mask(set);
			break;
		default:
			return -EINVAL;
		}
	}
	return args[2] ? COPYOUT(args[2], &old) : 0;
}

SYSCALL(rt_sigpending)
{
	u64 set = signal_pending_set();

	if (args[1] > SIGSET_SIZE)
		return -EINVAL;
	return copyout(args[0], &set, args[1]);
}

long sys_suspend(u64 mask)
{
	signal_set_temporary_mask(mask);
	timer_sleep(WAIT_FOREVER);
	return -ERESTARTNOHAND;
}

SYSCALL(rt_sigsuspend)
{
	u64 mask;

	if (args[1] != SIGSET_SIZE)
		return -EINVAL;
	if (COPYIN(&mask, args[0]))
		return -EFAULT;
	return sys_suspend(mask);
}

long sys_rt_sigtimedwait_in(const ulong *args, enum time_form form)
{
	u64 set, ns, deadline = WAIT_FOREVER, now = clock_now();
	struct abi_timespec ts;
	struct ksiginfo info;
	int sig;

	if (args[3] != SIGSET_SIZE)
		return -EINVAL;
	if (COPYIN(&set, args[0]))
		return -EFAULT;
	if (args[2]) {
		if (abi_timespec_get(&ts, args[2], form))
			return -EFAULT;
		if (abi_timespec_ns(&ts, &ns))
			return -EINVAL;
		deadline = !ns ? 0 : ns > WAIT_FOREVER - 1 - now ? WAIT_FOREVER - 1 : now + ns;
	}
	sig = signal_wait(set, deadline, &info);
	if (sig > 0 && args[1] && siginfo_copyout(args[1], &info))
		return -EFAULT;
	return sig;
}

SYSCALL(rt_sigtimedwait)
{
	return sys_rt_sigtimedwait_in(args, TIME_LONG);
}

/*
 * The frame says what the registers, the mask and the alternate stack become; if it says nonsense
 * the program cannot go on.
 */
long sys_sigreturn_end(int err, u64 mask)
{
	struct ksiginfo info = { .signo = SIGSEGV, .code = SI_KERNEL };

	if (err)
		signal_force(&info);
	else
		signal_set_mask(mask);
	return -ENORESULT;
}

SYSCALL(rt_sigreturn)
{
	struct thread *t = current_thread();
	u64 mask = 0;
	int err = sigframe_pop(t->tf, t, &mask);

	(void)args;
	return sys_sigreturn_end(err, mask);
}

/* ---- The alternate stack ---- */

static long set_altstack(struct thread *t, const struct abi_stack *ss, bool on_it)
{
	if (on_it)
		return -EPERM;
	if (ss->flags & ~(SS_ONSTACK | SS_DISABLE) || ss->flags == (SS_ONSTACK | SS_DISABLE))
		return -EINVAL;
	if (ss->flags & SS_DISABLE) {
		t->altstack_sp = t->altstack_size = 0;
		t->altstack_flags = SS_DISABLE;
		return 0;
	}
	if (ss->size < ALTSTACK_MIN)
		return -ENOMEM;
	t->altstack_sp = ss->sp;
	t->altstack_size = ss->size;
	t->altstack_flags = 0;
	return 0;
}

SYSCALL(sigaltstack)
{
	struct thread *t = current_thread();
	bool on_it = signal_on_altstack(t, tf_sp(t->tf));
	struct abi_stack ss, old;
	long result;

	altstack_fill(&old, t);
	if (on_it)
		old.flags = SS_ONSTACK;
	if (args[0]) {
		if (COPYIN(&ss, args[0]))
			return -EFAULT;
		result = set_altstack(t, &ss, on_it);
		if (result)
			return result;
	}
	return args[1] ? COPYOUT(args[1], &old) : 0;
}

/* ---- Interval timers ---- */

/* The ns of a timeval, or -EINVAL. */
static int timeval_ns(const struct abi_timeval *tv, u64 *ns)
{
	struct abi_timespec ts = { .sec = tv->sec };

	if (tv->usec < 0 || tv->usec > 999999)
		return -EINVAL;
	ts.nsec = tv->usec * 1000;
	return abi_timespec_ns(&ts, ns);
}

static int copyout_itimer(ulong va, const struct itimer_value *v)
{
	struct abi_itimerval it = { abi_timeval_of(v->interval), abi_timeval_of(v->left) };

	/* Less than a microsecond is left, but it does run. */
	if (v->left && !it.value.sec && !it.value.usec)
		it.value.usec = 1;
	return COPYOUT(va, &it);
}

SYSCALL(setitimer)
{
	struct itimer_value set = { 0, 0 }, old;
	struct abi_itimerval it;
	int err;

	if (args[1]) {
		if (COPYIN(&it, args[1]))
			return -EFAULT;
		if (timeval_ns(&it.interval, &set.interval) || timeval_ns(&it.value, &set.left))
			return -EINVAL;
	}
	err = itimer_exchange((enum itimer_which)args[0], &set, &old);
	if (err || !args[2])
		return err;
	return copyout_itimer(args[2], &old);
}

SYSCALL(getitimer)
{
	struct itimer_value old;
	int err = itimer_exchange((enum itimer_which)args[0], NULL, &old);

	return err ? err : copyout_itimer(args[1], &old);
}
