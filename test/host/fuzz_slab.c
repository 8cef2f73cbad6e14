/*
 * kmalloc and caches against a record of the live blocks, with wrong frees in between.
 */
#include "fuzz.h"
#include "vm/inject.h"
#include "vm/kmalloc.h"

enum { BLOCKS = 300, CACHES = 3 };

static struct {
	u8 *p;
	size_t n;
	int cache; /* or -1: kmalloc's */
	u8 fill;
} blocks[BLOCKS];
static unsigned count;
static struct kmem_cache *caches[CACHES];
static const size_t cache_size[CACHES] = { 24, 152, 1400 };

static size_t pick_size(struct input *in)
{
	switch (next_byte(in) % 8) {
	case 0: return 1 + next_number(in, 100000);
	case 1: return 16ul << next_byte(in) % 12;
	default: return 1 + next_number(in, 3200);
	}
}

static void check_fill(unsigned i)
{
	for (size_t k = 0; k < blocks[i].n; k++)
		CHECK(blocks[i].p[k] == blocks[i].fill);
}

static void do_alloc(struct input *in, unsigned op)
{
	int cache = op % 3 == 0 ? (int)(next_byte(in) % CACHES) : -1;
	unsigned flags = op & 8 ? ALLOC_ZERO : 0;
	size_t n = cache >= 0 ? cache_size[cache] : pick_size(in);
	u8 *p;

	if (count == BLOCKS)
		return;
	alloc_fail(op == 0 ? 1 + next_byte(in) % 3 : 0, 0);
	p = cache >= 0 ? kmem_alloc(caches[cache], flags) : kmalloc(n, flags);
	CHECK(p || alloc_fail_failed());
	alloc_fail(0, 0);
	if (!p)
		return;
	CHECK(IS_ALIGNED((ulong)p, 16));
	if (flags)
		for (size_t k = 0; k < n; k++)
			CHECK(p[k] == 0);
	blocks[count].p = p;
	blocks[count].n = n;
	blocks[count].cache = cache;
	blocks[count].fill = (u8)next_byte(in);
	memset(p, blocks[count].fill, n);
	count++;
}

static void do_free(unsigned i)
{
	check_fill(i);
	if (blocks[i].cache >= 0)
		kmem_free(caches[blocks[i].cache], blocks[i].p);
	else
		kmfree(blocks[i].p);
	blocks[i] = blocks[--count];
}

static void do_realloc(struct input *in, unsigned i)
{
	size_t n = pick_size(in);
	u8 *p;

	if (blocks[i].cache >= 0)
		return;
	check_fill(i);
	p = krealloc(blocks[i].p, n, 0);
	CHECK(p);
	for (size_t k = 0; k < MIN(n, blocks[i].n); k++)
		CHECK(p[k] == blocks[i].fill);
	memset(p, blocks[i].fill, n);
	blocks[i].p = p;
	blocks[i].n = n;
}

/* Is p the address of a live block? */
static bool live(const u8 *p)
{
	for (unsigned i = 0; i < count; i++)
		if (blocks[i].p == p)
			return true;
	return false;
}

/* Free what must not be: inside a block, or close to one, or twice. */
static void do_wrong_free(struct input *in, unsigned i)
{
	struct kmem_stats before, after;
	/* In the same page: elsewhere there may be live objects of the allocator itself. */
	u8 *p = (u8 *)ALIGN_DOWN((ulong)blocks[i].p, PAGE_SIZE) + next_number(in, PAGE_SIZE);

	if (live(p) || next_byte(in) % 4 == 0) {
		p = blocks[i].p;
		do_free(i);
	}
	if (live(p))
		return;
	kmem_get_stats(&before);
	host_log_clear();
	kmfree(p);
	CHECK(host_log_count() == 1);
	kmem_get_stats(&after);
	CHECK(before.blocks == after.blocks && before.bytes == after.bytes);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	struct kmem_stats before, after;

	if (!caches[0]) {
		host_log_quiet(true);
		host_boot(128);
		for (unsigned i = 0; i < CACHES; i++)
			caches[i] = kmem_cache_create("fuzz", cache_size[i], 0);
	}
	kmem_get_stats(&before);
	while (in.left) {
		unsigned op = next_byte(&in);

		host_cpu(op % 4 ? 0 : next_byte(&in) % MAX_CPUS);
		if (op < 120)
			do_alloc(&in, op);
		else if (op < 210 && count > 0)
			do_free(next_number(&in, count));
		else if (op < 230 && count > 0)
			do_realloc(&in, (unsigned)next_number(&in, count));
		else if (op < 250 && count > 0)
			do_wrong_free(&in, (unsigned)next_number(&in, count));
		else
			kmem_drain();
	}
	while (count)
		do_free(count - 1);
	host_cpu(0);
	kmem_get_stats(&after);
	CHECK(after.blocks == before.blocks && after.bytes == before.bytes);
	return 0;
}
