/*
 * Faults and address spaces, case by case: what each kind of mapping does at the first touch, after
 * fork, at its ends, and when there is no memory or no disk.
 */
#include "unit.h"
#include "lib/errno.h"
#include "memfile.h"
#include "vm/check.h"
#include "vm/inject.h"
#include "vm/figures.h"
#include "vm/mm.h"
#include "vm/uaccess.h"

#define BASE 0x40000000ul
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static struct mm *mm;
static struct memfile *file;
static struct page_stats before;

static int begin(void **state UNUSED)
{
	page_get_stats(&before);
	file = memfile_new(8 * PAGE_SIZE);
	mm = mm_create();
	host_run(mm);
	return 0;
}

static int end(void **state UNUSED)
{
	struct page_stats after;

	mm_check(mm);
	host_set_limit(LIMIT_STACK, ~0ul);
	host_run(NULL);
	mm_put(mm);
	file->write_error = file->read_error = file->reserve_error = 0;
	assert_int_equal(obj_truncate(&file->obj, 0), 0);
	obj_put(&file->obj);
	page_get_stats(&after);
	assert_int_equal(after.anon, before.anon);
	assert_int_equal(after.obj, before.obj);
	assert_int_equal(after.ptable, before.ptable);
	return 0;
}

static ulong map_at(ulong addr, ulong pages, unsigned prot, unsigned flags, struct obj *o)
{
	struct map_request rq = {
		.addr = addr,
		.len = pages * PAGE_SIZE,
		.prot = prot,
		.max_prot = PROT_ALL,
		.flags = flags,
		.obj = o,
	};
	long at = mm_map(mm, &rq);

	assert_true(at > 0);
	return (ulong)at;
}

static u8 load(ulong va)
{
	u8 value;

	assert_int_equal(host_load(va, &value), FAULT_OK);
	return value;
}

static void store(ulong va, u8 value)
{
	assert_int_equal(host_store(va, value), FAULT_OK);
}

static ulong anon_pages(void)
{
	struct page_stats s;

	page_get_stats(&s);
	return s.anon - before.anon;
}

static void untouched_memory_costs_nothing_to_read(void **state UNUSED)
{
	ulong at = map_at(0, 100, RW, ANON, NULL);

	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(load(at + i * PAGE_SIZE + i), 0);
	assert_int_equal(anon_pages(), 0);
	store(at + 5 * PAGE_SIZE, 1);
	assert_int_equal(anon_pages(), 1);
	assert_int_equal(load(at + 5 * PAGE_SIZE), 1);
	assert_int_equal(load(at + 5 * PAGE_SIZE + 1), 0);
	assert_int_equal(load(at + 6 * PAGE_SIZE), 0);
}

static void accesses_are_judged(void **state UNUSED)
{
	ulong none = map_at(BASE, 1, PROT_NONE, ANON | MAP_FIXED, NULL);
	ulong read = map_at(BASE + PAGE_SIZE, 1, PROT_READ, ANON | MAP_FIXED, NULL);
	ulong code = map_at(BASE + 2 * PAGE_SIZE, 1, PROT_READ | PROT_EXEC, ANON | MAP_FIXED, NULL);
	ulong write = map_at(BASE + 3 * PAGE_SIZE, 1, PROT_WRITE, ANON | MAP_FIXED, NULL);
	u8 v;

	assert_int_equal(host_load(none, &v), FAULT_ACCERR);
	assert_int_equal(host_store(none, 1), FAULT_ACCERR);
	assert_int_equal(host_store(read, 1), FAULT_ACCERR);
	assert_int_equal(host_fetch(read, &v), FAULT_ACCERR);
	assert_int_equal(host_fetch(code, &v), FAULT_OK);
	assert_int_equal(host_store(code, 1), FAULT_ACCERR);
	assert_int_equal(host_load(write, &v), FAULT_OK); /* no machine can keep it from that */
	assert_int_equal(host_load(BASE - 1, &v), FAULT_MAPERR);
	assert_int_equal(host_load(BASE + 4 * PAGE_SIZE, &v), FAULT_MAPERR);
	assert_int_equal(host_load(0, &v), FAULT_MAPERR);
	assert_int_equal(host_store(USER_TOP - 1, 1), FAULT_MAPERR);
	assert_int_equal(host_store(USER_TOP, 1), FAULT_MAPERR);
	assert_int_equal(host_store(~0ul, 1), FAULT_MAPERR);
}

