/*
 * Switching between kernel stacks, and the registers that only programs use.
 *
 * The kernel uses no floating point: a thread's floating-point registers, and whatever else a
 * machine has that entry to the kernel leaves alone, stay in the CPU while the thread is in the
 * kernel; the scheduler saves them when it leaves the CPU. A thread that has never used floating
 * point runs with the unit off; its first such instruction traps and switches it on.
 * machine/context.h has struct context and struct user_state, and
 *
 *   void context_init(struct context *c, void *stack_top, void (*fn)(void))
 *           the first switch to c calls fn on an empty stack that ends at stack_top; fn must not
 *           return
 */
#pragma once

#include "lib/types.h"
#include "machine/context.h"

struct thread;
struct trapframe;

/*
 * Save the caller's registers in *save, continue where *load was saved. Both are members of a
 * struct thread. Interrupts off.
 */
void context_switch(struct context *save, struct context *load);

/* The thread leaves this CPU: save what it changed. Interrupts off. */
void user_state_save(struct thread *t);
/* The thread (of a program) takes this CPU. Interrupts off. */
void user_state_load(struct thread *t);
/* exec: the current thread t has them as a new program finds them. */
void user_state_reset(struct thread *t);
/* fork: the child begins with those of the current thread. */
void user_state_copy(struct thread *child, struct thread *parent);

/*
 * Load all registers from the frame of the current thread, which lies at the top of its stack,
 * and continue in user mode. Interrupts off, after trap_return_to_user. What a new thread ends
 * its first function with.
 */
void return_to_user(struct trapframe *tf) NORETURN;
