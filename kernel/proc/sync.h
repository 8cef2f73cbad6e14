/*
 * Waiting and sleeping locks.
 *
 * A wait queue holds the threads that wait for something; a mutex and a read-write lock are built
 * on it. All three have a fast path that costs one atomic operation. Nothing here may be called
 * with a spin lock held, but for waking.
 */
#pragma once

#include "lib/list.h"
#include "lib/lock.h"
#include "lib/types.h"

struct thread;

struct waitq {
	struct spinlock lock; /* RANK_WAITQ */
	struct list waiters;  /* of struct waiter */
};

/* One thread's place in one queue; lives on its stack. */
struct waiter {
	struct list link;
	struct thread *thread;
	bool queued; /* (waitq lock) false once a waker took it out */
	struct waiter *also; /* the next of those slept on together (waitq_sleep_any), else NULL */
};

#define WAIT_FOREVER UINT64_MAX

enum wait_how {
	WAIT_UNINTERRUPTIBLE,
	WAIT_INTERRUPTIBLE, /* a signal that would be acted upon ends the wait */
	WAIT_KILLABLE,	    /* only a fatal one does */
};

void waitq_init(struct waitq *q);
/*
 * Enter the queue; from now on a wake is not missed. The caller then looks at its condition once
 * more.
 */
void waitq_enter(struct waitq *q, struct waiter *w);
/*
 * Sleep until woken. Returns 0 when woken (at once if that happened since waitq_enter), -EINTR for
 * a signal as `how` says, -ETIMEDOUT once clock_now() reaches deadline (ns; WAIT_FOREVER for none).
 * The waiter is out of the queue afterwards.
 */
int waitq_sleep(struct waitq *q, struct waiter *w, enum wait_how how, u64 deadline);
/*
 * Sleep until one of several waiters of the current thread, each entered in a queue of its own, is
 * woken; they are chained by `also`, which the caller sets after waitq_enter. NULL: nothing but a
 * signal or the deadline ends it. Results as above. All waiters are still to be taken out by
 * waitq_leave.
 */
int waitq_sleep_any(struct waiter *chain, enum wait_how how, u64 deadline);
/* Leave the queue without sleeping. */
void waitq_leave(struct waitq *q, struct waiter *w);
/* Wake the first n waiters. Any context, also interrupts. */
void waitq_wake(struct waitq *q, unsigned n);
static inline void waitq_wake_all(struct waitq *q)
{
	waitq_wake(q, ~0u);
}

/*
 * Sleep until cond holds; cond is evaluated without locks and must be cheap and free of side
 * effects. Value: 0, -EINTR or -ETIMEDOUT.
 */
#define WAIT_EVENT(q, cond, how, deadline)                                       \
	({                                                                       \
		int _err = 0;                                                    \
		while (!(cond)) {                                                \
			struct waiter _w;                                        \
			waitq_enter(q, &_w);                                     \
			if (cond) {                                              \
				waitq_leave(q, &_w);                             \
				break;                                           \
			}                                                        \
			_err = waitq_sleep(q, &_w, how, deadline);               \
			if (_err)                                                \
				break;                                           \
		}                                                                \
		_err;                                                            \
	})

/* A sleeping lock with one owner. */
struct mutex {
	struct thread *owner; /* NULL if free */
	u32 waiting;	      /* threads in the queue or about to enter it */
	struct waitq queue;
#ifdef DEBUG
	u16 rank;
	const char *name;
#endif
};

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank);
void mutex_lock(struct mutex *m); /* uninterruptible */
/* 0, or -EINTR: for locks that are held while somebody waits for what may never come. */
MUST_CHECK int mutex_lock_interruptible(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_held(const struct mutex *m); /* by the current thread */

/* A sleeping lock with many readers or one writer; a waiting writer holds new readers off. */
struct rwlock {
	s32 state;	     /* > 0: readers; -1: a writer; 0: free */
	u32 waiting_writers; /* (queue lock) */
	u32 waiting;	     /* threads in the queue or about to enter it */
	struct thread *writer;
	struct waitq queue;
#ifdef DEBUG
	u16 rank;
	const char *name;
#endif
};

void rwlock_init(struct rwlock *l, const char *name, enum lock_rank rank);
void rwlock_read(struct rwlock *l);
void rwlock_read_unlock(struct rwlock *l);
void rwlock_write(struct rwlock *l);
void rwlock_write_unlock(struct rwlock *l);
bool rwlock_write_held(const struct rwlock *l); /* by the current thread */
