/*
 * Caches of objects, and kmalloc.
 *
 * 1. Slabs. A *slab* is a block of 2^order pages cut into objects of one size, all of one *cache*.
 * Its pages carry the cache in page->slab_cache; the first page also has the list of free objects
 * (linked through the objects) and, in ref, the count of those in use. Slabs with free objects are
 * on the cache's list `partial`; full ones are on none; wholly free ones go back to the page
 * allocator, but for one a cache, which saves a cache that goes up and down by one object from
 * handing a slab to and fro.
 *
 * 2. Live bits. A slab begins with a bitmap, one bit for each 16 bytes of the slab, behind it come
 * the objects. The bit of an object's first byte is set exactly while the object is *live*: handed
 * out and not given back. kmfree takes it away with one atomic operation, whose result tells a
 * proper free from any other: a second free finds the bit clear, even on another CPU at the same
 * moment, and so does an address inside an object. Nothing has been changed then but a bit that was
 * clear.
 *
 * 3. Magazines. Each CPU has two *magazines* for each cache, stacks of objects that are free but
 * not in their slabs: *loaded* and *previous*. An allocation pops from loaded, a free pushes;
 * nobody else touches a CPU's magazines and it does so with interrupts off, so there is no lock.
 * When loaded is empty (full) the two change places if that helps; with two of them, a CPU that
 * goes up and down across the edge does not exchange magazines each time. Otherwise a full (empty)
 * one is exchanged at the cache's *depot*, a list of full and one of empty magazines under the
 * cache's lock; failing that, objects move between the magazine and the slabs, half a magazine at
 * once. A depot holds at most DEPOT_MAX full magazines: beyond that objects go to their slabs, so
 * that slabs become free. How many objects a magazine holds falls with their size: what a CPU
 * hoards is bounded by 2 * MAGAZINE_BYTES a cache, or two objects.
 *
 * 4. kmalloc takes from caches of fixed sizes: powers of two and one and a half of them, so that
 * less is wasted than is used. Sizes above the largest are blocks of pages of kind PAGE_BIG; `live`
 * is set in the first page while the block is live, and never in the others.
 *
 * 5. Figures cost nothing on the way: an object is live iff it is neither free in a slab nor in a
 * magazine, and both are counted.
 *
 * 6. Debug builds put a *tag* behind each object: the requested size, who allocated and freed it,
 * and the link of the free list. The bytes between the requested size and the tag, and the whole of
 * a free object, are filled with patterns, which are looked at when the object is freed and
 * allocated again.
 *
 * Locks: cache->lock (RANK_SLAB, interrupts off): slabs, lists, depot. Pages are allocated with no
 * lock held.
 */
#include "vm/kmalloc.h"
#include "lib/lock.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vm/inject.h"

#define GRAIN_SHIFT 4 /* live bits stand for 16 bytes each; objects are aligned so */
#define GRAIN (1ul << GRAIN_SHIFT)
#define BITS_PER_WORD (8 * sizeof(ulong))

#define SLAB_ORDER_MAX 3u
#define MAGAZINE_MAX 29u /* makes struct magazine 256 bytes on 64-bit machines */
#define MAGAZINE_BYTES 4096u
#define DEPOT_MAX 4u

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

static struct kmem_cache cache_cache, magazine_cache;
static struct kmem_cache *all_caches; /* only grows */

/* Blocks of whole pages. */
static ulong big_count, big_bytes, big_pages; /* (a) */

/* kmalloc's sizes, ascending; each a multiple of 16. */
static const u16 sizes[] = { 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048,
	3072 };
#define SIZE_MAX_SLAB 3072u
static char size_names[ARRAY_SIZE(sizes)][16];
/* The cache for n bytes, at (n - 1) / 16. */
static struct kmem_cache *size_cache[SIZE_MAX_SLAB / GRAIN];

/* What page_at needs to know of the frame array, in one place. */
static struct {
	ulong start, bytes; /* where the direct map shows the frames that have a struct page */
	struct page *array;
} frames;

