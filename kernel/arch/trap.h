/*
 * Trap frames: the registers of a program while the kernel runs. A thread's frame lies at the top
 * of its kernel stack. machine/trap.h has struct trapframe and, for what the rest of the kernel
 * asks of one,
 *
 *   ulong *tf_args(tf)                 the six argument words of the system call, contiguous
 *   ulong tf_syscall_number(tf)
 *   void tf_set_result(tf, value)      of the system call; long tf_result(tf) reads it
 *   ulong tf_pc(tf), tf_sp(tf)         and tf_set_pc, tf_set_sp
 *   void tf_restart_syscall(tf)        make the system call run again on return to user mode
 *   void tf_init_user(tf, pc, sp)      a new program: nothing but these two in its registers
 *   int tf_fork_child(child, tf, sp, set_tls, tls)
 *           turn a copy of the parent's frame into that of thread `child`: result 0; sp if not 0;
 *           tls if set_tls (CLONE_SETTLS). 0, or a negative errno for a tls that is none
 */
#pragma once

#include "lib/types.h"
#include "machine/trap.h"

/* Point this CPU's trap vectors at trap.S. Once on every CPU. */
void trap_init_cpu(void);

/*
 * The frame of the exception in the kernel that led to panic(); NULL if panic() was called in the
 * ordinary way.
 */
extern const struct trapframe *trap_panic_frame;

/*
 * Call fn for every return address of the call chain, beginning at tf (NULL: at the caller), until it
 * answers false. Survives broken frame pointers.
 */
void machine_backtrace(const struct trapframe *tf, bool (*fn)(void *arg, ulong addr), void *arg);
/* Print the registers through print (a printf-like function for one line each). */
void machine_print_registers(const struct trapframe *tf, void (*print)(const char *format, ...));
