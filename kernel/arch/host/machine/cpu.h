/*
 * CPUs: each thread of the process that takes part is one, see cpu.c. There are no interrupts.
 */
#pragma once

#include "lib/types.h"

struct cpu;
struct thread;

extern _Thread_local struct thread *host_current;

static inline struct thread *current_thread(void)
{
	return host_current;
}

static inline struct cpu *this_cpu(void)
{
	return *(struct cpu **)host_current; /* its first member */
}

unsigned cpu_id(void);

static inline ulong intr_save(void)
{
	return 0;
}
static inline void intr_restore(ulong old UNUSED)
{
}
static inline void intr_enable(void)
{
}
static inline void intr_disable(void)
{
}
static inline bool intr_enabled(void)
{
	return true;
}

void cpu_relax(void);
