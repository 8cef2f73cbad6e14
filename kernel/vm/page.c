/*
 * The page allocator.
 *
 * Two layers. Below, the binary buddy system: free memory is kept as blocks of 2^order pages,
 * aligned to their size, on one list per order. A block is split in halves (buddies) until it has
 * the order that is wanted; when a block is freed whose buddy is free and whole, the two become one
 * of the next order. Frame numbers of buddies differ in bit `order` alone, so the buddy is found by
 * arithmetic. Above, each CPU keeps a stack of single pages, which serves nearly all requests
 * without a lock; it is filled from the buddy system and drained to it in batches.
 *
 * Invariants:
 * - Every page of a free block, and every page in a CPU's stack, has kind PAGE_FREE; PAGE_BUDDY is
 * set on the first page of each block on a list and nowhere else. So a page in a stack never joins.
 * - No two free buddies of one order are both on the lists (below the largest order).
 * - buddy.avail has bit n set iff list n is not empty.
 * - Pages used = the sum over CPUs of used[kind]. One CPU may allocate what another frees: only the
 * sum means something.
 *
 * A page that is freed keeps the place that freed it and its last kind, for whoever frees it
 * again.
 */
#include "vm/page.h"
#include "lib/lock.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "proc/sync.h"
#include "vm/inject.h"
#include "vm/kmalloc.h"
#include "vm/obj.h"
#include "vm/ram.h"

#define CPU_PAGES 64u /* in a CPU's stack at most */
#define CPU_BATCH 32u /* moved at once */

/* Interrupts off, and only by its CPU; others read the counts. */
struct page_cpu {
	ulong count;
	ulong room; /* of the stack: CPU_PAGES; 0 in the testing boot, where there is no short path */
	long used[PAGE_KINDS];
	struct page *pages[CPU_PAGES]; /* the oldest first */
} ALIGNED(64);

static struct page_cpu page_cpus[MAX_CPUS];

static struct {
	struct spinlock lock; /* RANK_PAGE, interrupts off; all below */
	u32 avail;
	struct list free[PAGE_ORDERS]; /* by page->link */
} buddy = { .lock = SPINLOCK_INIT("page", RANK_PAGE) };

struct page *page_array;
ulong page_array_base;
ulong page_array_count;

static ulong total_pages; /* handed to the buddy system at boot */

/* Those who wait for a busy page, by a hash of its address. */
#define WAITQS 64
static struct waitq busy_waitqs[WAITQS];

/* --- the buddy system; its lock is held --- */

static void block_enlist(struct page *p, unsigned order)
{
	p->order = (u8)order;
	p->flags = PAGE_BUDDY;
	list_push(&buddy.free[order], &p->link);
	buddy.avail |= 1u << order;
}

static void block_unlist(struct page *p, unsigned order)
{
	list_remove(&p->link);
	p->flags = 0;
	if (list_empty(&buddy.free[order]))
		buddy.avail &= ~(1u << order);
}

/* The buddy of the block at frame if it is free and whole, else NULL. */
static struct page *block_buddy(ulong frame, unsigned order)
{
	ulong index = (frame ^ 1ul << order) - page_array_base;
	struct page *b;

	if (index >= page_array_count)
		return NULL;
	b = page_array + index;
	return b->flags & PAGE_BUDDY && b->order == order ? b : NULL;
}

/* Give a block back whose pages are all PAGE_FREE. */
static void block_put(struct page *p, unsigned order)
{
	ulong frame = page_frame(p);

	while (order < PAGE_ORDERS - 1) {
		struct page *b = block_buddy(frame, order);

		if (!b)
			break;
		block_unlist(b, order);
		frame &= ~(1ul << order);
		order++;
	}
	block_enlist(page_array + (frame - page_array_base), order);
}

/* Give n neighbouring pages back, as the largest blocks that fit and are aligned. */
static void run_put(struct page *p, ulong n)
{
	while (n > 0) {
		ulong frame = page_frame(p);
		unsigned order = 0;

		while (order < PAGE_ORDERS - 1 && IS_ALIGNED(frame, 2ul << order) &&
			(2ul << order) <= n)
			order++;
		block_put(p, order);
		p += 1ul << order;
		n -= 1ul << order;
	}
}

/* Take a block of this order, splitting a larger one if need be. NULL if there is none. */
static struct page *block_get(unsigned order)
{
	u32 fit = buddy.avail & (~0u << order);
	struct page *p;
	unsigned o;

