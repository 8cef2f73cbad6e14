/*
 * The testing boot, and allocations that fail on purpose: tests make the n-th allocation fail and
 * see that the call which wanted it undoes itself.
 */
#pragma once

#include "lib/types.h"

/*
 * Booted with ktest=1: the allocator checks and counts all it does, processes may make allocations
 * fail (/proc/PID/fail_nth), and the debug calls are there. Set before the memory system starts.
 */
extern bool ktest;
#ifdef DEBUG
#define IS_DEBUG true
#else
#define IS_DEBUG false
#endif
/* Does the allocator check and count? */
#define CHECKED (IS_DEBUG || ktest)

/*
 * A process's wish, from when it is armed until it is disarmed. Letters: (a) atomic, each for
 * itself.
 */
struct fail_plan {
	u32 armed;    /* (a) */
	ulong left;   /* (a) allocations until the one that fails, that one included; 0: none will */
	ulong asked;  /* (a) made since it was armed */
	ulong failed; /* (a) of these failed on purpose */
};
/*
 * Of the process's allocations from now on, pages and kmalloc's, the n-th fails, once. n 0 ends it;
 * the counts stay as they are then.
 */
void fail_plan_set(struct fail_plan *plan, ulong n);

/*
 * To be asked by whoever allocates, once for each request. A kernel that is not built for debugging
 * asks outside its short paths only (FAIL_LATE), which the testing boot never takes.
 */
bool alloc_should_fail(void);
#ifdef DEBUG
#define FAIL_EARLY alloc_should_fail()
#define FAIL_LATE false
#else
#define FAIL_EARLY false
#define FAIL_LATE (UNLIKELY(ktest) && alloc_should_fail())
#endif

#ifdef DEBUG
/*
 * For tests on the host, whoever allocates: the first-th allocation from now on fails, and then
 * every `every`-th after it (0: none). first 0 ends it.
 */
void alloc_fail(ulong first, ulong every);
/* Allocations asked for since alloc_fail; how many of them were made to fail. */
ulong alloc_fail_asked(void);
ulong alloc_fail_failed(void);
#endif
