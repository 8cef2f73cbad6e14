/*
 * Objects: filling, writing, truncating, writing back, dropping, and what happens when the disk
 * fails or is full.
 */
#include "unit.h"
#include "lib/errno.h"
#include "memfile.h"
#include "vm/inject.h"
#include "vm/kmalloc.h"
#include "vm/mm.h"
#include "vm/uaccess.h"

static struct memfile *file;
static struct page_stats pages_before;

static int begin(void **state UNUSED)
{
	page_get_stats(&pages_before);
	file = memfile_new(10 * PAGE_SIZE + 100);
	return 0;
}

static int end(void **state UNUSED)
{
	struct page_stats s;

	/* Dirty pages would be held until they are written. */
	file->write_error = file->read_error = file->reserve_error = 0;
	obj_truncate(&file->obj, 0);
	assert_int_equal(file->obj.ref, 1);
	obj_put(&file->obj);
	page_get_stats(&s);
	assert_int_equal(s.obj, pages_before.obj);
	return 0;
}

static ssize_t file_write(u64 off, const void *data, size_t n)
{
	struct iovec iov;
	struct uio u;

	uio_init(&u, &iov, (ulong)data, n, true);
	return obj_write(&file->obj, (off_t)off, &u);
}

static ssize_t file_read(u64 off, void *data, size_t n)
{
	struct iovec iov;
	struct uio u;

	uio_init(&u, &iov, (ulong)data, n, true);
	return obj_read(&file->obj, (off_t)off, &u);
}

static u8 byte_at(u64 off)
{
	u8 byte = 0;

	assert_int_equal(file_read(off, &byte, 1), 1);
	return byte;
}

static void reading_ends_at_the_size(void **state UNUSED)
{
	static u8 buf[20 * 4096];

	assert_int_equal(file_read(0, buf, sizeof(buf)), 10 * PAGE_SIZE + 100);
	for (u64 i = 0; i < 10 * PAGE_SIZE + 100; i++)
		assert_int_equal(buf[i], i / PAGE_SIZE + 1);
	assert_int_equal(file_read(10 * PAGE_SIZE + 100, buf, 1), 0);
	assert_int_equal(file_read(10 * PAGE_SIZE + 99, buf, 5), 1);
	assert_int_equal(file_read(1ull << 50, buf, 1), 0);
	assert_int_equal(file->reads, 11);
	assert_int_equal(file_read(5000, buf, 9000), 9000);
	assert_int_equal(file->reads, 11); /* from memory */
}

static void writing_grows_and_leaves_zeros(void **state UNUSED)
{
	u8 data[100];

	memset(data, 0xee, sizeof(data));
	assert_int_equal(file_write(20 * PAGE_SIZE - 50, data, 100), 100);
	assert_int_equal(file->obj.size, 20 * PAGE_SIZE + 50);
	assert_int_equal(byte_at(10 * PAGE_SIZE + 99), 11);
	assert_int_equal(byte_at(10 * PAGE_SIZE + 100), 0);
	assert_int_equal(byte_at(20 * PAGE_SIZE - 51), 0);
	assert_int_equal(byte_at(20 * PAGE_SIZE - 50), 0xee);
	assert_int_equal(byte_at(20 * PAGE_SIZE + 49), 0xee);
	assert_int_equal(file->writes, 0);
	assert_int_equal(obj_sync(&file->obj, 0, RADIX_NONE), 0);
	assert_int_equal(file->disk[20][49], 0xee);
	assert_int_equal(file->disk[20][50], 0);
	assert_false(file->reserved[15]); /* a hole stays one */
}

static void cutting_zeroes_the_tail(void **state UNUSED)
{
	byte_at(5 * PAGE_SIZE);
	assert_int_equal(obj_truncate(&file->obj, 3 * PAGE_SIZE + 10), 0);
	assert_int_equal(file->obj.pages.count, 1);
	assert_int_equal(obj_truncate(&file->obj, 8 * PAGE_SIZE), 0);
	assert_int_equal(byte_at(3 * PAGE_SIZE + 9), 4);
	assert_int_equal(byte_at(3 * PAGE_SIZE + 10), 0);
	assert_int_equal(obj_sync(&file->obj, 0, RADIX_NONE), 0);
	assert_int_equal(file->disk[3][9], 4);
	assert_int_equal(file->disk[3][10], 0);
}

