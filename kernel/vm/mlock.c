/*
 * Memory that stays: locking mappings, and loading their pages.
 *
 * There is nothing on a page that says it is locked. A mapping is (VMA_LOCKED), and whoever takes
 * pages out of memory looks for such a mapping first (rmap_locked). So to lock is to change
 * mappings, and then to touch their pages.
 */
#include "lib/errno.h"
#include "machine/pte.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "vm/fault.h"
#include "vm/limit.h"
#include "vm/mm.h"

/* ---- loading ---- */

/* The access that loads a page as whoever may do all that v allows would: a private page is made. */
static unsigned loading_access(const struct vma *v)
{
	unsigned rights = pte_effective(v->prot);

	if (!(v->flags & VMA_SHARED) && (rights & PROT_WRITE))
		return PROT_WRITE;
	return rights & PROT_READ ? PROT_READ : rights & PROT_EXEC;
}

/* A part of one mapping that is to be loaded. */
struct piece {
	ulong start, end;
	unsigned access; /* PROT_NONE: the program may not touch it */
	bool leave; /* as it is: it is locked as it is touched */
	bool own; /* locked, private, and may be written */
};

/* What begins at or after `start` and before `end`; false if nothing does. */
static bool next_piece(struct mm *mm, ulong start, ulong end, struct piece *p)
{
	const struct vma *v;

	rwlock_read(&mm->lock);
	v = vma_find_from(mm, start);
	if (v && v->start < end) {
		p->start = MAX(start, v->start);
		p->end = MIN(v->end, end);
		p->access = loading_access(v);
		p->leave = v->flags & VMA_LOCKONFAULT;
		p->own = (v->flags & (VMA_LOCKED | VMA_SHARED)) == VMA_LOCKED &&
			p->access == PROT_WRITE;
	} else {
		v = NULL;
	}
	rwlock_read_unlock(&mm->lock);
	return v;
}

/*
 * Touch the pages of [start, end). Clean pages of a large file give room to the next for hours, so
 * who is killed meanwhile stops.
 */
static int load_range(struct mm *mm, ulong start, ulong end, unsigned access)
{
	if (!access)
		return -ENOMEM;
	for (; start < end; start += PAGE_SIZE) {
		enum fault_result result = vm_fault(mm, start, access);

		if (result != FAULT_OK)
			return result == FAULT_OOM ? -EAGAIN : -ENOMEM;
		if (signal_fatal_pending())
			return -EINTR;
		sched_point();
	}
	return 0;
}

int mm_populate(struct mm *mm, ulong start, ulong end, bool all)
{
	struct piece p;
	int err = 0;

	for (; start < end; start = p.end) {
		if (!next_piece(mm, start, end, &p))
			p.start = p.end = end;
		if (!all && p.start > start)
			return -ENOMEM;
		if (p.start < p.end && !p.leave)
			err = load_range(mm, p.start, p.end, p.access);
		if (err && (!all || err != -ENOMEM))
			break;
		err = 0;
	}
	return all ? 0 : err;
}

void mm_load_locked(struct mm *mm, ulong start, ulong end)
{
	struct piece p;

	for (; start < end && next_piece(mm, start, end, &p); start = p.end)
		if (p.own && !p.leave)
			load_range(mm, p.start, p.end, p.access);
}

/* ---- locking ---- */

/* What a change of flags needs and leaves behind. */
struct relock {
	struct vma *spare[2]; /* upper parts for the splits at both ends of the range */
	struct list dead; /* vmas that were joined to others */
};

static void relock_begin(struct relock *r)
{
	r->spare[0] = r->spare[1] = NULL;
	list_init(&r->dead);
}

/* mm->lock is no longer held. */
static void relock_end(struct relock *r)
{
	for (unsigned i = 0; i < ARRAY_SIZE(r->spare); i++)
		if (r->spare[i])
			vma_free(r->spare[i]);
	vma_free_list(&r->dead);
}

/* The page of the kernel's code is in memory anyway, and nobody's to count. */
static bool changes(const struct vma *v, unsigned flags)
{
	return !(v->flags & VMA_SIGPAGE) && (v->flags & VMA_LOCK_FLAGS) != flags;
}

static int relock_prepare(struct mm *mm, ulong start, ulong end, unsigned flags, struct relock *r)
{
	const struct vma *first = vma_find(mm, start), *last = vma_find(mm, end - 1);
	ulong more;

	if (first && first->start < start && changes(first, flags) &&
		vma_clip_prepare(mm, start, &r->spare[0]) < 0)
		return -ENOMEM;
	if (last && last->end > end && changes(last, flags) &&
		vma_clip_prepare(mm, end, &r->spare[1]) < 0)
		return -ENOMEM;
	more = !!r->spare[0] + !!r->spare[1];
	return more && mm->nr_vmas + more > mm_max_vmas ? -ENOMEM : 0;
}

