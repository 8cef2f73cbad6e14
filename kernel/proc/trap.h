/*
 * The machine-independent half of traps. The machine's entry code saves the registers in a struct
 * trapframe, finds out what happened and calls one of these; interrupts are on again unless said
 * otherwise.
 */
#pragma once

#include "lib/types.h"

struct trapframe;

/* From user mode: any trap but a system call, before anything else is done. */
void trap_enter(void);
/* From user mode: a page fault at va (access: one PROT_ bit). Serves it or sends the signal. */
void trap_user_fault(struct trapframe *tf, ulong va, unsigned access);
/* From user mode: any other exception, which becomes a signal. */
void trap_user_exception(struct trapframe *tf, int sig, int code, ulong addr);
/* From user mode: a system call. Runs it and stores the result in tf. */
void trap_syscall(struct trapframe *tf);
/*
 * The last thing before every return to user mode, interrupts off on entry and on return: yields,
 * acts on signals, until there is nothing to do.
 */
void trap_return_to_user(struct trapframe *tf);
/*
 * From kernel mode, page fault at va: true if it was served and the instruction may run again;
 * false if the machine shall look for a fix-up, or else panic.
 */
bool trap_kernel_fault(ulong va, unsigned access);

/*
 * What a handler returns for a value that may be any word: where a long has 32 bits, some look like
 * error numbers. The current thread's, in a system call.
 */
long trap_value(ulong value);

/*
 * A machine's list of system calls (arch/syscall_table.h): handlers take the up to six argument
 * words as they stand in the trap frame, and return a value or -errno.
 */
typedef long (*syscall_fn)(const ulong *args);
