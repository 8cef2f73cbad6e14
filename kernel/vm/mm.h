/*
 * Address spaces: vmas, private pages and page table of a program, and the calls that change them.
 *
 * Letters: (m) lock, (c) constant, (a) atomic.
 */
#pragma once

#include "lib/types.h"
#include "proc/sync.h"
#include "vm/anon.h"
#include "vm/pmap.h"
#include "vm/vma.h"

#define MAP_SHARED 0x01
#define MAP_PRIVATE 0x02
#define MAP_SHARED_VALIDATE 0x03
#define MAP_TYPE 0x0f
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define MAP_GROWSDOWN 0x100
#define MAP_DENYWRITE 0x800
#define MAP_EXECUTABLE 0x1000
#define MAP_LOCKED 0x2000
#define MAP_NORESERVE 0x4000
#define MAP_POPULATE 0x8000
#define MAP_NONBLOCK 0x10000
#define MAP_STACK 0x20000
#define MAP_HUGETLB 0x40000
#define MAP_SYNC 0x80000
#define MAP_FIXED_NOREPLACE 0x100000

#define PROT_SEM 0x8
#define PROT_GROWSDOWN 0x01000000
#define PROT_GROWSUP 0x02000000

#define MREMAP_MAYMOVE 1
#define MREMAP_FIXED 2
#define MREMAP_DONTUNMAP 4
#define MLOCK_ONFAULT 1

#define MCL_CURRENT 1
#define MCL_FUTURE 2
#define MCL_ONFAULT 4

#define MS_ASYNC 1
#define MS_INVALIDATE 2
#define MS_SYNC 4

/* What mm_advise knows. */
enum advice {
	MADV_NORMAL = 0,
	MADV_RANDOM = 1,
	MADV_SEQUENTIAL = 2,
	MADV_WILLNEED = 3,
	MADV_DONTNEED = 4,
	MADV_FREE = 8,
	MADV_REMOVE = 9,
	MADV_DONTFORK = 10,
	MADV_DOFORK = 11,
	MADV_DONTDUMP = 16,
	MADV_DODUMP = 17,
	MADV_WIPEONFORK = 18,
	MADV_KEEPONFORK = 19,
	MADV_COLD = 20,
	MADV_PAGEOUT = 21,
	MADV_POPULATE_READ = 22,
	MADV_POPULATE_WRITE = 23,
	MADV_DONTNEED_LOCKED = 24,
};

struct mm {
	struct rwlock lock;	  /* RANK_MM */
	u32 ref;		  /* (a) */
	struct tree vmas;	  /* (m) */
	struct vma *hint;	  /* the vma found last, or NULL; readers set it */
	ulong nr_vmas;		  /* (m) */
	ulong nr_pages;		  /* (m) mapped pages: VmSize; these figures are vm/limit.c's */
	ulong nr_data;		  /* (m) pages of writable private memory, stacks aside */
	ulong nr_locked;	  /* (m) pages of mappings that are locked: VmLck */
	ulong nr_promised;	  /* (m) pages that count in Committed_AS */
	ulong peak_pages;	  /* (m) */
	unsigned lock_future;	  /* (m) VMA_LOCK_FLAGS for mappings to come (mlockall) */
	struct anontab anon;
	struct pmap pmap;
	ulong brk_start, brk;	  /* (m) the heap; brk is exact to the byte */
	ulong stack_top;	  /* (c after exec) */
	ulong arg_start, arg_end, env_start, env_end; /* (m) for /proc */
	ulong sigpage;		  /* (m) address of the page with the signal trampoline */
	bool fork_marks;	  /* (m) some vma may be VMA_DONTFORK or VMA_WIPEONFORK */
};

extern ulong mm_max_vmas; /* MAPS_MAX: mappings an address space may have; set at boot */

void mm_module_init(void); /* also of vmas, private pages, objects and faults */
/* An empty address space with one reference. NULL if there is no memory. */
struct mm *mm_create(void);
/*
 * A copy-on-write copy of parent. NULL if there is no memory: parent is then as before. Takes
 * parent->lock.
 */
struct mm *mm_fork(struct mm *parent);
static inline void mm_hold(struct mm *mm)
{
	__atomic_fetch_add(&mm->ref, 1, __ATOMIC_RELAXED);
}
/* Drop a reference; the last one gives everything back. May sleep. No CPU runs on it then. */
void mm_put(struct mm *mm);

