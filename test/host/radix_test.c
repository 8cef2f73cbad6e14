/*
 * The sparse array: single cases here, comparison with a model in fuzz_radix.c.
 */
#include "unit.h"
#include "lib/errno.h"
#include "vm/inject.h"
#include "vm/kmalloc.h"
#include "vm/radix.h"

#define ITEM(n) ((void *)(0x1000 + 8 * (ulong)(n)))

static size_t live_blocks(void)
{
	struct kmem_stats s;

	kmem_get_stats(&s);
	return s.blocks;
}

static void empty_array_has_nothing(void **state UNUSED)
{
	struct radix r;
	ulong i = 0;

	radix_init(&r);
	assert_null(radix_get(&r, 0));
	assert_null(radix_get(&r, RADIX_NONE));
	assert_null(radix_remove(&r, 5));
	assert_null(radix_next(&r, &i));
	assert_int_equal(i, RADIX_NONE);
	assert_int_equal(radix_first_free(&r, 17), 17);
	assert_false(radix_marked(&r, 0));
	radix_clear(&r);
}

/* A run ends at its node's end, shows the gaps in it, and tells where there is no node. */
static void runs_of_slots(void **state UNUSED)
{
	void *const *slot;
	struct radix r;
	unsigned n = 5;

	radix_init(&r);
	assert_null(radix_run(&r, 0, &n));
	assert_int_equal(n, 5);
	assert_int_equal(radix_set(&r, 3, ITEM(3)), 0);
	assert_int_equal(radix_set(&r, 200, ITEM(200)), 0);
	slot = radix_run(&r, 2, &n);
	assert_int_equal(n, 5);
	for (unsigned i = 0; i < n; i++)
		assert_ptr_equal(slot[i], i == 1 ? ITEM(3) : NULL);
	n = 100;
	slot = radix_run(&r, 199, &n);
	assert_int_equal(n, 256 - 199);
	assert_ptr_equal(slot[1], ITEM(200));
	n = 100;
	assert_null(radix_run(&r, 70, &n));
	assert_int_equal(n, 128 - 70);
	n = 1;
	assert_null(radix_run(&r, RADIX_NONE, &n));
	assert_int_equal(n, 1);
	radix_clear(&r);
}

static void distant_indices(void **state UNUSED)
{
	static const ulong index[] = { 0, 63, 64, 4095, 4096, 1ul << 24, (1ul << 36) + 7,
		RADIX_NONE - 1 };
	size_t before = live_blocks();
	struct radix r;
	ulong at = 0;

	radix_init(&r);
	for (unsigned i = ARRAY_SIZE(index); i-- > 0;)
		assert_int_equal(radix_set(&r, index[i], ITEM(i)), 0);
	assert_int_equal(r.count, ARRAY_SIZE(index));
	for (unsigned i = 0; i < ARRAY_SIZE(index); i++) {
		assert_ptr_equal(radix_get(&r, index[i]), ITEM(i));
		assert_ptr_equal(radix_next(&r, &at), ITEM(i));
		assert_int_equal(at, index[i]);
		at++;
	}
	for (unsigned i = ARRAY_SIZE(index); i-- > 0;)
		assert_ptr_equal(radix_remove(&r, index[i]), ITEM(i));
	assert_int_equal(r.height, 0);
	assert_int_equal(r.count, 0);
	assert_int_equal(live_blocks(), before);
}

/* The way to a far first index has no node that leads nowhere. */
static void first_index_far_away(void **state UNUSED)
{
	size_t before = live_blocks();
	struct radix r;

	radix_init(&r);
	assert_int_equal(radix_set(&r, 1ul << 20, ITEM(1)), 0);
	assert_int_equal(live_blocks(), before + r.height);
	assert_ptr_equal(radix_remove(&r, 1ul << 20), ITEM(1));
	assert_int_equal(live_blocks(), before);
	alloc_fail(2, 0);
	assert_int_equal(radix_set(&r, 1ul << 20, ITEM(1)), -ENOMEM);
	alloc_fail(0, 0);
	assert_int_equal(r.height, 0);
	assert_int_equal(live_blocks(), before);
}

static void height_falls_again(void **state UNUSED)
{
	struct radix r;

	radix_init(&r);
	radix_set(&r, 3, ITEM(1));
	radix_set(&r, 1ul << 30, ITEM(2));
	assert_int_equal(r.height, 6);
	radix_remove(&r, 1ul << 30);
	assert_int_equal(r.height, 1);
	assert_ptr_equal(radix_get(&r, 3), ITEM(1));
	radix_clear(&r);
}

static void marks_are_found_and_go(void **state UNUSED)
{
	struct radix r;
	ulong at = 0;

	radix_init(&r);
	for (ulong i = 0; i < 10000; i += 10)
		radix_set(&r, i, ITEM(i));
	assert_null(radix_next_marked(&r, &at));
	radix_mark(&r, 4000);
	radix_mark(&r, 9990);
	at = 0;
	assert_ptr_equal(radix_next_marked(&r, &at), ITEM(4000));
	at = 4001;
	assert_ptr_equal(radix_next_marked(&r, &at), ITEM(9990));
	radix_set(&r, 4000, ITEM(1)); /* replacing unmarks */
	assert_false(radix_marked(&r, 4000));
	radix_remove(&r, 9990);
	at = 0;
	assert_null(radix_next_marked(&r, &at));
	radix_mark(&r, 20);
	radix_unmark(&r, 20);
	at = 0;
	assert_null(radix_next_marked(&r, &at));
	radix_clear(&r);
}

static void lowest_free_index(void **state UNUSED)
{
	struct radix r;

	radix_init(&r);
	for (ulong i = 0; i < 5000; i++) {
		assert_int_equal(radix_first_free(&r, 0), i);
		radix_set(&r, i, ITEM(i));
	}
	radix_remove(&r, 4500);
	radix_remove(&r, 70);
	assert_int_equal(radix_first_free(&r, 0), 70);
	assert_int_equal(radix_first_free(&r, 71), 4500);
	assert_int_equal(radix_first_free(&r, 4501), 5000);
	assert_int_equal(radix_first_free(&r, 1ul << 40), 1ul << 40);
	radix_clear(&r);
}

/* Each allocation on the way fails once: nothing may have changed. */
static void failed_set_changes_nothing(void **state UNUSED)
{
	size_t before = live_blocks();
	struct radix r;
	ulong n;

	radix_init(&r);
	radix_set(&r, 1, ITEM(1));
	for (n = 1;; n++) {
		u8 height = r.height;
		size_t blocks = live_blocks();
		int err;

		alloc_fail(n, 0);
		err = radix_set(&r, 1ul << 40, ITEM(2));
		alloc_fail(0, 0);
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(r.height, height);
		assert_int_equal(r.count, 1);
		assert_int_equal(live_blocks(), blocks);
		assert_ptr_equal(radix_get(&r, 1), ITEM(1));
	}
	assert_true(n > 5);
	radix_clear(&r);
	assert_int_equal(live_blocks(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_array_has_nothing),
		cmocka_unit_test(runs_of_slots),
		cmocka_unit_test(distant_indices),
		cmocka_unit_test(first_index_far_away),
		cmocka_unit_test(height_falls_again),
		cmocka_unit_test(marks_are_found_and_go),
		cmocka_unit_test(lowest_free_index),
		cmocka_unit_test(failed_set_changes_nothing),
	};

	host_boot(64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
