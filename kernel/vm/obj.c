/*
 * Objects: the page cache.
 *
 * Invariants: a page in o->pages has kind PAGE_OBJ, page->obj == o, its index inside the size (but
 * while it is busy), and one reference by o. A page that is not busy is up to date. A page is
 * marked in o->pages iff its contents are newer than the store; it is then reserved there, and only
 * then may it be mapped writable. Who holds a page's busy token may change its identity, its
 * contents as a whole, or be at I/O on it; everybody else pins the page, lets go of all locks from
 * RANK_MM down, waits, and looks again.
 *
 * The mark goes on after the store to memory and comes off before the store to the disk: so a
 * change is written late rather than never.
 */
#include "vm/obj.h"

#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "arch/mmu.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "vm/kmalloc.h"
#include "vm/limit.h"
#include "vm/mm.h"
#include "vm/rmap.h"
#include "vm/uaccess.h"
#include "vm/writeback.h"

#define PAGES_UP(bytes) (((u64)(bytes) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define SYNC_BATCH 64
#define RECLAIM_BATCH 32
#define PUNCH_BATCH 32

static struct kmem_cache *anon_cache;
static u64 next_ino = 1;
static atomic_u64 next_serial = 1;

/* ---- life ---- */

void obj_module_init(void)
{
	anon_cache = kmem_cache_create("obj_anon", sizeof(struct obj), 0);
}

void obj_init(struct obj *o, const struct obj_ops *ops, u64 size)
{
	memset(o, 0, sizeof(*o));
	mutex_init(&o->lock, "object", RANK_OBJ);
	mutex_init(&o->sync_lock, "write-back", RANK_WRITEBACK);
	o->ops = ops;
	o->size = size;
	o->serial = __atomic_fetch_add(&next_serial, 1, __ATOMIC_RELAXED);
	radix_init(&o->pages);
	tree_init(&o->vmas, rmap_augment);
	o->ref = 1;
	if (ops->read)
		writeback_add_obj(o);
}

static void anon_release(struct obj *o)
{
	limit_count_promised(-(long)o->promised);
	kmem_free(anon_cache, o);
}

static const struct obj_ops anon_ops = {
	.release = anon_release,
};

struct obj *obj_anon_create(u64 size, ulong promised)
{
	struct obj *o = kmem_alloc(anon_cache, ALLOC_WAIT);

	if (!o)
		return NULL;
	obj_init(o, &anon_ops, PAGES_UP(size) << PAGE_SHIFT);
	o->ino = __atomic_fetch_add(&next_ino, 1, __ATOMIC_RELAXED);
	o->promised = promised;
	limit_count_promised((long)promised);
	return o;
}

void obj_hold(struct obj *o)
{
	__atomic_fetch_add(&o->ref, 1, __ATOMIC_RELAXED);
}

