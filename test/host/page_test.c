/*
 * The page allocator: blocks of all orders, what joins and what does not, kinds and counts, wrong
 * frees, the wait for busy pages.
 */
#include "unit.h"
#include "vm/inject.h"
#include "vm/page.h"

/* All free memory as the lists show it must be what the statistics say, wherever it is. */
static ulong free_now(void)
{
	return page_free_count();
}

static void alloc_gives_distinct_aligned_blocks(void **state UNUSED)
{
	ulong before = free_now();
	struct page *block[PAGE_ORDERS - 2];

	for (unsigned o = 0; o < ARRAY_SIZE(block); o++) {
		block[o] = page_alloc(o, 0);
		assert_non_null(block[o]);
		assert_true(IS_ALIGNED(page_frame(block[o]), 1ul << o));
		assert_int_equal(block[o]->kind, PAGE_KERNEL);
		assert_int_equal(block[o]->order, o);
		assert_int_equal(block[o]->ref, 1);
		assert_int_equal(block[o]->flags, 0);
		memset(page_addr(block[o]), (int)o + 1, PAGE_SIZE << o);
	}
	assert_int_equal(before - free_now(), (1ul << ARRAY_SIZE(block)) - 1);
	for (unsigned o = 0; o < ARRAY_SIZE(block); o++) {
		const u8 *bytes = page_addr(block[o]);

		for (ulong i = 0; i < PAGE_SIZE << o; i += 997)
			assert_int_equal(bytes[i], o + 1);
		page_free(block[o], o);
	}
	assert_int_equal(free_now(), before);
}

static void zeroed_pages_are_zero(void **state UNUSED)
{
	for (unsigned o = 0; o < 4; o++) {
		struct page *p = page_alloc(o, 0);
		const u8 *bytes;

		memset(page_addr(p), 0xff, PAGE_SIZE << o);
		page_free(p, o);
		p = page_alloc(o, ALLOC_ZERO);
		bytes = page_addr(p);
		for (ulong i = 0; i < PAGE_SIZE << o; i++)
			assert_int_equal(bytes[i], 0);
		page_free(p, o);
	}
}

/*
 * Take everything as single pages; give it back in an order that leaves no neighbours together
 * until the end.
 */
static void exhaustion_is_survived_and_all_joins_again(void **state UNUSED)
{
	ulong before = free_now(), n = 0, total = before;
	struct page *large = page_alloc(PAGE_ORDERS - 2, 0), *p;
	struct page **all = calloc(total, sizeof(*all));

	assert_non_null(large);
	page_free(large, PAGE_ORDERS - 2);
	while ((p = page_alloc(0, 0)))
		all[n++] = p;
	assert_int_equal(n, total);
	assert_int_equal(free_now(), 0);
	assert_null(page_alloc(3, 0));
	assert_null(page_alloc(0, ALLOC_WAIT));

	for (ulong start = 0; start < 2; start++)
		for (ulong i = start; i < n; i += 2)
			page_free(all[i], 0);
	assert_int_equal(free_now(), before);
	page_drain();
	large = page_alloc(PAGE_ORDERS - 2, 0);
	assert_non_null(large);
	page_free(large, PAGE_ORDERS - 2);
	free(all);
}

static void largest_and_too_large_orders(void **state UNUSED)
{
	struct page *p = page_alloc(PAGE_ORDERS - 1, 0);

	assert_non_null(p);
	assert_true(IS_ALIGNED(page_frame(p), 1ul << (PAGE_ORDERS - 1)));
	page_free(p, PAGE_ORDERS - 1);
}

static void kinds_are_counted(void **state UNUSED)
{
	struct page_stats a, b;
	struct page *p = page_alloc(2, 0);

	page_get_stats(&a);
	page_set_kind(p, PAGE_ANON);
	page_get_stats(&b);
	assert_int_equal(b.anon, a.anon + 4);
	assert_int_equal(b.kernel, a.kernel - 4);
	assert_int_equal(b.free, a.free);
	page_free(p, 2);
	page_get_stats(&b);
	assert_int_equal(b.anon, a.anon);
	assert_int_equal(b.free, a.free + 4);
	assert_int_equal(b.total, a.total);
}

static void counts_hold_across_cpus(void **state UNUSED)
{
	ulong before = free_now();
	struct page *p[200];

	for (unsigned i = 0; i < ARRAY_SIZE(p); i++) {
		host_cpu(i % MAX_CPUS);
		p[i] = page_alloc(0, 0);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(p); i++) {
		host_cpu((i * 7 + 3) % MAX_CPUS);
		page_free(p[i], 0);
	}
	host_cpu(0);
	assert_int_equal(free_now(), before);
}

