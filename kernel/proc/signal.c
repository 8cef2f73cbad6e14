/*
 * Signals.
 *
 * A signal is pending for a process or for one thread: a bit in a set, and an entry with its
 * information in a queue. Standard signals have at most one entry, real-time signals one for each
 * time they were sent. The queue holds one entry a number; further ones of that number hang off it
 * in order, so that finding one never takes more than 64 steps however many were sent.
 *
 * Whoever sends decides under sig_lock whether the signal is dropped (ignored and not blocked), and
 * interrupts a thread that may take it: all such threads if the signal is fatal. The thread acts on
 * its way to user mode, in signal_deliver: WORK_SIGNAL in thread->work says that it may have to.
 * The bit may be set for nothing, it is never clear when there is something. A thread that blocks a
 * signal, or ends, interrupts another one for what is pending for the process.
 *
 * A stop happens there as well: `stopped` is set by the thread that takes the stop signal and
 * cleared by whoever sends SIGCONT or SIGKILL. All threads then come to signal_deliver and stay
 * there; when the last one has come the process has stopped, and its parent is told.
 *
 * The end of all threads, or of all but one, is no signal: `must_end` is set, and the thread acts
 * on it at the same place.
 *
 * Process 1 takes no signal for which it has no handler, except for its own faults, until the
 * system ends.
 */
#include "proc/signal.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "arch/signal.h"
#include "arch/trap.h"
#include "proc/account.h"
#include "proc/init.h"
#include "proc/proc.h"
#include "proc/ptimer.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "vm/kmalloc.h"

#define STOP_SIGNALS (SIG_BIT(SIGSTOP) | SIG_BIT(SIGTSTP) | SIG_BIT(SIGTTIN) | SIG_BIT(SIGTTOU))
#define IGNORED_SIGNALS (SIG_BIT(SIGCHLD) | SIG_BIT(SIGCONT) | SIG_BIT(SIGURG) | SIG_BIT(SIGWINCH))
#define FAULT_SIGNALS                                                                              \
	(SIG_BIT(SIGSEGV) | SIG_BIT(SIGBUS) | SIG_BIT(SIGILL) | SIG_BIT(SIGTRAP) |                 \
	 SIG_BIT(SIGFPE) | SIG_BIT(SIGSYS))
#define UNBLOCKABLE (SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP))
#define FIRST_REALTIME 32
#define KNOWN_FLAGS                                                                                \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_RESTORER | SA_ONSTACK | SA_RESTART |        \
	 SA_NODEFER | SA_RESETHAND)

struct sig_entry {
	struct list link; /* in the queue; or in `more` of the first entry of its number */
	struct list more;
	struct ksiginfo info;
};

/* What each signal does. A handler alone may be read without the lock. */
struct sigactions {
	u32 ref;	      /* (a) */
	struct spinlock lock; /* RANK_SIGACTION */
	struct ksigaction action[NSIG];
};

static struct kmem_cache *entry_cache, *actions_cache;

void signal_module_init(void)
{
	entry_cache = kmem_cache_create("signal", sizeof(struct sig_entry), 0);
	actions_cache = kmem_cache_create("sigactions", sizeof(struct sigactions), 0);
}

/* ---- Actions ---- */

struct sigactions *sigactions_new(void)
{
	struct sigactions *a = kmem_alloc(actions_cache, ALLOC_ZERO);

	if (!a)
		return NULL;
	a->ref = 1;
	spin_init(&a->lock, "signal actions", RANK_SIGACTION);
	return a;
}

struct sigactions *sigactions_copy(struct proc *p)
{
	struct sigactions *a = sigactions_new(), *from = p->actions;
	ulong irq;

	if (!a)
		return NULL;
	irq = spin_lock_irq(&from->lock);
	memcpy(a->action, from->action, sizeof(a->action));
	spin_unlock_irq(&from->lock, irq);
	return a;
}

struct sigactions *sigactions_hold(struct sigactions *a)
{
	__atomic_fetch_add(&a->ref, 1, __ATOMIC_RELAXED);
	return a;
}

void sigactions_put(struct sigactions *a)
{
	if (__atomic_sub_fetch(&a->ref, 1, __ATOMIC_ACQ_REL) == 0)
		kmem_free(actions_cache, a);
}

