/*
 * mremap: a mapping grows, shrinks, or moves with what is in it.
 *
 * Nothing is copied. A private page's slot of the anon table changes hands; pages of an object stay
 * where they are, and a new vma shows them. The entries of the page table are dropped, and faults
 * make new ones.
 *
 * A moved private page may be a copy of a file's page, which truncation has to find: the new vma is
 * on the object's list, beside the old one, before the slots change hands, and that happens under
 * the object's lock. So truncation, which holds the lock while it goes through the list, comes to
 * the page wherever it is. The old vma leaves the list after the flush, as always.
 *
 * What MREMAP_DONTUNMAP leaves behind is locked no more: the lock goes along with the pages. As on
 * Linux that holds for the whole mapping, also where only a part of it has moved.
 */
#include "lib/errno.h"
#include "lib/printf.h"
#include "vm/change.h"
#include "vm/limit.h"
#include "vm/obj.h"

/* The request, sizes rounded up to pages. */
struct remap {
	ulong old, old_len;
	ulong to, new_len;
	unsigned flags;
};

/* What a move needs. */
struct move {
	struct change target, source; /* emptying the one and the other */
	struct anon_reserve reserve;
	struct vma *vma; /* the new mapping */
	bool locked;	 /* what is gained is to be loaded */
};

/* Does the program say where to? */
static bool placed(const struct remap *r)
{
	return r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
}

/* Do the old range, whose end may be beyond all addresses, and the new one overlap? */
static bool overlaps(const struct remap *r)
{
	if (r->to < r->old)
		return r->old - r->to < r->new_len;
	return r->to - r->old < r->old_len;
}