/* --- debug builds' tags and patterns --- */

#ifdef DEBUG

#define POISON_FREE 0x6b /* in free objects */
#define POISON_TAIL 0xbb /* behind the requested size */
#define TAG_LIVE 0x11fe11feu
#define TAG_FREE 0xf7eef7eeu

struct tag {
	u32 state; /* next to the object, so that a store past its end changes it */
	u32 requested;
	void *link;
	const void *alloc_site, *free_site;
};

#define TAG_SIZE ALIGN_UP(sizeof(struct tag), GRAIN)
#define TAG_LINK offsetof(struct tag, link)

static struct tag *tag_of(const struct kmem_cache *c, const void *object)
{
	return (struct tag *)((char *)object + c->size);
}

static bool filled_with(const u8 *p, size_t n, u8 pattern)
{
	while (n > 0 && *p == pattern) {
		p++;
		n--;
	}
	return n == 0;
}

static void debug_init(struct kmem_cache *c, void *object)
{
	struct tag *t = tag_of(c, object);

	memset(object, POISON_FREE, c->size);
	t->alloc_site = t->free_site = NULL;
	t->state = TAG_FREE;
}

static void debug_alloc(struct kmem_cache *c, void *object, size_t requested, const void *site)
{
	struct tag *t = tag_of(c, object);

	if (t->state != TAG_FREE || !filled_with(object, c->size, POISON_FREE))
		panic("%s: free object %p was written to; freed at %p, before that allocated at %p",
			c->name, object, t->free_site, t->alloc_site);
	t->requested = (u32)requested;
	t->alloc_site = site;
	t->state = TAG_LIVE;
	memset((char *)object + requested, POISON_TAIL, c->size - requested);
}

static void debug_free(struct kmem_cache *c, void *object, const void *site)
{
	struct tag *t = tag_of(c, object);

	if (t->state != TAG_LIVE)
		panic("%s: bytes behind object %p were written to; freed at %p", c->name, object,
			site);
	if (!filled_with((u8 *)object + t->requested, c->size - t->requested, POISON_TAIL))
		panic("%s: object %p of %u bytes was written to beyond its end; allocated at %p, "
		      "freed at %p",
			c->name, object, t->requested, t->alloc_site, site);
	t->free_site = site;
	t->state = TAG_FREE;
	memset(object, POISON_FREE, c->size);
}

/* The size that krealloc and ksize may count on. */
static size_t usable_size(const struct kmem_cache *c, const void *object)
{
	return tag_of(c, object)->requested;
}

/* Where the object was allocated and freed last, as text to append. */
static void describe_history(
	const struct kmem_cache *c, const void *object, char *text, size_t size)
{
	const struct tag *t = tag_of(c, object);

	fmt(text, size, "; allocated at %p, freed at %p", t->alloc_site, t->free_site);
}

#else

#define TAG_SIZE 0
#define TAG_LINK 0

static inline void debug_init(struct kmem_cache *c UNUSED, void *object UNUSED)
{
}
static inline void debug_alloc(struct kmem_cache *c UNUSED, void *object UNUSED,
	size_t requested UNUSED, const void *site UNUSED)
{
}
static inline void debug_free(
	struct kmem_cache *c UNUSED, void *object UNUSED, const void *site UNUSED)
{
}
static inline size_t usable_size(const struct kmem_cache *c, const void *object UNUSED)
{
	return c->size;
}
static inline void describe_history(const struct kmem_cache *c UNUSED, const void *object UNUSED,
	char *text, size_t size UNUSED)
{
	text[0] = '\0';
}

#endif

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

/* --- slabs; the cache's lock is held unless noted --- */

static inline void **link_of(const struct kmem_cache *c, void *object)
{
	return (void **)((char *)object + c->link);
}

static struct page *slab_page(const struct kmem_cache *c, void *object)
{
	return page_of(virt_to_phys((void *)((ulong)object & ~c->slab_mask)));
}

