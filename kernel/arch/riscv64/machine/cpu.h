/*
 * The CPU this code runs on: its current thread, its interrupt switch. Included by lib/lock.h, so
 * it needs lib/types.h alone.
 *
 * In the kernel register tp holds the current thread, whose first member is its CPU. The
 * interrupt switch is sstatus.SIE (Privileged ISA, "Supervisor Status Register").
 */
#pragma once

#include "lib/types.h"

struct cpu;
struct thread;

#define CPU_ID_OFFSET 16 /* of struct cpu's id; checked in trap.c */
#define SSTATUS_SIE 2ul

/* It never changes while a thread runs: the compiler needs no copy of it. */
register struct thread *thread_register __asm__("tp");

static inline struct thread *current_thread(void)
{
	return thread_register;
}

/*
 * Stays true only while the thread cannot move to another CPU: interrupts off, or no sleep in
 * between.
 */
static inline struct cpu *this_cpu(void)
{
	return *(struct cpu *volatile *)current_thread();
}

static inline unsigned cpu_id(void)
{
	return *(const u32 *)((const char *)this_cpu() + CPU_ID_OFFSET);
}

/* Switch interrupts off; returns what intr_restore needs. */
static inline ulong intr_save(void)
{
	ulong old;

	__asm__ volatile("csrrci %0, sstatus, 2" : "=r"(old) : : "memory");
	return old & SSTATUS_SIE;
}

static inline void intr_restore(ulong old)
{
	__asm__ volatile("csrs sstatus, %0" : : "r"(old) : "memory");
}

static inline void intr_enable(void)
{
	__asm__ volatile("csrsi sstatus, 2" : : : "memory");
}

static inline void intr_disable(void)
{
	__asm__ volatile("csrci sstatus, 2" : : : "memory");
}

static inline bool intr_enabled(void)
{
	ulong status;

	__asm__ volatile("csrr %0, sstatus" : "=r"(status) : : "memory");
	return status & SSTATUS_SIE;
}

/*
 * In a loop that waits for another CPU: Zihintpause's pause, which older CPUs take for a fence of
 * nothing.
 */
static inline void cpu_relax(void)
{
	__asm__ volatile(".4byte 0x0100000f" : : : "memory");
}

/*
 * Wait until an interrupt is pending. Called with interrupts off, returns with them off: the
 * caller switches them on to take it. wfi ends for a pending interrupt even if sstatus.SIE is
 * clear (Privileged ISA, "Wait for Interrupt"), so none is missed between the caller's last look
 * at its work and the wait.
 */
static inline void cpu_idle(void)
{
	__asm__ volatile("wfi" : : : "memory");
}
