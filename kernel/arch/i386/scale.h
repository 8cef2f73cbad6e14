/*
 * Multiplication with fixed-point factors, for converting times: 32 bits before the point and 32
 * behind it.
 */
#pragma once

#include "lib/types.h"

/* v * factor, rounded down, where that is below 2^64. From products of 32-bit halves. */
static inline u64 scale(u64 v, u64 factor)
{
	u32 v_low = (u32)v, v_high = (u32)(v >> 32);
	u32 f_low = (u32)factor, f_high = (u32)(factor >> 32);

	return ((u64)v_low * f_low >> 32) + (u64)v_low * f_high + (u64)v_high * f_low +
		((u64)(v_high * f_high) << 32);
}

/* The factor a / b, rounded down; below 2^32, and a % b too. */
static inline u64 scale_factor(u64 a, u64 b)
{
	return (a / b << 32) + ((a % b << 32) / b);
}
