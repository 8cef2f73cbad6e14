/*
 * kmalloc and caches: sizes, alignment, contents, figures, wrong frees, overruns, exhaustion, CPUs.
 */
#include "unit.h"
#include "vm/inject.h"
#include "vm/kmalloc.h"

static struct kmem_stats stats(void)
{
	struct kmem_stats s;

	kmem_get_stats(&s);
	return s;
}

static void sizes_are_usable_and_aligned(void **state UNUSED)
{
	struct kmem_stats before = stats();

	for (size_t n = 1; n <= 20000; n += n < 600 ? 1 : 37) {
		u8 *p = kmalloc(n, 0);

		assert_non_null(p);
		assert_true(IS_ALIGNED((ulong)p, 16));
		assert_true(ksize(p) >= n);
		memset(p, 0xa5, ksize(p));
		kmfree(p);
	}
	for (size_t n = 16; n <= KMALLOC_MAX; n *= 2) {
		void *p = kmalloc(n, 0);

		assert_non_null(p);
		assert_true(IS_ALIGNED((ulong)p, MIN(n, PAGE_SIZE)));
		kmfree(p);
	}
	assert_int_equal(stats().bytes, before.bytes);
	assert_int_equal(stats().blocks, before.blocks);
}

static void nothing_and_too_much(void **state UNUSED)
{
	host_log_clear();
	assert_null(kmalloc(0, 0));
	kmfree(NULL);
	assert_int_equal(ksize(NULL), 0);
	assert_null(kcalloc(SIZE_MAX / 4, 8, 0));
	assert_int_equal(host_log_count(), 0);
	assert_null(kmalloc(KMALLOC_MAX + 1, 0));
	assert_int_equal(host_log_count(), 1);
	assert_null(kmalloc(SIZE_MAX, 0));
	assert_null(kmalloc((size_t)-5, 0));
	assert_int_equal(host_log_count(), 3);
}

static void zeroed_memory_is_zero(void **state UNUSED)
{
	for (size_t n = 1; n < 10000; n += 101) {
		u8 *p = kmalloc(n, 0);

		memset(p, 0xff, n);
		kmfree(p);
		p = kzalloc(n, 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		kmfree(p);
		p = kcalloc(n, 3, 0);
		for (size_t i = 0; i < 3 * n; i++)
			assert_int_equal(p[i], 0);
		kmfree(p);
	}
}

static void realloc_keeps_contents(void **state UNUSED)
{
	u8 *p = krealloc(NULL, 10, 0), *q;

	for (size_t n = 10; n < 50000; n = n * 3 / 2) {
		memset(p, (int)n, n);
		p = krealloc(p, n * 3 / 2, 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], (u8)n);
	}
	q = krealloc(p, 5, 0);
	assert_ptr_equal(p, q);
	alloc_fail(1, 1);
	assert_null(krealloc(p, 1 << 20, 0));
	alloc_fail(0, 0);
	assert_null(krealloc(p, 0, 0));
}

static void blocks_do_not_overlap(void **state UNUSED)
{
	enum { N = 1000 };
	static u8 *block[N];
	static size_t size[N];
	struct kmem_stats before = stats();

	for (unsigned i = 0; i < N; i++) {
		size[i] = 1 + i * 7919u % 5000;
		block[i] = kmalloc(size[i], 0);
		memset(block[i], (int)i, size[i]);
	}
	assert_int_equal(stats().blocks - before.blocks, N);
	for (unsigned i = 0; i < N; i++)
		for (size_t k = 0; k < size[i]; k++)
			assert_int_equal(block[i][k], (u8)i);
	for (unsigned i = 0; i < N; i++)
		kmfree(block[(i * 611) % N]);
	assert_int_equal(stats().bytes, before.bytes);
}

/* A thousand small blocks in few pages, and the pages come back. */
static void little_is_wasted(void **state UNUSED)
{
	enum { N = 1000 };
	static void *block[N];
	size_t pages;

	kmem_drain();
	pages = stats().pages;
	for (unsigned i = 0; i < N; i++)
		block[i] = kmalloc(512, 0);
	/* Debug tags cost here what other builds have not. */
	assert_in_range(stats().pages - pages, 1, N / 3);
	for (unsigned i = 0; i < N; i++)
		kmfree(block[i]);
	kmem_drain();
	assert_in_range(stats().pages, 0, pages + 1);
}

