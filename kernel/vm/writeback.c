/*
 * Write-back: the list of dirty objects, the thread that cleans them, and the making of room.
 *
 * An object is on the dirty list from its first marked page until a sync finds none; the list holds
 * a reference meanwhile. The thread writes back what has been dirty for DIRTY_AGE, sooner when much
 * is dirty, and keeps a few pages free by dropping clean ones. Everything that has a store is on
 * the list of all objects, round which reclaim goes.
 */
#include "vm/writeback.h"

#include "lib/errno.h"
#include "lib/printf.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "vm/obj.h"

#define DIRTY_AGE (3 * NSEC)
#define PERIOD NSEC
/*
 * So many pages of files stay when others want memory: room for the code of a few programs. With
 * less, a program that eats all memory would not fail but wait for its own code again and again.
 */
#define CACHE_FLOOR 256
#define ROOM_PAGES 16

static struct spinlock list_lock = SPINLOCK_INIT("dirty objects", RANK_DIRTY);
static struct list dirty_list = LIST_INIT(dirty_list);
static struct list all_list = LIST_INIT(all_list);
static ulong all_count;
static long cached_pages; /* (a) of objects with a store */
static long dirty_pages;
/* With more, whoever makes pages dirty has to clean some first. */
static long dirty_limit = INTPTR_MAX;
static struct waitq thread_wait;

void writeback_add_obj(struct obj *o)
{
	spin_lock(&list_lock);
	list_append(&all_list, &o->all_link);
	all_count++;
	spin_unlock(&list_lock);
}

void writeback_remove_obj(struct obj *o)
{
	spin_lock(&list_lock);
	list_remove(&o->all_link);
	all_count--;
	spin_unlock(&list_lock);
}

void writeback_note(struct obj *o)
{
	if (o->on_dirty_list)
		return;
	spin_lock(&list_lock);
	o->on_dirty_list = true;
	o->dirty_since = clock_now();
	obj_hold(o);
	list_append(&dirty_list, &o->dirty_link);
	spin_unlock(&list_lock);
}

void writeback_forget(struct obj *o)
{
	u32 left;

	if (!o->on_dirty_list)
		return;
	spin_lock(&list_lock);
	o->on_dirty_list = false;
	list_remove(&o->dirty_link);
	spin_unlock(&list_lock);
	/* The caller has a reference of its own, so this is not the last. */
	left = __atomic_sub_fetch(&o->ref, 1, __ATOMIC_ACQ_REL);
	ASSERT(left > 0);
}

void writeback_count_cached(long n)
{
	__atomic_fetch_add(&cached_pages, n, __ATOMIC_RELAXED);
}

void writeback_count(long n)
{
	__atomic_fetch_add(&dirty_pages, n, __ATOMIC_RELAXED);
}

void obj_get_stats(struct obj_stats *s)
{
	s->cached = (ulong)__atomic_load_n(&cached_pages, __ATOMIC_RELAXED);
	s->dirty = (ulong)__atomic_load_n(&dirty_pages, __ATOMIC_RELAXED);
}

/*
 * The first dirty object that became dirty before `until`, with a reference, moved to the list's
 * end; NULL if there is none.
 */
static struct obj *next_dirty(u64 until)
{
	struct obj *o = NULL;

	spin_lock(&list_lock);
	if (!list_empty(&dirty_list)) {
		o = LIST_FIRST(&dirty_list, struct obj, dirty_link);
		if (o->dirty_since > until) {
			o = NULL;
		} else {
			obj_hold(o);
			o->dirty_since = clock_now();
			list_remove(&o->dirty_link);
			list_append(&dirty_list, &o->dirty_link);
		}
	}
	spin_unlock(&list_lock);
	return o;
}

/* Write back all that became dirty before `until`. */
static void clean(u64 until)
{
	struct obj *o;

	while ((o = next_dirty(until))) {
		obj_write_back(o);
		obj_put(o);
	}
}

void writeback_throttle(void)
{
	if (UNLIKELY(__atomic_load_n(&dirty_pages, __ATOMIC_RELAXED) > dirty_limit))
		clean(clock_now());
}

/*
 * The object after the last one asked, with a reference; NULL if there is none or it is about to
 * go.
 */
static struct obj *next_obj(void)
{
	struct obj *o = NULL;
	u32 ref;

	spin_lock(&list_lock);
	if (!list_empty(&all_list)) {
		o = LIST_FIRST(&all_list, struct obj, all_link);
		list_remove(&o->all_link);
		list_append(&all_list, &o->all_link);
		ref = __atomic_load_n(&o->ref, __ATOMIC_RELAXED);
		do {
			if (ref == 0) {
				o = NULL;
				break;
			}
		} while (!__atomic_compare_exchange_n(
			&o->ref, &ref, ref + 1, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	}
	spin_unlock(&list_lock);
	return o;
}

/* How many of `want` pages may go if the floor is to be kept. */
static ulong above_floor(ulong want)
{
	long room = __atomic_load_n(&cached_pages, __ATOMIC_RELAXED) - CACHE_FLOOR;

	return room > 0 ? MIN(want, (ulong)room) : 0;
}

/* Ask every object once. */
static ulong reclaim_round(ulong want)
{
	ulong freed = 0, tries = __atomic_load_n(&all_count, __ATOMIC_RELAXED);
	struct obj *o;

	for (; freed < want && tries; tries--) {
		o = next_obj();
		if (!o)
			continue;
		freed += obj_reclaim_from(o, want - freed);
		obj_put(o);
	}
	return freed;
}

ulong obj_reclaim(ulong want, bool all)
{
	ulong freed = 0, n;

	do {
		n = reclaim_round(all ? want - freed : above_floor(want - freed));
		freed += n;
	} while (n && freed < want);
	return freed;
}

bool obj_make_room(void)
{
	if (obj_reclaim(ROOM_PAGES, false))
		return true;
	clean(clock_now());
	return obj_reclaim(ROOM_PAGES, false);
}

static void writeback_main(void *arg UNUSED)
{
	struct waiter w;
	struct page_stats ps;

	for (;;) {
		waitq_enter(&thread_wait, &w);
		waitq_sleep(&thread_wait, &w, WAIT_UNINTERRUPTIBLE, clock_now() + PERIOD);
		page_get_stats(&ps);
		if ((ulong)__atomic_load_n(&dirty_pages, __ATOMIC_RELAXED) > ps.total / 8)
			clean(clock_now());
		else
			clean(clock_now() - MIN(clock_now(), (u64)DIRTY_AGE));
		while (ps.free < ps.total / 32 && obj_reclaim(ps.total / 64, false))
			page_get_stats(&ps);
	}
}

void obj_writeback_start(void)
{
	struct page_stats ps;

	page_get_stats(&ps);
	dirty_limit = (long)(ps.total / 4);
	waitq_init(&thread_wait);
	if (!thread_create_kernel("writeback", writeback_main, NULL))
		panic("no memory for the write-back thread");
}
