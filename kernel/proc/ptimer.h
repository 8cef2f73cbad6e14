/*
 * POSIX timers: timer_create(2). A process has any number of them, each known by its id.
 *
 * Times are ns. Calls are for the current process, in thread context, may sleep, and answer 0 or
 * -errno; -EINVAL if there is no such timer.
 */
#pragma once

#include "lib/types.h"
#include "proc/itimer.h"

struct ksiginfo;

struct ptimer_event {
	bool real; /* absolute times are the real-time clock's, not clock_now()'s */
	bool silent; /* no signal at all */
	bool own_value; /* the signal's value is the timer's id */
	int sig;
	int tid; /* the thread that it is for, 0: any */
	ulong value;
};

/* The new timer's id, off; -EAGAIN, -EINVAL (there is no such thread, or signal). */
int ptimer_create(const struct ptimer_event *ev);
int ptimer_delete(int id);
/*
 * Its first expiration after set->left (0 turns it off), or at that time if absolute; then one
 * every interval, 0: none. What is queued of it is forgotten.
 */
int ptimer_set(int id, const struct itimer_value *set, bool absolute, struct itimer_value *old);
int ptimer_get(int id, struct itimer_value *now);
/* Expirations that fell together with the one whose signal was taken last. */
int ptimer_overrun(int id);

void ptimer_init(struct proc *p);
/* At exec, and at the end of a process: of p, whose only thread is the current one. */
void ptimer_delete_all(struct proc *p);
/*
 * A signal of one of p's timers leaves the queue: its timer goes on, and *info says how many
 * expirations fell together. sig_lock held.
 */
void ptimer_taken(struct proc *p, struct ksiginfo *info);
