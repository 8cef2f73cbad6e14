/*
 * The ready threads of one CPU, in the order in which they run.
 *
 * Real-time threads come first, by their priority, equals in the order in which they came. The
 * others share what is left: each has a virtual time, which runs the faster the nicer it is, and
 * the least comes first. All times are in clock_ticks().
 *
 * Letters: (r) the queue's lock.
 */
#pragma once

#include "lib/list.h"
#include "lib/lock.h"
#include "lib/tree.h"
#include "lib/types.h"
#include "proc/thread.h"

struct runq {
	struct spinlock lock; /* RANK_RUNQ */
	struct tree realtime, fair; /* (r) ready threads by run_node */
	struct list movable; /* (r) those that may run on any CPU, by run_link */
	u32 count; /* (r) ready threads; others read it without */
	u32 nmovable; /* (r) in `movable`; the same */
	s32 running; /* (r) level of the CPU's thread, RUNNING_IDLE; the same */
	atomic_u64 clock; /* (r) virtual time: those who come begin here; the same */
	u64 debt; /* (r) time that real-time threads had, and others are due */
};

#define RUNNING_IDLE (-1)

/* Boot: the clock's frequency is known, no thread has run yet. */
void runq_module_init(void);
void runq_init(struct runq *rq);

enum runq_place {
	RUNQ_LAST, /* behind its equals: it comes, or its slice is over */
	RUNQ_FIRST, /* before them: it was interrupted */
	RUNQ_YIELD, /* behind somebody at least */
};

/*
 * All with the queue locked.
 *
 * add: t is ready. take: out of the queue it stands in. first: who shall run next, not taken out;
 * NULL if there is nobody.
 */
void runq_add(struct runq *rq, struct thread *t, enum runq_place place);
void runq_take(struct runq *rq, struct thread *t);
struct thread *runq_first(const struct runq *rq);
/* t, which is in no queue, will run on rq's CPU: its virtual time is that queue's from now on. */
void runq_move(struct runq *rq, struct thread *t); /* if it was another's, or nobody's */
static inline void runq_adopt(struct runq *rq, struct thread *t)
{
	if (UNLIKELY(t->vqueue != rq))
		runq_move(rq, t);
}
/* What t, which runs on rq's CPU, has had since it was charged last. */
void runq_charge(struct runq *rq, struct thread *t, bool idle);
/* The same, but if that is so little that nobody who comes would notice. */
void runq_catch_up(struct runq *rq, struct thread *t);
/* Has t, which runs, had its turn among real-time threads of its priority? Then a new one begins. */
bool runq_turn_over(struct thread *t);
