/*
 * The calls that change an address space: map, unmap, protect, sync, brk.
 *
 * Each works in the same order: judge the arguments; take mm->lock for writing; get all the memory
 * that may be needed (struct change holds it); then change things in a way that cannot fail; flush;
 * unlock; and only then let go of files and objects, because that may take locks that come before
 * mm->lock.
 */
#include "lib/errno.h"
#include "lib/printf.h"
#include "machine/pte.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "vm/change.h"
#include "vm/fault.h"
#include "vm/limit.h"
#include "vm/mm.h"
#include "vm/obj.h"

void change_begin(struct change *c)
{
	c->spare[0] = c->spare[1] = NULL;
	c->load = c->load_end = 0;
	list_init(&c->dead);
	batch_init(&c->batch);
}

void change_end(struct change *c)
{
	for (unsigned i = 0; i < ARRAY_SIZE(c->spare); i++)
		if (c->spare[i])
			vma_free(c->spare[i]);
	vma_free_list(&c->dead);
}

/* ---- unmap ---- */

/*
 * Would there be too many mappings with [start, end) empty, what is left on both sides of it, and
 * `added` new ones?
 */
static bool too_many(struct mm *mm, ulong start, ulong end, const struct change *c, unsigned added)
{
	ulong n = mm->nr_vmas + !!c->spare[0] + !!c->spare[1] + added;
	const struct vma *v;

	if (n > mm_max_vmas)
		for (v = vma_find_from(mm, start); v && v->start < end; v = vma_next(v))
			/* It, or the part split off, goes. */
			n -= v->obj || (v->start >= start && v->end <= end);
	return n > mm_max_vmas;
}

/*
 * A vma without an object is cut where it is; one with an object is split, because the part that
 * goes must stay on the object's list until the flush.
 */
int unmap_prepare(struct mm *mm, ulong start, ulong end, unsigned added, struct change *c)
{
	struct vma *first = vma_find_from(mm, start), *last;
	bool low, high;

	if (!first || first->start >= end)
		return mm->nr_vmas + added > mm_max_vmas ? -ENOMEM : 0;
	last = first->end >= end ? first : vma_find(mm, end - 1);
	low = first->start < start;
	high = last && last->end > end;
	if (low && first->obj && vma_clip_prepare(mm, start, &c->spare[0]) < 0)
		return -ENOMEM;
	if (high && (last->obj || (low && last == first)) &&
		vma_clip_prepare(mm, end, &c->spare[1]) < 0)
		return -ENOMEM;
	if (too_many(mm, start, end, c, added))
		return -ENOMEM;
	while (anon_remove_prepare(&mm->anon, start, end, &c->batch) < 0)
		if (!obj_reclaim(PREPARE_RECLAIM, false))
			return -ENOMEM;
	return 0;
}

/* Is va inside a vma, not at its start? */
static bool is_inside(struct mm *mm, ulong va)
{
	const struct vma *v = vma_find(mm, va);

	return v && v->start < va;
}

/*
 * Take the vmas of [start, end), of which `first` holds or follows start, out of the tree. Those
 * that went as a whole are on c->dead.
 */
static void unmap_vmas(
	struct mm *mm, struct vma *first, ulong start, ulong end, struct change *c)
{
	struct vma *v = first, *next;

	/* Another change since the preparation may have cut there already. */
	if (c->spare[0] && first->start < start) {
		v = c->spare[0];
		vma_clip(mm, start, &c->spare[0]);
	}
	if (c->spare[1] && c->spare[1]->obj && is_inside(mm, end))
		vma_clip(mm, end, &c->spare[1]);
	for (; v && v->start < end; v = next) {
		next = vma_next(v);
		limit_count(mm, v, -(long)((MIN(v->end, end) - MAX(v->start, start)) >> PAGE_SHIFT));
		if (v->start < start || v->end > end) {
			vma_punch(mm, v, start, end, &c->spare[1]);
		} else {
			vma_unlink(mm, v);
			list_append(&c->dead, &v->link);
		}
	}
}

/* Give back page tables that the hole around `at` needs no more. */
static void trim_tables(struct mm *mm, ulong at, struct batch *b)
{
	const struct vma *above, *below;

	if (!pmap_trim_due(&mm->pmap))
		return;
	above = vma_find_from(mm, at);
	below = above ? vma_prev(above) : vma_last(mm);
	pmap_trim(&mm->pmap, below ? below->end : 0, above ? above->start : USER_TOP, b);
}

