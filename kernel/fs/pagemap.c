/*
 * /proc/PID/pagemap: a word of 64 bits for each page of an address space, in order of addresses, as
 * Linux has it: bit 63, the page is in memory; 61, it is a page of a file or of shared memory; 56,
 * no other address space has it. Where the page lies in physical memory is not told: those bits are
 * 0, as Linux shows them to most. Nor is there any swap (62) or tracking of stores (55).
 */
#include "fs/procfs.h"

#include "lib/errno.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "vm/figures.h"
#include "vm/mm.h"

#define ENTRY_BYTES sizeof(u64)
#define BATCH 32u

#define ENTRY_PRESENT (1ull << 63)
#define ENTRY_OBJECT (1ull << 61)
#define ENTRY_ALONE (1ull << 56)

static u64 entry_of(const struct page_view *view)
{
	if (!view->present)
		return 0;
	return ENTRY_PRESENT | (view->object ? ENTRY_OBJECT : 0) |
		(view->sharers == 1 ? ENTRY_ALONE : 0);
}

/* Up to n entries from page `first` on. Bytes copied. */
static size_t put_entries(struct mm *mm, u64 first, u64 n, struct uio *u)
{
	struct page_view views[BATCH];
	u64 entries[BATCH];
	ulong some = (ulong)MIN(n, (u64)BATCH);

	mm_view_pages(mm, (ulong)first << PAGE_SHIFT, some, views);
	for (ulong i = 0; i < some; i++)
		entries[i] = entry_of(&views[i]);
	return uio_put(u, entries, some * ENTRY_BYTES);
}

ssize_t pagemap_read(struct proc *p, struct uio *u, off_t *pos)
{
	u64 at = (u64)*pos / ENTRY_BYTES, all = USER_TOP >> PAGE_SHIFT;
	struct mm *mm;
	ssize_t done = 0;

	if ((u64)*pos % ENTRY_BYTES || u->left % ENTRY_BYTES)
		return -EINVAL;
	mm = proc_get_mm(p);
	if (!mm)
		return 0;
	while (u->left && at < all && !signal_fatal_pending()) {
		size_t left = u->left;
		size_t n = put_entries(mm, at, MIN(all - at, (u64)(left / ENTRY_BYTES)), u);

		done += (ssize_t)n;
		at += n / ENTRY_BYTES;
		if (n < MIN(left, BATCH * ENTRY_BYTES) && at < all) {
			done = done ? done : -EFAULT;
			break;
		}
	}
	mm_put(mm);
	if (done > 0)
		*pos += done;
	return done;
}