	if (!fit)
		return NULL;
	o = (unsigned)__builtin_ctz(fit);
	p = LIST_FIRST(&buddy.free[o], struct page, link);
	block_unlist(p, o);
	/* The lower half is split on, upper halves go back. */
	while (o > order) {
		o--;
		block_enlist(p + (1ul << o), o);
	}
	return p;
}

/* --- a CPU's stack of single pages; interrupts off --- */

static struct page_cpu *this_page_cpu(void)
{
	return &page_cpus[cpu_id()];
}

/*
 * Fill an empty stack with a batch, from the smallest blocks there are: large ones stay whole as
 * long as possible. False if there is not one page.
 */
static bool stack_fill(struct page_cpu *pc)
{
	ulong batch = pc->room ? CPU_BATCH : 1;

	spin_lock(&buddy.lock);
	while (pc->count < batch && buddy.avail) {
		unsigned order = (unsigned)__builtin_ctz(buddy.avail);
		struct page *p;

		while (pc->count + (1u << order) > batch)
			order--;
		p = block_get(order);
		for (unsigned i = 0; i < 1u << order; i++)
			pc->pages[pc->count++] = p + i;
	}
	spin_unlock(&buddy.lock);
	return pc->count > 0;
}

/*
 * How many of the n (> 0) pages at `pages` are neighbours in memory, one after the other upwards or
 * downwards; the lowest of them in *low.
 */
static ulong run_length(struct page *const *pages, ulong n, struct page **low)
{
	long step = n > 1 && pages[1] < pages[0] ? -1 : 1;
	ulong len = 1;

	while (len < n && pages[len] == pages[len - 1] + step)
		len++;
	*low = step > 0 ? pages[0] : pages[len - 1];
	return len;
}

/*
 * Give the n oldest pages back. What was allocated together is mostly freed together: neighbours go
 * back as blocks, which spares joining them page by page.
 */
static void stack_drain(struct page_cpu *pc, ulong n)
{
	struct page *low;
	ulong len;

	spin_lock(&buddy.lock);
	for (ulong i = 0; i < n; i += len) {
		len = run_length(pc->pages + i, n - i, &low);
		run_put(low, len);
	}
	spin_unlock(&buddy.lock);
	pc->count -= n;
	memmove(pc->pages, pc->pages + n, pc->count * sizeof(pc->pages[0]));
}

void page_drain(void)
{
	ulong irq = intr_save();
	struct page_cpu *pc = this_page_cpu();

	stack_drain(pc, pc->count);
	intr_restore(irq);
}

/* --- allocation --- */

/* p becomes the first page of an allocated block. */
static inline void page_start(struct page *p, unsigned order)
{
	p->state = PAGE_KERNEL | order << 8;
	p->ref = 1;
}

/* The top page of the stack, which is not empty. */
static inline struct page *stack_pop(struct page_cpu *pc)
{
	struct page *p = pc->pages[--pc->count];

	ASSERT(p->kind == PAGE_FREE);
	page_start(p, 0);
	pc->used[PAGE_KERNEL]++;
	return p;
}

static struct page *alloc_single(void)
{
	ulong irq = intr_save();
	struct page_cpu *pc = this_page_cpu();
	struct page *p = NULL;

	if (pc->count > 0 || stack_fill(pc))
		p = stack_pop(pc);
	intr_restore(irq);
	return p;
}

static struct page *alloc_block(unsigned order)
{
	ulong irq = spin_lock_irq(&buddy.lock);
	struct page *p = block_get(order);

	if (p) {
		ASSERT(p->kind == PAGE_FREE);
		page_start(p, order);
		for (ulong i = 1; i < 1ul << order; i++) {
			p[i].state = PAGE_KERNEL | (u32)PAGE_TAIL << 16;
			p[i].ref = 0;
		}
		this_page_cpu()->used[PAGE_KERNEL] += 1l << order;
	}
	spin_unlock_irq(&buddy.lock, irq);
	return p;
}

static struct page *alloc_any(unsigned order)
{
	return order ? alloc_block(order) : alloc_single();
}

#define RECLAIM_TRIES 4
#define RECLAIM_MIN 64ul /* pages to ask for: making room one by one would be slow */

/*
 * The first attempt failed: collect what the caches hold, and if it is allowed to sleep drop clean
 * pages of files.
 */
static struct page *alloc_hard(unsigned order, unsigned flags)
{
	struct page *p = NULL;