/* A new slab, in no list. No lock held. NULL if there is no memory. */
static struct page *slab_create(struct kmem_cache *c, unsigned flags)
{
	struct page *slab = page_alloc(c->order, flags & ALLOC_WAIT);
	char *base, *object;

	if (!slab)
		return NULL;
	page_set_kind(slab, PAGE_SLAB);
	for (unsigned i = 0; i < 1u << c->order; i++) {
		slab[i].kind = PAGE_SLAB;
		slab[i].slab_cache = c;
	}
	base = page_addr(slab);
	memset(base, 0, c->first);
	slab->ref = 0;
	slab->slab_free = NULL;
	object = base + c->first + c->per_slab * c->step;
	for (u32 i = 0; i < c->per_slab; i++) {
		object -= c->step;
		debug_init(c, object);
		*link_of(c, object) = slab->slab_free;
		slab->slab_free = object;
	}
	return slab;
}

static void slab_add(struct kmem_cache *c, struct page *slab)
{
	c->slabs++;
	c->idle += c->per_slab;
	c->empty++;
	list_append(&c->partial, &slab->link);
}

/* Take one object from the slabs. NULL if none is free. */
static void *slab_take(struct kmem_cache *c)
{
	struct page *slab;
	void *object;

	if (list_empty(&c->partial))
		return NULL;
	slab = LIST_FIRST(&c->partial, struct page, link);
	object = slab->slab_free;
	slab->slab_free = *link_of(c, object);
	if (slab->ref++ == 0)
		c->empty--;
	if (slab->ref == c->per_slab)
		list_remove(&slab->link);
	c->idle--;
	return object;
}

/*
 * Return one object to its slab. A slab that is wholly free now and not kept is put on `unused`, to
 * be freed without the lock.
 */
static void slab_return(struct kmem_cache *c, void *object, struct list *unused)
{
	struct page *slab = slab_page(c, object);

	*link_of(c, object) = slab->slab_free;
	slab->slab_free = object;
	c->idle++;
	if (slab->ref-- == c->per_slab)
		list_push(&c->partial, &slab->link);
	if (slab->ref > 0)
		return;
	list_remove(&slab->link);
	if (c->empty > 0) {
		c->slabs--;
		c->idle -= c->per_slab;
		list_append(unused, &slab->link);
	} else {
		c->empty++;
		list_append(&c->partial, &slab->link);
	}
}

/* No lock held. */
static void slab_free_list(struct kmem_cache *c, struct list *unused)
{
	struct page *slab, *next;

	LIST_EACH_SAFE (slab, next, unused, link)
		page_free(slab, c->order);
}

/* --- magazines and the depot --- */

static struct magazine *magazine_pop(struct magazine **stack)
{
	struct magazine *m = *stack;

	if (m)
		*stack = m->next;
	return m;
}

static void magazine_push(struct magazine **stack, struct magazine *m)
{
	m->next = *stack;
	*stack = m;
}

/*
 * An empty magazine for c, from its depot or new. NULL if there is no memory. Interrupts off, no
 * lock held.
 */
static struct magazine *magazine_get(struct kmem_cache *c)
{
	struct magazine *m;

	spin_lock(&c->lock);
	m = magazine_pop(&c->drained);
	spin_unlock(&c->lock);
	if (!m) {
		m = kmem_alloc(&magazine_cache, 0);
		if (!m)
			return NULL;
		m->count = 0;
		m->capacity = c->capacity;
	}
	return m;
}

/* Make m the loaded magazine. What was loaded, if anything, is returned. */
static struct magazine *load(struct cache_cpu *cc, struct magazine *m)
{
	struct magazine *old = cc->loaded;

	if (old)
		old->count = (ulong)(cc->top - cc->bottom);
	cc->loaded = m;
	cc->bottom = m->object;
	cc->top = m->object + m->count;
	cc->end = m->object + m->capacity;
	return old;
}

