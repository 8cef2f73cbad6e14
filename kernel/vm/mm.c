/*
 * Address spaces: creation, fork, end.
 *
 * Owns struct mm. Invariants beyond those of its parts: private pages lie only where a private vma is; the page table shows only what check.c says it
 * may.
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

struct mm *mm_fork(struct mm *parent)
{
	struct mm *child = mm_create();

	if (!child)
		return NULL;
	rwlock_write(&parent->lock);
	if (vma_fork(child, parent) < 0) {
		rwlock_write_unlock(&parent->lock);
		mm_put(child);
		return NULL;
	}
	limit_fork(child, parent);
	fork_pages(child, parent);
	child->brk_start = parent->brk_start;
	child->brk = parent->brk;
	child->stack_top = parent->stack_top;
	child->arg_start = parent->arg_start;
	child->arg_end = parent->arg_end;
	child->env_start = parent->env_start;
	child->env_end = parent->env_end;
	child->sigpage = parent->sigpage;
	rwlock_write_unlock(&parent->lock);
	return child;
}
