/*
 * Single cases of the map calls and of the page cache that random operations meet too seldom: each
 * was wrong once, or nearly.
 */
#include "unit.h"
#include "lib/errno.h"
#include "vm/check.h"
#include "vm/inject.h"
#include "vm/mm.h"
#include "vm/obj.h"
#include "vm/uaccess.h"
#include "vm/writeback.h"

enum { FILE_PAGES = 48 };

#define BASE 0x40000000ul
#define RW (PROT_READ | PROT_WRITE)

/* --- a file in memory, whose disk can fail --- */

static struct {
	struct obj obj;
	u8 disk[FILE_PAGES][4096];
	int write_error;
} store;

static int store_read(struct obj *o UNUSED, struct page *p)
{
	memcpy(page_addr(p), store.disk[p->index], PAGE_SIZE);
	return 0;
}

static int store_write(struct obj *o UNUSED, struct page **pages, unsigned n)
{
	if (store.write_error)
		return store.write_error;
	for (unsigned i = 0; i < n; i++)
		memcpy(store.disk[pages[i]->index], page_addr(pages[i]), PAGE_SIZE);
	return 0;
}

static int store_reserve(struct obj *o UNUSED, ulong index UNUSED)
{
	return 0;
}

static const struct obj_ops store_ops = {
	.read = store_read, .write = store_write, .reserve = store_reserve,
};

/* --- --- */

static struct mm *mm;

static int begin(void **state UNUSED)
{
	memset(&store, 0, sizeof(store));
	obj_init(&store.obj, &store_ops, FILE_PAGES * PAGE_SIZE);
	mm = mm_create();
	host_run(mm);
	return 0;
}

static int end(void **state UNUSED)
{
	mm_check(mm);
	host_run(NULL);
	mm_put(mm);
	assert_int_equal(obj_truncate(&store.obj, 0), 0);
	obj_put(&store.obj);
	return 0;
}

static long map(ulong page, ulong pages, unsigned prot, unsigned flags, struct obj *o)
{
	struct map_request rq = {
		.addr = BASE + page * PAGE_SIZE, .len = pages * PAGE_SIZE,
		.prot = prot, .max_prot = PROT_ALL, .flags = flags, .obj = o,
	};

	return mm_map(mm, &rq);
}

static void map_own(ulong page, ulong pages, unsigned prot)
{
	assert_int_equal(map(page, pages, prot, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, NULL),
			 BASE + page * PAGE_SIZE);
}

static int protect(ulong page, ulong pages, unsigned prot)
{
	return mm_protect(mm, BASE + page * PAGE_SIZE, pages * PAGE_SIZE, prot);
}

static int unmap(ulong page, ulong pages)
{
	return mm_unmap(mm, BASE + page * PAGE_SIZE, pages * PAGE_SIZE);
}

static void store_page(ulong page, u8 value)
{
	assert_int_equal(host_store(BASE + page * PAGE_SIZE, value), FAULT_OK);
}

static u8 load_page(ulong page)
{
	u8 value;

	assert_int_equal(host_load(BASE + page * PAGE_SIZE, &value), FAULT_OK);
	return value;
}

/* --- mprotect --- */

static void protect_joins_what_was_alike_already(void **state UNUSED)
{
	map_own(0, 3, RW);
	assert_int_equal(mm->nr_vmas, 1);
	assert_int_equal(protect(1, 1, PROT_READ), 0);
	assert_int_equal(mm->nr_vmas, 3);
	assert_int_equal(protect(0, 3, RW), 0);
	assert_int_equal(mm->nr_vmas, 1);
	assert_int_equal(protect(0, 1, PROT_READ), 0);
	assert_int_equal(protect(1, 2, PROT_READ), 0);
	assert_int_equal(mm->nr_vmas, 1);
}

static void protect_leaves_no_entry_without_rights(void **state UNUSED)
{
	struct page *p;
	unsigned prot;
	u8 value;

	map_own(0, 1, RW);
	store_page(0, 7);
	assert_int_equal(protect(0, 1, PROT_EXEC), 0);
	assert_false(pmap_lookup(&mm->pmap, BASE, &p, &prot));
	assert_int_equal(mm->pmap.resident, 0);
	assert_int_equal(host_load(BASE, &value), FAULT_ACCERR);
	assert_int_equal(host_fetch(BASE, &value), FAULT_OK);
	assert_int_equal(value, 7);
}

/* --- the number of mappings --- */