	if (order > 0) {
		page_drain();
		p = alloc_block(order);
	}
	for (int i = 0; !p && (flags & ALLOC_WAIT) && i < RECLAIM_TRIES; i++) {
		ulong freed = obj_reclaim(MAX(1ul << order, RECLAIM_MIN), flags & ALLOC_CACHE);

		kmem_drain();
		page_drain();
		p = alloc_any(order);
		if (!freed)
			break;
	}
	return p;
}

static NOINLINE struct page *zero_block(struct page *p, unsigned order)
{
	for (ulong i = 0; i < 1ul << order; i++)
		page_clear(page_addr(p + i));
	return p;
}

static NOINLINE struct page *alloc_failed(struct alloc_site *site, bool on_purpose)
{
	if (CHECKED)
		site_failed(site, on_purpose);
	return NULL;
}

static NOINLINE struct page *alloc_slow(unsigned order, unsigned flags, struct alloc_site *site)
{
	struct page *p;

	if (FAIL_LATE)
		return alloc_failed(site, true);
	p = alloc_any(order);
	if (!p)
		p = alloc_hard(order, flags);
	if (!p)
		return alloc_failed(site, false);
	if (CHECKED)
		site_allocated(site, 0);
	return flags & ALLOC_ZERO ? zero_block(p, order) : p;
}

NO_FRAME struct page *page_alloc_at(unsigned order, unsigned flags, struct alloc_site *site)
{
	if (FAIL_EARLY)
		return alloc_failed(site, true);
	if (IS_DEBUG && flags & ALLOC_WAIT)
		lock_check_sleep(CALL_SITE);
	if (LIKELY(order == 0)) {
		ulong irq = intr_save();
		struct page_cpu *pc = this_page_cpu();

		if (LIKELY(pc->count > 0)) {
			struct page *p = stack_pop(pc);

			intr_restore(irq);
			if (IS_DEBUG)
				site_allocated(site, 0);
			return flags & ALLOC_ZERO ? zero_block(p, 0) : p;
		}
		intr_restore(irq);
	}
	return alloc_slow(order, flags, site);
}

static const char *const kind_names[PAGE_KINDS] = {
	[PAGE_RESERVED] = "reserved",
	[PAGE_FREE] = "free",
	[PAGE_KERNEL] = "kernel",
	[PAGE_SLAB] = "slab",
	[PAGE_BIG] = "large block",
	[PAGE_PTABLE] = "page table",
	[PAGE_ANON] = "private",
	[PAGE_OBJ] = "object",
};

static void bad_free(const struct page *p, unsigned order, const struct code_site *site) NORETURN;
static NOINLINE void bad_free(const struct page *p, unsigned order, const struct code_site *site)
{
	const struct code_site *before = p->free_site;
	ulong frame = page_frame(p);

	if (p->kind == PAGE_FREE && !before)
		panic("free of page frame %lx at %s:%d, which was never allocated", frame,
			site->file, site->line);
	if (p->kind == PAGE_FREE)
		panic("double free of page frame %lx at %s:%d; it was a %s page and was freed at "
		      "%s:%d",
			frame, site->file, site->line, kind_names[p->last_kind], before->file,
			before->line);
	if (p->kind == PAGE_RESERVED)
		panic("free of page frame %lx, which is reserved, at %s:%d", frame, site->file,
			site->line);
	panic("free of page frame %lx (%s) with order %u at %s:%d; it %s %u", frame,
		kind_names[p->kind], order, site->file, site->line,
		p->flags & PAGE_TAIL ? "lies inside a block, order" : "has order", p->order);
}

/* Mark a page free and note its history. */
static inline void page_end(struct page *p, unsigned kind, const struct code_site *site)
{
	p->state = PAGE_FREE;
	p->free_site = site;
	p->last_kind = kind;
}

/* All that page_free does but the shortest way, for a block that was found to be right. */
static NOINLINE void free_slow(struct page *p, unsigned order, const struct code_site *site)
{
	unsigned kind = p->kind;
	ulong irq = intr_save();
	struct page_cpu *pc = this_page_cpu();

	pc->used[kind] -= 1l << order;
	for (ulong i = 0; i < 1ul << order; i++)
		page_end(p + i, kind, site);
	if (order == 0 && pc->room) {
		if (pc->count == CPU_PAGES)
			stack_drain(pc, CPU_BATCH);
		pc->pages[pc->count++] = p;
	} else {
		spin_lock(&buddy.lock);
		block_put(p, order);
		spin_unlock(&buddy.lock);
	}
	intr_restore(irq);
}

