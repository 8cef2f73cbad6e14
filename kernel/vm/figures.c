/*
 * What /proc tells of an address space.
 *
 * mm->lock is held for reading, so mappings stay and no private page changes its owner by fork;
 * pages of objects are looked at under the object's lock, one at a time. Somebody who reads of a
 * large address space leaves the CPU to others now and then.
 */
#include "vm/figures.h"

#include "lib/printf.h"
#include "lib/string.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "vm/mm.h"
#include "vm/obj.h"
#include "vm/rmap.h"

/* The private page of v at va: what it is goes to *view. False if there is none. */
static bool view_private(struct mm *mm, const struct vma *v, ulong va, struct page_view *view)
{
	ulong at = va, sharers;
	bool found;

	if (v->flags & VMA_SHARED)
		return false;
	spin_lock(&mm->anon.lock);
	found = anon_next(&mm->anon, &at, va + PAGE_SIZE, &sharers);
	spin_unlock(&mm->anon.lock);
	if (found) {
		view->present = view->dirty = true;
		view->sharers = sharers;
	}
	return found;
}

/* What is at va of v. */
static void view_page(struct mm *mm, const struct vma *v, ulong va, struct page_view *view)
{
	struct page *p;
	unsigned prot;

	*view = (struct page_view){0};
	if (view_private(mm, v, va, view))
		return;
	if (v->obj)
		mutex_lock(&v->obj->lock);
	view->present = pmap_lookup(&mm->pmap, va, &p, &prot);
	if (view->present && v->obj && p->obj == v->obj && p->kind == PAGE_OBJ) {
		view->object = true;
		view->dirty = obj_is_dirty_locked(v->obj, p);
		view->sharers = rmap_count(v->obj, p);
	}
	if (v->obj)
		mutex_unlock(&v->obj->lock);
}

void mm_view_pages(struct mm *mm, ulong va, ulong n, struct page_view *views)
{
	rwlock_read(&mm->lock);
	for (ulong i = 0; i < n; i++, va += PAGE_SIZE) {
		const struct vma *v = va < USER_TOP ? vma_find(mm, va) : NULL;

		if (v)
			view_page(mm, v, va, &views[i]);
		else
			views[i] = (struct page_view){0};
	}
	rwlock_read_unlock(&mm->lock);
}

/*
 * The private page is not pinned, but copied under the table's lock: while it has a pin it does not
 * look ours alone to a fault, which would copy it under the stores of other threads.
 */
static bool peek_private(struct mm *mm, ulong va, void *buf, size_t n)
{
	const struct page *page;
	bool exclusive;

	spin_lock(&mm->anon.lock);
	page = anon_lookup(&mm->anon, va, &exclusive);
	if (page)
		memcpy(buf, (const char *)page_addr(page) + (va & PAGE_MASK), n);
	spin_unlock(&mm->anon.lock);
	return page;
}

static size_t peek_object(struct obj *o, u64 index, ulong in, void *buf, size_t n)
{
	struct page *page;

	if (obj_get_page(o, (ulong)index, &page))
		return 0;
	memcpy(buf, (const char *)page_addr(page) + in, n);
	page_put(page);
	return n;
}

size_t mm_peek(struct mm *mm, ulong va, void *buf, size_t n)
{
	ulong in = va & PAGE_MASK;
	struct obj *obj = NULL;
	struct file *file = NULL;
	const struct vma *v;
	u64 index = 0;

	n = MIN(n, (size_t)PAGE_SIZE - in);
	rwlock_read(&mm->lock);
	v = vma_find(mm, va);
	if (!v) {
		n = 0;
	} else if (peek_private(mm, va, buf, n)) {
		/* done */
	} else if (v->obj) {
		obj = v->obj;
		file = v->file;
		index = vma_pgoff(v, va);
		vma_hold_backing(v);
	} else {
		memset(buf, 0, n);
	}
	rwlock_read_unlock(&mm->lock);
	if (obj) {
		n = peek_object(obj, index, in, buf, n);
		vma_drop_backing(obj, file);
	}
	return n;
}

