/*
 * Signals.
 *
 * A signal is pending for a process or for one thread: a bit in a set, and an entry with its
 * information in a queue. Standard signals have at most one entry, real-time signals one for each
 * time they were sent. The queue holds one entry a number; further ones of that number hang off it
 * in order, so that finding one never takes more than 64 steps however many were sent.
 *
 * Whoever sends decides under sig_lock whether the signal is dropped (ignored and not blocked), and
 * interrupts a thread that may take it. The thread acts on its way to user mode, in signal_deliver:
 * WORK_SIGNAL in thread->work says that it may have to. The bit may be set for nothing, it is never
 * clear when there is something.
 *
 * A stop happens there as well: `stopped` is set by the thread that takes the stop signal and
 * cleared by whoever sends SIGCONT or SIGKILL.
 *
 * Process 1 takes no signal for which it has no handler, except for its own faults, until the
 * system ends.
 */
#include "proc/signal.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "arch/signal.h"
#include "arch/trap.h"
#include "proc/account.h"
#include "proc/init.h"
#include "proc/proc.h"
#include "proc/thread.h"
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

static struct kmem_cache *entry_cache;

void signal_module_init(void)
{
	entry_cache = kmem_cache_create("signal", sizeof(struct sig_entry), 0);
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

	if (p->sig_queued >= p->rlimit[RLIMIT_SIGPENDING].cur)
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

/*
 * Take the oldest entry of sig; its information to *info, which says SI_USER of nobody if there was
 * no memory for an entry. True if more of them wait.
 */
static bool queue_take(struct proc *p, struct list *queue, int sig, struct ksiginfo *info)
{
	struct sig_entry *e = queue_find(queue, sig), *next;
	bool more;

	*info = (struct ksiginfo){ .signo = sig, .code = SI_USER };
	if (!e)
		return false;
	*info = e->info;
	more = !list_empty(&e->more);
	if (more) {
		next = LIST_FIRST(&e->more, struct sig_entry, link);
		list_remove(&next->link);
		list_splice(&next->more, &e->more);
		list_insert_between(&next->link, &e->link, e->link.next);
	}
	list_remove(&e->link);
	entry_free(p, e);
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

static bool is_ignored(const struct proc *p, int sig)
{
	ulong handler = p->action[sig - 1].handler;

	return handler == SIG_IGN || (handler == SIG_DFL && (IGNORED_SIGNALS & SIG_BIT(sig)));
}

static bool ends_process(const struct proc *p, int sig)
{
	return p->action[sig - 1].handler == SIG_DFL &&
	       !((IGNORED_SIGNALS | STOP_SIGNALS) & SIG_BIT(sig));
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

/* Process 1 takes what it has a handler for. */
static bool is_protected(const struct proc *p)
{
	return p->pid == 1 && !__atomic_load_n(&system_ending, __ATOMIC_RELAXED);
}

static bool is_dropped(struct proc *p, struct thread *t, int sig)
{
	if (is_protected(p) && p->action[sig - 1].handler == SIG_DFL)
		return true;
	if (!t)
		t = LIST_FIRST(&p->threads, struct thread, proc_link);
	return is_ignored(p, sig) && !(t->sig_mask & SIG_BIT(sig));
}

static void interrupt_taker(struct proc *p, struct thread *t, int sig)
{
	bool fatal = ends_process(p, sig);

	if (!t) {
		LIST_EACH(t, &p->threads, proc_link) {
			if (!(t->sig_mask & SIG_BIT(sig)))
				break;
		}
		if (&t->proc_link == &p->threads)
			return;
	}
	sched_interrupt(t, fatal);
}

/* To t, or to any thread of p (NULL). sig_lock held. */
static int send_locked(struct proc *p, struct thread *t, const struct ksiginfo *info)
{
	u64 *pending = t ? &t->sig_pending : &p->sig_pending;
	int sig = info->signo;

	if (p->exiting || list_empty(&p->threads))
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
	interrupt_taker(p, t, sig);
	return 0;
}

int signal_send_proc(struct proc *p, const struct ksiginfo *info)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	int err = send_locked(p, NULL, info);

	spin_unlock_irq(&p->sig_lock, irq);
	return err;
}

int signal_send_tid(struct proc *p, int tid, const struct ksiginfo *info)
{
	ulong irq = spin_lock_irq(&p->sig_lock);
	int err = -ESRCH;
	struct thread *t;

	LIST_EACH(t, &p->threads, proc_link) {
		if (t->tid == tid) {
			err = info->signo ? send_locked(p, t, info) : 0;
			break;
		}
	}
	spin_unlock_irq(&p->sig_lock, irq);
	return err;
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
	struct ksigaction *act = &p->action[info->signo - 1];

	if ((t->sig_mask & bit) || act->handler == SIG_IGN)
		*act = (struct ksigaction){ .handler = SIG_DFL };
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

	return t->work & WORK_SIGNAL && deliverable(t);
}

bool signal_fatal_pending(void)
{
	const struct thread *t = current_thread();

	for (u64 set = deliverable(t); set; set &= set - 1)
		if (ends_process(t->proc, __builtin_ctzll(set) + 1))
			return true;
	return false;
}

static void set_mask(struct thread *t, u64 mask)
{
	t->sig_mask = mask & ~UNBLOCKABLE;
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
	struct ksigaction *act;
	ulong irq;

	if (sig < 1 || sig > NSIG || (set && (UNBLOCKABLE & SIG_BIT(sig))))
		return -EINVAL;
	act = &p->action[sig - 1];
	irq = spin_lock_irq(&p->sig_lock);
	if (old)
		*old = *act;
	if (set) {
		*act = *set;
		act->mask &= ~UNBLOCKABLE;
		act->flags &= KNOWN_FLAGS;
		if (is_ignored(p, sig))
			flush_everywhere(p, SIG_BIT(sig));
	}
	spin_unlock_irq(&p->sig_lock, irq);
	return 0;
}

bool signal_is_ignored(int sig)
{
	return current_proc()->action[sig - 1].handler == SIG_IGN;
}

bool signal_is_blocked(int sig)
{
	return current_thread()->sig_mask & SIG_BIT(sig);
}

void signal_exec(void)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;
	ulong irq = spin_lock_irq(&p->sig_lock);

	for (struct ksigaction *act = p->action; act < p->action + NSIG; act++) {
		/* Most were never touched. */
		if (act->handler == SIG_DFL && !act->flags && !act->mask)
			continue;
		*act = (struct ksigaction){.handler = act->handler == SIG_IGN ? SIG_IGN : SIG_DFL};
	}
	t->altstack_sp = t->altstack_size = 0;
	t->altstack_flags = SS_DISABLE;
	spin_unlock_irq(&p->sig_lock, irq);
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
	ulong irq = spin_lock_irq(&p->sig_lock);
	u64 user, system;

	flush(p, &t->sig_pending, &t->sig_queue, ~0ull);
	list_remove(&t->proc_link);
	p->nthreads--;
	thread_times(t, &user, &system);
	p->dead.utime += user;
	p->dead.stime += system;
	p->dead.minor_faults += t->minor_faults;
	p->dead.major_faults += t->major_faults;
	spin_unlock_irq(&p->sig_lock, irq);
}

bool signal_on_altstack(const struct thread *t, ulong sp)
{
	return !(t->altstack_flags & SS_DISABLE) && sp > t->altstack_sp &&
	       sp - t->altstack_sp <= t->altstack_size;
}

/* ---- Delivery ---- */

/*
 * SIGKILL first, then faults, then by number; the thread's before the process's. Its number, or 0.
 * sig_lock held.
 */
static int take(struct thread *t, struct ksiginfo *info)
{
	static const u64 order[] = { SIG_BIT(SIGKILL), FAULT_SIGNALS, ~0ull };
	struct proc *p = t->proc;
	u64 set = deliverable(t);
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

static void wait_stopped(struct proc *p)
{
	struct thread *t = current_thread();

	for (;;) {
		__atomic_store_n(&t->state, THREAD_STOPPED, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (!__atomic_load_n(&p->stopped, __ATOMIC_SEQ_CST))
			break;
		sched_block();
	}
	sched_stay();
}

/*
 * Stop for sig, unless that was taken back meanwhile, or it comes from a terminal and nobody could
 * continue the group.
 */
static void stop(struct proc *p, int sig)
{
	ulong irq;

	mutex_lock(&proc_lock);
	if (sig != SIGSTOP && group_is_orphaned(p)) {
		mutex_unlock(&proc_lock);
		return;
	}
	irq = spin_lock_irq(&p->sig_lock);
	p->stopped = p->stop_taken;
	p->stop_taken = p->continued = false;
	spin_unlock_irq(&p->sig_lock, irq);
	if (!p->stopped) {
		mutex_unlock(&proc_lock);
		return;
	}
	p->state = PROC_STOPPED;
	proc_report_event(p, 0x7f | sig << 8);
	mutex_unlock(&proc_lock);
	wait_stopped(p);
	mutex_lock(&proc_lock);
	p->state = PROC_LIVE;
	if (p->continued)
		proc_report_event(p, 0xffff);
	mutex_unlock(&proc_lock);
}

struct delivery {
	struct ksigaction act;
	struct ksiginfo info;
};

/* Act on signals until one has a handler. True if so; false if there is none left. */
static bool next_handler(struct thread *t, struct delivery *d)
{
	struct proc *p = t->proc;
	ulong irq = spin_lock_irq(&p->sig_lock);
	int sig;

	while ((sig = take(t, &d->info))) {
		struct ksigaction *act = &p->action[sig - 1];

		if (is_ignored(p, sig))
			continue;
		if (act->handler != SIG_DFL) {
			d->act = *act;
			if (act->flags & SA_RESETHAND)
				act->handler = SIG_DFL;
			break;
		}
		if (is_protected(p) && !((FAULT_SIGNALS & SIG_BIT(sig)) && d->info.code > 0))
			continue;
		spin_unlock_irq(&p->sig_lock, irq);
		if (!(STOP_SIGNALS & SIG_BIT(sig)))
			proc_exit(sig);
		stop(p, sig);
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
		t->proc->action[SIGSEGV - 1].handler = SIG_DFL;
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
