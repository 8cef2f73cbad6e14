/*
 * The page allocator against a record of who owns each frame.
 */
#include "fuzz.h"
#include "vm/inject.h"
#include "vm/page.h"

enum { BLOCKS = 200, FRAMES = 64 << 8 };

static struct {
	struct page *page;
	unsigned order;
	u8 kind;
} blocks[BLOCKS];
static unsigned count;
static u8 owned[FRAMES];

static ulong frame_index(const struct page *p)
{
	return (ulong)(p - page_array);
}

static void own(const struct page *p, unsigned order, bool yes)
{
	for (ulong i = frame_index(p); i < frame_index(p) + (1ul << order); i++) {
		CHECK(owned[i] == !yes);
		owned[i] = yes;
	}
}

static void do_alloc(struct input *in, bool fail)
{
	unsigned order = next_byte(in) % 8 ? next_byte(in) % 3 : next_byte(in) % PAGE_ORDERS;
	ulong free = page_free_count();
	struct page *p;

	if (count == BLOCKS)
		return;
	alloc_fail(fail, 0);
	p = page_alloc(order, next_byte(in) & ALLOC_ZERO);
	alloc_fail(0, 0);
	if (!p) {
		CHECK(fail || order > 0 || free < MAX_CPUS * 64);
		CHECK(page_free_count() == free);
		return;
	}
	CHECK(!fail);
	CHECK(IS_ALIGNED(page_frame(p), 1ul << order));
	CHECK(p->kind == PAGE_KERNEL && p->order == order && p->ref == 1 && p->flags == 0);
	own(p, order, true);
	blocks[count].page = p;
	blocks[count].order = order;
	blocks[count++].kind = PAGE_KERNEL;
	CHECK(page_free_count() == free - (1ul << order));
}

static void do_free(unsigned i)
{
	ulong free = page_free_count();

	own(blocks[i].page, blocks[i].order, false);
	CHECK(blocks[i].page->kind == blocks[i].kind);
	page_free(blocks[i].page, blocks[i].order);
	CHECK(page_free_count() == free + (1ul << blocks[i].order));
	blocks[i] = blocks[--count];
}

/*
 * Frames that nobody owns are free (or were never given to the allocator), the others are not;
 * kinds add up.
 */
static void check(void)
{
	ulong kinds[PAGE_KINDS] = { 0 };
	struct page_stats s;

	for (ulong i = 0; i < page_array_count && i < FRAMES; i++)
		if (owned[i])
			CHECK(page_array[i].kind != PAGE_FREE &&
				page_array[i].kind != PAGE_RESERVED);
	for (unsigned i = 0; i < count; i++)
		kinds[blocks[i].kind] += 1ul << blocks[i].order;
	page_get_stats(&s);
	CHECK(s.anon == kinds[PAGE_ANON] && s.obj == kinds[PAGE_OBJ]);
	CHECK(s.free + s.kernel + s.slab + s.ptable + s.anon + s.obj == s.total);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	static ulong free_before;

	if (!free_before) {
		host_boot(64);
		free_before = page_free_count();
	}
	while (in.left) {
		unsigned op = next_byte(&in);

		host_cpu(op % 2 ? 0 : next_byte(&in) % MAX_CPUS);
		if (op < 120) {
			do_alloc(&in, op == 0);
		} else if (op < 220 && count > 0) {
			do_free(next_byte(&in) % count);
		} else if (op < 240 && count > 0) {
			unsigned i = next_byte(&in) % count;

			blocks[i].kind = op & 1 ? PAGE_ANON : PAGE_OBJ;
			page_set_kind(blocks[i].page, blocks[i].kind);
		} else if (op < 245) {
			page_drain();
		}
	}
	check();
	while (count)
		do_free(0);
	for (unsigned i = 0; i < MAX_CPUS; i++) {
		host_cpu(i);
		page_drain();
	}
	host_cpu(0);
	CHECK(page_free_count() == free_before);
	return 0;
}