static void private_file_pages_are_copied_at_the_first_store(void **state UNUSED)
{
	ulong at = map_at(0, 4, RW, MAP_PRIVATE, &file->obj);

	assert_int_equal(load(at + PAGE_SIZE + 7), 2);
	assert_int_equal(anon_pages(), 0);
	store(at + PAGE_SIZE, 99);
	assert_int_equal(anon_pages(), 1);
	assert_int_equal(load(at + PAGE_SIZE), 99);
	assert_int_equal(load(at + PAGE_SIZE + 1), 2);
	assert_int_equal(obj_sync(&file->obj, 0, RADIX_NONE), 0);
	assert_int_equal(file->writes, 0);
}

static void beyond_the_file_is_a_bus_error(void **state UNUSED)
{
	ulong at = map_at(0, 12, RW, MAP_SHARED, &file->obj);
	u8 v;

	assert_int_equal(load(at + 7 * PAGE_SIZE), 8);
	assert_int_equal(host_load(at + 8 * PAGE_SIZE, &v), FAULT_BUS);
	assert_int_equal(host_store(at + 11 * PAGE_SIZE, 1), FAULT_BUS);
	assert_int_equal(obj_truncate(&file->obj, 10 * PAGE_SIZE), 0);
	assert_int_equal(load(at + 8 * PAGE_SIZE), 0);
	assert_int_equal(obj_truncate(&file->obj, PAGE_SIZE), 0);
	assert_int_equal(host_load(at + PAGE_SIZE, &v), FAULT_BUS);
	assert_int_equal(load(at), 1);
}

static void a_broken_disk_is_a_bus_error(void **state UNUSED)
{
	ulong at = map_at(0, 4, RW, MAP_SHARED, &file->obj);
	u8 v;

	file->read_error = -EIO;
	assert_int_equal(host_load(at, &v), FAULT_BUS);
	file->read_error = 0;
	assert_int_equal(load(at), 1);
	file->reserve_error = -ENOSPC;
	assert_int_equal(host_store(at, 5), FAULT_BUS);
	assert_int_equal(load(at), 1);
	file->reserve_error = 0;
	store(at, 5);
	assert_int_equal(load(at), 5);
}

/* Of three generations each keeps its own, and a page that has one owner again is written in place.
 */
static void fork_copies_on_write(void **state UNUSED)
{
	ulong at = map_at(0, 1, RW, ANON, NULL);
	struct mm *child, *grandchild;

	store(at, 1);
	child = mm_fork(mm);
	host_run(child);
	grandchild = mm_fork(child);
	assert_int_equal(anon_pages(), 1);
	store(at, 2);
	assert_int_equal(anon_pages(), 2);
	host_run(grandchild);
	assert_int_equal(load(at), 1);
	store(at, 3);
	assert_int_equal(anon_pages(), 3);
	host_run(mm);
	assert_int_equal(load(at), 1);
	store(at, 4); /* alone by now */
	assert_int_equal(anon_pages(), 3);
	host_run(child);
	assert_int_equal(load(at), 2);
	host_run(mm);
	mm_put(child);
	mm_put(grandchild);
	assert_int_equal(anon_pages(), 1);
	assert_int_equal(load(at), 4);
}

static void shared_memory_is_shared_with_the_child(void **state UNUSED)
{
	ulong at = map_at(0, 3, RW, MAP_SHARED | MAP_ANONYMOUS, NULL);
	struct mm *child;

	store(at, 1);
	child = mm_fork(mm);
	host_run(child);
	assert_int_equal(load(at), 1);
	store(at + PAGE_SIZE, 2);
	host_run(mm);
	assert_int_equal(load(at + PAGE_SIZE), 2);
	store(at, 3);
	host_run(child);
	assert_int_equal(load(at), 3);
	host_run(mm);
	mm_put(child);
}

static void stacks_grow_to_their_limit(void **state UNUSED)
{
	ulong top = BASE + (64ul << 20),
	      at = map_at(top - PAGE_SIZE, 1, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, NULL);
	u8 v;

	host_set_limit(LIMIT_STACK, 100 * PAGE_SIZE);
	store(at - PAGE_SIZE, 1);
	store(top - 50 * PAGE_SIZE, 2);
	assert_int_equal(load(top - 30 * PAGE_SIZE), 0);
	store(top - 100 * PAGE_SIZE, 3);
	assert_int_equal(host_load(top - 101 * PAGE_SIZE, &v), FAULT_MAPERR);
	assert_int_equal(host_store(top - 1000 * PAGE_SIZE, 3), FAULT_MAPERR);
	assert_int_equal(mm->nr_pages, 100);
	assert_int_equal(mm->nr_vmas, 1);
}

