/*
 * POSIX timers: see proc/ptimer.h.
 *
 * A timer that has expired queues its signal and rests until that is taken: only then is it armed
 * again, for the next expiration to come, and those between are counted. So however short its
 * period is, a timer has one signal queued at most, and interrupts no faster than signals are
 * taken.
 *
 * Letters: (s) the process's sig_lock; (c) constant. Whoever turns a timer off, or frees it, holds
 * proc_lock, marks it off under sig_lock (from then on nobody arms it) and waits for its function
 * without.
 */
#include "proc/ptimer.h"

#include "lib/errno.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "proc/sync.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "vm/kmalloc.h"

#define REST (NSEC / 20000) /* a timer that goes on interrupts after that time at the earliest */

struct ptimer {
	struct timer timer;
	struct tree_node node; /* (s) in proc->timers */
	struct proc *proc; /* (c) */
	int id; /* (c) */
	struct ptimer_event ev; /* (c) */
	u64 when; /* (s) its next expiration, or that whose signal is queued; 0: off */
	u64 interval; /* (s) */
	bool queued; /* (s) its signal is, and was not taken */
	u32 turn; /* (s) number of the last setting: signals of an earlier one are not its */
	int overrun; /* (s) */
};

static struct ptimer *timer_of(struct tree_node *n)
{
	return n ? CONTAINER_OF(n, struct ptimer, node) : NULL;
}

/* sig_lock held. */
static struct ptimer *find(struct proc *p, int id)
{
	struct tree_node *n = p->timers.root;

	while (n && timer_of(n)->id != id)
		n = id < timer_of(n)->id ? n->left : n->right;
	return timer_of(n);
}

/* --- expiring --- */

/* The first expiration after now, of a timer with an interval whose last one is t->when. */
static u64 next_after(const struct ptimer *t, u64 now, u64 *missed)
{
	*missed = now > t->when ? (now - t->when) / t->interval : 0;
	return t->when + (*missed + 1) * t->interval;
}

/* Nobody wants the signal: go on without, but not faster than ticks. sig_lock held. */
static void go_on_unheard(struct ptimer *t, u64 now)
{
	u64 missed;

	t->when = t->interval ? next_after(t, now, &missed) : 0;
	if (t->when)
		timer_arm(&t->timer, MAX(t->when, now + TICK_NS));
}

static void expire(struct timer *timer)
{
	struct ptimer *t = CONTAINER_OF(timer, struct ptimer, timer);
	struct proc *p = t->proc;
	struct ksiginfo info = {
		.signo = t->ev.sig, .code = SI_TIMER, .pid = t->id, .value = t->ev.value};
	ulong irq = spin_lock_irq(&p->sig_lock);
	u64 now = clock_now();

	if (t->when && !t->queued && now >= t->when) {
		info.timer_turn = t->turn;
		switch (signal_queue_timer(p, t->ev.tid, &info)) {
		case TIMER_SIGNAL_QUEUED:
			t->queued = true;
			if (!t->interval)
				t->when = 0;
			break;
		case TIMER_SIGNAL_DROPPED: go_on_unheard(t, now); break;
		case TIMER_SIGNAL_LATER: timer_arm(&t->timer, now + TICK_NS); break;
		case TIMER_SIGNAL_NOBODY: t->when = 0; break;
		}
	}
	spin_unlock_irq(&p->sig_lock, irq);
}

void ptimer_taken(struct proc *p, struct ksiginfo *info)
{
	struct ptimer *t = find(p, info->pid);
	u64 missed = 0, now = clock_now();

	if (!t || !t->queued || t->turn != info->timer_turn)
		return;
	t->queued = false;
	if (t->interval) {
		t->when = next_after(t, now, &missed);
		timer_arm(&t->timer, MAX(t->when, now + REST));
	}
	t->overrun = info->uid = (int)MIN(missed, (u64)INT32_MAX);
}

/* --- setting --- */

/* sig_lock held. */
static struct itimer_value value_of(const struct ptimer *t)
{
	u64 now = clock_now(), when = t->when, missed;

	if (when && t->interval && (t->queued || t->ev.silent) && now >= when)
		when = next_after(t, now, &missed);
	if (!when)
		return (struct itimer_value){t->interval, 0};
	if (when <= now)
		return (struct itimer_value){t->interval, t->ev.silent ? 0 : 1};
	return (struct itimer_value){t->interval, when - now};
}

/* From now on nobody arms it, and nothing is queued of it. sig_lock held. */
static void turn_off(struct ptimer *t)
{
	if (t->queued)
		signal_unqueue_timer(t->proc, t->ev.sig, t->id);
	t->when = t->interval = 0;
	t->queued = false;
	if (!++t->turn)
		t->turn = 1;
}

/* clock_now() of the first expiration; not 0, which is for a timer that is off. */
static u64 first_of(const struct ptimer *t, u64 left, bool absolute)
{
	u64 now = clock_now(), offset = t->ev.real ? clock_realtime_offset() : 0;

	if (!left)
		return 0;
	if (absolute)
		return left > offset ? left - offset : 1;
	return left < WAIT_FOREVER - now ? now + left : WAIT_FOREVER;
}

