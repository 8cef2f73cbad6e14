/*
 * Trap frames, in the order in which the CPU and trap.S push them; so ebx begins the arguments of a
 * system call. GS is the program's also in the kernel (struct user_state).
 */
#pragma once

#include "lib/string.h"
#include "lib/types.h"
#include "machine/segment.h"

struct thread;

#define EFLAGS_FIXED 0x2ul /* the bit that is always set */
#define TRAP_SYSCALL_SIZE 2 /* bytes of int 0x80 */

struct trapframe {
	ulong ebx, ecx, edx, esi, edi, ebp, eax;
	ulong ds, es, fs;
	ulong vector;
	ulong orig_eax; /* the number of the system call; the error code of an exception */
	ulong eip, cs, eflags;
	ulong esp, ss; /* not there if the trap came from the kernel */
};

static inline ulong *tf_args(struct trapframe *tf)
{
	return &tf->ebx;
}

static inline ulong tf_syscall_number(const struct trapframe *tf)
{
	return tf->orig_eax;
}

static inline void tf_set_result(struct trapframe *tf, long value)
{
	tf->eax = (ulong)value;
}

static inline long tf_result(const struct trapframe *tf)
{
	return (long)tf->eax;
}

static inline ulong tf_pc(const struct trapframe *tf)
{
	return tf->eip;
}

static inline void tf_set_pc(struct trapframe *tf, ulong pc)
{
	tf->eip = pc;
}

static inline ulong tf_sp(const struct trapframe *tf)
{
	return tf->esp;
}

static inline void tf_set_sp(struct trapframe *tf, ulong sp)
{
	tf->esp = sp;
}

static inline void tf_restart_syscall(struct trapframe *tf)
{
	tf->eip -= TRAP_SYSCALL_SIZE;
	tf->eax = tf->orig_eax;
}

static inline void tf_init_user(struct trapframe *tf, ulong pc, ulong sp)
{
	*tf = (struct trapframe){
		.ds = SEL_USER_DATA,
		.es = SEL_USER_DATA,
		.eip = pc,
		.cs = SEL_USER_CODE,
		.eflags = EFLAGS_FIXED | 0x200,
		.esp = sp,
		.ss = SEL_USER_DATA,
	};
}

/* tls.c: give the child the descriptor that the user_desc at this user address says. */
int tls_set_for_child(struct thread *child, struct trapframe *tf, ulong user_desc);

static inline int tf_fork_child(struct thread *child, struct trapframe *tf, ulong sp, bool set_tls,
	ulong tls)
{
	tf->eax = 0;
	if (sp)
		tf->esp = sp;
	return set_tls ? tls_set_for_child(child, tf, tls) : 0;
}
