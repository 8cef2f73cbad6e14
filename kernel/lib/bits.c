/*
 * Bit operations that a compiler calls by name on machines whose base instruction set lacks them
 * (GCC's internals manual, "Routines for integer arithmetic"). The kernel is linked without the
 * compiler's own library.
 */
#include "lib/types.h"

int __clzdi2(u64 x);
int __ctzdi2(u64 x);
int __ffsdi2(u64 x);
int __popcountdi2(u64 x);
u64 __bswapdi2(u64 x);
u32 __bswapsi2(u32 x);
int __clzsi2(u32 x);
int __ctzsi2(u32 x);

/*
 * A de Bruijn sequence of order 6: its 64 windows of 6 bits are all different, so that multiplying
 * it by a power of two brings into the top 6 bits a value that tells which one.
 */
#define DE_BRUIJN 0x03f79d71b4cb0a89ull

/* place[top 6 bits of DE_BRUIJN << n] = n */
static const u8 place[64] = { 0, 1, 48, 2, 57, 49, 28, 3, 61, 58, 50, 42, 38, 29, 17, 4, 62, 55, 59,
	36, 53, 51, 43, 22, 45, 39, 33, 30, 24, 18, 12, 5, 63, 47, 56, 27, 60, 41, 37, 16, 54, 35,
	52, 21, 44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9, 13, 8, 7, 6 };

/* The lowest bit that is set; undefined for 0. */
int __ctzdi2(u64 x)
{
	return place[((x & -x) * DE_BRUIJN) >> 58];
}

/* Zero bits above the highest one; undefined for 0. */
int __clzdi2(u64 x)
{
	/* Fill all bits below the highest, then keep that one alone. */
	x |= x >> 1;
	x |= x >> 2;
	x |= x >> 4;
	x |= x >> 8;
	x |= x >> 16;
	x |= x >> 32;
	return 63 - place[((x ^ x >> 1) * DE_BRUIJN) >> 58];
}

int __ctzsi2(u32 x)
{
	return __ctzdi2(x);
}

int __clzsi2(u32 x)
{
	return __clzdi2(x) - 32;
}

int __ffsdi2(u64 x)
{
	return x ? __ctzdi2(x) + 1 : 0;
}

/* Add up neighbouring fields of 1, 2 and 4 bits; the product then sums the bytes in its top byte.
 */
int __popcountdi2(u64 x)
{
	x -= x >> 1 & 0x5555555555555555ull;
	x = (x & 0x3333333333333333ull) + (x >> 2 & 0x3333333333333333ull);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return (int)(x * 0x0101010101010101ull >> 56);
}

u32 __bswapsi2(u32 x)
{
	x = (x & 0x00ff00ff) << 8 | (x >> 8 & 0x00ff00ff);
	return x << 16 | x >> 16;
}

u64 __bswapdi2(u64 x)
{
	x = (x & 0x00ff00ff00ff00ffull) << 8 | (x >> 8 & 0x00ff00ff00ff00ffull);
	x = (x & 0x0000ffff0000ffffull) << 16 | (x >> 16 & 0x0000ffff0000ffffull);
	return x << 32 | x >> 32;
}
