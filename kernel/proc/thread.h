/*
 * Threads and CPUs: what the scheduler knows.
 *
 * A thread runs on its own kernel stack; a program's thread has a trap frame at that stack's top.
 * The kernel is not preemptible: a thread in the kernel gives its CPU away only by sleeping, by
 * yielding or on its way back to user mode.
 */
#pragma once

#include "lib/list.h"
#include "lib/lock.h"
#include "lib/tree.h"
#include "lib/types.h"
#include "arch/context.h" /* struct context: callee-saved registers; struct user_state */
#include "machine/param.h"

struct files;
struct fs_context;
struct mm;
struct proc;
struct runq;
struct trapframe;
struct vfork;
struct waitq;

enum thread_state {
	THREAD_READY,	 /* on a run queue, or about to be */
	THREAD_RUNNING,
	THREAD_SLEEPING,
	THREAD_STOPPED,	 /* by a job-control signal */
	THREAD_DEAD,	 /* exited; its stack goes once it is off its CPU */
};

enum thread_work {
	WORK_RESCHED = 1 << 0, /* it may be somebody else's turn */
	WORK_TICK = 1 << 1,    /* others wait for this CPU: see that a tick comes */
	WORK_SIGNAL = 1 << 2,  /* a signal may have to be acted upon, or a call to be restarted */
	WORK_TIMERS = 1 << 3,  /* its process's CPU timers are to be looked at: itimer.h */
};

/* Linux's numbers. There is no SCHED_DEADLINE. */
enum sched_policy {
	POLICY_OTHER,
	POLICY_FIFO,
	POLICY_RR,
	POLICY_BATCH, /* the same as POLICY_OTHER */
	POLICY_IDLE = 5,
};
#define NICE_MIN (-20)
#define NICE_MAX 19

/* How urgent a thread is. All zeros: SCHED_OTHER with nice 0. */
struct priority {
	u8 policy;	/* enum sched_policy */
	u8 level;	/* 1 to 99 with POLICY_FIFO and POLICY_RR, else 0 */
	s8 nice;	/* counts while level is 0 */
	bool fork_resets; /* its children shall be ordinary */
};

/*
 * A sum of spans of time, in clock_ticks(). One CPU at a time starts and stops it, any may read it
 * meanwhile: what holds while it stands and what holds while it runs are kept apart, and `since`
 * says which counts. So a span is never missed and never counted twice.
 */
struct stopwatch {
	atomic_u64 since; /* the beginning of the span that goes on; 0: it stands */
	u64 sum;	  /* of all spans, while it stands */
	u64 before;	  /* of those before this one, while it runs */
};

struct cpu;

struct thread {
	struct cpu *cpu; /* runs, queues or ran last here; MUST be first: the trap entry code knows it */
	void *kstack;		  /* lowest address of the kernel stack */
	struct trapframe *tf;	  /* user registers; NULL for a kernel thread */
	struct context context;	  /* saved while not running */
	struct user_state user;	  /* registers of a program, valid while not in the CPU */
	u32 state;		  /* (run-queue lock) enum thread_state */
	bool on_cpu;		  /* still on its stack: must not be run elsewhere or freed */
	u32 work;		  /* (a) enum thread_work: what to look at before user mode */
	u32 nofault;		  /* > 0: accesses to user memory must not fault pages in */
	u32 wait_how;		  /* enum wait_how while it sleeps */
	u32 restart;		  /* ERESTART... of the system call that a signal ended, else 0 */
	u64 restart_deadline;	  /* of a sleep that is to be restarted, else 0 */
	struct priority priority; /* changed by sched_set_priority */
	u32 cpus;		  /* (a) a bit for each CPU it may run on; sched_set_cpus */
	/* letter: (r) the lock of the queue it stands in, or of the CPU it runs on */
	struct runq *queue;	  /* (r) NULL while it stands in none */
	struct tree_node run_node; /* (r) there */
	struct list run_link;	  /* (r) there, if it may run anywhere; once dead, in `dead` */
	u8 level;		  /* (r) priority.level when it was queued, or chosen */
	u64 vtime;		  /* (r) virtual time, by the clock of ... */
	struct runq *vqueue;	  /* (r) ... this queue */
	u64 charged;		  /* (r) clock_ticks() up to which its time is counted in vtime */
	u64 turn_spent;		  /* (r) of its turn, with POLICY_RR */
	struct mm *mm;		  /* the address space it runs in; NULL for kernel threads */
	struct proc *proc;	  /* its process; kernel threads belong to process 0 */
	/* descriptors (fs/file.h); cwd and umask (fs/path.h): threads may share them or not. Changed
	   under its process's sig_lock, read by the thread itself without; NULL at its end */
	struct files *files;
	struct fs_context *fs;
	struct vfork *vfork;	  /* somebody waits until it leaves its memory: fork.c; or NULL */
	bool has_children;	  /* (proc_lock) it may be some process's parent_thread */
	int tid; /* its process's number if it leads it; changes in exec only */
	struct list proc_link;	  /* in proc->threads */
	ulong set_tid; /* user address to write the tid to at its first return to user mode, or 0 */
	ulong clear_tid;	  /* user address to clear at exit (set_tid_address), or 0 */
	ulong robust_list; /* user address of its robust list's head, or 0 */
	/* signals: see proc/signal.h; letters as there */
	u64 sig_mask, sig_pending;
	u64 sig_waited; /* what rt_sigtimedwait sleeps for: taken from the queues, blocked or not */
	u64 sig_saved_mask;	  /* to restore after sigsuspend's handler frame is built */
	bool sig_restore_mask;
	struct list sig_queue;	  /* queued siginfo for this thread */
	bool must_end;		  /* (s) its process ends, or another thread of it is in exec */
	bool ending;		  /* (s) it is at its end: takes no signals any more */
	bool stop_due;		  /* (s) of those who have yet to stop before the process has */
	ulong altstack_sp, altstack_size;
	u32 altstack_flags;
	struct stopwatch in_user; /* runs while it is in user mode: proc/account.h */
	struct stopwatch on_cpus; /* runs while it has a CPU */
	ulong minor_faults, major_faults;
	ulong fills; /* pages read from a store for it: what makes a fault a major one */
	char name[16];
#ifdef DEBUG
	u8 held[RANK_SLEEPING_END]; /* how many sleeping locks of each rank it holds; lock.c */
#endif
};