/* Give this CPU its two magazines. False if there is no memory. Interrupts off. */
static bool magazines_equip(struct kmem_cache *c, struct cache_cpu *cc)
{
	struct magazine *m;

	if (!cc->previous && !(cc->previous = magazine_get(c)))
		return false;
	if (!cc->loaded) {
		m = magazine_get(c);
		if (!m)
			return false;
		load(cc, m);
	}
	return true;
}

/* A full magazine from the depot in exchange for the empty previous one; false if there is none. */
static bool load_from_depot(struct kmem_cache *c, struct cache_cpu *cc)
{
	struct magazine *m;

	spin_lock(&c->lock);
	m = magazine_pop(&c->full);
	if (m) {
		c->full_count--;
		magazine_push(&c->drained, cc->previous);
		cc->previous = load(cc, m);
	}
	spin_unlock(&c->lock);
	return m;
}

/*
 * Take an object when loaded is empty: load a full magazine, or take from the slabs, filling half
 * of loaded on the way. NULL if the slabs have none. Interrupts off.
 */
static void *take_reload(struct kmem_cache *c, struct cache_cpu *cc)
{
	bool equipped = c->capacity && magazines_equip(c, cc);
	void *object;

	if (equipped && cc->top > cc->bottom)
		return *--cc->top; /* equipping itself came by here */
	if (equipped && cc->previous->count > 0) {
		cc->previous = load(cc, cc->previous);
		return *--cc->top;
	}
	if (equipped && load_from_depot(c, cc))
		return *--cc->top;
	spin_lock(&c->lock);
	object = slab_take(c);
	if (object && equipped) {
		void *more;

		while (cc->top < cc->bottom + c->capacity / 2 && (more = slab_take(c)))
			*cc->top++ = more;
	}
	spin_unlock(&c->lock);
	return object;
}

/* The objects of loaded that were freed longest ago, its lower half, go to their slabs. */
static void unload_half(struct kmem_cache *c, struct cache_cpu *cc, struct list *unused)
{
	ulong count = (ulong)(cc->top - cc->bottom), n = (count + 1) / 2;

	spin_lock(&c->lock);
	for (ulong i = 0; i < n; i++)
		slab_return(c, cc->bottom[i], unused);
	spin_unlock(&c->lock);
	memmove(cc->bottom, cc->bottom + n, (count - n) * sizeof(void *));
	cc->top -= n;
}

/* Put an object away when loaded is full; unused slabs go to the list. Interrupts off. */
static void put_reload(
	struct kmem_cache *c, struct cache_cpu *cc, void *object, struct list *unused)
{
	struct magazine *m;

	if (!c->capacity || !magazines_equip(c, cc)) {
		spin_lock(&c->lock);
		slab_return(c, object, unused);
		spin_unlock(&c->lock);
		return;
	}
	if (cc->top < cc->end) {
		/* newly equipped */
	} else if (cc->previous->count < cc->previous->capacity) {
		cc->previous = load(cc, cc->previous);
	} else if (c->full_count < DEPOT_MAX && (m = magazine_get(c))) {
		spin_lock(&c->lock);
		magazine_push(&c->full, cc->previous);
		c->full_count++;
		spin_unlock(&c->lock);
		cc->previous = load(cc, m);
	} else {
		unload_half(c, cc, unused);
	}
	*cc->top++ = object;
}

/* All objects of m to their slabs. Interrupts off, c->lock held. */
static void magazine_empty(struct kmem_cache *c, struct magazine *m, struct list *unused)
{
	while (m->count > 0)
		slab_return(c, m->object[--m->count], unused);
}

/* --- objects --- */

/* Hand an object out for n bytes. */
static inline void *hand_out(
	struct kmem_cache *c, void *object, size_t n, unsigned flags, const void *site)
{
	make_live(c, object);
	debug_alloc(c, object, n, site);
	return flags & ALLOC_ZERO ? memset(object, 0, n) : object;
}

