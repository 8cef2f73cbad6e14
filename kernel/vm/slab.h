/*
 * What slab.c, which hands objects out, and slabcheck.c, which looks after them, share: see the
 * essay at the top of slab.c.
 *
 * In a checked kernel (CHECKED, vm/inject.h) a *tag* follows each object: the requested size, who
 * allocated and freed it and through which calls, and the link of the free list. The bytes between the requested size and
 * the tag, and the whole of a free object, hold patterns, which are looked at when the object is
 * freed, when it is allocated again, and by kmem_check.
 */
#pragma once

#include "lib/list.h"
#include "lib/lock.h"
#include "lib/printf.h"
#include "vm/inject.h"
#include "vm/kmalloc.h"

#define GRAIN_SHIFT 4 /* live bits stand for 16 bytes each; objects are aligned so */
#define GRAIN (1ul << GRAIN_SHIFT)
#define BITS_PER_WORD (8 * sizeof(ulong))

#define MAGAZINE_MAX 29u /* makes struct magazine 256 bytes on 64-bit machines */

struct magazine {
	ulong count, capacity;
	struct magazine *next; /* in a depot */
	void *object[MAGAZINE_MAX];
};

/*
 * One CPU's magazines of one cache. The loaded one's objects lie in [bottom, top), it is full when
 * top reaches `end`, and its count is out of date. A CPU that has no magazines yet has three equal
 * pointers, which looks both empty and full.
 */
struct cache_cpu {
	void **top, **bottom, **end;
	struct magazine *loaded, *previous; /* NULL: none yet */
} ALIGNED(64);

struct kmem_cache {
	struct cache_cpu cpu[MAX_CPUS]; /* by its CPU, interrupts off */
	/* constant */
	size_t size;     /* of an object as its user sees it */
	size_t step;     /* from one object to the next */
	size_t first;    /* offset of the first object in a slab */
	size_t link;     /* offset in a free object of the free list's link */
	ulong slab_mask; /* bytes of a slab - 1 */
	unsigned order;  /* pages of a slab, as a power of two */
	u32 per_slab;    /* objects */
	u32 capacity;    /* of its magazines; 0: it has none */
	bool internal;   /* the allocator's own, in nobody's accounts */
	const char *name;
	struct kmem_cache *next; /* in the list of all caches */
	/* by lock */
	struct spinlock lock;
	struct list partial; /* slabs with objects free, by page->link; wholly free ones last */
	u32 empty;           /* wholly free slabs among them */
	ulong slabs;
	ulong idle;                      /* objects free in slabs */
	struct magazine *full, *drained; /* the depot */
	u32 full_count;
};

extern struct kmem_cache *all_caches; /* (a) only grows */

/* What page_at needs to know of the frame array, in one place. */
struct frames {
	ulong start, bytes; /* where the direct map shows the frames that have a struct page */
	struct page *array;
};
extern struct frames frames; /* constant after boot */


#define POISON_FREE 0x6b /* in free objects */
#define POISON_TAIL 0xbb /* behind the requested size */

#define TRACE 6u /* calls that are remembered, the allocator's own among them */

struct tag {
	u32 state; /* (a) next to the object, so that a store past its end changes it */
	u16 requested;
	u16 turn; /* (a) changes with each allocation */
	void *link; /* free: the next free object of the slab */
	struct alloc_site *allocated;  /* the last time */
	const struct code_site *freed; /* the last time, or NULL */
	ulong allocated_in[TRACE], freed_in[TRACE]; /* the calls that led there */
};

#define TAG_SIZE ALIGN_UP(sizeof(struct tag), GRAIN)
#define TAG_LINK offsetof(struct tag, link)

/*
 * Of a checked kernel's objects: in a new slab; about to be handed out for n bytes, not yet live;
 * given back, no longer live and not yet free for others. What is found damaged is reported,
 * one line each, and put right. Any context.
 */
void tag_init(struct kmem_cache *c, void *object);
void tag_alloc(struct kmem_cache *c, void *object, size_t n, struct alloc_site *site);
void tag_free(struct kmem_cache *c, void *object, const struct code_site *site);
/* The bytes of a live object that its user may use. */
size_t tag_usable(const struct kmem_cache *c, const void *object);
/*
 * The same for blocks of whole pages, as they are handed out, and before they are given back: n was
 * requested.
 */
void big_tag_alloc(struct page *block, size_t n);
void big_tag_free(struct page *block, size_t n, const struct code_site *site);

/* --- live bits --- */

/* The word that has the live bit of the 16 bytes at address p, and the bit in it. */
static inline ulong *live_word(const struct kmem_cache *c, ulong p, ulong *bit)
{
	ulong offset = p & c->slab_mask;

	*bit = 1ul << (offset >> GRAIN_SHIFT) % BITS_PER_WORD;
	return (ulong *)(p - offset) + (offset >> GRAIN_SHIFT) / BITS_PER_WORD;
}

static inline void make_live(const struct kmem_cache *c, void *object)
{
	ulong bit, *word = live_word(c, (ulong)object, &bit);
	ulong old = __atomic_fetch_or(word, bit, __ATOMIC_RELAXED);

	DEBUG_ASSERT(!(old & bit));
}

/* False if the object was not live. */
static inline bool make_dead(const struct kmem_cache *c, void *object)
{
	ulong bit, *word = live_word(c, (ulong)object, &bit);

	return __atomic_fetch_and(word, ~bit, __ATOMIC_RELAXED) & bit;
}

static inline bool is_live(const struct kmem_cache *c, const void *object)
{
	ulong bit, *word = live_word(c, (ulong)object, &bit);

	return __atomic_load_n(word, __ATOMIC_RELAXED) & bit;
}

/* --- from an address to its page --- */

/* Does the direct map show a frame at this kernel address, which may be anything? */
static inline bool has_page(const void *p)
{
	return (ulong)p - frames.start < frames.bytes;
}

/* The struct page of an address that has one. */
static inline struct page *page_at(const void *p)
{
	return frames.array + (((ulong)p - frames.start) >> PAGE_SHIFT);
}
