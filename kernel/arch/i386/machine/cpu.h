/*
 * The CPU this code runs on: its current thread, its interrupt switch. Included by lib/lock.h, so
 * it needs lib/types.h alone.
 *
 * In the kernel segment FS begins at the CPU's struct percpu (arch.h), whose first words are read
 * here. The interrupt switch is EFLAGS.IF.
 */
#pragma once

#include "lib/types.h"
#include "machine/offsets.h"

struct cpu;
struct thread;

#define EFLAGS_IF 0x200ul

/* A thread's own answer never changes, so the compiler may keep it in a register across calls. */
static inline struct thread *current_thread(void)
{
	struct thread *t;

	__asm__("movl %%fs:%c1, %0" : "=r"(t) : "i"(PERCPU_THREAD));
	return t;
}

/*
 * Stays true only while the thread cannot move to another CPU: interrupts off, or no sleep in
 * between.
 */
static inline struct cpu *this_cpu(void)
{
	struct cpu *c;

	__asm__ volatile("movl %%fs:%c1, %0" : "=r"(c) : "i"(PERCPU_CPU));
	return c;
}

static inline unsigned cpu_id(void)
{
	unsigned id;

	__asm__ volatile("movl %%fs:%c1, %0" : "=r"(id) : "i"(PERCPU_ID));
	return id;
}

static inline ulong cpu_flags(void)
{
	ulong flags;

	__asm__ volatile("pushfl\n\tpopl %0" : "=r"(flags) : : "memory");
	return flags;
}

static inline void intr_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void intr_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline bool intr_enabled(void)
{
	return cpu_flags() & EFLAGS_IF;
}

/* Switch interrupts off; returns what intr_restore needs. */
static inline ulong intr_save(void)
{
	ulong old = cpu_flags() & EFLAGS_IF;

	intr_disable();
	return old;
}

static inline void intr_restore(ulong old)
{
	if (old)
		intr_enable();
}

/*
 * In a loop that waits for another CPU. That one may be waiting for us to forget translations,
 * which we answer here: our interrupts may be off.
 */
void smp_answer(void); /* smp.c */
static inline void cpu_relax(void)
{
	u32 request;

	__asm__ volatile("pause\n\tmovl %%fs:%c1, %0" : "=r"(request) : "i"(PERCPU_REQUEST) : "memory");
	if (UNLIKELY(request))
		smp_answer();
}

/*
 * Wait for an interrupt. Called with interrupts off, returns with them off. sti takes effect after
 * the next instruction (Intel SDM volume 2, STI), so none is missed between the caller's last look
 * at its work and the wait.
 */
static inline void cpu_idle(void)
{
	__asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
}