/* The loaded magazine was empty. */
static NOINLINE void *alloc_slow(struct kmem_cache *c, size_t n, unsigned flags, const void *site)
{
	for (;;) {
		ulong irq = intr_save();
		void *object = take_reload(c, &c->cpu[cpu_id()]);
		struct page *slab;

		intr_restore(irq);
		if (object)
			return hand_out(c, object, n, flags, site);
		/*
		 * Interrupts on, no lock: the page allocator may sleep. Somebody else may get the
		 * objects: again.
		 */
		slab = slab_create(c, flags);
		if (!slab)
			return NULL;
		irq = spin_lock_irq(&c->lock);
		slab_add(c, slab);
		spin_unlock_irq(&c->lock, irq);
	}
}

/*
 * The fast path calls nothing, but at its very end: so it needs no stack frame to save registers
 * in.
 */
static inline void *alloc_object(struct kmem_cache *c, size_t n, unsigned flags, const void *site)
{
	ulong irq = intr_save();
	struct cache_cpu *cc = &c->cpu[cpu_id()];
	void *object;

	if (UNLIKELY(cc->top == cc->bottom)) {
		intr_restore(irq);
		return alloc_slow(c, n, flags, site);
	}
	object = *--cc->top;
	intr_restore(irq);
	return hand_out(c, object, n, flags, site);
}

/* The object is dead already. */
static NOINLINE void free_slow(struct kmem_cache *c, void *object)
{
	struct list unused = LIST_INIT(unused);
	ulong irq = intr_save();

	put_reload(c, &c->cpu[cpu_id()], object, &unused);
	intr_restore(irq);
	slab_free_list(c, &unused);
}

static inline void free_object(struct kmem_cache *c, void *object)
{
	ulong irq = intr_save();
	struct cache_cpu *cc = &c->cpu[cpu_id()];

	if (UNLIKELY(cc->top == cc->end)) {
		intr_restore(irq);
		free_slow(c, object);
		return;
	}
	*cc->top++ = object;
	intr_restore(irq);
}

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

/* --- wrong frees --- */

/* The address of the object around p. NULL if p lies before the first or behind the last one. */
static void *object_around(const struct kmem_cache *c, const void *p)
{
	ulong offset = (ulong)p & c->slab_mask;
	size_t index = (offset - c->first) / c->step;

	if (offset < c->first || index >= c->per_slab)
		return NULL;
	return (char *)p - (offset - c->first) % c->step;
}

static bool is_live(const struct kmem_cache *c, const void *object)
{
	ulong bit, *word = live_word(c, (ulong)object, &bit);

	return __atomic_load_n(word, __ATOMIC_RELAXED) & bit;
}

/* p lies in a slab of c. */
static void report_object(const struct kmem_cache *c, const void *p, const void *site)
{
	void *object = object_around(c, p);
	char history[64];

	if (!object) {
		log_warn("invalid free of %p at %p: between the objects of %s", p, site, c->name);
		return;
	}
	describe_history(c, object, history, sizeof(history));
	if (object == p && !is_live(c, object))
		log_warn("double free of %p (%s) at %p%s", p, c->name, site, history);
	else
		log_warn("invalid free of %p at %p: %zu bytes into a %s object of %s%s", p, site,
			(size_t)((const char *)p - (char *)object),
			is_live(c, object) ? "live" : "free", c->name, history);
}

/* p is no live block: say on one line what it is. */
static NOINLINE void report_bad_free(const void *p, const void *site)
{
	const struct page *page = has_page(p) ? page_at(p) : NULL;
	const char *what = "not in memory";

	if (page && page->kind == PAGE_SLAB) {
		report_object(page->slab_cache, p, site);
		return;
	}
	if (page && page->kind == PAGE_FREE &&
		(page->last_kind == PAGE_SLAB || page->last_kind == PAGE_BIG)) {
		log_warn("double free of %p at %p: its page was freed at %p", p, site,
			page->free_site);
		return;
	}
	if (page && page->kind == PAGE_BIG)
		what = "inside a large block";
	else if (page && page->kind == PAGE_FREE)
		what = "in a free page";
	else if (page)
		what = "in a page that is not kmalloc's";
	log_warn("invalid free of %p at %p: %s", p, site, what);
}

