/*
 * The floating-point registers of programs: see machine/context.h.
 *
 * sstatus.FS: Off, Initial, Clean, Dirty (Privileged ISA, "Extension Context Status in mstatus
 * Register"). Initial is not used.
 */
#include "lib/string.h"
#include "arch/context.h"
#include "machine/cpu.h"
#include "proc/thread.h"

#define FS_MASK (3ul << 13)
#define FS_CLEAN (2ul << 13)
#define FS_DIRTY (3ul << 13)

void fpu_store_all(struct user_state *f);
void fpu_load_all(const struct user_state *f);

static inline ulong fs_state(void)
{
	ulong status;

	__asm__ volatile("csrr %0, sstatus" : "=r"(status));
	return status & FS_MASK;
}

static inline void fs_set(ulong state)
{
	__asm__ volatile("csrc sstatus, %0" : : "r"(FS_MASK & ~state));
	__asm__ volatile("csrs sstatus, %0" : : "r"(state));
}

void user_state_save(struct thread *t)
{
	if (fs_state() != FS_DIRTY)
		return;
	fpu_store_all(&t->user);
	fs_set(FS_CLEAN);
}

void user_state_load(struct thread *t)
{
	if (!t->user.used) {
		fs_set(0);
		return;
	}
	fs_set(FS_DIRTY); /* loading writes registers: the unit must be on */
	fpu_load_all(&t->user);
	fs_set(FS_CLEAN);
}

void user_state_reset(struct thread *t)
{
	memset(&t->user, 0, sizeof(t->user));
	fs_set(0);
}

void user_state_copy(struct thread *child, struct thread *parent)
{
	ulong flags = intr_save();

	user_state_save(parent);
	intr_restore(flags);
	child->user = parent->user;
}
