/*
 * Signals: state, sending, delivery. Numbers, actions and structures are Linux's.
 *
 * Letter: (s) proc->sig_lock. Pending sets are per process and per thread; masks per thread.
 * Actions stand in a table that processes may share (CLONE_SIGHAND), with a lock of its own.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"

#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGSTKFLT 16
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGWINCH 28
#define SIGIO 29
#define SIGPWR 30
#define SIGSYS 31
#define NSIG 64

#define SIG_BIT(sig) (1ull << ((sig) - 1))

#define SI_USER 0
#define SI_KERNEL 0x80
#define SI_QUEUE (-1)
#define SI_TIMER (-2)
#define SI_TKILL (-6)
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define ILL_ILLOPC 1
#define ILL_ILLOPN 2
#define FPE_INTDIV 1
#define FPE_FLTDIV 3
#define FPE_FLTOVF 4
#define FPE_FLTUND 5
#define FPE_FLTRES 6
#define FPE_FLTINV 7
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define CLD_EXITED 1
#define CLD_KILLED 2
#define CLD_DUMPED 3
#define CLD_STOPPED 5
#define CLD_CONTINUED 6

#define SA_NOCLDSTOP 0x00000001u
#define SA_NOCLDWAIT 0x00000002u
#define SA_SIGINFO 0x00000004u
#define SA_RESTORER 0x04000000u
#define SA_ONSTACK 0x08000000u
#define SA_RESTART 0x10000000u
#define SA_NODEFER 0x40000000u
#define SA_RESETHAND 0x80000000u

#define SIG_DFL 0ul
#define SIG_IGN 1ul

#define SS_ONSTACK 1
#define SS_DISABLE 2

/*
 * What the kernel knows about a signal; the machine lays it out as its siginfo_t when the frame is
 * built.
 */
struct ksiginfo {
	s32 signo, code, err;
	s32 pid, uid, status; /* kill, SIGCHLD */
	ulong addr;	      /* faults */
	ulong value;	      /* sigqueue, timers */
	u32 timer_turn;	      /* not 0: of a POSIX timer, whose id is pid; see ptimer.c */
	u64 utime, stime;     /* SIGCHLD, in clock ticks */
};

struct ksigaction {
	ulong handler, flags, restorer;
	u64 mask;
};

struct proc;
struct thread;
struct trapframe;

void signal_module_init(void);

/*
 * Tables of actions, counted. New: all SIG_DFL; copy: of p's. NULL if there is no memory. Any
 * context but that hold and copy are for p's own threads, or before anybody knows p.
 */
struct sigactions *sigactions_new(void);
struct sigactions *sigactions_copy(struct proc *p);
struct sigactions *sigactions_hold(struct sigactions *a);
void sigactions_put(struct sigactions *a);
bool sigactions_shared(const struct sigactions *a); /* does anybody else hold it? */
/* p's action for sig, whole; and only its handler. Any context; the caller has a reference to p. */
struct ksigaction signal_action_of(struct proc *p, int sig);
ulong signal_handler_of(struct proc *p, int sig);

/*
 * Send to a process (any thread may take it) or to one thread. Any context; the caller holds a
 * reference to the process. 0, or -EAGAIN: a real-time signal with information (code < 0) could not
 * be queued.
 */
int signal_send_proc(struct proc *p, const struct ksiginfo *info);
/* Would sig be pending for p if it were sent now, and is it not yet? Any context. */
bool signal_would_pend(struct proc *p, int sig);
/* To thread t of p, as thread_call gives it: NULL stands for one that takes none any more. */
int signal_send_thread(struct proc *p, struct thread *t, const struct ksiginfo *info);
/*
 * A POSIX timer's signal, for thread tid (0: any): queued, though others of its number are. For
 * LATER there is no room now. sig_lock held. And take it out of the queue, if it is there.
 */
enum timer_signal {
	TIMER_SIGNAL_QUEUED,
	TIMER_SIGNAL_DROPPED,
	TIMER_SIGNAL_LATER,
	TIMER_SIGNAL_NOBODY
};
enum timer_signal signal_queue_timer(struct proc *p, int tid, const struct ksiginfo *info);
void signal_unqueue_timer(struct proc *p, int sig, int id);
/* A fault of the current thread: cannot be ignored or blocked (then it kills). */
void signal_force(const struct ksiginfo *info);
/* Send to every process of a group: 0, or -ESRCH if there is none. */
int signal_send_group(int pgid, const struct ksiginfo *info);
/* Is p process 1, which takes only what it has a handler for, until the system ends? */
bool signal_protected(const struct proc *p);
/* The kernel itself sends sig to p (SI_KERNEL). Any context. */
void signal_kernel(struct proc *p, int sig);

/* Is there a signal that the current thread must act upon? */
bool signal_pending(void);
bool signal_fatal_pending(void); /* one that ends it */
/*
 * On the way back to user mode: act on pending signals. Builds handler frames, stops or ends the
 * process.
 */
void signal_deliver(struct trapframe *tf);

/* The current thread's mask; SIGKILL and SIGSTOP are left out of it by themselves. */
void signal_set_mask(u64 mask);
/*
 * Wait with another mask: it holds until a handler's frame is built (which will restore the old
 * one) or the call returns without one.
 */
void signal_set_temporary_mask(u64 mask);
/*
 * Take one of the signals of set that are sent to the current thread or its process, blocked as
 * they may be; sleep until there is one, or clock_now() reaches deadline (0: not at all). Its
 * number, -EAGAIN, or -EINTR for a signal outside the set.
 */
int signal_wait(u64 set, u64 deadline, struct ksiginfo *info);
/* All signals that are sent to the current thread or its process and blocked. */
u64 signal_pending_set(void);
/* sigaction(2): set and old may be NULL. -EINVAL. */
int signal_action(int sig, const struct ksigaction *set, struct ksigaction *old);
/* Is the signal ignored by the current process, or blocked by its thread (terminals ask)? */
bool signal_is_ignored(int sig);
bool signal_is_blocked(int sig);
/*
 * exec: handlers become SIG_DFL, the alternate stack is off. Of the current thread and process,
 * whose table becomes *own, then NULL, if others share it.
 */
void signal_exec(struct sigactions **own);
/*
 * The process of the current thread ends with this wait status, unless it ends already: all other
 * threads are made to.
 */
void signal_end_group(int wait_status);
/*
 * The other threads of the current process are made to end; returns when they have. -EINTR: the
 * current one has to itself.
 */
int signal_end_others(void);
/*
 * The current thread is at its end, with this status, which is the process's if it is the last
 * one: it takes no signals from now on, and others are woken for those it might have taken. May
 * sleep.
 */
void signal_begin_end(int wait_status);
/* Free what is queued for a process that ends; from now on it takes none. */
void signal_end_proc(struct proc *p);
/* t leaves its process: its time is the process's. sig_lock held. */
void signal_end_thread(struct thread *t);
/* Is sp on t's alternate stack? */
bool signal_on_altstack(const struct thread *t, ulong sp);
/* Has it no room for what would reach from sp, where it is used already or begins, down to `at`? */
bool signal_overruns(const struct thread *t, ulong sp, ulong at);
