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
 * 6. The testing boot looks after every object (slab.h): a tag behind it, patterns in it, accounts
 * of who has it. None of that is on the short path: its caches have no magazines, so all calls go
 * the long way, and other boots do not even ask. Debug builds do the same with magazines. The
 * short paths take the place they are called from as an argument and do not look at it.
 *
 * Locks: cache->lock (RANK_SLAB, interrupts off): slabs, lists, depot. Pages are allocated with no
 * lock held.
 */
#include "vm/kmalloc.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vm/slab.h"

#define SLAB_ORDER_MAX 3u
#define MAGAZINE_BYTES 2048u
#define DEPOT_MAX 4u

static struct kmem_cache cache_cache, magazine_cache;
struct kmem_cache *all_caches;
struct frames frames;

/* Blocks of whole pages. */
static ulong big_count, big_bytes, big_pages; /* (a) */

/* kmalloc's sizes, ascending; each a multiple of 16. */
static const u16 sizes[] = { 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048,
	3072 };
#define SIZE_MAX_SLAB 3072u
static char size_names[ARRAY_SIZE(sizes)][16];
/* The cache for n bytes, at (n - 1) / 16. */
static struct kmem_cache *size_cache[SIZE_MAX_SLAB / GRAIN];

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
	void *free = NULL;
	char *base, *object;

	if (!slab)
		return NULL;
	/* Whoever checks the heap leaves slabs alone that have neither free objects nor used ones. */
	slab->slab_free = NULL;
	slab->ref = 0;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	page_set_kind(slab, PAGE_SLAB);
	for (unsigned i = 0; i < 1u << c->order; i++) {
		slab[i].kind = PAGE_SLAB;
		slab[i].slab_cache = c;
	}
	base = page_addr(slab);
	memset(base, 0, c->first);
	object = base + c->first + c->per_slab * c->step;
	for (u32 i = 0; i < c->per_slab; i++) {
		object -= c->step;
		if (CHECKED)
			tag_init(c, object);
		*link_of(c, object) = free;
		free = object;
	}
	__atomic_store_n(&slab->slab_free, free, __ATOMIC_RELEASE);
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

/* A wholly free slab, in no list, leaves the cache. */
static void slab_retire(struct kmem_cache *c, struct page *slab, struct list *unused)
{
	slab->slab_free = NULL;
	c->slabs--;
	c->idle -= c->per_slab;
	list_append(unused, &slab->link);
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
		slab_retire(c, slab, unused);
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

static NOINLINE void *alloc_failed(struct alloc_site *site, bool on_purpose)
{
	if (CHECKED)
		site_failed(site, on_purpose);
	return NULL;
}

/* Hand an object out for n bytes. */
static inline void *hand_out(struct kmem_cache *c, void *object, size_t n, unsigned flags,
	struct alloc_site *site, bool checked)
{
	/* Whoever finds it live finds whose it is. */
	if (checked)
		tag_alloc(c, object, n, site);
	make_live(c, object);
	return flags & ALLOC_ZERO ? memset(object, 0, n) : object;
}

/* The loaded magazine was empty. */
static NOINLINE void *alloc_slow(
	struct kmem_cache *c, size_t n, unsigned flags, struct alloc_site *site)
{
	if (FAIL_LATE)
		return alloc_failed(site, true);
	for (;;) {
		ulong irq = intr_save();
		void *object = take_reload(c, &c->cpu[cpu_id()]);
		struct page *slab;

		intr_restore(irq);
		if (object)
			return hand_out(c, object, n, flags, site, CHECKED);
		/*
		 * Interrupts on, no lock: the page allocator may sleep. Somebody else may get the
		 * objects: again.
		 */
		slab = slab_create(c, flags);
		if (!slab)
			return alloc_failed(site, false);
		irq = spin_lock_irq(&c->lock);
		slab_add(c, slab);
		spin_unlock_irq(&c->lock, irq);
	}
}

/*
 * The fast path calls nothing, but at its very end: so it needs no stack frame to save registers
 * in.
 */
static inline void *alloc_object(
	struct kmem_cache *c, size_t n, unsigned flags, struct alloc_site *site)
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
	return hand_out(c, object, n, flags, site, IS_DEBUG);
}

