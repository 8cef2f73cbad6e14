/*
 * The order of ready threads.
 *
 * Fairness. What a thread has of the CPU is added to its virtual time, the more the nicer it is:
 * each step of nice is a quarter. The queue's clock follows the least virtual time; whoever comes
 * from a sleep is not left further behind it than a tick, so nobody saves time up.
 *
 * Limit. A real-time thread that never sleeps would stop everything else on its CPU, threads that
 * hold what it will need itself included. So what real-time threads have is a debt to the others
 * (and to idleness), which get one part in DEBT_SHARE + 1 as soon as it has grown to DEBT_MAX.
 */
#include "proc/runq.h"
#include "arch/clock.h"
#include "proc/timer.h"

#define NICE_ZERO 4096u /* virtual time runs by that for 4096 of the clock */
#define IDLE_SPEED (341 * NICE_ZERO) /* POLICY_IDLE: next to nothing */
#define CHARGE_MAX (1ull << 40) /* so that products fit */
#define DEBT_SHARE 19u
#define DEBT_MAX (DEBT_SHARE * TICK_NS)
#define TURN (10 * TICK_NS) /* POLICY_RR */

static u32 speeds[NICE_MAX - NICE_MIN + 1]; /* by nice */
static u64 credit, debt_max, turn; /* TICK_NS, DEBT_MAX and TURN in clock_ticks() */

void runq_module_init(void)
{
	u64 second = clock_frequency();

	speeds[-NICE_MIN] = NICE_ZERO;
	for (int i = -NICE_MIN + 1; i <= NICE_MAX - NICE_MIN; i++)
		speeds[i] = speeds[i - 1] * 5 / 4;
	for (int i = -NICE_MIN - 1; i >= 0; i--)
		speeds[i] = speeds[i + 1] * 4 / 5;
	credit = second / (u32)(NSEC / TICK_NS);
	debt_max = credit * (u32)(DEBT_MAX / TICK_NS);
	turn = credit * (u32)(TURN / TICK_NS);
}

void runq_init(struct runq *rq)
{
	spin_init(&rq->lock, "runq", RANK_RUNQ);
	tree_init(&rq->realtime, NULL);
	tree_init(&rq->fair, NULL);
	list_init(&rq->movable);
	rq->running = RUNNING_IDLE;
}

static struct thread *thread_of(struct tree_node *n)
{
	return n ? CONTAINER_OF(n, struct thread, run_node) : NULL;
}

static bool is_before(const struct thread *a, const struct thread *b)
{
	if (a->level != b->level)
		return a->level > b->level;
	return !a->level && (s64)(a->vtime - b->vtime) < 0;
}

static struct tree *tree_of(struct runq *rq, const struct thread *t)
{
	return t->level ? &rq->realtime : &rq->fair;
}

static void insert(struct tree *tree, struct thread *t, bool before_equals)
{
	struct tree_node **link = &tree->root, *parent = NULL;

	while (*link) {
		const struct thread *there = thread_of(*link);

		parent = *link;
		if (is_before(t, there) || (before_equals && !is_before(there, t)))
			link = &parent->left;
		else
			link = &parent->right;
	}
	tree_insert(tree, &t->run_node, parent, link);
}

void runq_adopt(struct runq *rq, struct thread *t)
{
	struct runq *old = t->vqueue;

	if (old == rq)
		return;
	/* A new thread begins a tick behind those who are there. */
	t->vtime += rq->clock + (old ? 0 - __atomic_load_n(&old->clock, __ATOMIC_RELAXED) : credit);
	t->vqueue = rq;
}

/* A sleeper does not come back with more than a tick to its credit. */
static void limit_credit(struct runq *rq, struct thread *t)
{
	if ((s64)(t->vtime + credit - rq->clock) < 0)
		t->vtime = rq->clock - credit;
}

void runq_add(struct runq *rq, struct thread *t, enum runq_place place)
{
	struct thread *first;

	__atomic_store_n(&t->queue, rq, __ATOMIC_SEQ_CST);
	/* Who changes what follows looks at the queue afterwards. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	t->level = __atomic_load_n(&t->priority.level, __ATOMIC_RELAXED);
	runq_adopt(rq, t);
	if (!t->level) {
		limit_credit(rq, t);
		first = thread_of(tree_first(&rq->fair));
		if (place == RUNQ_YIELD && first && is_before(t, first))
			t->vtime = first->vtime;
	}
	insert(tree_of(rq, t), t, place == RUNQ_FIRST);
	list_init(&t->run_link);
	if (thread_may_run_anywhere(t)) {
		t->level ? list_push(&rq->movable, &t->run_link)
			 : list_append(&rq->movable, &t->run_link);
		__atomic_store_n(&rq->nmovable, rq->nmovable + 1, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&rq->count, rq->count + 1, __ATOMIC_RELAXED);
}

void runq_take(struct runq *rq, struct thread *t)
{
	tree_remove(tree_of(rq, t), &t->run_node);
	if (!list_empty(&t->run_link)) {
		list_remove(&t->run_link);
		__atomic_store_n(&rq->nmovable, rq->nmovable - 1, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&rq->count, rq->count - 1, __ATOMIC_RELAXED);
	__atomic_store_n(&t->queue, NULL, __ATOMIC_RELEASE);
}

struct thread *runq_first(const struct runq *rq)
{
	bool fair_is_due = rq->debt >= debt_max && rq->fair.root;

	if (rq->realtime.root && !fair_is_due)
		return thread_of(tree_first(&rq->realtime));
	return thread_of(tree_first(&rq->fair));
}

static u32 speed_of(const struct thread *t)
{
	return t->priority.policy == POLICY_IDLE ? IDLE_SPEED : speeds[t->priority.nice - NICE_MIN];
}

/* The clock follows whoever is least far, of t, which runs, and those who wait. */
static void advance(struct runq *rq, const struct thread *t)
{
	const struct thread *first = thread_of(tree_first(&rq->fair));
	u64 least = first && is_before(first, t) ? first->vtime : t->vtime;

	if ((s64)(least - rq->clock) > 0)
		__atomic_store_n(&rq->clock, least, __ATOMIC_RELAXED);
}

void runq_charge(struct runq *rq, struct thread *t, bool idle)
{
	u64 now = clock_ticks(), spent = MIN(now - t->charged, CHARGE_MAX);

	t->charged = now;
	if (t->level) {
		t->turn_spent += spent;
		rq->debt = MIN(rq->debt + spent, debt_max);
		return;
	}
	rq->debt -= MIN(rq->debt, spent * DEBT_SHARE);
	if (idle)
		return;
	t->vtime += spent * speed_of(t) / NICE_ZERO;
	advance(rq, t);
}

bool runq_turn_over(struct thread *t)
{
	if (t->priority.policy != POLICY_RR || t->turn_spent < turn)
		return false;
	t->turn_spent = 0;
	return true;
}
