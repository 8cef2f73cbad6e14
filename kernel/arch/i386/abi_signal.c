/*
 * Signals: the calls from before there were real-time signals. Their sets have one word: signals 1
 * to 32.
 */
#include "abi.h"

#include "lib/errno.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "sys/parts.h"
#include "vm/uaccess.h"

/* struct old_sigaction of Linux's user API (arch/x86 asm/signal.h: struct sigaction). */
struct old_sigaction {
	u32 handler, mask, flags, restorer;
};

SYSCALL(pause)
{
	(void)args;
	return sys_suspend(current_thread()->sig_mask);
}

/* The handler runs once and may be interrupted by its own signal, as in System V. */
SYSCALL(signal)
{
	const struct ksigaction set = {.handler = args[1], .flags = SA_RESETHAND | SA_NODEFER};
	struct ksigaction old;
	int err = signal_action((int)args[0], &set, &old);

	return err ? err : trap_value(old.handler);
}

SYSCALL(sigaction)
{
	struct ksigaction set, old;
	struct old_sigaction u;
	int err;

	if (args[1]) {
		if (COPYIN(&u, args[1]))
			return -EFAULT;
		set = (struct ksigaction){u.handler, u.flags, u.restorer, u.mask};
	}
	err = signal_action((int)args[0], args[1] ? &set : NULL, &old);
	if (err || !args[2])
		return err;
	u = (struct old_sigaction){old.handler, (u32)old.mask, old.flags, old.restorer};
	return COPYOUT(args[2], &u);
}

SYSCALL(sgetmask)
{
	(void)args;
	return trap_value((ulong)current_thread()->sig_mask);
}

SYSCALL(ssetmask)
{
	ulong old = (ulong)current_thread()->sig_mask;

	signal_set_mask(args[0]);
	return trap_value(old);
}

enum mask_how { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };

/* Signals beyond the word stay blocked or not as they are. */
SYSCALL(sigprocmask)
{
	u64 now = current_thread()->sig_mask;
	u32 old = (u32)now, set;

	if (args[1]) {
		if (COPYIN(&set, args[1]))
			return -EFAULT;
		switch ((int)args[0]) {
		case SIG_BLOCK: now |= set; break;
		case SIG_UNBLOCK: now &= ~(u64)set; break;
		case SIG_SETMASK: now = (now & ~(u64)UINT32_MAX) | set; break;
		default: return -EINVAL;
		}
		signal_set_mask(now);
	}
	return args[2] ? COPYOUT(args[2], &old) : 0;
}

SYSCALL(sigpending)
{
	u32 set = (u32)signal_pending_set();

	return COPYOUT(args[0], &set);
}

/* The first two arguments mean nothing. */
SYSCALL(sigsuspend)
{
	return sys_suspend(args[2]);
}

SYSCALL(sigreturn)
{
	struct thread *t = current_thread();
	u64 mask = 0;
	int err = sigframe_pop_old(t->tf, t, &mask);

	(void)args;
	return sys_sigreturn_end(err, mask);
}