/* The object is dead already. */
static NOINLINE void free_slow(struct kmem_cache *c, void *object, const struct code_site *site)
{
	struct list unused = LIST_INIT(unused);
	ulong irq;

	if (!IS_DEBUG && ktest)
		tag_free(c, object, site);
	irq = intr_save();
	put_reload(c, &c->cpu[cpu_id()], object, &unused);
	intr_restore(irq);
	slab_free_list(c, &unused);
}

/* The object is dead already. */
static inline void free_object(struct kmem_cache *c, void *object, const struct code_site *site)
{
	struct cache_cpu *cc;
	ulong irq;

	if (IS_DEBUG)
		tag_free(c, object, site);
	irq = intr_save();
	cc = &c->cpu[cpu_id()];
	if (UNLIKELY(cc->top == cc->end)) {
		intr_restore(irq);
		free_slow(c, object, site);
		return;
	}
	*cc->top++ = object;
	intr_restore(irq);
}

/* --- the public calls on caches --- */

NO_FRAME void *kmem_alloc_at(struct kmem_cache *c, unsigned flags, struct alloc_site *site)
{
	if (FAIL_EARLY)
		return alloc_failed(site, true);
	return alloc_object(c, c->size, flags, site);
}

NO_FRAME void kmem_free_at(struct kmem_cache *c, void *object, const struct code_site *site)
{
	/* Objects of another cache, and those of kmalloc, are not c's to free. */
	if (UNLIKELY(!has_page(object) || page_at(object)->kind != PAGE_SLAB ||
		    page_at(object)->slab_cache != c || (ulong)object & (GRAIN - 1) ||
		    !make_dead(c, object))) {
		report_bad_free(object, site);
		return;
	}
	free_object(c, object, site);
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
	/* What follows the size, a checked kernel's tag, keeps it aligned for words. */
	c->size = ALIGN_UP(size, sizeof(void *));
	c->step = ALIGN_UP(c->size + (CHECKED ? TAG_SIZE : 0), align);
	c->link = CHECKED ? c->size + TAG_LINK : 0;
	choose_layout(c, align);
	if (c->per_slab == 0)
		panic("kmem_cache_create: objects of %zu bytes are too large (%s)", size, name);
	c->internal = !magazines;
	if (magazines && (IS_DEBUG || !ktest))
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
static NOINLINE void *big_alloc(size_t n, unsigned flags, struct alloc_site *site)
{
	unsigned order = 0;
	struct page *page;

	if (n == 0)
		return NULL;
	if (n > KMALLOC_MAX) {
		log_warn("kmalloc of %zu bytes at %s:%d: more than %lu, the most there is", n,
			site->at.file, site->at.line, KMALLOC_MAX);
		return alloc_failed(site, false);
	}
	if (FAIL_LATE)
		return alloc_failed(site, true);
	while (PAGE_SIZE << order < n)
		order++;
	page = page_alloc(order, flags);
	if (!page)
		return alloc_failed(site, false);
	page_set_kind(page, PAGE_BIG);
	page->block_site = site;
	__atomic_store_n(&page->live, (u32)n, __ATOMIC_RELEASE);
	for (ulong i = 1; i < 1ul << order; i++) {
		page[i].kind = PAGE_BIG;
		page[i].live = 0;
	}
	__atomic_fetch_add(&big_count, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&big_bytes, PAGE_SIZE << order, __ATOMIC_RELAXED);
	__atomic_fetch_add(&big_pages, 1ul << order, __ATOMIC_RELAXED);
	if (CHECKED)
		big_tag_alloc(page, n);
	return page_addr(page);
}

/* p is NULL, or in a page that is not a slab's. */
static NOINLINE void big_free(void *p, const struct code_site *site)
{
	struct page *page = has_page(p) ? page_at(p) : NULL;
	unsigned order;
	u32 n;

	if (!p)
		return;
	/* Of two who free it at once, one finds it live. */
	if (!page || page->kind != PAGE_BIG || !IS_ALIGNED((ulong)p, PAGE_SIZE) ||
		!(n = __atomic_exchange_n(&page->live, 0, __ATOMIC_ACQ_REL))) {
		report_bad_free(p, site);
		return;
	}
	if (CHECKED)
		big_tag_free(page, n, site);
	order = page->order;
	__atomic_fetch_sub(&big_count, 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&big_bytes, PAGE_SIZE << order, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&big_pages, 1ul << order, __ATOMIC_RELAXED);
	page_free_at(page, order, site);
}

NO_FRAME void *kmalloc_at(size_t n, unsigned flags, struct alloc_site *site)
{
	if (FAIL_EARLY)
		return alloc_failed(site, true);
	if (LIKELY((n - 1) >> GRAIN_SHIFT < ARRAY_SIZE(size_cache)))
		return alloc_object(size_cache[(n - 1) >> GRAIN_SHIFT], n, flags, site);
	return big_alloc(n, flags, site);
}

void *kcalloc_at(size_t n, size_t size, unsigned flags, struct alloc_site *site)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kmalloc_at(bytes, flags | ALLOC_ZERO, site);
}