bool sigactions_shared(const struct sigactions *a)
{
	return __atomic_load_n(&a->ref, __ATOMIC_ACQUIRE) > 1;
}

/* sig_lock held, or the current process's. */
static ulong handler_of(const struct proc *p, int sig)
{
	return __atomic_load_n(&p->actions->action[sig - 1].handler, __ATOMIC_RELAXED);
}

/* sig_lock held. */
static struct ksigaction action_of(struct proc *p, int sig)
{
	struct ksigaction act;

	spin_lock(&p->actions->lock);
	act = p->actions->action[sig - 1];
	spin_unlock(&p->actions->lock);
	return act;
}

/* sig_lock held. */
static void action_set(struct proc *p, int sig, const struct ksigaction *act)
{
	spin_lock(&p->actions->lock);
	p->actions->action[sig - 1] = *act;
	spin_unlock(&p->actions->lock);
}

/* sig_lock held. */
static void handler_reset(struct proc *p, int sig)
{
	spin_lock(&p->actions->lock);
	p->actions->action[sig - 1].handler = SIG_DFL;
	spin_unlock(&p->actions->lock);
}

struct ksigaction signal_action_of(struct proc *p, int sig)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	struct ksigaction act = action_of(p, sig);

	spin_unlock_irq(&p->sig_lock, irq);
	return act;
}

ulong signal_handler_of(struct proc *p, int sig)
{
	ulong irq = spin_lock_irq(&p->sig_lock), handler = handler_of(p, sig);

	spin_unlock_irq(&p->sig_lock, irq);
	return handler;
}

/* ---- Queues; sig_lock held ---- */

static struct sig_entry *queue_find(struct list *queue, int sig)
{
	struct sig_entry *e;

	LIST_EACH(e, queue, link) {
		if (e->info.signo == sig)
			return e;
	}
	return NULL;
}

static bool queue_add(struct proc *p, struct list *queue, const struct ksiginfo *info)
{
	struct sig_entry *first, *e;

	/* What the kernel or kill says is kept, of a standard signal: there is one entry of each. */
	if (p->sig_queued >= p->rlimit[RLIMIT_SIGPENDING].cur &&
	    (info->signo >= FIRST_REALTIME || info->code < 0))
		return false;
	e = kmem_alloc(entry_cache, 0);
	if (!e)
		return false;
	p->sig_queued++;
	e->info = *info;
	list_init(&e->more);
	first = queue_find(queue, info->signo);
	list_append(first ? &first->more : queue, &e->link);
	return true;
}

static void entry_free(struct proc *p, struct sig_entry *e)
{
	p->sig_queued--;
	kmem_free(entry_cache, e);
}

/* The entry e, the first of its number, leaves the queue. True if more of them wait. */
static bool unlink_first(struct sig_entry *e)
{
	bool more = !list_empty(&e->more);
	struct sig_entry *next;

	if (more) {
		next = LIST_FIRST(&e->more, struct sig_entry, link);
		list_remove(&next->link);
		list_splice(&next->more, &e->more);
		list_insert_between(&next->link, &e->link, e->link.next);
	}
	list_remove(&e->link);
	return more;
}

/*
 * Take the oldest entry of sig; its information to *info, which says SI_USER of nobody if there was
 * no memory for an entry. True if more of them wait.
 */
static bool queue_take(struct proc *p, struct list *queue, int sig, struct ksiginfo *info)
{
	struct sig_entry *e = queue_find(queue, sig);
	bool more;

	*info = (struct ksiginfo){ .signo = sig, .code = SI_USER };
	if (!e)
		return false;
	*info = e->info;
	more = unlink_first(e);
	entry_free(p, e);
	if (info->timer_turn)
		ptimer_taken(p, info);
	return more;
}

static void flush(struct proc *p, u64 *pending, struct list *queue, u64 set)
{
	struct ksiginfo info;

	for (u64 left = *pending & set; left; left &= left - 1)
		while (queue_take(p, queue, __builtin_ctzll(left) + 1, &info))
			;
	*pending &= ~set;
}

/* From the process and all its threads. */
static void flush_everywhere(struct proc *p, u64 set)
{
	struct thread *t;

	flush(p, &p->sig_pending, &p->sig_queue, set);
	LIST_EACH(t, &p->threads, proc_link)
		flush(p, &t->sig_pending, &t->sig_queue, set);
}

