/*
 * Registers that only programs use: see arch/context.h.
 *
 * CR0.TS is set while a thread runs that has not used the floating-point unit. With XSAVE the
 * x87, SSE and AVX registers are kept, without it AVX does not exist for programs: CR4.OSXSAVE
 * tells them (Intel SDM volume 1, "Detection of Instruction Set Extensions").
 */
#include "arch.h"
#include "arch/context.h"
#include "lib/string.h"
#include "proc/thread.h"

#define CR0_TS 8ul
#define FCW_INITIAL 0x37f /* all x87 exceptions masked, 64 bits of precision */
#define MXCSR_INITIAL 0x1f80 /* the same for SSE */
#define FX_MXCSR 24 /* where MXCSR lies in the image */

static inline ulong cr0_read(void)
{
	ulong v;

	__asm__ volatile("movl %%cr0, %0" : "=r"(v));
	return v;
}

static void unit_on(void)
{
	__asm__ volatile("clts");
}

static void unit_off(void)
{
	ulong cr0 = cr0_read();

	if (!(cr0 & CR0_TS))
		__asm__ volatile("movl %0, %%cr0" : : "r"(cr0 | CR0_TS));
}

/* The unit is on in these two. */
static void fp_store(u8 *area)
{
	if (cpu_xstate)
		__asm__ volatile("xsave (%0)" : : "r"(area), "a"(cpu_xstate), "d"(0) : "memory");
	else
		__asm__ volatile("fxsave (%0)" : : "r"(area) : "memory");
}

static void fp_load(const u8 *area)
{
	if (cpu_xstate)
		__asm__ volatile("xrstor (%0)" : : "r"(area), "a"(cpu_xstate), "d"(0) : "memory");
	else
		__asm__ volatile("fxrstor (%0)" : : "r"(area) : "memory");
}

static void fp_initial(u8 *area)
{
	memset(area, 0, FP_AREA_SIZE);
	*(u16 *)area = FCW_INITIAL;
	*(u32 *)(area + FX_MXCSR) = MXCSR_INITIAL;
	*(u32 *)(area + FP_LEGACY_SIZE) = cpu_xstate;
}

void user_state_use_fp(struct thread *t)
{
	if (t->user.used)
		return;
	t->user.used = 1;
	fp_initial(t->user.fp);
	unit_on();
	fp_load(t->user.fp);
}

void tls_load(const struct user_state *u)
{
	memcpy(&percpus[cpu_id()].gdt[GDT_TLS], u->tls, sizeof(u->tls));
}

void user_state_save(struct thread *t)
{
	__asm__ volatile("movl %%gs, %0" : "=r"(t->user.gs));
	if (t->user.used)
		fp_store(t->user.fp);
}

void user_state_load(struct thread *t)
{
	tls_load(&t->user);
	gs_load(t->user.gs);
	if (t->user.used) {
		unit_on();
		fp_load(t->user.fp);
	} else {
		unit_off();
	}
}

void user_state_reset(struct thread *t)
{
	ulong flags = intr_save();

	t->user.gs = t->user.used = 0;
	memset(t->user.tls, 0, sizeof(t->user.tls));
	user_state_load(t);
	intr_restore(flags);
}

void user_state_copy(struct thread *child, struct thread *parent)
{
	ulong flags = intr_save();

	user_state_save(parent);
	intr_restore(flags);
	child->user.gs = parent->user.gs;
	child->user.used = parent->user.used;
	memcpy(child->user.tls, parent->user.tls, sizeof(child->user.tls));
	if (parent->user.used)
		memcpy(child->user.fp, parent->user.fp, sizeof(child->user.fp));
}
