/*
 * Processes: what the threads of one program share, and the tree they form.
 *
 * A process ends with its last thread. Its first thread, whose number is the process's, may end
 * before the others: the process is there until they have ended too.
 *
 * Letters: (t) proc_lock, the tree lock (RANK_PROC, a mutex); (i) the lock of the process numbers'
 * table (process.c); (s) sig_lock; (c) constant; (a) atomic. A field with two letters is changed
 * under both and read under either.
 */
#pragma once

#include "lib/list.h"
#include "lib/lock.h"
#include "lib/types.h"
#include "proc/signal.h"
#include "proc/sync.h"
#include "proc/timer.h"
#include "vm/inject.h"

struct files;
struct fs_context;
struct mm;
struct pid_entry;
struct sigactions;
struct thread;
struct trapframe;
struct tty;
struct user;

#define PID_MAX 4194304
#define PID_REUSE 300 /* where the search for a free number begins once all have been used */

#define RLIM_COUNT 16
#define RLIM_INFINITY UINT64_MAX
enum rlimit_id {
	RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_RSS,
	RLIMIT_NPROC, RLIMIT_NOFILE, RLIMIT_MEMLOCK, RLIMIT_AS, RLIMIT_LOCKS, RLIMIT_SIGPENDING,
	RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO, RLIMIT_RTTIME,
};
struct rlimit_pair {
	u64 cur, max; /* ~0: unlimited */
};

enum proc_state { PROC_LIVE, PROC_STOPPED, PROC_ZOMBIE };

/* An interval timer that counts CPU time: ITIMER_VIRTUAL, ITIMER_PROF. ns; 0: off. */
struct cpu_timer {
	u64 expires, interval; /* (s) */
};

/* What getrusage tells, of a process or of the children it waited for. */
struct usage {
	u64 utime, stime; /* ns */
	ulong minor_faults, major_faults;
	ulong max_rss; /* pages */
};

struct proc {
	int pid;			/* (c) */
	u32 state;			/* (t) enum proc_state */
	u32 ref; /* (a) for /proc and signal senders that look at it while it may end */
	struct proc *parent;		/* (t) */
	/* (t) whose child it is, of the parent's threads; only to be compared with */
	const struct thread *parent_thread;
	int ppid;			/* (t) parent->pid; may be read without */
	struct list children, sibling;	/* (t) */
	/* (t) children that ended, and those with a wait_event, oldest first */
	struct list zombies, events;
	struct list report_link;	/* (t) in one of the parent's two lists; empty if in none */
	int pgid, sid;			/* (t, i) */
	/* (t, i) the numbers' entries: its own, its group's, its session's */
	struct pid_entry *id, *group, *session;
	struct list group_link;		/* (t, i) in the group's list */
	bool did_exec;			/* (t) since it was forked */
	struct list threads;		/* (s) of struct thread by proc_link */
	u32 nthreads;			/* (s) */
	struct waitq thread_wait;	/* exec sleeps here until it has ended the other threads */
	u32 nlasting;			/* (s) threads that are not at their end yet */
	bool group_exit;		/* (s) all threads end, and this is the wait status: */
	int group_status;		/* (s) */
	struct mm *mm;			/* (s) changed by its own thread only, in exec and exit */
	struct file *exe; /* (s) the running program's open file, for /proc/PID/exe; or NULL */
	struct tty *tty;		/* (t) controlling terminal or NULL */
	int exit_status;		/* (t) wait status once a zombie */
	/* (t) sent to the parent at the end (SIGCHLD); 0, or a number that is no signal, for none */
	int exit_signal;
	bool exiting;			/* (s) takes no signals any more */
	bool stopped; /* (s) by a job-control signal: its threads stay in signal_deliver */
	u32 stop_left;			/* (s) threads with stop_due, while stopped */
	int stop_signal;		/* (s) what stopped it */
	/* (s) a stop signal was taken from the queue, and neither SIGCONT nor SIGKILL came since */
	bool stop_taken;
	bool continued;			/* (s) SIGCONT ended the stop: to be told to the parent */
	struct waitq child_wait;	/* wait4 sleeps here; woken when a child changes */
	int wait_event; /* (t) a stop or continue not yet reported: its wait status, or 0 */
	struct spinlock sig_lock;	/* RANK_SIGNAL */
	struct sigactions *actions;	/* (s) never NULL; changed by exec only */
	atomic_u64 sig_pending;		/* (s) */
	struct list sig_queue;		/* (s) */
	u32 sig_queued;			/* (s) entries in its and its threads' queues */
	struct timer real_timer;	/* ITIMER_REAL, alarm */
	u64 real_interval;		/* ns; changed with the timer cancelled */
	struct tree timers;		/* (s) POSIX timers by id; ptimer.c */
	int next_timer;			/* (s) where the search for a free id begins */
	u32 ntimers;			/* (s) */
	struct cpu_timer virtual_timer, prof_timer; /* (s) */
	u64 cpu_warning, cpu_end; /* (s) CPU time for SIGXCPU, SIGKILL: RLIMIT_CPU; ns, ~0: none */
	bool cpu_timers;		/* (a) any of these is on: its threads want ticks */
	atomic_u64 timers_seen;		/* (a) clock_ticks() at about the last look at them */
	struct rlimit_pair rlimit[RLIM_COUNT]; /* (t); a single value may be read without */
	struct usage dead;		/* (s) of threads that ended */
	struct usage child;		/* (t) of children waited for */
	u64 start_time;			/* (c) clock_now() at its fork */
	u32 uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
	u32 personality;		/* (a) personality(2) */
	struct user *user;		/* (s) the one with number uid */
	u32 ntasks;			/* (s) counted there */
	bool too_many_tasks; /* (s) its user had too many when it became his: exec looks again */
	char name[16];
	struct fail_plan fail_plan;	/* its allocations that fail on purpose */
};