static void only_what_was_changed_is_written(void **state UNUSED)
{
	u8 one = 1;

	byte_at(2 * PAGE_SIZE);
	file_write(4 * PAGE_SIZE, &one, 1);
	file_write(7 * PAGE_SIZE, &one, 1);
	assert_int_equal(obj_sync(&file->obj, 5, 9), 0);
	assert_int_equal(file->writes, 1);
	assert_int_equal(file->disk[4][0], 5);
	assert_int_equal(obj_sync(&file->obj, 0, RADIX_NONE), 0);
	assert_int_equal(file->writes, 2);
	assert_int_equal(obj_sync(&file->obj, 0, RADIX_NONE), 0);
	assert_int_equal(file->writes, 2);
}

static void a_read_error_leaves_no_page(void **state UNUSED)
{
	u8 buf[3 * 4096];
	struct page *p;

	byte_at(0);
	file->read_error = -EIO;
	assert_int_equal(obj_get_page(&file->obj, 5, &p), -EIO);
	assert_int_equal(file->obj.pages.count, 1);
	assert_int_equal(file_read(0, buf, sizeof(buf)), PAGE_SIZE); /* as far as it goes */
	assert_int_equal(file_read(PAGE_SIZE, buf, 10), -EIO);
	file->read_error = 0;
	assert_int_equal(byte_at(5 * PAGE_SIZE), 6);
}

static void a_full_disk_stops_the_write(void **state UNUSED)
{
	u8 buf[2 * 4096] = { 0 };

	file->reserve_error = -ENOSPC;
	assert_int_equal(file_write(20 * PAGE_SIZE, buf, sizeof(buf)), -ENOSPC);
	assert_int_equal(file_write(3 * PAGE_SIZE, buf, 10), -ENOSPC);
	assert_int_equal(file->obj.size, 10 * PAGE_SIZE + 100);
	file->reserve_error = 0;
	assert_int_equal(byte_at(3 * PAGE_SIZE), 4);
}

static void a_bad_source_changes_nothing_or_ends_early(void **state UNUSED)
{
	struct mm *mm = mm_create();
	struct map_request rq = {
		.addr = 0x40000000,
		.len = PAGE_SIZE,
		.prot = PROT_READ,
		.max_prot = PROT_ALL,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	};
	struct iovec iov;
	struct uio u;

	host_run(mm);
	assert_int_equal(mm_map(mm, &rq), 0x40000000);
	uio_init(&u, &iov, 0x50000000, 10, false);
	assert_int_equal(obj_write(&file->obj, 100, &u), -EFAULT);
	assert_int_equal(byte_at(100), 1);
	uio_init(&u, &iov, 0x50000000, 10, false);
	assert_int_equal(obj_write(&file->obj, 30 * PAGE_SIZE, &u), -EFAULT);
	assert_int_equal(file->obj.size, 10 * PAGE_SIZE + 100);
	/* The first 16 bytes can be read. */
	uio_init(&u, &iov, 0x40000000 + PAGE_SIZE - 16, 100, false);
	assert_int_equal(obj_write(&file->obj, 200, &u), 16);
	assert_int_equal(byte_at(215), 0);
	assert_int_equal(byte_at(216), 1);
	/* And into a bad target. */
	uio_init(&u, &iov, 0x50000000, 10, false);
	assert_int_equal(obj_read(&file->obj, 0, &u), -EFAULT);
	host_run(NULL);
	mm_put(mm);
}

