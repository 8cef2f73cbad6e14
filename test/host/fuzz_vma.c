/*
 * The tree of vmas against a table of pages: finding, splitting, joining, and the search for room.
 */
#include "fuzz.h"
#include "vm/mm.h"
#include "vm/pmap.h"
#include "vm/vma.h"

enum { PAGES = 2048 };

#define START 0x50000000ul
#define GUARD STACK_GUARD_PAGES

static struct {
	bool mapped;
	u8 prot, flags;
} table[PAGES];
static bool head[PAGES]; /* a vma begins here */

static ulong va_of(unsigned page)
{
	return START + page * PAGE_SIZE;
}

static void pick_range(struct input *in, unsigned *first, unsigned *pages)
{
	*first = (unsigned)next_number(in, PAGES);
	*pages = 1 + (unsigned)next_number(in, next_byte(in) % 4 ? 16 : 300);
	*pages = MIN(*pages, PAGES - *first);
}

static bool any_mapped(unsigned first, unsigned pages)
{
	for (unsigned i = first; i < first + pages; i++)
		if (table[i].mapped)
			return true;
	return false;
}

static bool alike(unsigned i, unsigned j)
{
	return table[i].mapped && table[j].mapped && table[i].prot == table[j].prot &&
		table[i].flags == table[j].flags;
}

static void merge_at(struct mm *mm, unsigned page)
{
	struct list dead = LIST_INIT(dead);

	if (page >= PAGES)
		return;
	vma_merge(mm, va_of(page), &dead);
	CHECK(list_empty(&dead) == !(page > 0 && head[page] && alike(page - 1, page)));
	if (!list_empty(&dead))
		head[page] = false;
	vma_free_list(&dead);
}

static void split_at(struct mm *mm, unsigned page)
{
	struct vma *spare;

	if (page >= PAGES)
		return;
	CHECK(vma_clip_prepare(mm, va_of(page), &spare) == 0);
	CHECK(!!spare == (table[page].mapped && !head[page]));
	vma_clip(mm, va_of(page), &spare);
	CHECK(!spare);
	if (table[page].mapped)
		head[page] = true;
}

static void do_link(struct mm *mm, struct input *in)
{
	unsigned first, pages, prot = next_byte(in) % 4,
			       flags = next_byte(in) % 16 == 0 ? VMA_GROWSDOWN : 0;
	struct vma *v;

	pick_range(in, &first, &pages);
	if (any_mapped(first, pages))
		return;
	v = vma_new(mm, va_of(first), va_of(first + pages), prot, PROT_ALL, flags, NULL, NULL, 0);
	CHECK(v);
	vma_link(mm, v);
	for (unsigned i = first; i < first + pages; i++) {
		table[i].mapped = true;
		table[i].prot = (u8)prot;
		table[i].flags = (u8)flags;
		head[i] = i == first;
	}
	if (next_byte(in) % 2) {
		merge_at(mm, first);
		merge_at(mm, first + pages);
	}
}

static void do_unlink(struct mm *mm, struct input *in)
{
	unsigned first, pages;
	struct vma *v, *next;

	pick_range(in, &first, &pages);
	split_at(mm, first);
	split_at(mm, first + pages);
	for (v = vma_find_from(mm, va_of(first)); v && v->start < va_of(first + pages); v = next) {
		next = vma_next(v);
		vma_unlink(mm, v);
		vma_free(v);
	}
	for (unsigned i = first; i < first + pages; i++)
		table[i].mapped = head[i] = false;
}

static void do_protect(struct mm *mm, struct input *in)
{
	unsigned first, pages, prot = next_byte(in) % 4;
	struct vma *v;

	pick_range(in, &first, &pages);
	split_at(mm, first);
	split_at(mm, first + pages);
	for (v = vma_find_from(mm, va_of(first)); v && v->start < va_of(first + pages);
		v = vma_next(v))
		v->prot = (u8)prot;
	for (unsigned i = first; i < first + pages; i++)
		table[i].prot = (u8)prot;
	for (unsigned i = first; i <= first + pages; i++)
		merge_at(mm, i);
}

/* Pages that a mapping may not be put on: taken, or kept free below a growing stack. */
static void blocked_pages(bool *blocked)
{
	for (unsigned i = 0; i < PAGES; i++)
		blocked[i] = table[i].mapped;
	for (unsigned i = 0; i < PAGES; i++)
		if (head[i] && table[i].flags & VMA_GROWSDOWN)
			for (unsigned k = i; k > 0 && k + GUARD > i && !table[k - 1].mapped; k--)
				blocked[k - 1] = true;
}

static void check_room(struct mm *mm, struct input *in)
{
	static bool blocked[PAGES];
	unsigned lo, hi, pages, run = 0;
	ulong want = 0;
	bool free = true;

	blocked_pages(blocked);
	pick_range(in, &lo, &hi);
	hi += lo;
	for (unsigned i = lo; i < hi; i++)
		free &= !blocked[i];
	CHECK(vma_range_free(mm, va_of(lo), va_of(hi)) == free);
	pages = 1 + (unsigned)next_number(in, 64);
	hi = MIN((unsigned)PAGES, hi + 200);
	for (unsigned i = lo; i < hi && !want; i++) {
		run = blocked[i] ? 0 : run + 1;
		if (run == pages)
			want = va_of(i + 1 - pages);
	}
	CHECK(vma_gap(mm, pages * PAGE_SIZE, va_of(lo), va_of(hi)) == want);
}

static void check_find(struct mm *mm, unsigned page)
{
	unsigned next = page;
	struct vma *v = vma_find(mm, va_of(page) + 123);

	CHECK(!!v == table[page].mapped);
	CHECK(!v ||
		(v->start <= va_of(page) && v->end > va_of(page) && v->prot == table[page].prot));
	while (next < PAGES && !table[next].mapped)
		next++;
	v = vma_find_from(mm, va_of(page));
	CHECK(!!v == (next < PAGES));
	CHECK(!v || (v->start <= va_of(next) && v->end > va_of(next)));
}

static void check_all(struct mm *mm)
{
	unsigned n = 0;
	struct vma *v = vma_find_from(mm, 0);

	for (unsigned i = 0; i < PAGES; i++) {
		if (!table[i].mapped)
			continue;
		CHECK(!head[i] || v->start == va_of(i));
		CHECK(v->start <= va_of(i) && va_of(i) < v->end);
		CHECK(v->prot == table[i].prot);
		n += head[i];
		if (va_of(i + 1) == v->end)
			v = vma_next(v);
	}
	CHECK(!v);
	CHECK(mm->nr_vmas == n);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	static bool booted;
	struct mm *mm;

	if (!booted) {
		host_boot(64);
		booted = true;
	}
	memset(table, 0, sizeof(table));
	memset(head, 0, sizeof(head));
	mm = mm_create();
	while (in.left) {
		switch (next_byte(&in) % 8) {
		case 0 ... 2: do_link(mm, &in); break;
		case 3: do_unlink(mm, &in); break;
		case 4: do_protect(mm, &in); break;
		case 5: check_find(mm, (unsigned)next_number(&in, PAGES)); break;
		default: check_room(mm, &in);
		}
	}
	check_all(mm);
	mm_put(mm);
	return 0;
}
