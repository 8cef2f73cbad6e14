/*
 * Time and timers. All times are ns since boot (clock_now, never goes back) unless they say real time.
 */
#pragma once

#include "lib/tree.h"
#include "lib/types.h"

#define NSEC 1000000000ull
#define TICK_NS 10000000ull /* scheduling tick: 10 ms; USER_HZ is 100 */

struct timer {
	struct tree_node node;
	u64 when; /* clock_now() at which fn runs */
	bool armed;
	void (*fn)(struct timer *t); /* in interrupt context, no lock held; may arm the timer again */
};

/* Kept by the machine (machine/clock.h): clock_now(), clock_realtime_base(), clock_program(deadline). */
u64 clock_now(void);
u64 clock_realtime(void); /* ns since 1970 */
void clock_set_realtime(u64 ns);

void timer_module_init(void);
void timer_init(struct timer *t, void (*fn)(struct timer *));
/* (Re-)arm: fn runs once at `when` or soon after, on any CPU. */
void timer_arm(struct timer *t, u64 when);
/* True if it was armed. After return fn does not run and will not. */
bool timer_cancel(struct timer *t);
/* From the clock interrupt: run what is due, program the next deadline. */
void timer_interrupt(void);
/* Sleep until clock_now() >= deadline: 0, or -EINTR. */
int timer_sleep(u64 deadline);
