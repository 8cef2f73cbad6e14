/*
 * Signal frames, as Linux lays them out for the machine.
 */
#pragma once

#include "lib/types.h"

struct ksigaction;
struct ksiginfo;
struct thread;
struct trapframe;

/*
 * Build the frame of a handler below sp (the current thread's user stack or its alternate stack)
 * and set the registers so that the thread continues in the handler. old_mask is what sigreturn
 * restores. 0, or -EFAULT if the frame cannot be written, or does not fit on the alternate stack;
 * then tf is unchanged. May sleep.
 */
int sigframe_push(struct trapframe *tf, struct thread *t, const struct ksigaction *act,
	const struct ksiginfo *info, u64 old_mask, ulong sp);
/*
 * rt_sigreturn: take registers, alternate stack and signal mask from the frame at the user's sp.
 * 0, or -EFAULT if it cannot be read or is nonsense; then tf is unchanged. May sleep.
 */
int sigframe_pop(struct trapframe *tf, struct thread *t, u64 *mask);

/* The code a handler returns to, less than a page; exec maps a page with it, at mm->sigpage. */
extern const u8 sigcode_start[], sigcode_end[];
