/*
 * Wait queues, and the sleeping locks on them.
 *
 * No wake is lost: a sleeper enters the queue, then looks at its condition, then sleeps; a waker
 * makes the condition true, then looks at the queue. Full barriers stand between the two steps on
 * both sides, so at least one of them sees the other.
 *
 * A waiter lies on its sleeper's stack, so a sleeper leaves only after it has held the queue's
 * lock: a waker that found it there is done by then. A thread can be woken for no reason (by a
 * signal or timer meant for an earlier sleep): what counts is waiter.queued.
 */
#include "proc/sync.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "proc/timer.h"

void waitq_init(struct waitq *q)
{
	spin_init(&q->lock, "waitq", RANK_WAITQ);
	list_init(&q->waiters);
}

void waitq_enter(struct waitq *q, struct waiter *w)
{
	ulong irq;

	w->thread = current_thread();
	w->queued = true;
	w->also = NULL;
	irq = spin_lock_irq(&q->lock);
	list_append(&q->waiters, &w->link);
	spin_unlock_irq(&q->lock, irq);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Out of the queue if still there; true if a waker had taken it out. */
static bool waiter_remove(struct waitq *q, struct waiter *w)
{
	ulong irq = spin_lock_irq(&q->lock);
	bool woken = !w->queued;

	if (!woken) {
		list_remove(&w->link);
		w->queued = false;
	}
	spin_unlock_irq(&q->lock, irq);
	return woken;
}

void waitq_leave(struct waitq *q, struct waiter *w)
{
	waiter_remove(q, w);
}

struct sleep_timer {
	struct timer timer;
	struct thread *thread;
};

static void sleep_timer_fn(struct timer *t)
{
	sched_wake(CONTAINER_OF(t, struct sleep_timer, timer)->thread);
}

static bool wait_interrupted(enum wait_how how)
{
	if (how == WAIT_UNINTERRUPTIBLE)
		return false;
	return how == WAIT_INTERRUPTIBLE ? signal_pending() : signal_fatal_pending();
}

/* Was one of the chained waiters woken? */
static bool any_woken(const struct waiter *w)
{
	for (; w; w = w->also)
		if (!__atomic_load_n(&w->queued, __ATOMIC_ACQUIRE))
			return true;
	return false;
}

/*
 * Sleep until woken out of the queue (0) or for one of the other reasons to go on. The barrier
 * stands between the state and what is looked at then: a waker goes the other way.
 */
static int wait_loop(struct waiter *w, enum wait_how how, u64 deadline)
{
	struct thread *self = current_thread();
	int err = 0;

	self->wait_how = how;
	for (;;) {
		__atomic_store_n(&self->state, THREAD_SLEEPING, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (any_woken(w))
			break;
		if (wait_interrupted(how)) {
			err = -EINTR;
			break;
		}
		if (deadline != WAIT_FOREVER && clock_now() >= deadline) {
			err = -ETIMEDOUT;
			break;
		}
		sched_block();
		if (LIKELY(any_woken(w)))
			return 0;
	}
	sched_stay();
	return err;
}

/* Up to a deadline. */
static NOINLINE int wait_until(struct waiter *w, enum wait_how how, u64 deadline)
{
	struct sleep_timer st = { .thread = current_thread() };
	int err;

	timer_init(&st.timer, sleep_timer_fn);
	timer_arm(&st.timer, deadline);
	err = wait_loop(w, how, deadline);
	timer_cancel(&st.timer);
	return err;
}

int waitq_sleep_any(struct waiter *w, enum wait_how how, u64 deadline)
{
	lock_check_sleep(CALL_SITE);
	if (deadline != WAIT_FOREVER)
		return wait_until(w, how, deadline);
	return wait_loop(w, how, WAIT_FOREVER);
}

int waitq_sleep(struct waitq *q, struct waiter *w, enum wait_how how, u64 deadline)
{
	int err = waitq_sleep_any(w, how, deadline);

	return waiter_remove(q, w) ? 0 : err;
}

static NOINLINE void wake_waiters(struct waitq *q, unsigned n)
{
	ulong irq = spin_lock_irq(&q->lock);

	for (; n > 0 && !list_empty(&q->waiters); n--) {
		struct waiter *w = LIST_FIRST(&q->waiters, struct waiter, link);

		list_remove(&w->link);
		__atomic_store_n(&w->queued, false, __ATOMIC_RELEASE);
		sched_wake(w->thread);
	}
	spin_unlock_irq(&q->lock, irq);
}

void waitq_wake(struct waitq *q, unsigned n)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!list_empty(&q->waiters))
		wake_waiters(q, n);
}

#ifdef DEBUG
#define LOCK_NOTES(l, lock_name, lock_rank) ((l)->name = (lock_name), (l)->rank = (lock_rank))
#define LOCK_CHECK(l) held_check((l)->rank, (l)->name, CALL_SITE)
#define LOCK_TAKEN(l) ((l)->rank ? held_add((l)->rank) : (void)0)
#define LOCK_GIVEN(l) ((l)->rank ? held_remove((l)->rank) : (void)0)
#else
#define LOCK_NOTES(l, lock_name, lock_rank) ((void)(lock_name), (void)(lock_rank))
#define LOCK_CHECK(l) ((void)0)
#define LOCK_TAKEN(l) ((void)0)
#define LOCK_GIVEN(l) ((void)0)
#endif

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank)
{
	m->owner = NULL;
	m->waiting = 0;
	waitq_init(&m->queue);
	LOCK_NOTES(m, name, rank);
}

