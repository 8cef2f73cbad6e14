/*
 * What happened, and who deals with it: traps other than system calls.
 *
 * Vectors and error codes: Intel SDM volume 3, "Exception and Interrupt Reference". Signals and
 * codes for each are those that Linux gives on this machine.
 */
#include "arch/trap.h"

#include "arch.h"
#include "arch/context.h"
#include "lib/printf.h"
#include "machine/offsets.h"
#include "machine/pte.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "proc/trap.h"
#include "vm/kva.h"
#include "vm/page.h"
#include "vm/pmap.h"

enum vector {
	EX_DIVIDE = 0,
	EX_DEBUG = 1,
	EX_NMI = 2,
	EX_BREAKPOINT = 3,
	EX_OVERFLOW = 4,
	EX_BOUND = 5,
	EX_INVALID_OPCODE = 6,
	EX_NO_FPU = 7,
	EX_DOUBLE_FAULT = 8,
	EX_INVALID_TSS = 10,
	EX_NO_SEGMENT = 11,
	EX_STACK = 12,
	EX_PROTECTION = 13,
	EX_PAGE = 14,
	EX_X87 = 16,
	EX_ALIGNMENT = 17,
	EX_SIMD = 19,
	EX_LAST = 31,
};

/* Error code of a page fault. */
#define PF_PRESENT 1u
#define PF_WRITE 2u
#define PF_USER 4u
#define PF_FETCH 16u
#define DR6_STEP 0x4000u /* a single step, EFLAGS.TF */
#define ENTRY_SIZE 16 /* of trap_entries */

/* IDT entries (SDM volume 3, "IDT Descriptors"). */
#define GATE_INTERRUPT 0x8e00u
#define GATE_USER_INTERRUPT 0xee00u
#define GATE_USER_TRAP 0xef00u
#define GATE_TASK 0x8500u

_Static_assert(offsetof(struct thread, kstack) == THREAD_KSTACK, "offsets.h");
_Static_assert(offsetof(struct thread, context) == THREAD_CONTEXT, "offsets.h");
_Static_assert(offsetof(struct percpu, tss.esp0) == PERCPU_ESP0, "offsets.h");
_Static_assert(offsetof(struct trapframe, cs) == TF_CS, "offsets.h");
_Static_assert(offsetof(struct trapframe, eflags) == TF_EFLAGS, "offsets.h");
_Static_assert(offsetof(struct trapframe, esp) == TF_ESP, "offsets.h");
_Static_assert(sizeof(struct trapframe) == TF_SIZE, "offsets.h");

/*
 * A range of instructions that may fault, and where to go on (uaccess.S). kernel.ld collects
 * them.
 */
struct ex_entry {
	ulong start, end, go_on;
};
extern const struct ex_entry ex_table_start[], ex_table_end[];
/* trap.S */
extern const u8 trap_entries[], trap_syscall_entry[], trap_load_segments[], trap_segments_loaded[],
	trap_iret[];

static u64 idt[256];

const struct trapframe *trap_panic_frame;

static u32 nmis; /* (a) that came and have not been told of */

static u64 gate(const void *handler, unsigned selector, u32 kind)
{
	u32 at = (u32)handler;

	return (u64)((at & 0xffff0000u) | kind) << 32 | selector << 16 | (at & 0xffffu);
}

void trap_init(void)
{
	for (unsigned v = 0; v < ARRAY_SIZE(idt); v++)
		idt[v] = gate(trap_entries + v * ENTRY_SIZE, SEL_KERNEL_CODE, GATE_INTERRUPT);
	/* The instructions int3 and into are the program's to use; others of int it may not. */
	idt[EX_BREAKPOINT] = gate(
		trap_entries + EX_BREAKPOINT * ENTRY_SIZE, SEL_KERNEL_CODE, GATE_USER_INTERRUPT);
	idt[EX_OVERFLOW] =
		gate(trap_entries + EX_OVERFLOW * ENTRY_SIZE, SEL_KERNEL_CODE, GATE_USER_INTERRUPT);
	/* Interrupts stay as they are: on. */
	idt[VECTOR_SYSCALL] = gate(trap_syscall_entry, SEL_KERNEL_CODE, GATE_USER_TRAP);
	/* The stack may be what is wrong: a double fault gets one of its own, by a task switch. */
	idt[EX_DOUBLE_FAULT] = gate(NULL, GDT_DOUBLE_FAULT_TSS * 8, GATE_TASK);
}

