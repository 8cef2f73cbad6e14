/*
 * Allocation failures on purpose. The countdown is one global number: tests that use it run one
 * thread.
 */
#include "vm/inject.h"

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

bool alloc_should_fail(void)
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

#endif
