/*
 * Signal frames: what a handler finds on its stack, and the way back.
 *
 * The structures are Linux's for 32-bit x86 (its user API: asm/sigcontext.h,
 * asm-generic/ucontext.h; the frames themselves are not in a header: debuggers and unwinders know
 * them). A handler with SA_SIGINFO gets the frame that rt_sigreturn takes, others the older one,
 * for sigreturn. Both begin with the address the handler returns to and its arguments, so that it
 * may be any C function; the floating-point registers lie above (fpframe.c).
 *
 * A frame can hold anything when it comes back: selectors are those of programs, and of the flags
 * only the program's own are taken. A selector that says nothing is refused by the CPU on the way
 * back to the program (trap.c).
 */
#include "arch/signal.h"

#include "abi.h"
#include "arch.h"
#include "arch/context.h"
#include "arch/trap.h"
#include "fpframe.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/siginfo.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "vm/mm.h"
#include "vm/uaccess.h"

#define FLAG_TRAP 0x100ul
#define FLAG_DIRECTION 0x400ul
#define FLAG_RESUME 0x10000ul
/* Carry, parity, adjust, zero, sign, trap, direction, overflow, resume, alignment check. */
#define FLAGS_OF_PROGRAM 0x50dd5ul

#define UC_FP_XSTATE 1u /* XSAVE's registers are there too */

/* The code that each kind of handler returns to, in the page at mm->sigpage: sigcode.S. */
extern const u8 sigcode_rt[];
#define SIGCODE_FRAME_SIZE 8

struct user_sigcontext {
	u32 gs, fs, es, ds;
	u32 edi, esi, ebp, esp, ebx, edx, ecx, eax;
	u32 vector, error, eip, cs, eflags, esp_at_signal, ss;
	u32 fp; /* address of the floating-point registers, or 0 */
	u32 old_mask; /* the mask's lower half; that of the older frame counts */
	u32 fault_address;
};
_Static_assert(sizeof(struct user_sigcontext) == 88, "struct sigcontext has 88 bytes");

struct user_context {
	u32 flags, link;
	struct abi_stack stack;
	struct user_sigcontext regs;
	u64 mask;
};
_Static_assert(sizeof(struct user_context) == 116, "struct ucontext has 116 bytes");

struct rt_frame {
	u32 return_to;
	s32 sig;
	u32 info_at, uc_at;
	struct abi_siginfo info;
	struct user_context uc;
	u8 code[SIGCODE_FRAME_SIZE];
};

/*
 * The older frame. Between its parts is the room where the floating-point registers once were; it
 * is not written.
 */
struct old_frame {
	u32 return_to;
	s32 sig;
	struct user_sigcontext regs;
};
struct old_frame_end {
	u32 mask_high;
	u8 code[SIGCODE_FRAME_SIZE];
};
#define OLD_FRAME_END (sizeof(struct old_frame) + 624)
#define OLD_FRAME_SIZE (OLD_FRAME_END + sizeof(struct old_frame_end))

/* --- into a frame --- */

/* The CPU pushes and stores selectors in the lower half of a word. */
static void fill_regs(struct user_sigcontext *u, const struct trapframe *tf, const struct thread *t,
	u64 old_mask, ulong fp)
{
	*u = (struct user_sigcontext){
		.gs = (u16)t->user.gs,
		.fs = (u16)tf->fs,
		.es = (u16)tf->es,
		.ds = (u16)tf->ds,
		.edi = tf->edi,
		.esi = tf->esi,
		.ebp = tf->ebp,
		.esp = tf->esp,
		.ebx = tf->ebx,
		.edx = tf->edx,
		.ecx = tf->ecx,
		.eax = tf->eax,
		.vector = t->user.trap_vector,
		.error = t->user.trap_error,
		.eip = tf->eip,
		.cs = (u16)tf->cs,
		.eflags = tf->eflags,
		.esp_at_signal = tf->esp,
		.ss = (u16)tf->ss,
		.fp = fp,
		.old_mask = (u32)old_mask,
		.fault_address = t->user.trap_address,
	};
}

/* What debuggers look for in a frame: the same instructions that the handler returns to. */
static void fill_code(u8 code[SIGCODE_FRAME_SIZE], const u8 *from)
{
	memcpy(code, from, SIGCODE_FRAME_SIZE);
}

static ulong return_address(const struct thread *t, const struct ksigaction *act, const u8 *code)
{
	return act->flags & SA_RESTORER ? act->restorer
					: t->mm->sigpage + (ulong)(code - sigcode_start);
}

/* A frame of this size below sp, placed as the stack is when a C function begins; 0: no room. */
static ulong frame_address(ulong sp, size_t size)
{
	return sp < size + 16 ? 0 : ALIGN_DOWN(sp - size + 4, 16) - 4;
}