void trap_init_cpu(void)
{
	struct {
		u16 limit;
		u32 base;
	} __attribute__((packed)) idtr = {sizeof(idt) - 1, (u32)idt};

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

static inline ulong fault_address(void)
{
	ulong va;

	__asm__ volatile("movl %%cr2, %0" : "=r"(va));
	return va;
}

static unsigned fault_access(ulong error)
{
	if (error & PF_WRITE)
		return PROT_WRITE;
	/* Without no-execute bits whatever can be read can be executed. */
	return (error & PF_FETCH) && pte_no_exec ? PROT_EXEC : PROT_READ;
}

/* --- interrupts --- */

/* An NMI comes at any time, and the log's lock may be held: a later interrupt tells. */
static void note_nmi(void)
{
	__atomic_fetch_add(&nmis, 1, __ATOMIC_RELAXED);
}

static void interrupt(unsigned vector)
{
	u32 came;

	irq_dispatch(vector);
	if (LIKELY(!__atomic_load_n(&nmis, __ATOMIC_RELAXED)))
		return;
	came = __atomic_exchange_n(&nmis, 0, __ATOMIC_RELAXED);
	if (came)
		log_warn("NMIs that came: %u\n", came);
}

/* --- exceptions of programs --- */

/*
 * The code of a floating-point exception, from the flags of those that are there and not masked:
 * the same bits in x87's status word and in MXCSR.
 */
static int fp_code(unsigned flags)
{
	if (flags & 0x01)
		return FPE_FLTINV;
	if (flags & 0x04)
		return FPE_FLTDIV;
	if (flags & 0x08)
		return FPE_FLTOVF;
	if (flags & 0x12) /* denormal counts as underflow */
		return FPE_FLTUND;
	if (flags & 0x20)
		return FPE_FLTRES;
	return 0;
}

static int x87_code(void)
{
	u16 status, control;

	__asm__ volatile("fnstsw %0\n\tfnstcw %1" : "=a"(status), "=m"(control));
	return fp_code(status & ~control);
}

static int simd_code(void)
{
	u32 mxcsr;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return fp_code(mxcsr & ~(mxcsr >> 7));
}

/* An x87 exception that is not there any more was taken back by the program. */
static void fp_exception(struct trapframe *tf, int code)
{
	if (code)
		trap_user_exception(tf, SIGFPE, code, tf->eip);
}

static void user_exception(struct trapframe *tf, int fp, ulong cause)
{
	switch (tf->vector) {
	case EX_DIVIDE: trap_user_exception(tf, SIGFPE, FPE_INTDIV, tf->eip); break;
	case EX_DEBUG:
		trap_user_exception(
			tf, SIGTRAP, cause & DR6_STEP ? TRAP_TRACE : TRAP_BRKPT, tf->eip);
		break;
	case EX_BREAKPOINT: trap_user_exception(tf, SIGTRAP, SI_KERNEL, 0); break;
	case EX_INVALID_OPCODE: trap_user_exception(tf, SIGILL, ILL_ILLOPN, tf->eip); break;
	case EX_X87:
	case EX_SIMD: fp_exception(tf, fp); break;
	case EX_ALIGNMENT: trap_user_exception(tf, SIGBUS, BUS_ADRALN, 0); break;
	case EX_NO_SEGMENT:
	case EX_STACK: trap_user_exception(tf, SIGBUS, SI_KERNEL, 0); break;
	default: trap_user_exception(tf, SIGSEGV, SI_KERNEL, 0);
	}
}

/*
 * QEMU 7.2 reads the stack for a far return with the kernel's rights. Where SMAP then forbids it
 * although the page is there, serving the fault would not help: it would come again and again.
 */
static void user_page_fault(struct trapframe *tf, ulong va)
{
	if ((tf->orig_eax & PF_USER) || !(tf->orig_eax & PF_PRESENT))
		trap_user_fault(tf, va, fault_access(tf->orig_eax));
	else
		trap_user_exception(tf, SIGSEGV, SEGV_ACCERR, va);
}

/* Why the debug exception came (DR6), which is only ever set by the CPU. */
static ulong debug_cause(void)
{
	ulong cause;

	__asm__ volatile("movl %%db6, %0\n\tmovl %1, %%db6" : "=&r"(cause) : "r"(0));
	return cause;
}

void trap_from_user(struct trapframe *tf)
{
	struct thread *t = current_thread();
	ulong value = 0;
	int fp = 0;

	trap_enter();
	if (tf->vector > EX_LAST) {
		interrupt(tf->vector);
		return;
	}
	/* What this CPU knows of the exception goes with the thread's leaving it. */
	switch (tf->vector) {
	case EX_PAGE: value = fault_address(); break;
	case EX_DEBUG: value = debug_cause(); break;
	case EX_X87: fp = x87_code(); break;
	case EX_SIMD: fp = simd_code(); break;
	case EX_NO_FPU: user_state_use_fp(t); return;
	case EX_NMI: note_nmi(); return;
	}
	intr_enable();
	t->user.trap_vector = tf->vector;
	t->user.trap_error = tf->orig_eax;
	if (tf->vector == EX_PAGE) {
		t->user.trap_address = value;
		user_page_fault(tf, value);
	} else {
		user_exception(tf, fp, value);
	}
}

/* --- exceptions in the kernel --- */

static const struct ex_entry *ex_find(ulong pc)
{
	for (const struct ex_entry *e = ex_table_start; e < ex_table_end; e++)
		if (pc >= e->start && pc < e->end)
			return e;
	return NULL;
}

static const char *exception_name(ulong vector)
{
	static const char *const names[] = {
		[EX_DIVIDE] = "division by zero or overflow",
		[EX_BREAKPOINT] = "breakpoint",
		[EX_INVALID_OPCODE] = "invalid instruction",
		[EX_NO_FPU] = "use of floating point",
		[EX_INVALID_TSS] = "invalid task state",
		[EX_NO_SEGMENT] = "segment that is not there",
		[EX_STACK] = "stack segment fault",
		[EX_PROTECTION] = "general protection fault",
		[EX_X87] = "x87 exception",
		[EX_ALIGNMENT] = "misaligned access",
		[EX_SIMD] = "SSE exception",
	};

	return vector < ARRAY_SIZE(names) && names[vector] ? names[vector] : "unexpected exception";
}

static void page_fault_panic(const struct trapframe *tf, ulong va) NORETURN;
static void page_fault_panic(const struct trapframe *tf, ulong va)
{
	const char *what = tf->orig_eax & PF_FETCH ? "jump to an address that is not executable"
		: tf->orig_eax & PF_WRITE ? "write to an address that is not mapped or read-only"
					  : "read of an address that is not mapped";

	trap_panic_frame = tf;
	if (va < PAGE_SIZE)
		panic("kernel fault: %s: null pointer 0x%lx", what, va);
	panic("kernel fault: %s: 0x%lx", what, va);
}

/* A fault on the way back to the program: what was to be loaded is the program's, and bad. */
static bool mend_return(struct trapframe *tf)
{
	ulong *stack = &tf->esp; /* where it pointed: nothing was pushed here */

	if (tf->eip < (ulong)trap_load_segments || tf->eip >= (ulong)trap_segments_loaded)
		return false;
	/* The null selector can be loaded; the program's first access with it faults. */
	*stack = 0;
	return true;
}

/* The program's frame is `user`: a fault of the program without an address. */
static void fault_and_return(struct trapframe *user) NORETURN;
static void fault_and_return(struct trapframe *user)
{
	intr_enable();
	trap_user_exception(user, SIGSEGV, SI_KERNEL, 0);
	intr_disable();
	trap_return_to_user(user);
	return_to_user(user);
}

/*
 * iret refused the program's CS, SS or EIP. All other registers are back in the CPU, and so in this
 * frame, whose place overlaps the program's: give them back, and take it for a fault of the program.
 */
static void bad_iret(struct trapframe *tf) NORETURN;
static void bad_iret(struct trapframe *tf)
{
	struct thread *t = current_thread();
	struct trapframe *user = t->tf;

	t->user.trap_vector = tf->vector;
	t->user.trap_error = tf->orig_eax;
	memmove(user, tf, offsetof(struct trapframe, vector));
	trap_enter();
	fault_and_return(user);
}

/*
 * The program is in virtual-8086 mode (trap.S), which we do not have: it gets out, with its
 * registers where frames lie, and a signal. There its flags could even forbid interrupts and
 * permit ports, so none are kept.
 */
void trap_from_virtual(struct trapframe *tf)
{
	struct thread *t = current_thread();
	struct trapframe was = *tf; /* where it lies, the program's overlaps it */

	t->user.trap_vector = was.vector;
	t->user.trap_error = was.orig_eax;
	was.ds = was.es = was.ss = SEL_USER_DATA;
	was.cs = SEL_USER_CODE;
	was.eflags = EFLAGS_FIXED | EFLAGS_IF;
	*t->tf = was;
	trap_enter();
	if (was.vector > EX_LAST && was.vector != VECTOR_SYSCALL)
		interrupt(was.vector);
	fault_and_return(t->tf);
}

static void kernel_page_fault(struct trapframe *tf, ulong va)
{
	const struct ex_entry *fix = ex_find(tf->eip);
	bool served;

	if (!fix || va >= USER_TOP)
		page_fault_panic(tf, va);
	if (tf->eflags & EFLAGS_IF)
		intr_enable();
	served = trap_kernel_fault(va, fault_access(tf->orig_eax));
	intr_disable();
	if (!served)
		tf->eip = fix->go_on;
}

void trap_from_kernel(struct trapframe *tf)
{
	const struct ex_entry *fix;

	if (tf->vector > EX_LAST) {
		interrupt(tf->vector);
		return;
	}
	switch (tf->vector) {
	case EX_PAGE: kernel_page_fault(tf, fault_address()); return;
	case EX_NMI: note_nmi(); return;
	case EX_DEBUG: /* what a program left pending by loading SS */ (void)debug_cause(); return;
	}
	if (mend_return(tf))
		return;
	if (tf->eip == (ulong)trap_iret)
		bad_iret(tf);
	fix = ex_find(tf->eip);
	if (fix) {
		tf->eip = fix->go_on;
		return;
	}
	trap_panic_frame = tf;
	panic("kernel fault: %s (vector %lu, error code 0x%lx)", exception_name(tf->vector),
		tf->vector, tf->orig_eax);
}

/*
 * An exception while the CPU told of another: its stack is used up, or its tables are spoiled. We
 * are in a task of our own; the other one's registers are in the CPU's TSS.
 */
void trap_double_fault(void)
{
	const struct tss *was = &percpus[cpu_id()].tss;
	static struct trapframe frame;
	ulong stack = (ulong)current_thread()->kstack;

	frame = (struct trapframe){was->ebx, was->ecx, was->edx, was->esi, was->edi, was->ebp,
		was->eax, was->ds, was->es, was->fs, EX_DOUBLE_FAULT, 0, was->eip, was->cs,
		was->eflags, was->esp, was->ss};
	trap_panic_frame = &frame;
	if (was->esp < stack + PAGE_SIZE / 2)
		panic("kernel stack overflow: sp 0x%x, the stack begins at 0x%lx", was->esp, stack);
	panic("double fault at 0x%x", was->eip);
}

/* --- reports --- */

/* Can [fp, fp + 8) be on a stack that this thread may be using? */
static bool on_stack(ulong fp)
{
	ulong stack = (ulong)current_thread()->kstack;
	ulong emergency = (ulong)emergency_stacks[cpu_id()];

	if (fp % sizeof(ulong))
		return false;
	return (fp >= stack && fp <= stack + KSTACK_SIZE - 2 * sizeof(ulong)) ||
		(fp >= emergency && fp <= emergency + EMERGENCY_STACK_SIZE - 2 * sizeof(ulong));
}

void machine_backtrace(const struct trapframe *tf, bool (*fn)(void *arg, ulong addr), void *arg)
{
	ulong fp = tf ? tf->ebp : (ulong)__builtin_frame_address(0);

	if (tf && !fn(arg, tf->eip))
		return;
	/* System V ABI for i386: the caller's ebp, and above it the return address. */
	while (on_stack(fp)) {
		ulong up = ((ulong *)fp)[0], ra = ((ulong *)fp)[1];

		if (ra < KERNEL_BASE)
			break;
		/* The call, not where it returns to: that may be in the next function. */
		if (!fn(arg, ra - 1) || up <= fp)
			break;
		fp = up;
	}
}

void machine_print_registers(const struct trapframe *tf, void (*print)(const char *format, ...))
{
	/* A trap from the kernel leaves the stack pointer where the frame's end is. */
	ulong sp = tf->vector == EX_DOUBLE_FAULT ? tf->esp : (ulong)&tf->esp;

	print("eax %08lx ebx %08lx ecx %08lx edx %08lx\n", tf->eax, tf->ebx, tf->ecx, tf->edx);
	print("esi %08lx edi %08lx ebp %08lx esp %08lx\n", tf->esi, tf->edi, tf->ebp, sp);
	print("eip %08lx eflags %08lx cs %04lx ds %04lx es %04lx fs %04lx\n", tf->eip, tf->eflags,
		tf->cs & 0xffff, tf->ds & 0xffff, tf->es & 0xffff, tf->fs & 0xffff);
	print("vector %lu error code %lx cr2 %08lx\n", tf->vector, tf->orig_eax, fault_address());
}
