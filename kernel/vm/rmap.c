/*
 * The reverse map: an object's vmas, in a tree by first page, augmented with the largest end page
 * in the subtree.
 */
#include "vm/rmap.h"

#include "vm/mm.h"
#include "vm/obj.h"
#include "vm/vma.h"

#define VMA_OF(n) CONTAINER_OF(n, struct vma, obj_node)

static inline u64 vma_end_page(const struct vma *v)
{
	return v->pgoff + ((v->end - v->start) >> PAGE_SHIFT);
}

static inline u64 subtree_max(const struct tree_node *n)
{
	return n ? CONTAINER_OF(n, const struct vma, obj_node)->obj_max : 0;
}

bool rmap_augment(struct tree_node *n)
{
	struct vma *v = VMA_OF(n);
	u64 before = v->obj_max;

	v->obj_max = MAX(vma_end_page(v), MAX(subtree_max(n->left), subtree_max(n->right)));
	return v->obj_max != before;
}

static inline bool may_write(const struct vma *v)
{
	return (v->flags & VMA_SHARED) && (v->max_prot & PROT_WRITE);
}

/*
 * Vmas that begin at one page stand in order of arrival. Truncation relies on it: it comes to a
 * parent before it comes to a child that fork is making, so the child cannot get from the parent,
 * behind its back, what it has dropped in the child already.
 */
void obj_add_vma(struct obj *o, struct vma *v)
{
	struct tree_node **link = &o->vmas.root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = v->pgoff < VMA_OF(parent)->pgoff ? &parent->left : &parent->right;
	}
	tree_insert(&o->vmas, &v->obj_node, parent, link);
	o->writable += may_write(v);
}

void obj_remove_vma(struct obj *o, struct vma *v)
{
	tree_remove(&o->vmas, &v->obj_node);
	o->writable -= may_write(v);
}

/* The leftmost vma below n that overlaps [first, last]; NULL if there is none. */
static struct vma *leftmost(struct tree_node *n, u64 first, u64 last)
{
	while (n) {
		if (subtree_max(n->left) > first) {
			n = n->left;
			continue;
		}
		if (VMA_OF(n)->pgoff > last)
			return NULL;
		if (vma_end_page(VMA_OF(n)) > first)
			return VMA_OF(n);
		if (subtree_max(n->right) <= first)
			return NULL;
		n = n->right;
	}
	return NULL;
}

struct vma *rmap_first(struct obj *o, u64 first, u64 last)
{
	return leftmost(o->vmas.root, first, last);
}

struct vma *rmap_next(struct vma *v, u64 first, u64 last)
{
	struct tree_node *n = &v->obj_node, *child;

	for (;;) {
		if (subtree_max(n->right) > first)
			return leftmost(n->right, first, last);
		do {
			child = n;
			n = n->parent;
		} while (n && n->right == child);
		if (!n || VMA_OF(n)->pgoff > last)
			return NULL;
		if (vma_end_page(VMA_OF(n)) > first)
			return VMA_OF(n);
	}
}

static ulong va_of(const struct vma *v, u64 index)
{
	return v->start + ((ulong)(index - v->pgoff) << PAGE_SHIFT);
}

void rmap_unmap(struct obj *o, struct page *p, struct batch *b)
{
	struct vma *v;

	for (v = rmap_first(o, p->index, p->index); v; v = rmap_next(v, p->index, p->index)) {
		ulong va = va_of(v, p->index);

		pmap_unmap_page(&v->mm->pmap, va, p);
		batch_add(b, &v->mm->pmap, va, va + PAGE_SIZE);
	}
}

void rmap_clean(struct obj *o, struct page *p, struct batch *b)
{
	struct vma *v;

	for (v = rmap_first(o, p->index, p->index); v; v = rmap_next(v, p->index, p->index)) {
		ulong va = va_of(v, p->index);

		if (!(v->flags & VMA_SHARED))
			continue;
		pmap_clean_page(&v->mm->pmap, va, p);
		batch_add(b, &v->mm->pmap, va, va + PAGE_SIZE);
	}
}

ulong rmap_count(struct obj *o, struct page *p)
{
	struct page *shown;
	struct vma *v;
	unsigned prot;
	ulong n = 0;

	for (v = rmap_first(o, p->index, p->index); v; v = rmap_next(v, p->index, p->index))
		n += pmap_lookup(&v->mm->pmap, va_of(v, p->index), &shown, &prot) && shown == p;
	return n;
}

bool rmap_locked(struct obj *o, const struct page *p)
{
	struct vma *v = rmap_first(o, p->index, p->index);

	while (v && !(v->flags & VMA_LOCKED))
		v = rmap_next(v, p->index, p->index);
	return v;
}
