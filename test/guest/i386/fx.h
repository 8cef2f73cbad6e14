/*
 * The x87 and SSE registers at once, on top of piece.h: an image to load them from, and one to
 * store them to and compare.
 */
#pragma once

#include "piece.h"

/* The image FXSAVE and FXRSTOR use. */
struct fx {
	unsigned short fcw, fsw, ftw, fop;
	unsigned fip, fcs, fdp, fds, mxcsr, mask;
	unsigned char st[8][16], xmm[8][16], rest[224];
} __attribute__((aligned(16))) fx_in, fx_out;

/* A function that leaves other values in all of them. */
PIECE(fx_clobber, "",
	"fninit; fldpi; fldpi; pushl $0x3f80; ldmxcsr (%esp); popl %eax;"
	"xorps %xmm0, %xmm0; xorps %xmm1, %xmm1; xorps %xmm2, %xmm2; xorps %xmm3, %xmm3;"
	"xorps %xmm4, %xmm4; xorps %xmm5, %xmm5; xorps %xmm6, %xmm6; xorps %xmm7, %xmm7");

TAP_FN void fill_fx(unsigned seed)
{
	memset(&fx_in, 0, sizeof fx_in);
	fx_in.fcw = 0x27f; /* 53 bits of precision */
	fx_in.fsw = (unsigned short)(0x4700 | seed % 8 << 11); /* condition codes, top of stack */
	fx_in.ftw = seed & 1 ? 0xff : 0x5a; /* which registers are in use */
	fx_in.mxcsr = 0x5f80; /* rounds up */
	for (int i = 0; i < 8; i++) {
		for (int b = 0; b < 8; b++)
			fx_in.st[i][b] = pattern((size_t)(i * 8 + b), seed);
		fx_in.st[i][7] |= 0x80; /* a normal number */
		fx_in.st[i][8] = (unsigned char)(i + seed);
		fx_in.st[i][9] = 0x3f;
		for (int b = 0; b < 16; b++)
			fx_in.xmm[i][b] = pattern((size_t)(100 + i * 16 + b), seed);
	}
	memset(&fx_out, 0xee, sizeof fx_out);
}

/* All but the pointers to the last instruction and operand, which processors keep or not. */
TAP_FN bool fx_held(void)
{
	bool good = fx_in.fcw == fx_out.fcw && fx_in.fsw == fx_out.fsw && fx_in.ftw == fx_out.ftw &&
		fx_in.mxcsr == fx_out.mxcsr;

	if (!good)
		diag("  fcw 0x%x fsw 0x%x ftw 0x%x mxcsr 0x%x", fx_out.fcw, fx_out.fsw, fx_out.ftw,
			fx_out.mxcsr);
	for (int i = 0; i < 8; i++) {
		if (memcmp(fx_in.st[i], fx_out.st[i], 10) != 0) {
			diag("  st(%d) differs", i);
			good = false;
		}
		if (memcmp(fx_in.xmm[i], fx_out.xmm[i], 16) != 0) {
			diag("  xmm%d differs", i);
			good = false;
		}
	}
	return good;
}
