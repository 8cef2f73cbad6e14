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
/* NULL if there is no memory. flags: enum alloc_flags. */
void *kmem_alloc(struct kmem_cache *c, unsigned flags);
/* obj is a live object of c; anything else has no effect but a line on the log, as with kmfree. */
void kmem_free(struct kmem_cache *c, void *obj);

/*
 * n usable bytes, 1 to KMALLOC_MAX; powers of two are aligned to their size up to a page.
 * kmalloc(0) is NULL. More than KMALLOC_MAX: NULL and one warning line. Contents undefined without
 * ALLOC_ZERO.
 */
void *kmalloc(size_t n, unsigned flags);
static inline void *kzalloc(size_t n, unsigned flags)
{
	return kmalloc(n, flags | ALLOC_ZERO);
}
/* n elements of size bytes, zeroed; NULL if the product overflows. */
void *kcalloc(size_t n, size_t size, unsigned flags);
/* As C11's realloc, except that size 0 frees and returns NULL. On failure NULL, and p stays valid.
 */
void *krealloc(void *p, size_t n, unsigned flags);
/* The usable size of a live block; 0 for NULL. */
size_t ksize(const void *p);
/*
 * Give a block back. NULL does nothing. A pointer that is no live block has no effect but one line
 * on the log: `double free` or `invalid free`, with the pointer and what is known about it.
 */
void kmfree(void *p);

struct kmem_stats {
	size_t bytes; /* in live blocks, kmalloc and caches together */
	size_t blocks;
	size_t pages; /* held by slabs and big blocks */
};
void kmem_get_stats(struct kmem_stats *s);
/* Call fn for every cache: name, object size, live objects, objects in all slabs, pages. */
void kmem_for_each(void (*fn)(void *arg, const char *name, size_t size, size_t live, size_t total,
			   size_t pages),
	void *arg);
/*
 * Empty this CPU's magazines and all depots, and give free slabs back. Any context with no spin
 * lock held.
 */
void kmem_drain(void);
void kmem_init(void);