static inline bool mutex_take(struct mutex *m)
{
	struct thread *none = NULL;

	return __atomic_compare_exchange_n(&m->owner, &none, current_thread(), false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/*
 * `waiting` rises before the last attempt, and unlock frees the lock before it looks at it. Whom
 * unlock woke tries once more, even if a signal came: a wake is not lost with who gives up.
 */
static int mutex_wait(struct mutex *m, enum wait_how how)
{
	int err;

	ASSERT(m->owner != current_thread());
	__atomic_fetch_add(&m->waiting, 1, __ATOMIC_SEQ_CST);
	err = WAIT_EVENT(&m->queue, mutex_take(m), how, WAIT_FOREVER);
	__atomic_fetch_sub(&m->waiting, 1, __ATOMIC_RELAXED);
	return err;
}

void mutex_lock(struct mutex *m)
{
	LOCK_CHECK(m);
	if (UNLIKELY(!mutex_take(m)))
		mutex_wait(m, WAIT_UNINTERRUPTIBLE);
	LOCK_TAKEN(m);
}

int mutex_lock_interruptible(struct mutex *m)
{
	int err = 0;

	LOCK_CHECK(m);
	if (!mutex_take(m))
		err = mutex_wait(m, WAIT_INTERRUPTIBLE);
	if (!err)
		LOCK_TAKEN(m);
	return err;
}

bool mutex_trylock(struct mutex *m)
{
	if (!mutex_take(m))
		return false;
	LOCK_TAKEN(m);
	return true;
}

void mutex_unlock(struct mutex *m)
{
	DEBUG_ASSERT(mutex_held(m));
	LOCK_GIVEN(m);
	(void)__atomic_exchange_n(&m->owner, NULL, __ATOMIC_SEQ_CST);
	if (UNLIKELY(__atomic_load_n(&m->waiting, __ATOMIC_SEQ_CST)))
		waitq_wake(&m->queue, 1);
}

bool mutex_held(const struct mutex *m)
{
	return __atomic_load_n(&m->owner, __ATOMIC_RELAXED) == current_thread();
}

void rwlock_init(struct rwlock *l, const char *name, enum lock_rank rank)
{
	l->state = 0;
	l->waiting_writers = l->waiting = 0;
	l->writer = NULL;
	waitq_init(&l->queue);
	LOCK_NOTES(l, name, rank);
}

static inline bool rwlock_take_read(struct rwlock *l)
{
	s32 state = __atomic_load_n(&l->state, __ATOMIC_RELAXED);

	while (state >= 0 && !__atomic_load_n(&l->waiting_writers, __ATOMIC_RELAXED))
		if (__atomic_compare_exchange_n(&l->state, &state, state + 1, false,
						__ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
			return true;
	return false;
}

static inline bool rwlock_take_write(struct rwlock *l)
{
	s32 free = 0;

	return __atomic_compare_exchange_n(&l->state, &free, -1, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_RELAXED);
}

void rwlock_read(struct rwlock *l)
{
	LOCK_CHECK(l);
	if (UNLIKELY(!rwlock_take_read(l))) {
		__atomic_fetch_add(&l->waiting, 1, __ATOMIC_SEQ_CST);
		WAIT_EVENT(&l->queue, rwlock_take_read(l), WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
		__atomic_fetch_sub(&l->waiting, 1, __ATOMIC_RELAXED);
	}
	LOCK_TAKEN(l);
}

void rwlock_read_unlock(struct rwlock *l)
{
	DEBUG_ASSERT(l->state > 0);
	LOCK_GIVEN(l);
	if (__atomic_sub_fetch(&l->state, 1, __ATOMIC_SEQ_CST) == 0 &&
	    UNLIKELY(__atomic_load_n(&l->waiting, __ATOMIC_SEQ_CST)))
		waitq_wake_all(&l->queue);
}

/*
 * Readers held off by waiting_writers are woken by the writer's unlock, which follows the fall of
 * the count.
 */
void rwlock_write(struct rwlock *l)
{
	LOCK_CHECK(l);
	if (UNLIKELY(!rwlock_take_write(l))) {
		ASSERT(l->writer != current_thread());
		__atomic_fetch_add(&l->waiting, 1, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&l->waiting_writers, 1, __ATOMIC_SEQ_CST);
		WAIT_EVENT(&l->queue, rwlock_take_write(l), WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
		__atomic_fetch_sub(&l->waiting_writers, 1, __ATOMIC_SEQ_CST);
		__atomic_fetch_sub(&l->waiting, 1, __ATOMIC_RELAXED);
	}
	l->writer = current_thread();
	LOCK_TAKEN(l);
}

void rwlock_write_unlock(struct rwlock *l)
{
	DEBUG_ASSERT(rwlock_write_held(l));
	LOCK_GIVEN(l);
	l->writer = NULL;
	(void)__atomic_exchange_n(&l->state, 0, __ATOMIC_SEQ_CST);
	if (UNLIKELY(__atomic_load_n(&l->waiting, __ATOMIC_SEQ_CST)))
		waitq_wake_all(&l->queue);
}

bool rwlock_write_held(const struct rwlock *l)
{
	return __atomic_load_n(&l->writer, __ATOMIC_RELAXED) == current_thread();
}
