/*
 * Threads and CPUs: what the scheduler knows.
 *
 * A thread runs on its own kernel stack; a program's thread has a trap frame at that stack's top. The kernel is not
 * preemptible: a thread in the kernel gives its CPU away only by sleeping, by yielding or on its way back to user mode.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"
#include "machine/context.h" /* struct context: callee-saved registers; struct fpu_state */
#include "machine/param.h"

struct mm;
struct proc;
struct trapframe;
struct waitq;

enum thread_state {
	THREAD_READY,	 /* on a run queue, or about to be */
	THREAD_RUNNING,
	THREAD_SLEEPING,
	THREAD_STOPPED,	 /* by a job-control signal */
	THREAD_DEAD,	 /* exited; its stack goes once it is off its CPU */
};

struct cpu;

struct thread {
	struct cpu *cpu;	  /* runs (or ran last) here; MUST be first: the trap entry code knows it */
	void *kstack;		  /* lowest address of the kernel stack */
	struct trapframe *tf;	  /* user registers; NULL for a kernel thread */
	struct context context;	  /* saved while not running */
	struct fpu_state fpu;	  /* user floating-point registers, valid while not in the CPU */
	u32 state;		  /* (run-queue lock) enum thread_state */
	bool on_cpu;		  /* still on its stack: must not be run elsewhere or freed */
	bool need_resched;	  /* set by the tick: yield on the way out */
	u32 nofault;		  /* > 0: accesses to user memory must not fault pages in */
	u32 wait_how;		  /* enum wait_how while it sleeps */
	u32 slice;		  /* ticks left */
	struct list run_link;	  /* in a run queue */
	struct mm *mm;		  /* the address space it runs in; NULL for kernel threads */
	struct proc *proc;	  /* its process; kernel threads belong to process 0 */
	int tid;
	struct list proc_link;	  /* in proc->threads */
	ulong clear_tid;	  /* user address to clear and wake at exit (set_tid_address), or 0 */
	ulong robust_list, robust_len;
	/* signals: see proc/signal.h; letters as there */
	u64 sig_mask, sig_pending;
	u64 sig_saved_mask;	  /* to restore after sigsuspend's handler frame is built */
	bool sig_restore_mask;
	struct list sig_queue;	  /* queued siginfo for this thread */
	ulong altstack_sp, altstack_size;
	u32 altstack_flags;
	u64 utime, stime;	  /* ns spent in user and kernel mode */
	u64 stamp;		  /* clock_now() at the last change between them */
	ulong minor_faults, major_faults;
	char name[16];
#ifdef DEBUG
	u64 held_ranks[2];	  /* bit set of sleeping-lock ranks held, by lock.c */
#endif
};

struct cpu {
	struct thread *current;	  /* the running thread */
	struct thread *idle;
	u32 id;			  /* 0.. in order of appearance */
	u32 hwid;		  /* hart id or APIC id */
	struct pmap *pmap;	  /* loaded; NULL: the kernel's */
	u64 ticks;
	u64 next_tick;
#ifdef DEBUG
	u16 spin_depth;
	struct spinlock *spins[16];
#endif
};

extern struct cpu cpus[MAX_CPUS];
extern u32 cpu_count; /* CPUs that run */

/* machine/cpu.h gives current_thread() and this_cpu(). */

/*
 * A kernel thread that runs fn(arg), and ends when fn returns. Ready at once. NULL if there is no memory.
 */
struct thread *thread_create_kernel(const char *name, void (*fn)(void *), void *arg);
/* A thread with a kernel stack and nothing else set up; for fork. Freed by thread_free, or by the scheduler after it ended. */
struct thread *thread_alloc(void);
void thread_free(struct thread *t);

void sched_init(void);		     /* boot CPU */
void sched_start(void) NORETURN;     /* become this CPU's idle thread; every CPU ends its start-up here */
void sched_ready(struct thread *t);  /* a new thread may run */
/* Let others run; returns later. */
void sched_yield(void);
/* Called by waitq_sleep and signal stops with the thread's state already set under q's lock; unlocks lock once switched away safely. */
void sched_block(void);
/* Make t ready if it sleeps as `from` allows. True if it did. Any context. */
bool sched_wake(struct thread *t);
/* The current thread is over: never returns; its stack is freed later by another thread. */
void sched_exit(void) NORETURN;
/* The clock's tick on this CPU (interrupt context). */
void sched_tick(void);
/* In long loops in thread context with no spin lock held: yields if the slice is used up. */
void sched_point(void);
/* The thread's pmap changed (exec): load it. */
void sched_switch_mm(struct mm *mm);
/* Ask another CPU to look at need_resched (interrupt it out of idle or user mode). */
void sched_kick(u32 cpu);
void sched_load(u32 *running, u32 *total);
