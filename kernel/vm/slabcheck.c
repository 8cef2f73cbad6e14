/*
 * What is done about misuse of the allocator: tags and patterns, the check of the whole heap, and
 * reports. A report is one line that names the block, where it was allocated and freed, and what
 * was done to it, and lines with the calls that led there; then the kernel goes on.
 *
 * The check runs beside everybody else. It holds the cache's lock while it looks at a slab, so the
 * slab stays; an object may change hands all the same. Then its turn or its state changes: what
 * looked damaged is reported only if both are still the same. While the patterns of an object are
 * filled in, the state says so, and the object is left alone.
 *
 * Locks: kmem_check takes cache->lock (RANK_SLAB, interrupts off); the rest has the object to
 * itself.
 */
#include "vm/slab.h"

#include "lib/printf.h"
#include "lib/string.h"

#define TAG_LIVE 0x11fe11feu
#define TAG_FREE 0xf7eef7eeu
#define TAG_CHANGING 0xc4a9c4a9u
#define SITE_TEXT 80

static ulong damaged; /* (a) blocks that were found damaged */

ulong kmem_damaged(void)
{
	return __atomic_load_n(&damaged, __ATOMIC_RELAXED);
}

static struct tag *tag_of(const struct kmem_cache *c, const void *object)
{
	return (struct tag *)((char *)object + c->size);
}

/* --- texts --- */

/* " by FILE:LINE", or nothing if nobody did it yet. */
static const char *by(const struct code_site *site, char text[SITE_TEXT])
{
	text[0] = '\0';
	if (site)
		fmt(text, SITE_TEXT, " by %s:%d", site->file, site->line);
	return text;
}

/* "; allocated by A, freed by F": of a live block, F was its last owner's and is left out. */
static void history(const struct kmem_cache *c, const void *object, char text[2 * SITE_TEXT])
{
	const struct tag *t = tag_of(c, object);
	const struct code_site *at;
	char freed[SITE_TEXT];

	text[0] = '\0';
	if (!CHECKED || !t->allocated)
		return;
	at = &site_checked(t->allocated)->at;
	if (t->state != TAG_FREE || !t->freed)
		fmt(text, 2 * SITE_TEXT, "; allocated by %s:%d", at->file, at->line);
	else
		fmt(text, 2 * SITE_TEXT, "; allocated by %s:%d, freed%s", at->file, at->line,
			by(t->freed, freed));
}

/* Lines that follow a report: through which calls the object was allocated and freed. */
static void put_calls(const struct kmem_cache *c, const void *object)
{
	static const char *const own[] = {"trace_collect", "tag_alloc", "tag_free", "alloc_slow",
		"free_slow", "kmalloc_at", "kcalloc_at", "krealloc_at", "kmfree_at",
		"kmem_alloc_at", "kmem_free_at", NULL};
	const struct tag *t = tag_of(c, object);

	if (!CHECKED || !t->allocated)
		return;
	trace_print("allocated", t->allocated_in, TRACE, own);
	if (t->state == TAG_FREE && t->freed)
		trace_print("freed", t->freed_in, TRACE, own);
}

/* --- patterns --- */

/* The first of n bytes that is not `pattern`; n if all are. */
static size_t first_other(const u8 *p, size_t n, u8 pattern)
{
	size_t i = 0;

	while (i < n && p[i] == pattern)
		i++;
	return i;
}

/* How many of n bytes are not `pattern`. */
static size_t count_other(const u8 *p, size_t n, u8 pattern)
{
	size_t others = 0;

	for (size_t i = 0; i < n; i++)
		others += p[i] != pattern;
	return others;
}

/* Somebody stored to a free object; what found it is `found`, " by ..." or other words. */
static void report_late_store(const struct kmem_cache *c, const void *object, const char *found)
{
	size_t at = first_other(object, c->size, POISON_FREE);
	char text[2 * SITE_TEXT];

	__atomic_fetch_add(&damaged, 1, __ATOMIC_RELAXED);
	history(c, object, text);
	log_warn("write after free: free block %p (%s) was changed at +%zu to %02x (changed bytes: "
		 "%zu)%s; found%s",
		object, c->name, at, ((const u8 *)object)[at],
		count_other(object, c->size, POISON_FREE), text, found);
	put_calls(c, object);
}

/* Somebody stored behind the n bytes of a live object, of which `room` more hold the pattern. */
static void report_overrun(const void *block, size_t n, size_t room, const struct code_site *site,
	const char *found)
{
	const u8 *tail = (const u8 *)block + n;
	size_t at = first_other(tail, room, POISON_TAIL);

	__atomic_fetch_add(&damaged, 1, __ATOMIC_RELAXED);
	if (at < room)
		log_warn("overrun: beyond the end of block %p, which has %zu bytes, +%zu was changed "
			 "to %02x (changed bytes: %zu); allocated by %s:%d; found%s",
			block, n, n + at, tail[at], count_other(tail, room, POISON_TAIL),
			site->file, site->line, found);
	else
		log_warn("overrun: beyond the end of block %p, which has %zu bytes or less, +%zu or "
			 "more was changed; allocated by %s:%d; found%s",
			block, n, n + room, site->file, site->line, found);
}