/* A new page that is filled in part shows zeros in the rest, not what was in its memory. */
static void a_write_that_ends_early_shows_nothing_old(void **state UNUSED)
{
	struct mm *mm = mm_create();
	struct map_request rq = {
		.addr = 0x40000000,
		.len = PAGE_SIZE,
		.prot = PROT_READ,
		.max_prot = PROT_ALL,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	};
	struct page *used = page_alloc(0, 0);
	struct iovec iov;
	struct uio u;
	u8 value;

	host_run(mm);
	assert_int_equal(mm_map(mm, &rq), 0x40000000);
	rq = (struct map_request){
		.addr = 0x50000000,
		.len = PAGE_SIZE,
		.prot = PROT_READ,
		.max_prot = PROT_ALL,
		.flags = MAP_SHARED | MAP_FIXED,
		.obj = &file->obj,
		.pgoff = 20,
	};
	assert_int_equal(mm_map(mm, &rq), 0x50000000);
	assert_int_equal(host_load(0x40000000, &value), FAULT_OK);
	memset(page_addr(used), 0xdd, PAGE_SIZE);
	page_free(used, 0); /* the next one to be allocated */
	uio_init(&u, &iov, 0x40000000 + PAGE_SIZE - 100, PAGE_SIZE, false);
	assert_int_equal(obj_write(&file->obj, 20 * PAGE_SIZE, &u), 100);
	for (unsigned i = 0; i < PAGE_SIZE; i += 7) {
		assert_int_equal(host_load(0x50000000 + i, &value), FAULT_OK);
		assert_int_equal(value, 0);
	}
	host_run(NULL);
	mm_put(mm);
}

static void writing_from_a_mapping_of_the_same_page(void **state UNUSED)
{
	struct mm *mm = mm_create();
	struct map_request rq = {
		.addr = 0x40000000,
		.len = 4 * PAGE_SIZE,
		.prot = PROT_READ | PROT_WRITE,
		.max_prot = PROT_ALL,
		.flags = MAP_SHARED | MAP_FIXED,
		.obj = &file->obj,
	};
	struct iovec iov;
	struct uio u;

	host_run(mm);
	assert_int_equal(mm_map(mm, &rq), 0x40000000);
	uio_init(&u, &iov, 0x40000000 + PAGE_SIZE, 2 * PAGE_SIZE, false);
	assert_int_equal(obj_write(&file->obj, 2 * PAGE_SIZE, &u), 2 * PAGE_SIZE);
	assert_int_equal(byte_at(2 * PAGE_SIZE), 2);
	host_run(NULL);
	mm_put(mm);
}

static void reclaim_drops_clean_idle_pages_alone(void **state UNUSED)
{
	u8 one = 1;
	struct page *pinned;

	for (u64 i = 0; i < 10; i++)
		byte_at(i * PAGE_SIZE);
	file_write(3 * PAGE_SIZE, &one, 1);
	assert_int_equal(obj_get_page(&file->obj, 6, &pinned), 0);
	while (obj_reclaim(100, true))
		;
	assert_int_equal(file->obj.pages.count, 2);
	assert_ptr_equal(radix_get(&file->obj.pages, 6), pinned);
	page_put(pinned);
	assert_int_equal(byte_at(3 * PAGE_SIZE), 1);
}

/* A mapping keeps its page from nothing: reclaim unmaps it, the next access brings it back. */
static void reclaim_takes_mapped_pages(void **state UNUSED)
{
	struct mm *mm = mm_create();
	struct map_request rq = {
		.addr = 0x40000000,
		.len = 4 * PAGE_SIZE,
		.prot = PROT_READ,
		.max_prot = PROT_ALL,
		.flags = MAP_SHARED | MAP_FIXED,
		.obj = &file->obj,
	};
	u8 value;

	host_run(mm);
	assert_int_equal(mm_map(mm, &rq), 0x40000000);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(host_load(0x40000000 + i * PAGE_SIZE, &value), FAULT_OK);
	while (obj_reclaim(100, true))
		;
	assert_int_equal(file->obj.pages.count, 0);
	assert_int_equal(mm->pmap.resident, 0);
	assert_int_equal(host_load(0x40000000 + PAGE_SIZE, &value), FAULT_OK);
	assert_int_equal(value, 2);
	host_run(NULL);
	mm_put(mm);
}

