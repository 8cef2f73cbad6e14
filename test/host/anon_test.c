/*
 * The tables of private pages: single cases here, comparison with a model in fuzz_anon.c.
 */
#include "unit.h"
#include "lib/errno.h"
#include "vm/anon.h"
#include "vm/inject.h"
#include "vm/kmalloc.h"
#include "vm/page.h"
#include "vm/tlb.h"

#define LEAF (64 * PAGE_SIZE)
#define FROM (100 * LEAF)
#define TO (9000 * LEAF)
#define LEAVES 8

static void put_page(struct anontab *t, ulong va, struct batch *b)
{
	struct page *p = page_alloc(0, 0);
	struct anon_node *leaf;

	page_set_kind(p, PAGE_ANON);
	spin_lock(&t->lock);
	leaf = anon_own(t, va, true, b);
	assert_non_null(leaf);
	anon_store(leaf, va, p, b);
	spin_unlock(&t->lock);
}

/* What the preparation of the move asks for, if its n-th wish fails (0: none does). */
static ulong asked_for(
	struct anontab *t, struct anon_reserve *r, ulong n, int result, struct batch *b)
{
	ulong asked;

	alloc_fail(n ? n : ~0ul, 0);
	assert_int_equal(anon_move_prepare(t, FROM, FROM + LEAVES * LEAF, TO, r, b), result);
	asked = alloc_fail_asked();
	alloc_fail(0, 0);
	return asked;
}

/* Who tries again, after somebody made room, needs only what was lacking. */
static void a_move_keeps_what_it_got(void **state UNUSED)
{
	struct anon_reserve r = {NULL};
	struct kmem_stats before, after;
	struct anontab t;
	struct batch b;
	ulong rest;

	kmem_get_stats(&before);
	anontab_init(&t);
	batch_init(&b);
	for (unsigned i = 0; i < LEAVES; i++)
		put_page(&t, FROM + i * LEAF, &b);
	assert_int_equal(asked_for(&t, &r, 4, -ENOMEM, &b), 4);
	rest = asked_for(&t, &r, 0, 0, &b);
	assert_true(rest >= LEAVES - 3);
	assert_int_equal(asked_for(&t, &r, 0, 0, &b), 0);
	spin_lock(&t.lock);
	anon_move(&t, FROM, FROM + LEAVES * LEAF, TO, &r, &b);
	spin_unlock(&t.lock);
	anon_reserve_free(&r);
	assert_int_equal(anon_count(&t, TO, TO + LEAVES * LEAF), LEAVES);
	assert_int_equal(anon_count(&t, FROM, FROM + LEAVES * LEAF), 0);
	anon_clear(&t, &b);
	batch_finish(&b);
	kmem_get_stats(&after);
	assert_int_equal(after.blocks, before.blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_move_keeps_what_it_got),
	};

	host_boot(64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
