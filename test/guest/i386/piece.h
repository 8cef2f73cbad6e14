/*
 * Pieces of machine code for the tests of i386: what the processor and the kernel make of single
 * instructions, whatever a compiler thinks of them.
 *
 * PIECE(name, before, at) defines the function `name`: the instructions `before`, then from the
 * label name_at on the instructions `at`, then a return. run_piece(name) runs it on this stack and
 * says which signal came first, and the registers the handler found. The signal ends the piece:
 * the handler's frame is changed to go on in run_piece, with all segments, flags and the stack
 * as they were. So a piece may spoil every register there is.
 *
 * While a piece runs, its signals are taken on a stack of their own, and the handler uses nothing
 * of the C library, because the segment of the library's thread-local storage may be spoiled.
 */
#pragma once

#include "child.h"

#include <ucontext.h>

#define PIECE(name, before, at) \
	__asm__(".pushsection .text\n" #name ":\n\t" before "\n" #name "_at:\n\t" at \
		"\n\tret\n.popsection\n"); \
	extern const unsigned char name[], name##_at[]

/* Instructions that set and clear bits of EFLAGS, by the stack. */
#define SET_FLAGS(bits) "pushfl; orl $" #bits ", (%esp); popfl;"
#define CLEAR_FLAGS(bits) "pushfl; andl $~" #bits ", (%esp); popfl;"

#define FLAG_TF 0x100u
#define FLAG_IF 0x200u
#define FLAG_DF 0x400u
#define FLAG_NT 0x4000u
#define FLAG_AC 0x40000u
#define FLAG_ID 0x200000u
#define FLAGS_STATUS 0x8d5u /* CF PF AF ZF SF OF */

enum vector {
	V_DIVIDE = 0,
	V_DEBUG = 1,
	V_BREAKPOINT = 3,
	V_OVERFLOW = 4,
	V_BOUND = 5,
	V_OPCODE = 6,
	V_SEGMENT = 11,
	V_STACK = 12,
	V_PROTECTION = 13,
	V_PAGE = 14,
	V_X87 = 16,
	V_ALIGNMENT = 17,
	V_SIMD = 19,
};

/* What a piece came to: signo is 0 if it returned. */
struct outcome {
	int signo, code;
	unsigned long addr; /* si_addr */
	unsigned long reg[NGREG]; /* what the handler's context says, by REG_* of ucontext.h */
};

static volatile struct outcome piece_outcome;

/* What run_piece was entered with, for the way back. */
unsigned piece_stack, piece_fs, piece_gs, piece_ds;
const unsigned piece_mxcsr = 0x1f80;
extern const unsigned char piece_back[];
void piece_call(const void *fn);

__asm__(".pushsection .text\n"
	"piece_call:\n"
	"	pushl %ebp; pushl %ebx; pushl %esi; pushl %edi\n"
	"	movl %esp, piece_stack\n"
	"	movl %ds, %eax; movl %eax, piece_ds\n"
	"	movl %fs, %eax; movl %eax, piece_fs\n"
	"	movl %gs, %eax; movl %eax, piece_gs\n"
	"	call *20(%esp)\n"
	"piece_back:\n" /* here a piece returns, and a signal's handler */
	"	movl %ss, %eax; movl %eax, %ds; movl %eax, %es\n"
	"	movl piece_stack, %esp\n"
	"	movl piece_fs, %eax; movl %eax, %fs\n"
	"	movl piece_gs, %eax; movl %eax, %gs\n"
	"	pushl $0x202; popfl\n"
	"	fninit; ldmxcsr piece_mxcsr\n"
	"	popl %edi; popl %esi; popl %ebx; popl %ebp\n"
	"	ret\n"
	".popsection\n");

static void piece_leave(ucontext_t *uc)
{
	greg_t *reg = uc->uc_mcontext.gregs;

	reg[REG_EIP] = (greg_t)piece_back;
	reg[REG_ESP] = (greg_t)piece_stack;
	reg[REG_EFL] = 0x202;
	reg[REG_DS] = reg[REG_ES] = reg[REG_SS] = (greg_t)piece_ds;
	reg[REG_FS] = (greg_t)piece_fs;
	reg[REG_GS] = (greg_t)piece_gs;
}