/* But a locked one keeps it, as long as it is locked. */
static void reclaim_spares_locked_mappings(void **state UNUSED)
{
	struct mm *mm = mm_create();
	struct map_request rq = {
		.addr = 0x40000000,
		.len = 8 * PAGE_SIZE,
		.prot = PROT_READ,
		.max_prot = PROT_ALL,
		.flags = MAP_PRIVATE | MAP_FIXED,
		.obj = &file->obj,
	};

	host_run(mm);
	assert_int_equal(mm_map(mm, &rq), 0x40000000);
	assert_int_equal(mm_lock(mm, 0x40000000 + 2 * PAGE_SIZE, 3 * PAGE_SIZE, false), 0);
	assert_int_equal(mm->nr_locked, 3);
	byte_at(9 * PAGE_SIZE);
	while (obj_reclaim(100, true))
		;
	assert_int_equal(file->obj.pages.count, 3);
	mm_check(mm);
	assert_int_equal(mm_unlock(mm, 0x40000000 + 3 * PAGE_SIZE, PAGE_SIZE), 0);
	while (obj_reclaim(100, true))
		;
	assert_int_equal(file->obj.pages.count, 2);
	assert_ptr_equal(radix_get(&file->obj.pages, 3), NULL);
	mm_check(mm);
	host_run(NULL);
	mm_put(mm);
	while (obj_reclaim(100, true))
		;
	assert_int_equal(file->obj.pages.count, 0);
}

/* A store after a write-back must be written back again. */
static void cleaning_makes_the_next_store_seen(void **state UNUSED)
{
	struct mm *mm = mm_create();
	struct map_request rq = {
		.addr = 0x40000000,
		.len = PAGE_SIZE,
		.prot = PROT_READ | PROT_WRITE,
		.max_prot = PROT_ALL,
		.flags = MAP_SHARED | MAP_FIXED,
		.obj = &file->obj,
	};

	host_run(mm);
	assert_int_equal(mm_map(mm, &rq), 0x40000000);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(host_store(0x40000000, (u8)(100 + i)), FAULT_OK);
		assert_int_equal(file->touched, i);
		assert_int_equal(host_store(0x40000001, (u8)i), FAULT_OK);
		assert_int_equal(file->touched, i);
		assert_int_equal(obj_sync(&file->obj, 0, RADIX_NONE), 0);
		assert_int_equal(file->disk[0][0], 100 + i);
		assert_int_equal(file->writes, i);
	}
	host_run(NULL);
	mm_put(mm);
}

static void want_of_memory_changes_nothing(void **state UNUSED)
{
	u8 data[300];

	memset(data, 9, sizeof(data));
	for (ulong n = 1;; n++) {
		u64 size = file->obj.size;
		ssize_t done;

		alloc_fail(n, 0);
		done = file_write(30 * PAGE_SIZE - 5, data, 5); /* one page: all or nothing */
		alloc_fail(0, 0);
		if (done == 5)
			break;
		assert_int_equal(done, -ENOMEM);
		assert_int_equal(file->obj.size, size);
	}
	assert_int_equal(byte_at(30 * PAGE_SIZE - 1), 9);
	assert_int_equal(byte_at(30 * PAGE_SIZE - 6), 0);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(reading_ends_at_the_size),
		TEST(writing_grows_and_leaves_zeros),
		TEST(cutting_zeroes_the_tail),
		TEST(only_what_was_changed_is_written),
		TEST(a_read_error_leaves_no_page),
		TEST(a_full_disk_stops_the_write),
		TEST(a_bad_source_changes_nothing_or_ends_early),
		TEST(a_write_that_ends_early_shows_nothing_old),
		TEST(writing_from_a_mapping_of_the_same_page),
		TEST(reclaim_drops_clean_idle_pages_alone),
		TEST(reclaim_takes_mapped_pages),
		TEST(reclaim_spares_locked_mappings),
		TEST(cleaning_makes_the_next_store_seen),
		TEST(want_of_memory_changes_nothing),
	};

	host_boot(64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
