/*
 * Objects: the one page cache. A file's contents, a shared anonymous mapping, a block device's
 * metadata: each is an object, a sparse array of pages with a size, the list of the vmas that map
 * it, and what it takes to fill and store a page.
 *
 * A page in the array is either busy (somebody fills, writes or removes it) or up to date. A page
 * is dirty if it is marked in the array; pages are mapped writable only while dirty, so a store to
 * a clean page faults.
 *
 * Letters: (o) obj->lock, (c) constant, (a) atomic, (d) the list of dirty objects' lock.
 */
#pragma once

#include "lib/list.h"
#include "lib/tree.h"
#include "lib/types.h"
#include "proc/sync.h"
#include "vm/page.h"
#include "vm/radix.h"

struct obj;
struct uio;

struct obj_ops {
	/*
	 * Fill a busy page (all of it: zeros where nothing is stored). No lock held by the caller;
	 * may sleep. 0 or -EIO. NULL: new pages are zero.
	 */
	int (*read)(struct obj *o, struct page *p);
	/*
	 * Write n busy pages of ascending index to the store and wait for it; bytes beyond the
	 * object's size are zero already. May sleep. 0 or -errno. NULL: pages live in memory only
	 * and are never dirty.
	 */
	int (*write)(struct obj *o, struct page **pages, unsigned n);
	/*
	 * Make sure that page `index` has a place in the store, before it is first dirtied. Several
	 * may ask for the same page at once. No lock of rank MM or above held. 0, -ENOSPC, -EIO.
	 * May be NULL.
	 */
	int (*reserve)(struct obj *o, ulong index);
	/*
	 * A store through a mapping made the object dirty (for the file's times); where nothing is
	 * ever dirty, a store faulted. Takes no lock: obj->lock may be held. May be NULL.
	 */
	void (*touched)(struct obj *o);
	/*
	 * A page joins the object, or has left it: for those who limit how many there are. Called
	 * with obj->lock held; must not sleep. join: 0 or -ENOSPC. Both may be NULL.
	 */
	int (*join)(struct obj *o);
	void (*left)(struct obj *o);
	/*
	 * The last reference is gone; pages are dropped already. Locks below RANK_OBJ may be held:
	 * making room holds objects for a moment.
	 */
	void (*release)(struct obj *o);
};

struct obj {
	struct mutex lock;		/* RANK_OBJ */
	struct mutex sync_lock;		/* RANK_WRITEBACK: a sync waits for those before it */
	const struct obj_ops *ops;	/* (c) */
	u64 size;			/* (o) bytes; no page begins at or beyond it */
	struct radix pages;		/* (o) struct page *, marked if dirty */
	struct tree vmas;		/* (o) the mappings, by page, with the largest end */
	bool growing;			/* (o) a write goes on that may end beyond the size */
	ulong writable;			/* (o) shared ones with a right to write, and claims */
	bool write_sealed;		/* (o) there shall be no more of them */
	u32 ref;			/* (a) */
	s32 error;			/* (o) of a failed write-back, for the next sync */
	struct list dirty_link;		/* (d) on the list while pages are dirty */
	bool on_dirty_list;		/* (d) the list holds a reference */
	struct list all_link;		/* (d) every object with a store, for reclaim */
	u64 dirty_since;		/* (d) clock_now() when it joined the dirty list */
	u64 serial;			/* (c) of no other object, ever: what futexes know it by */
	u64 ino;			/* (c) shown in maps for shared anonymous memory */
	ulong promised;			/* (c) pages of it that count in Committed_AS */
	ulong clock_hand;		/* (o) where reclaim looks next */
};

void obj_module_init(void);
/* Set up an object embedded in its owner, with one reference. */
void obj_init(struct obj *o, const struct obj_ops *ops, u64 size);
/*
 * A shared anonymous memory object of size bytes, one reference; `promised` pages are counted while
 * it lives. NULL if there is no memory.
 */
struct obj *obj_anon_create(u64 size, ulong promised);
/* The size now, whole also where a word holds half of it. Takes obj->lock. */
u64 obj_size(struct obj *o);
void obj_hold(struct obj *o);
/* May sleep; no lock of rank OBJ or above held. */
void obj_put(struct obj *o);
/*
 * Write back nothing, drop all pages: for owners that end (an inode that is freed). No vma maps o.
 */
void obj_drop_pages(struct obj *o);

/*
 * Find or fill the page at index and return it pinned (page_put when done) and up to date. -EIO,
 * -ENOMEM, or -ENXIO if it lies beyond the size. May sleep; no lock of rank OBJ or above held.
 */
int obj_get_page(struct obj *o, ulong index, struct page **out);
/*
 * The same for a store by the kernel: the page has its place in the store (ops->reserve). The
 * caller stores and THEN calls obj_mark_dirty, or a write-back in between would lose the store; also
 * if it has not stored after all, since in a new place lies what an earlier file left.
 */
int obj_get_page_dirty(struct obj *o, ulong index, struct page **out);
/*
 * Mark dirty a page pinned by the caller that belongs to o and is reserved. May sleep; no lock of
 * rank OBJ or above held.
 */
