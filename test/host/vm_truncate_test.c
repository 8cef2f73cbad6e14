/*
 * Truncation against everything that makes private copies of a file's pages: stores, forks, and
 * children that store. What was cut off must not come back, neither in the address space nor in a
 * child that was being made meanwhile.
 */
#include "unit.h"
#include "memfile.h"
#include "vm/check.h"
#include "vm/kmalloc.h"
#include "vm/mm.h"
#include "vm/obj.h"
#include "vm/uaccess.h"

enum { PAGES = 40, FORKS = 4000, OLD = 99, MARK = 5 };

#define START 0x40000000ul

/* cmocka's asserts jump, which only the main thread may do. */
#define CHECK(x)                                                             \
	do {                                                                 \
		if (!(x)) {                                                  \
			print_error("%s:%d: %s\n", __FILE__, __LINE__, #x); \
			abort();                                             \
		}                                                            \
	} while (0)

static struct memfile *file;
static struct mm *mm;
static unsigned forks; /* when there were enough, all end */

static bool enough(void)
{
	return __atomic_load_n(&forks, __ATOMIC_ACQUIRE) >= FORKS;
}

static void write_mark(ulong page)
{
	struct iovec iov;
	struct uio u;
	u8 old = OLD;

	uio_init(&u, &iov, (ulong)&old, 1, true);
	CHECK(obj_write(&file->obj, (off_t)(page * PAGE_SIZE + MARK), &u) == 1);
}

/* The only thread that changes the file: what it has cut off it must not see again. */
static void cut_and_grow(void *arg UNUSED)
{
	u8 value;

	host_run(mm);
	for (unsigned i = 0; !enough(); i++) {
		ulong page = i % 3 ? 3 : i % PAGES;

		write_mark(page);
		CHECK(obj_truncate(&file->obj, i % 5 ? 0 : page * PAGE_SIZE) == 0);
		memset(file->disk, 0, sizeof(file->disk));
		CHECK(obj_truncate(&file->obj, PAGES * PAGE_SIZE) == 0);
		CHECK(host_load(START + page * PAGE_SIZE + MARK, &value) == FAULT_OK);
		CHECK(value == 0);
	}
	host_run(NULL);
}

static void store_somewhere(unsigned me, unsigned i)
{
	ulong page = i % 2 ? 3 : i % PAGES;
	enum fault_result r = host_store(START + page * PAGE_SIZE + 100 + me, (u8)i);

	CHECK(r == FAULT_OK || r == FAULT_BUS);
}

static void store_all_the_time(void *arg)
{
	host_run(mm);
	for (unsigned i = 0; !enough(); i++)
		store_somewhere((unsigned)(ulong)arg, i);
	host_run(NULL);
}

static void fork_all_the_time(void *arg)
{
	struct mm *child;

	for (unsigned i = 0; !enough(); i++) {
		child = mm_fork(mm);
		CHECK(child);
		mm_check(child);
		host_run(child);
		store_somewhere((unsigned)(ulong)arg, i);
		mm_check(child);
		host_run(NULL);
		mm_put(child);
		__atomic_fetch_add(&forks, 1, __ATOMIC_RELEASE);
	}
}

static void cut_off_bytes_stay_away(void **state UNUSED)
{
	struct page_stats before, after;
	struct kmem_stats kmem_before, kmem_after;
	struct map_request rq = {
		.addr = START, .len = PAGES * PAGE_SIZE, .prot = PROT_READ | PROT_WRITE, .max_prot = PROT_ALL,
		.flags = MAP_PRIVATE | MAP_FIXED,
	};

	page_get_stats(&before);
	kmem_get_stats(&kmem_before);
	file = memfile_new(PAGES * PAGE_SIZE);
	rq.obj = &file->obj;
	mm = mm_create();
	assert_int_equal(mm_map(mm, &rq), START);
	host_start(cut_and_grow, NULL);
	host_start(store_all_the_time, (void *)1);
	host_start(store_all_the_time, (void *)2);
	host_start(fork_all_the_time, (void *)3);
	host_join();
	mm_check(mm);
	mm_put(mm);
	assert_int_equal(obj_truncate(&file->obj, 0), 0);
	obj_put(&file->obj);
	page_get_stats(&after);
	kmem_get_stats(&kmem_after);
	assert_int_equal(before.anon, after.anon);
	assert_int_equal(before.obj, after.obj);
	assert_int_equal(before.ptable, after.ptable);
	assert_int_equal(kmem_before.blocks, kmem_after.blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_off_bytes_stay_away),
	};

	host_boot(32);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
