/*
 * Advisory locks on files.
 *
 * Owns struct file_locks, which an inode has as long as there are locks on it, or threads that wait
 * for them. It has two sets, one for fcntl's locks of both kinds and one for flock's. A set has its
 * ranges in two trees: by place, to find conflicts, and by owner, to find what a claim replaces.
 * The ranges of one owner in a set do not overlap, and where they touch they differ in type.
 *
 * A thread that waits has its request in the tree `waiting` of the set. Whoever takes a lock away,
 * or makes one weaker, gives the requests that overlap it what they want, if they can have it now,
 * in the order of their coming. So who waits does not compete with who comes later, and wakes only
 * when it has the lock. Nobody is held off by requests that wait: only locks conflict.
 *
 * Deadlocks are looked for when a request of a process is about to wait: from the owners of the
 * locks that it waits for, along their own requests that wait, back to its owner. For open files
 * nobody can tell who would let go of their locks: they are not followed.
 *
 * Everything here is under one lock, lock_mutex (l): searches for deadlocks go from file to file,
 * and locks of files are rare next to what is done with the files. inode->locks may be read without
 * it to see that there is nothing to release: who sets a lock looks afterwards whether its
 * descriptor is still there.
 */
#include "fs/filelock.h"

#include "fs/file.h"
#include "fs/inode.h"
#include "fs/modules.h"
#include "fs/seq.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/span.h"
#include "proc/sync.h"
#include "proc/thread.h"
#include "vm/kmalloc.h"

struct range {
	struct span span; /* (l) in set->by_place */
	struct tree_node own; /* (l) in set->by_owner */
	struct tree_node aged; /* (l) in all_ranges */
	u64 serial; /* (l) */
	struct lock_set *set; /* (l) */
	void *owner; /* (l) */
	enum lock_kind kind; /* (l) */
	int pid; /* (l) */
};

struct lock_set {
	struct inode *inode; /* (c) */
	struct tree by_place; /* (l) of ranges */
	struct tree by_owner; /* (l) of ranges, by owner, then by start */
	struct tree waiting; /* (l) of requests, as spans */
};

struct file_locks {
	struct lock_set records, flocks;
};

/* A claim on its way; on its thread's stack. */
struct request {
	struct lock_claim claim; /* (c) */
	struct lock_set *set; /* (c) once it is known */
	struct file_locks *fresh; /* for an inode that has none */
	struct range *spare[2]; /* (l) memory for what it may have to add */
	struct span span; /* (l) in set->waiting */
	struct list wait_link; /* (l) LOCK_POSIX: in its owner's waits */
	u64 arrival; /* (l) */
	struct tree_node due_node; /* (l) in a struct change */
	bool due; /* (l) it is in one */
	bool granted; /* (l) set while it waits; read without */
	struct waitq queue;
};

/* What has become weaker and whom that may concern, while lock_mutex is held. */
struct change {
	struct tree due; /* requests by arrival */
};

static struct mutex lock_mutex;
static struct tree all_ranges; /* (l) by serial */
static u64 last_serial, last_arrival, last_search; /* (l) */
static struct kmem_cache *range_cache;

#define RANGE_OF(s) CONTAINER_OF(s, struct range, span)
#define OWN_RANGE_OF(n) CONTAINER_OF(n, struct range, own)
#define AGED_RANGE_OF(n) CONTAINER_OF(n, struct range, aged)
#define REQUEST_OF(s) CONTAINER_OF(s, struct request, span)
#define DUE_REQUEST_OF(n) CONTAINER_OF(n, struct request, due_node)

void filelock_module_init(void)
{
	mutex_init(&lock_mutex, "file locks", RANK_FILELOCK);
	tree_init(&all_ranges, NULL);
	range_cache = kmem_cache_create("file_lock", sizeof(struct range), 0);
}

void lock_owner_init(struct lock_owner *o)
{
	list_init(&o->waits);
	o->search = 0;
}

/* --- sets of ranges; lock_mutex held --- */

static void set_init(struct lock_set *set, struct inode *inode)
{
	set->inode = inode;
	spans_init(&set->by_place);
	spans_init(&set->waiting);
	tree_init(&set->by_owner, NULL);
}

static bool set_empty(const struct lock_set *set)
{
	return !set->by_place.root && !set->waiting.root;
}

