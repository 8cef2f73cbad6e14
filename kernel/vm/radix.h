/*
 * A sparse array of pointers: a radix tree with 64 slots a node, its height grown to fit the
 * largest index. Used for a file's pages and for numbered things elsewhere in the kernel
 * (processes, descriptors).
 *
 * One mark bit an entry can be set and searched for (dirty pages). The caller locks. Nothing
 * sleeps; nodes come from a slab cache.
 */
#pragma once

#include "lib/types.h"

#define RADIX_BITS 6
#define RADIX_SLOTS (1u << RADIX_BITS)

struct radix_node;

struct radix {
	struct radix_node *root;
	u8 height;   /* levels; 0 when empty */
	ulong count; /* non-NULL entries */
};

#define RADIX_NONE (~0ul)

void radix_module_init(void); /* creates the cache of nodes */
void radix_init(struct radix *r);
/* NULL if nothing is there. */
void *radix_get(const struct radix *r, ulong index);
/*
 * The slots from index on that lie side by side, at most *n (> 0) of them; *n says how many. A slot
 * holds an entry or NULL; the value NULL stands for so many empty ones. Good until r is changed.
 */
void *const *radix_run(const struct radix *r, ulong index, unsigned *n);
/*
 * Put item (not NULL) at index (not RADIX_NONE), replacing and unmarking what is there. -ENOMEM if
 * a node cannot be had; nothing has changed then.
 */
int radix_set(struct radix *r, ulong index, void *item);
/* Take out and return what is at index (NULL if nothing); empty nodes are freed. */
void *radix_remove(struct radix *r, ulong index);
/*
 * The first entry at *index or above, *index becoming its index; NULL if there is none (then *index
 * is RADIX_NONE).
 */
void *radix_next(const struct radix *r, ulong *index);
/* The same among marked entries. */
void *radix_next_marked(const struct radix *r, ulong *index);
/* There is an entry at index. */
void radix_mark(struct radix *r, ulong index);
void radix_unmark(struct radix *r, ulong index);
bool radix_marked(const struct radix *r, ulong index);
/* The lowest index >= from with no entry. */
ulong radix_first_free(const struct radix *r, ulong from);
/* Free all nodes; the entries are the caller's affair. r is empty afterwards. */
void radix_clear(struct radix *r);
