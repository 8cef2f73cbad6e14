/*
 * Limits of an address space, and the figures behind them.
 *
 * Invariants: nr_pages, nr_data, nr_locked and nr_promised of an address space are the sums over
 * its vmas of what each is counted as; the two sums over all address spaces (and shared anonymous
 * objects) are kept here, by atomic additions.
 */
#include "vm/limit.h"

#include "lib/errno.h"
#include "vm/mm.h"
#include "vm/page.h"

static long promised_pages; /* (a) */
static long locked_pages; /* (a) */

/* Is memory with these rights and flags data, as RLIMIT_DATA means it? */
static bool is_data(unsigned prot, unsigned flags)
{
	return (prot & PROT_WRITE) && !(flags & (VMA_SHARED | VMA_GROWSDOWN));
}

/* Might all of it have to be found, page for page? Shared objects are counted as they are made. */
static bool is_promised(unsigned prot, unsigned flags)
{
	return (prot & PROT_WRITE) && !(flags & (VMA_SHARED | VMA_NORESERVE));
}

void limit_count_promised(long pages)
{
	__atomic_fetch_add(&promised_pages, pages, __ATOMIC_RELAXED);
}

static void count_locked(struct mm *mm, long pages)
{
	mm->nr_locked += (ulong)pages;
	__atomic_fetch_add(&locked_pages, pages, __ATOMIC_RELAXED);
}

static void count_promised(struct mm *mm, long pages)
{
	mm->nr_promised += (ulong)pages;
	limit_count_promised(pages);
}

void limit_count(struct mm *mm, const struct vma *v, long pages)
{
	mm->nr_pages += (ulong)pages;
	mm->peak_pages = MAX(mm->peak_pages, mm->nr_pages);
	if (is_data(v->prot, v->flags))
		mm->nr_data += (ulong)pages;
	if (v->flags & VMA_LOCKED)
		count_locked(mm, pages);
	if (is_promised(v->prot, v->flags))
		count_promised(mm, pages);
}

void limit_count_change(struct mm *mm, const struct vma *v, unsigned prot, unsigned flags)
{
	long pages = (long)((v->end - v->start) >> PAGE_SHIFT);
	int data = is_data(prot, flags) - is_data(v->prot, v->flags);
	int locked = !!(flags & VMA_LOCKED) - !!(v->flags & VMA_LOCKED);
	int promised = is_promised(prot, flags) - is_promised(v->prot, v->flags);

	mm->nr_data += (ulong)(data * pages);
	if (locked)
		count_locked(mm, locked * pages);
	if (promised)
		count_promised(mm, promised * pages);
}

void limit_fork(struct mm *child, const struct mm *parent)
{
	child->nr_pages = child->peak_pages = parent->nr_pages;
	child->nr_data = parent->nr_data;
	child->nr_promised = parent->nr_promised;
	limit_count_promised((long)child->nr_promised);
}

void limit_end(const struct mm *mm)
{
	limit_count_promised(-(long)mm->nr_promised);
	__atomic_fetch_sub(&locked_pages, (long)mm->nr_locked, __ATOMIC_RELAXED);
}

/* Would have + pages be more than the limit allows? */
static bool exceeds(enum limit which, ulong have, ulong pages)
{
	ulong most = limit_bytes(which) >> PAGE_SHIFT;

	return have > most || pages > most - have;
}

bool limit_promise(ulong pages)
{
	return pages <= page_total_count();
}

int limit_map(const struct mm *mm, ulong pages, ulong replaced, unsigned prot, unsigned vma_flags)
{
	ulong added = pages - MIN(pages, replaced);

	if (exceeds(LIMIT_TOTAL, mm->nr_pages, added))
		return -ENOMEM;
	if (is_data(prot, vma_flags) && exceeds(LIMIT_DATA, mm->nr_data, added))
		return -ENOMEM;
	return is_promised(prot, vma_flags) && !limit_promise(pages) ? -ENOMEM : 0;
}

int limit_make_writable(const struct mm *mm, const struct vma *v, ulong pages)
{
	unsigned prot = v->prot | PROT_WRITE;

	if (v->prot & PROT_WRITE)
		return 0;
	if (is_data(prot, v->flags) && exceeds(LIMIT_DATA, mm->nr_data, pages))
		return -ENOMEM;
	return is_promised(prot, v->flags) && !limit_promise(pages) ? -ENOMEM : 0;
}

bool limit_lock(const struct mm *mm, ulong pages, unsigned vma_flags)
{
	return !(vma_flags & VMA_LOCKED) || !exceeds(LIMIT_LOCKED, mm->nr_locked, pages);
}

void limit_get_stats(struct limit_stats *s)
{
	s->promised = (ulong)MAX(__atomic_load_n(&promised_pages, __ATOMIC_RELAXED), 0l);
	s->locked = (ulong)MAX(__atomic_load_n(&locked_pages, __ATOMIC_RELAXED), 0l);
}