/* What lies below keeps a growing stack at a distance, and nothing is put into that room. */
static void stacks_keep_their_distance(void **state UNUSED)
{
	ulong top = BASE + (64ul << 20);
	ulong at = map_at(top - PAGE_SIZE, 1, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, NULL);
	ulong low = map_at(at - 300 * PAGE_SIZE, 1, RW, ANON | MAP_FIXED, NULL);
	ulong hint;

	host_set_limit(LIMIT_STACK, 1000 * PAGE_SIZE);
	store(at - 40 * PAGE_SIZE, 1);
	assert_int_equal(host_store(at - 60 * PAGE_SIZE, 1), FAULT_MAPERR);
	hint = map_at(at - 100 * PAGE_SIZE, 1, RW, ANON, NULL);
	assert_int_not_equal(hint, at - 100 * PAGE_SIZE);
	assert_int_equal(load(low), 0);
}

static void gaps_are_found_from_below(void **state UNUSED)
{
	ulong a = map_at(0, 10, RW, ANON, NULL), b = map_at(0, 5, PROT_READ, ANON, NULL), c;

	assert_int_equal(a, MMAP_BASE);
	assert_int_equal(b, a + 10 * PAGE_SIZE);
	assert_int_equal(mm_unmap(mm, a + 2 * PAGE_SIZE, 3 * PAGE_SIZE), 0);
	c = map_at(0, 4, RW, ANON, NULL);
	assert_int_equal(c, b + 5 * PAGE_SIZE);
	assert_int_equal(map_at(0, 3, RW, ANON, NULL), a + 2 * PAGE_SIZE);
	assert_int_equal(map_at(BASE * 2, 1, RW, ANON, NULL), BASE * 2);
	assert_int_not_equal(map_at(BASE * 2, 1, RW, ANON, NULL), BASE * 2);
}

static void the_heap_goes_up_and_down(void **state UNUSED)
{
	ulong start = 0x10000000, brk;
	u8 v;

	mm_set_brk(mm, start);
	assert_int_equal(mm_brk(mm, 0), start);
	brk = mm_brk(mm, start + 10000);
	assert_int_equal(brk, start + 10000);
	store(start, 1);
	store(brk, 2); /* the rest of its page */
	assert_int_equal(host_load(start + 3 * PAGE_SIZE, &v), FAULT_MAPERR);
	assert_int_equal(mm_brk(mm, start + 100), start + 100);
	assert_int_equal(host_load(start + PAGE_SIZE, &v), FAULT_MAPERR);
	assert_int_equal(mm_brk(mm, start - 1), start + 100);
	assert_int_equal(mm_brk(mm, ~0ul), start + 100);
	assert_int_equal(mm_brk(mm, start + 10000), start + 10000);
	assert_int_equal(load(start), 1);
	assert_int_equal(load(start + 2 * PAGE_SIZE), 0); /* not what was there before */
	map_at(start + 8 * PAGE_SIZE, 1, RW, ANON | MAP_FIXED, NULL);
	assert_int_equal(mm_brk(mm, start + 9 * PAGE_SIZE), start + 10000);
}

static void a_want_of_memory_is_told_and_passes(void **state UNUSED)
{
	ulong own = map_at(0, 1, RW, ANON, NULL), shared = map_at(0, 2, RW, MAP_SHARED, &file->obj);
	ulong copied = map_at(0, 2, RW, MAP_PRIVATE, &file->obj);
	const ulong where[] = { own, shared, copied };

	for (unsigned i = 0; i < ARRAY_SIZE(where); i++) {
		enum fault_result r = FAULT_OOM;

		for (ulong n = 1; r == FAULT_OOM; n++) {
			alloc_fail(n, 0);
			r = host_store(where[i], 42);
			alloc_fail(0, 0);
			assert_true(r == FAULT_OK || r == FAULT_OOM);
			mm_check(mm);
		}
		assert_int_equal(load(where[i]), 42);
	}
}