void unmap_commit(struct mm *mm, ulong start, ulong end, struct change *c)
{
	struct vma *first = vma_find_from(mm, start), *v;

	if (!first || first->start >= end)
		return;
	unmap_vmas(mm, first, start, end, c);
	pmap_remove(&mm->pmap, start, end, &c->batch);
	spin_lock(&mm->anon.lock);
	anon_remove(&mm->anon, start, end, &c->batch);
	spin_unlock(&mm->anon.lock);
	trim_tables(mm, start, &c->batch);
	batch_finish(&c->batch);
	LIST_EACH(v, &c->dead, link)
		vma_unlink_obj(v);
}

int mm_unmap(struct mm *mm, ulong addr, ulong len)
{
	ulong end = addr + ALIGN_UP(len, PAGE_SIZE);
	struct change c;
	int err;

	if ((addr & PAGE_MASK) || len == 0 || len > USER_TOP ||
		addr > USER_TOP - ALIGN_UP(len, PAGE_SIZE))
		return -EINVAL;
	change_begin(&c);
	rwlock_write(&mm->lock);
	err = unmap_prepare(mm, addr, end, 0, &c);
	if (!err)
		unmap_commit(mm, addr, end, &c);
	batch_finish(&c.batch);
	rwlock_write_unlock(&mm->lock);
	change_end(&c);
	return err;
}

/* ---- map ---- */

int mm_map_check(struct mm *mm, ulong addr, ulong len, unsigned flags, u64 pgoff)
{
	ulong pages_len = ALIGN_UP(len, PAGE_SIZE);
	bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);

	if (len == 0)
		return -EINVAL;
	if (pages_len == 0 || pages_len >= USER_TOP)
		return -ENOMEM;
	if ((ulong)pgoff + (pages_len >> PAGE_SHIFT) < (ulong)pgoff) /* page offsets are words */
		return -EOVERFLOW;
	/* Looked at again under the lock; MAP_FIXED may put one in the place of another. */
	if (mm->nr_vmas >= mm_max_vmas && (!fixed || (flags & MAP_FIXED_NOREPLACE)))
		return -ENOMEM;
	if (!fixed)
		return 0;
	if (addr > USER_TOP - pages_len)
		return -ENOMEM;
	if (addr & PAGE_MASK)
		return -EINVAL;
	return addr < MMAP_MIN ? -EPERM : 0;
}

ulong choose_address(struct mm *mm, ulong hint, ulong len)
{
	ulong at;

	hint = ALIGN_DOWN(hint, PAGE_SIZE);
	if (hint && hint < MMAP_MIN)
		hint = MMAP_MIN;
	if (hint && hint <= USER_TOP - len && vma_range_free(mm, hint, hint + len))
		return hint;
	at = vma_gap(mm, len, MMAP_BASE, USER_TOP);
	return at ? at : vma_gap(mm, len, MMAP_MIN, USER_TOP);
}

static unsigned vma_flags_of(const struct mm *mm, const struct map_request *rq)
{
	unsigned flags = rq->vma_flags | mm->lock_future;

	if ((rq->flags & MAP_TYPE) != MAP_PRIVATE)
		flags |= VMA_SHARED;
	if (rq->flags & MAP_GROWSDOWN)
		flags |= VMA_GROWSDOWN;
	if (rq->flags & MAP_NORESERVE)
		flags |= VMA_NORESERVE;
	if (rq->flags & MAP_LOCKED)
		flags |= VMA_LOCKED;
	return flags;
}

/*
 * Find a place for len bytes and judge what depends on it, with mm->lock held: the address, or
 * -ENOMEM, -EEXIST, -EPERM, -EAGAIN.
 */
static long place(struct mm *mm, const struct map_request *rq, ulong len)
{
	bool fixed = rq->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	ulong addr = fixed ? rq->addr : choose_address(mm, rq->addr, len);
	const struct vma *v;

	if (!addr)
		return -ENOMEM;
	if (rq->flags & MAP_FIXED_NOREPLACE) {
		v = vma_find_from(mm, addr);
		if (v && v->start < addr + len)
			return -EEXIST;
	}
	if ((rq->flags & MAP_LOCKED) && limit_bytes(LIMIT_LOCKED) == 0)
		return -EPERM;
	if (!limit_lock(mm, len >> PAGE_SHIFT, vma_flags_of(mm, rq)))
		return -EAGAIN;
	return (long)addr;
}