void obj_mark_dirty(struct obj *o, struct page *p);

/*
 * read(2): copy up to uio->left bytes from off to the uio, ending at the size. Bytes copied, or
 * -EFAULT, -EIO, -ENOMEM if none were. May sleep.
 */
ssize_t obj_read(struct obj *o, off_t off, struct uio *uio);
/*
 * write(2): copy from the uio to off, growing the size as bytes arrive. The caller excludes other
 * writers and truncation (inode lock). Bytes copied, or -EFAULT, -EIO, -ENOSPC, -ENOMEM if none
 * were; the size is then unchanged. Safe against a source that is a mapping of the same page.
 */
ssize_t obj_write(struct obj *o, off_t off, struct uio *uio);
/*
 * Set the size. Shrinking: pages beyond go, mappings of them too (also private copies), the tail of
 * the last page is zeroed. Growing: the tail beyond the old size is zeroed. The caller excludes
 * writers (inode lock). 0 or -EIO/-ENOMEM (nothing changed).
 */
int obj_truncate(struct obj *o, u64 size);
/*
 * Zero what was stored beyond the size, in the last page. The caller excludes writers (inode lock).
 */
void obj_zero_tail(struct obj *o);
/*
 * Make the bytes [from, to) of an object whose pages live in memory only zeros, in every mapping
 * too, and give back the pages that lie in there as a whole; private copies stay. The caller
 * excludes writers. May sleep; no lock of rank OBJ or above held.
 */
void obj_punch(struct obj *o, u64 from, u64 to);
/*
 * Make the pages [first, end) of any object zeros, as far as it goes. What is stored elsewhere and
 * not zeros already is stored anew in time: room for it is not given back. The caller excludes
 * writers and truncation (inode lock). 0, -EIO, -ENOSPC, -ENOMEM, -EINTR if the caller is killed;
 * some are zeros then. May sleep.
 */
int obj_zero(struct obj *o, ulong first, ulong end);
/* How many pages are in memory of [first, end). */
ulong obj_count_pages(struct obj *o, ulong first, ulong end);
/*
 * The first page at or after index that is in memory (data), or the first that is not.
 * RADIX_NONE: there is no such page.
 */
ulong obj_next_page(struct obj *o, ulong index, bool in_memory);
/*
 * Shared mappings with a right to write. A claim is made before such a mapping, which may take
 * long, and given back after it: -EPERM if the object is sealed against them. Sealing fails with
 * -EBUSY while there are any, unless those there are may stay (`keep`).
 */
int obj_claim_writable(struct obj *o);
void obj_unclaim_writable(struct obj *o);
int obj_seal_writable(struct obj *o, bool keep);
/*
 * Write dirty pages of [first, last] to the store and wait. 0 or the first error (also one
 * remembered from an earlier write-back).
 */
int obj_sync(struct obj *o, ulong first, ulong last);
/* Start the write-back thread. */
void obj_writeback_start(void);
/*
 * The fault's interface; obj->lock held.
 *
 * obj_page_locked: the page at index if it is up to date now, else NULL. obj_pages_locked: the same
 * for n indices; the value says how many of them lie inside the size, and only for those an answer
 * is in pages. obj_dirty_locked: may page p be mapped writable? If it needs no reservation it is
 * marked dirty here; false means: call obj_make_dirty without the lock and look again.
 */
struct page *obj_page_locked(struct obj *o, ulong index);
unsigned obj_pages_locked(struct obj *o, ulong index, struct page **pages, unsigned n);
bool obj_dirty_locked(struct obj *o, struct page *p);
/*
 * Does o, which has no dirty pages, want to be told of stores all the same? Then a page that is
 * only read is not mapped writable, and a store that faults is told.
 */
static inline bool obj_wants_stores(const struct obj *o)
{
	return !o->ops->write && o->ops->touched;
}
/* May p be mapped writable at once, without marking anything? */
bool obj_is_dirty_locked(const struct obj *o, const struct page *p);
/* Is the page at index in memory, if perhaps on its way in or to the store? This is no use of it. */
bool obj_has_page_locked(const struct obj *o, u64 index);
/* Is index inside the size? */
bool obj_inside(const struct obj *o, u64 index);
/* Get the page at index, reserve it and mark it dirty. 0 or -errno. No lock held. */
int obj_make_dirty(struct obj *o, ulong index);
/*
 * Drop up to `want` clean, idle pages of any object. Returns how many. Unless `all` is set, a few
 * stay: whoever takes memory for good must not live off the pages that running programs are read
 * from. May sleep; an object whose lock is taken is passed over.
 */
ulong obj_reclaim(ulong want, bool all);
/*
 * There was no memory: make some, if need be by writing dirty pages back first. False if there is
 * nothing to gain any more. May sleep; no lock of rank MM or above held.
 */
bool obj_make_room(void);

/* The vma's place on the object's list; obj->lock held. */
struct vma;
void obj_add_vma(struct obj *o, struct vma *v);
void obj_remove_vma(struct obj *o, struct vma *v);

struct obj_stats {
	ulong cached, dirty; /* pages of objects with a store; those of them that are newer than it */
};
void obj_get_stats(struct obj_stats *s);
