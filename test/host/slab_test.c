/*
 * kmalloc and caches: sizes, alignment, contents, figures, wrong frees, overruns, exhaustion, CPUs.
 */
#include <stdio.h>

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

/* The last line of the log, the only one since it was cleared, has all these words. */
static void expect_words(const char *a, const char *b, const char *c)
{
	assert_int_equal(host_log_count(), 1);
	assert_non_null(strstr(host_log_last(), a));
	assert_non_null(strstr(host_log_last(), b));
	assert_non_null(strstr(host_log_last(), c));
}

/* " by this file:line". */
static const char *by(const char *verb, int line)
{
	static char text[4][100];
	static unsigned next;
	char *t = text[next++ % 4];

	snprintf(t, sizeof(text[0]), "%s by %s:%d", verb, __FILE__, line);
	return t;
}

static void double_free_names_both_places(void **state UNUSED)
{
	static const size_t sizes[] = { 10, 64, 3000, 5000, 1 << 20 };

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = kmalloc(sizes[i], 0);
		int taken = __LINE__ - 1, given;

		kmfree(p), given = __LINE__;
		host_log_clear();
		kmfree(p);
		expect_words("double free", by("allocated", taken), by("freed", given));
	}
}

static void invalid_free_names_the_block(void **state UNUSED)
{
	static const size_t sizes[] = { 50, 3000, 5000, 1 << 20 };
	char pointer[32];

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *p = kzalloc(sizes[i], 0);
		int taken = __LINE__ - 1;

		host_log_clear();
		kmfree(p + 17);
		snprintf(pointer, sizeof(pointer), "invalid free of %p", p + 17);
		expect_words(pointer, "+17 of a live block", by("allocated", taken));
		kmfree(p);
	}
}

static void overruns_are_reported_at_the_free(void **state UNUSED)
{
	/* 48: the size of its class, so that there is no room to spare before the tag. */
	static const size_t sizes[] = { 1, 20, 48, 1000, 3072, 5000, 100000 };
	struct kmem_stats before = stats();

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *p = kmalloc(sizes[i], 0);
		int taken = __LINE__ - 1, given;
		char at[32];

		assert_int_equal(ksize(p), sizes[i]);
		p[sizes[i]] = 1;
		host_log_clear();
		kmfree(p), given = __LINE__;
		snprintf(at, sizeof(at), " +%zu ", sizes[i]);
		expect_words("overrun", by("allocated", taken), by("found", given));
		assert_non_null(strstr(host_log_last(), at));
	}
	assert_int_equal(stats().bytes, before.bytes);
	assert_int_equal(kmem_check(), 0);
}

static void late_stores_are_reported_at_reuse(void **state UNUSED)
{
	u8 *p = kmalloc(300, 0), *q;
	int given;

	memset(p, 1, 300);
	kmfree(p), given = __LINE__;
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(p[i], 0x6b);
	p[123] = 0;
	host_log_clear();
	q = kmalloc(300, 0);
	assert_ptr_equal(p, q);
	expect_words("write after free", "at +123 to 00 (changed bytes: 1)", by("freed", given));
	kmfree(q);
	assert_int_equal(host_log_count(), 1);
}

static void check_finds_what_nobody_touched(void **state UNUSED)
{
	u8 *p = kmalloc(100, 0), *q = kmalloc(700, 0);
	ulong before = kmem_damaged();

	kmfree(q);
	assert_int_equal(kmem_check(), 0);
	host_log_clear();
	p[101] = 5;
	assert_int_equal(kmem_check(), 1);
	expect_words("overrun", "+101 was changed to 05", "found by the check of the heap");
	p[101] = 0xbb;
	host_log_clear();
	q[3] = q[4] = 5;
	assert_int_equal(kmem_check(), 1);
	expect_words("(changed bytes: 2)", "+3", "found by the check of the heap");
	q[3] = q[4] = 0x6b;
	assert_int_equal(kmem_check(), 0);
	assert_int_equal(kmem_damaged(), before + 2);
	kmfree(p);
}

static void too_much_is_one_line_with_its_place(void **state UNUSED)
{
	void *p;

	host_log_clear();
	p = kmalloc((size_t)-1, 0);
	assert_null(p);
	expect_words("kmalloc of", __FILE__, "the most there is");
}

/* The accounts of this file's line. */
static struct alloc_site account(int line)
{
	for (struct alloc_site *a = __start_alloc_sites; a < __stop_alloc_sites; a++)
		if (a->at.line == line && !strcmp(a->at.file, __FILE__))
			return *a;
	fail();
	return *__start_alloc_sites;
}

static ulong accounted_bytes(void)
{
	ulong sum = 0;

	for (struct alloc_site *a = __start_alloc_sites; a < __stop_alloc_sites; a++)
		sum += a->bytes;
	return sum;
}

