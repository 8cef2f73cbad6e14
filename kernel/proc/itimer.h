/*
 * Interval timers of a process: setitimer(2). ITIMER_REAL stands on a timer queue; the other two
 * are looked at by the tick while the process's threads run.
 */
#pragma once

#include "lib/types.h"

struct proc;
struct rlimit_pair;
struct thread;

enum itimer_which { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };
struct itimer_value {
	u64 interval, left; /* ns; left 0: off */
};

/* Read, and set if `set` is given. Of the current process. 0 or -EINVAL. */
int itimer_exchange(enum itimer_which which, const struct itimer_value *set,
		    struct itimer_value *old);
void itimer_init(struct proc *p);
/* p's RLIMIT_CPU, in seconds, is this from now on: told by the same ticks. */
void itimer_limit(struct proc *p, const struct rlimit_pair *limit);
/* At the end of a process: no timer fires afterwards. */
void itimer_stop(struct proc *p);
/* Look at the CPU timers of t's process, and send what is due: at a tick while t runs. */
void itimer_tick(struct thread *t);
/*
 * t, whose process has a CPU timer, gets a CPU at clock_ticks() == ticks: if the last look is a tick
 * ago, t takes another on its way to user mode. Interrupts off.
 */
void itimer_arrive(struct thread *t, u64 ticks);
