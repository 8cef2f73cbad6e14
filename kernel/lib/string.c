/*
 * memcpy and its kin for a kernel without a C library; the compiler calls them too.
 *
 * The copies work in machine words, eight to a turn of the loop: loads first, then stores, so that
 * neither waits for the other. When source and destination differ in alignment, the source is read
 * in aligned words of which two at a time are shifted together: machines may trap on unaligned
 * access. That reads up to a word's alignment around the source's ends, never beyond the aligned
 * words that hold its first and last byte.
 */
#include "lib/string.h"

/* The compiler must not recognise these loops as what they implement, and call them for it. */
#ifndef __clang__
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

typedef ulong word __attribute__((may_alias));

#define WORD sizeof(word)
#define BLOCK (8 * WORD)
#define MISALIGNED(p) ((uintptr_t)(p) & (WORD - 1))

/* Copy whole words upwards, both pointers aligned. */
static void copy_words_up(word *d, const word *s, size_t n)
{
	for (; n >= BLOCK; n -= BLOCK, d += 8, s += 8) {
		word a0 = s[0], a1 = s[1], a2 = s[2], a3 = s[3];
		word a4 = s[4], a5 = s[5], a6 = s[6], a7 = s[7];

		d[0] = a0, d[1] = a1, d[2] = a2, d[3] = a3;
		d[4] = a4, d[5] = a5, d[6] = a6, d[7] = a7;
	}
	for (; n >= WORD; n -= WORD)
		*d++ = *s++;
}

/*
 * The same from a source that is `skew` (not 0) bytes past a word boundary; s points at that
 * boundary.
 */
static void merge_words_up(word *d, const word *s, size_t n, unsigned skew)
{
	unsigned low = skew * 8, high = (WORD - skew) * 8;
	word carry = *s++;

	for (; n >= 4 * WORD; n -= 4 * WORD, d += 4, s += 4) {
		word a0 = s[0], a1 = s[1], a2 = s[2], a3 = s[3];

		d[0] = carry >> low | a0 << high;
		d[1] = a0 >> low | a1 << high;
		d[2] = a1 >> low | a2 << high;
		d[3] = a2 >> low | a3 << high;
		carry = a3;
	}
	for (; n >= WORD; n -= WORD) {
		word next = *s++;

		*d++ = carry >> low | next << high;
		carry = next;
	}
}

/*
 * Copy upwards. If the areas overlap, d lies at least a block below s: reads run ahead of writes by
 * less.
 */
static inline void copy_up(u8 *d, const u8 *s, size_t n)
{
	if (n >= 2 * WORD) {
		size_t whole;
		unsigned skew;

		for (; MISALIGNED(d); n--)
			*d++ = *s++;
		whole = ALIGN_DOWN(n, WORD);
		skew = MISALIGNED(s);
		if (skew == 0)
			copy_words_up((word *)d, (const word *)s, whole);
		else
			merge_words_up((word *)d, (const word *)(s - skew), whole, skew);
		d += whole;
		s += whole;
		n -= whole;
	}
	while (n--)
		*d++ = *s++;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	copy_up(dst, src, n);
	return dst;
}

/* Copy downwards, for a destination that overlaps the source from above. */
static void copy_down(u8 *d, const u8 *s, size_t n)
{
	d += n;
	s += n;
	if (n >= 2 * WORD && MISALIGNED(d) == MISALIGNED(s)) {
		for (; MISALIGNED(d); n--)
			*--d = *--s;
		for (; n >= 4 * WORD; n -= 4 * WORD) {
			word a0, a1, a2, a3;

			d -= 4 * WORD;
			s -= 4 * WORD;
			a0 = ((const word *)s)[0], a1 = ((const word *)s)[1];
			a2 = ((const word *)s)[2], a3 = ((const word *)s)[3];
			((word *)d)[0] = a0, ((word *)d)[1] = a1;
			((word *)d)[2] = a2, ((word *)d)[3] = a3;
		}
	}
	while (n--)
		*--d = *--s;
}

void *memmove(void *dst, const void *src, size_t n)
{
	u8 *d = dst;
	const u8 *s = src;

	if ((uintptr_t)d - (uintptr_t)s >= n) {
		if ((uintptr_t)s - (uintptr_t)d >= BLOCK)
			copy_up(d, s, n);
		else
			while (n--)
				*d++ = *s++;
	} else {
		copy_down(d, s, n);
	}
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	u8 *d = dst;

	if (n >= 2 * WORD) {
		word w = (u8)c * (~(word)0 / 0xff);
		word *p;

		for (; MISALIGNED(d); n--)
			*d++ = (u8)c;
		p = (word *)d;
		for (; n >= BLOCK; n -= BLOCK, p += 8) {
			p[0] = w, p[1] = w, p[2] = w, p[3] = w;
			p[4] = w, p[5] = w, p[6] = w, p[7] = w;
		}
		for (; n >= WORD; n -= WORD)
			*p++ = w;
		d = (u8 *)p;
	}
	while (n--)
		*d++ = (u8)c;
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	if (MISALIGNED(x) == 0 && MISALIGNED(y) == 0) {
		for (; n >= WORD && *(const word *)x == *(const word *)y; n -= WORD) {
			x += WORD;
			y += WORD;
		}
	}
	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const u8 *p = s;

	for (; n; n--, p++)
		if (*p == (u8)c)
			return (void *)p;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	return (int)(u8)*a - (int)(u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; n--, a++)
		b++;
	return n ? (int)(u8)*a - (int)(u8)*b : 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (*s == '\0')
			return NULL;
	return (char *)s;
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	do {
		if (*s == (char)c)
			found = s;
	} while (*s++);
	return (char *)found;
}
