/*
 * The whole memory system against a model of what its calls mean: one record a page, no structure
 * at all.
 *
 * Several address spaces and objects live in a small window of addresses. A step chooses an
 * operation, does it both here and there, and compares: results, and every byte that is loaded.
 * What chooses is a random number generator or a fuzzer's input.
 */
#pragma once

#include "lib/types.h"

struct model;

/* Choices come from `data` until it is used up, then from a generator begun with seed. */
struct model *model_create(const u8 *data, size_t size, u32 seed);
/*
 * With `fail`: every operation is first tried with each of its allocations failing in turn, which
 * must change nothing.
 */
void model_step(struct model *m, bool fail);
/* Are all of the input's choices used up? */
bool model_done(const struct model *m);
/*
 * Compare everything: each address space's mappings, each byte that is kept track of, and the
 * system's own invariants.
 */
void model_check(struct model *m);
/* End all address spaces and objects; nothing may be left of them. */
void model_destroy(struct model *m);
