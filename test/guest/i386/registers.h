/*
 * All of a program's registers at once, on top of piece.h: filled before the instructions of a
 * test, stored behind them, and compared.
 */
#pragma once

#include "piece.h"

/*
 * FILL_REGISTERS loads all registers from held.in, STORE_REGISTERS stores them to held.out. The
 * stack pointer is one of them: what is between must not rely on a stack. Segments ES, FS and GS
 * are the test's to choose, DS must be the program's.
 */
enum { R_EAX, R_ECX, R_EDX, R_EBX, R_ESP, R_EBP, R_ESI, R_EDI, R_FLAGS, R_ES, R_FS, R_GS, NREGS };
static const char *const register_names[] = {
	"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eflags", "es", "fs", "gs"};
struct {
	unsigned in[NREGS], out[NREGS];
} held;

#define FILL_REGISTERS \
	"movl held + 36, %eax; movl %eax, %es; movl held + 40, %eax; movl %eax, %fs;" \
	"movl held + 44, %eax; movl %eax, %gs; pushl held + 32; popfl;" \
	"movl held, %eax; movl held + 4, %ecx; movl held + 8, %edx; movl held + 12, %ebx;" \
	"movl held + 16, %esp; movl held + 20, %ebp; movl held + 24, %esi; movl held + 28, %edi;"
#define STORE_REGISTERS \
	"movl %eax, held + 48; movl %ecx, held + 52; movl %edx, held + 56;" \
	"movl %ebx, held + 60; movl %esp, held + 64; movl %ebp, held + 68;" \
	"movl %esi, held + 72; movl %edi, held + 76; movl piece_stack, %esp;" \
	"leal -64(%esp), %esp; pushfl; popl %eax; movl %eax, held + 80; movl %es, %eax;" \
	"movl %eax, held + 84; movl %fs, %eax; movl %eax, held + 88; movl %gs, %eax;" \
	"movl %eax, held + 92; leal 60(%esp), %esp"

TAP_FN void fill_registers(void)
{
	unsigned flags;

	for (int i = R_EAX; i <= R_EDI; i++)
		held.in[i] = 0x11110000u * (unsigned)(i + 1) + 0xa5;
	__asm__("pushfl; popl %0" : "=r"(flags));
	held.in[R_FLAGS] = flags | FLAGS_STATUS;
	__asm__("movl %%es, %0" : "=r"(held.in[R_ES]));
	__asm__("movl %%es, %0" : "=r"(held.in[R_FS]));
	__asm__("movl %%gs, %0" : "=r"(held.in[R_GS]));
	memset(held.out, 0xee, sizeof held.out);
}

/* All but those of a bit in `except` came out as they went in. */
TAP_FN bool registers_held(unsigned except)
{
	bool good = true;

	for (int i = 0; i < NREGS; i++) {
		if (held.in[i] == held.out[i] || (except & 1u << i))
			continue;
		diag("  %s was 0x%x and is 0x%x", register_names[i], held.in[i], held.out[i]);
		good = false;
	}
	return good;
}
