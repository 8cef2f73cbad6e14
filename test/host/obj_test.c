/*
 * Objects: filling, writing, truncating, writing back, dropping, and what happens when the disk
 * fails or is full.
 */
#include "unit.h"
#include "lib/errno.h"
#include "memfile.h"
#include "vm/check.h"
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

/*
 * A hole whose place in the store was found for a store that did not come, or for a cut that failed,
 * is a hole still: what an earlier file left in that place must never be read.
 */
static void a_place_taken_in_vain_becomes_zeros(void **state UNUSED)
{
	struct mm *mm = mm_create();
	struct iovec iov;
	struct uio u;

	host_run(mm);
	assert_int_equal(obj_truncate(&file->obj, 20 * PAGE_SIZE), 0);
	assert_int_equal(byte_at(15 * PAGE_SIZE), 0);
	memset(file->disk[15], 0xdd, PAGE_SIZE);
	uio_init(&u, &iov, 0x50000000, PAGE_SIZE, false);
	assert_int_equal(obj_write(&file->obj, 15 * PAGE_SIZE, &u), -EFAULT);
	assert_true(file->reserved[15]);
	assert_int_equal(obj_sync(&file->obj, 0, RADIX_NONE), 0);
	while (obj_reclaim(100, true))
		;
	assert_int_equal(byte_at(15 * PAGE_SIZE), 0);
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

static void sync_the_file(struct memfile *f UNUSED)
{
	assert_int_equal(obj_sync(&file->obj, 0, RADIX_NONE), 0);
}

/* Write-back comes while the file grows: what was copied already lies beyond the end still. */
static void write_back_spares_what_is_being_written(void **state UNUSED)
{
	struct mm *mm = mm_create();
	struct memfile *source = memfile_new(PAGE_SIZE);
	struct map_request rq = {
		.addr = 0x40000000,
		.len = PAGE_SIZE,
		.prot = PROT_READ | PROT_WRITE,
		.max_prot = PROT_ALL,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	};
	u64 size = file->obj.size;
	struct iovec iov;
	struct uio u;
	u8 one = 1;

	host_run(mm);
	assert_int_equal(mm_map(mm, &rq), 0x40000000);
	for (unsigned i = 1; i <= 50; i++)
		assert_int_equal(host_store(0x40000000 + PAGE_SIZE - i, 0xdd), FAULT_OK);
	rq.addr += PAGE_SIZE;
	rq.flags = MAP_SHARED | MAP_FIXED;
	rq.obj = &source->obj;
	assert_int_equal(mm_map(mm, &rq), 0x40000000 + PAGE_SIZE);
	source->on_read = sync_the_file;
	assert_int_equal(file_write(size - 1, &one, 1), 1);
	uio_init(&u, &iov, 0x40000000 + PAGE_SIZE - 50, 100, false);
	assert_int_equal(obj_write(&file->obj, (off_t)size, &u), 100);
	assert_int_equal(file->writes, 1);
	assert_int_equal(byte_at(size), 0xdd);
	assert_int_equal(byte_at(size + 49), 0xdd);
	assert_int_equal(byte_at(size + 99), 1);
	assert_int_equal(obj_sync(&file->obj, 0, RADIX_NONE), 0);
	assert_int_equal(file->disk[10][100], 0xdd);
	host_run(NULL);
	mm_put(mm);
	obj_put(&source->obj);
}

/* mincore asks; a page on its way to the store has not left memory. */
static void a_busy_page_is_in_memory(void **state UNUSED)
{
	struct page *p;

	assert_int_equal(obj_get_page(&file->obj, 6, &p), 0);
	assert_true(page_trybusy(p));
	mutex_lock(&file->obj.lock);
	assert_true(obj_has_page_locked(&file->obj, 6));
	assert_false(obj_has_page_locked(&file->obj, 7));
	mutex_unlock(&file->obj.lock);
	page_unbusy(p);
	page_put(p);
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

/* --- pages that live in memory only --- */

static int mem_pages, mem_touched;

static int mem_join(struct obj *o UNUSED)
{
	return mem_pages < 8 ? (mem_pages++, 0) : -ENOSPC;
}

static void mem_left(struct obj *o UNUSED)
{
	mem_pages--;
}

static void mem_note(struct obj *o UNUSED)
{
	mem_touched++;
}

static const struct obj_ops mem_ops = {.join = mem_join, .left = mem_left, .touched = mem_note};
static struct obj mem;

static int mem_begin(void **state UNUSED)
{
	page_get_stats(&pages_before);
	mem_pages = mem_touched = 0;
	obj_init(&mem, &mem_ops, 100 * PAGE_SIZE);
	return 0;
}

static int mem_end(void **state UNUSED)
{
	struct page_stats s;

	obj_put(&mem);
	assert_int_equal(mem_pages, 0);
	page_get_stats(&s);
	assert_int_equal(s.obj, pages_before.obj);
	return 0;
}

static ssize_t mem_write(u64 off, u8 byte, size_t n)
{
	static u8 data[4 * 4096];
	struct iovec iov;
	struct uio u;

	memset(data, byte, n);
	uio_init(&u, &iov, (ulong)data, n, true);
	return obj_write(&mem, (off_t)off, &u);
}

static int mem_byte(u64 off)
{
	struct iovec iov;
	struct uio u;
	u8 byte = 0xaa;

	uio_init(&u, &iov, (ulong)&byte, 1, true);
	assert_int_equal(obj_read(&mem, (off_t)off, &u), 1);
	return byte;
}

static long mem_map(struct mm *mm, unsigned prot, unsigned max_prot, unsigned flags)
{
	struct map_request rq = {
		.addr = 0x40000000,
		.len = 10 * PAGE_SIZE,
		.prot = prot,
		.max_prot = max_prot,
		.flags = flags | MAP_FIXED,
		.obj = &mem,
	};

	return mm_map(mm, &rq);
}

static void holes_take_no_pages(void **state UNUSED)
{
	assert_int_equal(mem_byte(50 * PAGE_SIZE), 0);
	assert_int_equal(mem_pages, 0);
	assert_int_equal(mem_write(50 * PAGE_SIZE + 1, 1, 1), 1);
	assert_int_equal(mem_pages, 1);
	assert_int_equal(obj_next_page(&mem, 0, true), 50);
	assert_int_equal(obj_next_page(&mem, 50, false), 51);
	assert_int_equal(obj_next_page(&mem, 51, true), RADIX_NONE);
	assert_int_equal(obj_count_pages(&mem, 0, 50), 0);
	assert_int_equal(obj_count_pages(&mem, 50, 51), 1);
	/* A cut in a hole needs no page. */
	assert_int_equal(obj_truncate(&mem, 20 * PAGE_SIZE + 1), 0);
	assert_int_equal(mem_pages, 0);
}

static void the_limit_stops_writes_and_faults(void **state UNUSED)
{
	struct mm *mm = mm_create();

	assert_int_equal(mem_write(0, 1, 4 * PAGE_SIZE), 4 * PAGE_SIZE);
	assert_int_equal(mem_write(5 * PAGE_SIZE, 1, 4 * PAGE_SIZE), 4 * PAGE_SIZE);
	assert_int_equal(mem_write(4 * PAGE_SIZE, 1, 1), -ENOSPC);
	assert_int_equal(mem_write(100 * PAGE_SIZE, 1, 1), -ENOSPC);
	assert_int_equal(mem.size, 100 * PAGE_SIZE);
	assert_int_equal(mem_write(4 * PAGE_SIZE - 1, 2, 2), 1);
	host_run(mm);
	assert_int_equal(mem_map(mm, PROT_READ | PROT_WRITE, PROT_ALL, MAP_SHARED), 0x40000000);
	assert_int_equal(host_store(0x40000000 + 4 * PAGE_SIZE, 1), FAULT_BUS);
	assert_int_equal(mem_touched, 0);
	assert_int_equal(host_store(0x40000000 + 5 * PAGE_SIZE, 1), FAULT_OK);
	assert_int_equal(mem_touched, 1);
	obj_punch(&mem, 8 * PAGE_SIZE, 9 * PAGE_SIZE);
	assert_int_equal(host_store(0x40000000 + 4 * PAGE_SIZE, 1), FAULT_OK);
	host_run(NULL);
	mm_put(mm);
}

static void punching_reaches_mappings(void **state UNUSED)
{
	struct mm *mm = mm_create();
	u8 value;

	assert_int_equal(mem_write(0, 1, 4 * PAGE_SIZE), 4 * PAGE_SIZE);
	host_run(mm);
	assert_int_equal(mem_map(mm, PROT_READ | PROT_WRITE, PROT_ALL, MAP_SHARED), 0x40000000);
	assert_int_equal(host_load(0x40000000 + 2 * PAGE_SIZE, &value), FAULT_OK);
	obj_punch(&mem, PAGE_SIZE - 1, 3 * PAGE_SIZE + 1);
	assert_int_equal(mem_pages, 2);
	assert_int_equal(mem_byte(PAGE_SIZE - 2), 1);
	assert_int_equal(mem_byte(PAGE_SIZE - 1), 0);
	assert_int_equal(mem_byte(3 * PAGE_SIZE), 0);
	assert_int_equal(mem_byte(3 * PAGE_SIZE + 1), 1);
	assert_int_equal(host_load(0x40000000 + 2 * PAGE_SIZE, &value), FAULT_OK);
	assert_int_equal(value, 0);
	/* Inside one page, and nothing at all. */
	obj_punch(&mem, 10, 20);
	assert_int_equal(mem_byte(9), 1);
	assert_int_equal(mem_byte(10), 0);
	assert_int_equal(mem_byte(19), 0);
	assert_int_equal(mem_byte(20), 1);
	obj_punch(&mem, 30, 30);
	assert_int_equal(mem_byte(30), 1);
	host_run(NULL);
	mm_put(mm);
}

static void a_seal_counts_what_may_write(void **state UNUSED)
{
	struct mm *mm = mm_create();
	unsigned look = PROT_READ | PROT_EXEC;

	host_run(mm);
	assert_int_equal(obj_claim_writable(&mem), 0);
	assert_int_equal(obj_seal_writable(&mem, false), -EBUSY);
	assert_int_equal(mem_map(mm, PROT_READ, PROT_ALL, MAP_SHARED), 0x40000000);
	obj_unclaim_writable(&mem);
	assert_int_equal(mem.writable, 1);
	assert_int_equal(mm_unmap(mm, 0x40000000 + PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(mem.writable, 2);
	assert_int_equal(mm_protect(mm, 0x40000000 + 4 * PAGE_SIZE, PAGE_SIZE, PROT_NONE), 0);
	assert_int_equal(mem.writable, 4);
	assert_int_equal(obj_seal_writable(&mem, false), -EBUSY);
	/* In their place come some that may not. */
	assert_int_equal(mem_map(mm, PROT_READ, look, MAP_SHARED), 0x40000000);
	assert_int_equal(mem.writable, 0);
	assert_int_equal(obj_seal_writable(&mem, false), 0);
	assert_int_equal(obj_claim_writable(&mem), -EPERM);
	host_run(NULL);
	mm_put(mm);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
#define MEM_TEST(fn) cmocka_unit_test_setup_teardown(fn, mem_begin, mem_end)
	const struct CMUnitTest tests[] = {
		TEST(reading_ends_at_the_size),
		TEST(writing_grows_and_leaves_zeros),
		TEST(cutting_zeroes_the_tail),
		TEST(only_what_was_changed_is_written),
		TEST(a_read_error_leaves_no_page),
		TEST(a_full_disk_stops_the_write),
		TEST(a_bad_source_changes_nothing_or_ends_early),
		TEST(a_place_taken_in_vain_becomes_zeros),
		TEST(a_write_that_ends_early_shows_nothing_old),
		TEST(writing_from_a_mapping_of_the_same_page),
		TEST(write_back_spares_what_is_being_written),
		TEST(a_busy_page_is_in_memory),
		TEST(reclaim_drops_clean_idle_pages_alone),
		TEST(reclaim_takes_mapped_pages),
		TEST(reclaim_spares_locked_mappings),
		TEST(cleaning_makes_the_next_store_seen),
		TEST(want_of_memory_changes_nothing),
		MEM_TEST(holes_take_no_pages),
		MEM_TEST(the_limit_stops_writes_and_faults),
		MEM_TEST(punching_reaches_mappings),
		MEM_TEST(a_seal_counts_what_may_write),
	};

	host_boot(64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
