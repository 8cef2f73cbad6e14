/*
 * The time counter.
 */
#pragma once

#include "lib/types.h"

static inline u64 clock_ticks(void)
{
	u64 t;

	__asm__ volatile("rdtime %0" : "=r"(t));
	return t;
}
