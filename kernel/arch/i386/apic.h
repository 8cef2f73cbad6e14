/*
 * The local APICs and the I/O APICs, for irq.c and clock.c. What other files use is in arch.h.
 */
#pragma once

#include "lib/types.h"

#define APIC_INPUTS 96u /* global interrupt numbers that have a vector: 32..127 */

/*
 * Find the boot CPU's local APIC and the I/O APICs that the tables name, mask all inputs, and
 * switch the local APIC on. False if they are not there or cannot be used; then the local APIC is
 * as it was. Boot, once.
 */
bool apic_init(void);
/* Another CPU: switch its own local APIC on. Interrupts off. */
void apic_init_cpu(void);
/*
 * Let input gsi through, as vector VECTOR_FIRST_IRQ + gsi, to the boot CPU. False if no I/O APIC
 * has it. Boot.
 */
bool apic_unmask(unsigned gsi, bool level, bool low);
/* The interrupt is dealt with. Interrupts off. */
void apic_end(void);

/*
 * This CPU's timer, which gives VECTOR_TIMER once a count has gone down to 0, or at a value of the
 * time-stamp counter if by_tsc. It stands still until it is started. Interrupts off.
 */
void apic_timer_init(bool by_tsc);
void apic_timer_start(u32 count); /* 0: stop */
u32 apic_timer_count(void);
/* Of a timer by_tsc: the interrupt comes when the counter has reached this. 0: never. */
void apic_timer_deadline(u64 ticks);
