/*
 * Trap frames. Entry stores all registers, but return from a trap reloads only those that C code
 * may have changed (callee-saved ones are still in place) unless `full` is set: whoever changes
 * others sets it. x[0]'s place holds the pc; so x[] has the layout of Linux's struct
 * user_regs_struct.
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

/* Entry had moved the pc past the ecall. */
static inline void tf_restart_syscall(struct trapframe *tf)
{
	tf->x[REG_PC] -= 4;
	tf->x[REG_A0] = tf->orig_a0;
}

static inline void tf_init_user(struct trapframe *tf, ulong pc, ulong sp)
{
	memset(tf->x, 0, sizeof(tf->x));
	tf->x[REG_PC] = pc;
	tf->x[REG_SP] = sp;
	tf->full = 1;
}

static inline int tf_fork_child(struct thread *child UNUSED, struct trapframe *tf, ulong sp,
	bool set_tls, ulong tls)
{
	tf->x[REG_A0] = 0;
	if (sp)
		tf->x[REG_SP] = sp;
	if (set_tls)
		tf->x[REG_TP] = tls;
	tf->full = 1;
	return 0;
}
