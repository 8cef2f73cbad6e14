/*
 * vmas and the tree they form.
 *
 * Invariants: the vmas of an address space are page-aligned, not empty, disjoint, and in the tree
 * in order of address; vma->gap is the room between the vma before and this one (less the guard a
 * growing stack keeps below itself), and max_gap the largest gap in the subtree. An object's vmas
 * are in a second tree ordered by first page, augmented with the largest end, so that the vmas that
 * map a page are found without looking at the others.
 *
 * A vma that leaves its address space stays on its object's list until the flush is done:
 * truncation then still finds the address space and flushes it before it frees a page.
 */
#include "vm/vma.h"

#include "lib/errno.h"
#include "lib/printf.h"
#include "vm/kmalloc.h"
#include "vm/mm.h"
#include "vm/obj.h"

static struct kmem_cache *vma_cache;

#define VMA_OF(n) CONTAINER_OF(n, struct vma, node)

void vma_module_init(void)
{
	vma_cache = kmem_cache_create("vma", sizeof(struct vma), 0);
}

/* ---- references to what is mapped ---- */

void vma_hold_backing(const struct vma *v)
{
	if (v->file)
		file_hold(v->file);
	else if (v->obj)
		obj_hold(v->obj);
}

void vma_drop_backing(struct obj *obj, struct file *file)
{
	if (file)
		file_drop(file);
	else if (obj)
		obj_put(obj);
}

struct vma *vma_new(struct mm *mm, ulong start, ulong end, unsigned prot, unsigned max_prot,
	unsigned flags, struct obj *obj, struct file *file, u64 pgoff)
{
	struct vma *v = kmem_alloc(vma_cache, ALLOC_WAIT);

	if (!v)
		return NULL;
	v->start = start;
	v->end = end;
	v->gap = v->max_gap = 0;
	v->prot = prot;
	v->max_prot = max_prot;
	v->flags = flags;
	v->mm = mm;
	v->obj = obj;
	v->file = file;
	v->pgoff = pgoff;
	vma_hold_backing(v);
	return v;
}

void vma_free(struct vma *v)
{
	vma_drop_backing(v->obj, v->file);
	kmem_free(vma_cache, v);
}

void vma_free_list(struct list *dead)
{
	struct vma *v, *next;

	LIST_EACH_SAFE(v, next, dead, link)
		vma_free(v);
	list_init(dead);
}

/* ---- the tree: order and gaps ---- */

/* The lowest address that v keeps for itself. */
static ulong vma_floor(const struct vma *v)
{
	ulong guard = STACK_GUARD_PAGES * PAGE_SIZE;

	if (!(v->flags & VMA_GROWSDOWN))
		return v->start;
	return v->start > guard ? v->start - guard : 0;
}

static ulong subtree_gap(const struct tree_node *n)
{
	return n ? CONTAINER_OF(n, const struct vma, node)->max_gap : 0;
}

static inline bool augment(struct tree_node *n)
{
	struct vma *v = VMA_OF(n);
	ulong max = v->gap, before = v->max_gap;
	ulong left = subtree_gap(n->left), right = subtree_gap(n->right);

	if (left > max)
		max = left;
	if (right > max)
		max = right;
	v->max_gap = max;
	return max != before;
}

bool vma_augment(struct tree_node *n)
{
	return augment(n);
}

/* The room between the end of what lies below v (0: nothing) and v. */
static ulong room_above(ulong below, const struct vma *v)
{
	ulong floor = vma_floor(v);

	return floor > below ? floor - below : 0;
}

/*
 * What lies below v, which may be NULL, ends at `below` now. The walk is tree_update's, written
 * out: the largest gap of all is often the one that changes, and then the walk goes up to the root.
 */
static void set_below(struct vma *v, ulong below)
{
	struct tree_node *n;

	if (!v)
		return;
	v->gap = room_above(below, v);
	for (n = &v->node; n && augment(n); n = n->parent)
		;
}

static ulong end_below(const struct vma *v)
{
	const struct vma *prev = vma_prev(v);

	return prev ? prev->end : 0;
}

struct vma *vma_find_from(struct mm *mm, ulong va)
{
	struct vma *v = __atomic_load_n(&mm->hint, __ATOMIC_RELAXED), *best = NULL;
	struct tree_node *n;

	if (v && v->start <= va && va < v->end)
		return v;
	for (n = mm->vmas.root; n;) {
		v = VMA_OF(n);
		if (va >= v->end) {
			n = n->right;
			continue;
		}
		best = v;
		if (va >= v->start) {
			__atomic_store_n(&mm->hint, v, __ATOMIC_RELAXED);
			break;
		}
		n = n->left;
	}
	return best;
}

