/*
 * siginfo_t and the alternate stack, as programs see them: see proc/siginfo.h.
 */
#include "proc/siginfo.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "vm/uaccess.h"

/* Which part of the union a signal uses depends on its number, and on who sends it. */
void siginfo_fill(struct abi_siginfo *u, const struct ksiginfo *k)
{
	memset(u, 0, sizeof(*u));
	u->signo = k->signo;
	u->err = k->err;
	u->code = k->code;
	switch (k->signo) {
	case SIGILL:
	case SIGTRAP:
	case SIGBUS:
	case SIGFPE:
	case SIGSEGV:
		if (k->code > 0 && k->code != SI_KERNEL) {
			u->fault.addr = k->addr;
			return;
		}
		break;
	case SIGCHLD:
		if (k->code > 0) {
			u->child.pid = k->pid;
			u->child.uid = (u32)k->uid;
			u->child.status = k->status;
			u->child.utime = (long)k->utime;
			u->child.stime = (long)k->stime;
			return;
		}
		break;
	}
	u->kill.pid = k->pid;
	u->kill.uid = (u32)k->uid;
	u->kill.value = k->value;
}

int siginfo_copyout(ulong va, const struct ksiginfo *info)
{
	struct abi_siginfo u;

	siginfo_fill(&u, info);
	return COPYOUT(va, &u);
}

int siginfo_copyin(struct ksiginfo *info, ulong va)
{
	struct abi_siginfo u;

	if (COPYIN(&u, va))
		return -EFAULT;
	*info = (struct ksiginfo){
		.signo = u.signo,
		.err = u.err,
		.code = u.code,
		.pid = u.kill.pid,
		.uid = (s32)u.kill.uid,
		.value = u.kill.value,
		.addr = u.fault.addr,
	};
	if (u.signo == SIGCHLD && u.code > 0) {
		info->status = u.child.status;
		info->utime = (u64)u.child.utime;
		info->stime = (u64)u.child.stime;
	}
	return 0;
}

void altstack_fill(struct abi_stack *u, const struct thread *t)
{
	memset(u, 0, sizeof(*u));
	u->sp = t->altstack_sp;
	u->flags = (s32)t->altstack_flags;
	u->size = t->altstack_size;
}

void altstack_restore(struct thread *t, const struct abi_stack *u)
{
	if (u->flags & ~(SS_ONSTACK | SS_DISABLE))
		return;
	t->altstack_sp = u->sp;
	t->altstack_size = u->size;
	t->altstack_flags = (u32)u->flags & SS_DISABLE;
}
