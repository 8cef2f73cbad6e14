/*
 * Spin locks: the slow path, and the debug build's check of the order in which locks are taken.
 *
 * Each CPU notes the spin locks it holds, each thread counts its sleeping locks by rank. A lock may
 * be taken only if its rank is above all of them, which makes a cycle of waiters, and so a
 * deadlock, impossible. Sleeping locks of one rank may nest: their users order them, as
 * lib/lock.h's table says.
 */
#include "lib/lock.h"
#include "lib/printf.h"
#include "proc/thread.h"

void spin_contended(struct spinlock *l)
{
	while (__atomic_load_n(&l->locked, __ATOMIC_RELAXED))
		cpu_relax();
}

#ifdef DEBUG

void spin_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	*l = (struct spinlock)SPINLOCK_INIT(name, rank);
}

/* Interrupts off: a handler must not find the CPU's notes half changed. */
void spin_check_acquire(struct spinlock *l, const void *site)
{
	ulong irq = intr_save();
	struct cpu *c = this_cpu();

	for (u32 i = 0; i < c->spin_depth; i++) {
		struct spinlock *held = c->spins[i];

		if (held == l)
			panic("spin lock %s taken twice: at %p and at %p", l->name, held->site,
				site);
		if (l->rank && held->rank >= l->rank)
			panic("lock order: %s (rank %u) wanted at %p, holding %s (rank %u) taken "
			      "at %p",
				l->name, l->rank, site, held->name, held->rank, held->site);
	}
	intr_restore(irq);
}

void spin_note_acquired(struct spinlock *l, const void *site)
{
	ulong irq = intr_save();
	struct cpu *c = this_cpu();

	if (c->spin_depth == ARRAY_SIZE(c->spins))
		panic("too many spin locks held, %s wanted at %p", l->name, site);
	l->site = site;
	c->spins[c->spin_depth++] = l;
	intr_restore(irq);
}

void spin_check_release(struct spinlock *l)
{
	ulong irq = intr_save();
	struct cpu *c = this_cpu();
	u32 i = c->spin_depth;

	/* Most often the one taken last. */
	while (i > 0 && c->spins[i - 1] != l)
		i--;
	if (i == 0)
		panic("spin lock %s given back by a CPU that does not hold it", l->name);
	for (; i < c->spin_depth; i++)
		c->spins[i - 1] = c->spins[i];
	c->spin_depth--;
	intr_restore(irq);
}

bool spin_held(const struct spinlock *l)
{
	ulong irq = intr_save();
	const struct cpu *c = this_cpu();
	bool held = false;

	for (u32 i = 0; i < c->spin_depth; i++)
		held |= c->spins[i] == l;
	intr_restore(irq);
	return held;
}

void lock_check_sleep(const void *site)
{
	ulong irq = intr_save();
	const struct cpu *c = this_cpu();

	if (c->spin_depth)
		panic("sleep at %p with spin lock %s held, taken at %p", site,
			c->spins[c->spin_depth - 1]->name, c->spins[c->spin_depth - 1]->site);
	intr_restore(irq);
}

void held_check(enum lock_rank rank, const char *name, const void *site)
{
	const struct thread *t = current_thread();

	lock_check_sleep(site);
	if (rank == RANK_NONE)
		return;
	ASSERT(rank < RANK_SLEEPING_END);
	for (unsigned r = rank + 1; r < RANK_SLEEPING_END; r++)
		if (t->held[r])
			panic("lock order: %s (rank %u) wanted at %p, holding a lock of rank %u",
				name, (unsigned)rank, site, r);
}

void held_add(enum lock_rank rank)
{
	struct thread *t = current_thread();

	ASSERT(rank < RANK_SLEEPING_END && t->held[rank] < UINT8_MAX);
	t->held[rank]++;
}

void held_remove(enum lock_rank rank)
{
	struct thread *t = current_thread();

	ASSERT(rank < RANK_SLEEPING_END && t->held[rank] > 0);
	t->held[rank]--;
}

#else

void spin_init(struct spinlock *l, const char *name UNUSED, enum lock_rank rank UNUSED)
{
	l->locked = 0;
}

#endif