/* --- the public calls on caches --- */

NO_FRAME void *kmem_alloc(struct kmem_cache *c, unsigned flags)
{
	if (alloc_should_fail())
		return NULL;
	return alloc_object(c, c->size, flags, CALL_SITE);
}

NO_FRAME void kmem_free(struct kmem_cache *c, void *object)
{
	/* Objects of another cache, and those of kmalloc, are not c's to free. */
	if (UNLIKELY(!has_page(object) || page_at(object)->kind != PAGE_SLAB ||
		    page_at(object)->slab_cache != c || (ulong)object & (GRAIN - 1) ||
		    !make_dead(c, object))) {
		report_bad_free(object, CALL_SITE);
		return;
	}
	debug_free(c, object, CALL_SITE);
	free_object(c, object);
}

/*
 * The smallest slab in which at most an eighth is lost to the bitmap and the end; the largest
 * allowed one if none is.
 */
static void choose_layout(struct kmem_cache *c, size_t align)
{
	for (unsigned order = 0; order <= SLAB_ORDER_MAX; order++) {
		size_t bytes = PAGE_SIZE << order;
		size_t bitmap = bytes >> GRAIN_SHIFT >> 3;

		c->order = order;
		c->slab_mask = bytes - 1;
		c->first = ALIGN_UP(bitmap, align);
		if (c->first + c->step > bytes)
			continue;
		c->per_slab = (u32)((bytes - c->first) / c->step);
		if (bytes - c->per_slab * c->step <= bytes / 8)
			return;
	}
}

