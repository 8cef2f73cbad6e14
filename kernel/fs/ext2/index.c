/*
 * An index of a large directory's names, in memory only: hash -> number of the block the name is
 * in.
 *
 * A hash table with linear probing, at most three quarters full. A name that is removed leaves a
 * mark that a search passes over; the marks go when the table is made anew. A directory can do
 * without its index at any time: it is searched block by block then.
 */
#include "fs/ext2/ext2.h"

#include "vm/kmalloc.h"

struct index_slot {
	u32 hash;
	u32 block; /* plus 2; 0: empty, 1: removed */
};

#define SLOT_EMPTY 0u
#define SLOT_REMOVED 1u
#define SLOT_BLOCK 2u
#define SIZE_FIRST 256u
#define SIZE_MAX_SLOTS (u32)(KMALLOC_MAX / sizeof(struct index_slot))

bool index_begin(struct dir_index *ix)
{
	ix->slot = kcalloc(SIZE_FIRST, sizeof(*ix->slot), ALLOC_WAIT);
	ix->size = SIZE_FIRST;
	ix->used = 0;
	return ix->slot;
}

void index_free(struct dir_index *ix)
{
	kmfree(ix->slot);
	ix->slot = NULL;
}

/* Put it in the first slot that was never used; there is one. */
static void put(struct dir_index *ix, u32 hash, u32 block)
{
	u32 i = hash & (ix->size - 1);

	while (ix->slot[i].block != SLOT_EMPTY)
		i = (i + 1) & (ix->size - 1);
	ix->slot[i] = (struct index_slot){hash, block};
	ix->used++;
}

/* A fresh table with room for half as many again; without the marks of what was removed. */
static bool renew(struct dir_index *ix)
{
	struct index_slot *old = ix->slot;
	u32 size = ix->size, live = 0;

	for (u32 i = 0; i < size; i++)
		live += old[i].block >= SLOT_BLOCK;
	while (ix->size / 2 <= live)
		ix->size *= 2;
	ix->slot = ix->size <= SIZE_MAX_SLOTS ? kcalloc(ix->size, sizeof(*ix->slot), ALLOC_WAIT)
					      : NULL;
	ix->used = 0;
	for (u32 i = 0; ix->slot && i < size; i++)
		if (old[i].block >= SLOT_BLOCK)
			put(ix, old[i].hash, old[i].block);
	kmfree(old);
	return ix->slot;
}

void index_add(struct dir_index *ix, u32 hash, u32 block)
{
	if (!ix->slot)
		return;
	if (ix->used >= ix->size / 4 * 3 && !renew(ix))
		return;
	put(ix, hash, block + SLOT_BLOCK);
}

void index_remove(struct dir_index *ix, u32 hash, u32 block)
{
	if (!ix->slot)
		return;
	for (u32 i = hash & (ix->size - 1); ix->slot[i].block != SLOT_EMPTY;
		i = (i + 1) & (ix->size - 1)) {
		if (ix->slot[i].hash == hash && ix->slot[i].block == block + SLOT_BLOCK) {
			ix->slot[i].block = SLOT_REMOVED;
			return;
		}
	}
}

bool index_find(const struct dir_index *ix, u32 hash, u32 *probe, u32 *block)
{
	for (;;) {
		const struct index_slot *s = &ix->slot[(hash + *probe) & (ix->size - 1)];

		if (s->block == SLOT_EMPTY)
			return false;
		++*probe;
		if (s->hash == hash && s->block >= SLOT_BLOCK) {
			*block = s->block - SLOT_BLOCK;
			return true;
		}
	}
}
