/*
 * Time and timers. All times are ns since boot (clock_now, never goes back) unless they say real
 * time.
 */
#pragma once

#include "lib/tree.h"
#include "lib/types.h"

#define NSEC 1000000000ull
#define TICK_NS 10000000ull /* scheduling tick: 10 ms; USER_HZ is 100 */

/*
 * Letters: (T) the lock of the timer's queue. One caller at a time arms or cancels a timer; its own
 * fn may arm it at the same time.
 */
struct timer {
	struct tree_node node; /* (T) */
	u64 when;	       /* (T) clock_now() at which fn runs */
	bool armed;	       /* (T) */
	u8 queue;	       /* (T) the CPU on whose queue it is, or was last */
	/* in interrupt context, no lock held; may arm the timer again */
	void (*fn)(struct timer *t);
};

/*
 * Kept by the machine (machine/clock.h): clock_now(), clock_realtime_base(),
 * clock_program(deadline).
 */
u64 clock_now(void);
u64 clock_realtime(void); /* ns since 1970 */
/*
 * What clock_realtime() is ahead of clock_now(). To take one reading from another gives it too
 * much where time passes between the two.
 */
u64 clock_realtime_offset(void);
/* Also wakes who sleeps until a real time. May not be called in interrupts. */
void clock_set_realtime(u64 ns);

void timer_module_init(void);
void timer_init(struct timer *t, void (*fn)(struct timer *));
/* (Re-)arm: fn runs once at `when` or soon after, on any CPU. */
void timer_arm(struct timer *t, u64 when);
/*
 * True if it was armed. After return fn does not run and will not. Waits for a running fn, so no
 * lock that fn takes may be held.
 */
bool timer_cancel(struct timer *t);
/* ns until it runs, 0 if it is not armed. */
u64 timer_left(struct timer *t);
/*
 * From the clock interrupt of a CPU, interrupts off: run what is due there, end the slice if it is
 * over, program what comes next.
 */
void timer_interrupt(void);
/* Sleep until clock_now() >= deadline: 0, or -EINTR if there is a signal to act upon. */
int timer_sleep(u64 deadline);
/* The same until clock_realtime() >= deadline, though that clock is set meanwhile. */
int timer_sleep_real(u64 deadline);
