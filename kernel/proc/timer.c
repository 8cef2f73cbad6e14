/*
 * Timers: one queue a CPU, ordered by time in a tree.
 *
 * A timer stands on the queue of the CPU that armed it, so arming and running touch no other CPU.
 * timer_cancel may find it on another CPU's queue, or running there.
 *
 * Letters: (T) the queue's lock.
 */
#include "proc/timer.h"
#include "lib/errno.h"
#include "arch/clock.h"
#include "proc/sync.h"
#include "proc/thread.h"

struct timer_queue {
	struct spinlock lock;	/* RANK_TIMER */
	struct tree tree;	/* (T) armed timers by `when` */
	atomic_u64 first;	/* (T) the earliest, WAIT_FOREVER if there is none */
	struct timer *running;	/* (T) its fn is being called */
};

static struct timer_queue queues[MAX_CPUS];
static atomic_u64 realtime_offset; /* by how much the real-time clock was set */
static struct waitq realtime_set; /* who sleeps until a real time: woken when the clock is set */

void timer_module_init(void)
{
	for (unsigned i = 0; i < MAX_CPUS; i++) {
		spin_init(&queues[i].lock, "timers", RANK_TIMER);
		tree_init(&queues[i].tree, NULL);
		queues[i].first = WAIT_FOREVER;
	}
	waitq_init(&realtime_set);
}

/*
 * The machine knows its real-time clock only once devices are found, so what was set is added to
 * its base each time.
 */
u64 clock_realtime_offset(void)
{
	return clock_realtime_base + __atomic_load_n(&realtime_offset, __ATOMIC_RELAXED);
}

u64 clock_realtime(void)
{
	return clock_now() + clock_realtime_offset();
}

void clock_set_realtime(u64 ns)
{
	__atomic_store_n(&realtime_offset, ns - clock_now() - clock_realtime_base,
			 __ATOMIC_RELAXED);
	waitq_wake_all(&realtime_set);
}

void timer_init(struct timer *t, void (*fn)(struct timer *))
{
	t->armed = false;
	t->queue = (u8)cpu_id();
	t->fn = fn;
}

static void queue_insert(struct timer_queue *q, struct timer *t)
{
	struct tree_node **link = &q->tree.root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = t->when < CONTAINER_OF(parent, struct timer, node)->when ? &parent->left
										 : &parent->right;
	}
	tree_insert(&q->tree, &t->node, parent, link);
	t->armed = true;
	if (t->when < q->first)
		q->first = t->when;
}

static void queue_remove(struct timer_queue *q, struct timer *t)
{
	struct tree_node *first;

	tree_remove(&q->tree, &t->node);
	t->armed = false;
	first = tree_first(&q->tree);
	q->first = first ? CONTAINER_OF(first, struct timer, node)->when : WAIT_FOREVER;
}

/* Lock the queue that t is on. */
static struct timer_queue *queue_of(struct timer *t)
{
	for (;;) {
		u8 n = __atomic_load_n(&t->queue, __ATOMIC_ACQUIRE);

		spin_lock(&queues[n].lock);
		if (t->queue == n)
			return &queues[n];
		spin_unlock(&queues[n].lock);
	}
}

void timer_arm(struct timer *t, u64 when)
{
	ulong irq = intr_save();
	struct timer_queue *q = queue_of(t);
	u8 here = (u8)cpu_id();

	if (t->armed)
		queue_remove(q, t);
	t->when = when;
	if (q != &queues[here]) {
		__atomic_store_n(&t->queue, here, __ATOMIC_RELEASE);
		spin_unlock(&q->lock);
		q = &queues[here];
		spin_lock(&q->lock);
	}
	queue_insert(q, t);
	spin_unlock(&q->lock);
	sched_program(when);
	intr_restore(irq);
}

bool timer_cancel(struct timer *t)
{
	for (;;) {
		ulong irq = intr_save();
		struct timer_queue *q = queue_of(t);
		bool armed = t->armed, running = q->running == t;

		if (armed)
			queue_remove(q, t);
		spin_unlock_irq(&q->lock, irq);
		if (!running)
			return armed;
		cpu_relax();
	}
}

u64 timer_left(struct timer *t)
{
	ulong irq = intr_save();
	struct timer_queue *q = queue_of(t);
	u64 when = t->when, now = clock_now();
	bool armed = t->armed;

	spin_unlock_irq(&q->lock, irq);
	if (!armed)
		return 0;
	return when > now ? when - now : 1;
}

static void run_due(struct timer_queue *q)
{
	spin_lock(&q->lock);
	while (q->first <= clock_now()) {
		struct timer *t = CONTAINER_OF(tree_first(&q->tree), struct timer, node);

		queue_remove(q, t);
		q->running = t;
		spin_unlock(&q->lock);
		t->fn(t);
		spin_lock(&q->lock);
		q->running = NULL;
	}
	spin_unlock(&q->lock);
}

void timer_interrupt(void)
{
	struct timer_queue *q = &queues[cpu_id()];
	u64 first;

	this_cpu()->next_event = WAIT_FOREVER;
	run_due(q);
	sched_tick(clock_now());
	first = __atomic_load_n(&q->first, __ATOMIC_RELAXED);
	if (first != WAIT_FOREVER)
		sched_program(first);
	/* The interrupt stays pending until its comparator is moved. */
	if (this_cpu()->next_event == WAIT_FOREVER)
		clock_program(WAIT_FOREVER);
}

int timer_sleep(u64 deadline)
{
	struct waitq nobody;
	struct waiter w;
	int err;

	waitq_init(&nobody);
	waitq_enter(&nobody, &w);
	err = waitq_sleep(&nobody, &w, WAIT_INTERRUPTIBLE, deadline);
	return err == -EINTR ? -EINTR : 0;
}

int timer_sleep_real(u64 deadline)
{
	struct waiter w;
	int err = 0;

	while (err != -EINTR) {
		u64 offset, when;

		waitq_enter(&realtime_set, &w);
		offset = clock_realtime_offset();
		when = deadline > offset ? deadline - offset : 0;
		if (when <= clock_now()) {
			waitq_leave(&realtime_set, &w);
			return 0;
		}
		err = waitq_sleep(&realtime_set, &w, WAIT_INTERRUPTIBLE, when);
	}
	return err;
}
