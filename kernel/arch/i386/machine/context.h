/*
 * What a kernel stack keeps, and the registers that only programs use: x87, SSE and AVX, segment GS
 * and the descriptors of thread-local storage. While a thread has not used the floating-point unit,
 * CR0.TS makes its first use trap.
 */
#pragma once

#include "lib/types.h"
#include "machine/segment.h"

/* The callee-saved registers are on the stack. */
struct context {
	ulong esp;
};

/*
 * The image of FXSAVE, and if the CPU has XSAVE the header and the upper halves of the AVX
 * registers behind it (Intel SDM volume 1, "XSAVE Area").
 */
#define FP_LEGACY_SIZE 512
#define FP_AREA_SIZE (FP_LEGACY_SIZE + 64 + 256)

struct user_state {
	u8 fp[FP_AREA_SIZE] ALIGNED(64);
	u64 tls[GDT_TLS_ENTRIES];
	u32 gs;
	u32 used; /* CR0.TS is clear while the thread runs */
	u32 trap_vector, trap_error, trap_address; /* its last exception: signal frames tell */
};

/* Where a new context begins: calls the function in ebx. The chain of frames ends here. */
void context_begin(void);

/* context_switch takes edi, esi, ebx, ebp and the place to go on at from the stack. */
static inline void context_init(struct context *c, void *stack_top, void (*fn)(void))
{
	ulong *sp = (ulong *)stack_top - 5;

	sp[0] = sp[1] = sp[3] = 0;
	sp[2] = (ulong)fn;
	sp[4] = (ulong)context_begin;
	c->esp = (ulong)sp;
}
