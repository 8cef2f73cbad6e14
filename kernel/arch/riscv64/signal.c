/*
 * Signal frames: what a handler finds on its stack, and the way back.
 *
 * The structures are Linux's for RV64 (arch/riscv's user API: asm/ucontext.h, asm/sigcontext.h,
 * asm/ptrace.h; siginfo_t of asm-generic/siginfo.h). The frame is a siginfo_t followed by a
 * ucontext; rt_sigreturn finds it at sp.
 */
#include "arch/signal.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "arch/context.h"
#include "machine/cpu.h"
#include "arch/trap.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "vm/mm.h"
#include "vm/uaccess.h"

struct user_siginfo {
	s32 signo, err, code, pad;
	union {
		struct {
			s32 pid;
			u32 uid;
			u64 value;
		} kill;
		struct {
			s32 pid;
			u32 uid;
			s32 status;
			s64 utime, stime;
		} child;
		struct {
			u64 addr;
		} fault;
		u8 size[112];
	};
};
_Static_assert(sizeof(struct user_siginfo) == 128, "siginfo_t has 128 bytes");

struct user_fp {
	u64 f[32];
	u32 fcsr;
	u32 unused[64]; /* the room of 128-bit registers */
	u32 reserved[3]; /* zero: the end of the list of further state */
} ALIGNED(16);
_Static_assert(sizeof(struct user_fp) == 528, "union __riscv_fp_state has 528 bytes");

struct user_context {
	u64 flags, link;
	u64 stack_sp;
	s32 stack_flags;
	u64 stack_size;
	u64 mask;
	u8 mask_room[120];
	u64 x[32] ALIGNED(16);
	struct user_fp fp;
};
_Static_assert(offsetof(struct user_context, x) == 176, "uc_mcontext");

struct user_frame {
	struct user_siginfo info;
	struct user_context uc;
} ALIGNED(16);

static void fill_siginfo(struct user_siginfo *u, const struct ksiginfo *k)
{
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
			u->child.utime = (s64)k->utime;
			u->child.stime = (s64)k->stime;
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
	struct user_siginfo u;

	memset(&u, 0, sizeof(u));
	fill_siginfo(&u, info);
	return COPYOUT(va, &u);
}

int siginfo_copyin(struct ksiginfo *info, ulong va)
{
	struct user_siginfo u;

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

static void fill_fp(struct user_fp *fp, struct thread *t)
{
	ulong flags = intr_save();

	user_state_save(t);
	intr_restore(flags);
	memcpy(fp->f, t->user.f, sizeof(fp->f));
	fp->fcsr = t->user.fcsr;
}

int sigframe_push(struct trapframe *tf, struct thread *t, const struct ksigaction *act,
	const struct ksiginfo *info, u64 old_mask, ulong sp)
{
	struct user_frame frame;
	ulong at = ALIGN_DOWN(sp - sizeof(frame), 16);

	if (sp < sizeof(frame))
		return -EFAULT;
	memset(&frame, 0, sizeof(frame));
	fill_siginfo(&frame.info, info);
	frame.uc.stack_sp = t->altstack_sp;
	frame.uc.stack_flags = (s32)t->altstack_flags;
	frame.uc.stack_size = t->altstack_size;
	frame.uc.mask = old_mask;
	memcpy(frame.uc.x, tf->x, sizeof(frame.uc.x));
	fill_fp(&frame.uc.fp, t);
	if (copyout(at, &frame, sizeof(frame)))
		return -EFAULT;

	tf->x[REG_PC] = act->handler;
	tf->x[REG_SP] = at;
	tf->x[REG_RA] = t->mm->sigpage;
	tf->x[REG_A0] = (ulong)info->signo;
	tf->x[REG_A1] = at + offsetof(struct user_frame, info);
	tf->x[REG_A2] = at + offsetof(struct user_frame, uc);
	return 0;
}

static void restore_altstack(struct thread *t, const struct user_context *uc)
{
	if (uc->stack_flags & ~(SS_ONSTACK | SS_DISABLE))
		return;
	t->altstack_sp = uc->stack_sp;
	t->altstack_size = uc->stack_size;
	t->altstack_flags = (u32)uc->stack_flags & SS_DISABLE;
}

static void restore_fp(struct thread *t, const struct user_fp *fp)
{
	ulong flags;

	memcpy(t->user.f, fp->f, sizeof(fp->f));
	t->user.fcsr = fp->fcsr & 0xff;
	for (unsigned i = 0; i < 32 && !t->user.used; i++)
		t->user.used = fp->f[i] != 0;
	if (t->user.fcsr)
		t->user.used = 1;
	flags = intr_save();
	user_state_load(t);
	intr_restore(flags);
}

int sigframe_pop(struct trapframe *tf, struct thread *t, u64 *mask)
{
	struct user_context uc;
	ulong at = tf->x[REG_SP];

	if (at % 16 || copyin(&uc, at + offsetof(struct user_frame, uc), sizeof(uc)))
		return -EFAULT;
	if (uc.fp.reserved[0] || uc.fp.reserved[1] || uc.fp.reserved[2])
		return -EFAULT;
	memcpy(tf->x, uc.x, sizeof(tf->x));
	tf->full = 1;
	restore_fp(t, &uc.fp);
	restore_altstack(t, &uc);
	*mask = uc.mask;
	return 0;
}
