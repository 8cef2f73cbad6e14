/*
 * What happened, and who deals with it: traps other than system calls.
 *
 * Causes: Privileged ISA, "Supervisor Cause Register". Signals and codes for each are those that
 * Linux gives on this machine.
 */
#include "arch/trap.h"

#include "arch.h"
#include "lib/printf.h"
#include "arch/context.h"
#include "machine/cpu.h"
#include "machine/offsets.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "proc/trap.h"
#include "vm/kva.h"
#include "vm/page.h"
#include "vm/pmap.h"

#define CAUSE_INTERRUPT (1ul << 63)
#define INTERRUPT_SOFTWARE (CAUSE_INTERRUPT | 1)
#define INTERRUPT_TIMER (CAUSE_INTERRUPT | 5)
#define INTERRUPT_EXTERNAL (CAUSE_INTERRUPT | 9)

enum exception {
	EX_FETCH_MISALIGNED = 0,
	EX_FETCH_ACCESS = 1,
	EX_ILLEGAL = 2,
	EX_BREAKPOINT = 3,
	EX_LOAD_MISALIGNED = 4,
	EX_LOAD_ACCESS = 5,
	EX_STORE_MISALIGNED = 6,
	EX_STORE_ACCESS = 7,
	EX_FETCH_PAGE = 12,
	EX_LOAD_PAGE = 13,
	EX_STORE_PAGE = 15,
};

#define SIE_SOFTWARE (1ul << 1)
#define SIE_TIMER (1ul << 5)
#define SIE_EXTERNAL (1ul << 9)
#define SSTATUS_SPIE (1ul << 5)
#define SSTATUS_SPP (1ul << 8)
#define SCOUNTEREN_ALL 7ul /* programs may read cycle, time and instret */

_Static_assert(offsetof(struct thread, cpu) == THREAD_CPU, "offsets.h");
_Static_assert(offsetof(struct thread, kstack) == THREAD_KSTACK, "offsets.h");
_Static_assert(offsetof(struct thread, tf) == THREAD_TF, "offsets.h");
_Static_assert(offsetof(struct thread, context) == THREAD_CONTEXT, "offsets.h");
_Static_assert(offsetof(struct cpu, id) == CPU_ID && CPU_ID == CPU_ID_OFFSET, "offsets.h");
_Static_assert(offsetof(struct user_state, fcsr) == FPU_FCSR, "offsets.h");
_Static_assert(offsetof(struct trapframe, orig_a0) == TF_ORIG_A0, "offsets.h");
_Static_assert(offsetof(struct trapframe, thread) == TF_THREAD, "offsets.h");
_Static_assert(offsetof(struct trapframe, full) == TF_FULL, "offsets.h");
_Static_assert(offsetof(struct trapframe, cause) == TF_CAUSE, "offsets.h");
_Static_assert(offsetof(struct trapframe, status) == TF_STATUS, "offsets.h");
_Static_assert(offsetof(struct trapframe, value) == TF_VALUE, "offsets.h");
_Static_assert(sizeof(struct trapframe) == TF_SIZE && TF_SIZE % 16 == 0, "offsets.h");

/*
 * A range of instructions that may fault, and where to go on (uaccess.S). kernel.ld collects
 * them.
 */
struct ex_entry {
	ulong start, end, go_on;
};
extern const struct ex_entry ex_table_start[], ex_table_end[];

extern u8 emergency_stacks[];

const struct trapframe *trap_panic_frame;

void trap_init_cpu(void)
{
	__asm__ volatile("csrw stvec, %0" : : "r"(trap_entry));
	__asm__ volatile("csrw scounteren, %0" : : "r"(SCOUNTEREN_ALL));
	__asm__ volatile("csrw sie, %0" : : "r"(SIE_SOFTWARE | SIE_TIMER | SIE_EXTERNAL));
	/*
	 * boot.S came here by a trap. The first thread to run may be one that another CPU took into
	 * the kernel, and its way back relies on these two.
	 */
	__asm__ volatile("csrc sstatus, %0" : : "r"(SSTATUS_SPP));
	__asm__ volatile("csrs sstatus, %0" : : "r"(SSTATUS_SPIE));
}

static void interrupt(ulong cause)
{
	switch (cause) {
	case INTERRUPT_TIMER:
		timer_interrupt();
		break;
	case INTERRUPT_EXTERNAL:
		plic_interrupt();
		break;
	case INTERRUPT_SOFTWARE:
		__asm__ volatile("csrc sip, %0" : : "r"(SIE_SOFTWARE));
		smp_interrupt();
		break;
	}
}

static unsigned fault_access(ulong cause)
{
	switch (cause) {
	case EX_FETCH_PAGE:
	case EX_FETCH_ACCESS:
		return PROT_EXEC;
	case EX_STORE_PAGE:
	case EX_STORE_ACCESS:
		return PROT_WRITE;
	default:
		return PROT_READ;
	}
}

/*
 * An illegal instruction of a program. Its first floating-point instruction is one, since the
 * unit is off until then.
 */
static void user_illegal(struct trapframe *tf)
{
	struct thread *t = current_thread();

	if (!t->user.used) {
		t->user.used = 1;
		intr_disable();
		user_state_load(t);
		intr_enable();
	} else {
		trap_user_exception(tf, SIGILL, ILL_ILLOPC, tf_pc(tf));
	}
}