static void calls_keep_to_the_number_of_mappings(void **state UNUSED)
{
	ulong max = mm_max_vmas;

	for (ulong i = 0; i < 4; i++)
		map_own(4 * i, 3, i % 2 ? RW : PROT_READ);
	mm_max_vmas = 4;
	assert_int_equal(map(100, 1, RW, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, NULL), -ENOMEM);
	assert_int_equal(map(100, 1, RW, MAP_PRIVATE | MAP_ANONYMOUS, NULL), -ENOMEM);
	assert_int_equal(unmap(1, 1), -ENOMEM);
	assert_int_equal(protect(1, 1, RW), -ENOMEM);
	assert_int_equal(map(1, 1, RW, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, NULL), -ENOMEM);
	assert_int_equal(map(0, 1, RW, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, NULL), -ENOMEM);
	assert_int_equal(mm->nr_vmas, 4);
	mm_check(mm);
	/* The number stays the same, or falls. */
	assert_int_equal(unmap(0, 1), 0);
	assert_int_equal(unmap(2, 1), 0);
	map_own(4, 3, PROT_READ);
	map_own(5, 6, RW);
	assert_int_equal(mm->nr_vmas, 4);
	mm_max_vmas = max;
}

/* --- memory that comes back --- */

static void unmapping_nothing_takes_no_memory(void **state UNUSED)
{
	struct mm *child;

	map_own(0, 64, RW);
	store_page(3, 1);
	child = mm_fork(mm);
	alloc_fail(1, 1);
	assert_int_equal(unmap(100, 5), 0);
	alloc_fail(0, 0);
	mm_put(child);
}

static void destroying_returns_every_table(void **state UNUSED)
{
	struct page_stats before, after;
	struct mm *other;

	page_get_stats(&before);
	other = mm_create();
	host_run(other);
	for (ulong i = 1; i < 100; i++) {
		struct map_request rq = {
			.addr = i << 31, .len = PAGE_SIZE, .prot = RW, .max_prot = RW,
			.flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
		};

		assert_int_equal(mm_map(other, &rq), i << 31);
		assert_int_equal(host_store(i << 31, 1), FAULT_OK);
		if (i % 2)
			assert_int_equal(mm_unmap(other, i << 31, PAGE_SIZE), 0);
	}
	host_run(mm);
	mm_put(other);
	page_get_stats(&after);
	assert_int_equal(before.ptable, after.ptable);
	assert_int_equal(before.anon, after.anon);
}

/* --- write-back --- */

static void write_file(ulong page, u8 value)
{
	struct iovec iov;
	struct uio u;

	uio_init(&u, &iov, (ulong)&value, 1, true);
	assert_int_equal(obj_write(&store.obj, (off_t)(page * PAGE_SIZE), &u), 1);
}

static void failed_write_is_told_once(void **state UNUSED)
{
	host_log_quiet(true);
	write_file(1, 5);
	store.write_error = -EIO;
	obj_write_back(&store.obj); /* as the thread does */
	store.write_error = 0;
	host_log_quiet(false);
	assert_int_equal(obj_sync(&store.obj, 0, RADIX_NONE), -EIO);
	assert_int_equal(obj_sync(&store.obj, 0, RADIX_NONE), 0);
}

static void want_of_memory_loses_no_page(void **state UNUSED)
{
	write_file(1, 5);
	store.write_error = -ENOMEM;
	assert_int_equal(obj_sync(&store.obj, 0, RADIX_NONE), -ENOMEM);
	store.write_error = 0;
	assert_int_equal(store.disk[1][0], 0);
	assert_int_equal(obj_sync(&store.obj, 0, RADIX_NONE), 0);
	assert_int_equal(store.disk[1][0], 5);
}

static void reclaim_takes_as_much_as_is_asked(void **state UNUSED)
{
	for (ulong i = 0; i < FILE_PAGES; i++) {
		struct page *p;

		assert_int_equal(obj_get_page(&store.obj, i, &p), 0);
		page_put(p);
	}
	assert_int_equal(obj_reclaim(~0ul, true), FILE_PAGES);
}

/* A page of the file that is written anew is noted as one that instruction fetch has not seen. */
static void write_makes_a_page_unfetched(void **state UNUSED)
{
	struct page *p;
	u8 value;

	write_file(0, 1);
	assert_true(map(0, 1, PROT_READ | PROT_EXEC, MAP_FIXED | MAP_SHARED, &store.obj) > 0);
	assert_int_equal(host_fetch(BASE, &value), FAULT_OK);
	assert_int_equal(obj_get_page(&store.obj, 0, &p), 0);
	assert_true(p->flags & PAGE_FETCHABLE);
	write_file(0, 2);
	assert_false(p->flags & PAGE_FETCHABLE);
	page_put(p);
	assert_int_equal(load_page(0), 2);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(protect_joins_what_was_alike_already),
		TEST(protect_leaves_no_entry_without_rights),
		TEST(calls_keep_to_the_number_of_mappings),
		TEST(unmapping_nothing_takes_no_memory),
		TEST(destroying_returns_every_table),
		TEST(failed_write_is_told_once),
		TEST(want_of_memory_loses_no_page),
		TEST(reclaim_takes_as_much_as_is_asked),
		TEST(write_makes_a_page_unfetched),
	};

	host_boot(32);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
