/*
 * The order of ready threads.
 *
 * Fairness. What a thread has of the CPU is added to its virtual time, the more the nicer it is:
 * each step of nice is a quarter. The queue's clock follows the least virtual time; whoever comes
 * from a sleep is not left further behind it than a tick, so nobody saves time up. The clock is
 * wide and read by other CPUs, so it is moved in steps of a GRAIN; it is behind by that at most.
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
#define GRAIN (TICK_NS / 8)
#define DEBT_SHARE 19u
#define DEBT_MAX (DEBT_SHARE * TICK_NS)
#define TURN (10 * TICK_NS) /* POLICY_RR */

static u32 speeds[NICE_MAX - NICE_MIN + 1]; /* by nice */
static u64 credit, debt_max, turn; /* TICK_NS, DEBT_MAX and TURN in clock_ticks() */
static u64 grain; /* the same of GRAIN */

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
	grain = credit / (u32)(TICK_NS / GRAIN);
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

static struct thread *first_of(const struct tree *tree)
{
	/* One or none is what there is most of the time. */
	if (!tree->root || !tree->root->left)
		return thread_of(tree->root);
	return thread_of(tree_first(tree));
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
	if (!parent)
		tree_insert_first(tree, &t->run_node);
	else
		tree_insert(tree, &t->run_node, parent, link);
}

void runq_move(struct runq *rq, struct thread *t)
{
	struct runq *old = t->vqueue;

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

/* t lets somebody else go first, if there is somebody. */
static void fall_behind(struct runq *rq, struct thread *t)
{
	const struct thread *first = first_of(&rq->fair);

	if (first && is_before(t, first))
		t->vtime = first->vtime;
}

void runq_add(struct runq *rq, struct thread *t, enum runq_place place)
{
	__atomic_store_n(&t->queue, rq, __ATOMIC_RELAXED);
	/* Who changes what follows looks at the queue afterwards. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	t->level = __atomic_load_n(&t->priority.level, __ATOMIC_RELAXED);
	runq_adopt(rq, t);
	if (!t->level) {
		limit_credit(rq, t);
		if (place == RUNQ_YIELD)
			fall_behind(rq, t);
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
	struct tree *tree = tree_of(rq, t);

	if (!tree_take_only(tree, &t->run_node))
		tree_remove(tree, &t->run_node);
	if (!list_empty(&t->run_link)) {
		list_remove(&t->run_link);
		__atomic_store_n(&rq->nmovable, rq->nmovable - 1, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&rq->count, rq->count - 1, __ATOMIC_RELAXED);
	__atomic_store_n(&t->queue, NULL, __ATOMIC_RELEASE);
}

struct thread *runq_first(const struct runq *rq)
{
	if (UNLIKELY(rq->realtime.root) && (rq->debt < debt_max || !rq->fair.root))
		return first_of(&rq->realtime);
	return first_of(&rq->fair);
}

/* The virtual time of t in that much of the clock. */
static u64 virtual_time(const struct thread *t, u64 spent)
{
	u32 speed = speeds[t->priority.nice - NICE_MIN];

	if (t->priority.policy == POLICY_IDLE)
		speed = IDLE_SPEED;
	/* Most threads are of that kind, and wide products cost a 32-bit machine something. */
	return speed == NICE_ZERO ? spent : MIN(spent, CHARGE_MAX) * speed / NICE_ZERO;
}

/* The clock follows whoever is least far, of t, which runs, and those who wait. */
static void advance(struct runq *rq, const struct thread *t)
{
	const struct thread *first = first_of(&rq->fair);
	u64 least = first && is_before(first, t) ? first->vtime : t->vtime;

	if ((s64)(least - rq->clock - grain) > 0)
		__atomic_store_n(&rq->clock, least, __ATOMIC_RELAXED);
}

void runq_charge(struct runq *rq, struct thread *t, bool idle)
{
	u64 now = clock_ticks(), spent = now - t->charged;

	t->charged = now;
	if (UNLIKELY(t->level)) {
		t->turn_spent += spent;
		rq->debt = MIN(rq->debt + spent, debt_max);
		return;
	}
	if (UNLIKELY(rq->debt))
		rq->debt -= MIN(rq->debt, MIN(spent, CHARGE_MAX) * DEBT_SHARE);
	if (idle)
		return;
	t->vtime += virtual_time(t, spent);
	advance(rq, t);
}

void runq_catch_up(struct runq *rq, struct thread *t)
{
	if (clock_ticks() - t->charged > grain)
		runq_charge(rq, t, false);
}

bool runq_turn_over(struct thread *t)
{
	if (t->priority.policy != POLICY_RR || t->turn_spent < turn)
		return false;
	t->turn_spent = 0;
	return true;
}