extern struct mutex proc_lock;
/* Process 0: owner of the kernel's own threads. It has no number in the table. */
extern struct proc kernel_proc;

static inline struct proc *current_proc(void);

void proc_init(void);
/* Find by pid (live or zombie) with a reference, or NULL. Any context. */
struct proc *proc_find(int pid);
/* The same by the number of any thread of it. */
struct proc *proc_find_thread(int tid);
/*
 * Call fn with the table's lock held for thread tid of process pid (0: of any): what fn says, or
 * -ESRCH if there is none. fn gets t NULL for a first thread that has ended before the others. Any
 * context.
 */
int thread_call(int pid, int tid, int (*fn)(struct proc *p, struct thread *t, void *arg),
		void *arg);
/*
 * The lowest number >= tid of a thread of p, -1 if there is none. In time linear in their number.
 */
int proc_next_thread(struct proc *p, int tid);
void proc_hold(struct proc *p);
/* Any context. */
void proc_put(struct proc *p);
/* The process with the lowest pid >= pid, with a reference; NULL at the end. For listings. */
struct proc *proc_next(int pid);
ulong proc_count(void);
int proc_last_pid(void); /* the number given out last */
/*
 * p's address space or program file with a reference (mm_put, file_drop when done); NULL if it has
 * none (any more).
 */
struct mm *proc_get_mm(struct proc *p);
struct file *proc_get_exe(struct proc *p);
/*
 * The same for the descriptors and the view of the file system of its first thread that has any:
 * files_put, fs_context_put.
 */
struct files *proc_get_files(struct proc *p);
struct fs_context *proc_get_fs(struct proc *p);
/* What p has used until now, its live threads included; not its children. */
void proc_usage(struct proc *p, struct usage *u);
void usage_add(struct usage *sum, const struct usage *u);

/*
 * The making and ending of processes: fork.c, exit.c, init.c.
 *
 * proc_create: a process with no threads, no parent and no number that inherits what fork inherits
 * of `from`, memory, descriptors and file-system view aside; its signal actions are from's very own
 * if share_actions is set. NULL if there is no memory. Undone by
 * proc_put. proc_publish gives it a number and its place in the tree (proc_lock held): -EAGAIN or
 * -ENOMEM.
 */
struct proc *proc_create(struct proc *from, bool share_actions);
int proc_publish(struct proc *p, struct proc *parent);
/* t, the current thread, is at its end: its children are another thread's, if there is one. */
void proc_pass_children(struct thread *t);
/* Take p, a zombie, out of tree, group and table, and drop the tree's reference. proc_lock held. */
void proc_release(struct proc *p);
/* The only thread of p joins it, p being nowhere visible. */
void proc_add_thread(struct proc *p, struct thread *t);
/*
 * t joins the current process, with a number of its own. -EAGAIN, -ENOMEM; -EINTR: the current
 * thread must end.
 */
int proc_publish_thread(struct thread *t);
/*
 * t, the current thread, leaves its process, unless it is the last one and not even_last: then
 * false. With even_last proc_lock is held.
 */
