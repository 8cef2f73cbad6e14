/*
 * Kernel virtual ranges.
 *
 * The window [KVA_START, KVA_END) is used from both ends. From below: kernel stacks, in slots of
 * one guard page, never mapped, and KSTACK_SIZE bytes above it; stacks grow down, so one that
 * overflows faults. From above: device windows, which are never undone. They must not meet.
 *
 * `slots` is a sparse array: its entry at n is the first of the pages of the stack in slot n, which
 * are chained by page->link in order of address. A stack that is freed is kept, mapped, for the
 * next one, up to STACKS_KEPT: to map and unmap costs a flush on every CPU.
 *
 * Lock: kva.lock (RANK_KVA) for all of it. Pages are mapped and unmapped without it, while the slot
 * has an entry and so belongs to whoever works on it.
 */
#include "vm/kva.h"
#include "lib/lock.h"
#include "lib/printf.h"
#include "vm/page.h"
#include "vm/pmap.h"
#include "vm/radix.h"
#include "vm/tlb.h"

#define STACK_PAGES (KSTACK_SIZE / PAGE_SIZE)
#define SLOT_SIZE (KSTACK_SIZE + PAGE_SIZE)
#define STACKS_KEPT 32u

static struct {
	struct spinlock lock;
	struct radix slots; /* of struct page */
	ulong slots_end;    /* end of the highest slot ever used */
	ulong devices;      /* lowest address of a device window */
	u32 kept_count;
	void *kept[STACKS_KEPT]; /* mapped, free to be used */
} kva = { .lock = SPINLOCK_INIT("kva", RANK_KVA) };

void kva_init(void)
{
	radix_init(&kva.slots);
	kva.slots_end = KVA_START;
	kva.devices = KVA_END;
}

static ulong slot_stack(ulong slot)
{
	return KVA_START + slot * SLOT_SIZE + PAGE_SIZE;
}

/* --- slots --- */

/* Find a free slot and enter `first` as its pages. RADIX_NONE if there is no room or memory. */
static ulong slot_take(struct page *first)
{
	ulong slot, end;

	spin_lock(&kva.lock);
	slot = radix_first_free(&kva.slots, 0);
	end = slot_stack(slot) + KSTACK_SIZE;
	if (end > kva.devices || radix_set(&kva.slots, slot, first) < 0)
		slot = RADIX_NONE;
	else
		kva.slots_end = MAX(kva.slots_end, end);
	spin_unlock(&kva.lock);
	return slot;
}

static void slot_release(ulong slot)
{
	spin_lock(&kva.lock);
	radix_remove(&kva.slots, slot);
	spin_unlock(&kva.lock);
}

/* --- stacks --- */

/* The pages of a stack, chained from the first one on in a ring. NULL if there is no memory. */
static struct page *pages_alloc(void)
{
	struct page *first = NULL;

	for (unsigned i = 0; i < STACK_PAGES; i++) {
		struct page *p = page_alloc(0, ALLOC_WAIT);

		if (!p) {
			while (first && !list_empty(&first->link)) {
				p = LIST_LAST(&first->link, struct page, link);
				list_remove(&p->link);
				page_free(p, 0);
			}
			if (first)
				page_free(first, 0);
			return NULL;
		}
		list_init(&p->link);
		if (first)
			list_append(&first->link, &p->link);
		else
			first = p;
	}
	return first;
}

/* Unmap the first n pages of a stack everywhere, then free all of its pages and its slot. */
static void stack_destroy(ulong stack, struct page *first, unsigned n)
{
	struct batch b;

	batch_init(&b);
	for (unsigned i = 0; i < n; i++)
		pmap_kremove(stack + i * PAGE_SIZE, &b);
	for (unsigned i = 1; i < STACK_PAGES; i++) {
		struct page *p = LIST_FIRST(&first->link, struct page, link);

		list_remove(&p->link);
		batch_put_page(&b, p);
	}
	batch_put_page(&b, first);
	batch_finish(&b);
	slot_release((stack - KVA_START) / SLOT_SIZE);
}

/* Map a new stack. NULL if there is no room or memory. */
static void *stack_create(void)
{
	struct page *first = pages_alloc(), *p = first;
	ulong slot, stack;

	if (!first)
		return NULL;
	slot = slot_take(first);
	if (slot == RADIX_NONE)
		goto no_slot;
	stack = slot_stack(slot);
	for (unsigned i = 0; i < STACK_PAGES; i++) {
		if (pmap_kenter(stack + i * PAGE_SIZE, page_paddr(p), PROT_READ | PROT_WRITE,
			    false) < 0) {
			stack_destroy(stack, first, i);
			return NULL;
		}
		p = LIST_FIRST(&p->link, struct page, link);
	}
	return (void *)stack;

no_slot:
	for (unsigned i = 1; i < STACK_PAGES; i++) {
		p = LIST_FIRST(&first->link, struct page, link);
		list_remove(&p->link);
		page_free(p, 0);
	}
	page_free(first, 0);
	return NULL;
}

/* Take a kept stack, or NULL. */
static void *kept_take(void)
{
	void *stack = NULL;

	spin_lock(&kva.lock);
	if (kva.kept_count > 0)
		stack = kva.kept[--kva.kept_count];
	spin_unlock(&kva.lock);
	return stack;
}

static void stack_discard(void *stack)
{
	ulong slot = ((ulong)stack - KVA_START) / SLOT_SIZE;
	struct page *first;

	spin_lock(&kva.lock);
	first = radix_get(&kva.slots, slot);
	spin_unlock(&kva.lock);
	ASSERT(first && (ulong)stack == slot_stack(slot));
	stack_destroy((ulong)stack, first, STACK_PAGES);
}

void *kva_stack_alloc(void)
{
	void *stack = kept_take();

	return stack ? stack : stack_create();
}

void kva_stack_free(void *stack)
{
	bool kept = false;

	spin_lock(&kva.lock);
	if (kva.kept_count < STACKS_KEPT) {
		kva.kept[kva.kept_count++] = stack;
		kept = true;
	}
	spin_unlock(&kva.lock);
	if (!kept)
		stack_discard(stack);
}

void kva_drain(void)
{
	void *stack;

	while ((stack = kept_take()))
		stack_discard(stack);
}

bool kva_is_guard(ulong addr)
{
	return addr >= KVA_START && addr < __atomic_load_n(&kva.slots_end, __ATOMIC_RELAXED) &&
		(addr - KVA_START) % SLOT_SIZE < PAGE_SIZE;
}

/* --- devices --- */

void *kva_map_device(paddr_t pa, size_t size)
{
	paddr_t first = ALIGN_DOWN(pa, (paddr_t)PAGE_SIZE);
	ulong bytes = (ulong)(ALIGN_UP(pa + size, (paddr_t)PAGE_SIZE) - first);
	ulong va = 0;

	spin_lock(&kva.lock);
	if (bytes <= kva.devices - kva.slots_end)
		va = kva.devices -= bytes;
	spin_unlock(&kva.lock);
	if (!va)
		return NULL;
	for (ulong at = 0; at < bytes; at += PAGE_SIZE)
		if (pmap_kenter(va + at, first + at, PROT_READ | PROT_WRITE, true) < 0)
			return NULL;
	return (char *)va + (size_t)(pa - first);
}