static inline void free_block(struct page *p, unsigned order, const struct code_site *site)
{
	unsigned kind = p->kind;

	/* Allocated, the first page of a block, and a block of this order. */
	if (UNLIKELY(kind <= PAGE_FREE || p->order != order || p->flags & PAGE_TAIL))
		bad_free(p, order, site);
	if (LIKELY(order == 0)) {
		ulong irq = intr_save();
		struct page_cpu *pc = this_page_cpu();

		if (LIKELY(pc->count < pc->room)) {
			pc->used[kind]--;
			page_end(p, kind, site);
			pc->pages[pc->count++] = p;
			intr_restore(irq);
			return;
		}
		intr_restore(irq);
	}
	free_slow(p, order, site);
}

NO_FRAME void page_free_at(struct page *p, unsigned order, const struct code_site *site)
{
	free_block(p, order, site);
}

NO_FRAME void page_put_at(struct page *p, const struct code_site *site)
{
	u32 left = __atomic_sub_fetch(&p->ref, 1, __ATOMIC_ACQ_REL);

	DEBUG_ASSERT(left != UINT32_MAX);
	if (left == 0)
		free_block(p, 0, site);
}

/* --- figures --- */

void page_set_kind(struct page *p, enum page_kind kind)
{
	ulong irq = intr_save();
	struct page_cpu *pc = this_page_cpu();
	long n = 1l << p->order;

	pc->used[p->kind] -= n;
	pc->used[kind] += n;
	p->kind = (u8)kind;
	intr_restore(irq);
}

static ulong pages_used(enum page_kind kind)
{
	long n = 0;

	for (unsigned i = 0; i < MAX_CPUS; i++)
		n += __atomic_load_n(&page_cpus[i].used[kind], __ATOMIC_RELAXED);
	return n < 0 ? 0 : (ulong)n; /* a glance while pages move between CPUs */
}

void page_get_stats(struct page_stats *s)
{
	s->total = total_pages;
	s->kernel = pages_used(PAGE_KERNEL);
	s->slab = pages_used(PAGE_SLAB) + pages_used(PAGE_BIG);
	s->ptable = pages_used(PAGE_PTABLE);
	s->anon = pages_used(PAGE_ANON);
	s->obj = pages_used(PAGE_OBJ);
	s->free = s->total - MIN(s->total, s->kernel + s->slab + s->ptable + s->anon + s->obj);
}

ulong page_total_count(void)
{
	return total_pages;
}

ulong page_free_count(void)
{
	struct page_stats s;

	page_get_stats(&s);
	return s.free;
}

void page_free_blocks(ulong blocks[PAGE_ORDERS])
{
	memset(blocks, 0, PAGE_ORDERS * sizeof(blocks[0]));
	for (ulong i = 0; i < page_array_count; i++) {
		u32 state = __atomic_load_n(&page_array[i].state, __ATOMIC_RELAXED);
		unsigned order = state >> 8 & 0xff;

		if (state >> 16 & PAGE_BUDDY && order < PAGE_ORDERS)
			blocks[order]++;
	}
}

/* --- busy pages --- */

static struct waitq *busy_waitq(const struct page *p)
{
	return &busy_waitqs[page_frame(p) % WAITQS];
}

void page_unbusy(struct page *p)
{
	unsigned old = page_clear_flags(p, PAGE_BUSY | PAGE_WANTED);

	DEBUG_ASSERT(old & PAGE_BUSY);
	if (old & PAGE_WANTED)
		waitq_wake_all(busy_waitq(p));
}