/* Is shared memory what v shows? */
static bool is_shmem(const struct vma *v)
{
	return v->obj && !v->obj->ops->read && !(v->flags & VMA_SIGPAGE);
}

static void count_page(struct figures *f, const struct vma *v, const struct page_view *view)
{
	u64 share = (1ul << SHARE_SHIFT) / view->sharers;

	f->rss++;
	f->pss += share;
	if (view->dirty)
		f->pss_dirty += share;
	if (v->flags & VMA_LOCKED)
		f->pss_locked += share;
	if (view->sharers > 1)
		*(view->dirty ? &f->shared_dirty : &f->shared_clean) += 1;
	else
		*(view->dirty ? &f->private_dirty : &f->private_clean) += 1;
	if (!view->object) {
		f->anonymous++;
		f->pss_anon += share;
	} else {
		*(is_shmem(v) ? &f->pss_shmem : &f->pss_file) += share;
	}
}

/* The first page from va on of which there may be something to tell; `end` if there is none. */
static ulong next_used(struct mm *mm, const struct vma *v, ulong va, ulong end)
{
	ulong at = va, sharers;

	if (!(v->flags & VMA_SHARED)) {
		spin_lock(&mm->anon.lock);
		if (anon_next(&mm->anon, &at, end, &sharers))
			end = at;
		spin_unlock(&mm->anon.lock);
	}
	return pmap_next(&mm->pmap, va, end);
}

/* Count the pages of v; who is killed meanwhile stops. */
static void count_pages(struct mm *mm, const struct vma *v, struct figures *f)
{
	struct page_view view;
	ulong va;

	for (va = next_used(mm, v, v->start, v->end); va < v->end && !signal_fatal_pending();
		va = next_used(mm, v, va + PAGE_SIZE, v->end)) {
		view_page(mm, v, va, &view);
		if (view.sharers)
			count_page(f, v, &view);
		sched_point();
	}
}

bool mm_describe(struct mm *mm, ulong addr, bool with_figures, struct vma_info *info)
{
	struct vma *v;

	rwlock_read(&mm->lock);
	v = vma_find_from(mm, addr);
	if (v) {
		*info = (struct vma_info){
			.start = v->start,
			.end = v->end,
			.prot = v->prot,
			.max_prot = v->max_prot,
			.flags = v->flags,
			.file = v->file,
			.shared_anon = v->obj && !v->file && !(v->flags & VMA_SIGPAGE),
			.heap = !v->obj && v->start < mm->brk && v->end > mm->brk_start,
			.stack = v->start <= mm->arg_start && mm->arg_start < v->end,
		};
		if (v->obj)
			info->offset = v->pgoff << PAGE_SHIFT;
		if (v->obj && !v->file)
			info->ino = v->obj->ino;
		if (v->file)
			file_hold(v->file);
		if (with_figures)
			count_pages(mm, v, &info->figures);
	}
	rwlock_read_unlock(&mm->lock);
	return v;
}

static void count_object_page(void *arg, struct page *p, unsigned prot UNUSED)
{
	*(ulong *)arg += p->kind == PAGE_OBJ;
}

void mm_resident(struct mm *mm, struct resident *r)
{
	const struct vma *v;
	ulong at = 0;

	*r = (struct resident){.anon = anon_count(&mm->anon, 0, USER_TOP)};
	do {
		rwlock_read(&mm->lock);
		v = vma_find_from(mm, at);
		if (v) {
			at = v->end;
			if (v->obj)
				pmap_count(&mm->pmap, v->start, v->end, count_object_page,
					is_shmem(v) ? &r->shmem : &r->file);
		}
		rwlock_read_unlock(&mm->lock);
		sched_point();
	} while (v && !signal_fatal_pending());
}