struct cpu {
	struct thread *current;	  /* the running thread */
	struct thread *idle;
	u32 id;			  /* 0.. in order of appearance */
	u32 hwid;		  /* hart id or APIC id */
	struct pmap *pmap;	  /* loaded; NULL: the kernel's */
	u64 next_event;		  /* clock_now() for which its timer interrupt is programmed */
#ifdef DEBUG
	u16 spin_depth;
	struct spinlock *spins[16];
#endif
};

extern struct cpu cpus[MAX_CPUS];
extern u32 cpu_count; /* CPUs that run */
extern struct thread boot_threads[MAX_CPUS]; /* those that CPUs begin with */

/* machine/cpu.h gives current_thread() and this_cpu(). */

/*
 * A kernel thread that runs fn(arg), and ends when fn returns. Ready at once. NULL if there is no
 * memory.
 */
struct thread *thread_create_kernel(const char *name, void (*fn)(void *), void *arg);
/*
 * A thread with a kernel stack and nothing else set up: it belongs to process 0, has no trap frame
 * and will run `entry`, which begins with sched_enter(). NULL if there is no memory. Freed by
 * thread_free if it never ran, else by the scheduler after it ended.
 */
struct thread *thread_alloc(void (*entry)(void));
void thread_free(struct thread *t);
/* Where the trap frame of a program's thread lies. */
struct trapframe *thread_frame(const struct thread *t);

/*
 * Make boot_threads[id], on this stack, the thread of a CPU that is about to begin; hwid is the
 * machine's name for it. Before sched_init for the boot CPU.
 */
struct thread *sched_prepare_cpu(u32 id, u32 hwid, void *stack);
void sched_init(void);		     /* boot CPU */
/* become this CPU's idle thread; every CPU ends its start-up here */
void sched_start(void) NORETURN;
void sched_enter(void);		     /* the first thing that a new thread does */
void sched_ready(struct thread *t);  /* a new thread may run */
/* Let others run, one at least if it is as urgent; returns later. */
void sched_yield(void);
/* Let those run whose turn it is. */
void sched_preempt(void);
/*
 * Give the CPU away. The caller has set its state to THREAD_SLEEPING or THREAD_STOPPED and has then
 * looked once more at what it waits for; returns after a wake, or at once if that came already.
 * Interrupts on, no spin lock held.
 */
void sched_block(void);
/* The same caller found that it need not wait: it runs on. */
void sched_stay(void);
/* Make t ready if it sleeps. True if it did. Any context; t cannot end meanwhile. */
bool sched_wake(struct thread *t);
/*
 * A signal for t: set WORK_SIGNAL, wake t if it sleeps in a way that the signal ends (`fatal`: it
 * will end t) or is stopped, and interrupt its CPU if it runs elsewhere. Any context.
 */
void sched_interrupt(struct thread *t, bool fatal);
/*
 * The current thread is over: never returns; its stack is freed later by another thread. Its proc
 * is process 0 by now.
 */
void sched_exit(void) NORETURN;
/* The end of the current slice, and process timers; called by timer_interrupt. */
void sched_tick(u64 now);
/* In long loops in thread context with no spin lock held: yields if the slice is used up. */
static inline void sched_point(void)
{
	if (UNLIKELY(current_thread()->work & WORK_RESCHED))
		sched_preempt();
}
/*
 * The current thread runs in mm from now on (NULL: in no user space): set t->mm and load its page
 * table.
 */
void sched_switch_mm(struct mm *mm);
/* The CPUs there are, a bit each; may t run on all of them? */
static inline u32 cpus_all(void)
{
	return ~0u >> (32 - cpu_count);
}
static inline bool thread_may_run_anywhere(const struct thread *t)
{
	return (__atomic_load_n(&t->cpus, __ATOMIC_RELAXED) & cpus_all()) == cpus_all();
}
/*
 * t's urgency, and the CPUs it may run on (one that exists at least), from now on: holds when t
 * is in user mode next, or a moment later if it runs elsewhere. t cannot end meanwhile; one caller
 * at a time. Any context.
 */
void sched_set_priority(struct thread *t, struct priority priority);
void sched_set_cpus(struct thread *t, u32 cpus);
/* Sleep until thread tid has left a CPU that is forbidden to it. 0, or -EINTR. */
int sched_wait_moved(int tid);
/* Let this CPU's timer interrupt come by `when` (ns) at the latest. Interrupts off. */
void sched_program(u64 when);
/* The current thread wants ticks while it runs (process timers), beginning now. */
void sched_want_tick(void);
/* The same for any thread t that cannot end meanwhile: beginning soon. Any context. */
void sched_give_tick(struct thread *t);
/* Threads that run or could run, and all threads. */
void sched_load(u32 *running, u32 *total);
/* Free the stacks that are kept for new threads (before counting what is left). Thread context. */
void sched_drain(void);
