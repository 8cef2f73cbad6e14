/*
 * The 8254 programmable interval timer: channel 0 gives interrupts where there is no local APIC,
 * channel 2 measures time until other counters are known.
 */
#pragma once

#include "lib/types.h"

#define PIT_FREQUENCY 1193182u
#define PIT_IRQ 0u
#define PIT_MAX_COUNT 0xffffu

/* Interrupt once, count ticks (up to PIT_MAX_COUNT) from now; 0: not at all. Interrupts off. */
void pit_timer_start(u16 count);

/* Let channel 2 count down from PIT_MAX_COUNT. One user at a time, as with the two below. */
void pit_count_start(void);
u16 pit_count(void);
/* Has the count gone through 0 since it was started? */
bool pit_count_over(void);

/* Spin for at least this long (also if the timer stands still, but then for an uncertain time). */
void pit_delay(u32 microseconds);
