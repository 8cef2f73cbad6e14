/*
 * Page faults.
 *
 * A fault asks two layers. UPPER: has this address space a private page here? (anon.h) LOWER: what
 * does the object say, or zero if there is none?
 *
 *                       read                               write
 *   UPPER  ours alone   enter writable                     enter writable
 *          shared       enter read-only                    copy, store the copy, enter writable
 *   LOWER  no object    enter the zero page read-only      zeroed page, store, enter writable
 *          object,      enter (writable if dirty already)  make dirty, enter writable
 *            shared
 *          object,      enter read-only                    copy, store the copy, enter writable
 *            private
 *
 * Shared mappings have no upper layer. A page is entered writable only if the store needs nobody's
 * attention any more: it is ours alone, or a dirty page of the object.
 *
 * The install rule, which keeps truncation, fork relatives and other threads from being overtaken
 * by an old answer: in a private vma a page is entered under tab->lock, with the table just looked
 * at; a page of an object, or a copy of one, is entered under obj->lock with the size just looked
 * at.
 *
 * Whatever may sleep for long (I/O, a busy page) is done with all locks dropped; then the fault
 * starts again, since everything may have changed. Memory is allocated under the address-space lock
 * at most: nobody who frees memory waits for that.
 *
 * Locks: mm->lock (read) > obj->lock > tab->lock > pm->lock.
 */
#include "vm/fault.h"

#include "lib/errno.h"
#include "lib/printf.h"
#include "arch/mmu.h"
#include "machine/pte.h"
#include "vm/limit.h"
#include "vm/mm.h"
#include "vm/obj.h"

/*
 * A read fault enters the neighbours that are in memory already, inside an aligned window of this
 * many pages.
 */
#define AROUND_PAGES 16

enum step { STEP_DONE, STEP_AGAIN, STEP_SEGV, STEP_GROW, STEP_BUS, STEP_NOMEM };

struct fault {
	struct mm *mm;
	ulong va;	 /* page-aligned */
	unsigned access; /* one PROT_ bit */
	struct vma *vma; /* valid while mm->lock is held; so is entry */
	pte_t *entry;	 /* of the page table, for va */
	struct batch batch;
};

static struct page *zero_page;

void fault_module_init(void)
{
	zero_page = page_alloc(0, ALLOC_ZERO);
	if (!zero_page)
		panic("no memory for the zero page");
}

static inline void enter(struct fault *f, struct page *p, unsigned prot)
{
	pmap_enter(&f->mm->pmap, f->entry, f->va, p, prot, &f->batch);
}

static inline unsigned all_rights(const struct fault *f)
{
	return pte_effective(f->vma->prot);
}

static inline unsigned read_rights(const struct fault *f)
{
	return all_rights(f) & ~(unsigned)PROT_WRITE;
}

/*
 * Make `copy` the private page at va and enter it, if the table still has `expected` there (NULL:
 * nothing). tab->lock held. The page's reference is taken over unless the answer is not STEP_DONE.
 */
static enum step install_private(struct fault *f, struct page *expected, struct page *copy)
{
	struct anontab *tab = &f->mm->anon;
	struct anon_node *leaf = anon_own(tab, f->va, true, &f->batch);

	if (!leaf)
		return STEP_NOMEM;
	if (anon_at(leaf, f->va) != expected)
		return STEP_AGAIN;
	page_set_kind(copy, PAGE_ANON);
	enter(f, copy, all_rights(f));
	anon_store(leaf, f->va, copy, &f->batch);
	return STEP_DONE;
}

/* ---- upper layer ---- */

/*
 * A store to a private page that others can reach: give this address space its own copy. tab->lock
 * held on entry, not on return.
 */
static enum step upper_copy(struct fault *f, struct page *shared)
{
	struct anontab *tab = &f->mm->anon;
	struct page *copy;
	enum step step;

	page_hold(shared);
	spin_unlock(&tab->lock);
	copy = page_alloc(0, ALLOC_WAIT);
	if (copy)
		page_copy(page_addr(copy), page_addr(shared));
	spin_lock(&tab->lock);
	step = copy ? install_private(f, shared, copy) : STEP_NOMEM;
	spin_unlock(&tab->lock);
	if (copy && step != STEP_DONE)
		page_free(copy, 0);
	batch_put_page(&f->batch, shared);
	return step;
}

/* Look for a private page; *found says whether there was one. */
static enum step upper(struct fault *f, bool *found)
{
	struct anontab *tab = &f->mm->anon;
	struct anon_node *leaf;
	struct page *p;
	bool exclusive;