static void places_have_accounts(void **state UNUSED)
{
	struct kmem_cache *c = kmem_cache_create("accounts", 72, 0);
	void *p[6];
	int line;

	assert_int_equal(accounted_bytes(), stats().bytes);
	for (unsigned i = 0; i < 6; i++)
		line = __LINE__, p[i] = i < 5 ? kmalloc(100, 0) : NULL;
	assert_int_equal(account(line).live, 5);
	assert_int_equal(account(line).bytes, 5 * 128);
	kmfree(p[0]);
	assert_int_equal(account(line).live, 4);
	assert_int_equal(account(line).calls, 5);
	assert_ptr_equal(kmem_owner(p[1])->at.file, account(line).at.file);
	assert_int_equal(kmem_owner(p[1])->at.line, line);
	assert_null(kmem_owner(p[0]));
	assert_null(kmem_owner((char *)p[1] + 16));
	assert_null(kmem_owner(&line));
	assert_null(kmem_owner((void *)~0ul));
	assert_int_equal(accounted_bytes(), stats().bytes);
	p[0] = kmem_alloc(c, 0), line = __LINE__;
	p[5] = krealloc(p[1], 20000, 0);
	assert_int_equal(account(line).bytes, 72);
	assert_int_equal(account(line + 1).bytes, 8 * PAGE_SIZE);
	assert_int_equal(accounted_bytes(), stats().bytes);
	alloc_fail(1, 0);
	assert_null(kmalloc(10, 0)), line = __LINE__;
	alloc_fail(0, 0);
	assert_int_equal(account(line).failed, 1);
	assert_int_equal(account(line).forced, 1);
	assert_int_equal(account(line).live, 0);
	kmem_free(c, p[0]);
	for (unsigned i = 2; i < 6; i++)
		kmfree(p[i]);
	assert_int_equal(accounted_bytes(), stats().bytes);
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
	assert_true(page_free_count() + 8 >= free_before); /* a slab more may have gone back */
	p = kmalloc(KMALLOC_MAX, 0);
	assert_non_null(p);
	kmfree(p);
}

/*
 * With a lock held that interrupt handlers take: a sleep, or a lock of a lower rank, would panic.
 */
