/*
 * The lists of memory, told by firmware that may say anything.
 */
#include "unit.h"
#include "vm/page.h"
#include "vm/ram.h"

#define LIMIT (1ull << 32)
#define LAST_PAGE (0 - (u64)PAGE_SIZE)

static struct ram_list was_usable, was_reserved;

static int lists_empty(void **state UNUSED)
{
	was_usable = ram_usable;
	was_reserved = ram_reserved;
	ram_usable = ram_reserved = (struct ram_list){0};
	return 0;
}

static int lists_back(void **state UNUSED)
{
	ram_usable = was_usable;
	ram_reserved = was_reserved;
	return 0;
}

static void assert_range(const struct ram_list *l, unsigned i, u64 start, u64 end)
{
	assert_true(i < l->n);
	assert_int_equal(l->range[i].start, start);
	assert_int_equal(l->range[i].end, end);
}

static void ranges_are_joined(void **state UNUSED)
{
	assert_int_equal(ram_add(0x5000, 0x7000, LIMIT), 0);
	assert_int_equal(ram_add(0x1001, 0x4fff, LIMIT), 0);
	assert_int_equal(ram_usable.n, 2);
	assert_range(&ram_usable, 0, 0x2000, 0x4000);
	assert_int_equal(ram_add(0x3000, 0x9000, LIMIT), 0);
	assert_int_equal(ram_usable.n, 1);
	assert_range(&ram_usable, 0, 0x2000, 0x9000);
}

static void what_is_beyond_the_limit_is_lost(void **state UNUSED)
{
	assert_int_equal(ram_add(LIMIT - 0x1000, LIMIT + 0x3000, LIMIT), 0x3000);
	assert_range(&ram_usable, 0, LIMIT - 0x1000, LIMIT);
	assert_int_equal(ram_add(LIMIT + 0x1000, LIMIT + 0x2000, LIMIT), 0x1000);
	assert_int_equal(ram_usable.n, 1);
}

static void the_end_of_numbers_is_no_memory(void **state UNUSED)
{
	assert_int_equal(ram_add(UINT64_MAX - 8, UINT64_MAX, LIMIT), 0);
	assert_int_equal(ram_add(LAST_PAGE + 1, UINT64_MAX, LIMIT), 0);
	assert_int_equal(ram_usable.n, 0);
}

static void a_reservation_may_be_of_any_size(void **state UNUSED)
{
	ram_reserve(0x3800, UINT64_MAX);
	assert_int_equal(ram_reserved.n, 1);
	assert_range(&ram_reserved, 0, 0x3000, LAST_PAGE);
	ram_reserve(UINT64_MAX, UINT64_MAX);
	ram_reserve(UINT64_MAX, 0);
	assert_int_equal(ram_reserved.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ranges_are_joined, lists_empty, lists_back),
		cmocka_unit_test_setup_teardown(
			what_is_beyond_the_limit_is_lost, lists_empty, lists_back),
		cmocka_unit_test_setup_teardown(
			the_end_of_numbers_is_no_memory, lists_empty, lists_back),
		cmocka_unit_test_setup_teardown(
			a_reservation_may_be_of_any_size, lists_empty, lists_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