	spin_lock(&tab->lock);
	p = anon_lookup(tab, f->va, &exclusive);
	*found = p;
	if (!p) {
		spin_unlock(&tab->lock);
		return STEP_DONE;
	}
	if (!exclusive && f->access == PROT_WRITE) {
		/* Only the path may be shared; then owning it is enough. */
		leaf = anon_own(tab, f->va, false, &f->batch);
		if (!leaf) {
			spin_unlock(&tab->lock);
			return STEP_NOMEM;
		}
		if (__atomic_load_n(&p->ref, __ATOMIC_ACQUIRE) > 1)
			return upper_copy(f, p);
		exclusive = true;
	}
	enter(f, p, exclusive ? all_rights(f) : read_rights(f));
	spin_unlock(&tab->lock);
	return STEP_DONE;
}

/* ---- lower layer without an object: zeros ---- */

static enum step lower_zero(struct fault *f)
{
	struct anontab *tab = &f->mm->anon;
	struct page *fresh = NULL;
	enum step step = STEP_DONE;
	bool exclusive;

	if (f->access == PROT_WRITE && !(fresh = page_alloc(0, ALLOC_ZERO | ALLOC_WAIT)))
		return STEP_NOMEM;
	spin_lock(&tab->lock);
	if (fresh)
		step = install_private(f, NULL, fresh);
	else if (anon_lookup(tab, f->va, &exclusive))
		step = STEP_AGAIN;
	else
		enter(f, zero_page, read_rights(f));
	spin_unlock(&tab->lock);
	if (fresh && step != STEP_DONE)
		page_free(fresh, 0);
	return step;
}

/* ---- lower layer with an object ---- */

/*
 * The page is not there, or a store needs it reserved: let go of everything, have the object see to
 * it, start again. Drops obj->lock and mm->lock and takes mm->lock (read) again.
 */
static enum step lower_wait(struct fault *f, u64 index, bool dirty)
{
	struct obj *o = f->vma->obj;
	struct file *file = f->vma->file;
	struct page *p;
	int err;

	vma_hold_backing(f->vma);
	mutex_unlock(&o->lock);
	rwlock_read_unlock(&f->mm->lock);
	if (dirty) {
		err = obj_make_dirty(o, (ulong)index);
	} else {
		err = obj_get_page(o, (ulong)index, &p);
		if (!err)
			page_put(p);
	}
	vma_drop_backing(o, file);
	rwlock_read(&f->mm->lock);
	if (err == 0 || err == -ENXIO)
		return STEP_AGAIN;
	return err == -ENOMEM ? STEP_NOMEM : STEP_BUS;
}

/*
 * Enter what else is in memory around va, read-only, where nothing is entered and no private page
 * hides it. obj->lock held.
 */
static void enter_around(struct fault *f)
{
	struct vma *v = f->vma;
	struct page *pages[AROUND_PAGES];
	ulong window = ALIGN_DOWN(f->va, AROUND_PAGES * PAGE_SIZE);
	ulong lo = MAX(v->start, window);
	ulong hi = MIN(v->end, window + AROUND_PAGES * PAGE_SIZE);
	bool private = !(v->flags & VMA_SHARED);
	const struct anon_node *leaf = NULL;
	unsigned n;

	n = obj_pages_locked(v->obj, (ulong)vma_pgoff(v, lo), pages,
		(unsigned)((hi - lo) >> PAGE_SHIFT));
	if (private) {
		spin_lock(&f->mm->anon.lock);
		leaf = anon_leaf(&f->mm->anon, lo); /* the window lies in one */
	}
	for (unsigned i = 0; leaf && i < n; i++)
		if (anon_at(leaf, lo + i * PAGE_SIZE))
			pages[i] = NULL;
	pmap_enter_absent(&f->mm->pmap, lo, pages, n, read_rights(f));
	if (private)
		spin_unlock(&f->mm->anon.lock);
}

/*
 * A store through a private mapping to a page of the object: copy it. obj->lock held on entry, not
 * on return.
 */
static enum step lower_copy(struct fault *f, struct page *p, u64 index)
{
	struct obj *o = f->vma->obj;
	struct page *copy;
	enum step step = STEP_AGAIN;

	page_hold(p);
	mutex_unlock(&o->lock);
	copy = page_alloc(0, ALLOC_WAIT);
	if (copy)
		page_copy(page_addr(copy), page_addr(p));
	else
		step = STEP_NOMEM;
	mutex_lock(&o->lock);
	/*
	 * Truncation may have taken the page out meanwhile, and the file have grown again: then
	 * these bytes are gone.
	 */
	if (copy && p->obj == o && obj_inside(o, index)) {
		spin_lock(&f->mm->anon.lock);
		step = install_private(f, NULL, copy);
		spin_unlock(&f->mm->anon.lock);
	}
	mutex_unlock(&o->lock);
	if (copy && step != STEP_DONE)
		page_free(copy, 0);
	page_put(p);
	return step;
}

static enum step lower_private(struct fault *f, struct page *p, u64 index)
{
	bool exclusive, hidden;