static void last_reference_frees(void **state UNUSED)
{
	ulong before = free_now();
	struct page *p = page_alloc(0, 0);

	page_hold(p);
	page_put(p);
	assert_int_equal(p->kind, PAGE_KERNEL);
	page_put(p);
	assert_int_equal(p->kind, PAGE_FREE);
	assert_int_equal(free_now(), before);
}

static void wrong_frees_panic(void **state UNUSED)
{
	struct page *p = page_alloc(0, 0), *block = page_alloc(3, 0);

	page_set_kind(p, PAGE_ANON);
	page_free(p, 0);
	assert_true(host_panics(page_free(p, 0), "double free"));
	assert_true(host_panics(page_free(p, 0), "private"));
	assert_true(host_panics(page_free(block, 2), "order"));
	assert_true(host_panics(page_free(block + 1, 0), "inside a block"));
	page_free(block, 3);
	assert_true(host_panics(page_free(block, 3), "double free"));
	assert_true(host_panics(page_free(block + 5, 0), "double free"));
	assert_true(host_panics(page_free(&page_array[0], 0), "reserved"));
}

static void memory_outside_is_not_ram(void **state UNUSED)
{
	struct page *p = page_alloc(0, 0);

	assert_true(page_is_ram(page_paddr(p)));
	assert_ptr_equal(page_of(page_paddr(p)), p);
	assert_ptr_equal(page_of(virt_to_phys(page_addr(p))), p);
	assert_false(page_is_ram(0));
	assert_false(page_is_ram(~(paddr_t)0));
	page_free(p, 0);
}

static void injected_failures_come_when_asked(void **state UNUSED)
{
	struct page *p;

	alloc_fail(3, 2);
	for (unsigned i = 1; i <= 9; i++) {
		p = page_alloc(0, 0);
		if (i >= 3 && i % 2 == 1) {
			assert_null(p);
		} else {
			assert_non_null(p);
			page_free(p, 0);
		}
	}
	assert_int_equal(alloc_fail_asked(), 9);
	assert_int_equal(alloc_fail_failed(), 4);
	alloc_fail(0, 0);
	p = page_alloc(0, 0);
	assert_non_null(p);
	page_free(p, 0);
}

static struct page *contested;
static u32 inside, entered;

static void take_turns(void *arg UNUSED)
{
	for (unsigned i = 0; i < 500; i++) {
		while (!page_trybusy(contested))
			page_wait_busy(contested);
		assert_int_equal(__atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST), 1);
		entered++;
		__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
		page_unbusy(contested);
	}
}

static void busy_has_one_owner_and_wakes_the_others(void **state UNUSED)
{
	contested = page_alloc(0, 0);
	entered = 0;
	for (unsigned i = 0; i < 4; i++)
		host_start(take_turns, NULL);
	host_join();
	assert_int_equal(entered, 2000);
	assert_int_equal(contested->flags, 0);
	page_free(contested, 0);
}

static void churn(void *arg)
{
	struct page *held[40] = { NULL };
	u32 seed = (u32)(ulong)arg;

	for (unsigned i = 0; i < 20000; i++) {
		unsigned slot, order;

		seed = seed * 1664525 + 1013904223;
		slot = (seed >> 16) % ARRAY_SIZE(held);
		order = slot % 8 == 7 ? slot / 8 % 4 : 0;
		if (held[slot]) {
			assert_ptr_equal(*(struct page **)page_addr(held[slot]), held[slot]);
			page_free(held[slot], order);
			held[slot] = NULL;
		} else {
			held[slot] = page_alloc(order, 0);
			*(struct page **)page_addr(held[slot]) = held[slot];
		}
	}
	for (unsigned slot = 0; slot < ARRAY_SIZE(held); slot++)
		if (held[slot])
			page_free(held[slot], slot % 8 == 7 ? slot / 8 % 4 : 0);
}

static void cpus_in_parallel(void **state UNUSED)
{
	ulong before = free_now();

	for (ulong i = 1; i <= 4; i++)
		host_start(churn, (void *)i);
	host_join();
	assert_int_equal(free_now(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alloc_gives_distinct_aligned_blocks),
		cmocka_unit_test(zeroed_pages_are_zero),
		cmocka_unit_test(exhaustion_is_survived_and_all_joins_again),
		cmocka_unit_test(largest_and_too_large_orders),
		cmocka_unit_test(kinds_are_counted),
		cmocka_unit_test(counts_hold_across_cpus),
		cmocka_unit_test(last_reference_frees),
		cmocka_unit_test(memory_outside_is_not_ram),
		cmocka_unit_test(injected_failures_come_when_asked),
		cmocka_unit_test(busy_has_one_owner_and_wakes_the_others),
		cmocka_unit_test(cpus_in_parallel),
		cmocka_unit_test(wrong_frees_panic),
	};

	host_boot(160);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