/* ---- Sending ---- */

static bool ignores(ulong handler, int sig)
{
	return handler == SIG_IGN || (handler == SIG_DFL && (IGNORED_SIGNALS & SIG_BIT(sig)));
}

static bool is_ignored(const struct proc *p, int sig)
{
	return ignores(handler_of(p, sig), sig);
}

static bool ends_process(const struct proc *p, int sig)
{
	return handler_of(p, sig) == SIG_DFL && !((IGNORED_SIGNALS | STOP_SIGNALS) & SIG_BIT(sig));
}

static void interrupt_all(struct proc *p)
{
	struct thread *t;

	LIST_EACH(t, &p->threads, proc_link)
		sched_interrupt(t, false);
}

/* What a stop or continue signal does when it is sent, ignored or blocked as it may be. */
static void send_job_control(struct proc *p, int sig)
{
	if (STOP_SIGNALS & SIG_BIT(sig)) {
		flush_everywhere(p, SIG_BIT(SIGCONT));
	} else if (sig == SIGCONT || sig == SIGKILL) {
		p->stop_taken = false;
		if (sig == SIGCONT)
			flush_everywhere(p, STOP_SIGNALS);
		if (p->stopped) {
			p->continued = sig == SIGCONT;
			__atomic_store_n(&p->stopped, false, __ATOMIC_SEQ_CST);
			interrupt_all(p);
		}
	}
}

bool signal_protected(const struct proc *p)
{
	return p->pid == 1 && !__atomic_load_n(&system_ending, __ATOMIC_RELAXED);
}

static bool is_dropped(struct proc *p, struct thread *t, int sig)
{
	if (signal_protected(p) && handler_of(p, sig) == SIG_DFL)
		return true;
	if (!t)
		t = LIST_FIRST(&p->threads, struct thread, proc_link);
	return is_ignored(p, sig) && !(t->sig_mask & SIG_BIT(sig));
}

/* Wake the first thread that waits for sig. False if none does. */
static bool interrupt_waiting(struct proc *p, int sig)
{
	struct thread *t;

	LIST_EACH(t, &p->threads, proc_link) {
		if (t->sig_waited & SIG_BIT(sig)) {
			sched_interrupt(t, false);
			return true;
		}
	}
	return false;
}

/*
 * See that somebody takes what is pending for the process: all who may if it ends them, which nobody
 * can wait away who does not block it; else one who waits for it, else the first who has nothing
 * else to act upon, or just the first.
 */
static void interrupt_taker(struct proc *p, int sig)
{
	bool fatal = ends_process(p, sig), ends = false;
	struct thread *t, *taker = NULL;

	if (!fatal && interrupt_waiting(p, sig))
		return;
	LIST_EACH(t, &p->threads, proc_link) {
		if (t->ending || (t->sig_mask & SIG_BIT(sig)))
			continue;
		if (fatal) {
			sched_interrupt(t, true);
			ends = true;
		} else if (!(__atomic_load_n(&t->work, __ATOMIC_RELAXED) & WORK_SIGNAL)) {
			taker = t;
			break;
		} else if (!taker) {
			taker = t;
		}
	}
	if (taker)
		sched_interrupt(taker, false);
	if (fatal && !ends)
		interrupt_waiting(p, sig);
}

/* The current thread does not take these signals any more: others shall. sig_lock held. */
static void leave_to_others(struct proc *p, u64 set)
{
	if (p->nthreads == 1)
		return;
	for (set &= p->sig_pending; set; set &= set - 1)
		interrupt_taker(p, __builtin_ctzll(set) + 1);
}

/* To t, or to any thread of p (NULL). sig_lock held. */
static int send_locked(struct proc *p, struct thread *t, const struct ksiginfo *info)
{
	u64 *pending = t ? &t->sig_pending : &p->sig_pending;
	int sig = info->signo;

	if (p->exiting || list_empty(&p->threads) || (t && t->ending))
		return 0;
	send_job_control(p, sig);
	if (is_dropped(p, t, sig))
		return 0;
	if (sig < FIRST_REALTIME && (*pending & SIG_BIT(sig)))
		return 0;
	if (!queue_add(p, t ? &t->sig_queue : &p->sig_queue, info) && sig >= FIRST_REALTIME &&
	    info->code < 0)
		return -EAGAIN;
	*pending |= SIG_BIT(sig);
	if (t)
		sched_interrupt(t, ends_process(p, sig));
	else
		interrupt_taker(p, sig);
	return 0;
}

