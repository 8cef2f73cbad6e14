/*
 * Traps, the machine-independent half: from the machine's entry code to a system call, a fault or a
 * signal, and the way back to user mode.
 */
#include "proc/trap.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "arch/syscall_table.h"
#include "arch/trap.h"
#include "proc/account.h"
#include "proc/itimer.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "sys/debug.h"
#include "vm/fault.h"
#include "vm/mm.h"

/*
 * The error codes from ERESTARTSYS on are not the program's: note what is to be done with the call
 * on the way back.
 */
static void special_result(struct thread *t, long result)
{
	if (result == -ENORESULT)
		return;
	t->restart = (u32)-result;
	__atomic_fetch_or(&t->work, WORK_SIGNAL, __ATOMIC_RELAXED);
}

void trap_enter(void)
{
	account_enter(current_thread());
}

void trap_syscall(struct trapframe *tf)
{
	struct thread *t = current_thread();
	ulong number = tf_syscall_number(tf);
	syscall_fn fn = LIKELY(number < syscall_count) ? syscall_table[number] : debug_call(number);
	long result = -ENOSYS;

	account_enter(t);
	if (LIKELY(fn))
		result = fn(tf_args(tf));
	if (UNLIKELY((ulong)result + ENORESULT <= ENORESULT - ERESTARTSYS))
		special_result(t, result);
	else
		tf_set_result(tf, result);
}

long trap_value(ulong value)
{
	if (LIKELY((long)value >= 0))
		return (long)value;
	tf_set_result(current_thread()->tf, (long)value);
	return -ENORESULT;
}

#define OOM_PAUSE NSEC

/*
 * A fault for which there is no memory: the process that asked for it goes. Process 1 cannot: it
 * asks again when others may have gone.
 */
static void out_of_memory(struct thread *t)
{
	if (signal_protected(t->proc)) {
		log_warn("out of memory: process 1 waits\n");
		timer_sleep(clock_now() + OOM_PAUSE);
		return;
	}
	log_warn("out of memory: killed %d %s\n", t->proc->pid, t->proc->name);
	signal_kernel(t->proc, SIGKILL);
}

static void fault_signal(struct thread *t, enum fault_result result, ulong va)
{
	struct ksiginfo info = { .signo = SIGSEGV, .code = SEGV_MAPERR, .addr = va };

	switch (result) {
	case FAULT_OK:
		return;
	case FAULT_OOM:
		out_of_memory(t);
		return;
	case FAULT_BUS:
		info.signo = SIGBUS;
		info.code = BUS_ADRERR;
		break;
	case FAULT_ACCERR:
		info.code = SEGV_ACCERR;
		break;
	case FAULT_MAPERR:
		break;
	}
	signal_force(&info);
}

static enum fault_result serve(struct thread *t, ulong va, unsigned access)
{
	ulong fills = t->fills;
	enum fault_result result = vm_fault(t->mm, va, access);

	if (t->fills == fills)
		t->minor_faults++;
	else
		t->major_faults++;
	return result;
}

void trap_user_fault(struct trapframe *tf UNUSED, ulong va, unsigned access)
{
	struct thread *t = current_thread();

	fault_signal(t, serve(t, va, access), va);
}

void trap_user_exception(struct trapframe *tf UNUSED, int sig, int code, ulong addr)
{
	struct ksiginfo info = { .signo = sig, .code = code, .addr = addr };

	signal_force(&info);
}

bool trap_kernel_fault(ulong va, unsigned access)
{
	struct thread *t = current_thread();
	enum fault_result result;

	if (t->nofault || !t->mm || va >= USER_TOP)
		return false;
	result = serve(t, va, access);
	if (result == FAULT_OOM)
		out_of_memory(t);
	return result == FAULT_OK;
}

/*
 * What is to be done before t goes on in user mode. Out of line: it keeps the way without work
 * short.
 */
static NOINLINE void do_work(struct thread *t, struct trapframe *tf)
{
	do {
		u32 work;

		intr_enable();
		work = __atomic_exchange_n(&t->work, 0, __ATOMIC_SEQ_CST);
		if (work & WORK_TICK)
			sched_want_tick();
		if (work & WORK_TIMERS)
			itimer_tick(t);
		if (work & WORK_SIGNAL)
			signal_deliver(tf);
		if (work & WORK_RESCHED)
			sched_preempt();
		intr_disable();
	} while (__atomic_load_n(&t->work, __ATOMIC_RELAXED));
}

void trap_return_to_user(struct trapframe *tf)
{
	struct thread *t = current_thread();

	if (UNLIKELY(__atomic_load_n(&t->work, __ATOMIC_RELAXED)))
		do_work(t, tf);
	account_leave(t);
}