/*
 * The calls. All take and release mm->lock for writing themselves, may sleep, and on failure leave
 * everything as it was unless the contract names a partial effect. Addresses are user addresses as
 * the program gave them: everything is checked here.
 *
 * mm_map: mmap(2). With an object: obj and file (which owns obj), pgoff in pages, max_prot what the
 * descriptor's mode allows. Without: anonymous memory (shared if flags say so). Returns the address
 * or -errno. Arguments about the descriptor are judged by the caller (sys/mem.c); mm_map judges
 * length, address, flags' placement part and limits.
 */
struct map_request {
	ulong addr, len;
	unsigned prot, max_prot;
	unsigned flags;	   /* MAP_ */
	unsigned vma_flags; /* VMA_STACK, VMA_SIGPAGE; the rest follows from flags */
	struct obj *obj;
	struct file *file;
	u64 pgoff;
};
long mm_map(struct mm *mm, const struct map_request *rq);
int mm_unmap(struct mm *mm, ulong addr, ulong len);
/*
 * Where locked private memory becomes writable and other memory follows, mm->lock is let go to load
 * it: others may change mappings that the call has not come to.
 */
int mm_protect(struct mm *mm, ulong addr, ulong len, unsigned prot);
int mm_sync(struct mm *mm, ulong addr, ulong len, unsigned flags);
/* mremap(2); `to` counts with MREMAP_FIXED, and is a hint with MREMAP_DONTUNMAP. The address. */
long mm_remap(struct mm *mm, ulong old, ulong old_len, ulong new_len, unsigned flags, ulong to);
/*
 * madvise(2). A hole is -ENOMEM, after the rest of the range was done; any other error ends it where
 * it is. Takes mm->lock for reading only, except to set or clear marks for fork.
 */
int mm_advise(struct mm *mm, ulong addr, ulong len, int advice);
/*
 * mincore(2): one byte a page to user address vec, 1 for those in memory. Takes mm->lock (read).
 * What lies before a hole (-ENOMEM) is told.
 */
int mm_mincore(struct mm *mm, ulong addr, ulong len, ulong vec);
/* brk(2): set the break, 0 to ask. Returns the break as it is afterwards. */
ulong mm_brk(struct mm *mm, ulong brk);

/*
 * mmap(2) judges in an order that programs can see. Before all about the descriptor's rights comes
 * mm_map_check: length, wrap-around, number of mappings, and what MAP_FIXED demands of the address.
 * mm_map_place comes next: is there room, is MAP_FIXED_NOREPLACE's range free, may so much be locked?
 * mm_map looks at both itself; so its callers need to ask only where they are about to refuse the
 * call for a reason that comes later. Both: 0 or the errno that mm_map would give. mm_map_place takes
 * mm->lock (read).
 */
int mm_map_check(struct mm *mm, ulong addr, ulong len, unsigned flags, u64 pgoff);
int mm_map_place(struct mm *mm, const struct map_request *rq);

/*
 * Touch the pages of [start, end) as a program would, so that they are in memory; not those of
 * mappings that are locked as they are touched. The first page that cannot be had ends it: -ENOMEM
 * (no rights, beyond the end of the file, a hole) or -EAGAIN (no memory). With `all` set the rest of
 * that mapping is left out, and so are holes, and the answer is 0. Who is killed meanwhile stops. No
 * lock held; may sleep.
 */
int mm_populate(struct mm *mm, ulong start, ulong end, bool all);
/*
 * Give locked private memory of [start, end) that may be written its private pages, as mlock would
 * have done. What cannot be had is left out. No lock held; may sleep.
 */
void mm_load_locked(struct mm *mm, ulong start, ulong end);

/*
 * mlock, mlock2, munlock: lock the pages that hold a byte of [addr, addr + len) in memory, loading
 * them at once or (on_fault) as they are touched; or let go of them. mm_lock_all: mlockall with MCL_
 * flags, 0 for munlockall. -EPERM: nothing may be locked; -ENOMEM: too much, a hole (what comes before
 * it is locked then), or a page that cannot be loaded; -EAGAIN: no memory to load.
 */
int mm_lock(struct mm *mm, ulong addr, ulong len, bool on_fault);
int mm_unlock(struct mm *mm, ulong addr, ulong len);
int mm_lock_all(struct mm *mm, unsigned flags);

/* exec: where the heap begins (page-aligned up). */
void mm_set_brk(struct mm *mm, ulong start);