int signal_send_proc(struct proc *p, const struct ksiginfo *info)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	int err = send_locked(p, NULL, info);

	spin_unlock_irq(&p->sig_lock, irq);
	return err;
}

int signal_send_thread(struct proc *p, struct thread *t, const struct ksiginfo *info)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	int err = t && info->signo ? send_locked(p, t, info) : 0;

	spin_unlock_irq(&p->sig_lock, irq);
	return err;
}

bool signal_would_pend(struct proc *p, int sig)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	bool would = !p->exiting && !list_empty(&p->threads) && !(p->sig_pending & SIG_BIT(sig)) &&
		     !is_dropped(p, NULL, sig);

	spin_unlock_irq(&p->sig_lock, irq);
	return would;
}

static struct thread *find_thread(struct proc *p, int tid)
{
	struct thread *t;

	LIST_EACH(t, &p->threads, proc_link) {
		if (t->tid == tid)
			return t;
	}
	return NULL;
}

enum timer_signal signal_queue_timer(struct proc *p, int tid, const struct ksiginfo *info)
{
	struct thread *t = tid ? find_thread(p, tid) : NULL;
	int sig = info->signo;

	if (p->exiting || list_empty(&p->threads) || (tid && (!t || t->ending)))
		return TIMER_SIGNAL_NOBODY;
	send_job_control(p, sig);
	if (is_dropped(p, t, sig))
		return TIMER_SIGNAL_DROPPED;
	if (!queue_add(p, t ? &t->sig_queue : &p->sig_queue, info))
		return TIMER_SIGNAL_LATER;
	*(t ? &t->sig_pending : &p->sig_pending) |= SIG_BIT(sig);
	if (t)
		sched_interrupt(t, ends_process(p, sig));
	else
		interrupt_taker(p, sig);
	return TIMER_SIGNAL_QUEUED;
}

static bool is_of_timer(const struct sig_entry *e, int id)
{
	return e->info.timer_turn && e->info.pid == id;
}

/* Drop the entry of that timer; the pending bit goes with the last of its number. */
static void unqueue(struct proc *p, u64 *pending, struct list *queue, int sig, int id)
{
	struct sig_entry *first = queue_find(queue, sig), *e;

	if (!first)
		return;
	if (is_of_timer(first, id)) {
		if (!unlink_first(first))
			*pending &= ~SIG_BIT(sig);
		entry_free(p, first);
		return;
	}
	LIST_EACH(e, &first->more, link) {
		if (!is_of_timer(e, id))
			continue;
		list_remove(&e->link);
		entry_free(p, e);
		return;
	}
}

void signal_unqueue_timer(struct proc *p, int sig, int id)
{
	struct thread *t;

	unqueue(p, &p->sig_pending, &p->sig_queue, sig, id);
	LIST_EACH(t, &p->threads, proc_link)
		unqueue(p, &t->sig_pending, &t->sig_queue, sig, id);
}

static int send_to_member(struct proc *p, void *info)
{
	return signal_send_proc(p, info);
}

int signal_send_group(int pgid, const struct ksiginfo *info)
{
	return group_for_each(pgid, send_to_member, (void *)info);
}

void signal_kernel(struct proc *p, int sig)
{
	struct ksiginfo info = { .signo = sig, .code = SI_KERNEL };

	signal_send_proc(p, &info);
}

void signal_force(const struct ksiginfo *info)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;
	u64 bit = SIG_BIT(info->signo);
	ulong irq = spin_lock_irq(&p->sig_lock);

	if ((t->sig_mask & bit) || handler_of(p, info->signo) == SIG_IGN)
		action_set(p, info->signo, &(struct ksigaction){ .handler = SIG_DFL });
	t->sig_mask &= ~bit;
	flush(p, &t->sig_pending, &t->sig_queue, bit);
	queue_add(p, &t->sig_queue, info);
	t->sig_pending |= bit;
	__atomic_fetch_or(&t->work, WORK_SIGNAL, __ATOMIC_RELAXED);
	spin_unlock_irq(&p->sig_lock, irq);
}

