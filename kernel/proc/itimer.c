/*
 * Interval timers, and the limit of CPU time.
 *
 * CPU time is looked at by the ticks that come while a process runs. One that rests before each
 * tick would never be caught by one; so a thread that gets a CPU looks too, if the last look is a
 * tick ago.
 */
#include "proc/itimer.h"
#include "lib/errno.h"
#include "arch/clock.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "proc/timer.h"

static void send(struct proc *p, int sig)
{
	struct ksiginfo info = { .signo = sig, .code = SI_KERNEL };

	signal_send_proc(p, &info);
}

/*
 * If p has not taken the last signal, or does not take any (more), the next one can wait for a
 * tick: a period shorter than the sending takes would keep the CPU in the timer's interrupt for
 * ever.
 */
static void real_timer_fn(struct timer *t)
{
	struct proc *p = CONTAINER_OF(t, struct proc, real_timer);
	u64 interval = p->real_interval, now = clock_now(), next = t->when + interval;
	bool prompt = signal_would_pend(p, SIGALRM);

	send(p, SIGALRM);
	if (!interval)
		return;
	/* Late by whole periods: those are lost, the phase is kept. */
	if (next <= now)
		next += (now - next) / interval * interval + interval;
	timer_arm(t, prompt ? next : MAX(next, now + TICK_NS));
}

void itimer_init(struct proc *p)
{
	timer_init(&p->real_timer, real_timer_fn);
	p->real_interval = 0;
}

void itimer_stop(struct proc *p)
{
	timer_cancel(&p->real_timer);
	__atomic_store_n(&p->cpu_timers, false, __ATOMIC_RELAXED);
}

/* Whether p's threads want ticks may have changed. sig_lock held. */
static void note_timers(struct proc *p)
{
	__atomic_store_n(&p->cpu_timers, p->virtual_timer.expires || p->prof_timer.expires ||
						 p->cpu_warning != RLIM_INFINITY,
			 __ATOMIC_RELAXED);
}

/* The same, and they shall have them at once. */
static void start_timers(struct proc *p)
{
	struct thread *t;

	note_timers(p);
	LIST_EACH(t, &p->threads, proc_link)
		sched_give_tick(t);
}

static u64 limit_ns(u64 seconds)
{
	return seconds < RLIM_INFINITY / NSEC ? seconds * NSEC : RLIM_INFINITY;
}

void itimer_limit(struct proc *p, const struct rlimit_pair *limit)
{
	ulong irq = spin_lock_irq(&p->sig_lock);

	p->cpu_warning = limit_ns(limit->cur);
	p->cpu_end = limit_ns(limit->max);
	start_timers(p);
	spin_unlock_irq(&p->sig_lock, irq);
}

/* proc_lock keeps two callers apart; the timer's own function is stopped by the cancellation. */
static void exchange_real(struct proc *p, const struct itimer_value *set, struct itimer_value *old)
{
	mutex_lock(&proc_lock);
	*old = (struct itimer_value){ p->real_interval, timer_left(&p->real_timer) };
	if (set) {
		timer_cancel(&p->real_timer);
		p->real_interval = set->left ? set->interval : 0;
		if (set->left)
			timer_arm(&p->real_timer, clock_now() + set->left);
	}
	mutex_unlock(&proc_lock);
}

/* What the timer counts, up to now. */
static u64 cpu_time(struct proc *p, enum itimer_which which)
{
	struct usage u;

	proc_usage(p, &u);
	return which == ITIMER_VIRTUAL ? u.utime : u.utime + u.stime;
}

static void exchange_cpu(struct proc *p, enum itimer_which which, const struct itimer_value *set,
			 struct itimer_value *old)
{
	struct cpu_timer *t = which == ITIMER_VIRTUAL ? &p->virtual_timer : &p->prof_timer;
	u64 now;
	ulong irq;

	now = cpu_time(p, which);
	irq = spin_lock_irq(&p->sig_lock);
	*old = (struct itimer_value){ t->interval, 0 };
	if (t->expires)
		old->left = t->expires > now ? t->expires - now : 1;
	if (set) {
		t->interval = set->left ? set->interval : 0;
		t->expires = set->left ? now + set->left : 0;
		start_timers(p);
	}
	spin_unlock_irq(&p->sig_lock, irq);
}

int itimer_exchange(enum itimer_which which, const struct itimer_value *set,
		    struct itimer_value *old)
{
	struct proc *p = current_proc();

	switch (which) {
	case ITIMER_REAL:
		exchange_real(p, set, old);
		return 0;
	case ITIMER_VIRTUAL:
	case ITIMER_PROF:
		exchange_cpu(p, which, set, old);
		return 0;
	}
	return -EINVAL;
}

/* True if the timer ran out. sig_lock held. */
static bool expire(struct cpu_timer *t, u64 now)
{
	if (!t->expires || now < t->expires)
		return false;
	t->expires = t->interval ? now + t->interval : 0;
	return true;
}

/* RLIMIT_CPU's signal that is due, or 0: a warning each second, then the end. sig_lock held. */
static int limit_signal(struct proc *p, u64 used)
{
	if (used >= p->cpu_end)
		return SIGKILL;
	if (used < p->cpu_warning)
		return 0;
	p->cpu_warning += NSEC;
	return SIGXCPU;
}

static void note_look(struct proc *p, u64 ticks)
{
	__atomic_store_n(&p->timers_seen, ticks, __ATOMIC_RELAXED);
}

void itimer_tick(struct thread *t)
{
	struct proc *p = t->proc;
	struct usage u;
	bool virtual, prof;
	int limit;
	ulong irq;

	note_look(p, clock_ticks());
	proc_usage(p, &u);
	irq = spin_lock_irq(&p->sig_lock);
	virtual = expire(&p->virtual_timer, u.utime);
	prof = expire(&p->prof_timer, u.utime + u.stime);
	limit = limit_signal(p, u.utime + u.stime);
	note_timers(p);
	spin_unlock_irq(&p->sig_lock, irq);
	if (limit)
		send(p, limit);
	if (virtual)
		send(p, SIGVTALRM);
	if (prof)
		send(p, SIGPROF);
}

/* Noted at once, so that of many threads that come together one looks. */
void itimer_arrive(struct thread *t, u64 ticks)
{
	u64 seen = __atomic_load_n(&t->proc->timers_seen, __ATOMIC_RELAXED);

	if (clock_ticks_ns(ticks - seen) < TICK_NS)
		return;
	note_look(t->proc, ticks);
	__atomic_fetch_or(&t->work, WORK_TIMERS, __ATOMIC_RELAXED);
}