static int push_rt(struct trapframe *tf, struct thread *t, const struct ksigaction *act,
	const struct ksiginfo *info, u64 old_mask, ulong sp)
{
	ulong fp, at;
	struct rt_frame f;

	if (fpframe_push(t, sp, &fp))
		return -EFAULT;
	at = frame_address(fp, sizeof(f));
	memset(&f, 0, sizeof(f));
	f.return_to = return_address(t, act, sigcode_rt);
	f.sig = info->signo;
	f.info_at = at + offsetof(struct rt_frame, info);
	f.uc_at = at + offsetof(struct rt_frame, uc);
	siginfo_fill(&f.info, info);
	f.uc.flags = cpu_xstate ? UC_FP_XSTATE : 0;
	altstack_fill(&f.uc.stack, t);
	fill_regs(&f.uc.regs, tf, t, old_mask, fp);
	f.uc.mask = old_mask;
	fill_code(f.code, sigcode_rt);
	if (!at || signal_overruns(t, sp, at) || COPYOUT(at, &f))
		return -EFAULT;
	tf->esp = at;
	tf->edx = f.info_at;
	tf->ecx = f.uc_at;
	return 0;
}

static int push_old(struct trapframe *tf, struct thread *t, const struct ksigaction *act,
	const struct ksiginfo *info, u64 old_mask, ulong sp)
{
	ulong fp, at;
	struct old_frame f;
	struct old_frame_end end;

	if (fpframe_push(t, sp, &fp))
		return -EFAULT;
	at = frame_address(fp, OLD_FRAME_SIZE);
	f.return_to = return_address(t, act, sigcode_start);
	f.sig = info->signo;
	fill_regs(&f.regs, tf, t, old_mask, fp);
	end.mask_high = (u32)(old_mask >> 32);
	fill_code(end.code, sigcode_start);
	if (!at || signal_overruns(t, sp, at) || COPYOUT(at, &f) || COPYOUT(at + OLD_FRAME_END, &end))
		return -EFAULT;
	tf->esp = at;
	tf->edx = tf->ecx = 0;
	return 0;
}

/* Arguments are on the stack, and in the registers where some compilers' functions want them. */
int sigframe_push(struct trapframe *tf, struct thread *t, const struct ksigaction *act,
	const struct ksiginfo *info, u64 old_mask, ulong sp)
{
	int err = act->flags & SA_SIGINFO ? push_rt(tf, t, act, info, old_mask, sp)
					  : push_old(tf, t, act, info, old_mask, sp);

	if (err)
		return err;
	tf->eip = act->handler;
	tf->eax = (ulong)info->signo;
	tf->ds = tf->es = tf->ss = SEL_USER_DATA;
	tf->cs = SEL_USER_CODE;
	tf->eflags &= ~(FLAG_DIRECTION | FLAG_TRAP | FLAG_RESUME);
	fpframe_reset(t);
	return 0;
}

/* --- out of a frame --- */

/* A selector with a program's rights; the null selector stays what it is. */
static ulong user_selector(u32 selector)
{
	return (u16)selector > 3 ? (selector & 0xffff) | 3 : 0;
}

static int restore_regs(struct trapframe *tf, struct thread *t, const struct user_sigcontext *u)
{
	ulong flags;

	if (u->fp && fpframe_pop(t, u->fp))
		return -EFAULT;
	if (!u->fp)
		fpframe_reset(t);
	flags = intr_save();
	gs_load((u32)user_selector(u->gs));
	intr_restore(flags);
	tf->fs = user_selector(u->fs);
	tf->es = user_selector(u->es);
	tf->ds = user_selector(u->ds);
	tf->edi = u->edi;
	tf->esi = u->esi;
	tf->ebp = u->ebp;
	tf->esp = u->esp;
	tf->ebx = u->ebx;
	tf->edx = u->edx;
	tf->ecx = u->ecx;
	tf->eax = u->eax;
	tf->eip = u->eip;
	tf->cs = (u->cs & 0xffff) | 3;
	tf->ss = (u->ss & 0xffff) | 3;
	tf->eflags = (tf->eflags & ~FLAGS_OF_PROGRAM) | (u->eflags & FLAGS_OF_PROGRAM);
	return 0;
}

/* The handler's return took the first word off the stack. */
int sigframe_pop(struct trapframe *tf, struct thread *t, u64 *mask)
{
	struct user_context uc;
	ulong at = tf->esp - offsetof(struct rt_frame, sig);

	if (COPYIN(&uc, at + offsetof(struct rt_frame, uc)) || restore_regs(tf, t, &uc.regs))
		return -EFAULT;
	altstack_restore(t, &uc.stack);
	*mask = uc.mask;
	return 0;
}

/* Here the code it returned to took the second too. */
int sigframe_pop_old(struct trapframe *tf, struct thread *t, u64 *mask)
{
	struct user_sigcontext regs;
	ulong at = tf->esp - offsetof(struct old_frame, regs);
	u32 mask_high;

	if (COPYIN(&regs, at + offsetof(struct old_frame, regs)) ||
		COPYIN(&mask_high, at + OLD_FRAME_END) || restore_regs(tf, t, &regs))
		return -EFAULT;
	*mask = (u64)mask_high << 32 | regs.old_mask;
	return 0;
}
