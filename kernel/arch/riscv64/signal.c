/*
 * Signal frames: what a handler finds on its stack, and the way back.
 *
 * The structures are Linux's for RV64 (arch/riscv's user API: asm/ucontext.h, asm/sigcontext.h,
 * asm/ptrace.h). The frame is a siginfo_t followed by a ucontext; rt_sigreturn finds it at sp.
 */
#include "arch/signal.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "arch/context.h"
#include "machine/cpu.h"
#include "arch/trap.h"
#include "proc/siginfo.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "vm/mm.h"
#include "vm/uaccess.h"

struct user_fp {
	u64 f[32];
	u32 fcsr;
	u32 unused[64]; /* the room of 128-bit registers */
	u32 reserved[3]; /* zero: the end of the list of further state */
} ALIGNED(16);
_Static_assert(sizeof(struct user_fp) == 528, "union __riscv_fp_state has 528 bytes");

struct user_context {
	u64 flags, link;
	struct abi_stack stack;
	u64 mask;
	u8 mask_room[120];
	u64 x[32] ALIGNED(16);
	struct user_fp fp;
};
_Static_assert(offsetof(struct user_context, x) == 176, "uc_mcontext");

struct user_frame {
	struct abi_siginfo info;
	struct user_context uc;
} ALIGNED(16);

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

	if (sp < sizeof(frame) || signal_overruns(t, sp, at))
		return -EFAULT;
	memset(&frame, 0, sizeof(frame));
	siginfo_fill(&frame.info, info);
	altstack_fill(&frame.uc.stack, t);
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
	altstack_restore(t, &uc.stack);
	*mask = uc.mask;
	return 0;
}