struct vma *vma_find(struct mm *mm, ulong va)
{
	struct vma *v = vma_find_from(mm, va);

	return v && va >= v->start ? v : NULL;
}

struct vma *vma_next(const struct vma *v)
{
	struct tree_node *n = tree_next(&v->node);

	return n ? VMA_OF(n) : NULL;
}

struct vma *vma_last(struct mm *mm)
{
	struct tree_node *n = tree_last(&mm->vmas);

	return n ? VMA_OF(n) : NULL;
}

struct vma *vma_prev(const struct vma *v)
{
	struct tree_node *n = tree_prev(&v->node);

	return n ? VMA_OF(n) : NULL;
}

static void tree_link(struct mm *mm, struct vma *v)
{
	struct tree_node **link = &mm->vmas.root, *parent = NULL;
	struct vma *below = NULL, *above = NULL; /* v's neighbours: both lie on the way down */

	while (*link) {
		struct vma *p = VMA_OF(parent = *link);

		DEBUG_ASSERT(v->end <= p->start || v->start >= p->end);
		if (v->start < p->start) {
			above = p;
			link = &parent->left;
		} else {
			below = p;
			link = &parent->right;
		}
	}
	v->gap = room_above(below ? below->end : 0, v);
	tree_insert(&mm->vmas, &v->node, parent, link);
	mm->nr_vmas++;
	set_below(above, v->end);
}

/* Put v on its object's list. */
static void link_obj(struct vma *v)
{
	if (v->obj) {
		mutex_lock(&v->obj->lock);
		obj_add_vma(v->obj, v);
		mutex_unlock(&v->obj->lock);
	}
}

void vma_link(struct mm *mm, struct vma *v)
{
	tree_link(mm, v);
	link_obj(v);
}

/*
 * Copy what stands at n and below to *link below `above` in the child's tree. Shape and gaps are
 * those of the parent, so nothing is searched for or balanced. False if there is no memory.
 */
static bool fork_subtree(struct mm *child, const struct tree_node *n, struct tree_node *above,
	struct tree_node **link)
{
	const struct vma *v;
	struct vma *copy;

	if (!n)
		return true;
	v = CONTAINER_OF(n, const struct vma, node);
	copy = vma_new(child, v->start, v->end, v->prot, v->max_prot,
		v->flags & ~(unsigned)VMA_LOCK_FLAGS, v->obj, v->file, v->pgoff);
	if (!copy)
		return false;
	copy->gap = v->gap;
	copy->max_gap = v->max_gap;
	tree_copy_node(&copy->node, n, above, link);
	child->nr_vmas++;
	link_obj(copy);
	return fork_subtree(child, n->left, &copy->node, &copy->node.left) &&
		fork_subtree(child, n->right, &copy->node, &copy->node.right);
}

int vma_fork(struct mm *child, const struct mm *parent)
{
	return fork_subtree(child, parent->vmas.root, NULL, &child->vmas.root) ? 0 : -ENOMEM;
}

void vma_unlink(struct mm *mm, struct vma *v)
{
	struct vma *next = vma_next(v);
	ulong below = end_below(v);

	tree_remove(&mm->vmas, &v->node);
	mm->nr_vmas--;
	if (mm->hint == v)
		mm->hint = NULL;
	set_below(next, below);
}

void vma_unlink_obj(struct vma *v)
{
	if (!v->obj)
		return;
	mutex_lock(&v->obj->lock);
	obj_remove_vma(v->obj, v);
	mutex_unlock(&v->obj->lock);
}

void vma_set_flags(struct vma *v, unsigned flags)
{
	if (v->obj)
		mutex_lock(&v->obj->lock);
	v->flags = (u16)flags;
	if (v->obj)
		mutex_unlock(&v->obj->lock);
}

void vma_extend(struct vma *v, ulong end)
{
	if (v->obj) {
		mutex_lock(&v->obj->lock);
		obj_remove_vma(v->obj, v);
	}
	vma_move_end(v, end);
	if (v->obj) {
		obj_add_vma(v->obj, v);
		mutex_unlock(&v->obj->lock);
	}
}

void vma_move_start(struct vma *v, ulong start)
{
	ulong below = end_below(v);

	v->start = start;
	set_below(v, below);
}