static void copies_end_exactly_at_a_bad_address(void **state UNUSED)
{
	ulong at = map_at(BASE, 2, RW, ANON | MAP_FIXED, NULL);
	char buf[3 * 4096];

	memset(buf, 'x', sizeof(buf));
	assert_int_equal(
		copyout_some(at + 100, buf, sizeof(buf)), sizeof(buf) - (2 * PAGE_SIZE - 100));
	assert_int_equal(copyout(at + PAGE_SIZE, buf, PAGE_SIZE), 0);
	assert_int_equal(copyout(at + PAGE_SIZE + 1, buf, PAGE_SIZE), -EFAULT);
	assert_int_equal(copyin(buf, at - 1, 2), -EFAULT);
	assert_int_equal(clearout_some(at + 2 * PAGE_SIZE - 10, 20), 10);
	assert_int_equal(copyin(buf, USER_TOP - 1, 2), -EFAULT);
	assert_int_equal(copyin(buf, ~0ul - 5, 100), -EFAULT);
	assert_int_equal(copyin_str(buf, at + 200, 50), -ENAMETOOLONG);
	store(at + 2 * PAGE_SIZE - 1, 'y');
	assert_int_equal(copyin_str(buf, at + 2 * PAGE_SIZE - 1, 50), -EFAULT);
	assert_int_equal(copyin_str(buf, at + 2 * PAGE_SIZE - 11, 50), 1);
	uaccess_nofault_begin();
	assert_int_equal(copyin_some(buf, map_at(0, 1, RW, ANON, NULL), 8), 8);
	uaccess_nofault_end();
}

static void descriptions_say_what_is_there(void **state UNUSED)
{
	ulong at = map_at(BASE, 4, RW, MAP_SHARED | MAP_FIXED, &file->obj);
	struct vma_info info;

	map_at(BASE + 8 * PAGE_SIZE, 2, PROT_READ, ANON | MAP_FIXED, NULL);
	load(at);
	store(at + PAGE_SIZE, 1);
	assert_true(mm_describe(mm, 0, true, &info));
	assert_int_equal(info.start, at);
	assert_int_equal(info.end, at + 4 * PAGE_SIZE);
	assert_int_equal(info.prot, RW);
	assert_true(info.figures.rss >= 2);
	assert_int_equal(info.figures.anonymous, 0);
	assert_true(mm_describe(mm, info.end, true, &info));
	assert_int_equal(info.start, BASE + 8 * PAGE_SIZE);
	assert_int_equal(info.figures.rss, 0);
	assert_false(mm_describe(mm, info.end, true, &info));
}

/* A private page counts half in a parent and in its child, until one of them stores to it. */
static void shares_add_up_after_a_fork(void **state UNUSED)
{
	ulong at = map_at(BASE, 300, RW, ANON | MAP_FIXED, NULL);
	struct vma_info info;
	struct mm *child;

	store(at, 1);
	store(at + 299 * PAGE_SIZE, 2);
	assert_true(mm_describe(mm, at, true, &info));
	assert_int_equal(info.figures.private_dirty, 2);
	assert_int_equal(info.figures.pss, 2 << SHARE_SHIFT);
	child = mm_fork(mm);
	assert_true(mm_describe(child, at, true, &info));
	assert_int_equal(info.figures.rss, 2);
	assert_int_equal(info.figures.shared_dirty, 2);
	assert_int_equal(info.figures.pss, 1 << SHARE_SHIFT);
	host_run(child);
	store(at, 3);
	assert_true(mm_describe(child, at, true, &info));
	assert_int_equal(info.figures.shared_dirty, 1);
	assert_int_equal(info.figures.private_dirty, 1);
	assert_int_equal(info.figures.pss, 3 << SHARE_SHIFT >> 1);
	host_run(mm);
	mm_put(child);
	assert_true(mm_describe(mm, at, true, &info));
	assert_int_equal(info.figures.private_dirty, 2);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(untouched_memory_costs_nothing_to_read),
		TEST(accesses_are_judged),
		TEST(private_file_pages_are_copied_at_the_first_store),
		TEST(beyond_the_file_is_a_bus_error),
		TEST(a_broken_disk_is_a_bus_error),
		TEST(fork_copies_on_write),
		TEST(shared_memory_is_shared_with_the_child),
		TEST(stacks_grow_to_their_limit),
		TEST(stacks_keep_their_distance),
		TEST(gaps_are_found_from_below),
		TEST(the_heap_goes_up_and_down),
		TEST(a_want_of_memory_is_told_and_passes),
		TEST(copies_end_exactly_at_a_bad_address),
		TEST(descriptions_say_what_is_there),
		TEST(shares_add_up_after_a_fork),
	};

	host_boot(64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
