/*
 * The sparse array against a list of its entries. Indices cluster around the borders of nodes of
 * all levels.
 */
#include "fuzz.h"
#include "vm/inject.h"
#include "vm/kmalloc.h"
#include "vm/radix.h"

enum { MAX_ENTRIES = 400 };

struct entry {
	ulong index;
	void *item;
	bool marked;
};

static struct entry entries[MAX_ENTRIES]; /* in order of index */
static unsigned count;

/* The first entry at index or above. */
static unsigned find(ulong index)
{
	unsigned i = 0;

	while (i < count && entries[i].index < index)
		i++;
	return i;
}

static struct entry *entry_at(ulong index)
{
	unsigned i = find(index);

	return i < count && entries[i].index == index ? &entries[i] : NULL;
}

static ulong pick_index(struct input *in)
{
	unsigned level = next_byte(in) % 12;
	ulong index = (ulong)(next_byte(in) % 3) << MIN(level * RADIX_BITS, 63u);

	index += next_number(in, 130) - 65;
	return index == RADIX_NONE ? 0 : index;
}

static void do_set(struct radix *r, ulong index, void *item, struct input *in)
{
	struct entry *e = entry_at(index);
	unsigned at = find(index);

	if (count == MAX_ENTRIES)
		return;
	alloc_fail(next_byte(in) % 8 == 0 ? 1 + next_byte(in) % 6 : 0, 0);
	if (radix_set(r, index, item) == 0) {
		if (!e) {
			memmove(entries + at + 1, entries + at, (count - at) * sizeof(*entries));
			count++;
		}
		entries[at] = (struct entry){ index, item, false };
	} else {
		CHECK(alloc_fail_failed());
	}
	alloc_fail(0, 0);
}

static void do_remove(struct radix *r, ulong index)
{
	struct entry *e = entry_at(index);

	CHECK(radix_remove(r, index) == (e ? e->item : NULL));
	if (e) {
		count--;
		memmove(e, e + 1, (size_t)(entries + count - e) * sizeof(*e));
	}
}

static void check_searches(const struct radix *r, ulong start)
{
	ulong index = start, free = start;
	unsigned i = find(start), m = i;
	void *item = radix_next(r, &index);

	CHECK(item == (i < count ? entries[i].item : NULL));
	CHECK(index == (i < count ? entries[i].index : RADIX_NONE));
	while (m < count && !entries[m].marked)
		m++;
	index = start;
	item = radix_next_marked(r, &index);
	CHECK(item == (m < count ? entries[m].item : NULL));
	CHECK(index == (m < count ? entries[m].index : RADIX_NONE));
	for (; i < count && entries[i].index == free; i++)
		free++;
	CHECK(radix_first_free(r, start) == free);
}

static void check_all(const struct radix *r)
{
	ulong index = 0;

	CHECK(r->count == count);
	for (unsigned i = 0; i < count; i++, index++) {
		CHECK(radix_get(r, entries[i].index) == entries[i].item);
		CHECK(radix_marked(r, entries[i].index) == entries[i].marked);
		CHECK(radix_next(r, &index) == entries[i].item);
		CHECK(index == entries[i].index);
	}
	CHECK(!radix_next(r, &index));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	struct kmem_stats before, after;
	static bool booted;
	struct radix r;
	struct entry *e;

	if (!booted) {
		host_boot(64);
		booted = true;
	}
	kmem_get_stats(&before);
	radix_init(&r);
	count = 0;
	while (in.left) {
		unsigned op = next_byte(&in) % 6;
		ulong index = pick_index(&in);

		if (op < 2) {
			do_set(&r, index, (void *)(0x1000 + 16 * (ulong)in.left), &in);
		} else if (op == 2) {
			do_remove(&r, index);
		} else if (op == 3 && (e = entry_at(index))) {
			radix_mark(&r, index);
			e->marked = true;
		} else if (op == 4 && (e = entry_at(index))) {
			radix_unmark(&r, index);
			e->marked = false;
		}
		check_searches(&r, index);
	}
	check_all(&r);
	if (size & 1)
		while (count)
			do_remove(&r, entries[count - 1].index);
	radix_clear(&r);
	kmem_get_stats(&after);
	CHECK(after.blocks == before.blocks);
	return 0;
}