static void cache_setup(
	struct kmem_cache *c, const char *name, size_t size, size_t align, bool magazines)
{
	align = MAX(align, GRAIN);
	memset(c, 0, sizeof(*c));
	c->name = name;
	/* What follows the size, a debug build's tag, keeps it aligned for words. */
	c->size = ALIGN_UP(size, sizeof(void *));
	c->step = ALIGN_UP(c->size + TAG_SIZE, align);
	c->link = TAG_SIZE ? c->size + TAG_LINK : 0;
	choose_layout(c, align);
	if (c->per_slab == 0)
		panic("kmem_cache_create: objects of %zu bytes are too large (%s)", size, name);
	if (magazines)
		c->capacity =
			(u32)MAX(MIN(MAGAZINE_BYTES / c->size, (size_t)MAGAZINE_MAX), (size_t)1);
	spin_init(&c->lock, name, RANK_SLAB);
	list_init(&c->partial);
	c->next = __atomic_load_n(&all_caches, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(
		&all_caches, &c->next, c, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align)
{
	struct kmem_cache *c = kmem_alloc(&cache_cache, 0);

	if (!c)
		panic("no memory for the cache %s", name);
	cache_setup(c, name, size, align, true);
	return c;
}

/* --- kmalloc --- */

/* n is 0 or more than a slab has. */
static NOINLINE void *big_alloc(size_t n, unsigned flags, const void *site)
{
	unsigned order = 0;
	struct page *page;

	if (n == 0)
		return NULL;
	if (n > KMALLOC_MAX) {
		log_warn("kmalloc of %zu bytes at %p: more than %lu", n, site, KMALLOC_MAX);
		return NULL;
	}
	while (PAGE_SIZE << order < n)
		order++;
	page = page_alloc(order, flags);
	if (!page)
		return NULL;
	page_set_kind(page, PAGE_BIG);
	page->live = 1;
	for (ulong i = 1; i < 1ul << order; i++) {
		page[i].kind = PAGE_BIG;
		page[i].live = 0;
	}
	__atomic_fetch_add(&big_count, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&big_bytes, PAGE_SIZE << order, __ATOMIC_RELAXED);
	__atomic_fetch_add(&big_pages, 1ul << order, __ATOMIC_RELAXED);
	return page_addr(page);
}

/* p is in a page that is not a slab's. */
static NOINLINE void big_free(void *p, const void *site)
{
	struct page *page = has_page(p) ? page_at(p) : NULL;
	unsigned order;

	/* Of two who free it at once, one finds it live. */
	if (!page || page->kind != PAGE_BIG || !IS_ALIGNED((ulong)p, PAGE_SIZE) ||
		!__atomic_exchange_n(&page->live, 0, __ATOMIC_ACQ_REL)) {
		report_bad_free(p, site);
		return;
	}
	order = page->order;
	__atomic_fetch_sub(&big_count, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&big_bytes, PAGE_SIZE << order, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&big_pages, 1ul << order, __ATOMIC_RELAXED);
	page_free(page, order);
}

static inline void *kmalloc_at(size_t n, unsigned flags, const void *site)
{
	if (alloc_should_fail())
		return NULL;
	if (LIKELY((n - 1) >> GRAIN_SHIFT < ARRAY_SIZE(size_cache)))
		return alloc_object(size_cache[(n - 1) >> GRAIN_SHIFT], n, flags, site);
	return big_alloc(n, flags, site);
}

NO_FRAME void *kmalloc(size_t n, unsigned flags)
{
	return kmalloc_at(n, flags, CALL_SITE);
}

void *kcalloc(size_t n, size_t size, unsigned flags)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kmalloc_at(bytes, flags | ALLOC_ZERO, CALL_SITE);
}

static inline void kmfree_at(void *p, const void *site)
{
	struct kmem_cache *c;

	if (!p)
		return;
	if (UNLIKELY(!has_page(p) || page_at(p)->kind != PAGE_SLAB)) {
		big_free(p, site);
		return;
	}
	c = page_at(p)->slab_cache;
	if (UNLIKELY((ulong)p & (GRAIN - 1) || !make_dead(c, p))) {
		report_bad_free(p, site);
		return;
	}
	debug_free(c, p, site);
	free_object(c, p);
}

NO_FRAME void kmfree(void *p)
{
	kmfree_at(p, CALL_SITE);
}

size_t ksize(const void *p)
{
	const struct page *page;

	if (!p)
		return 0;
	ASSERT(has_page(p));
	page = page_at(p);
	ASSERT(page->kind == PAGE_SLAB || page->kind == PAGE_BIG);
	if (page->kind == PAGE_BIG)
		return PAGE_SIZE << page->order;
	return usable_size(page->slab_cache, p);
}

void *krealloc(void *p, size_t n, unsigned flags)
{
	size_t old = ksize(p);
	void *q;

	if (n == 0) {
		kmfree_at(p, CALL_SITE);
		return NULL;
	}
	if (p && n <= old)
		return p;
	q = kmalloc_at(n, flags, CALL_SITE);
	if (!q)
		return NULL;
	if (p) {
		memcpy(q, p, old);
		kmfree_at(p, CALL_SITE);
	}
	return q;
}

/* --- figures, and giving back --- */

static size_t magazines_hold(const struct kmem_cache *c)
{
	size_t n = 0;

	for (unsigned i = 0; i < MAX_CPUS; i++) {
		const struct cache_cpu *cc = &c->cpu[i];

		n += (size_t)(cc->top - cc->bottom);
		if (cc->previous)
			n += cc->previous->count;
	}
	for (const struct magazine *m = c->full; m; m = m->next)
		n += m->count;
	return n;
}

/* Exact while nobody allocates. */
static void cache_figures(struct kmem_cache *c, size_t *live, size_t *total, size_t *pages)
{
	ulong irq = spin_lock_irq(&c->lock);
	size_t idle = c->idle + magazines_hold(c);

	*total = c->slabs * c->per_slab;
	*live = *total - MIN(*total, idle);
	*pages = c->slabs << c->order;
	spin_unlock_irq(&c->lock, irq);
}

/* Magazines are the allocator's own: what they cost shows in the pages. */
static bool is_internal(const struct kmem_cache *c)
{
	return c == &magazine_cache || c == &cache_cache;
}

void kmem_get_stats(struct kmem_stats *s)
{
	s->bytes = __atomic_load_n(&big_bytes, __ATOMIC_RELAXED);
	s->blocks = __atomic_load_n(&big_count, __ATOMIC_RELAXED);
	s->pages = __atomic_load_n(&big_pages, __ATOMIC_RELAXED);
	for (struct kmem_cache *c = __atomic_load_n(&all_caches, __ATOMIC_ACQUIRE); c;
		c = c->next) {
		size_t live, total, pages;

		cache_figures(c, &live, &total, &pages);
		s->pages += pages;
		if (!is_internal(c)) {
			s->blocks += live;
			s->bytes += live * c->size;
		}
	}
}

void kmem_for_each(void (*fn)(void *arg, const char *name, size_t size, size_t live, size_t total,
			   size_t pages),
	void *arg)
{
	for (struct kmem_cache *c = __atomic_load_n(&all_caches, __ATOMIC_ACQUIRE); c;
		c = c->next) {
		size_t live, total, pages;

		cache_figures(c, &live, &total, &pages);
		fn(arg, c->name, c->size, live, total, pages);
	}
}

/* Take the wholly free slabs off c's list. Its lock is held. */
static void take_empty(struct kmem_cache *c, struct list *unused)
{
	while (c->empty > 0) {
		struct page *slab = LIST_LAST(&c->partial, struct page, link);

		ASSERT(slab->ref == 0);
		list_remove(&slab->link);
		list_append(unused, &slab->link);
		c->empty--;
		c->slabs--;
		c->idle -= c->per_slab;
	}
}

static void cache_drain(struct kmem_cache *c)
{
	struct list unused = LIST_INIT(unused);
	struct magazine *spare = NULL, *m;
	ulong irq = spin_lock_irq(&c->lock);
	struct cache_cpu *cc = &c->cpu[cpu_id()];

	while (cc->top > cc->bottom)
		slab_return(c, *--cc->top, &unused);
	if (cc->previous)
		magazine_empty(c, cc->previous, &unused);
	while ((m = magazine_pop(&c->full))) {
		magazine_empty(c, m, &unused);
		magazine_push(&spare, m);
	}
	c->full_count = 0;
	while ((m = magazine_pop(&c->drained)))
		magazine_push(&spare, m);
	take_empty(c, &unused);
	spin_unlock_irq(&c->lock, irq);
	slab_free_list(c, &unused);
	while ((m = magazine_pop(&spare)))
		kmem_free(&magazine_cache, m);
}

void kmem_drain(void)
{
	for (struct kmem_cache *c = __atomic_load_n(&all_caches, __ATOMIC_ACQUIRE); c; c = c->next)
		if (c != &magazine_cache)
			cache_drain(c);
	cache_drain(&magazine_cache);
}

void kmem_init(void)
{
	unsigned class = 0;

	frames.start = (ulong)phys_to_virt((paddr_t)page_array_base << PAGE_SHIFT);
	frames.bytes = page_array_count << PAGE_SHIFT;
	frames.array = page_array;
	cache_setup(&cache_cache, "kmem_cache", sizeof(struct kmem_cache),
		_Alignof(struct kmem_cache), false);
	cache_setup(&magazine_cache, "magazine", sizeof(struct magazine), 0, false);
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t align = sizes[i] & -sizes[i]; /* of powers of two their own size */
		struct kmem_cache *c;

		fmt(size_names[i], sizeof(size_names[i]), "kmalloc-%u", sizes[i]);
		c = kmem_cache_create(size_names[i], sizes[i], align);
		for (; class * GRAIN < sizes[i]; class ++)
			size_cache[class] = c;
	}
}
