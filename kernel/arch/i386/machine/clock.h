/*
 * The time counter: the CPU's time-stamp counter.
 */
#pragma once

#include "lib/types.h"

static inline u64 clock_ticks(void)
{
	u64 t;

	__asm__ volatile("rdtsc" : "=A"(t));
	return t;
}
