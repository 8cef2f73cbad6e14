/*
 * Futexes.
 *
 * Owns the hashed table of queues. A queue is a list of waiters, in the order of their coming, of
 * all words that hash to it. Who waits reads the word under its queue's lock and enters the queue
 * before it lets go; who wakes takes the same lock after the word was changed. So either the waiter
 * sees the new word, or the waker sees the waiter.
 *
 * The word is read with faults off. If it is not there: let go of the queue, bring the page in,
 * find out anew what the address stands for, begin again.
 *
 * A key holds no reference: an object's serial number is never used again, and an address space
 * lives as long as threads in it wait. So nothing a program does to a mapping, or to the file
 * behind it, reaches those who wait; they wait on, for a wake or a signal.
 *
 * Letters: (q) the lock of the queue that the waiter is in (RANK_FUTEX). Where two queues are
 * locked, the one with the lower address is locked first.
 */
#include "proc/futex.h"

#include "arch/uaccess.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/printf.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "proc/sync.h"
#include "proc/thread.h"
#include "vm/kmalloc.h"
#include "vm/mm.h"
#include "vm/obj.h"
#include "vm/ram.h"
#include "vm/uaccess.h"

#define QUEUE_PER_SHIFT 18 /* a queue for each 256 KiB of memory, within bounds */
#define QUEUES_MIN 256u
#define QUEUES_MAX 16384u
#define WORD_MASK (sizeof(u32) - 1)

enum key_kind { KEY_PRIVATE, KEY_SHARED_ADDRESS, KEY_OBJECT };

struct key {
	enum key_kind kind;
	const struct mm *mm; /* NULL for KEY_OBJECT */
	u64 object; /* KEY_OBJECT: its serial */
	u64 place; /* address, or offset in the object */
};

struct queue {
	struct spinlock lock; /* RANK_FUTEX */
	struct list waiters; /* (q) by link */
};

/* A thread that waits; on its stack. */
struct futex_waiter {
	struct list link; /* (q) */
	struct waiter waiter; /* (q) `queued` while it is in a queue */
	struct queue
		*queue; /* (q) the old one's and the new one's; read without to find the lock */
	struct key key; /* (q) */
	u32 bits; /* (c) */
};

static struct queue *queues;
static u32 queue_mask;

void futex_module_init(void)
{
	u32 n = QUEUES_MIN, want = (u32)MIN(ram_total() >> QUEUE_PER_SHIFT, (u64)QUEUES_MAX);

	while (n < want)
		n *= 2;
	queues = kcalloc(n, sizeof(*queues), 0);
	if (!queues)
		panic("no memory for the queues of futexes");
	for (u32 i = 0; i < n; i++) {
		spin_init(&queues[i].lock, "futex queue", RANK_FUTEX);
		list_init(&queues[i].waiters);
	}
	queue_mask = n - 1;
}

/* ---- Keys ---- */

static bool key_equal(const struct key *a, const struct key *b)
{
	return a->place == b->place && a->mm == b->mm && a->object == b->object &&
		a->kind == b->kind;
}

static struct queue *queue_of(const struct key *k)
{
	u64 mixed = (k->place ^ (ulong)k->mm ^ k->object << 20) * 0x9e3779b97f4a7c15ull;

	return &queues[(u32)(mixed >> 40) & queue_mask];
}

/*
 * What a shared word is, in *k. `only_read`: the page can be read and not written; in private
 * memory it must then be a file's.
 */
static int key_of_mapping(struct mm *mm, ulong va, bool only_read, struct key *k)
{
	struct vma *v;
	int err = 0;

	rwlock_read(&mm->lock);
	v = vma_find(mm, va);
	if (!v || (only_read && !v->obj))
		err = -EFAULT;
	else if (v->obj && (only_read || (v->flags & VMA_SHARED)))
		*k = (struct key){.kind = KEY_OBJECT,
			.object = v->obj->serial,
			.place = vma_pgoff(v, va) << PAGE_SHIFT | (va & PAGE_MASK)};
	rwlock_read_unlock(&mm->lock);
	return err;
}

