/*
 * The tables of private pages against one array of contents per table. Each page carries a number
 * of its own, so that it can be told whose page a table shows; exclusivity must be exactly that no
 * other table shows the page.
 */
#include "fuzz.h"
#include "vm/anon.h"
#include "vm/inject.h"
#include "vm/kmalloc.h"

enum { TABLES = 4, PAGES = 300 };

/* Across the borders of nodes of three levels. */
#define START ((64ul << 24) - 130 * PAGE_SIZE)

static struct anontab tabs[TABLES];
static u32 shown[TABLES][PAGES]; /* 0: nothing */
static u32 next_id;

static ulong va_of(unsigned page)
{
	return START + page * PAGE_SIZE;
}

static u32 id_of(const struct page *p)
{
	return *(u32 *)page_addr(p);
}

static bool shown_elsewhere(unsigned t, unsigned i)
{
	for (unsigned k = 0; k < TABLES; k++)
		if (k != t && shown[k][i] == shown[t][i])
			return true;
	return false;
}

/* Store a new page, or take the page away. */
static void do_store(unsigned t, unsigned i, bool empty, bool fail, struct batch *b)
{
	struct page *p = empty ? NULL : page_alloc(0, 0);
	struct anon_node *leaf;

	if (p) {
		page_set_kind(p, PAGE_ANON);
		*(u32 *)page_addr(p) = ++next_id;
	}
	alloc_fail(fail ? 1 + i % 5 : 0, 0);
	spin_lock(&tabs[t].lock);
	leaf = anon_own(&tabs[t], va_of(i), !empty, b);
	CHECK(leaf || empty || alloc_fail_failed());
	if (leaf) {
		CHECK(!!anon_at(leaf, va_of(i)) == !!shown[t][i]);
		anon_store(leaf, va_of(i), p, b);
		shown[t][i] = p ? id_of(p) : 0;
	} else if (p) {
		page_free(p, 0);
	}
	spin_unlock(&tabs[t].lock);
	alloc_fail(0, 0);
}

static void do_remove(unsigned t, unsigned first, unsigned pages, bool fail, struct batch *b)
{
	ulong start = va_of(first), end = va_of(first + pages);
	int err;

	alloc_fail(fail ? 1 + first % 4 : 0, 0);
	err = anon_remove_prepare(&tabs[t], start, end, b);
	CHECK(!err || alloc_fail_failed());
	alloc_fail(err ? 0 : 1, 1); /* prepared, it needs none */
	if (!err) {
		spin_lock(&tabs[t].lock);
		anon_remove(&tabs[t], start, end, b);
		spin_unlock(&tabs[t].lock);
		memset(&shown[t][first], 0, pages * sizeof(u32));
	}
	CHECK(alloc_fail_failed() == 0 || err);
	alloc_fail(0, 0);
}

static void do_fork(unsigned from, unsigned to, struct batch *b)
{
	if (from == to)
		return;
	anon_clear(&tabs[to], b);
	anon_fork(&tabs[to], &tabs[from]);
	memcpy(shown[to], shown[from], sizeof(shown[0]));
}

static void check_page(unsigned t, unsigned i)
{
	struct page *p;
	bool exclusive;

	spin_lock(&tabs[t].lock);
	p = anon_lookup(&tabs[t], va_of(i), &exclusive);
	spin_unlock(&tabs[t].lock);
	CHECK(!!p == !!shown[t][i]);
	if (!p)
		return;
	CHECK(p->kind == PAGE_ANON && id_of(p) == shown[t][i]);
	CHECK(exclusive == !shown_elsewhere(t, i));
}

/* anon_next finds the same pages, in order; one that nobody else has has one sharer. */
static void check_walk(unsigned t)
{
	ulong va = 0, end = 1ul << 38, sharers, n = 0;

	spin_lock(&tabs[t].lock);
	for (; anon_next(&tabs[t], &va, end, &sharers); va += PAGE_SIZE) {
		bool exclusive;

		CHECK(anon_lookup(&tabs[t], va, &exclusive));
		CHECK((sharers == 1) == exclusive);
		n++;
	}
	spin_unlock(&tabs[t].lock);
	CHECK(n == anon_count(&tabs[t], 0, end));
}

static void check_all(void)
{
	for (unsigned t = 0; t < TABLES; t++) {
		ulong n = 0;

		for (unsigned i = 0; i < PAGES; i++) {
			check_page(t, i);
			n += !!shown[t][i];
		}
		CHECK(anon_count(&tabs[t], 0, 1ul << 38) == n);
		check_walk(t);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	static bool booted;
	struct kmem_stats before, after;
	struct page_stats pages;
	struct batch b;

	if (!booted) {
		host_boot(64);
		booted = true;
	}
	kmem_get_stats(&before);
	memset(shown, 0, sizeof(shown));
	for (unsigned t = 0; t < TABLES; t++)
		anontab_init(&tabs[t]);
	batch_init(&b);
	while (in.left) {
		unsigned op = next_byte(&in), t = next_byte(&in) % TABLES,
			 i = (unsigned)next_number(&in, PAGES);

		if (op < 150)
			do_store(t, i, op % 8 == 0, op % 16 == 1, &b);
		else if (op < 180)
			do_remove(t, i, 1 + (unsigned)next_number(&in, PAGES - i), op % 4 == 0, &b);
		else if (op < 200)
			do_fork(t, next_byte(&in) % TABLES, &b);
		else
			check_page(t, i);
		batch_finish(&b);
	}
	check_all();
	for (unsigned t = 0; t < TABLES; t++)
		anon_clear(&tabs[t], &b);
	batch_finish(&b);
	kmem_get_stats(&after);
	page_get_stats(&pages);
	CHECK(after.blocks == before.blocks && pages.anon == 0);
	return 0;
}