void vma_move_end(struct vma *v, ulong end)
{
	v->end = end;
	set_below(vma_next(v), end);
}

/* ---- splitting and joining ---- */

int vma_clip_prepare(struct mm *mm, ulong va, struct vma **spare)
{
	const struct vma *v = vma_find(mm, va);

	*spare = NULL;
	if (!v || v->start == va)
		return 0;
	*spare = vma_new(
		mm, va, v->end, v->prot, v->max_prot, v->flags, v->obj, v->file, vma_pgoff(v, va));
	return *spare ? 0 : -ENOMEM;
}

void vma_clip(struct mm *mm, ulong va, struct vma **spare)
{
	struct vma *v, *upper = *spare;

	if (!upper)
		return;
	v = vma_find(mm, va);
	ASSERT(v && v->start < va && upper->start == va);
	*spare = NULL;
	upper->end = v->end;
	upper->prot = v->prot;
	upper->flags = v->flags;
	if (v->obj) {
		mutex_lock(&v->obj->lock);
		obj_remove_vma(v->obj, v);
	}
	v->end = va;
	tree_link(mm, upper);
	if (v->obj) {
		obj_add_vma(v->obj, v);
		obj_add_vma(v->obj, upper);
		mutex_unlock(&v->obj->lock);
	}
}

void vma_punch(struct mm *mm, struct vma *v, ulong start, ulong end, struct vma **spare)
{
	struct vma *upper = *spare;

	if (v->start >= start) {
		vma_move_start(v, end);
	} else if (v->end <= end) {
		vma_move_end(v, start);
	} else {
		*spare = NULL;
		upper->end = v->end; /* which may have moved since the preparation */
		v->end = start;
		tree_link(mm, upper);
	}
}

static bool vma_alike(const struct vma *l, const struct vma *r)
{
	return l->end == r->start && l->prot == r->prot && l->max_prot == r->max_prot &&
		l->flags == r->flags && l->obj == r->obj && l->file == r->file &&
		(!l->obj || vma_pgoff(l, l->end) == r->pgoff);
}

void vma_merge(struct mm *mm, ulong va, struct list *dead)
{
	struct vma *r = vma_find(mm, va), *l;

	if (!r || r->start != va || !(l = vma_prev(r)) || !vma_alike(l, r))
		return;
	vma_unlink(mm, r);
	if (l->obj) {
		mutex_lock(&l->obj->lock);
		obj_remove_vma(l->obj, r);
		obj_remove_vma(l->obj, l);
	}
	vma_move_end(l, r->end);
	if (l->obj) {
		obj_add_vma(l->obj, l);
		mutex_unlock(&l->obj->lock);
	}
	list_append(dead, &r->link);
}

/* ---- looking for room ---- */

/* The first vma after v whose gap is at least len; NULL if there is none. */
static struct vma *next_with_gap(struct vma *v, ulong len)
{
	struct tree_node *n = &v->node, *child;

	if (subtree_gap(n->right) < len) {
		/*
		 * climb until we come up from the left and the node itself, or its right side, has
		 * room
		 */
		do {
			do {
				child = n;
				n = n->parent;
				if (!n)
					return NULL;
			} while (n->right == child);
			if (VMA_OF(n)->gap >= len)
				return VMA_OF(n);
		} while (subtree_gap(n->right) < len);
	}
	for (n = n->right;;) {
		if (subtree_gap(n->left) >= len)
			n = n->left;
		else if (VMA_OF(n)->gap >= len)
			return VMA_OF(n);
		else
			n = n->right;
	}
}

ulong vma_gap(struct mm *mm, ulong len, ulong lo, ulong hi)
{
	struct vma *v = vma_find_from(mm, lo);
	struct tree_node *last;
	ulong at = lo;

	if (lo >= hi || len > hi - lo)
		return 0;
	if (v) {
		/* the gap that lo lies in is only partly ours */
		at = MAX(lo, vma_floor(v) - v->gap);
		if (vma_floor(v) <= at || vma_floor(v) - at < len || v->gap < len) {
			v = next_with_gap(v, len);
			at = v ? vma_floor(v) - v->gap : 0;
		}
	}
	if (!v) {
		last = tree_last(&mm->vmas);
		at = last ? MAX(lo, VMA_OF(last)->end) : lo;
	}
	return at < hi && len <= hi - at ? at : 0;
}

bool vma_range_free(struct mm *mm, ulong start, ulong end)
{
	const struct vma *v = vma_find_from(mm, start);

	return !v || vma_floor(v) >= end;
}
