/*
 * What the fuzzers share: the input as a stream of choices, and a check that ends the run.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/types.h"
#include "machine/host.h"

struct input {
	const u8 *data;
	size_t left;
};

/* 0 to 255; 0 at the end. */
static inline unsigned next_byte(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->data++;
}

/* A number below n. */
static inline ulong next_number(struct input *in, ulong n)
{
	ulong x = next_byte(in);

	if (n > 256)
		x |= (ulong)next_byte(in) << 8;
	if (n > 65536)
		x |= (ulong)next_byte(in) << 16 | (ulong)next_byte(in) << 24;
	return x % n;
}

#define CHECK(x) \
	do { \
		if (!(x)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); \
			abort(); \
		} \
	} while (0)

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
