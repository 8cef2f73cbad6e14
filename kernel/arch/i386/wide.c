/*
 * What the compiler leaves to functions where numbers are of 64 bits: division (GCC Internals,
 * "Integer library routines") and atomic access (GCC, "__atomic Builtins"). The functions of libgcc
 * and libatomic are compiled for another calling convention.
 */
#include "lib/types.h"

u64 __udivdi3(u64 n, u64 d);
u64 __umoddi3(u64 n, u64 d);
s64 __divdi3(s64 n, s64 d);
s64 __moddi3(s64 n, s64 d);
u64 __udivmoddi4(u64 n, u64 d, u64 *rest);

/* n / d for a quotient below 2^32, that is n >> 32 < d. */
static inline u32 divide(u64 n, u32 d, u32 *rest)
{
	u32 q;

	__asm__("divl %4" : "=a"(q), "=d"(*rest) : "a"((u32)n), "d"((u32)(n >> 32)), "rm"(d));
	return q;
}

/*
 * A divisor of more than 32 bits: divide both by a power of two that leaves 32 bits of it. The
 * quotient, which fits 32 bits, is then right or one too large (Hacker's Delight, "Unsigned
 * Doubleword Division from Long Division").
 */
static u64 divide_by_long(u64 n, u64 d, u64 *rest)
{
	unsigned shift = 32 - (unsigned)__builtin_clz((u32)(d >> 32));
	u32 unused;
	u64 q = divide(n >> 1, (u32)(d >> shift), &unused) >> (shift - 1);

	if (q != 0)
		q--;
	*rest = n - q * d;
	if (*rest >= d) {
		q++;
		*rest -= d;
	}
	return q;
}

u64 __udivmoddi4(u64 n, u64 d, u64 *rest)
{
	u32 high = (u32)(n >> 32), low_rest, high_rest = 0;
	u64 q = 0;

	if (d >> 32)
		return divide_by_long(n, d, rest);
	if (high >= (u32)d) {
		q = (u64)divide(high, (u32)d, &high_rest) << 32;
		high = high_rest;
	}
	q |= divide((u64)high << 32 | (u32)n, (u32)d, &low_rest);
	*rest = low_rest;
	return q;
}

u64 __udivdi3(u64 n, u64 d)
{
	u64 rest;

	return __udivmoddi4(n, d, &rest);
}

u64 __umoddi3(u64 n, u64 d)
{
	u64 rest;

	(void)__udivmoddi4(n, d, &rest);
	return rest;
}

static inline u64 magnitude(s64 v)
{
	return v < 0 ? -(u64)v : (u64)v;
}

s64 __divdi3(s64 n, s64 d)
{
	u64 q = __udivdi3(magnitude(n), magnitude(d));

	return (s64)((n ^ d) < 0 ? -q : q);
}

s64 __moddi3(s64 n, s64 d)
{
	u64 rest = __umoddi3(magnitude(n), magnitude(d));

	return (s64)(n < 0 ? -rest : rest);
}

/* --- atomic access: these have the names of built-in functions, so C must not see them --- */

u64 atomic_load(const u64 *p, int order) __asm__("__atomic_load_8");
void atomic_store(u64 *p, u64 v, int order) __asm__("__atomic_store_8");
u64 atomic_fetch_add(u64 *p, u64 v, int order) __asm__("__atomic_fetch_add_8");

/* Store new if *p is *old; else store what it is in *old. */
static inline bool exchange_if(u64 *p, u64 *old, u64 new)
{
	bool done;

	__asm__ volatile("lock cmpxchg8b %1"
			 : "=@ccz"(done), "+m"(*p), "+A"(*old)
			 : "b"((u32) new), "c"((u32)(new >> 32))
			 : "memory");
	return done;
}

u64 atomic_load(const u64 *p, int order UNUSED)
{
	u64 v = 0;

	/* If it is 0, 0 is stored; else it is loaded. */
	(void)exchange_if((u64 *)p, &v, 0);
	return v;
}

void atomic_store(u64 *p, u64 v, int order UNUSED)
{
	u64 old = *p;

	while (!exchange_if(p, &old, v))
		;
}

u64 atomic_fetch_add(u64 *p, u64 v, int order UNUSED)
{
	u64 old = *p;

	while (!exchange_if(p, &old, old + v))
		;
	return old;
}
