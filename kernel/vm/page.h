/*
 * Physical memory: one struct page a frame, the buddy allocator, the per-CPU caches before it.
 *
 * A frame belongs to exactly one owner, named by its kind, and the owner's fields in the union are
 * the owner's to use. Letters: (c) constant while allocated, (a) atomic, (o) the object's lock, (O)
 * the page's busy token, (p) the pmap's lock, (z) the allocator.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"
#include "arch/mmu.h"
#include "machine/param.h"
#include "vm/site.h"

#define PAGE_SIZE (1ul << PAGE_SHIFT)
#define PAGE_MASK (PAGE_SIZE - 1)
#define PAGE_ORDERS 14 /* largest block: 2^13 pages, 32 MiB */

enum page_kind {
	PAGE_RESERVED, /* firmware, kernel image, holes: never allocated */
	PAGE_FREE,     /* in the buddy allocator or a per-CPU cache */
	PAGE_KERNEL,   /* whoever called page_alloc */
	PAGE_SLAB,     /* a slab cache */
	PAGE_BIG,      /* a large block of kmalloc */
	PAGE_PTABLE,   /* a page table */
	PAGE_ANON,     /* a private page: ref counts the anon leaves that point here */
	PAGE_OBJ,      /* a page of an object: ref 1 for the object and 1 a pin */
	PAGE_KINDS,
};

enum page_flags {
	PAGE_BUSY = 1 << 0,       /* (O) somebody does I/O on it or changes its identity */
	PAGE_WANTED = 1 << 1,     /* somebody waits for busy to end */
	PAGE_REFERENCED = 1 << 2, /* (o) used since reclaim last looked */
	PAGE_FETCHABLE = 1 << 3,  /* instruction fetch sees the contents on every CPU */
	PAGE_BUDDY = 1 << 4,      /* (z) first page of a block in the buddy allocator's lists */
	PAGE_TAIL = 1 << 5,       /* (c) in an allocated block, not its first page */
};

struct obj;

struct page {
	union {
		struct {
			u8 kind;   /* (c) enum page_kind */
			u8 order;  /* (c) of the block that begins here */
			u16 flags; /* (a) enum page_flags; change with page_set_flags and
				      page_clear_flags */
		};
		u32 state; /* the three as one word, for atomic operations */
	};
	union {
		u32 ref;       /* (a) */
		u32 last_kind; /* free: what it was */
	};
	union {
		struct {
			struct obj *obj; /* (o) NULL once truncated away */
			ulong index;     /* (c) page index in obj */
		};
		struct {
			struct kmem_cache *slab_cache; /* (c) in every page of a slab */
			void *slab_free; /* first page: free objects; ref counts those in use */
		};
		struct {
			u32 entries; /* (p) valid or parked entries in this table */
		};
		struct {
			union {
				/* large block, first page: (a) bytes requested until it is given back, then 0 */
				u32 live;
				const struct code_site *free_site; /* free: who freed it */
			};
			/* large block, first page: who allocated it; still there when it is free */
			struct alloc_site *block_site;
		};
	};
	struct list link; /* (z) buddy list; otherwise the owner's */
};

/* Flags of the allocation functions, here and in kmalloc.h. */
enum alloc_flags {
	ALLOC_ZERO = 1 << 0, /* fill with zeros */
	ALLOC_WAIT = 1 << 1, /* no spin lock is held: may sleep to make room before failing */
	/* for a page of a file: may take the place of the last other ones */
	ALLOC_CACHE = 1 << 2,
};

/*
 * Build the frame array and the free lists from what vm/ram.h lists. Boot only, once; the direct
 * map works. Panics if the array does not fit.
 */
void page_init(void);

/*
 * Allocate 2^order contiguous pages, aligned to their size; kind becomes PAGE_KERNEL, ref 1 (of the
 * first page), flags 0. NULL if there is no memory. Any context, interrupts included (without
 * ALLOC_WAIT).
 */