static void caches_are_their_own(void **state UNUSED)
{
	struct kmem_cache *c = kmem_cache_create("test", 136, 0),
			  *d = kmem_cache_create("aligned", 200, 64);
	void *p = kmem_alloc(c, ALLOC_ZERO), *q = kmem_alloc(d, 0);

	assert_true(IS_ALIGNED((ulong)q, 64));
	for (unsigned i = 0; i < 136; i++)
		assert_int_equal(((u8 *)p)[i], 0);
	host_log_clear();
	kmem_free(d, p);
	assert_non_null(strstr(host_log_last(), "invalid free"));
	kmem_free(c, p);
	kmem_free(d, q);
	assert_int_equal(host_log_count(), 1);
}

static void expect_report(void *p, const char *text)
{
	struct kmem_stats before = stats();

	host_log_clear();
	kmfree(p);
	assert_int_equal(host_log_count(), 1);
	assert_non_null(strstr(host_log_last(), text));
	assert_int_equal(stats().bytes, before.bytes);
	assert_int_equal(stats().blocks, before.blocks);
}

static void double_frees_are_reported(void **state UNUSED)
{
	size_t sizes[] = { 16, 64, 100, 512, 2000, 3072, 4096, 10000, 1 << 20 };

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *keep = kmalloc(sizes[i], 0), *p = kmalloc(sizes[i], 0);

		kmfree(p);
		expect_report(p, "double free");
		expect_report(p, "double free");
		kmfree(keep);
		expect_report(keep, "double free");
	}
}

static void invalid_frees_are_reported(void **state UNUSED)
{
	static char data[64];
	size_t sizes[] = { 64, 1000, 3072, 4096, 10000, 1 << 20 };
	struct page *page = page_alloc(0, 0);

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *p = kmalloc(sizes[i], 0);

		memset(p, 7, sizes[i]);
		expect_report(p + 1, "invalid free");
		expect_report(p + 8, "invalid free");
		expect_report(p + 16, "invalid free");
		expect_report(p + sizes[i] / 2, "invalid free");
		if (sizes[i] > PAGE_SIZE)
			expect_report(p + PAGE_SIZE, "invalid free");
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(p[k], 7);
		kmfree(p);
	}
	expect_report(data, "invalid free");
	expect_report((void *)0x1000, "invalid free");
	expect_report((void *)~0ul, "invalid free");
	expect_report(page_addr(page), "invalid free");
	expect_report((char *)page_addr(page) + 64, "invalid free");
	page_free(page, 0);
	expect_report(page_array, "invalid free");
}

static void overruns_and_late_stores_are_seen(void **state UNUSED)
{
	u8 *p = kmalloc(20, 0);

	p[20] = 1;
	assert_true(host_panics(kmfree(p), "beyond its end"));
	p = kmalloc(40, 0);
	p[48] = 1; /* the class's size: not even room to spare */
	assert_true(host_panics(kmfree(p), "bytes behind object"));

	p = kmalloc(300, 0);
	kmfree(p);
	p[123] = 0;
	assert_true(host_panics(kmalloc(300, 0), "was written to; freed at"));
}

static void failures_are_null_and_leave_nothing(void **state UNUSED)
{
	struct kmem_stats before = stats();

	for (ulong n = 1; n < 40; n++) {
		void *p[64];

		alloc_fail(n, 3);
		for (unsigned i = 0; i < ARRAY_SIZE(p); i++)
			p[i] = kmalloc(1 + i * 97, i & 1 ? ALLOC_ZERO : 0);
		alloc_fail(0, 0);
		for (unsigned i = 0; i < ARRAY_SIZE(p); i++)
			kmfree(p[i]);
	}
	assert_int_equal(stats().bytes, before.bytes);
}

static void exhaustion_is_null_and_passes(void **state UNUSED)
{
	struct link {
		struct link *next;
	} *all = NULL, *p;
	struct kmem_stats before = stats();
	ulong free_before, n = 0;

	kmem_drain();
	free_before = page_free_count();
	while ((p = kmalloc(2048, 0))) {
		p->next = all;
		all = p;
		n++;
	}
	assert_true(n > free_before / 4);
	while ((p = all)) {
		all = p->next;
		kmfree(p);
	}
	assert_int_equal(stats().bytes, before.bytes);
	kmem_drain();
	assert_in_range(page_free_count(), free_before - 8, free_before);
	p = kmalloc(KMALLOC_MAX, 0);
	assert_non_null(p);
	kmfree(p);
}

/* Blocks go from the CPU that allocates them to another one that frees them. */
static void *mailbox[64];