/* ---- State of the current thread ---- */

static u64 deliverable(const struct thread *t)
{
	return (t->sig_pending | t->proc->sig_pending) & ~t->sig_mask;
}

bool signal_pending(void)
{
	const struct thread *t = current_thread();

	return t->work & WORK_SIGNAL && !t->ending &&
	       (t->must_end || t->proc->stopped || deliverable(t) ||
		((t->sig_pending | t->proc->sig_pending) & t->sig_waited));
}

bool signal_fatal_pending(void)
{
	const struct thread *t = current_thread();

	if (t->ending)
		return false;
	if (t->must_end)
		return true;
	for (u64 set = deliverable(t); set; set &= set - 1)
		if (ends_process(t->proc, __builtin_ctzll(set) + 1))
			return true;
	return false;
}

static void set_mask(struct thread *t, u64 mask)
{
	u64 blocked = mask & ~t->sig_mask;

	t->sig_mask = mask & ~UNBLOCKABLE;
	leave_to_others(t->proc, blocked);
	if (deliverable(t))
		__atomic_fetch_or(&t->work, WORK_SIGNAL, __ATOMIC_RELAXED);
}

void signal_set_mask(u64 mask)
{
	struct thread *t = current_thread();
	ulong irq = spin_lock_irq(&t->proc->sig_lock);

	set_mask(t, mask);
	spin_unlock_irq(&t->proc->sig_lock, irq);
}

/*
 * Without a signal to act upon nothing would look at sig_restore_mask: so WORK_SIGNAL is set in any
 * case.
 */
void signal_set_temporary_mask(u64 mask)
{
	struct thread *t = current_thread();
	ulong irq = spin_lock_irq(&t->proc->sig_lock);

	if (!t->sig_restore_mask)
		t->sig_saved_mask = t->sig_mask;
	t->sig_restore_mask = true;
	set_mask(t, mask);
	__atomic_fetch_or(&t->work, WORK_SIGNAL, __ATOMIC_RELAXED);
	spin_unlock_irq(&t->proc->sig_lock, irq);
}

u64 signal_pending_set(void)
{
	struct thread *t = current_thread();

	return (t->sig_pending | t->proc->sig_pending) & t->sig_mask;
}

int signal_action(int sig, const struct ksigaction *set, struct ksigaction *old)
{
	struct proc *p = current_proc();
	struct ksigaction act;
	ulong irq;

	if (sig < 1 || sig > NSIG || (set && (UNBLOCKABLE & SIG_BIT(sig))))
		return -EINVAL;
	irq = spin_lock_irq(&p->sig_lock);
	if (old)
		*old = action_of(p, sig);
	if (set) {
		act = *set;
		act.mask &= ~UNBLOCKABLE;
		act.flags &= KNOWN_FLAGS;
		action_set(p, sig, &act);
		if (is_ignored(p, sig))
			flush_everywhere(p, SIG_BIT(sig));
	}
	spin_unlock_irq(&p->sig_lock, irq);
	return 0;
}

bool signal_is_ignored(int sig)
{
	return handler_of(current_proc(), sig) == SIG_IGN;
}

bool signal_is_blocked(int sig)
{
	return current_thread()->sig_mask & SIG_BIT(sig);
}

void signal_exec(struct sigactions **own)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;
	struct sigactions *old = NULL;
	ulong irq = spin_lock_irq(&p->sig_lock);

	if (*own) {
		old = p->actions;
		p->actions = *own;
		*own = NULL;
	}
	spin_lock(&p->actions->lock);
	for (struct ksigaction *act = p->actions->action; act < p->actions->action + NSIG; act++) {
		/* Most were never touched. */
		if (act->handler == SIG_DFL && !act->flags && !act->mask)
			continue;
		*act = (struct ksigaction){.handler = act->handler == SIG_IGN ? SIG_IGN : SIG_DFL};
	}
	spin_unlock(&p->actions->lock);
	t->altstack_sp = t->altstack_size = 0;
	t->altstack_flags = SS_DISABLE;
	spin_unlock_irq(&p->sig_lock, irq);
	if (old)
		sigactions_put(old);
}

