/*
 * Address spaces: creation, fork, end.
 *
 * Owns struct mm. Invariants beyond those of its parts: private pages lie only where a private vma
 * is; the page table shows only what check.c says it may.
 *
 * The end needs no flush: nobody runs on the address space any more, so whoever loaded its tables
 * has loaded others since.
 */
#include "vm/mm.h"

#include "lib/errno.h"
#include "lib/printf.h"
#include "machine/param.h"
#include "machine/pte.h"
#include "vm/fault.h"
#include "vm/kmalloc.h"
#include "vm/limit.h"
#include "vm/obj.h"

static struct kmem_cache *mm_cache;
ulong mm_max_vmas = MAX_MAPS_DEFAULT;

void mm_module_init(void)
{
	mm_cache = kmem_cache_create("mm", sizeof(struct mm), 0);
	vma_module_init();
	anon_module_init();
	obj_module_init();
	fault_module_init();
}

struct mm *mm_create(void)
{
	struct mm *mm = kmem_alloc(mm_cache, ALLOC_ZERO | ALLOC_WAIT);

	if (!mm)
		return NULL;
	if (pmap_create(&mm->pmap) < 0) {
		kmem_free(mm_cache, mm);
		return NULL;
	}
	rwlock_init(&mm->lock, "address space", RANK_MM);
	tree_init(&mm->vmas, vma_augment);
	anontab_init(&mm->anon);
	mm->ref = 1;
	return mm;
}

static void destroy(struct mm *mm)
{
	struct tree_node *n;
	struct batch b;
	struct list dead;
	struct vma *v;

	list_init(&dead);
	limit_end(mm);
	batch_init(&b);
	b.idle = true;
	/* The tree goes as a whole: no need to keep it a tree meanwhile. */
	for (n = tree_first(&mm->vmas); n; n = tree_next(n)) {
		v = CONTAINER_OF(n, struct vma, node);
		vma_unlink_obj(v);
		list_append(&dead, &v->link);
	}
	anon_clear(&mm->anon, &b);
	pmap_destroy(&mm->pmap);
	batch_finish(&b);
	vma_free_list(&dead);
	kmem_free(mm_cache, mm);
}

void mm_put(struct mm *mm)
{
	if (__atomic_fetch_sub(&mm->ref, 1, __ATOMIC_ACQ_REL) == 1)
		destroy(mm);
}

/* Share the private pages: both sides take write rights anew, by faults. */
static void fork_pages(struct mm *child, struct mm *parent)
{
	struct tree_node *n;
	struct batch b;
	struct vma *v;

	anon_fork(&child->anon, &parent->anon);
	if (!parent->anon.root)
		return;
	batch_init(&b);
	for (n = tree_first(&parent->vmas); n; n = tree_next(n)) {
		v = CONTAINER_OF(n, struct vma, node);
		/* Only where a program may store now can an entry be writable. */
		if (!(v->flags & VMA_SHARED) && (v->prot & PROT_WRITE))
			pmap_fork_protect(&parent->pmap, v->start, v->end, &b);
	}
	batch_finish(&b);
}

/* Take the private pages of v, which nobody has entered yet, from a child. -ENOMEM. */
static int wipe(struct mm *child, const struct vma *v)
{
	struct anontab *tab = &child->anon;
	struct batch b;
	int err;

	batch_init(&b);
	b.idle = true;
	spin_lock(&tab->lock);
	err = anon_remove_prepare_locked(tab, v->start, v->end, &b);
	if (!err)
		anon_remove(tab, v->start, v->end, &b);
	spin_unlock(&tab->lock);
	batch_finish(&b);
	return err;
}

/*
 * Take from a child that has all the parent has what madvise keeps from children. Vmas that go are
 * put on `dead`. -ENOMEM.
 */
static int apply_marks(struct mm *child, struct list *dead)
{
	struct vma *v = vma_find_from(child, 0), *next;

	for (; v; v = next) {
		next = vma_next(v);
		if (!(v->flags & (VMA_DONTFORK | VMA_WIPEONFORK)))
			continue;
		if (!(v->flags & VMA_SHARED) && wipe(child, v) < 0)
			return -ENOMEM;
		if (!(v->flags & VMA_DONTFORK))
			continue;
		limit_count(child, v, -(long)((v->end - v->start) >> PAGE_SHIFT));
		vma_unlink(child, v);
		vma_unlink_obj(v);
		list_append(dead, &v->link);
	}
	return 0;
}

struct mm *mm_fork(struct mm *parent)
{
	struct mm *child = mm_create();
	struct list dead;
	int err;

	if (!child)
		return NULL;
	list_init(&dead);
	rwlock_write(&parent->lock);
	err = vma_fork(child, parent);
	if (!err) {
		limit_fork(child, parent);
		fork_pages(child, parent);
	}
	if (!err && parent->fork_marks)
		err = apply_marks(child, &dead);
	if (err) {
		rwlock_write_unlock(&parent->lock);
		vma_free_list(&dead);
		mm_put(child);
		return NULL;
	}
	child->fork_marks = parent->fork_marks;
	child->peak_pages = child->nr_pages;
	child->brk_start = parent->brk_start;
	child->brk = parent->brk;
	child->stack_top = parent->stack_top;
	child->arg_start = parent->arg_start;
	child->arg_end = parent->arg_end;
	child->env_start = parent->env_start;
	child->env_end = parent->env_end;
	child->sigpage = parent->sigpage;
	rwlock_write_unlock(&parent->lock);
	vma_free_list(&dead);
	return child;
}