static int judge_place(const struct remap *r)
{
	if (r->new_len > USER_TOP || r->to > USER_TOP - r->new_len || (r->to & PAGE_MASK))
		return -EINVAL;
	if (!(r->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((r->flags & MREMAP_DONTUNMAP) && r->old_len != r->new_len)
		return -EINVAL;
	if (overlaps(r))
		return -EINVAL;
	return (r->flags & MREMAP_FIXED) && r->to < MMAP_MIN ? -EPERM : 0;
}

/* What can be judged without looking at the mappings. */
static int judge(const struct remap *r)
{
	if (r->flags & ~(unsigned)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((r->old & PAGE_MASK) || !r->new_len || r->new_len > USER_TOP)
		return -EINVAL;
	/* What is given up must be user space; what is kept is judged by the mapping. */
	if (r->old_len > r->new_len && (r->old_len > USER_TOP || r->old > USER_TOP - r->old_len))
		return -EINVAL;
	return placed(r) ? judge_place(r) : 0;
}

/* Do the limits let v grow as r asks for? */
static int judge_growth(struct mm *mm, const struct vma *v, const struct remap *r)
{
	ulong pages = (r->new_len - r->old_len) >> PAGE_SHIFT, replaced = 0;

	if (pages && !limit_lock(mm, pages, v->flags))
		return -EAGAIN;
	if (r->flags & MREMAP_DONTUNMAP) {
		pages = r->new_len >> PAGE_SHIFT;
		if (r->flags & MREMAP_FIXED)
			replaced = pages_mapped(mm, r->to, r->to + r->new_len);
	}
	return limit_map(mm, pages, replaced, v->prot, v->flags);
}

/* May v, which holds r->old, become what r asks for? */
static int judge_mapping(struct mm *mm, const struct vma *v, const struct remap *r)
{
	ulong pages = (r->new_len + (r->old - v->start)) >> PAGE_SHIFT;

	if (!r->old_len && !(v->flags & VMA_SHARED))
		return -EINVAL;
	if (MIN(r->old_len, r->new_len) > v->end - r->old)
		return -EFAULT;
	if (r->new_len <= r->old_len)
		return r->flags & MREMAP_DONTUNMAP ? judge_growth(mm, v, r) : 0;
	if ((v->flags & VMA_SIGPAGE))
		return -EFAULT;
	/* Page offsets are words. */
	if (v->obj && (ulong)v->pgoff + pages < (ulong)v->pgoff)
		return -EINVAL;
	return judge_growth(mm, v, r);
}

/* ---- in place ---- */

static long shrink(struct mm *mm, const struct remap *r, struct move *m)
{
	ulong end = r->old + r->new_len, old_end = r->old + r->old_len;
	int err;

	if (end == old_end)
		return (long)r->old;
	err = unmap_prepare(mm, end, old_end, 0, &m->source);
	if (err)
		return err;
	unmap_commit(mm, end, old_end, &m->source);
	return (long)r->old;
}

/* Is there room for v to grow where it is? */
static bool has_room(struct mm *mm, const struct vma *v, const struct remap *r)
{
	return r->old + r->old_len == v->end && r->new_len <= USER_TOP - r->old &&
		vma_range_free(mm, v->end, r->old + r->new_len);
}

static long grow(struct mm *mm, struct vma *v, const struct remap *r, struct move *m)
{
	ulong end = r->old + r->new_len;

	limit_count(mm, v, (long)((r->new_len - r->old_len) >> PAGE_SHIFT));
	vma_extend(v, end);
	vma_merge(mm, end, &m->source.dead);
	return (long)r->old;
}

/* ---- moving ---- */

/* How much of the old range goes along. */
static ulong moved_len(const struct remap *r)
{
	return MIN(r->old_len, r->new_len);
}

/* Is the old range a hole afterwards? */
static bool unmaps_old(const struct remap *r)
{
	return r->old_len && !(r->flags & MREMAP_DONTUNMAP);
}

/* Get what it takes to move the private pages. -ENOMEM. */
static int pages_prepare(struct mm *mm, const struct remap *r, struct move *m)
{
	ulong end = r->old + moved_len(r);

	/* unmap_prepare has done that where the same range is emptied. */
	if ((!unmaps_old(r) || r->old_len > r->new_len) &&
		anon_remove_prepare(&mm->anon, r->old, end, &m->source.batch) < 0)
		return -ENOMEM;
	return anon_move_prepare(&mm->anon, r->old, end, r->to, &m->reserve, &m->source.batch);
}

/* Get what it takes to move part of v to r->to. -ENOMEM. */
static int move_prepare(struct mm *mm, const struct vma *v, const struct remap *r, struct move *m)
{
	unsigned added = 1;

	if ((r->flags & MREMAP_FIXED) &&
		unmap_prepare(mm, r->to, r->to + r->new_len, 1, &m->target) < 0)
		return -ENOMEM;
	added += !!m->target.spare[0] + !!m->target.spare[1];
	if (unmaps_old(r)) {
		if (unmap_prepare(mm, r->old, r->old + r->old_len, added, &m->source) < 0)
			return -ENOMEM;
	} else if (mm->nr_vmas + added > mm_max_vmas) {
		return -ENOMEM;
	}
	if (!(v->flags & VMA_SHARED))
		while (pages_prepare(mm, r, m) < 0)
			if (!obj_reclaim(PREPARE_RECLAIM, false))
				return -ENOMEM;
	m->vma = vma_new(mm, r->to, r->to + r->new_len, v->prot, v->max_prot,
		v->flags & ~(unsigned)VMA_STACK, v->obj, v->file, v->obj ? vma_pgoff(v, r->old) : 0);
	return m->vma ? 0 : -ENOMEM;
}

/* The private pages of the old range become those of the new one. */
static void move_pages(struct mm *mm, const struct remap *r, struct move *m)
{
	struct obj *o = m->vma->obj;

	if (o)
		mutex_lock(&o->lock);
	spin_lock(&mm->anon.lock);
	anon_move(&mm->anon, r->old, r->old + moved_len(r), r->to, &m->reserve, &m->source.batch);
	spin_unlock(&mm->anon.lock);
	if (o)
		mutex_unlock(&o->lock);
}

/* The mapping that holds `old`, all of it, is locked no more. */
static void unlock_old(struct mm *mm, ulong old, struct change *c)
{
	struct vma *v = vma_find(mm, old);
	unsigned flags = v->flags & ~(unsigned)VMA_LOCK_FLAGS;
	ulong start = v->start, end = v->end;

	limit_count_change(mm, v, v->prot, flags);
	vma_set_flags(v, flags);
	vma_merge(mm, end, &c->dead);
	vma_merge(mm, start, &c->dead);
}

/* Prepared; cannot fail. */
static void move_commit(struct mm *mm, const struct remap *r, struct move *m)
{
	ulong end = r->to + r->new_len;
	unsigned flags = m->vma->flags;

	if (r->flags & MREMAP_FIXED)
		unmap_commit(mm, r->to, end, &m->target);
	vma_link(mm, m->vma);
	limit_count(mm, m->vma, (long)(r->new_len >> PAGE_SHIFT));
	if (!(flags & VMA_SHARED) && r->old_len)
		move_pages(mm, r, m);
	if (unmaps_old(r))
		unmap_commit(mm, r->old, r->old + r->old_len, &m->source);
	else
		pmap_remove(&mm->pmap, r->old, r->old + r->old_len, &m->source.batch);
	if ((r->flags & MREMAP_DONTUNMAP) && (flags & VMA_LOCKED))
		unlock_old(mm, r->old, &m->source);
	if (flags & VMA_SIGPAGE)
		mm->sigpage = r->to;
	m->vma = NULL;
	vma_merge(mm, end, &m->source.dead);
	vma_merge(mm, r->to, &m->source.dead);
}

static long move(struct mm *mm, const struct vma *v, struct remap *r, struct move *m)
{
	int err;

	if (!(r->flags & MREMAP_FIXED))
		r->to = choose_address(mm, r->flags & MREMAP_DONTUNMAP ? r->to : 0, r->new_len);
	if (!r->to)
		return -ENOMEM;
	err = move_prepare(mm, v, r, m);
	if (err)
		return err;
	move_commit(mm, r, m);
	return (long)r->to;
}

/* ---- the whole ---- */

/* mm->lock held for writing. */
static long remap_locked(struct mm *mm, struct remap *r, struct move *m)
{
	struct vma *v = vma_find(mm, r->old);
	int err;

	if (!v)
		return -EFAULT;
	m->locked = (v->flags & VMA_LOCKED) && r->new_len > r->old_len;
	if (!placed(r) && r->old_len && r->new_len <= r->old_len)
		return shrink(mm, r, m);
	err = judge_mapping(mm, v, r);
	if (err)
		return err;
	if (!placed(r) && r->old_len && has_room(mm, v, r))
		return grow(mm, v, r, m);
	return r->flags & MREMAP_MAYMOVE ? move(mm, v, r, m) : -ENOMEM;
}

long mm_remap(struct mm *mm, ulong old, ulong old_len, ulong new_len, unsigned flags, ulong to)
{
	struct remap r = {
		.old = old,
		.old_len = ALIGN_UP(old_len, PAGE_SIZE),
		.to = to,
		.new_len = ALIGN_UP(new_len, PAGE_SIZE),
		.flags = flags,
	};
	long result = judge(&r);
	struct move m;

	if (result)
		return result;
	m.vma = NULL;
	m.reserve.nodes = NULL;
	m.locked = false;
	change_begin(&m.target);
	change_begin(&m.source);
	rwlock_write(&mm->lock);
	result = remap_locked(mm, &r, &m);
	batch_finish(&m.target.batch);
	batch_finish(&m.source.batch);
	rwlock_write_unlock(&mm->lock);
	change_end(&m.target);
	change_end(&m.source);
	anon_reserve_free(&m.reserve);
	if (m.vma)
		vma_free(m.vma);
	if (result >= 0 && m.locked)
		mm_populate(mm, (ulong)result + r.old_len, (ulong)result + r.new_len, true);
	return result;
}