/* Does r come before what `owner` has from `start` on? */
static bool comes_before(const struct range *r, const void *owner, u64 start)
{
	return r->owner != owner ? (ulong)r->owner < (ulong)owner : r->span.start < start;
}

static void range_link(struct lock_set *set, struct range *r)
{
	struct tree_node **link = &set->by_owner.root, *parent = NULL;
	struct tree_node *last = tree_last(&all_ranges);

	r->set = set;
	r->serial = ++last_serial;
	tree_insert(&all_ranges, &r->aged, last, last ? &last->right : &all_ranges.root);
	while (*link) {
		parent = *link;
		link = comes_before(OWN_RANGE_OF(parent), r->owner, r->span.start) ? &parent->right
										   : &parent->left;
	}
	tree_insert(&set->by_owner, &r->own, parent, link);
	span_insert(&set->by_place, &r->span);
}

static void range_unlink(struct lock_set *set, struct range *r)
{
	tree_remove(&set->by_owner, &r->own);
	tree_remove(&set->by_place, &r->span.node);
	tree_remove(&all_ranges, &r->aged);
}

/* Make r, which is unlinked, a lock like c but of [start, end). */
static void range_place(
	struct lock_set *set, struct range *r, const struct lock_claim *c, u64 start, u64 end)
{
	r->owner = c->owner;
	r->kind = c->kind;
	r->pid = c->pid;
	r->span.start = start;
	r->span.end = end;
	r->span.exclusive = c->type == LOCK_WRITE;
	range_link(set, r);
}

static struct range *own_next(const struct range *r)
{
	struct tree_node *n = tree_next(&r->own);

	return n && OWN_RANGE_OF(n)->owner == r->owner ? OWN_RANGE_OF(n) : NULL;
}

/* The owner's first range that ends at `from` or later, or NULL. */
static struct range *own_first(const struct lock_set *set, const void *owner, u64 from)
{
	struct tree_node *n = set->by_owner.root;
	struct range *found = NULL;

	while (n) {
		struct range *r = OWN_RANGE_OF(n);

		if (r->owner == owner && r->span.end >= from) {
			found = r;
			n = n->left;
		} else {
			n = comes_before(r, owner, from) ? n->right : n->left;
		}
	}
	return found;
}

/* The claim that would make r what it is. */
static void claim_from(struct lock_claim *c, const struct range *r)
{
	*c = (struct lock_claim){.kind = r->kind,
		.type = r->span.exclusive ? LOCK_WRITE : LOCK_READ,
		.owner = r->owner,
		.pid = r->pid,
		.start = r->span.start,
		.end = r->span.end};
}

/* The first range after r, or of all (NULL), that conflicts with c. */
static struct range *conflict_after(
	const struct lock_set *set, const struct lock_claim *c, const struct range *r)
{
	bool reads = c->type == LOCK_READ;
	struct span *s = r ? span_next(&r->span, c->start, c->end, reads)
			   : span_first(&set->by_place, c->start, c->end, reads);

	while (s && RANGE_OF(s)->owner == c->owner) {
		sched_point();
		s = span_next(s, c->start, c->end, reads);
	}
	return s ? RANGE_OF(s) : NULL;
}

static struct range *conflict_first(const struct lock_set *set, const struct lock_claim *c)
{
	return conflict_after(set, c, NULL);
}

/* --- changes; lock_mutex held --- */

/* Something that was locked in [start, end) is so no more, or is open to readers now. */
static void note_weaker(struct change *ch, const struct lock_set *set, u64 start, u64 end)
{
	struct span *s = span_first(&set->waiting, start, end, false);

	for (; s; s = span_next(s, start, end, false)) {
		struct tree_node **link = &ch->due.root, *parent = NULL;
		struct request *rq = REQUEST_OF(s);

		if (rq->due)
			continue;
		while (*link) {
			parent = *link;
			link = rq->arrival < DUE_REQUEST_OF(parent)->arrival ? &parent->left
									     : &parent->right;
		}
		tree_insert(&ch->due, &rq->due_node, parent, link);
		rq->due = true;
	}
}

/* One of two pieces of memory, the second only if the first is used up. */
static struct range *take_spare(struct range *spare[2])
{
	struct range *r = spare[0];

	spare[0] = spare[1];
	spare[1] = NULL;
	ASSERT(r);
	return r;
}

/*
 * Take away what c's owner has of c's range with another type than c's. What sticks out of the
 * range stays; if that is two pieces, spare has the memory for the second.
 */
