/*
 * CPU time. The clock is read where a thread enters and leaves user mode, and where it gets and
 * leaves its CPU; what it spent in the kernel is the difference, so that a system call costs as
 * little as can be. Sums are in clock_ticks().
 */
#pragma once

#include "arch/clock.h"
#include "proc/thread.h"

/* The current thread t came from user mode: the first thing in every trap, interrupts included. */
static inline void account_enter(struct thread *t)
{
	t->user_ticks += clock_ticks() - t->left_at;
	t->left_at = 0;
}

/* The last thing before user mode. */
static inline void account_leave(struct thread *t)
{
	t->left_at = clock_ticks();
}

/* What t, which lives, has spent until now in user mode and in the kernel, in ns. Any context. */
void thread_times(const struct thread *t, u64 *user, u64 *system);
