/*
 * Time: the CPU's time counter (all CPUs' are in step), this CPU's timer interrupt, the real-time
 * clock at boot. machine/clock.h has the counter itself:
 *
 *   u64 clock_ticks(void)   for sums of short times, a few instructions; differences of it become
 *                           ns by clock_ticks_ns
 */
#pragma once

#include "lib/types.h"
#include "machine/clock.h"

/* ns since boot; never goes back. Any context. */
u64 clock_now(void);
u64 clock_ticks_ns(u64 ticks);
/* ns since 1970 when clock_now() was 0; 0 if the machine has no clock. */
extern u64 clock_realtime_base;
/*
 * Let this CPU's timer interrupt come at clock_now() == deadline or soon after (WAIT_FOREVER:
 * never); replaces the deadline before it. Interrupts off.
 */
void clock_program(u64 deadline);
/* The counter's frequency, for /proc/cpuinfo and figures. */
u64 clock_frequency(void);