/* ---- The end of threads ---- */

/* All threads of the current process but the current one. sig_lock held. */
static void make_others_end(struct proc *p)
{
	struct thread *t;

	LIST_EACH(t, &p->threads, proc_link) {
		if (t == current_thread())
			continue;
		t->must_end = true;
		sched_interrupt(t, true);
	}
}

void signal_end_group(int wait_status)
{
	struct proc *p = current_proc();
	ulong irq = spin_lock_irq(&p->sig_lock);

	if (!p->group_exit) {
		p->group_exit = true;
		p->group_status = wait_status;
		make_others_end(p);
	}
	spin_unlock_irq(&p->sig_lock, irq);
}

int signal_end_others(void)
{
	struct proc *p = current_proc();
	ulong irq = spin_lock_irq(&p->sig_lock);
	int err = current_thread()->must_end ? -EINTR : 0;

	if (!err)
		make_others_end(p);
	spin_unlock_irq(&p->sig_lock, irq);
	if (err)
		return err;
	return WAIT_EVENT(&p->thread_wait, __atomic_load_n(&p->nthreads, __ATOMIC_ACQUIRE) == 1,
			  WAIT_KILLABLE, WAIT_FOREVER);
}

/*
 * t has come to its place of rest, or will never: if it was the last one to be waited for, the
 * process has stopped. proc_lock held.
 */
static void count_stopped(struct proc *p, struct thread *t)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	bool last = p->stopped && t->stop_due && --p->stop_left == 0;

	t->stop_due = false;
	spin_unlock_irq(&p->sig_lock, irq);
	if (!last)
		return;
	p->state = PROC_STOPPED;
	proc_report_event(p, 0x7f | p->stop_signal << 8);
}

void signal_begin_end(int wait_status)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;
	ulong irq = spin_lock_irq(&p->sig_lock);
	bool awaited = p->stopped && t->stop_due && p->nthreads > 1;

	t->ending = true;
	if (--p->nlasting == 0 && !p->group_exit) {
		p->group_exit = true;
		p->group_status = wait_status;
	}
	leave_to_others(p, ~t->sig_mask);
	spin_unlock_irq(&p->sig_lock, irq);
	if (!awaited)
		return;
	mutex_lock(&proc_lock);
	count_stopped(p, t);
	mutex_unlock(&proc_lock);
}

void signal_end_proc(struct proc *p)
{
	ulong irq = spin_lock_irq(&p->sig_lock);

	p->exiting = true;
	flush_everywhere(p, ~0ull);
	spin_unlock_irq(&p->sig_lock, irq);
}

void signal_end_thread(struct thread *t)
{
	struct proc *p = t->proc;
	u64 user, system;

	flush(p, &t->sig_pending, &t->sig_queue, ~0ull);
	list_remove(&t->proc_link);
	__atomic_store_n(&p->nthreads, p->nthreads - 1, __ATOMIC_RELEASE);
	thread_times(t, &user, &system);
	p->dead.utime += user;
	p->dead.stime += system;
	p->dead.minor_faults += t->minor_faults;
	p->dead.major_faults += t->major_faults;
}

bool signal_on_altstack(const struct thread *t, ulong sp)
{
	return !(t->altstack_flags & SS_DISABLE) && sp > t->altstack_sp &&
	       sp - t->altstack_sp <= t->altstack_size;
}

bool signal_overruns(const struct thread *t, ulong sp, ulong at)
{
	return signal_on_altstack(t, sp) && !signal_on_altstack(t, at);
}

/* ---- Delivery ---- */

/*
 * One of set, all of which are pending: SIGKILL first, then faults, then by number; the thread's
 * before the process's. Its number, or 0. sig_lock held.
 */
static int take(struct thread *t, u64 set, struct ksiginfo *info)
{
	static const u64 order[] = { SIG_BIT(SIGKILL), FAULT_SIGNALS, ~0ull };
	struct proc *p = t->proc;
	bool own;
	int sig;

	if (!set)
		return 0;
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++)
		if (set & order[i]) {
			set &= order[i];
			break;
		}
	sig = __builtin_ctzll(set) + 1;
	own = t->sig_pending & SIG_BIT(sig);
	if (!queue_take(p, own ? &t->sig_queue : &p->sig_queue, sig, info))
		*(own ? &t->sig_pending : &p->sig_pending) &= ~SIG_BIT(sig);
	if (STOP_SIGNALS & SIG_BIT(sig))
		p->stop_taken = true;
	return sig;
}