static void trade(void *arg)
{
	u32 seed = (u32)(ulong)arg;

	for (unsigned i = 0; i < 30000; i++) {
		u32 *p, *old;

		seed = seed * 1664525 + 1013904223;
		p = kmalloc(8 + (seed >> 20) % 200, 0);
		p[0] = seed;
		p[1] = ~seed;
		old = __atomic_exchange_n(&mailbox[(seed >> 10) % 64], p, __ATOMIC_ACQ_REL);
		if (old) {
			assert_int_equal(old[0], ~old[1]);
			kmfree(old);
		}
	}
}

static void cpus_in_parallel(void **state UNUSED)
{
	struct kmem_stats before = stats();

	for (ulong i = 1; i <= 4; i++)
		host_start(trade, (void *)i);
	host_join();
	for (unsigned i = 0; i < ARRAY_SIZE(mailbox); i++)
		kmfree(mailbox[i]);
	assert_int_equal(stats().bytes, before.bytes);
	assert_int_equal(stats().blocks, before.blocks);
}

static void free_mailbox(void *arg UNUSED)
{
	for (unsigned i = 0; i < ARRAY_SIZE(mailbox); i++)
		kmfree(mailbox[i]);
}

/* Of several CPUs that free a block, one does. */
static void double_free_race_has_one_winner(void **state UNUSED)
{
	struct kmem_stats before = stats();

	for (unsigned i = 0; i < ARRAY_SIZE(mailbox); i++)
		mailbox[i] = kmalloc(64, 0);
	host_log_clear();
	for (unsigned i = 0; i < 3; i++)
		host_start(free_mailbox, NULL);
	host_join();
	assert_int_equal(stats().bytes, before.bytes);
	assert_int_equal(stats().blocks, before.blocks);
	assert_int_equal(host_log_count(), 2 * ARRAY_SIZE(mailbox));
}

static size_t listed_live, listed_pages;

static void sum(
	void *arg UNUSED, const char *name, size_t size, size_t live, size_t total, size_t pages)
{
	assert_non_null(name);
	assert_true(live <= total && total * size <= pages * PAGE_SIZE);
	if (strcmp(name, "magazine") && strcmp(name, "kmem_cache"))
		listed_live += live;
	listed_pages += pages;
}

static void list_agrees_with_figures(void **state UNUSED)
{
	void *p = kmalloc(100, 0);

	listed_live = listed_pages = 0;
	kmem_for_each(sum, NULL);
	assert_int_equal(listed_live, stats().blocks);
	assert_int_equal(listed_pages, stats().pages);
	kmfree(p);
}

/*
 * Blocks of every size that live all the time: a count that goes wrong by and by cannot hide below
 * zero.
 */
static void *ballast[3072 / 16][3];
static size_t blocks_at_start;

static void take_ballast(void)
{
	blocks_at_start = stats().blocks;
	for (unsigned i = 0; i < ARRAY_SIZE(ballast); i++)
		for (unsigned k = 0; k < 3; k++)
			ballast[i][k] = kmalloc(16 * (i + 1), 0);
}

static void ballast_is_counted_to_the_end(void **state UNUSED)
{
	/* And the two caches of a test above have nothing. */
	assert_int_equal(stats().blocks, blocks_at_start + 3 * ARRAY_SIZE(ballast));
	for (unsigned i = 0; i < ARRAY_SIZE(ballast); i++)
		for (unsigned k = 0; k < 3; k++)
			kmfree(ballast[i][k]);
	assert_int_equal(stats().blocks, blocks_at_start);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_usable_and_aligned),
		cmocka_unit_test(nothing_and_too_much),
		cmocka_unit_test(zeroed_memory_is_zero),
		cmocka_unit_test(realloc_keeps_contents),
		cmocka_unit_test(blocks_do_not_overlap),
		cmocka_unit_test(little_is_wasted),
		cmocka_unit_test(caches_are_their_own),
		cmocka_unit_test(double_frees_are_reported),
		cmocka_unit_test(invalid_frees_are_reported),
		cmocka_unit_test(failures_are_null_and_leave_nothing),
		cmocka_unit_test(exhaustion_is_null_and_passes),
		cmocka_unit_test(cpus_in_parallel),
		cmocka_unit_test(double_free_race_has_one_winner),
		cmocka_unit_test(list_agrees_with_figures),
		cmocka_unit_test(ballast_is_counted_to_the_end),
		cmocka_unit_test(overruns_and_late_stores_are_seen),
	};

	host_log_quiet(true);
	host_boot(64);
	take_ballast();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