int mm_map_place(struct mm *mm, const struct map_request *rq)
{
	long addr;

	rwlock_read(&mm->lock);
	addr = place(mm, rq, ALIGN_UP(rq->len, PAGE_SIZE));
	rwlock_read_unlock(&mm->lock);
	return (ulong)addr < USER_TOP ? 0 : (int)addr;
}

ulong pages_mapped(struct mm *mm, ulong start, ulong end)
{
	ulong pages = 0;

	for (const struct vma *v = vma_find_from(mm, start); v && v->start < end; v = vma_next(v))
		pages += (MIN(v->end, end) - MAX(v->start, start)) >> PAGE_SHIFT;
	return pages;
}

/* limit_map for a mapping at addr; what it replaces is looked for only if that matters. */
static int check_limits(
	struct mm *mm, const struct map_request *rq, ulong addr, ulong len, unsigned vma_flags)
{
	ulong pages = len >> PAGE_SHIFT;

	if (limit_map(mm, pages, 0, rq->prot, vma_flags) == 0)
		return 0;
	return limit_map(mm, pages, pages_mapped(mm, addr, addr + len), rq->prot, vma_flags);
}

/*
 * The private anonymous vma that ends at addr and may simply be made longer by what rq asks for;
 * NULL if there is none.
 */
static struct vma *extensible(struct mm *mm, const struct map_request *rq, ulong addr)
{
	struct vma *v = vma_find(mm, addr - 1);

	if ((rq->flags & MAP_TYPE) != MAP_PRIVATE || rq->obj || !v || v->end != addr || v->obj)
		return NULL;
	if (v->prot != rq->prot || v->max_prot != rq->max_prot || v->flags != vma_flags_of(mm, rq))
		return NULL;
	return v;
}

/*
 * With mm->lock held for writing: choose the address, empty it, map obj there. The address or
 * -errno.
 */
static long map_locked(
	struct mm *mm, const struct map_request *rq, ulong len, struct obj *obj, struct change *c)
{
	bool replace = rq->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	unsigned flags = vma_flags_of(mm, rq);
	struct vma *v = NULL, *below;
	long at = place(mm, rq, len);
	ulong addr = (ulong)at;

	if (addr >= USER_TOP)
		return at;
	if (replace ? unmap_prepare(mm, addr, addr + len, 1, c) < 0 : mm->nr_vmas >= mm_max_vmas)
		return -ENOMEM;
	if (check_limits(mm, rq, addr, len, flags) < 0)
		return -ENOMEM;
	below = replace ? NULL : extensible(mm, rq, addr);
	if (!below) {
		v = vma_new(mm, addr, addr + len, rq->prot, rq->max_prot, flags, obj, rq->file,
			rq->obj ? rq->pgoff : 0);
		if (!v)
			return -ENOMEM;
	}
	if (replace)
		unmap_commit(mm, addr, addr + len, c);
	if (below)
		vma_move_end(below, addr + len);
	else
		vma_link(mm, v);
	limit_count(mm, below ? below : v, (long)(len >> PAGE_SHIFT));
	vma_merge(mm, addr + len, &c->dead);
	if (!below)
		vma_merge(mm, addr, &c->dead);
	return (long)addr;
}

/* The object for a shared anonymous mapping, whose memory is promised unless rq says otherwise. */
static struct obj *shared_memory(const struct map_request *rq, ulong len)
{
	ulong pages = rq->flags & MAP_NORESERVE ? 0 : len >> PAGE_SHIFT;

	return limit_promise(pages) ? obj_anon_create(len, pages) : NULL;
}

long mm_map(struct mm *mm, const struct map_request *rq)
{
	ulong len = ALIGN_UP(rq->len, PAGE_SIZE);
	bool populate = (rq->flags & MAP_POPULATE) && !(rq->flags & MAP_NONBLOCK);
	struct obj *obj = rq->obj;
	struct change c;
	long addr = mm_map_check(mm, rq->addr, rq->len, rq->flags, rq->pgoff);

	if (addr < 0)
		return addr;
	if ((rq->flags & MAP_TYPE) != MAP_PRIVATE && !obj && !(obj = shared_memory(rq, len)))
		return -ENOMEM;
	change_begin(&c);
	rwlock_write(&mm->lock);
	addr = map_locked(mm, rq, len, obj, &c);
	populate |= vma_flags_of(mm, rq) & VMA_LOCKED;
	batch_finish(&c.batch);
	rwlock_write_unlock(&mm->lock);
	change_end(&c);
	if (obj != rq->obj)
		obj_put(obj); /* the vma has its own reference */
	if (addr >= 0 && populate)
		mm_populate(mm, (ulong)addr, (ulong)addr + len, true);
	return addr;
}