static void clear_range(
	struct lock_set *set, const struct lock_claim *c, struct range *spare[2], struct change *ch)
{
	struct range *r = own_first(set, c->owner, c->start + 1), *next;

	for (; r && r->span.start < c->end; r = next) {
		struct lock_claim old;

		sched_point();
		next = own_next(r);
		claim_from(&old, r);
		if (c->type == old.type)
			continue;
		if (old.type == LOCK_WRITE || c->type == LOCK_NONE)
			note_weaker(ch, set, MAX(old.start, c->start), MIN(old.end, c->end));
		range_unlink(set, r);
		if (old.end > c->end) {
			range_place(set, r, &old, c->end, old.end);
			r = old.start < c->start ? take_spare(spare) : NULL;
		}
		if (old.start < c->start)
			range_place(set, r, &old, old.start, c->start);
		else if (r)
			kmem_free(range_cache, r);
	}
}

/* c does not conflict: make it so. spare has memory for two ranges, for one if c is LOCK_NONE. */
static void apply(
	struct lock_set *set, const struct lock_claim *c, struct range *spare[2], struct change *ch)
{
	u64 start = c->start, end = c->end;
	struct range *r, *next;

	clear_range(set, c, spare, ch);
	if (c->type == LOCK_NONE)
		return;
	/* What is left of the owner's there, and has c's type, becomes part of the new range. */
	for (r = own_first(set, c->owner, c->start); r && r->span.start <= c->end; r = next) {
		sched_point();
		next = own_next(r);
		if (r->span.exclusive != (c->type == LOCK_WRITE))
			continue;
		start = MIN(start, r->span.start);
		end = MAX(end, r->span.end);
		range_unlink(set, r);
		kmem_free(range_cache, r);
	}
	range_place(set, take_spare(spare), c, start, end);
}

/* --- those who wait; lock_mutex held --- */

static void waiting_remove(struct request *rq)
{
	tree_remove(&rq->set->waiting, &rq->span.node);
	if (rq->claim.kind == LOCK_POSIX)
		list_remove(&rq->wait_link);
}

static void waiting_add(struct request *rq)
{
	rq->span.start = rq->claim.start;
	rq->span.end = rq->claim.end;
	rq->span.exclusive = rq->claim.type == LOCK_WRITE;
	rq->arrival = ++last_arrival;
	span_insert(&rq->set->waiting, &rq->span);
	if (rq->claim.kind == LOCK_POSIX)
		list_append(&((struct lock_owner *)rq->claim.owner)->waits, &rq->wait_link);
}

/* Give those who are due what they want. To give may be to take: a range may become weaker. */
static void settle(struct change *ch)
{
	struct tree_node *n;

	while ((n = tree_first(&ch->due))) {
		struct request *rq = DUE_REQUEST_OF(n);

		sched_point();
		tree_remove(&ch->due, n);
		rq->due = false;
		if (conflict_first(rq->set, &rq->claim))
			continue;
		waiting_remove(rq);
		apply(rq->set, &rq->claim, rq->spare, ch);
		__atomic_store_n(&rq->granted, true, __ATOMIC_RELEASE);
		/* Its thread leaves once it has lock_mutex. */
		waitq_wake_all(&rq->queue);
	}
}

/* Add the processes whose locks stand in rq's way to those found. */
static void find_blockers(const struct request *rq, struct list *found)
{
	struct range *r = conflict_first(rq->set, &rq->claim);

	for (; r; r = conflict_after(rq->set, &rq->claim, r)) {
		struct lock_owner *o = r->owner;

		sched_point();
		if (r->kind != LOCK_POSIX || o->search == last_search)
			continue;
		o->search = last_search;
		list_append(found, &o->found);
	}
}

/* Would rq, if it waited, wait for its own process in the end? */
static bool would_deadlock(const struct request *rq)
{
	struct list found = LIST_INIT(found);

	if (rq->claim.kind != LOCK_POSIX)
		return false;
	last_search++;
	for (find_blockers(rq, &found); !list_empty(&found);) {
		struct lock_owner *o = LIST_FIRST(&found, struct lock_owner, found);
		struct request *w;

		if (o == rq->claim.owner)
			return true;
		list_remove(&o->found);
		LIST_EACH(w, &o->waits, wait_link)
		{
			find_blockers(w, &found);
		}
	}
	return false;
}

