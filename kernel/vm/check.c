/*
 * Checks of a whole address space.
 *
 * With mm->lock held for writing no fault, call or fork of this address space runs; truncation and
 * write-back of its files may. They hold the object's lock while the page table and the object
 * disagree, so each entry is judged under that lock.
 */
#include "vm/check.h"

#include "lib/printf.h"
#include "machine/pte.h"
#include "vm/mm.h"
#include "vm/obj.h"

static void check_tree(struct mm *mm)
{
	ulong n = 0, pages = 0, data = 0, locked = 0, promised = 0, below = 0;
	struct tree_node *node;

	for (node = tree_first(&mm->vmas); node; node = tree_next(node)) {
		struct vma *v = CONTAINER_OF(node, struct vma, node);
		ulong gap = v->gap, size;

		ASSERT(v->mm == mm);
		ASSERT(IS_ALIGNED(v->start, PAGE_SIZE) && IS_ALIGNED(v->end, PAGE_SIZE));
		ASSERT(below <= v->start && v->start < v->end && v->end <= USER_TOP);
		ASSERT(!(v->prot & ~v->max_prot));
		if (!(v->flags & VMA_GROWSDOWN))
			ASSERT(gap == v->start - below);
		ASSERT(!vma_augment(node));
		below = v->end;
		size = (v->end - v->start) >> PAGE_SHIFT;
		pages += size;
		if (v->flags & VMA_LOCKED)
			locked += size;
		if ((v->prot & PROT_WRITE) && !(v->flags & (VMA_SHARED | VMA_GROWSDOWN)))
			data += size;
		if ((v->prot & PROT_WRITE) && !(v->flags & (VMA_SHARED | VMA_NORESERVE)))
			promised += size;
		n++;
	}
	ASSERT(n == mm->nr_vmas);
	ASSERT(pages == mm->nr_pages && data == mm->nr_data);
	ASSERT(locked == mm->nr_locked && promised == mm->nr_promised);
}

/* What is entered at va of v, if anything, must be what the layers say. */
static void check_entry(struct mm *mm, const struct vma *v, ulong va)
{
	struct page *page, *own = NULL;
	bool exclusive = false;
	unsigned prot;

	if (!(v->flags & VMA_SHARED)) {
		spin_lock(&mm->anon.lock);
		own = anon_lookup(&mm->anon, va, &exclusive);
		spin_unlock(&mm->anon.lock);
	}
	ASSERT(!own || !v->obj || obj_inside(v->obj, vma_pgoff(v, va)));
	if (!pmap_lookup(&mm->pmap, va, &page, &prot))
		return;
	ASSERT(!(prot & ~pte_effective(v->prot)));
	ASSERT(page->kind != PAGE_FREE && page->ref > 0);
	if (own) {
		ASSERT(page == own && page->kind == PAGE_ANON);
		ASSERT(!(prot & PROT_WRITE) || exclusive);
	} else if (v->obj) {
		ASSERT(page->obj == v->obj && page->index == vma_pgoff(v, va));
		ASSERT(obj_inside(v->obj, page->index));
		ASSERT(!(prot & PROT_WRITE) ||
			((v->flags & VMA_SHARED) && obj_is_dirty_locked(v->obj, page)));
	} else {
		ASSERT(!(prot & PROT_WRITE));
	}
}

/* The pages of an object, whose lock is held, are its own, each at its index. */
static void check_obj(const struct obj *o)
{
	ulong n = 0;
	struct page *p;

	for (ulong i = 0; (p = radix_next(&o->pages, &i)); i++, n++)
		ASSERT(p->kind == PAGE_OBJ && p->obj == o && p->index == i && p->ref > 0);
	ASSERT(n == o->pages.count);
}

static void check_vma(struct mm *mm, struct vma *v)
{
	if (v->obj) {
		mutex_lock(&v->obj->lock);
		check_obj(v->obj);
	}
	if (pmap_count(&mm->pmap, v->start, v->end, NULL, NULL) ||
		anon_count(&mm->anon, v->start, v->end))
		for (ulong va = v->start; va < v->end; va += PAGE_SIZE)
			check_entry(mm, v, va);
	if (v->obj)
		mutex_unlock(&v->obj->lock);
}

/* Nothing may be entered or owned outside the vmas. */
static void check_hole(struct mm *mm, ulong start, ulong end)
{
	ASSERT(start >= end || pmap_count(&mm->pmap, start, end, NULL, NULL) == 0);
	ASSERT(start >= end || anon_count(&mm->anon, start, end) == 0);
}

/* Truncation and reclaim may take entries out meanwhile; nobody enters any. */
static void check_resident(struct pmap *pm)
{
	ulong before = __atomic_load_n(&pm->resident, __ATOMIC_RELAXED);
	ulong counted = pmap_count(pm, 0, USER_TOP, NULL, NULL);

	ASSERT(counted == before || __atomic_load_n(&pm->resident, __ATOMIC_RELAXED) != before);
}

void mm_check(struct mm *mm)
{
	struct tree_node *node;
	ulong below = 0;

	rwlock_write(&mm->lock);
	check_tree(mm);
	for (node = tree_first(&mm->vmas); node; node = tree_next(node)) {
		struct vma *v = CONTAINER_OF(node, struct vma, node);

		check_hole(mm, below, v->start);
		check_vma(mm, v);
		if (v->flags & VMA_SHARED)
			ASSERT(anon_count(&mm->anon, v->start, v->end) == 0);
		below = v->end;
	}
	check_hole(mm, below, USER_TOP);
	check_resident(&mm->pmap);
	rwlock_write_unlock(&mm->lock);
}