/* ---- protect ---- */

/*
 * Stock the spares for the splits at both ends, so that a lack of memory shows before anything is
 * changed. -ENOMEM.
 */
static int protect_prepare(struct mm *mm, ulong start, ulong end, unsigned prot, struct change *c)
{
	const struct vma *first = vma_find(mm, start), *last = vma_find(mm, end - 1);
	ulong more;

	if (first && first->start < start && first->prot != prot &&
		vma_clip_prepare(mm, start, &c->spare[0]) < 0)
		return -ENOMEM;
	if (last && last->end > end && last->prot != prot &&
		vma_clip_prepare(mm, end, &c->spare[1]) < 0)
		return -ENOMEM;
	more = !!c->spare[0] + !!c->spare[1];
	return more && mm->nr_vmas + more > mm_max_vmas ? -ENOMEM : 0;
}

/* Give v new rights. The page table need not know of rights that are added. */
static void protect_vma(struct mm *mm, struct vma *v, unsigned prot, struct change *c)
{
	unsigned lost = pte_effective(v->prot) & ~pte_effective(prot);

	if ((v->flags & (VMA_LOCKED | VMA_SHARED)) == VMA_LOCKED && !(v->prot & PROT_WRITE) &&
		(prot & PROT_WRITE)) {
		if (!c->load_end)
			c->load = v->start;
		c->load_end = v->end;
	}
	limit_count_change(mm, v, prot, v->flags);
	v->prot = prot;
	if (lost)
		pmap_protect(&mm->pmap, v->start, v->end, pte_effective(prot), &c->batch);
}

/*
 * Move *start on to `end`, or to where what is to be loaded has ended and more may follow: what lies
 * between must not be loaded with it.
 */
static int protect_range(struct mm *mm, ulong *start, ulong end, unsigned prot, struct change *c)
{
	struct vma *v;
	ulong stop;
	int err = protect_prepare(mm, *start, end, prot, c);

	if (err)
		return err;
	for (; *start < end && (!c->load_end || c->load_end == *start); *start = stop) {
		v = vma_find(mm, *start);
		if (!v)
			return -ENOMEM;
		if (prot & ~v->max_prot)
			return -EACCES;
		stop = MIN(end, v->end);
		if ((prot & PROT_WRITE) && limit_make_writable(mm, v, (stop - *start) >> PAGE_SHIFT) < 0)
			return -ENOMEM;
		if (v->prot != prot) {
			if (v->start < *start) {
				v = c->spare[0];
				vma_clip(mm, *start, &c->spare[0]);
			}
			if (stop == end)
				vma_clip(mm, end, &c->spare[1]);
			protect_vma(mm, v, prot, c);
		}
		/* Even if it had the rights already: the one before may be like it now. */
		vma_merge(mm, *start, &c->dead);
	}
	vma_merge(mm, *start, &c->dead);
	return 0;
}

/*
 * Where PROT_GROWSDOWN or PROT_GROWSUP lets the change begin: the start of the growing mapping.
 * -EINVAL on any other.
 */
static int protect_growing(struct mm *mm, ulong *start, ulong end, unsigned prot)
{
	const struct vma *v = vma_find_from(mm, *start);

	if (!v || v->start >= end)
		return -ENOMEM;
	if ((prot & PROT_GROWSUP) || !(v->flags & VMA_GROWSDOWN))
		return -EINVAL;
	*start = v->start;
	return 0;
}

int mm_protect(struct mm *mm, ulong addr, ulong len, unsigned prot)
{
	unsigned growing = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	ulong start = addr, end = addr + ALIGN_UP(len, PAGE_SIZE);
	struct change c;
	int err = 0;

	if (growing == (PROT_GROWSDOWN | PROT_GROWSUP) || (addr & PAGE_MASK))
		return -EINVAL;
	if (len == 0)
		return 0;
	if (end <= addr)
		return -ENOMEM;
	if (prot & ~(unsigned)(PROT_ALL | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP))
		return -EINVAL;
	do {
		change_begin(&c);
		rwlock_write(&mm->lock);
		if (growing)
			err = protect_growing(mm, &start, end, prot);
		growing = 0;
		if (!err)
			err = protect_range(mm, &start, end, prot & PROT_ALL, &c);
		batch_finish(&c.batch);
		rwlock_write_unlock(&mm->lock);
		change_end(&c);
		mm_load_locked(mm, c.load, c.load_end);
	} while (!err && start < end);
	return err;
}

