/*
 * What an address space may have: the figures that say what it has, and the limits they are held
 * to. mm->lock is held throughout; for writing where figures change.
 *
 * Two kinds of limits. The soft resource limits of the process that makes the call (RLIMIT_AS,
 * DATA, MEMLOCK, STACK; they bind the superuser too), and the rule about promises: memory that the
 * kernel would have to find for stores (writable private memory, shared anonymous memory) is
 * promised without counting what was promised before, but one request for more than there is RAM is
 * refused, unless MAP_NORESERVE asks for it.
 */
#pragma once

#include "lib/types.h"

struct mm;
struct vma;

enum limit {
	LIMIT_STACK, /* size of a growing mapping */
	LIMIT_DATA, /* writable private memory, stacks aside */
	LIMIT_TOTAL, /* everything mapped */
	LIMIT_LOCKED,
};

/*
 * A limit of the calling process, in bytes; ~0ul if it has none. Needs no lock. The kernel's is in
 * proc/process.c.
 */
ulong limit_bytes(enum limit which);

/* `pages` pages with v's rights and flags were added to mm, or taken away (negative). */
void limit_count(struct mm *mm, const struct vma *v, long pages);
/* v is about to get these rights and flags. */
void limit_count_change(struct mm *mm, const struct vma *v, unsigned prot, unsigned flags);
/* The child has copies of all mappings, none of them locked. */
void limit_fork(struct mm *child, const struct mm *parent);
/* The address space ends. */
void limit_end(const struct mm *mm);

/*
 * May mm have `pages` more pages with these rights and VMA_ flags, in the place of `replaced` pages
 * that go? 0, or -ENOMEM: over RLIMIT_AS, RLIMIT_DATA, or a promise that cannot be kept.
 */
int limit_map(const struct mm *mm, ulong pages, ulong replaced, unsigned prot, unsigned vma_flags);
/*
 * May v, which is private, become writable on `pages` of its pages? As limit_map; pages that count
 * as data already may.
 */
int limit_make_writable(const struct mm *mm, const struct vma *v, ulong pages);
/*
 * May mm have `pages` more pages locked, as a mapping with these flags would? False: over
 * RLIMIT_MEMLOCK. Pages without VMA_LOCKED always may.
 */
bool limit_lock(const struct mm *mm, ulong pages, unsigned vma_flags);

/* May so many pages be promised at once? */
bool limit_promise(ulong pages);
/* Shared anonymous memory: count a promise of `pages`, or its end (negative). No lock needed. */
void limit_count_promised(long pages);

struct limit_stats {
	ulong promised, locked; /* pages, of all address spaces */
};
void limit_get_stats(struct limit_stats *s);
