/*
 * Allocation failures on purpose. A process's plan is its own; the countdown of the host's tests is
 * one global number: they use it in one thread. What an interrupt handler allocates counts for the
 * process that it interrupts.
 */
#include "vm/inject.h"

#include "proc/proc.h"

bool ktest;

void fail_plan_set(struct fail_plan *plan, ulong n)
{
	__atomic_store_n(&plan->armed, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&plan->left, n, __ATOMIC_RELAXED);
	if (n == 0)
		return;
	__atomic_store_n(&plan->asked, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&plan->failed, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&plan->armed, 1, __ATOMIC_SEQ_CST);
}

/* Is this the one? Of several threads that count down to it, one is told so. */
static bool plan_step(struct fail_plan *plan)
{
	ulong left = __atomic_load_n(&plan->left, __ATOMIC_RELAXED);

	__atomic_fetch_add(&plan->asked, 1, __ATOMIC_RELAXED);
	do {
		if (left == 0)
			return false;
	} while (!__atomic_compare_exchange_n(
		&plan->left, &left, left - 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	if (left > 1)
		return false;
	__atomic_fetch_add(&plan->failed, 1, __ATOMIC_RELAXED);
	return true;
}

static bool process_wants(void)
{
	const struct thread *t = current_thread();

	return t && t->proc && __atomic_load_n(&t->proc->fail_plan.armed, __ATOMIC_RELAXED) &&
		plan_step(&t->proc->fail_plan);
}

#ifdef DEBUG

static ulong left;  /* allocations until the next failure, that one included; 0: off */
static ulong every; /* then every how many */
static ulong asked, failed;

void alloc_fail(ulong first, ulong every_one)
{
	left = first;
	every = every_one;
	asked = failed = 0;
}

static bool test_wants(void)
{
	asked++;
	if (left == 0 || --left > 0)
		return false;
	left = every;
	failed++;
	return true;
}

ulong alloc_fail_asked(void)
{
	return asked;
}

ulong alloc_fail_failed(void)
{
	return failed;
}

#else

static bool test_wants(void)
{
	return false;
}

#endif

bool alloc_should_fail(void)
{
	return test_wants() || (ktest && process_wants());
}