static void relock_vma(struct mm *mm, struct vma *v, unsigned lock_flags)
{
	unsigned flags = (v->flags & ~(unsigned)VMA_LOCK_FLAGS) | lock_flags;

	limit_count_change(mm, v, v->prot, flags);
	vma_set_flags(v, flags);
}

/* Give all that is mapped in [start, end), up to the first hole, these VMA_LOCK_FLAGS. -ENOMEM. */
static int relock_range(struct mm *mm, ulong start, ulong end, unsigned flags, struct relock *r)
{
	struct vma *v;
	ulong stop;
	int err = relock_prepare(mm, start, end, flags, r);

	if (err)
		return err;
	for (; start < end; start = stop) {
		v = vma_find(mm, start);
		if (!v)
			return -ENOMEM;
		stop = MIN(end, v->end);
		if (changes(v, flags)) {
			if (v->start < start) {
				v = r->spare[0];
				vma_clip(mm, start, &r->spare[0]);
			}
			if (stop == end)
				vma_clip(mm, end, &r->spare[1]);
			relock_vma(mm, v, flags);
		}
		vma_merge(mm, start, &r->dead);
	}
	vma_merge(mm, end, &r->dead);
	return 0;
}

/* May all of [start, end) be locked? What is locked already counts once. */
static bool may_lock(struct mm *mm, ulong start, ulong end)
{
	ulong pages = (end - start) >> PAGE_SHIFT;

	if (limit_lock(mm, pages, VMA_LOCKED))
		return true;
	for (const struct vma *v = vma_find_from(mm, start); v && v->start < end; v = vma_next(v))
		if (v->flags & VMA_LOCKED)
			pages -= (MIN(v->end, end) - MAX(v->start, start)) >> PAGE_SHIFT;
	return limit_lock(mm, pages, VMA_LOCKED);
}

/* The pages that hold a byte of [addr, addr + len). -EINVAL if they wrap round. */
static int page_range(ulong addr, ulong len, ulong *start, ulong *end)
{
	*start = ALIGN_DOWN(addr, PAGE_SIZE);
	*end = *start + ALIGN_UP(len + (addr & PAGE_MASK), PAGE_SIZE);
	return *end < *start ? -EINVAL : 0;
}

static int relock(struct mm *mm, ulong start, ulong end, unsigned flags)
{
	struct relock r;
	int err = 0;

	relock_begin(&r);
	rwlock_write(&mm->lock);
	if (flags && !may_lock(mm, start, end))
		err = -ENOMEM;
	else if (start < end)
		err = relock_range(mm, start, end, flags, &r);
	rwlock_write_unlock(&mm->lock);
	relock_end(&r);
	return err;
}

int mm_lock(struct mm *mm, ulong addr, ulong len, bool on_fault)
{
	ulong start, end;
	int err;

	if (limit_bytes(LIMIT_LOCKED) == 0)
		return -EPERM;
	err = page_range(addr, len, &start, &end);
	if (!err)
		err = relock(mm, start, end, VMA_LOCKED | (on_fault ? VMA_LOCKONFAULT : 0));
	return err ? err : mm_populate(mm, start, end, false);
}

int mm_unlock(struct mm *mm, ulong addr, ulong len)
{
	ulong start, end;
	int err = page_range(addr, len, &start, &end);

	return err ? err : relock(mm, start, end, 0);
}

/* Give all mappings these VMA_LOCK_FLAGS. mm->lock held for writing. */
static void relock_all(struct mm *mm, unsigned flags, struct relock *r)
{
	struct vma *v = vma_find_from(mm, 0), *next;

	for (; v; v = next) {
		next = vma_next(v);
		if (changes(v, flags))
			relock_vma(mm, v, flags);
		vma_merge(mm, v->start, &r->dead);
	}
}

int mm_lock_all(struct mm *mm, unsigned mcl)
{
	unsigned flags = VMA_LOCKED | (mcl & MCL_ONFAULT ? VMA_LOCKONFAULT : 0);
	struct relock r;
	int err = 0;

	if (mcl && limit_bytes(LIMIT_LOCKED) == 0)
		return -EPERM;
	relock_begin(&r);
	rwlock_write(&mm->lock);
	if ((mcl & MCL_CURRENT) && mm->nr_pages > limit_bytes(LIMIT_LOCKED) >> PAGE_SHIFT) {
		err = -ENOMEM;
	} else {
		mm->lock_future = mcl & MCL_FUTURE ? flags : 0;
		if (!mcl || (mcl & MCL_CURRENT))
			relock_all(mm, mcl ? flags : 0, &r);
	}
	rwlock_write_unlock(&mm->lock);
	relock_end(&r);
	return err || !(mcl & MCL_CURRENT) ? err : mm_populate(mm, 0, USER_TOP, true);
}