/* --- an inode's locks; lock_mutex held --- */

static void locks_attach(struct file_locks *locks, struct inode *inode)
{
	set_init(&locks->records, inode);
	set_init(&locks->flocks, inode);
	__atomic_store_n(&inode->locks, locks, __ATOMIC_RELAXED);
}

/* An inode without locks, and nobody who waits for one, has no file_locks. */
static void locks_tidy(struct inode *inode)
{
	struct file_locks *locks = inode->locks;

	if (!locks || !set_empty(&locks->records) || !set_empty(&locks->flocks))
		return;
	__atomic_store_n(&inode->locks, NULL, __ATOMIC_RELAXED);
	kmfree(locks);
}

static struct lock_set *set_of(struct file_locks *locks, enum lock_kind kind)
{
	return kind == LOCK_FLOCK ? &locks->flocks : &locks->records;
}

static bool has_locks(const struct inode *inode)
{
	return inode && __atomic_load_n(&inode->locks, __ATOMIC_RELAXED);
}

/* --- setting --- */

static void request_free(struct request *rq)
{
	for (int i = 0; i < 2; i++)
		if (rq->spare[i])
			kmem_free(range_cache, rq->spare[i]);
	kmfree(rq->fresh);
}

/* Get all the memory that it may take. To unlock everything takes none. -ENOLCK */
static int request_init(struct request *rq, const struct lock_claim *c)
{
	bool whole = c->start == 0 && c->end == LOCK_END;
	int n = c->type != LOCK_NONE ? 2 : whole ? 0 : 1;

	*rq = (struct request){.claim = *c};
	waitq_init(&rq->queue);
	if (c->type != LOCK_NONE && !(rq->fresh = kmalloc(sizeof(*rq->fresh), ALLOC_WAIT)))
		return -ENOLCK;
	for (int i = 0; i < n; i++) {
		rq->spare[i] = kmem_alloc(range_cache, ALLOC_WAIT);
		if (!rq->spare[i]) {
			request_free(rq);
			return -ENOLCK;
		}
	}
	return 0;
}

/*
 * flock: an old lock of the other type goes first, whether or not the new one can be had. True if
 * there is one of the same type: nothing is to be done.
 */
static bool flock_convert(struct request *rq, struct change *ch)
{
	struct lock_claim none = rq->claim;
	struct range *r = own_first(rq->set, rq->claim.owner, 0);

	if (r && r->span.exclusive == (rq->claim.type == LOCK_WRITE))
		return true;
	none.type = LOCK_NONE;
	if (r)
		clear_range(rq->set, &none, rq->spare, ch);
	return false;
}

/* Set rq's claim, or let rq wait: then *waits. -EAGAIN, -EDEADLK. */
static int try_set(struct request *rq, bool wait, bool *waits)
{
	struct change ch;
	int err = 0;

	tree_init(&ch.due, NULL);
	if (rq->claim.kind == LOCK_FLOCK && rq->claim.type != LOCK_NONE && flock_convert(rq, &ch))
		return 0;
	if (rq->claim.type == LOCK_NONE || !conflict_first(rq->set, &rq->claim)) {
		apply(rq->set, &rq->claim, rq->spare, &ch);
	} else if (!wait) {
		err = -EAGAIN;
	} else if (would_deadlock(rq)) {
		err = -EDEADLK;
	} else {
		waiting_add(rq);
		*waits = true;
	}
	settle(&ch);
	return err;
}

/* Sleep until rq is granted. 0, or -EINTR: it is not, and waits no more. */
static int wait_granted(struct request *rq)
{
	int err = WAIT_EVENT(&rq->queue, __atomic_load_n(&rq->granted, __ATOMIC_ACQUIRE),
		WAIT_INTERRUPTIBLE, WAIT_FOREVER);

	mutex_lock(&lock_mutex);
	if (rq->granted)
		err = 0;
	else
		waiting_remove(rq);
	return err;
}

