/*
 * CPU time. The clock is read where a thread enters and leaves user mode, and where it gets and
 * leaves its CPU; what it spent in the kernel is the difference, so that a system call costs as
 * little as can be. Sums are in clock_ticks().
 */
#pragma once

#include "arch/clock.h"
#include "proc/thread.h"

static inline void stopwatch_start(struct stopwatch *w, u64 now)
{
	w->before = w->sum;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	w->since = now;
}

static inline void stopwatch_stop(struct stopwatch *w, u64 now)
{
	w->sum = w->before + (now - w->since);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	w->since = 0;
}

/* Until now. */
static inline u64 stopwatch_read(const struct stopwatch *w)
{
	u64 since, sum, now;

	do {
		since = __atomic_load_n(&w->since, __ATOMIC_ACQUIRE);
		now = clock_ticks();
		sum = since ? w->before + (now - since) : w->sum;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (since != __atomic_load_n(&w->since, __ATOMIC_RELAXED));
	return sum;
}

/* The current thread t came from user mode: the first thing in every trap, interrupts included. */
static inline void account_enter(struct thread *t)
{
	stopwatch_stop(&t->in_user, clock_ticks());
}

/* The last thing before user mode. */
static inline void account_leave(struct thread *t)
{
	stopwatch_start(&t->in_user, clock_ticks());
}

/* What t, which lives, has spent until now in user mode and in the kernel, in ns. Any context. */
void thread_times(const struct thread *t, u64 *user, u64 *system);