static int key_get(ulong va, bool shared, bool write, struct key *k)
{
	struct mm *mm = current_thread()->mm;
	bool only_read = false;

	if (va & WORD_MASK)
		return -EINVAL;
	if (!uaccess_ok(va, sizeof(u32)))
		return -EFAULT;
	*k = (struct key){.kind = shared ? KEY_SHARED_ADDRESS : KEY_PRIVATE, .mm = mm, .place = va};
	if (!shared)
		return 0;
	if (uaccess_prefault(va, sizeof(u32), PROT_WRITE)) {
		if (write || uaccess_prefault(va, sizeof(u32), PROT_READ))
			return -EFAULT;
		only_read = true;
	}
	return key_of_mapping(mm, va, only_read, k);
}

/* ---- The word, with a queue locked ---- */

static long word_load(ulong va, u32 *value)
{
	long err;

	uaccess_nofault_begin();
	err = load_user((const u32 *)va, value);
	uaccess_nofault_end();
	return err;
}

static long word_exchange(ulong va, u32 *old, u32 new)
{
	long err;

	uaccess_nofault_begin();
	err = cmpxchg_user((u32 *)va, old, new);
	uaccess_nofault_end();
	return err;
}

/* ---- Queues ---- */

static void lock_two(struct queue *a, struct queue *b)
{
	struct queue *first = MIN(a, b), *second = MAX(a, b);

	spin_lock(&first->lock);
	if (first == second)
		return;
	while (!spin_trylock(&second->lock))
		cpu_relax();
}

static void unlock_two(struct queue *a, struct queue *b)
{
	if (a != b)
		spin_unlock(&MAX(a, b)->lock);
	spin_unlock(&MIN(a, b)->lock);
}

/* Its thread leaves once it gets the queue's lock, which we hold. */
static void wake_one(struct futex_waiter *w)
{
	list_remove(&w->link);
	__atomic_store_n(&w->waiter.queued, false, __ATOMIC_RELEASE);
	sched_wake(w->waiter.thread);
}

/* Wake up to n, and at least one, as Linux does whatever n is. How many. */
static int wake_queue(struct queue *q, const struct key *k, int n, u32 bits)
{
	struct futex_waiter *w, *next;
	int woken = 0;

	LIST_EACH_SAFE(w, next, &q->waiters, link)
	{
		if (!(w->bits & bits) || !key_equal(&w->key, k))
			continue;
		wake_one(w);
		if (++woken >= n)
			break;
	}
	return woken;
}

/* ---- Waiting ---- */

/* Enter w in the queue of the word at va if the word is val. 0, -EAGAIN, -EFAULT, -EINVAL. */
static int enter(struct futex_waiter *w, ulong va, bool shared, u32 val)
{
	for (;;) {
		int err = key_get(va, shared, false, &w->key);
		struct queue *q;
		u32 now;

		if (err)
			return err;
		q = queue_of(&w->key);
		spin_lock(&q->lock);
		if (word_load(va, &now) == 0) {
			if (now == val) {
				w->queue = q;
				list_append(&q->waiters, &w->link);
			}
			spin_unlock(&q->lock);
			return now == val ? 0 : -EAGAIN;
		}
		spin_unlock(&q->lock);
		if (uaccess_prefault(va, sizeof(u32), PROT_READ))
			return -EFAULT;
	}
}

/* Out of whatever queue w is in by now. True if it was woken. */
static bool leave(struct futex_waiter *w)
{
	struct queue *q;
	bool woken;

	for (;;) {
		q = __atomic_load_n(&w->queue, __ATOMIC_ACQUIRE);
		spin_lock(&q->lock);
		if (w->queue == q)
			break;
		spin_unlock(&q->lock);
	}
	woken = !w->waiter.queued;
	if (!woken)
		list_remove(&w->link);
	spin_unlock(&q->lock);
	return woken;
}

