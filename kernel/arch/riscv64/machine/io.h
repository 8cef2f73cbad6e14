/*
 * Device registers. An io address is a kernel address here (memory-mapped registers, vm/kva.h).
 *
 * Accesses are ordered with each other, a write after all earlier memory accesses, a read before
 * all later ones (Unprivileged ISA, "Memory Ordering Instructions": fence distinguishes device
 * input and output from memory).
 */
#pragma once

#include "lib/types.h"

static inline u8 io_read8(ulong addr)
{
	u8 v = *(volatile u8 *)addr;

	__asm__ volatile("fence i, ir" : : : "memory");
	return v;
}

static inline u32 io_read32(ulong addr)
{
	u32 v = *(volatile u32 *)addr;

	__asm__ volatile("fence i, ir" : : : "memory");
	return v;
}

static inline void io_write8(ulong addr, u8 v)
{
	__asm__ volatile("fence w, ow" : : : "memory");
	*(volatile u8 *)addr = v;
}

static inline void io_write32(ulong addr, u32 v)
{
	__asm__ volatile("fence rw, ow" : : : "memory");
	*(volatile u32 *)addr = v;
}

/*
 * Between writing memory that a device reads and memory that tells it so, and between reading in
 * that order.
 */
static inline void io_memory_barrier(void)
{
	__asm__ volatile("fence rw, rw" : : : "memory");
}