static void no_sleep_under_spin_locks(void **state UNUSED)
{
	struct spinlock lock;
	struct kmem_stats before = stats();
	void *block[64];

	spin_init(&lock, "device", RANK_DEV);
	for (size_t size = 1; size <= 16384; size = size * 3 + 1) {
		ulong flags = spin_lock_irq(&lock);

		for (unsigned i = 0; i < ARRAY_SIZE(block); i++)
			block[i] = kmalloc(size, 0);
		for (unsigned i = 0; i < ARRAY_SIZE(block); i++)
			kmfree(block[i]);
		spin_unlock_irq(&lock, flags);
	}
	assert_int_equal(stats().bytes, before.bytes);
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

/* One CPU checks the heap while others use it: nothing looks damaged. */
static bool trading;

static void check_until_done(void *arg UNUSED)
{
	while (__atomic_load_n(&trading, __ATOMIC_ACQUIRE))
		assert_int_equal(kmem_check(), 0);
}

/* Slabs come and go. */
static void slabs_anew(void)
{
	void *block[40];

	for (unsigned round = 0; round < 500; round++) {
		for (unsigned i = 0; i < ARRAY_SIZE(block); i++)
			block[i] = kmalloc(1500, 0);
		for (unsigned i = 0; i < ARRAY_SIZE(block); i++)
			kmfree(block[i]);
	}
}

/* Blocks with a long tail behind what was asked for: to fill its pattern in takes a while. */
static void tails_anew(void)
{
	for (unsigned round = 0; round < 20000; round++)
		kmfree(kmalloc(2049, 0));
}

static void check_beside_others(void **state UNUSED)
{
	ulong before = kmem_damaged();

	trading = true;
	host_start(check_until_done, NULL);
	trade((void *)7ul);
	slabs_anew();
	tails_anew();
	__atomic_store_n(&trading, false, __ATOMIC_RELEASE);
	host_join();
	free_mailbox(NULL);
	memset(mailbox, 0, sizeof(mailbox));
	assert_int_equal(kmem_damaged(), before);
}

/* One block, allocated at two places in turn: at odd epochs it cannot be the first one's. */
static void *owned;
static ulong owned_epoch;
static bool owner_old;

static void watch_owner(void *first)
{
	while (__atomic_load_n(&trading, __ATOMIC_ACQUIRE)) {
		ulong epoch = __atomic_load_n(&owned_epoch, __ATOMIC_ACQUIRE);
		const struct alloc_site *owner = epoch & 1 ? kmem_owner(owned) : NULL;

		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (owner == first && owner &&
			__atomic_load_n(&owned_epoch, __ATOMIC_ACQUIRE) == epoch)
			owner_old = true;
	}
}

static void next_epoch(void)
{
	__atomic_fetch_add(&owned_epoch, 1, __ATOMIC_SEQ_CST);
}

static void an_owner_is_not_the_one_before(void **state UNUSED)
{
	unsigned same = 0;
	void *other;

	owned_epoch = 0;
	owner_old = false;
	trading = true;
	for (unsigned round = 0; round < 20000; round++) {
		owned = kmalloc(3000, 0);
		if (round == 0)
			host_start(watch_owner, (void *)kmem_owner(owned));
		kmfree(owned);
		next_epoch();
		other = kmalloc(3000, 0);
		same += other == owned;
		kmfree(other);
		next_epoch();
	}
	__atomic_store_n(&trading, false, __ATOMIC_RELEASE);
	host_join();
	assert_true(same > 10000);
	assert_false(owner_old);
}

static size_t listed_live, listed_pages;

static void sum(void *arg UNUSED, const struct kmem_cache_stats *s)
{
	size_t pages = s->slabs * s->slab_pages;

	assert_non_null(s->name);
	assert_true(s->live <= s->total && s->total * s->size <= pages * PAGE_SIZE);
	assert_int_equal(s->total, s->slabs * s->per_slab);
	assert_int_equal(s->internal,
		!strcmp(s->name, "magazine") || !strcmp(s->name, "kmem_cache"));
	if (!s->internal)
		listed_live += s->live;
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
		{ "KMALLOC-1 KMALLOC-3 KMALLOC-9: every size is usable and aligned", sizes_are_usable_and_aligned, NULL, NULL, NULL },
		{ "KMALLOC-4 KMALLOC-5: nothing and too much", nothing_and_too_much, NULL, NULL, NULL },
		{ "KMALLOC-5: too much is one line that names the place", too_much_is_one_line_with_its_place, NULL, NULL, NULL },
		{ "KMALLOC-7: zeroed memory is zero", zeroed_memory_is_zero, NULL, NULL, NULL },
		{ "KMALLOC-8: krealloc", realloc_keeps_contents, NULL, NULL, NULL },
		{ "KMALLOC-2: a thousand blocks do not overlap", blocks_do_not_overlap, NULL, NULL, NULL },
		{ "KMALLOC-10 KMALLOC-11 KMALLOC-12: little is wasted, and pages come back", little_is_wasted, NULL, NULL, NULL },
		{ "KMALLOC-14: a cache frees its own objects only", caches_are_their_own, NULL, NULL, NULL },
		{ "KMALLOC-13: double frees have no effect but a line", double_frees_are_reported, NULL, NULL, NULL },
		{ "KMALLOC-13: a double free names both places", double_free_names_both_places, NULL, NULL, NULL },
		{ "KMALLOC-14: invalid frees have no effect but a line", invalid_frees_are_reported, NULL, NULL, NULL },
		{ "KMALLOC-14: an invalid free names the block's place", invalid_free_names_the_block, NULL, NULL, NULL },
		{ "KMALLOC-15: an overrun by one byte is reported at the free", overruns_are_reported_at_the_free, NULL, NULL, NULL },
		{ "KMALLOC-15: a store to a free block is reported at its reuse", late_stores_are_reported_at_reuse, NULL, NULL, NULL },
		{ "KMALLOC-15: the check of the heap finds both", check_finds_what_nobody_touched, NULL, NULL, NULL },
		{ "KMALLOC-15 KMALLOC-19: the check runs beside others", check_beside_others, NULL, NULL, NULL },
		{ "DBG-4 KMALLOC-19: an owner is not the one before", an_owner_is_not_the_one_before, NULL, NULL, NULL },
		{ "KMALLOC-16: places have accounts that add up", places_have_accounts, NULL, NULL, NULL },
		{ "KMALLOC-20: failures on purpose leave nothing", failures_are_null_and_leave_nothing, NULL, NULL, NULL },
		{ "KMALLOC-6: exhaustion is NULL, and passes", exhaustion_is_null_and_passes, NULL, NULL, NULL },
		{ "KMALLOC-18: nothing sleeps while spin locks are held", no_sleep_under_spin_locks, NULL, NULL, NULL },
		{ "KMALLOC-19: CPUs in parallel", cpus_in_parallel, NULL, NULL, NULL },
		{ "KMALLOC-13 KMALLOC-19: of several frees at once one wins", double_free_race_has_one_winner, NULL, NULL, NULL },
		{ "KMALLOC-16: the list of caches agrees with the figures", list_agrees_with_figures, NULL, NULL, NULL },
		{ "KMALLOC-16: what was there all the time is counted to the end", ballast_is_counted_to_the_end, NULL, NULL, NULL },
	};

	host_log_quiet(true);
	host_boot(64);
	take_ballast();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