long futex_wait(ulong va, bool shared, u32 val, u64 deadline, u32 bits)
{
	struct futex_waiter w = {
		.waiter = {.thread = current_thread(), .queued = true}, .bits = bits};
	int err;

	if (!bits)
		return -EINVAL;
	err = enter(&w, va, shared, val);
	if (err)
		return err;
	err = waitq_sleep_any(&w.waiter, WAIT_INTERRUPTIBLE, deadline);
	return leave(&w) ? 0 : err;
}

/* ---- Waking ---- */

long futex_wake(ulong va, bool shared, int n, u32 bits)
{
	struct queue *q;
	struct key k;
	int result;

	if (!bits)
		return -EINVAL;
	result = key_get(va, shared, false, &k);
	if (result)
		return result;
	q = queue_of(&k);
	spin_lock(&q->lock);
	result = wake_queue(q, &k, n, bits);
	spin_unlock(&q->lock);
	return result;
}

/* Wake nwake of those who wait for `from`, move nmove more to `to`: how many. Both locked. */
static int wake_and_move(const struct key *from, const struct key *to, int nwake, int nmove)
{
	struct queue *q = queue_of(from), *other = queue_of(to);
	struct futex_waiter *w, *next;
	int done = 0;

	LIST_EACH_SAFE(w, next, &q->waiters, link)
	{
		if (done - nwake >= nmove)
			break;
		if (!key_equal(&w->key, from))
			continue;
		if (done++ < nwake) {
			wake_one(w);
			continue;
		}
		if (other != q) {
			list_remove(&w->link);
			list_append(&other->waiters, &w->link);
			__atomic_store_n(&w->queue, other, __ATOMIC_RELEASE);
		}
		w->key = *to;
	}
	return done;
}

long futex_requeue(ulong va, ulong va2, bool shared, int nwake, int nmove, const u32 *expected)
{
	if (nwake < 0 || nmove < 0)
		return -EINVAL;
	for (;;) {
		struct queue *q, *q2;
		struct key k, k2;
		long result = key_get(va, shared, false, &k);
		u32 now = 0;

		if (!result)
			result = key_get(va2, shared, false, &k2);
		if (result)
			return result;
		q = queue_of(&k);
		q2 = queue_of(&k2);
		lock_two(q, q2);
		if (expected)
			result = word_load(va, &now);
		if (!result)
			result = expected && now != *expected
				? -EAGAIN
				: wake_and_move(&k, &k2, nwake, nmove);
		unlock_two(q, q2);
		if (result != -EFAULT)
			return result;
		if (uaccess_prefault(va, sizeof(u32), PROT_READ))
			return -EFAULT;
	}
}

/* ---- Wake-op ---- */

enum { OP_SET, OP_ADD, OP_OR, OP_ANDN, OP_XOR, OP_SHIFT = 8 };
enum { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE };

/* Twelve bits with a sign. */
static s32 signed12(u32 v)
{
	return (s32)(v << 20) >> 20;
}

/* What op makes of a word. -ENOSYS: there is no such operation. */
static int op_apply(u32 op, u32 old, u32 *new)
{
	u32 arg = (u32)signed12(op >> 12);

	if (op >> 28 & OP_SHIFT)
		arg = 1u << (arg & 31);
	switch (op >> 28 & (OP_SHIFT - 1)) {
	case OP_SET: *new = arg; return 0;
	case OP_ADD: *new = old + arg; return 0;
	case OP_OR: *new = old | arg; return 0;
	case OP_ANDN: *new = old & ~arg; return 0;
	case OP_XOR: *new = old ^ arg; return 0;
	}
	return -ENOSYS;
}

/* 1 or 0: does the old word pass op's comparison? -ENOSYS: there is no such comparison. */
static int op_compare(u32 op, u32 old)
{
	s32 a = (s32)old, b = signed12(op);

	switch (op >> 24 & 15) {
	case CMP_EQ: return a == b;
	case CMP_NE: return a != b;
	case CMP_LT: return a < b;
	case CMP_GE: return a >= b;
	case CMP_LE: return a <= b;
	case CMP_GT: return a > b;
	}
	return -ENOSYS;
}