/* Ask for a wake-up at the end of busy, unless that has come. */
static bool busy_want(struct page *p)
{
	u32 old = __atomic_load_n(&p->state, __ATOMIC_ACQUIRE);

	do {
		if (!(old & (u32)PAGE_BUSY << 16))
			return false;
	} while (!__atomic_compare_exchange_n(&p->state, &old, old | (u32)PAGE_WANTED << 16, true,
		__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	return true;
}

void page_wait_busy(struct page *p)
{
	struct waitq *q = busy_waitq(p);
	struct waiter w;

	/* Pages share queues: a wake-up may be for another page. */
	for (;;) {
		waitq_enter(q, &w);
		if (!busy_want(p))
			break;
		waitq_sleep(q, &w, WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
	}
	waitq_leave(q, &w);
}

/* --- the check --- */

/* The pages on the list of this order, each block looked at. buddy.lock is held. */
static ulong check_list(unsigned order)
{
	ulong pages = 0;
	struct page *p;

	LIST_EACH(p, &buddy.free[order], link) {
		ASSERT(p->flags == PAGE_BUDDY && p->order == order);
		ASSERT(IS_ALIGNED(page_frame(p), 1ul << order));
		ASSERT(order == PAGE_ORDERS - 1 || !block_buddy(page_frame(p), order));
		for (ulong i = 0; i < 1ul << order; i++)
			ASSERT(p[i].kind == PAGE_FREE && (i == 0 || !(p[i].flags & PAGE_BUDDY)));
		pages += 1ul << order;
	}
	ASSERT(!(buddy.avail & 1u << order) == !pages);
	return pages;
}

/* The free pages: those on the lists, and those in the CPUs' stacks. */
static ulong check_free(void)
{
	ulong pages = 0, irq = spin_lock_irq(&buddy.lock);

	for (unsigned i = 0; i < PAGE_ORDERS; i++)
		pages += check_list(i);
	for (unsigned i = 0; i < MAX_CPUS; i++)
		pages += __atomic_load_n(&page_cpus[i].count, __ATOMIC_RELAXED);
	spin_unlock_irq(&buddy.lock, irq);
	return pages;
}

bool page_check(void)
{
	ulong n[PAGE_KINDS] = {0}, sum = 0;

	for (ulong i = 0; i < page_array_count; i++) {
		ASSERT(page_array[i].kind < PAGE_KINDS);
		n[page_array[i].kind]++;
	}
	for (unsigned kind = PAGE_KERNEL; kind < PAGE_KINDS; kind++) {
		if (n[kind] != pages_used(kind))
			return false;
		sum += n[kind];
	}
	return n[PAGE_FREE] == check_free() && sum + n[PAGE_FREE] == total_pages;
}

/* --- boot --- */

/*
 * The next run of pages in [*at, end) outside the reserved ranges. True if there is one:
 * [run->start, run->end), and *at moves behind it.
 */
static bool next_run(paddr_t *at, paddr_t end, struct phys_range *run)
{
	for (unsigned i = 0; i < ram_reserved.n && *at < end; i++) {
		const struct phys_range *r = &ram_reserved.range[i];

		if (r->end <= *at)
			continue;
		*run = (struct phys_range){ *at, MIN(end, r->start) };
		*at = r->end;
		if (run->start < run->end)
			return true;
	}
	*run = (struct phys_range){ *at, end };
	*at = end;
	return run->start < run->end;
}

/* Give a run of frames to the allocator for the first time. */
static void free_run(ulong frame, ulong end)
{
	struct page *p = page_array + (frame - page_array_base);

	total_pages += end - frame;
	for (ulong i = 0; i < end - frame; i++)
		p[i].kind = PAGE_FREE;
	run_put(p, end - frame);
}

/* Room for the frame array: the first run that is large enough. */
static struct phys_range place_array(paddr_t size)
{
	struct phys_range run;

	for (unsigned i = 0; i < ram_usable.n; i++) {
		paddr_t at = ram_usable.range[i].start;

		while (next_run(&at, ram_usable.range[i].end, &run))
			if (run.end - run.start >= size)
				return (struct phys_range){ run.start, run.start + size };
	}
	panic("no room for the page array (%lu KiB)", (ulong)(size >> 10));
}

void page_init(void)
{
	const struct ram_list *ram = &ram_usable;
	struct phys_range array, run;

	for (unsigned i = 0; i < PAGE_ORDERS; i++)
		list_init(&buddy.free[i]);
	for (unsigned i = 0; i < WAITQS; i++)
		waitq_init(&busy_waitqs[i]);
	for (unsigned i = 0; i < MAX_CPUS; i++)
		page_cpus[i].room = ktest && !IS_DEBUG ? 0 : CPU_PAGES;
	if (ram->n == 0)
		panic("the machine tells of no memory");
	page_array_base = (ulong)(ram->range[0].start >> PAGE_SHIFT);
	page_array_count = (ulong)(ram->range[ram->n - 1].end >> PAGE_SHIFT) - page_array_base;
	array = place_array(
		ALIGN_UP((paddr_t)page_array_count * sizeof(struct page), (paddr_t)PAGE_SIZE));
	page_array = phys_to_virt(array.start);
	memset(page_array, 0, page_array_count * sizeof(struct page));

	/* What lies outside every run, the array too, stays PAGE_RESERVED. */
	for (unsigned i = 0; i < ram->n; i++) {
		paddr_t at = ram->range[i].start;

		while (next_run(&at, ram->range[i].end, &run)) {
			if (run.start == array.start)
				run.start = array.end;
			if (run.start < run.end)
				free_run((ulong)(run.start >> PAGE_SHIFT),
					(ulong)(run.end >> PAGE_SHIFT));
		}
	}
}