static void piece_signal(int signo, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;

	piece_outcome.signo = signo;
	piece_outcome.code = si->si_code;
	piece_outcome.addr = (unsigned long)si->si_addr;
	for (int i = 0; i < NGREG; i++)
		piece_outcome.reg[i] = (unsigned long)uc->uc_mcontext.gregs[i];
	piece_leave(uc);
}

/* Handles the signals of exceptions by `fn`, on a stack of its own. */
TAP_FN void take_exceptions(void (*fn)(int, siginfo_t *, void *))
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
	static unsigned char *stack;
	struct sigaction act = {.sa_sigaction = fn, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	if (!stack) {
		stack = must_map(16 * PS, RW, ANON, -1, 0);
		stack_t alt = {.ss_sp = stack, .ss_size = 16 * PS};

		sigaltstack(&alt, NULL);
	}
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		sigaction(signals[i], &act, NULL);
}

/* Runs a piece; signals must be taken by piece_signal, or a handler that ends with piece_leave. */
TAP_FN struct outcome run_piece(const void *fn)
{
	struct outcome o;

	piece_outcome.signo = 0;
	piece_call(fn);
	memcpy(&o, (const void *)&piece_outcome, sizeof o);
	return o;
}

/* Says what an outcome was if it is not `good`. */
TAP_FN bool judge(bool good, const char *name, const struct outcome *o)
{
	if (!good) {
		tap.bad++;
		diag("  %s: signal %d code %d address 0x%lx, vector %ld error 0x%lx", name,
			o->signo, o->code, o->addr, (long)o->reg[REG_TRAPNO], o->reg[REG_ERR]);
	}
	return good;
}

/* An exception that names no address: the code is SI_KERNEL. `error` is the processor's code. */
TAP_FN bool want_exception_of(
	const char *name, const void *fn, const void *eip, int signo, int vector, unsigned error)
{
	struct outcome o = run_piece(fn);

	return judge(o.signo == signo && o.code == SI_KERNEL && o.addr == 0 &&
			o.reg[REG_EIP] == (unsigned long)eip &&
			o.reg[REG_TRAPNO] == (unsigned)vector && o.reg[REG_ERR] == error,
		name, &o);
}

/* One that names the instruction's address, with a code of its signal. */
TAP_FN bool want_instruction_of(
	const char *name, const void *fn, const void *eip, int signo, int code, int vector)
{
	struct outcome o = run_piece(fn);

	return judge(o.signo == signo && o.code == code && o.addr == (unsigned long)eip &&
			o.reg[REG_EIP] == (unsigned long)eip &&
			o.reg[REG_TRAPNO] == (unsigned)vector && o.reg[REG_ERR] == 0,
		name, &o);
}

/* The piece returns. */
TAP_FN bool want_nothing_of(const char *name, const void *fn)
{
	struct outcome o = run_piece(fn);

	return judge(o.signo == 0, name, &o);
}

#define want_exception(piece, past, signo, vector, error) \
	want_exception_of(#piece, piece, piece##_at + (past), (signo), (vector), (error))
#define want_instruction(piece, signo, code, vector) \
	want_instruction_of(#piece, piece, piece##_at, (signo), (code), (vector))
#define want_protection(piece, error) want_exception(piece, 0, SIGSEGV, V_PROTECTION, (error))
#define want_nothing(piece) want_nothing_of(#piece, piece)

PIECE(read_by_null, "xorl %eax, %eax; movl %eax, %fs", "movl %fs:piece_stack, %eax");

/* Does the processor judge accesses by their segment? QEMU's own takes the base and that is all. */
TAP_FN bool segments_judged(void)
{
	return run_piece(read_by_null).signo != 0;
}

#define NOT_JUDGED "the processor does not judge by segments"
