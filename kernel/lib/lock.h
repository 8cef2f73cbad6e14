/*
 * Spin locks, and the one table of lock ranks.
 *
 * A CPU may take a lock only if its rank is greater than that of every lock it (or, for the
 * sleeping locks of proc/sync.h, its thread) holds already; two locks of one rank only where the
 * table says so. A debug build checks each acquisition and reports an inversion with both sites.
 *
 * The kernel is not preemptible: a thread leaves its CPU only where it sleeps or yields. So a plain
 * spin_lock is enough for what interrupt handlers never touch; what they do touch takes the _irq
 * form. No thread sleeps while it holds a spin lock.
 */
#pragma once

#include "lib/types.h"
#include "machine/cpu.h"

enum lock_rank {
	RANK_NONE = 0, /* not checked */
	/* sleeping locks */
	RANK_RENAME = 8,        /* one rename of directories at a time */
	RANK_DIR = 10,          /* a directory's inode; parent before child, then by address */
	RANK_INODE = 12,        /* a file's inode: write, truncate */
	RANK_FILELOCK = 14,     /* advisory locks on files */
	RANK_PROC = 16,         /* process tree: parents, children, groups, sessions */
	RANK_MM = 20,           /* an address space; parent before child at fork */
	RANK_WRITEBACK = 28,    /* an object's write-back */
	RANK_FSMAP = 30,        /* an inode's block map */
	RANK_FSALLOC = 32,      /* a file system's bitmaps and counts */
	RANK_OBJ = 40,          /* an object: page index, size, list of vmas */
	RANK_SLEEPING_END = 50, /* above the sleeping locks */
	/* spin locks, never taken in interrupts */
	RANK_DCACHE = 50, /* names in memory */
	RANK_ICACHE = 52, /* inodes in memory */
	RANK_FILES = 54,  /* descriptor table */
	RANK_FUTEX = 58,  /* a queue of futex waiters; two of them in the order of their addresses */
	RANK_TAB = 60,    /* an address space's table of private pages */
	RANK_PMAP = 64,   /* page tables */
	RANK_DIRTY = 66,  /* the list of dirty objects */
	RANK_KVA = 68,    /* kernel virtual ranges */
	/* spin locks that interrupt handlers take too */
	RANK_PID = 78,    /* the table of process numbers, groups and sessions */
	RANK_SIGNAL = 80, /* a process's signal state */
	RANK_SIGACTION = 82, /* a table of signal actions */
	RANK_DEV = 84,    /* a device's queues */
	RANK_TTY = 86,    /* a terminal's line buffer */
	RANK_USER = 87,   /* the table of users */
	RANK_TIMER = 88,  /* pending timers */
	RANK_WAITQ = 90,  /* a wait queue; also inside any lock above */
	RANK_RUNQ = 92,   /* run queues */
	RANK_SLAB = 94,   /* a slab cache */
	RANK_PAGE = 96,   /* the page allocator */
	RANK_LOG = 98,    /* the console's output */
};

struct spinlock {
	u32 locked;
#ifdef DEBUG
	u16 rank;
	const char *name;
	const void *site; /* where it was taken last */
#endif
};

#ifdef DEBUG
#define SPINLOCK_INIT(lock_name, lock_rank) \
	{ \
		.rank = (lock_rank), .name = (lock_name) \
	}
#else
#define SPINLOCK_INIT(lock_name, lock_rank) \
	{ \
		0 \
	}
#endif

void spin_init(struct spinlock *l, const char *name, enum lock_rank rank);

/*
 * The debug build's book-keeping, in lock.c; nothing in other builds. `site` is the code that takes
 * the lock.
 */
#ifdef DEBUG
/* Panics if this CPU or thread holds a lock that does not allow to take l now. */
void spin_check_acquire(struct spinlock *l, const void *site);
void spin_note_acquired(struct spinlock *l, const void *site);
void spin_check_release(struct spinlock *l);
bool spin_held(const struct spinlock *l); /* by this CPU */
/*
 * The sleeping locks': panics unless the thread may wait for a lock of this rank now, which
 * includes that no spin lock is held.
 */
void held_check(enum lock_rank rank, const char *name, const void *site);
/* The current thread got a sleeping lock of this rank, or gave it back. */
void held_add(enum lock_rank rank);
void held_remove(enum lock_rank rank);
/* Panics if this CPU holds a spin lock: called where a thread is about to sleep. */
void lock_check_sleep(const void *site);
#else
static inline void spin_check_acquire(struct spinlock *l UNUSED, const void *site UNUSED)
{
}
static inline void spin_note_acquired(struct spinlock *l UNUSED, const void *site UNUSED)
{
}
static inline void spin_check_release(struct spinlock *l UNUSED)
{
}
static inline bool spin_held(const struct spinlock *l)
{
	return l->locked;
}
static inline void held_check(
	enum lock_rank rank UNUSED, const char *name UNUSED, const void *site UNUSED)
{
}
static inline void held_add(enum lock_rank rank UNUSED)
{
}
static inline void held_remove(enum lock_rank rank UNUSED)
{
}
static inline void lock_check_sleep(const void *site UNUSED)
{
}
#endif

/* Where the function is that called the one that uses this. */
#define CALL_SITE __builtin_return_address(0)

void spin_contended(struct spinlock *l); /* waits until it looks free */

static inline void spin_lock(struct spinlock *l)
{
	spin_check_acquire(l, CALL_SITE);
	while (UNLIKELY(__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE)))
		spin_contended(l);
	spin_note_acquired(l, CALL_SITE);
}

/* Whoever only tries cannot deadlock: ranks are not checked. */
static inline bool spin_trylock(struct spinlock *l)
{
	if (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE))
		return false;
	spin_note_acquired(l, CALL_SITE);
	return true;
}

static inline void spin_unlock(struct spinlock *l)
{
	spin_check_release(l);
	__atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
}

/* With interrupts off on this CPU; the result goes to spin_unlock_irq. */
static inline MUST_CHECK ulong spin_lock_irq(struct spinlock *l)
{
	ulong flags = intr_save();

	spin_lock(l);
	return flags;
}

static inline void spin_unlock_irq(struct spinlock *l, ulong flags)
{
	spin_unlock(l);
	intr_restore(flags);
}