/* Of the signals that are pending those that end the process, whoever waits for them. */
static u64 fatal_pending(const struct thread *t)
{
	u64 fatal = 0;

	for (u64 set = deliverable(t); set; set &= set - 1) {
		int sig = __builtin_ctzll(set) + 1;

		if (ends_process(t->proc, sig) && !signal_protected(t->proc))
			fatal |= SIG_BIT(sig);
	}
	return fatal;
}

/* One of the signals of set, or 0; with `stay` others wake the thread for one from now on. */
static int take_waited(struct thread *t, u64 set, bool stay, struct ksiginfo *info)
{
	struct proc *p = t->proc;
	ulong irq = spin_lock_irq(&p->sig_lock);
	int sig = take(t, (t->sig_pending | p->sig_pending) & set & ~fatal_pending(t), info);

	t->sig_waited = stay && !sig ? set : 0;
	/* What came meanwhile was for this thread to take: another may wait for it. */
	if (!t->sig_waited)
		leave_to_others(p, set);
	spin_unlock_irq(&p->sig_lock, irq);
	return sig;
}

int signal_wait(u64 set, u64 deadline, struct ksiginfo *info)
{
	struct thread *t = current_thread();
	int sig, err;

	set &= ~UNBLOCKABLE;
	for (;;) {
		sig = take_waited(t, set, deadline != 0, info);
		if (sig || !deadline)
			return sig ? sig : -EAGAIN;
		err = timer_sleep(deadline);
		sig = take_waited(t, set, false, info);
		if (sig)
			return sig;
		if (!err)
			return -EAGAIN;
		if (signal_pending())
			return -EINTR;
	}
}