#define page_alloc(order, flags) page_alloc_at(order, flags, ALLOC_SITE(SITE_PAGE))
struct page *page_alloc_at(unsigned order, unsigned flags, struct alloc_site *site);
/*
 * Give a block back; ref is ignored. Any context. A page that is not allocated, or not so, panics
 * with the frame's history.
 */
#define page_free(p, order) page_free_at(p, order, FREE_SITE)
void page_free_at(struct page *p, unsigned order, const struct code_site *site);

static inline void page_hold(struct page *p)
{
	__atomic_fetch_add(&p->ref, 1, __ATOMIC_RELAXED);
}
/* Drop a reference to a single page; the last one frees it. */
#define page_put(p) page_put_at(p, FREE_SITE)
void page_put_at(struct page *p, const struct code_site *site);

/* Page frame <-> physical address <-> the kernel's direct map. page_of needs an address inside RAM.
 */
extern struct page *page_array; /* frame page_array_base onwards */
extern ulong page_array_base;
extern ulong page_array_count;

static inline ulong page_frame(const struct page *p)
{
	return (ulong)(p - page_array) + page_array_base;
}
static inline paddr_t page_paddr(const struct page *p)
{
	return (paddr_t)page_frame(p) << PAGE_SHIFT;
}
static inline struct page *page_of(paddr_t pa)
{
	return page_array + ((ulong)(pa >> PAGE_SHIFT) - page_array_base);
}
/* Does a struct page stand for it? */
static inline bool page_is_ram(paddr_t pa)
{
	return (pa >> PAGE_SHIFT) - page_array_base < page_array_count;
}
/* Where the kernel sees the frame. */
static inline void *page_addr(const struct page *p)
{
	return phys_to_virt(page_paddr(p));
}

/* Set or clear flags (enum page_flags) atomically; the value is what they were before. */
static inline unsigned page_set_flags(struct page *p, unsigned flags)
{
	return __atomic_fetch_or(&p->state, (u32)flags << 16, __ATOMIC_ACQ_REL) >> 16;
}
static inline unsigned page_clear_flags(struct page *p, unsigned flags)
{
	return __atomic_fetch_and(&p->state, ~((u32)flags << 16), __ATOMIC_ACQ_REL) >> 16;
}

/* The wait for a busy page. */
/* Take the busy token; false if somebody has it. */
static inline bool page_trybusy(struct page *p)
{
	return !(page_set_flags(p, PAGE_BUSY) & PAGE_BUSY);
}
/* Give the token back and wake those who wait for it. */
void page_unbusy(struct page *p);
/*
 * Sleep until p is not busy (it may be busy again at once). The caller holds a reference and no
 * lock of rank MM or above.
 */
void page_wait_busy(struct page *p);

struct page_stats {
	ulong total, free; /* pages the allocator was given; those not allocated, per-CPU caches
			      included */
	ulong kernel, slab, ptable, anon, obj; /* pages in use by kind; slab: all of kmalloc's */
};
void page_get_stats(struct page_stats *s);
ulong page_free_count(void);
/*
 * Free blocks of each order, but for the single pages that CPUs keep. Takes no lock: exact while
 * nobody allocates.
 */
void page_free_blocks(ulong blocks[PAGE_ORDERS]);
ulong page_total_count(void); /* what the allocator was given at boot */
/* Change the kind of an allocated page, keeping the statistics right. */
void page_set_kind(struct page *p, enum page_kind kind);
/*
 * Give the calling CPU's cache back to the buddy allocator, so that its pages can join into larger
 * blocks.
 */
void page_drain(void);
/*
 * Recount: free blocks are whole, aligned, on their list and joined as far as they can be (a panic if
 * not); pages of each kind are as many as counted. False if the counts differ, as they may for a
 * moment while other CPUs allocate or free: then once more.
 */
bool page_check(void);