/* Change the word: the comparison's result, -ENOSYS, or -EFAULT. Queues locked. */
static long op_word(ulong va, u32 op)
{
	u32 old, seen, new;
	long err = word_load(va, &old);

	if (err)
		return err;
	for (;; old = seen) {
		err = op_apply(op, old, &new);
		if (err)
			return err;
		seen = old;
		err = word_exchange(va, &seen, new);
		if (err)
			return err;
		if (seen == old)
			return op_compare(op, old);
	}
}

long futex_wake_op(ulong va, ulong va2, bool shared, int n, int n2, u32 op)
{
	for (;;) {
		struct queue *q, *q2;
		struct key k, k2;
		long result = key_get(va, shared, false, &k);

		if (!result)
			result = key_get(va2, shared, true, &k2);
		if (result)
			return result;
		q = queue_of(&k);
		q2 = queue_of(&k2);
		lock_two(q, q2);
		result = op_word(va2, op);
		if (result >= 0) {
			bool second = result > 0;

			result = wake_queue(q, &k, n, FUTEX_ANY);
			if (second)
				result += wake_queue(q2, &k2, n2, FUTEX_ANY);
		}
		unlock_two(q, q2);
		if (result != -EFAULT)
			return result;
		if (uaccess_prefault(va2, sizeof(u32), PROT_WRITE))
			return -EFAULT;
	}
}

/* ---- The end of a thread ---- */

#define ROBUST_MAX 2048 /* entries looked at; a list may be a circle */
#define ROBUST_PI 1ul /* in a pointer: the entry's lock is of a kind that is not there */
#define WORD_WAITERS 0x80000000u
#define WORD_OWNER_DIED 0x40000000u
#define WORD_TID 0x3fffffffu

struct robust_head {
	ulong next, offset, pending;
};

/*
 * The lock word at va, if t owns it, says that its owner died. A `pending` one may have been let go
 * already without the wake that belongs to it. False: the list cannot be trusted.
 */
static bool bury_word(struct thread *t, ulong va, bool pi, bool pending)
{
	u32 word, seen;

	if ((va & WORD_MASK) || !uaccess_ok(va, sizeof(u32)) || load_user((const u32 *)va, &word))
		return false;
	if (pending && !pi && !word) {
		futex_wake(va, true, 1, FUTEX_ANY);
		return true;
	}
	while ((word & WORD_TID) == (u32)t->tid) {
		seen = word;
		if (cmpxchg_user((u32 *)va, &seen, (word & WORD_WAITERS) | WORD_OWNER_DIED))
			return false;
		if (seen == word) {
			if (!pi && (word & WORD_WAITERS))
				futex_wake(va, true, 1, FUTEX_ANY);
			break;
		}
		word = seen;
	}
	return true;
}

static void walk_robust_list(struct thread *t, ulong list)
{
	struct robust_head head;
	ulong entry, next = 0, pending;

	if (COPYIN(&head, list))
		return;
	pending = head.pending & ~ROBUST_PI;
	entry = head.next;
	for (unsigned n = 0; n < ROBUST_MAX && (entry & ~ROBUST_PI) != list; n++) {
		ulong at = entry & ~ROBUST_PI;
		int err = COPYIN(&next, at);

		/* The next one is read before the word says that others may have the lock. */
		if (at != pending && !bury_word(t, at + head.offset, entry & ROBUST_PI, false))
			return;
		if (err)
			return;
		entry = next;
		sched_point();
	}
	if (pending)
		bury_word(t, pending + head.offset, head.pending & ROBUST_PI, true);
}

void futex_leave(struct thread *t, bool others)
{
	ulong list = t->robust_list, word = t->clear_tid;

	t->robust_list = t->clear_tid = 0;
	if (list)
		walk_robust_list(t, list);
	if (!word || !others || !uaccess_ok(word, sizeof(u32)))
		return;
	/* A bad address is the program's own affair, and one that is not aligned as good as any. */
	(void)store_user((u32 *)word, 0);
	futex_wake(word, true, 1, FUTEX_ANY);
}