NO_FRAME void kmfree_at(void *p, const struct code_site *site)
{
	struct kmem_cache *c;

	if (UNLIKELY(!has_page(p) || page_at(p)->kind != PAGE_SLAB)) {
		big_free(p, site);
		return;
	}
	c = page_at(p)->slab_cache;
	if (UNLIKELY((ulong)p & (GRAIN - 1) || !make_dead(c, p))) {
		report_bad_free(p, site);
		return;
	}
	free_object(c, p, site);
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
		return CHECKED ? page->live : PAGE_SIZE << page->order;
	return CHECKED ? tag_usable(page->slab_cache, p) : page->slab_cache->size;
}

void *krealloc_at(void *p, size_t n, unsigned flags, struct alloc_site *site)
{
	size_t old = ksize(p);
	void *q;

	if (n == 0) {
		kmfree_at(p, &site->at);
		return NULL;
	}
	if (p && n <= old)
		return p;
	q = kmalloc_at(n, flags, site);
	if (!q)
		return NULL;
	if (p) {
		memcpy(q, p, old);
		kmfree_at(p, &site->at);
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
static void cache_figures(struct kmem_cache *c, struct kmem_cache_stats *s)
{
	ulong irq = spin_lock_irq(&c->lock);
	size_t idle = c->idle + magazines_hold(c);

	s->name = c->name;
	s->size = c->size;
	s->per_slab = c->per_slab;
	s->slab_pages = (size_t)1 << c->order;
	s->slabs = c->slabs;
	s->total = c->slabs * c->per_slab;
	s->live = s->total - MIN(s->total, idle);
	s->internal = c->internal;
	spin_unlock_irq(&c->lock, irq);
}

void kmem_get_stats(struct kmem_stats *s)
{
	s->bytes = __atomic_load_n(&big_bytes, __ATOMIC_RELAXED);
	s->blocks = __atomic_load_n(&big_count, __ATOMIC_RELAXED);
	s->big_bytes = s->bytes;
	s->pages = __atomic_load_n(&big_pages, __ATOMIC_RELAXED);
	for (struct kmem_cache *c = __atomic_load_n(&all_caches, __ATOMIC_ACQUIRE); c;
		c = c->next) {
		struct kmem_cache_stats one;

		cache_figures(c, &one);
		s->pages += one.slabs * one.slab_pages;
		/* The allocator's own: what they cost shows in the pages. */
		if (!one.internal) {
			s->blocks += one.live;
			s->bytes += one.live * one.size;
		}
	}
}

void kmem_for_each(void (*fn)(void *arg, const struct kmem_cache_stats *s), void *arg)
{
	for (struct kmem_cache *c = __atomic_load_n(&all_caches, __ATOMIC_ACQUIRE); c;
		c = c->next) {
		struct kmem_cache_stats s;

		cache_figures(c, &s);
		fn(arg, &s);
	}
}

/* Take the wholly free slabs off c's list. Its lock is held. */
static void take_empty(struct kmem_cache *c, struct list *unused)
{
	while (c->empty > 0) {
		struct page *slab = LIST_LAST(&c->partial, struct page, link);

		ASSERT(slab->ref == 0);
		list_remove(&slab->link);
		c->empty--;
		slab_retire(c, slab, unused);
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
