/*
 * Device registers. An io address below 64 Ki is an I/O port; above, it is a kernel address
 * (memory-mapped registers, vm/kva.h).
 *
 * Windows on devices are uncacheable, and ports are not reordered with anything (Intel SDM volume
 * 3, "Memory Ordering"): the compiler alone has to be told.
 */
#pragma once

#include "lib/types.h"

#define IO_PORTS 0x10000ul

/* io_readN and io_writeN: N bits; suffix and type of the in and out instructions. */
#define IO_ACCESS(bits, suffix) \
	static inline u##bits io_read##bits(ulong addr) \
	{ \
		u##bits v; \
\
		if (addr < IO_PORTS) \
			__asm__ volatile("in" suffix " %w1, %0" \
					 : "=a"(v) \
					 : "Nd"((u16)addr) \
					 : "memory"); \
		else \
			v = *(volatile u##bits *)addr; \
		__asm__ volatile("" : : : "memory"); \
		return v; \
	} \
	static inline void io_write##bits(ulong addr, u##bits v) \
	{ \
		__asm__ volatile("" : : : "memory"); \
		if (addr < IO_PORTS) \
			__asm__ volatile("out" suffix " %0, %w1" \
					 : \
					 : "a"(v), "Nd"((u16)addr) \
					 : "memory"); \
		else \
			*(volatile u##bits *)addr = v; \
	}

IO_ACCESS(8, "b")
IO_ACCESS(16, "w")
IO_ACCESS(32, "l")

/*
 * Between writing memory that a device reads and memory that tells it so, and between reading in
 * that order.
 */
static inline void io_memory_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