bool proc_remove_thread(struct thread *t, bool even_last);
/* t, the current thread and the only one of its process, takes the process's number. */
void proc_become_leader(struct thread *t);
/*
 * Count one more thread of p, for its user; with the current process's RLIMIT_NPROC, which does not
 * bind the superuser: -EAGAIN. And take it back.
 */
int proc_count_task(struct proc *p);
void proc_uncount_task(struct proc *p);
/*
 * The current process's real user becomes uid, with all it counts; it is noted if he had too many
 * threads before. -EAGAIN: no memory.
 */
int proc_change_user(u32 uid);
/* The real user stays the same: note if he has too many. */
void proc_note_tasks(void);
/* exec: -EAGAIN if that was so, and still is. */
int proc_judge_tasks(void);

/*
 * p ends: it becomes a zombie, and its children become heir's, which is not told of the zombies
 * among them. Groups that are orphaned by this are signalled. proc_lock held.
 */
void proc_leave_tree(struct proc *p, struct proc *heir);
/* p's parent becomes `parent`. proc_lock held. */
void proc_reparent(struct proc *p, struct proc *parent);

/* Groups and sessions; proc_lock held. */
/* p's group: no member has a parent in another group of the session */
bool group_is_orphaned(const struct proc *p);
/*
 * p moves to group pgid (its own number: perhaps a new one). 0, or -EPERM: it leads a session, or
 * there is no such group in its session.
 */
int proc_set_group(struct proc *p, int pgid);
/*
 * p becomes leader of a new session and group, without a terminal. 0, or -EPERM: it leads a group,
 * or its number still is one.
 */
int proc_new_session(struct proc *p);
/*
 * Call fn for every member of the group, with the table's lock held. 0 if any call answered 0, else
 * the last answer; -ESRCH if there are no members. Any context.
 */
int group_for_each(int pgid, int (*fn)(struct proc *p, void *arg), void *arg);

/*
 * fork.c: clone(2). Returns the child's pid or -errno. flags are CLONE_*, low byte the exit signal.
 */
struct clone_args {
	ulong flags;
	ulong stack;  /* child's stack pointer, 0: the parent's */
	ulong ptid, ctid, tls;
};
#define CLONE_VM 0x100ul
#define CLONE_SIGHAND 0x800ul
#define CLONE_VFORK 0x4000ul
long proc_clone(const struct clone_args *a);
/*
 * A process without a program: its one thread runs fn, which ends in return_to_user after proc_exec
 * or never returns. Its parent is `parent`; it has no descriptors, stands in the root directory and
 * leads a session of its own. NULL if there is no memory.
 */
struct proc *proc_spawn(struct proc *parent, const char *name, void (*fn)(void));
/*
 * The current thread gives up its address space as its robust list, clear_tid and vfork's parent
 * want; at exit and exec.
 */
void proc_leave_mm(struct thread *t);

/* exit.c */
/* end the current process, all its threads: exit_group, or a fatal signal */
void proc_exit(int wait_status) NORETURN;
/* End the current thread, with this exit code; the process too if it is the last. */
void thread_exit(int code) NORETURN;

enum wait_options {
	WNOHANG = 1,
	WUNTRACED = 2, /* WSTOPPED of waitid */
	WEXITED = 4,
	WCONTINUED = 8,
	WNOWAIT = 0x01000000,
	WNOTHREAD = 0x20000000,
	WALL = 0x40000000,
	WCLONE = (int)0x80000000,
};
enum wait_which { P_ALL, P_PID, P_PGID };
struct wait_result {
	int pid, status; /* wait status as wait4 gives it */
	u32 uid;
	struct usage usage; /* the child's and its children's */
};
/* wait4(2), waitid(2): the pid, 0 with WNOHANG and nothing to report, -ECHILD, -ERESTARTSYS. */
long proc_wait(enum wait_which which, int id, u32 options, struct wait_result *result);
/* What siginfo says of a wait status: si_code and si_status. */
void wait_status_info(int wait_status, s32 *code, s32 *value);
/* p's stop or continuation is to be told to its parent: proc_lock held. */
void proc_report_event(struct proc *p, int wait_status);

#include "machine/cpu.h"
#include "proc/thread.h"
static inline struct proc *current_proc(void)
{
	return current_thread()->proc;
}

/* A soft limit of the current process. */
static inline u64 rlimit_cur(enum rlimit_id id)
{
	return current_proc()->rlimit[id].cur;
}
