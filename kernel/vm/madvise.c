/*
 * madvise and mincore.
 *
 * Advice that has an effect drops pages, brings them in, or marks mappings for fork; the kernel
 * has no use for the rest, which is judged and forgotten. Each call goes through its range mapping
 * by mapping. What drops private pages needs mm->lock for reading only: it takes entries and pages
 * away under the table's lock, under which faults install them, and flushes before it lets mm->lock
 * go. I/O is done with no lock held, each time the range is looked at anew.
 */
#include "lib/errno.h"
#include "machine/pte.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "vm/change.h"
#include "vm/fault.h"
#include "vm/obj.h"
#include "vm/uaccess.h"

/* ---- part by part ---- */

/* What of the range lies in one mapping. */
struct part {
	struct vma *vma; /* while mm->lock is held */
	ulong start, end;
	struct obj *obj; /* with a reference (through file), if the part is used without mm->lock */
	struct file *file;
	u64 index; /* of the object's page at start */
};

/* The first part of [addr, end); false if nothing is mapped there. mm->lock held. */
static bool part_find(struct mm *mm, ulong addr, ulong end, struct part *p)
{
	p->vma = vma_find_from(mm, addr);
	if (!p->vma || p->vma->start >= end)
		return false;
	p->start = MAX(addr, p->vma->start);
	p->end = MIN(end, p->vma->end);
	return true;
}

/* Make p good for use without mm->lock, until part_drop. */
static void part_hold(struct part *p)
{
	p->obj = p->vma->obj;
	p->file = p->vma->file;
	p->index = p->obj ? vma_pgoff(p->vma, p->start) : 0;
	vma_hold_backing(p->vma);
}

static void part_drop(struct part *p)
{
	vma_drop_backing(p->obj, p->file);
}

/* ---- dropping pages ---- */

static int judge_drop(const struct vma *v, int advice)
{
	if ((v->flags & VMA_LOCKED) && advice != MADV_DONTNEED_LOCKED)
		return -EINVAL;
	return advice == MADV_FREE && v->obj ? -EINVAL : 0;
}

/*
 * Drop what p shows: its entries, and a private mapping's pages. -EAGAIN: no memory to do it with.
 * Another thread may have dropped the same pages and not flushed yet, so the whole part is flushed:
 * who comes back from here must not see them any more.
 */
static int drop_part(struct mm *mm, const struct part *p, struct batch *b)
{
	struct anontab *tab = &mm->anon;
	bool private = !(p->vma->flags & VMA_SHARED);
	int err = 0;

	spin_lock(&tab->lock);
	if (private)
		err = anon_remove_prepare_locked(tab, p->start, p->end, b);
	if (!err) {
		pmap_remove(&mm->pmap, p->start, p->end, b);
		if (private) {
			batch_add(b, &mm->pmap, p->start, p->end);
			anon_remove(tab, p->start, p->end, b);
		}
	}
	spin_unlock(&tab->lock);
	return err ? -EAGAIN : 0;
}

static int advise_drop(struct mm *mm, ulong start, ulong end, int advice, bool *hole)
{
	struct batch b;
	struct part p;
	int err = 0;

	batch_init(&b);
	rwlock_read(&mm->lock);
	for (; !err && start < end; start = p.end) {
		if (!part_find(mm, start, end, &p)) {
			*hole = true;
			break;
		}
		*hole |= p.start > start;
		err = judge_drop(p.vma, advice);
		if (!err)
			err = drop_part(mm, &p, &b);
	}
	batch_finish(&b);
	rwlock_read_unlock(&mm->lock);
	return err;
}

/* As advise_drop; if there is no memory, pages of files give way. */
static int advise_drop_hard(struct mm *mm, ulong start, ulong end, int advice, bool *hole)
{
	int err;

	do
		err = advise_drop(mm, start, end, advice, hole);
	while (err == -EAGAIN && obj_make_room());
	return err;
}

/* ---- what is done without mm->lock ---- */

/* Read in what a file has for the part, as far as that takes no more than half of what is free. */
static int will_need(const struct part *p)
{
	ulong pages = p->obj && p->obj->ops->read ? (p->end - p->start) >> PAGE_SHIFT : 0;
	struct page *page;

	pages = MIN(pages, page_free_count() / 2);
	for (ulong i = 0; i < pages; i++) {
		if (signal_fatal_pending() || obj_get_page(p->obj, (ulong)p->index + i, &page) < 0)
			break;
		page_put(page);
		sched_point();
	}
	return 0;
}

static int judge_remove(const struct vma *v)
{
	if ((v->flags & VMA_LOCKED) || !v->obj)
		return -EINVAL;
	return (v->flags & VMA_SHARED) && (v->max_prot & PROT_WRITE) ? 0 : -EACCES;
}

/* Make the object's pages zeros. */
static int remove_part(const struct part *p)
{
	ulong first = (ulong)p->index, end = first + ((p->end - p->start) >> PAGE_SHIFT);

	return p->file ? file_zero_mapped(p->file, first, end) : obj_zero(p->obj, first, end);
}

