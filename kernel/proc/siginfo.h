/*
 * What a program sees of a signal besides registers, alike on all machines: siginfo_t and the
 * alternate stack, for frames (arch/signal.h) and for calls. The structures are in sys/abi.h.
 */
#pragma once

#include "sys/abi.h"

struct ksiginfo;
struct thread;

void siginfo_fill(struct abi_siginfo *u, const struct ksiginfo *k);
/* Store a whole siginfo_t at a user address. 0 or -EFAULT. */
int siginfo_copyout(ulong va, const struct ksiginfo *info);
/* Read one, as a program made it: what its signal and code do not use is lost. 0 or -EFAULT. */
int siginfo_copyin(struct ksiginfo *info, ulong va);

/* t's alternate stack, for a frame; and t's from then on, unless its flags are none. */
void altstack_fill(struct abi_stack *u, const struct thread *t);
void altstack_restore(struct thread *t, const struct abi_stack *u);