static void user_exception(struct trapframe *tf, ulong cause, ulong value)
{
	switch (cause) {
	case EX_FETCH_PAGE:
	case EX_LOAD_PAGE:
	case EX_STORE_PAGE:
		trap_user_fault(tf, value, fault_access(cause));
		break;
	case EX_ILLEGAL:
		user_illegal(tf);
		break;
	case EX_BREAKPOINT:
		trap_user_exception(tf, SIGTRAP, TRAP_BRKPT, tf_pc(tf));
		break;
	case EX_FETCH_MISALIGNED:
	case EX_LOAD_MISALIGNED:
	case EX_STORE_MISALIGNED:
		trap_user_exception(tf, SIGBUS, BUS_ADRALN, value);
		break;
	case EX_FETCH_ACCESS:
	case EX_LOAD_ACCESS:
	case EX_STORE_ACCESS:
		trap_user_exception(tf, SIGSEGV, SEGV_ACCERR, value);
		break;
	default:
		trap_user_exception(tf, SIGILL, ILL_ILLOPC, tf_pc(tf));
	}
}

void trap_from_user(struct trapframe *tf, ulong cause, ulong value)
{
	trap_enter();
	if (cause & CAUSE_INTERRUPT) {
		interrupt(cause);
	} else {
		intr_enable();
		user_exception(tf, cause, value);
	}
}

static const struct ex_entry *ex_find(ulong pc)
{
	for (const struct ex_entry *e = ex_table_start; e < ex_table_end; e++)
		if (pc >= e->start && pc < e->end)
			return e;
	return NULL;
}

static void kernel_fault_panic(const struct trapframe *tf) NORETURN;
static void kernel_fault_panic(const struct trapframe *tf)
{
	static const char *const names[] = {
		[EX_FETCH_MISALIGNED] = "jump to a misaligned address",
		[EX_FETCH_ACCESS] = "jump to memory that is not there",
		[EX_ILLEGAL] = "illegal instruction",
		[EX_BREAKPOINT] = "breakpoint",
		[EX_LOAD_MISALIGNED] = "misaligned read",
		[EX_LOAD_ACCESS] = "read of memory that is not there",
		[EX_STORE_MISALIGNED] = "misaligned write",
		[EX_STORE_ACCESS] = "write to memory that is not there",
		[EX_FETCH_PAGE] = "jump to an address that is not executable",
		[EX_LOAD_PAGE] = "read of an address that is not mapped",
		[EX_STORE_PAGE] = "write to an address that is not mapped or read-only",
	};
	const char *what = tf->cause < ARRAY_SIZE(names) ? names[tf->cause] : NULL;
	ulong stack = (ulong)current_thread()->kstack;

	trap_panic_frame = tf;
	if (tf->x[REG_SP] < stack + TF_SIZE)
		panic("kernel stack overflow: sp 0x%lx, the stack begins at 0x%lx", tf->x[REG_SP],
			stack);
	if (tf->value < PAGE_SIZE && what)
		panic("kernel fault: %s: null pointer 0x%lx", what, tf->value);
	panic("kernel fault: %s: 0x%lx (cause %ld)", what ? what : "unexpected", tf->value,
		(long)tf->cause);
}

void trap_from_kernel(struct trapframe *tf)
{
	ulong cause = tf->cause;
	const struct ex_entry *fix;

	if (cause & CAUSE_INTERRUPT) {
		interrupt(cause);
		return;
	}
	fix = ex_find(tf->x[REG_PC]);
	if (!fix)
		kernel_fault_panic(tf);
	if (cause == EX_LOAD_PAGE || cause == EX_STORE_PAGE) {
		bool served, was_enabled = tf->status & SSTATUS_SPIE;

		if (tf->value >= USER_TOP)
			kernel_fault_panic(tf);
		if (was_enabled)
			intr_enable();
		served = trap_kernel_fault(tf->value, fault_access(cause));
		intr_disable();
		if (served)
			return;
	}
	tf->x[REG_PC] = fix->go_on;
}

/* Is [fp - 16, fp) on a stack that this thread may be using? */
static bool on_stack(ulong fp)
{
	ulong stack = (ulong)current_thread()->kstack;
	ulong emergency = (ulong)emergency_stacks;

	if (fp % 8)
		return false;
	return (fp >= stack + 16 && fp <= stack + KSTACK_SIZE) ||
		(fp >= emergency + 16 && fp <= emergency + (MAX_CPUS << EMERGENCY_STACK_SHIFT));
}

void machine_backtrace(const struct trapframe *tf, bool (*fn)(void *arg, ulong addr), void *arg)
{
	ulong fp = tf ? tf->x[REG_FP] : (ulong)__builtin_frame_address(0);

	if (tf && !fn(arg, tf->x[REG_PC]))
		return;
	/*
	 * RISC-V calling convention: the caller's fp and the return address lie below the
	 * frame's.
	 */
	while (on_stack(fp)) {
		ulong ra = ((ulong *)fp)[-1], up = ((ulong *)fp)[-2];

		if (ra < KERNEL_BASE)
			break;
		/* The call, not where it returns to: that may be in the next function. */
		if (!fn(arg, ra - 1) || up <= fp)
			break;
		fp = up;
	}
}

void machine_print_registers(const struct trapframe *tf,
	void (*print)(const char *format, ...))
{
	static const char names[32][4] = { "pc", "ra", "sp", "gp", "tp", "t0", "t1", "t2",
		"s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5",
		"s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6" };

	for (unsigned i = 0; i < 32; i += 4)
		print("%4s %016lx %4s %016lx %4s %016lx %4s %016lx\n", names[i], tf->x[i],
			names[i + 1], tf->x[i + 1], names[i + 2], tf->x[i + 2], names[i + 3],
			tf->x[i + 3]);
	print("cause %lx value %lx status %lx\n", tf->cause, tf->value, tf->status);
}