/* Advice that needs the object, one part at a time. */
static int advise_object(struct mm *mm, ulong start, ulong end, int advice, bool *hole)
{
	struct part p;
	int err = 0;
	bool found;

	for (; !err && start < end; start = p.end) {
		rwlock_read(&mm->lock);
		found = part_find(mm, start, end, &p);
		if (found && advice == MADV_REMOVE)
			err = judge_remove(p.vma);
		if (found && !err)
			part_hold(&p);
		rwlock_read_unlock(&mm->lock);
		*hole |= !found || p.start > start;
		if (!found || err)
			break;
		err = advice == MADV_REMOVE ? remove_part(&p) : will_need(&p);
		part_drop(&p);
	}
	return err;
}

/* ---- populating ---- */

/* The part that begins at start, if its mapping gives this right. */
static int populate_part(struct mm *mm, ulong start, ulong end, unsigned access, ulong *part_end)
{
	const struct vma *v;
	int err = 0;

	rwlock_read(&mm->lock);
	v = vma_find(mm, start);
	if (!v)
		err = -ENOMEM;
	else if (!(v->prot & access))
		err = -EINVAL;
	else
		*part_end = MIN(end, v->end);
	rwlock_read_unlock(&mm->lock);
	return err;
}

static int populate_page(struct mm *mm, ulong va, unsigned access)
{
	if (signal_fatal_pending())
		return -EINTR;
	switch (vm_fault(mm, va, access)) {
	case FAULT_OK: return 0;
	case FAULT_OOM: return -ENOMEM;
	case FAULT_MAPERR: return -ENOMEM; /* unmapped meanwhile */
	default: return -EFAULT;
	}
}

static int advise_populate(struct mm *mm, ulong start, ulong end, unsigned access)
{
	ulong part_end = start;
	int err = 0;

	for (; start < end && !err; start += PAGE_SIZE) {
		if (start == part_end)
			err = populate_part(mm, start, end, access, &part_end);
		if (!err)
			err = populate_page(mm, start, access);
		sched_point();
	}
	return err;
}

/* ---- marks for fork ---- */

static unsigned marked_flags(unsigned flags, int advice)
{
	switch (advice) {
	case MADV_DONTFORK: return flags | VMA_DONTFORK;
	case MADV_DOFORK: return flags & ~(unsigned)VMA_DONTFORK;
	case MADV_WIPEONFORK: return flags | VMA_WIPEONFORK;
	case MADV_KEEPONFORK: return flags & ~(unsigned)VMA_WIPEONFORK;
	default: return flags;
	}
}

static bool changes(const struct vma *v, int advice)
{
	return marked_flags(v->flags, advice) != v->flags;
}

/* The splits at both ends of the range. -EAGAIN: no memory, or too many mappings. */
static int mark_prepare(struct mm *mm, ulong start, ulong end, int advice, struct change *c)
{
	const struct vma *first = vma_find(mm, start), *last = vma_find(mm, end - 1);
	ulong more;

	if (first && first->start < start && changes(first, advice) &&
		vma_clip_prepare(mm, start, &c->spare[0]) < 0)
		return -EAGAIN;
	if (last && last->end > end && changes(last, advice) &&
		vma_clip_prepare(mm, end, &c->spare[1]) < 0)
		return -EAGAIN;
	more = !!c->spare[0] + !!c->spare[1];
	return more && mm->nr_vmas + more > mm_max_vmas ? -EAGAIN : 0;
}

static int mark_range(
	struct mm *mm, ulong start, ulong end, int advice, bool *hole, struct change *c)
{
	struct part p;
	int err = mark_prepare(mm, start, end, advice, c);

	for (; !err && start < end; start = p.end) {
		if (!part_find(mm, start, end, &p)) {
			*hole = true;
			break;
		}
		*hole |= p.start > start;
		if (advice == MADV_WIPEONFORK && p.vma->obj)
			return -EINVAL;
		if (changes(p.vma, advice)) {
			if (p.vma->start < p.start) {
				p.vma = c->spare[0];
				vma_clip(mm, p.start, &c->spare[0]);
			}
			if (p.end == end)
				vma_clip(mm, end, &c->spare[1]);
			vma_set_flags(p.vma, marked_flags(p.vma->flags, advice));
		}
		vma_merge(mm, p.start, &c->dead);
	}
	if (!err)
		vma_merge(mm, end, &c->dead);
	return err;
}

static int advise_mark(struct mm *mm, ulong start, ulong end, int advice, bool *hole)
{
	struct change c;
	int err;

	change_begin(&c);
	rwlock_write(&mm->lock);
	mm->fork_marks |= advice == MADV_DONTFORK || advice == MADV_WIPEONFORK;
	err = mark_range(mm, start, end, advice, hole, &c);
	rwlock_write_unlock(&mm->lock);
	change_end(&c);
	return err;
}

