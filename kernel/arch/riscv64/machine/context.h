/*
 * What a kernel stack keeps, and the floating-point registers. While a thread has not used them,
 * sstatus.FS is Off.
 */
#pragma once

#include "lib/types.h"

struct context {
	ulong ra, sp, s[12];
};

struct user_state {
	u64 f[32];
	u32 fcsr;
	u32 used; /* FS is not Off while the thread runs */
};

/* Where a new context begins: calls the function in its s[1]. The chain of frames ends here. */
void context_begin(void);

static inline void context_init(struct context *c, void *stack_top, void (*fn)(void))
{
	*c = (struct context){ .ra = (ulong)context_begin, .sp = (ulong)stack_top };
	c->s[1] = (ulong)fn;
}
