/*
 * Switching between kernel stacks, and the floating-point registers.
 *
 * The kernel uses no floating point. A thread's FP registers stay in the CPU while it is in the
 * kernel; the scheduler saves them when it leaves the CPU. A thread that has never used FP runs
 * with sstatus.FS Off and owns zeros; its first FP instruction traps and switches the unit on.
 */
#pragma once

#include "lib/types.h"

struct thread;
struct trapframe;

struct context {
	ulong ra, sp, s[12];
};

struct fpu_state {
	u64 f[32];
	u32 fcsr;
	u32 used; /* FS is not Off while the thread runs */
};

/*
 * Save the caller's registers in *save, continue where *load was saved. Both are members of a
 * struct thread. Interrupts off.
 */
void context_switch(struct context *save, struct context *load);
/* Where a new context begins: calls the function in its s[1]. The chain of frames ends here. */
void context_begin(void);
/* The first switch to c calls fn on an empty stack that ends at stack_top. fn must not return. */
static inline void context_init(struct context *c, void *stack_top, void (*fn)(void))
{
	*c = (struct context){ .ra = (ulong)context_begin, .sp = (ulong)stack_top };
	c->s[1] = (ulong)fn;
}

/* The thread leaves this CPU: save what it changed. Interrupts off. */
void fpu_save(struct thread *t);
/* The thread (of a program) takes this CPU. Interrupts off. */
void fpu_load(struct thread *t);
/* exec: the current thread t begins with FP registers of zero. */
void fpu_reset(struct thread *t);
/* fork: the child begins with the registers of the current thread. */
void fpu_copy(struct thread *child, struct thread *parent);

/*
 * Load all registers from the frame of the current thread, which lies at the top of its stack,
 * and continue in user mode. Interrupts off, after trap_return_to_user. What a new thread ends
 * its first function with.
 */
void return_to_user(struct trapframe *tf) NORETURN;
