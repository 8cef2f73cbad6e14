/*
 * What /proc tells of an address space: its mappings, and whose pages are in memory.
 *
 * A page is in memory here if it is a private page of the address space, whether or not the page
 * table shows it at the moment, or a page of an object that the page table shows. The one zero page
 * is nobody's and does not count.
 */
#pragma once

#include "lib/types.h"

struct file;
struct mm;

/* Shares of pages, of the size that a page has, in parts of 4096. */
#define SHARE_SHIFT 12

struct figures {
	ulong rss, anonymous; /* pages; the same four ways: */
	ulong shared_clean, shared_dirty, private_clean, private_dirty;
	/*
	 * A page that n address spaces have counts 1/n in each, in units of 1/4096 page. For private
	 * pages n is what fork left: right for a parent and its children, an estimate for families
	 * that went on forking.
	 */
	u64 pss, pss_dirty, pss_anon, pss_file, pss_shmem, pss_locked;
};

/* One mapping. */
struct vma_info {
	ulong start, end;
	unsigned prot, max_prot, flags; /* PROT_, PROT_, VMA_ */
	u64 offset, ino; /* bytes; inode of shared anonymous memory */
	struct file *file; /* held: file_drop when done; or NULL */
	bool shared_anon, heap, stack;
	struct figures figures; /* only if asked for */
};

/*
 * The first mapping that ends above addr; false if there is none. Figures are counted if asked.
 * Takes mm->lock (read) and may sleep. Walk the map by calling with the last end.
 */
bool mm_describe(struct mm *mm, ulong addr, bool with_figures, struct vma_info *info);

/* Pages in memory: private ones, of files, of shared memory. Locks as mm_describe. */
struct resident {
	ulong anon, file, shmem;
};
void mm_resident(struct mm *mm, struct resident *r);

/*
 * Copy up to n bytes of an address space that may be another's, not beyond the page of va, to buf:
 * whatever the rights. How many; 0 if there is nothing to read. Locks as mm_describe.
 */
size_t mm_peek(struct mm *mm, ulong va, void *buf, size_t n);

/* What is at one page of an address space. */
struct page_view {
	bool present; /* in memory, the zero page included */
	bool object; /* a page of an object, not a private one */
	bool dirty;
	ulong sharers; /* how many address spaces have it; 0 for the zero page */
};
/* Of n pages from va on. Locks as mm_describe. */
void mm_view_pages(struct mm *mm, ulong va, ulong n, struct page_view *views);