	if (f->access == PROT_WRITE)
		return lower_copy(f, p, index);
	spin_lock(&f->mm->anon.lock);
	hidden = anon_lookup(&f->mm->anon, f->va, &exclusive);
	if (!hidden)
		enter(f, p, read_rights(f));
	spin_unlock(&f->mm->anon.lock);
	if (!hidden)
		enter_around(f);
	mutex_unlock(&f->vma->obj->lock);
	return hidden ? STEP_AGAIN : STEP_DONE;
}

static enum step lower_shared(struct fault *f, struct page *p, u64 index)
{
	struct obj *o = f->vma->obj;

	if (f->access == PROT_WRITE) {
		if (!obj_dirty_locked(o, p))
			return lower_wait(f, index, true);
		if (obj_wants_stores(o))
			o->ops->touched(o);
		enter(f, p, all_rights(f));
	} else {
		if (obj_is_dirty_locked(o, p) && !obj_wants_stores(o))
			enter(f, p, all_rights(f));
		else
			enter(f, p, read_rights(f));
		enter_around(f);
	}
	mutex_unlock(&o->lock);
	return STEP_DONE;
}

static enum step lower_object(struct fault *f)
{
	struct vma *v = f->vma;
	struct obj *o = v->obj;
	u64 index = vma_pgoff(v, f->va);
	struct page *p;

	mutex_lock(&o->lock);
	if (!obj_inside(o, index)) {
		mutex_unlock(&o->lock);
		return STEP_BUS;
	}
	p = obj_page_locked(o, (ulong)index);
	if (!p)
		return lower_wait(f, index, false);
	return v->flags & VMA_SHARED ? lower_shared(f, p, index) : lower_private(f, p, index);
}

/* ---- stack growth ---- */

/* May v grow down to va: clear of what lies below, and within all limits? */
static bool may_grow(struct mm *mm, const struct vma *v, ulong va)
{
	const struct vma *prev = vma_prev(v);
	ulong pages = (v->start - va) >> PAGE_SHIFT;

	if (prev && prev->prot != PROT_NONE && va - prev->end < STACK_GUARD_PAGES * PAGE_SIZE)
		return false;
	return v->end - va <= limit_bytes(LIMIT_STACK) && limit_lock(mm, pages, v->flags) &&
		limit_map(mm, pages, 0, v->prot, v->flags) == 0;
}

/*
 * va lies in no vma: if a growing one is above it, extend that, within its limit and clear of what
 * lies below.
 */
static enum step grow(struct fault *f)
{
	struct mm *mm = f->mm;
	enum step step = STEP_SEGV;
	struct vma *v;

	rwlock_write(&mm->lock);
	v = vma_find_from(mm, f->va);
	if (v && v->start <= f->va) {
		step = STEP_AGAIN;
	} else if (v && (v->flags & VMA_GROWSDOWN) && f->va >= MMAP_MIN && may_grow(mm, v, f->va)) {
		limit_count(mm, v, (long)((v->start - f->va) >> PAGE_SHIFT));
		vma_move_start(v, f->va);
		step = STEP_AGAIN;
	}
	rwlock_write_unlock(&mm->lock);
	return step;
}

/* ---- the whole ---- */

/* One try. mm->lock held for reading. */
static enum step fault_try(struct fault *f)
{
	enum step step;
	bool found;

	f->vma = vma_find(f->mm, f->va);
	if (!f->vma)
		return STEP_GROW;
	if (!(pte_effective(f->vma->prot) & f->access))
		return STEP_SEGV;
	f->entry = pmap_prepare(&f->mm->pmap, f->va);
	if (!f->entry)
		return STEP_NOMEM;
	if (!(f->vma->flags & VMA_SHARED)) {
		step = upper(f, &found);
		if (found)
			return step;
	}
	return f->vma->obj ? lower_object(f) : lower_zero(f);
}

enum fault_result vm_fault(struct mm *mm, ulong va, unsigned access)
{
	enum step step;
	struct fault f;

	f.mm = mm;
	f.va = ALIGN_DOWN(va, PAGE_SIZE);
	f.access = access;
	batch_init(&f.batch);
	do {
		rwlock_read(&mm->lock);
		step = fault_try(&f);
		batch_finish(&f.batch);
		rwlock_read_unlock(&mm->lock);
		if (step == STEP_GROW) {
			step = grow(&f);
			if (step == STEP_SEGV)
				return FAULT_MAPERR;
		}
		if (step == STEP_NOMEM && obj_make_room())
			step = STEP_AGAIN;
	} while (step == STEP_AGAIN);

	switch (step) {
	case STEP_DONE:
		return FAULT_OK;
	case STEP_BUS:
		return FAULT_BUS;
	case STEP_NOMEM:
		return FAULT_OOM;
	default:
		return FAULT_ACCERR;
	}
}