/* ---- sync ---- */

/*
 * Write back what the first mapping at or after *addr shares, and move *addr past the mapping.
 * Holes before `end` are noted in *hole. Of a file everything is written: where its new blocks are
 * must reach the disk too, or the stores would be there and not be found.
 */
static int sync_part(struct mm *mm, ulong *addr, ulong end, unsigned flags, bool *hole)
{
	struct obj *obj = NULL;
	struct file *file = NULL;
	struct vma *v;
	int err = 0;

	rwlock_read(&mm->lock);
	v = vma_find_from(mm, *addr);
	if (!v || v->start >= end) {
		*hole = true;
		*addr = end;
	} else {
		*hole |= v->start > *addr;
		*addr = MIN(v->end, end);
		if ((flags & MS_INVALIDATE) && (v->flags & VMA_LOCKED)) {
			err = -EBUSY;
		} else if ((flags & MS_SYNC) && v->obj && (v->flags & VMA_SHARED)) {
			obj = v->obj;
			file = v->file;
			vma_hold_backing(v);
		}
	}
	rwlock_read_unlock(&mm->lock);
	if (obj) {
		err = file ? file_sync_mapped(file) : obj_sync(obj, 0, RADIX_NONE);
		vma_drop_backing(obj, file);
	}
	return err;
}

int mm_sync(struct mm *mm, ulong addr, ulong len, unsigned flags)
{
	ulong end = addr + ALIGN_UP(len, PAGE_SIZE);
	bool hole = false;
	int err = 0;

	if ((flags & ~(unsigned)(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || (addr & PAGE_MASK) ||
	    ((flags & MS_ASYNC) && (flags & MS_SYNC)))
		return -EINVAL;
	if (end < addr)
		return -ENOMEM;
	while (addr < end && !err)
		err = sync_part(mm, &addr, end, flags, &hole);
	return err ? err : hole ? -ENOMEM : 0;
}

/* ---- the heap ---- */

void mm_set_brk(struct mm *mm, ulong start)
{
	mm->brk_start = mm->brk = ALIGN_UP(start, PAGE_SIZE);
}

/* Extend the heap's pages from `end` to `new_end`. mm->lock held for writing. -ENOMEM. */
static int heap_grow(struct mm *mm, ulong end, ulong new_end)
{
	struct vma *v = end > mm->brk_start ? vma_find(mm, end - 1) : NULL;
	unsigned prot = PROT_READ | PROT_WRITE, flags = mm->lock_future;
	ulong pages = (new_end - end) >> PAGE_SHIFT;

	/* One page stays free between the heap and what comes above it. */
	if (!vma_range_free(mm, end, new_end + PAGE_SIZE))
		return -ENOMEM;
	if (!limit_lock(mm, pages, flags) || limit_map(mm, pages, 0, prot, flags) < 0)
		return -ENOMEM;
	if (v && v->end == end && !v->obj && v->prot == prot && v->flags == flags) {
		vma_move_end(v, new_end);
	} else {
		if (mm->nr_vmas >= mm_max_vmas)
			return -ENOMEM;
		v = vma_new(mm, end, new_end, prot, PROT_ALL, flags, NULL, NULL, 0);
		if (!v)
			return -ENOMEM;
		vma_link(mm, v);
	}
	limit_count(mm, v, (long)pages);
	return 0;
}

ulong mm_brk(struct mm *mm, ulong brk)
{
	ulong end, new_end;
	struct change c;
	bool populate;
	int err = 0;

	change_begin(&c);
	rwlock_write(&mm->lock);
	populate = mm->lock_future;
	end = ALIGN_UP(mm->brk, PAGE_SIZE);
	new_end = ALIGN_UP(brk, PAGE_SIZE);
	if (brk < mm->brk_start || brk >= USER_TOP - PAGE_SIZE) {
		err = -EINVAL;
	} else if (new_end > end) {
		err = heap_grow(mm, end, new_end);
	} else if (new_end < end) {
		err = unmap_prepare(mm, new_end, end, 0, &c);
		if (!err)
			unmap_commit(mm, new_end, end, &c);
	}
	if (!err)
		mm->brk = brk;
	brk = mm->brk;
	batch_finish(&c.batch);
	rwlock_write_unlock(&mm->lock);
	change_end(&c);
	if (!err && populate && new_end > end)
		mm_populate(mm, end, new_end, true);
	return brk;
}