/* Until the process is continued, or this thread has to do something else. */
static void wait_stopped(struct thread *t)
{
	const struct proc *p = t->proc;

	for (;;) {
		__atomic_store_n(&t->state, THREAD_STOPPED, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (!__atomic_load_n(&p->stopped, __ATOMIC_SEQ_CST) ||
		    __atomic_load_n(&t->stop_due, __ATOMIC_RELAXED) ||
		    __atomic_load_n(&t->must_end, __ATOMIC_RELAXED))
			break;
		sched_block();
	}
	sched_stay();
}

/* Where a thread of a stopped process stays. The first to leave tells that it goes on. */
static void stay_stopped(struct thread *t)
{
	struct proc *p = t->proc;

	mutex_lock(&proc_lock);
	count_stopped(p, t);
	mutex_unlock(&proc_lock);
	wait_stopped(t);
	mutex_lock(&proc_lock);
	if (p->state == PROC_STOPPED && !__atomic_load_n(&p->stopped, __ATOMIC_SEQ_CST)) {
		p->state = PROC_LIVE;
		if (p->continued)
			proc_report_event(p, 0xffff);
	}
	mutex_unlock(&proc_lock);
}

/* Let all threads stop. sig_lock held. */
static void begin_stop(struct proc *p, int sig)
{
	struct thread *t;

	p->stop_left = 0;
	p->stop_signal = sig;
	p->continued = false;
	__atomic_store_n(&p->stopped, true, __ATOMIC_SEQ_CST);
	LIST_EACH(t, &p->threads, proc_link) {
		if (t->ending)
			continue;
		t->stop_due = true;
		p->stop_left++;
		if (t != current_thread())
			sched_interrupt(t, false);
	}
}

/*
 * Stop the process for sig, unless that was taken back meanwhile, or it comes from a terminal and
 * nobody could continue the group.
 */
static void stop(struct proc *p, int sig)
{
	ulong irq;

	mutex_lock(&proc_lock);
	if (sig == SIGSTOP || !group_is_orphaned(p)) {
		irq = spin_lock_irq(&p->sig_lock);
		if (p->stop_taken && !p->stopped && !p->group_exit)
			begin_stop(p, sig);
		p->stop_taken = false;
		spin_unlock_irq(&p->sig_lock, irq);
	}
	mutex_unlock(&proc_lock);
}

struct delivery {
	struct ksigaction act;
	struct ksiginfo info;
};

/* Do what stands before all signals: end, or stay stopped. sig_lock held; let go meanwhile. */
static void act_on_state(struct thread *t, ulong *irq)
{
	struct proc *p = t->proc;

	while (t->must_end || p->stopped) {
		bool end = t->must_end;

		spin_unlock_irq(&p->sig_lock, *irq);
		if (end)
			thread_exit(0);
		stay_stopped(t);
		*irq = spin_lock_irq(&p->sig_lock);
	}
}

/* The default action of sig: end or stop. */
static void default_action(struct proc *p, int sig)
{
	if (!(STOP_SIGNALS & SIG_BIT(sig)))
		proc_exit(sig);
	stop(p, sig);
}

/* Act on signals until one has a handler. True if so; false if there is none left. */
static bool next_handler(struct thread *t, struct delivery *d)
{
	struct proc *p = t->proc;
	ulong irq = spin_lock_irq(&p->sig_lock);
	int sig;

	for (;;) {
		act_on_state(t, &irq);
		sig = take(t, deliverable(t), &d->info);
		if (!sig)
			break;
		d->act = action_of(p, sig);
		if (ignores(d->act.handler, sig))
			continue;
		if (d->act.handler != SIG_DFL) {
			if (d->act.flags & SA_RESETHAND)
				handler_reset(p, sig);
			break;
		}
		if (signal_protected(p) && !((FAULT_SIGNALS & SIG_BIT(sig)) && d->info.code > 0))
			continue;
		spin_unlock_irq(&p->sig_lock, irq);
		default_action(p, sig);
		irq = spin_lock_irq(&p->sig_lock);
	}
	spin_unlock_irq(&p->sig_lock, irq);
	return sig != 0;
}

/*
 * The frame of the handler could not be written: the program cannot go on, unless it handles
 * SIGSEGV on another stack.
 */
static void frame_failed(struct thread *t, int sig)
{
	struct ksiginfo info = { .signo = SIGSEGV, .code = SI_KERNEL };
	ulong irq;

	if (sig == SIGSEGV) {
		irq = spin_lock_irq(&t->proc->sig_lock);
		handler_reset(t->proc, SIGSEGV);
		spin_unlock_irq(&t->proc->sig_lock, irq);
	}
	signal_force(&info);
}

static void push_handler(struct trapframe *tf, struct thread *t, const struct delivery *d)
{
	u64 mask = t->sig_restore_mask ? t->sig_saved_mask : t->sig_mask;
	int sig = d->info.signo;
	ulong sp = tf_sp(tf), irq;

	if ((d->act.flags & SA_ONSTACK) && !(t->altstack_flags & SS_DISABLE) &&
	    !signal_on_altstack(t, sp))
		sp = t->altstack_sp + t->altstack_size;
	if (sigframe_push(tf, t, &d->act, &d->info, mask, sp) < 0) {
		frame_failed(t, sig);
		return;
	}
	t->sig_restore_mask = false;
	t->restart_deadline = 0;
	irq = spin_lock_irq(&t->proc->sig_lock);
	set_mask(t, t->sig_mask | d->act.mask | (d->act.flags & SA_NODEFER ? 0 : SIG_BIT(sig)));
	spin_unlock_irq(&t->proc->sig_lock, irq);
}

/* A handler is about to run: what becomes of the call that the signal ended. */
static void answer_call(struct trapframe *tf, u32 restart, ulong flags)
{
	if (restart == ERESTARTNOINTR || (restart == ERESTARTSYS && (flags & SA_RESTART)))
		tf_restart_syscall(tf);
	else if (restart)
		tf_set_result(tf, -EINTR);
}

void signal_deliver(struct trapframe *tf)
{
	struct thread *t = current_thread();
	struct delivery d;

	while (next_handler(t, &d)) {
		answer_call(tf, t->restart, d.act.flags);
		t->restart = 0;
		push_handler(tf, t, &d);
	}
	if (t->restart) {
		tf_restart_syscall(tf);
		t->restart = 0;
	}
	if (t->sig_restore_mask) {
		t->sig_restore_mask = false;
		signal_set_mask(t->sig_saved_mask);
	}
}
