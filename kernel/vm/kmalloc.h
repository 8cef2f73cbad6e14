/*
 * The kernel's memory allocator: caches of equal objects (slabs with per-CPU magazines), and
 * kmalloc on top of them. Callable in any context, interrupts and spin locks included; never sleeps
 * unless ALLOC_WAIT is given.
 */
#pragma once

#include "vm/page.h"

#define KMALLOC_MAX (4ul << 20)

struct kmem_cache;

/*
 * A cache of objects of `size` bytes aligned to `align` (0: the natural alignment, at least 16 on
 * 64-bit and 8 on 32-bit machines). name must live on. Boot or thread context; panics if there is
 * no memory: caches are made at start.
 */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align);
/*
 * The calls that allocate and free are macros over functions that are told where the call stands in
 * the source (vm/site.h).
 *
 * kmem_alloc(c, flags): NULL if there is no memory. flags: enum alloc_flags.
 */
#define kmem_alloc(c, flags) kmem_alloc_at(c, flags, ALLOC_SITE(SITE_CACHE))
void *kmem_alloc_at(struct kmem_cache *c, unsigned flags, struct alloc_site *site);
/* obj is a live object of c; anything else has no effect but a line on the log, as with kmfree. */
#define kmem_free(c, obj) kmem_free_at(c, obj, FREE_SITE)
void kmem_free_at(struct kmem_cache *c, void *obj, const struct code_site *site);

/*
 * n usable bytes, 1 to KMALLOC_MAX; powers of two are aligned to their size up to a page.
 * kmalloc(0) is NULL. More than KMALLOC_MAX: NULL and one warning line. Contents undefined without
 * ALLOC_ZERO.
 */
#define kmalloc(n, flags) kmalloc_at(n, flags, ALLOC_SITE(SITE_KMALLOC))
void *kmalloc_at(size_t n, unsigned flags, struct alloc_site *site);
#define kzalloc(n, flags) kmalloc(n, (flags) | ALLOC_ZERO)
/* n elements of size bytes, zeroed; NULL if the product overflows. */
#define kcalloc(n, size, flags) kcalloc_at(n, size, flags, ALLOC_SITE(SITE_KMALLOC))
void *kcalloc_at(size_t n, size_t size, unsigned flags, struct alloc_site *site);
/* As C11's realloc, except that size 0 frees and returns NULL. On failure NULL, and p stays valid.
 */
#define krealloc(p, n, flags) krealloc_at(p, n, flags, ALLOC_SITE(SITE_KMALLOC))
void *krealloc_at(void *p, size_t n, unsigned flags, struct alloc_site *site);
/* The usable size of a live block; 0 for NULL. */
size_t ksize(const void *p);
/*
 * Give a block back. NULL does nothing. A pointer that is no live block has no effect but one line
 * on the log: `double free` or `invalid free`, with the pointer and what is known about it. A
 * checked kernel says so, too, of a block whose surroundings were written to.
 */
#define kmfree(p) kmfree_at(p, FREE_SITE)
void kmfree_at(void *p, const struct code_site *site);
/* p, which somebody wants to free, is no live block, or not his: say on one line what it is. */
void report_bad_free(const void *p, const struct code_site *site);
/*
 * In a checked kernel: the place that allocated the live block that begins at p, which may be any
 * value; NULL if there is none. Holds only as long as nobody frees it.
 */
const struct alloc_site *kmem_owner(const void *p);
/*
 * In a checked kernel: look at every object of every cache. What is found damaged is reported, one
 * line each; how many there were. Others may allocate and free meanwhile. No spin lock held.
 */
size_t kmem_check(void);
/* How many damaged blocks were found since boot, by whatever call. */
ulong kmem_damaged(void);

struct kmem_stats {
	size_t bytes; /* in live blocks, kmalloc and caches together */
	size_t blocks;
	size_t big_bytes; /* of bytes, those in blocks of whole pages, beyond the caches */
	size_t pages;     /* held by slabs and big blocks */
};
void kmem_get_stats(struct kmem_stats *s);
struct kmem_cache_stats {
	const char *name;
	size_t size;                        /* of an object */
	size_t live, total;                 /* objects handed out; in all slabs */
	size_t per_slab, slab_pages, slabs; /* objects and pages of one slab; slabs */
	bool internal;                      /* the allocator's own: not in struct kmem_stats' bytes */
};
/* Call fn for every cache, in the order in which they were made last. */
void kmem_for_each(void (*fn)(void *arg, const struct kmem_cache_stats *s), void *arg);
/*
 * Empty this CPU's magazines and all depots, and give free slabs back. Any context with no spin
 * lock held.
 */
void kmem_drain(void);
/* Boot only, once; pages can be had. */
void kmem_init(void);
