/*
 * Processes: what the threads of one program share, and the tree they form.
 *
 * Letters: (t) proc_lock, the tree lock (RANK_PROC, a mutex); (s) sig_lock; (c) constant; (a) atomic.
 */
#pragma once

#include "lib/list.h"
#include "lib/lock.h"
#include "lib/types.h"
#include "proc/signal.h"
#include "proc/sync.h"
#include "proc/timer.h"

struct files;
struct fs_context;
struct mm;
struct thread;
struct trapframe;
struct tty;

#define RLIM_COUNT 16
#define RLIM_INFINITY_ULONG (~0ul)
enum rlimit_id {
	RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_RSS, RLIMIT_NPROC, RLIMIT_NOFILE,
	RLIMIT_MEMLOCK, RLIMIT_AS, RLIMIT_LOCKS, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO, RLIMIT_RTTIME,
};
struct rlimit_pair {
	u64 cur, max; /* ~0: unlimited */
};

enum proc_state { PROC_LIVE, PROC_STOPPED, PROC_ZOMBIE };

struct proc {
	int pid;			/* (c) */
	u32 state;			/* (t) enum proc_state */
	u32 ref;			/* (a) for /proc and signal senders that look at it while it may end */
	struct proc *parent;		/* (t) */
	struct list children, sibling;	/* (t) */
	int pgid, sid;			/* (t) */
	struct list threads;		/* (s) of struct thread by proc_link */
	u32 nthreads;			/* (s) */
	struct mm *mm;			/* changed by exec only, of its own thread */
	struct files *files;		/* descriptors; fs/file.h */
	struct fs_context *fs;		/* cwd, root, umask; fs/path.h */
	struct file *exe;		/* the running program's open file, for /proc/PID/exe */
	struct tty *tty;		/* (t) controlling terminal or NULL */
	int exit_status;		/* (t) wait status once a zombie */
	int exit_signal;		/* sent to the parent at the end (SIGCHLD) */
	bool exiting;			/* (s) */
	bool vfork_pending;		/* the parent waits until exec or exit */
	struct waitq vfork_wait;
	struct waitq child_wait;	/* wait4 sleeps here; woken when a child changes */
	int wait_event;			/* (t) a stop or continue not yet reported: its wait status, or 0 */
	struct spinlock sig_lock;	/* RANK_SIGNAL */
	struct ksigaction action[NSIG];	/* (s) */
	u64 sig_pending;		/* (s) */
	struct list sig_queue;		/* (s) */
	struct timer real_timer;	/* ITIMER_REAL, alarm */
	u64 real_interval;
	struct rlimit_pair rlimit[RLIM_COUNT];
	u64 utime, stime;		/* of threads that ended */
	u64 child_utime, child_stime;
	ulong minor_faults, major_faults, child_minor_faults, child_major_faults, max_rss, child_max_rss;
	u64 start_time;
	u32 uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
	char name[16];
};

extern struct mutex proc_lock;

static inline struct proc *current_proc(void);

void proc_init(void);
/* Find by pid (live or zombie) with a reference, or NULL. */
struct proc *proc_find(int pid);
void proc_hold(struct proc *p);
void proc_put(struct proc *p);
/* The process with the lowest pid >= pid, with a reference; NULL at the end. For listings. */
struct proc *proc_next(int pid);
ulong proc_count(void);

/* fork.c: clone(2). Returns the child's pid or -errno. flags are CLONE_*, low byte the exit signal. */
struct clone_args {
	ulong flags;
	ulong stack;  /* child's stack pointer, 0: the parent's */
	ulong ptid, ctid, tls;
};
long proc_clone(const struct clone_args *a);
/* Start the first program: process 1 runs `path` (or the reaper, in job mode, with the job as process 2). */
void proc_start_init(void);

/* exec.c: replace the current program. Pointers are kernel copies made by the caller (sys/). */
struct exec_args; /* proc/exec.h */

/* exit.c */
void proc_exit(int wait_status) NORETURN; /* end the current process: exit_group, or a fatal signal */
void thread_exit(int code) NORETURN;	  /* end the current thread; the process too if it is the last */

#include "machine/cpu.h"
#include "proc/thread.h"
static inline struct proc *current_proc(void)
{
	return current_thread()->proc;
}