/* --- tags --- */

/* The object's patterns are about to change. */
static void begin_change(struct tag *t)
{
	__atomic_store_n(&t->state, TAG_CHANGING, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

void tag_init(struct kmem_cache *c, void *object)
{
	struct tag *t = tag_of(c, object);

	memset(object, POISON_FREE, c->size);
	t->allocated = NULL;
	t->freed = NULL;
	memset(t->allocated_in, 0, sizeof(t->allocated_in));
	memset(t->freed_in, 0, sizeof(t->freed_in));
	t->turn = 0;
	t->state = TAG_FREE;
}

void tag_alloc(struct kmem_cache *c, void *object, size_t n, struct alloc_site *site)
{
	struct tag *t = tag_of(c, object);
	char text[SITE_TEXT];

	if (first_other(object, c->size, POISON_FREE) < c->size)
		report_late_store(c, object, by(&site->at, text));
	begin_change(t);
	t->requested = (u16)n;
	t->allocated = site;
	trace_collect(t->allocated_in, TRACE);
	memset((char *)object + n, POISON_TAIL, c->size - n);
	__atomic_store_n(&t->turn, (u16)(t->turn + 1), __ATOMIC_RELEASE);
	__atomic_store_n(&t->state, TAG_LIVE, __ATOMIC_RELEASE);
	if (!c->internal)
		site_allocated(site, c->size);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

/* Is what stands behind a live object as it was left? */
static bool tail_whole(const struct kmem_cache *c, const void *object)
{
	const struct tag *t = tag_of(c, object);
	size_t n = MIN((size_t)t->requested, c->size);

	return __atomic_load_n(&t->state, __ATOMIC_ACQUIRE) == TAG_LIVE &&
		first_other((const u8 *)object + n, c->size - n, POISON_TAIL) == c->size - n;
}

static void report_tail(const struct kmem_cache *c, const void *object, const char *found)
{
	const struct tag *t = tag_of(c, object);
	/* If the tag was hit, its size is not to be trusted. */
	size_t n = t->state == TAG_LIVE ? MIN((size_t)t->requested, c->size) : c->size;

	report_overrun(object, n, c->size - n, &site_checked(t->allocated)->at, found);
	put_calls(c, object);
}

void tag_free(struct kmem_cache *c, void *object, const struct code_site *site)
{
	struct tag *t = tag_of(c, object);
	char text[SITE_TEXT];

	if (!tail_whole(c, object))
		report_tail(c, object, by(site, text));
	t->allocated = site_checked(t->allocated);
	if (!c->internal)
		site_freed(t->allocated, c->size);
	t->freed = site;
	trace_collect(t->freed_in, TRACE);
	begin_change(t);
	memset(object, POISON_FREE, c->size);
	__atomic_store_n(&t->state, TAG_FREE, __ATOMIC_RELEASE);
}

size_t tag_usable(const struct kmem_cache *c, const void *object)
{
	return MIN((size_t)tag_of(c, object)->requested, c->size);
}

void big_tag_alloc(struct page *block, size_t n)
{
	size_t bytes = PAGE_SIZE << block->order;

	memset((char *)page_addr(block) + n, POISON_TAIL, bytes - n);
	site_allocated(block->block_site, bytes);
}

static bool big_tail_whole(const struct page *block, size_t n)
{
	size_t rest = (PAGE_SIZE << block->order) - n;

	return first_other((const u8 *)page_addr(block) + n, rest, POISON_TAIL) == rest;
}

void big_tag_free(struct page *block, size_t n, const struct code_site *site)
{
	size_t bytes = PAGE_SIZE << block->order;
	char text[SITE_TEXT];

	if (!big_tail_whole(block, n))
		report_overrun(page_addr(block), n, bytes - n, &block->block_site->at,
			by(site, text));
	site_freed(block->block_site, bytes);
	memset(page_addr(block), POISON_FREE, bytes);
}

/* --- the whole heap --- */

/* One object of a slab of c, whose lock is held. True if it is damaged. */
static bool check_object(const struct kmem_cache *c, void *object)
{
	const struct tag *t = tag_of(c, object);
	u16 turn = __atomic_load_n(&t->turn, __ATOMIC_ACQUIRE);
	u32 state = __atomic_load_n(&t->state, __ATOMIC_ACQUIRE);
	bool whole;

	if (state == TAG_CHANGING)
		return false;
	if (state == TAG_FREE)
		whole = first_other(object, c->size, POISON_FREE) == c->size;
	else
		whole = tail_whole(c, object);
	if (whole)
		return false;
	/* The turn last: with the same state for the second time, it is another. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&t->state, __ATOMIC_ACQUIRE) != state ||
		__atomic_load_n(&t->turn, __ATOMIC_RELAXED) != turn)
		return false;
	if (state == TAG_FREE)
		report_late_store(c, object, " by the check of the heap");
	else
		report_tail(c, object, " by the check of the heap");
	return true;
}

/* The objects of the slab that begins with this page, if it still does. */
static size_t check_slab(struct kmem_cache *c, struct page *slab)
{
	ulong irq = spin_lock_irq(&c->lock);
	char *object = (char *)page_addr(slab) + c->first;
	size_t bad = 0;

	if (slab->kind == PAGE_SLAB && slab->slab_cache == c && (slab->slab_free || slab->ref))
		for (u32 i = 0; i < c->per_slab; i++)
			bad += check_object(c, object + i * c->step);
	spin_unlock_irq(&c->lock, irq);
	return bad;
}

/* Is that a cache? A page may have become something else since its kind was looked at. */
static struct kmem_cache *known_cache(const void *cache)
{
	struct kmem_cache *c = __atomic_load_n(&all_caches, __ATOMIC_ACQUIRE);

	while (c && c != cache)
		c = c->next;
	return c;
}

size_t kmem_check(void)
{
	size_t bad = 0;

	for (ulong i = 0; CHECKED && i < page_array_count; i++) {
		struct page *p = page_array + i;
		struct kmem_cache *c;

		if (p->kind != PAGE_SLAB || p->flags & PAGE_TAIL)
			continue;
		c = known_cache(p->slab_cache);
		if (c)
			bad += check_slab(c, p);
	}
	return bad;
}

const struct alloc_site *kmem_owner(const void *p)
{
	const struct page *page;

	if (!CHECKED || !has_page(p) || (ulong)p & (GRAIN - 1))
		return NULL;
	page = page_at(p);
	if (page->kind == PAGE_BIG && IS_ALIGNED((ulong)p, PAGE_SIZE) &&
		__atomic_load_n(&page->live, __ATOMIC_ACQUIRE))
		return page->block_site;
	if (page->kind != PAGE_SLAB || !is_live(page->slab_cache, p))
		return NULL;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return site_checked(tag_of(page->slab_cache, p)->allocated);
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

/* p lies in a slab of c. */
static void report_object(
	const struct kmem_cache *c, const void *p, const struct code_site *site)
{
	void *object = object_around(c, p);
	char text[2 * SITE_TEXT];
	size_t in = (size_t)((const char *)p - (char *)object);
	bool live;

	if (!object) {
		log_warn("invalid free of %p by %s:%d: it is the allocator's own, not a block", p,
			site->file, site->line);
		return;
	}
	history(c, object, text);
	live = is_live(c, object);
	/* A checked kernel knows whether it was ever given out. */
	if (in == 0 && !live && (text[0] || !CHECKED))
		log_warn("double free of %p (%s) by %s:%d%s", p, c->name, site->file, site->line,
			text);
	else if (in == 0 && live)
		log_warn("invalid free of %p by %s:%d: it is a block of the cache %s%s", p,
			site->file, site->line, c->name, text);
	else
		log_warn("invalid free of %p by %s:%d: it is +%zu of a %s block (%s)%s", p,
			site->file, site->line, in, live ? "live" : "free", c->name,
			text);
	put_calls(c, object);
}

/* p lies in a block of whole pages that is not free, or not yet. */
static void report_big(const struct page *page, const void *p, const struct code_site *site)
{
	const struct page *first = page;
	const struct code_site *at;

	while (first->flags & PAGE_TAIL)
		first--;
	at = &site_checked(first->block_site)->at;
	if (p == page_addr(first))
		log_warn("double free of %p by %s:%d; allocated by %s:%d, another CPU frees it now",
			p, site->file, site->line, at->file, at->line);
	else
		log_warn("invalid free of %p by %s:%d: it is +%zu of a live block of %u "
			 "bytes; allocated by %s:%d",
			p, site->file, site->line,
			(size_t)((const char *)p - (const char *)page_addr(first)), first->live,
			at->file, at->line);
}

/* p lies in a free page that was kmalloc's. */
static void report_freed_page(const struct page *page, const void *p, const struct code_site *site)
{
	const struct code_site *freed = page->free_site, *at = &site_checked(page->block_site)->at;

	if (page->last_kind == PAGE_BIG && IS_ALIGNED((ulong)p, PAGE_SIZE) && at->line)
		log_warn("double free of %p by %s:%d; allocated by %s:%d, freed by %s:%d", p,
			site->file, site->line, at->file, at->line, freed->file, freed->line);
	else
		log_warn("double free of %p by %s:%d: its page was given back by %s:%d", p,
			site->file, site->line, freed->file, freed->line);
}

NOINLINE void report_bad_free(const void *p, const struct code_site *site)
{
	const struct page *page = has_page(p) ? page_at(p) : NULL;
	const char *what = "it is not in memory that is given out";

	if (page && page->kind == PAGE_SLAB) {
		report_object(page->slab_cache, p, site);
		return;
	}
	if (page && page->kind == PAGE_BIG) {
		report_big(page, p, site);
		return;
	}
	if (page && page->kind == PAGE_FREE &&
		(page->last_kind == PAGE_SLAB || page->last_kind == PAGE_BIG)) {
		report_freed_page(page, p, site);
		return;
	}
	if (page && page->kind == PAGE_FREE)
		what = "it is in a free page";
	else if (page)
		what = "it is in a page that is not kmalloc's";
	log_warn("invalid free of %p by %s:%d: %s", p, site->file, site->line, what);
}