void obj_put(struct obj *o)
{
	if (__atomic_fetch_sub(&o->ref, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	obj_drop_pages(o);
	if (o->ops->read)
		writeback_remove_obj(o);
	if (o->ops->release)
		o->ops->release(o);
}

u64 obj_size(struct obj *o)
{
	u64 size;

	mutex_lock(&o->lock);
	size = o->size;
	mutex_unlock(&o->lock);
	return size;
}

/* ---- pages ---- */

bool obj_inside(const struct obj *o, u64 index)
{
	return index < PAGES_UP(o->size);
}

/* p (which may be NULL) if it is up to date, marked as used; else NULL. obj->lock held. */
static inline struct page *ready_page(struct page *p)
{
	/* Whoever filled it ended busy without our lock: acquire what it stored. */
	if (!p || (__atomic_load_n(&p->flags, __ATOMIC_ACQUIRE) & PAGE_BUSY))
		return NULL;
	if (!(p->flags & PAGE_REFERENCED))
		page_set_flags(p, PAGE_REFERENCED);
	return p;
}

struct page *obj_page_locked(struct obj *o, ulong index)
{
	return ready_page(radix_get(&o->pages, index));
}

bool obj_has_page_locked(const struct obj *o, u64 index)
{
	return obj_inside(o, index) && radix_get(&o->pages, (ulong)index);
}

unsigned obj_pages_locked(struct obj *o, ulong index, struct page **pages, unsigned n)
{
	u64 size = PAGES_UP(o->size);
	unsigned inside = index < size ? (unsigned)MIN((u64)n, size - index) : 0, run;

	for (unsigned done = 0; done < inside; done += run) {
		void *const *slot;

		run = inside - done;
		slot = radix_run(&o->pages, index + done, &run);
		for (unsigned i = 0; i < run; i++)
			pages[done + i] = slot ? ready_page(slot[i]) : NULL;
	}
	return inside;
}

/*
 * Take p out of o for good. p is busy by us, or not busy, and no translation reaches it any more
 * (flushed).
 */
static void page_forget(struct obj *o, struct page *p)
{
	if (radix_marked(&o->pages, p->index))
		writeback_count(-1);
	if (o->ops->read)
		writeback_count_cached(-1);
	radix_remove(&o->pages, p->index);
	if (o->ops->left)
		o->ops->left(o);
	p->obj = NULL;
	page_put(p);
}

/*
 * Give a new page its identity in o, busy. obj->lock held. -ENOMEM, -ENOSPC. On success o has taken
 * over the page's reference.
 */
static int page_insert(struct obj *o, struct page *p, ulong index)
{
	int err = o->ops->join ? o->ops->join(o) : 0;

	if (!err && radix_set(&o->pages, index, p) < 0) {
		err = -ENOMEM;
		if (o->ops->left)
			o->ops->left(o);
	}
	if (err)
		return err;
	page_set_kind(p, PAGE_OBJ);
	p->obj = o;
	p->index = index;
	p->flags = PAGE_BUSY | PAGE_REFERENCED;
	if (o->ops->read)
		writeback_count_cached(1);
	return 0;
}

/* End the wait of others for p and let go of a pin. */
static void page_done(struct page *p)
{
	page_unbusy(p);
	page_put(p);
}

/*
 * The page at index, pinned and taken as busy, inserted new if need be (then *fresh is set and its
 * contents are undefined). -ENXIO beyond the size, -ENOMEM, -ENOSPC.
 */
static int page_grab(struct obj *o, ulong index, struct page **out, bool *fresh)
{
	struct page *p, *spare = NULL;
	int err = 0;

	for (;;) {
		mutex_lock(&o->lock);
		if (!obj_inside(o, index)) {
			err = -ENXIO;
			break;
		}
		p = radix_get(&o->pages, index);
		if (p) {
			page_hold(p);
			*fresh = false;
			if (page_trybusy(p)) {
				*out = p;
				break;
			}
			mutex_unlock(&o->lock);
			page_wait_busy(p);
			page_put(p);
			continue;
		}
		if (spare) {
			err = page_insert(o, spare, index);
			if (!err) {
				page_hold(spare);
				*out = spare;
				*fresh = true;
				spare = NULL;
			}
			break;
		}
		mutex_unlock(&o->lock);
		spare = page_alloc(0, ALLOC_WAIT | (o->ops->read ? ALLOC_CACHE : 0));
		if (!spare)
			return -ENOMEM;
	}
	mutex_unlock(&o->lock);
	if (spare)
		page_free(spare, 0);
	return err;
}

/* Fill a page that page_grab made. On failure it leaves o, and the caller's pin is gone. */
static int page_fill(struct obj *o, struct page *p)
{
	int err = 0;

	if (o->ops->read) {
		current_thread()->fills++;
		err = o->ops->read(o, p);
	} else {
		page_clear(page_addr(p));
	}
	if (!err)
		return 0;
	mutex_lock(&o->lock);
	page_forget(o, p);
	mutex_unlock(&o->lock);
	page_done(p);
	return err;
}

/*
 * The page at index, pinned, if it is up to date now, else NULL; and the size as it is now, and
 * whether the page is one that was never there, and so is zeros.
 */
static struct page *page_peek(struct obj *o, ulong index, u64 *size, bool *hole)
{
	struct page *p;

	mutex_lock(&o->lock);
	*size = o->size;
	p = obj_inside(o, index) ? radix_get(&o->pages, index) : NULL;
	*hole = !p && !o->ops->read;
	p = ready_page(p);
	if (p)
		page_hold(p);
	mutex_unlock(&o->lock);
	return p;
}

int obj_get_page(struct obj *o, ulong index, struct page **out)
{
	u64 size;
	bool fresh, hole;
	struct page *p = page_peek(o, index, &size, &hole);
	int err;

	if (!p) {
		err = page_grab(o, index, &p, &fresh);
		if (!err && fresh)
			err = page_fill(o, p);
		if (err)
			return err;
		page_unbusy(p);
	}
	*out = p;
	return 0;
}

/* Mark the page dirty in o and tell write-back. obj->lock held, the page is in o and reserved. */
static void mark_locked(struct obj *o, struct page *p)
{
	if (p->flags & PAGE_FETCHABLE)
		page_clear_flags(p, PAGE_FETCHABLE);
	if (!o->ops->write || radix_marked(&o->pages, p->index))
		return;
	radix_mark(&o->pages, p->index);
	writeback_count(1);
	writeback_note(o);
}

void obj_mark_dirty(struct obj *o, struct page *p)
{
	mutex_lock(&o->lock);
	if (p->obj == o)
		mark_locked(o, p);
	mutex_unlock(&o->lock);
}

bool obj_is_dirty_locked(const struct obj *o, const struct page *p)
{
	return !o->ops->write || radix_marked(&o->pages, p->index);
}

bool obj_dirty_locked(struct obj *o, struct page *p)
{
	if (obj_is_dirty_locked(o, p))
		return true;
	if (o->ops->reserve)
		return false;
	mark_locked(o, p);
	return true;
}

int obj_get_page_dirty(struct obj *o, ulong index, struct page **out)
{
	struct page *p;
	bool reserved = !o->ops->reserve;
	int err;

	mutex_lock(&o->lock);
	p = obj_inside(o, index) ? obj_page_locked(o, index) : NULL;
	if (p) {
		page_hold(p);
		reserved |= radix_marked(&o->pages, index);
	}
	mutex_unlock(&o->lock);
	if (!p && (err = obj_get_page(o, index, &p)))
		return err;
	if (!reserved && (err = o->ops->reserve(o, index))) {
		page_put(p);
		return err;
	}
	*out = p;
	return 0;
}

int obj_make_dirty(struct obj *o, ulong index)
{
	struct page *p;
	bool fresh;
	int err;

	writeback_throttle();
	err = page_grab(o, index, &p, &fresh);
	if (err)
		return err;
	if (fresh && (err = page_fill(o, p)))
		return err;
	if (o->ops->reserve)
		err = o->ops->reserve(o, index);
	if (!err) {
		mutex_lock(&o->lock);
		mark_locked(o, p);
		mutex_unlock(&o->lock);
		if (o->ops->touched)
			o->ops->touched(o);
	}
	page_done(p);
	return err;
}

/* ---- read and write ---- */

ssize_t obj_read(struct obj *o, off_t off, struct uio *u)
{
	ssize_t done = 0;

	while (u->left && !(done && signal_fatal_pending())) {
		ulong in = (ulong)off & PAGE_MASK;
		size_t n = MIN((size_t)(PAGE_SIZE - in), u->left), got;
		ulong index = (ulong)((u64)off >> PAGE_SHIFT);
		u64 size;
		bool hole;
		struct page *p = page_peek(o, index, &size, &hole);
		int err = 0;

		if ((u64)off >= size) {
			if (p)
				page_put(p);
			break;
		}
		n = MIN((u64)n, size - (u64)off);
		if (!p && !hole)
			err = obj_get_page(o, index, &p);
		if (err == -ENOMEM && obj_make_room())
			continue;
		if (err)
			return done ? done : err == -ENXIO ? 0 : err;
		got = p ? uio_put(u, (char *)page_addr(p) + in, n) : uio_put_zero(u, n);
		if (p)
			page_put(p);
		done += got;
		off += got;
		if (got < n)
			return done ? done : -EFAULT;
		sched_point();
	}
	return done;
}

/*
 * Zero what lies beyond the size in the last page, if it is in memory. obj->lock held. True if it
 * is there.
 */
static bool zero_tail(struct obj *o)
{
	ulong in = (ulong)o->size & PAGE_MASK;
	struct page *p = in ? radix_get(&o->pages, (ulong)(o->size >> PAGE_SHIFT)) : NULL;

	if (p)
		memset((char *)page_addr(p) + in, 0, PAGE_SIZE - in);
	return p;
}

/* Bytes [off, off + n) of page p were stored to by write(2): the size follows, then the mark. */
static void write_commit(struct obj *o, struct page *p, off_t off, size_t n)
{
	mutex_lock(&o->lock);
	if ((u64)off + n > o->size)
		o->size = (u64)off + n;
	mark_locked(o, p);
	mutex_unlock(&o->lock);
}

/*
 * Write n bytes at off, all in one page that o has on the store or in memory: copy straight into
 * the cached page. Faults are allowed meanwhile: the page is pinned, not busy. Bytes copied, or
 * -errno.
 */
static ssize_t write_cached(struct obj *o, off_t off, size_t n, struct uio *u)
{
	ulong in = (ulong)off & PAGE_MASK;
	struct page *p = NULL;
	size_t got;
	int err = obj_get_page_dirty(o, (ulong)((u64)off >> PAGE_SHIFT), &p);

	if (err)
		return err;
	got = uio_get(u, (char *)page_addr(p) + in, n);
	if (got)
		write_commit(o, p, off, got);
	else
		/* If its place is new, what lies there must not become the file's. */
		obj_mark_dirty(o, p);
	page_put(p);
	return got ? (ssize_t)got : -EFAULT;
}

/*
 * The same for a page beyond the end: it is made in private, filled, and put into o together with
 * the new size, so that a bad source leaves the file as it was.
 */
static ssize_t write_beyond(struct obj *o, off_t off, size_t n, struct uio *u)
{
	ulong in = (ulong)off & PAGE_MASK, index = (ulong)((u64)off >> PAGE_SHIFT);
	unsigned flags = ALLOC_WAIT | (o->ops->read ? ALLOC_CACHE : 0);
	struct page *p = page_alloc(0, flags | (n < PAGE_SIZE ? ALLOC_ZERO : 0));
	size_t got;
	int err;

	if (!p)
		return -ENOMEM;
	got = uio_get(u, (char *)page_addr(p) + in, n);
	err = got ? 0 : -EFAULT;
	if (!err && o->ops->reserve)
		err = o->ops->reserve(o, index);
	if (err) {
		page_free(p, 0);
		return err;
	}
	if (got < n)
		memset((char *)page_addr(p) + in + got, 0, PAGE_SIZE - in - got);
	mutex_lock(&o->lock);
	err = page_insert(o, p, index);
	if (!err) {
		o->size = (u64)off + got;
		mark_locked(o, p);
		page_unbusy(p);
	}
	mutex_unlock(&o->lock);
	if (err) {
		page_free(p, 0);
		return err;
	}
	return (ssize_t)got;
}

/* The body of obj_write. */
static ssize_t write_pages(struct obj *o, off_t off, struct uio *u)
{
	ssize_t done = 0, got;

	while (u->left && !(done && signal_fatal_pending())) {
		size_t n = MIN((size_t)(PAGE_SIZE - ((ulong)off & PAGE_MASK)), u->left);
		struct uio before = *u;

		writeback_throttle();
		if (obj_inside(o, (u64)off >> PAGE_SHIFT))
			got = write_cached(o, off, n, u);
		else
			got = write_beyond(o, off, n, u);
		if (got == -ENOMEM && obj_make_room()) {
			*u = before;
			continue;
		}
		if (got < 0)
			return done ? done : got;
		done += got;
		off += got;
		if ((size_t)got < n)
			break;
		sched_point();
	}
	return done;
}

ssize_t obj_write(struct obj *o, off_t off, struct uio *u)
{
	ssize_t done;
	bool grows;

	mutex_lock(&o->lock);
	grows = (u64)off + u->left > o->size;
	if (grows)
		zero_tail(o);
	o->growing = grows;
	mutex_unlock(&o->lock);
	done = write_pages(o, off, u);
	if (grows) {
		mutex_lock(&o->lock);
		o->growing = false;
		mutex_unlock(&o->lock);
	}
	return done;
}

/* ---- truncation ---- */

static ulong va_from(const struct vma *v, u64 first)
{
	return first > v->pgoff ? v->start + ((ulong)(first - v->pgoff) << PAGE_SHIFT) : v->start;
}

/* Drop what v shows of pages from `first` on: translations, and a private mapping's own copies. */
static void vma_cut(struct vma *v, u64 first, struct batch *b)
{
	struct anontab *tab = &v->mm->anon;
	ulong start = va_from(v, first);

	spin_lock(&tab->lock);
	if (!(v->flags & VMA_SHARED)) {
		/*
		 * Prepared before; only a fork since then can have shared the nodes again. Then
		 * wait for memory.
		 */
		while (anon_remove_prepare_locked(tab, start, v->end, b) < 0) {
			spin_unlock(&tab->lock);
			sched_yield();
			spin_lock(&tab->lock);
		}
	}
	pmap_remove(&v->mm->pmap, start, v->end, b);
	batch_add(b, &v->mm->pmap, start, v->end);
	if (!(v->flags & VMA_SHARED))
		anon_remove(tab, start, v->end, b);
	spin_unlock(&tab->lock);
}

/* Make sure that no vma_cut from `first` on needs memory. -ENOMEM. obj->lock held. */
static int cut_prepare(struct obj *o, u64 first, struct batch *b)
{
	struct vma *v;

	for (v = rmap_first(o, first, ~0ull); v; v = rmap_next(v, first, ~0ull))
		if (!(v->flags & VMA_SHARED) &&
		    anon_remove_prepare(&v->mm->anon, va_from(v, first), v->end, b) < 0)
			return -ENOMEM;
	return 0;
}

/*
 * If nothing is marked any more, the dirty list need not know o. The caller has a reference;
 * obj->lock held.
 */
static void note_clean(struct obj *o)
{
	ulong index = 0;

	if (!radix_next_marked(&o->pages, &index))
		writeback_forget(o);
}

/* Wait while p of o is busy. obj->lock is dropped meanwhile: look again after it. */
static void wait_unlocked(struct obj *o, struct page *p)
{
	page_hold(p);
	mutex_unlock(&o->lock);
	page_wait_busy(p);
	page_put(p);
	mutex_lock(&o->lock);
}

/*
 * Take out all pages from index `first` on, waiting for busy ones. obj->lock held; dropped and
 * taken again while waiting.
 */
static void cut_pages(struct obj *o, ulong first)
{
	ulong index = first;
	struct page *p;

	while ((p = radix_next(&o->pages, &index))) {
		if (!(p->flags & PAGE_BUSY)) {
			page_forget(o, p);
			continue;
		}
		wait_unlocked(o, p);
	}
	note_clean(o);
}

static int shrink(struct obj *o, u64 size)
{
	u64 first = PAGES_UP(size);
	struct page *tail = NULL;
	struct batch b;
	struct vma *v;
	int err = 0;

	/* The tail is to be zeros in the store too; without one, what is not in memory is zeros. */
	if ((size & PAGE_MASK) && o->ops->read)
		err = obj_get_page_dirty(o, (ulong)(size >> PAGE_SHIFT), &tail);
	if (err)
		return err;
	batch_init(&b);
	mutex_lock(&o->lock);
	err = cut_prepare(o, first, &b);
	if (!err) {
		o->size = size; /* from here on no fault enters a page beyond */
		for (v = rmap_first(o, first, ~0ull); v; v = rmap_next(v, first, ~0ull))
			vma_cut(v, first, &b);
		batch_finish(&b);
		cut_pages(o, (ulong)first);
		zero_tail(o);
	}
	if (tail)
		mark_locked(o, tail); /* its place may be new, though nothing was cut */
	batch_finish(&b);
	mutex_unlock(&o->lock);
	if (tail)
		page_put(tail);
	return err;
}

int obj_truncate(struct obj *o, u64 size)
{
	if (size < o->size)
		return shrink(o, size);
	mutex_lock(&o->lock);
	zero_tail(o);
	o->size = size;
	mutex_unlock(&o->lock);
	return 0;
}

void obj_zero_tail(struct obj *o)
{
	mutex_lock(&o->lock);
	zero_tail(o);
	mutex_unlock(&o->lock);
}

/* ---- zeros ---- */

/*
 * Pick pages from *index on, below `end`: busy and out of all page tables. Waits for busy ones.
 * obj->lock held; dropped while waiting.
 */
static unsigned pick_range(
	struct obj *o, ulong *index, ulong end, struct page **pages, struct batch *b)
{
	unsigned n = 0;
	struct page *p;

	while (n < PUNCH_BATCH && (p = radix_next(&o->pages, index)) && *index < end) {
		if (!page_trybusy(p)) {
			if (n)
				break;
			wait_unlocked(o, p);
			continue;
		}
		page_hold(p);
		rmap_unmap(o, p, b);
		pages[n++] = p;
		++*index;
	}
	return n;
}

/* Zero n bytes from `from` on, which lie in one page, if that is in memory. */
static void zero_part(struct obj *o, u64 from, ulong n)
{
	struct page *p;

	mutex_lock(&o->lock);
	p = radix_get(&o->pages, (ulong)(from >> PAGE_SHIFT));
	if (p)
		memset((char *)page_addr(p) + (from & PAGE_MASK), 0, n);
	mutex_unlock(&o->lock);
}

void obj_punch(struct obj *o, u64 from, u64 to)
{
	struct page *pages[PUNCH_BATCH];
	ulong first = (ulong)PAGES_UP(from), end = (ulong)(to >> PAGE_SHIFT);
	struct batch b;
	unsigned n;

	if ((from & PAGE_MASK) && from < to)
		zero_part(o, from, (ulong)(MIN(to, (u64)first << PAGE_SHIFT) - from));
	if ((to & PAGE_MASK) && first <= end)
		zero_part(o, (u64)end << PAGE_SHIFT, (ulong)to & PAGE_MASK);
	batch_init(&b);
	do {
		mutex_lock(&o->lock);
		n = pick_range(o, &first, end, pages, &b);
		batch_finish(&b);
		for (unsigned i = 0; i < n; i++) {
			page_forget(o, pages[i]);
			page_done(pages[i]);
		}
		mutex_unlock(&o->lock);
	} while (n);
}

static bool all_zero(const struct page *p)
{
	const ulong *word = page_addr(p);

	for (unsigned i = 0; i < PAGE_SIZE / sizeof(*word); i++)
		if (word[i])
			return false;
	return true;
}

/* obj_zero for one page of an object with a store. */
static int zero_stored(struct obj *o, ulong index)
{
	struct page *p;
	int err = obj_get_page(o, index, &p);
	bool zero;

	if (err)
		return err;
	zero = all_zero(p);
	page_put(p);
	if (zero)
		return 0;
	writeback_throttle();
	err = obj_get_page_dirty(o, index, &p);
	if (err)
		return err;
	page_clear(page_addr(p));
	obj_mark_dirty(o, p);
	page_put(p);
	if (o->ops->touched)
		o->ops->touched(o);
	return 0;
}

int obj_zero(struct obj *o, ulong first, ulong end)
{
	int err = 0;

	if (!o->ops->read) {
		obj_punch(o, (u64)first << PAGE_SHIFT, (u64)end << PAGE_SHIFT);
		return 0;
	}
	while (first < end && !err) {
		if (signal_fatal_pending())
			return -EINTR;
		err = zero_stored(o, first);
		if (err == -ENOMEM && obj_make_room())
			err = 0;
		else
			first++;
		sched_point();
	}
	return err == -ENXIO ? 0 : err;
}

ulong obj_count_pages(struct obj *o, ulong first, ulong end)
{
	ulong index = first, n = 0;

	mutex_lock(&o->lock);
	while (radix_next(&o->pages, &index) && index < end) {
		index++;
		n++;
	}
	mutex_unlock(&o->lock);
	return n;
}

ulong obj_next_page(struct obj *o, ulong index, bool in_memory)
{
	mutex_lock(&o->lock);
	if (!in_memory)
		index = radix_first_free(&o->pages, index);
	else if (!radix_next(&o->pages, &index))
		index = RADIX_NONE;
	mutex_unlock(&o->lock);
	return index;
}

/* ---- shared mappings with a right to write ---- */

int obj_claim_writable(struct obj *o)
{
	int err;

	mutex_lock(&o->lock);
	err = o->write_sealed ? -EPERM : 0;
	if (!err)
		o->writable++;
	mutex_unlock(&o->lock);
	return err;
}

void obj_unclaim_writable(struct obj *o)
{
	mutex_lock(&o->lock);
	o->writable--;
	mutex_unlock(&o->lock);
}

int obj_seal_writable(struct obj *o, bool keep)
{
	int err;

	mutex_lock(&o->lock);
	err = o->writable && !keep ? -EBUSY : 0;
	if (!err)
		o->write_sealed = true;
	mutex_unlock(&o->lock);
	return err;
}

void obj_drop_pages(struct obj *o)
{
	mutex_lock(&o->lock);
	cut_pages(o, 0);
	mutex_unlock(&o->lock);
}

/* ---- write-back ---- */

/*
 * Collect dirty pages from *index on, up to `last`: pinned, busy, unmarked, no longer mapped
 * writable. Waits for busy ones. obj->lock held; dropped while waiting.
 */
static unsigned collect_dirty(
	struct obj *o, ulong *index, ulong last, struct page **pages, struct batch *b)
{
	unsigned n = 0;
	struct page *p;

	while (n < SYNC_BATCH && (p = radix_next_marked(&o->pages, index)) && *index <= last) {
		if (!page_trybusy(p)) {
			if (n)
				break;
			wait_unlocked(o, p);
			continue;
		}
		page_hold(p);
		rmap_clean(o, p, b);
		radix_unmark(&o->pages, p->index);
		writeback_count(-1);
		pages[n++] = p;
		++*index;
	}
	return n;
}

/*
 * The n pages, busy by us, could not be written. For want of memory: they stay dirty. Otherwise
 * they are lost, which the next sync will tell.
 */
static void write_failed(struct obj *o, struct page **pages, unsigned n, int err)
{
	mutex_lock(&o->lock);
	if (err == -ENOMEM) {
		for (unsigned i = 0; i < n; i++)
			mark_locked(o, pages[i]);
	} else {
		o->error = err;
		log_warn("write-back failed: error %d, %u pages are lost\n", -err, n);
	}
	mutex_unlock(&o->lock);
}

/*
 * Write up to SYNC_BATCH dirty pages from *index on. Their number, 0 at the end; *err takes the
 * first failure.
 */
static unsigned sync_some(struct obj *o, ulong *index, ulong last, int *err)
{
	struct page *pages[SYNC_BATCH];
	struct batch b;
	unsigned n;
	int e;

	batch_init(&b);
	mutex_lock(&o->lock);
	n = collect_dirty(o, index, last, pages, &b);
	batch_finish(&b);
	/*
	 * Stores beyond the end do not reach the disk: none can come any more. But what a write has
	 * copied there already must stay; it zeroed the rest before.
	 */
	if (n && pages[n - 1]->index == o->size >> PAGE_SHIFT && !o->growing)
		zero_tail(o);
	mutex_unlock(&o->lock);
	if (!n)
		return 0;
	e = o->ops->write(o, pages, n);
	if (e) {
		write_failed(o, pages, n, e);
		if (!*err)
			*err = e;
	}
	for (unsigned i = 0; i < n; i++)
		page_done(pages[i]);
	return n;
}

/* Write the dirty pages of [first, last]. The first error. */
static int write_range(struct obj *o, ulong first, ulong last)
{
	ulong index = first;
	int err = 0;

	if (!o->ops->write)
		return 0;
	mutex_lock(&o->sync_lock);
	while (sync_some(o, &index, last, &err))
		;
	mutex_lock(&o->lock);
	note_clean(o);
	mutex_unlock(&o->lock);
	mutex_unlock(&o->sync_lock);
	return err;
}

void obj_write_back(struct obj *o)
{
	write_range(o, 0, RADIX_NONE);
}

int obj_sync(struct obj *o, ulong first, ulong last)
{
	int err = write_range(o, first, last);

	mutex_lock(&o->lock);
	if (!err)
		err = o->error;
	o->error = 0;
	mutex_unlock(&o->lock);
	return err;
}

/* ---- reclaim ---- */

/*
 * Pick up to `max` pages of o that nobody used since the hand last passed: busy and out of all page
 * tables. obj->lock held.
 */
static unsigned pick_idle(struct obj *o, struct page **pages, unsigned max, struct batch *b)
{
	unsigned n = 0, rounds = 0;
	struct page *p;

	while (n < max && rounds < 2) {
		p = radix_next(&o->pages, &o->clock_hand);
		if (!p) {
			o->clock_hand = 0;
			rounds++;
			continue;
		}
		o->clock_hand++;
		if (p->flags & PAGE_REFERENCED) {
			page_clear_flags(p, PAGE_REFERENCED);
			continue;
		}
		if (radix_marked(&o->pages, p->index) || p->ref > 1 || rmap_locked(o, p) ||
			!page_trybusy(p))
			continue;
		rmap_unmap(o, p, b);
		pages[n++] = p;
	}
	return n;
}

ulong obj_reclaim_from(struct obj *o, ulong want)
{
	struct page *pages[RECLAIM_BATCH];
	struct batch b;
	unsigned n;

	if (!mutex_trylock(&o->lock))
		return 0;
	batch_init(&b);
	n = pick_idle(o, pages, MIN(want, (ulong)RECLAIM_BATCH), &b);
	batch_finish(&b);
	for (unsigned i = 0; i < n; i++) {
		page_hold(pages[i]);
		page_forget(o, pages[i]);
		page_done(pages[i]);
	}
	mutex_unlock(&o->lock);
	return n;
}
