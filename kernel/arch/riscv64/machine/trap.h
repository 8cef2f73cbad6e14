/*
 * Trap frames: the registers of a program while the kernel runs.
 *
 * A thread's frame lies at the top of its kernel stack. Entry stores all registers, but return
 * from a trap reloads only those that C code may have changed (callee-saved ones are still in
 * place) unless `full` is set: whoever changes others sets it. x[0]'s place holds the pc; so x[]
 * has the layout of Linux's struct user_regs_struct.
 */
#pragma once

#include "lib/string.h"
#include "lib/types.h"
#include "machine/param.h"

struct thread;

enum riscv_reg {
	REG_PC = 0,
	REG_RA = 1,
	REG_SP = 2,
	REG_TP = 4,
	REG_FP = 8,
	REG_A0 = 10,
	REG_A1 = 11,
	REG_A2 = 12,
	REG_A7 = 17,
};

struct trapframe {
	ulong x[32];
	ulong orig_a0;	       /* a0 as the system call found it */
	struct thread *thread; /* whose frame this is: how entry finds the kernel's tp */
	ulong full;	       /* return must reload every register */
	/* of traps from the kernel only: scause, sstatus, stval */
	ulong cause, status, value;
};

/* The six argument words of the system call, contiguous. */
static inline ulong *tf_args(struct trapframe *tf)
{
	return &tf->x[REG_A0];
}

static inline ulong tf_syscall_number(const struct trapframe *tf)
{
	return tf->x[REG_A7];
}

static inline void tf_set_result(struct trapframe *tf, long value)
{
	tf->x[REG_A0] = (ulong)value;
}

static inline long tf_result(const struct trapframe *tf)
{
	return (long)tf->x[REG_A0];
}

static inline ulong tf_pc(const struct trapframe *tf)
{
	return tf->x[REG_PC];
}

static inline void tf_set_pc(struct trapframe *tf, ulong pc)
{
	tf->x[REG_PC] = pc;
}

static inline ulong tf_sp(const struct trapframe *tf)
{
	return tf->x[REG_SP];
}

static inline void tf_set_sp(struct trapframe *tf, ulong sp)
{
	tf->x[REG_SP] = sp;
}

/* Make the system call run again on return to user mode: entry had moved the pc past the ecall. */
static inline void tf_restart_syscall(struct trapframe *tf)
{
	tf->x[REG_PC] -= 4;
	tf->x[REG_A0] = tf->orig_a0;
}

/* A new program: every register zero but pc and sp. */
static inline void tf_init_user(struct trapframe *tf, ulong pc, ulong sp)
{
	memset(tf->x, 0, sizeof(tf->x));
	tf->x[REG_PC] = pc;
	tf->x[REG_SP] = sp;
	tf->full = 1;
}

/*
 * Turn a copy of the parent's frame into that of a child: result 0; sp if not 0; tls if set_tls
 * (CLONE_SETTLS).
 */
static inline void tf_fork_child(struct trapframe *tf, ulong sp, bool set_tls, ulong tls)
{
	tf->x[REG_A0] = 0;
	if (sp)
		tf->x[REG_SP] = sp;
	if (set_tls)
		tf->x[REG_TP] = tls;
	tf->full = 1;
}

/* Point this CPU's trap vector at trap.S. Once on every CPU. */
void trap_init_cpu(void);

/*
 * The frame of the exception in the kernel that led to panic(); NULL if panic() was called in the
 * ordinary way.
 */
extern const struct trapframe *trap_panic_frame;

/*
 * Call fn for every return address of the call chain, beginning at tf (NULL: at the caller).
 * Survives broken frame pointers.
 */
void machine_backtrace(const struct trapframe *tf, void (*fn)(ulong addr));
/* Print the registers through print (a printf-like function for one line each). */
void machine_print_registers(const struct trapframe *tf, void (*print)(const char *format, ...));