int ptimer_set(int id, const struct itimer_value *set, bool absolute, struct itimer_value *old)
{
	struct proc *p = current_proc();
	struct ptimer *t;
	ulong irq;

	mutex_lock(&proc_lock);
	irq = spin_lock_irq(&p->sig_lock);
	t = find(p, id);
	if (t) {
		*old = value_of(t);
		turn_off(t);
	}
	spin_unlock_irq(&p->sig_lock, irq);
	if (t) {
		timer_cancel(&t->timer);
		irq = spin_lock_irq(&p->sig_lock);
		t->when = first_of(t, set->left, absolute);
		t->interval = t->when ? set->interval : 0;
		t->overrun = 0;
		if (t->when && !t->ev.silent)
			timer_arm(&t->timer, t->when);
		spin_unlock_irq(&p->sig_lock, irq);
	}
	mutex_unlock(&proc_lock);
	return t ? 0 : -EINVAL;
}

int ptimer_get(int id, struct itimer_value *now)
{
	struct proc *p = current_proc();
	ulong irq = spin_lock_irq(&p->sig_lock);
	struct ptimer *t = find(p, id);

	if (t)
		*now = value_of(t);
	spin_unlock_irq(&p->sig_lock, irq);
	return t ? 0 : -EINVAL;
}

int ptimer_overrun(int id)
{
	struct proc *p = current_proc();
	ulong irq = spin_lock_irq(&p->sig_lock);
	struct ptimer *t = find(p, id);
	int overrun = t ? t->overrun : -EINVAL;

	spin_unlock_irq(&p->sig_lock, irq);
	return overrun;
}

/* --- making and deleting --- */

/* Is there a thread tid that takes signals? sig_lock held. */
static bool thread_there(struct proc *p, int tid)
{
	struct thread *t;

	LIST_EACH(t, &p->threads, proc_link)
	{
		if (t->tid == tid)
			return !t->ending;
	}
	return false;
}

/* Give t the next number that is free. sig_lock held. */
static void insert(struct proc *p, struct ptimer *t)
{
	struct tree_node **link = &p->timers.root, *parent = NULL;

	while (find(p, p->next_timer))
		p->next_timer = (p->next_timer + 1) & INT32_MAX;
	t->id = p->next_timer;
	p->next_timer = (p->next_timer + 1) & INT32_MAX;
	while (*link) {
		parent = *link;
		link = t->id < timer_of(parent)->id ? &parent->left : &parent->right;
	}
	tree_insert(&p->timers, &t->node, parent, link);
	p->ntimers++;
}

int ptimer_create(const struct ptimer_event *ev)
{
	struct proc *p = current_proc();
	struct ptimer *t = kzalloc(sizeof(*t), ALLOC_WAIT);
	int err = 0;
	ulong irq;

	if (!t)
		return -EAGAIN;
	timer_init(&t->timer, expire);
	t->proc = p;
	t->ev = *ev;
	irq = spin_lock_irq(&p->sig_lock);
	if ((u64)p->ntimers + p->sig_queued >= p->rlimit[RLIMIT_SIGPENDING].cur)
		err = -EAGAIN;
	else if (ev->tid && !thread_there(p, ev->tid))
		err = -EINVAL;
	if (!err) {
		insert(p, t);
		err = t->id;
		if (ev->own_value)
			t->ev.value = (ulong)t->id;
		t = NULL;
	}
	spin_unlock_irq(&p->sig_lock, irq);
	kmfree(t);
	return err;
}

/* Take t out and free it: proc_lock and sig_lock held, the latter given up. */
static void remove_locked(struct proc *p, struct ptimer *t, ulong irq)
{
	turn_off(t);
	tree_remove(&p->timers, &t->node);
	p->ntimers--;
	spin_unlock_irq(&p->sig_lock, irq);
	timer_cancel(&t->timer);
	kmfree(t);
}

int ptimer_delete(int id)
{
	struct proc *p = current_proc();
	struct ptimer *t;
	ulong irq;

	mutex_lock(&proc_lock);
	irq = spin_lock_irq(&p->sig_lock);
	t = find(p, id);
	if (t)
		remove_locked(p, t, irq);
	else
		spin_unlock_irq(&p->sig_lock, irq);
	mutex_unlock(&proc_lock);
	return t ? 0 : -EINVAL;
}

void ptimer_init(struct proc *p)
{
	tree_init(&p->timers, NULL);
	p->next_timer = 0;
	p->ntimers = 0;
}

void ptimer_delete_all(struct proc *p)
{
	struct ptimer *t;
	ulong irq;

	/* Nobody else makes any, and most processes never did. */
	if (!p->timers.root && !p->next_timer)
		return;
	mutex_lock(&proc_lock);
	for (;;) {
		irq = spin_lock_irq(&p->sig_lock);
		t = timer_of(tree_first(&p->timers));
		if (!t)
			break;
		remove_locked(p, t, irq);
	}
	p->next_timer = 0;
	spin_unlock_irq(&p->sig_lock, irq);
	mutex_unlock(&proc_lock);
}