/* ---- the call ---- */

/* Advice that has no effect here: only the range is judged. None about reclaim where pages are locked. */
static int advise_nothing(struct mm *mm, ulong start, ulong end, int advice, bool *hole)
{
	bool reclaim = advice == MADV_COLD || advice == MADV_PAGEOUT;
	struct part p;
	int err = 0;

	rwlock_read(&mm->lock);
	for (; start < end && !err; start = p.end) {
		if (!part_find(mm, start, end, &p)) {
			*hole = true;
			break;
		}
		*hole |= p.start > start;
		if (reclaim && (p.vma->flags & VMA_LOCKED))
			err = -EINVAL;
	}
	rwlock_read_unlock(&mm->lock);
	return err;
}

static bool known(int advice)
{
	switch (advice) {
	case MADV_NORMAL ... MADV_DONTNEED:
	case MADV_FREE ... MADV_DOFORK:
	case MADV_DONTDUMP ... MADV_PAGEOUT:
	case MADV_POPULATE_READ ... MADV_DONTNEED_LOCKED:
		return true;
	default:
		return false;
	}
}

static int advise(struct mm *mm, ulong start, ulong end, int advice, bool *hole)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
		return advise_drop_hard(mm, start, end, advice, hole);
	case MADV_WILLNEED:
	case MADV_REMOVE:
		return advise_object(mm, start, end, advice, hole);
	case MADV_DONTFORK ... MADV_DOFORK:
	case MADV_WIPEONFORK ... MADV_KEEPONFORK:
		return advise_mark(mm, start, end, advice, hole);
	case MADV_POPULATE_READ:
		return advise_populate(mm, start, end, PROT_READ);
	case MADV_POPULATE_WRITE:
		return advise_populate(mm, start, end, PROT_WRITE);
	default:
		return advise_nothing(mm, start, end, advice, hole);
	}
}

int mm_advise(struct mm *mm, ulong addr, ulong len, int advice)
{
	ulong size = ALIGN_UP(len, PAGE_SIZE), end;
	bool hole;
	int err;

	if (!known(advice) || (addr & PAGE_MASK) || (len && !size))
		return -EINVAL;
	if (!size)
		return 0;
	end = addr + size;
	if (end < addr)
		return -EINVAL;
	/* Above user space is a hole like any other. */
	hole = end > USER_TOP;
	err = addr < USER_TOP ? advise(mm, addr, MIN(end, USER_TOP), advice, &hole) : 0;
	return err ? err : hole ? -ENOMEM : 0;
}

/* ---- mincore ---- */

#define RESIDENT_CHUNK 256

/* Is the page at va of v in memory: entered, private, or in the object? mm->lock held (read). */
static bool page_resident(struct mm *mm, struct vma *v, ulong va)
{
	struct page *page;
	unsigned prot;
	bool there = pmap_lookup(&mm->pmap, va, &page, &prot), exclusive;

	if (!there && !(v->flags & VMA_SHARED)) {
		spin_lock(&mm->anon.lock);
		there = anon_lookup(&mm->anon, va, &exclusive);
		spin_unlock(&mm->anon.lock);
	}
	if (!there && v->obj) {
		mutex_lock(&v->obj->lock);
		there = obj_has_page_locked(v->obj, vma_pgoff(v, va));
		mutex_unlock(&v->obj->lock);
	}
	return there;
}

/* Fill vec for up to n pages from addr on, which lie in one mapping. How many, or -ENOMEM. */
static long resident_part(struct mm *mm, ulong addr, ulong n, u8 *vec)
{
	struct vma *v;

	rwlock_read(&mm->lock);
	v = vma_find(mm, addr);
	n = v ? MIN(n, (v->end - addr) >> PAGE_SHIFT) : 0;
	for (ulong i = 0; i < n; i++)
		vec[i] = page_resident(mm, v, addr + i * PAGE_SIZE);
	rwlock_read_unlock(&mm->lock);
	return n ? (long)n : -ENOMEM;
}

int mm_mincore(struct mm *mm, ulong addr, ulong len, ulong vec)
{
	ulong pages = (len >> PAGE_SHIFT) + !!(len & PAGE_MASK);
	u8 chunk[RESIDENT_CHUNK];
	long n;

	if (addr & PAGE_MASK)
		return -EINVAL;
	if (!uaccess_ok(addr, len))
		return -ENOMEM;
	if (!uaccess_ok(vec, pages))
		return -EFAULT;
	for (; pages; pages -= (ulong)n, addr += (ulong)n << PAGE_SHIFT, vec += (ulong)n) {
		n = resident_part(mm, addr, MIN(pages, (ulong)RESIDENT_CHUNK), chunk);
		if (n < 0)
			return (int)n;
		if (copyout(vec, chunk, (size_t)n) < 0)
			return -EFAULT;
		if (signal_fatal_pending())
			return -EINTR;
		sched_point();
	}
	return 0;
}