int lock_set(struct file *f, const struct lock_claim *c, bool wait)
{
	struct inode *inode = f->inode;
	struct request rq;
	bool waits = false;
	int err;

	if (c->type == LOCK_NONE && !has_locks(inode))
		return 0;
	err = request_init(&rq, c);
	if (err)
		return err;
	mutex_lock(&lock_mutex);
	if (!inode->locks && rq.fresh) {
		locks_attach(rq.fresh, inode);
		rq.fresh = NULL;
	}
	if (inode->locks) {
		rq.set = set_of(inode->locks, c->kind);
		err = try_set(&rq, wait, &waits);
	}
	if (waits) {
		mutex_unlock(&lock_mutex);
		err = wait_granted(&rq);
	}
	locks_tidy(inode);
	mutex_unlock(&lock_mutex);
	request_free(&rq);
	return err;
}

/* --- asking and releasing --- */

void lock_test(struct file *f, struct lock_claim *c)
{
	struct range *r = NULL;
	struct lock_set *set;

	mutex_lock(&lock_mutex);
	if (f->inode->locks) {
		set = set_of(f->inode->locks, c->kind);
		if (c->type != LOCK_NONE)
			r = conflict_first(set, c);
		else if ((r = own_first(set, c->owner, c->start + 1)) && r->span.start >= c->end)
			r = NULL;
	}
	c->type = LOCK_NONE;
	if (r)
		claim_from(c, r);
	mutex_unlock(&lock_mutex);
}

/* Everything of the owner in one set. */
static void release(struct inode *inode, enum lock_kind kind, void *owner)
{
	struct lock_claim none = {
		.kind = kind, .type = LOCK_NONE, .owner = owner, .start = 0, .end = LOCK_END};
	struct range *spare[2] = {NULL, NULL};
	struct change ch;

	tree_init(&ch.due, NULL);
	clear_range(set_of(inode->locks, kind), &none, spare, &ch);
	settle(&ch);
}

void lock_close(struct file *f, struct lock_owner *owner)
{
	if (!has_locks(f->inode) || (f->flags & O_PATH))
		return;
	mutex_lock(&lock_mutex);
	if (f->inode->locks)
		release(f->inode, LOCK_POSIX, owner);
	locks_tidy(f->inode);
	mutex_unlock(&lock_mutex);
}

void lock_drop_file(struct file *f)
{
	if (!has_locks(f->inode))
		return;
	mutex_lock(&lock_mutex);
	if (f->inode->locks) {
		release(f->inode, LOCK_OFD, f);
		release(f->inode, LOCK_FLOCK, f);
	}
	locks_tidy(f->inode);
	mutex_unlock(&lock_mutex);
}

/* --- /proc/locks --- */

static void put_lock(
	struct seq *s, const struct range *r, const char *arrow, const struct lock_claim *c)
{
	const struct inode *inode = r->set->inode;
	static const char *const kinds[] = {"POSIX ", "OFDLCK", "FLOCK "};
	u64 dev = inode->fs ? inode->fs->dev : 0;

	seq_print(s, "%llu:%s %s ADVISORY  %s %d %02x:%02x:%llu %llu ",
		(unsigned long long)r->serial, arrow, kinds[c->kind],
		c->type == LOCK_WRITE ? "WRITE" : "READ", c->pid, dev_major(dev), dev_minor(dev),
		(unsigned long long)inode->ino, (unsigned long long)c->start);
	if (c->end == LOCK_END)
		seq_print(s, "EOF\n");
	else
		seq_print(s, "%llu\n", (unsigned long long)(c->end - 1));
}

/*
 * One lock, and those who wait for it first of all. What Linux numbers by the line is numbered by
 * the age of the lock here, which a reader that goes on later finds again.
 */
int lock_text(struct seq *s, void *subject UNUSED, u64 *cookie)
{
	struct range *r = NULL;
	struct tree_node *n;
	struct lock_claim c;
	struct span *w;

	mutex_lock(&lock_mutex);
	for (n = all_ranges.root; n; n = AGED_RANGE_OF(n)->serial > *cookie ? n->left : n->right)
		if (AGED_RANGE_OF(n)->serial > *cookie)
			r = AGED_RANGE_OF(n);
	if (r) {
		claim_from(&c, r);
		put_lock(s, r, "", &c);
		w = span_first(&r->set->waiting, c.start, c.end, false);
		for (; w && !s->no_memory; w = span_next(w, c.start, c.end, false)) {
			sched_point();
			if (conflict_first(r->set, &REQUEST_OF(w)->claim) == r)
				put_lock(s, r, " ->", &REQUEST_OF(w)->claim);
		}
		*cookie = r->serial;
	}
	mutex_unlock(&lock_mutex);
	return r != NULL;
}
