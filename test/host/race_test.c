/*
 * Races, played out step by step: while one CPU is in the middle of a fault or of a write-back and
 * holds no lock that forbids it, another does what makes its answer old. A few that have no such
 * middle are run in parallel, often.
 */
#include "unit.h"
#include "lib/errno.h"
#include "lib/lock.h"
#include "memfile.h"
#include "vm/check.h"
#include "vm/figures.h"
#include "vm/mm.h"
#include "vm/uaccess.h"

#define BASE 0x40000000ul
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static struct mm *mm;
static struct memfile *file;

static int begin(void **state UNUSED)
{
	file = memfile_new(8 * PAGE_SIZE);
	mm = mm_create();
	for (unsigned c = 0; c < 2; c++) {
		host_cpu(c);
		host_run(mm);
	}
	host_cpu(0);
	return 0;
}

static int end(void **state UNUSED)
{
	mm_check(mm);
	for (unsigned c = 0; c < 2; c++) {
		host_cpu(c);
		host_run(NULL);
	}
	host_cpu(0);
	mm_put(mm);
	file->on_write = NULL;
	assert_int_equal(obj_truncate(&file->obj, 0), 0);
	obj_put(&file->obj);
	return 0;
}

static void map(ulong pages, unsigned flags, struct obj *o)
{
	struct map_request rq = {
		.addr = BASE,
		.len = pages * PAGE_SIZE,
		.prot = RW,
		.max_prot = PROT_ALL,
		.flags = flags | MAP_FIXED,
		.obj = o,
	};

	assert_int_equal(mm_map(mm, &rq), BASE);
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

/* --- another CPU comes in between --- */

static void (*other_cpu_does)(void);
static unsigned came;

static void come_in_between(void)
{
	void (*fn)(void) = other_cpu_does;

	host_page_hook = NULL; /* once */
	came++;
	host_cpu(1);
	fn();
	host_cpu(0);
}

static void next_time(void (*fn)(void))
{
	other_cpu_does = fn;
	host_page_hook = come_in_between;
	came = 0;
}

static void store_second_byte(void)
{
	store(BASE + 1, 22);
}

static void load_it(void)
{
	load(BASE);
}

static void two_stores_to_untouched_memory(void **state UNUSED)
{
	map(1, ANON, NULL);
	next_time(store_second_byte);
	store(BASE, 11);
	assert_int_equal(came, 1);
	assert_int_equal(load(BASE), 11);
	assert_int_equal(load(BASE + 1), 22);
}

static void two_stores_to_a_page_shared_by_fork(void **state UNUSED)
{
	struct mm *child;

	map(1, ANON, NULL);
	store(BASE, 1);
	store(BASE + 1, 2);
	child = mm_fork(mm);
	next_time(store_second_byte);
	store(BASE, 11);
	assert_int_equal(came, 1);
	assert_int_equal(load(BASE), 11);
	assert_int_equal(load(BASE + 1), 22);
	host_run(child);
	assert_int_equal(load(BASE), 1);
	assert_int_equal(load(BASE + 1), 2);
	host_run(mm);
	mm_put(child);
}

static void two_stores_to_a_private_file_page(void **state UNUSED)
{
	map(1, MAP_PRIVATE, &file->obj);
	load(BASE);
	next_time(store_second_byte);
	store(BASE, 11);
	assert_int_equal(came, 1);
	assert_int_equal(load(BASE), 11);
	assert_int_equal(load(BASE + 1), 22);
	assert_int_equal(load(BASE + 2), 1);
}

static void a_load_during_the_copy_sees_the_store_afterwards(void **state UNUSED)
{
	map(1, MAP_PRIVATE, &file->obj);
	next_time(load_it);
	store(BASE, 11);
	assert_int_equal(came, 1);
	assert_int_equal(load(BASE), 11);
	host_cpu(1);
	assert_int_equal(load(BASE), 11);
	host_cpu(0);
}

static void cut_file(void)
{
	assert_int_equal(obj_truncate(&file->obj, 0), 0);
}

/* The page that is copied is cut off meanwhile: the copy must not come in. */
static void truncation_during_the_copy(void **state UNUSED)
{
	map(1, MAP_PRIVATE, &file->obj);
	load(BASE);
	next_time(cut_file);
	assert_int_equal(host_store(BASE, 11), FAULT_BUS);
	assert_int_equal(came, 1);
	assert_int_equal(anon_count(&mm->anon, 0, USER_TOP), 0);
}

static void cut_and_grow_file(void)
{
	cut_file();
	assert_int_equal(obj_truncate(&file->obj, 8 * PAGE_SIZE), 0);
	memset(file->disk, 0, sizeof(file->disk));
}

/* And if the file has grown again since, the copy is of a page that is gone. */
static void truncation_and_growth_during_the_copy(void **state UNUSED)
{
	map(1, MAP_PRIVATE, &file->obj);
	load(BASE);
	next_time(cut_and_grow_file);
	store(BASE, 11);
	assert_int_equal(came, 1);
	assert_int_equal(load(BASE), 11);
	assert_int_equal(load(BASE + 1), 0);
}

static void write_file(void)
{
	static u8 value = 77;
	struct iovec iov;
	struct uio u;

	uio_init(&u, &iov, (ulong)&value, 1, true);
	assert_int_equal(obj_write(&file->obj, 3, &u), 1);
}

/*
 * A write(2) that ends before the store begins shows in the copy, or one that overlaps it may; none
 * is torn.
 */
static void write_during_the_copy(void **state UNUSED)
{
	map(1, MAP_PRIVATE, &file->obj);
	load(BASE);
	next_time(write_file);
	store(BASE, 11);
	assert_int_equal(came, 1);
	assert_true(load(BASE + 3) == 77 || load(BASE + 3) == 1);
	assert_int_equal(load(BASE), 11);
}

static u8 seen_during_write;

static void look(struct memfile *f UNUSED)
{
	host_cpu(1);
	seen_during_write = load(BASE);
	host_cpu(0);
}

/*
 * While its page is on the way to the disk it can be read, and a store after that makes it dirty
 * anew.
 */
static void write_back_and_stores(void **state UNUSED)
{
	map(1, MAP_SHARED, &file->obj);
	store(BASE, 11);
	host_cpu(1);
	assert_int_equal(load(BASE), 11);
	host_cpu(0);
	file->on_write = look;
	assert_int_equal(obj_sync(&file->obj, 0, RADIX_NONE), 0);
	assert_int_equal(file->disk[0][0], 11);
	assert_int_equal(seen_during_write, 11);
	host_cpu(1);
	store(BASE, 33);
	host_cpu(0);
	assert_int_equal(obj_sync(&file->obj, 0, RADIX_NONE), 0);
	assert_int_equal(file->disk[0][0], 33);
}

/* --- in parallel --- */

enum { PAGES = 32, ROUNDS = 1000 };

static u32 arrived;

/* Both threads go on together. */
static void meet(u32 n)
{
	__atomic_fetch_add(&arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < 2 * n)
		cpu_relax();
}

#define CHECK(x) \
	do { \
		if (!(x)) { \
			print_error("%s:%d: %s\n", __FILE__, __LINE__, #x); \
			abort(); \
		} \
	} while (0)

static void remap(struct obj *o)
{
	struct map_request rq = {
		.addr = BASE,
		.len = PAGES * PAGE_SIZE,
		.prot = RW,
		.max_prot = PROT_ALL,
		.flags = MAP_PRIVATE | MAP_FIXED | (o ? 0 : MAP_ANONYMOUS),
		.obj = o,
	};

	CHECK(mm_map(mm, &rq) == (long)BASE);
}

/*
 * One thread stores to each page and looks, the other one only looks: at no time may the store be
 * hidden again.
 */
static void store_and_look(void *arg)
{
	bool writer = arg;
	u8 value;

	host_run(mm);
	for (u32 round = 1; round <= ROUNDS; round++) {
		if (writer)
			remap(round % 2 ? &file->obj : NULL);
		meet(3 * round - 2);
		for (unsigned i = 0; i < PAGES && (round % 2 == 0 || i < 8); i++) {
			ulong va = BASE + i * PAGE_SIZE;

			if (writer)
				CHECK(host_store(va, 99) == FAULT_OK);
			CHECK(host_load(va, &value) == FAULT_OK);
			CHECK(!writer || value == 99);
		}
		meet(3 * round - 1);
		CHECK(host_load(BASE, &value) == FAULT_OK && value == 99);
		meet(3 * round);
	}
	host_run(NULL);
}

static void loads_never_hide_a_store(void **state UNUSED)
{
	arrived = 0;
	host_start(store_and_look, NULL);
	host_start(store_and_look, (void *)1);
	host_join();
}

/* Two threads store to one fresh page, while a third, which is none of its programs, reads it. */
static u32 storing;

static void store_own_byte(void *arg)
{
	ulong va = BASE + (ulong)arg;
	u8 value;

	host_run(mm);
	for (u32 round = 1; round <= ROUNDS; round++) {
		if (!arg)
			CHECK(mm_advise(mm, BASE, PAGE_SIZE, MADV_DONTNEED) == 0);
		meet(3 * round - 2);
		for (u8 i = 1; i <= 20; i++)
			CHECK(host_store(va, i) == FAULT_OK);
		meet(3 * round - 1);
		CHECK(host_load(va, &value) == FAULT_OK && value == 20);
		meet(3 * round);
	}
	host_run(NULL);
	__atomic_fetch_sub(&storing, 1, __ATOMIC_RELEASE);
}

static void peek_meanwhile(void *arg UNUSED)
{
	u8 bytes[100];

	while (__atomic_load_n(&storing, __ATOMIC_ACQUIRE)) {
		CHECK(mm_peek(mm, BASE, bytes, sizeof(bytes)) == sizeof(bytes));
		CHECK(bytes[0] <= 20 && bytes[1] <= 20 && !bytes[2]);
	}
}

static void a_foreign_reader_costs_no_store(void **state UNUSED)
{
	map(1, ANON, NULL);
	arrived = 0;
	storing = 2;
	host_start(store_own_byte, NULL);
	host_start(store_own_byte, (void *)1);
	host_start(peek_meanwhile, NULL);
	host_join();
}

/* What must be read in for another's eyes is read in without the lock of the address space. */
static void look_at_lock(struct memfile *f UNUSED)
{
	came++;
	assert_int_equal(mm->lock.state, 0);
}

static void a_foreign_reader_holds_nobody_up(void **state UNUSED)
{
	u8 bytes[100];

	map(2, MAP_PRIVATE, &file->obj);
	came = 0;
	file->on_read = look_at_lock;
	assert_int_equal(mm_peek(mm, BASE + PAGE_SIZE - 10, bytes, sizeof(bytes)), 10);
	assert_int_equal(bytes[9], 1);
	assert_int_equal(came, 1);
	store(BASE + PAGE_SIZE + 5, 77);
	assert_int_equal(mm_peek(mm, BASE + PAGE_SIZE, bytes, sizeof(bytes)), sizeof(bytes));
	assert_true(bytes[5] == 77 && bytes[6] == 2);
	assert_int_equal(mm_peek(mm, BASE + 2 * PAGE_SIZE, bytes, sizeof(bytes)), 0);
	file->on_read = NULL;
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(two_stores_to_untouched_memory),
		TEST(two_stores_to_a_page_shared_by_fork),
		TEST(two_stores_to_a_private_file_page),
		TEST(a_load_during_the_copy_sees_the_store_afterwards),
		TEST(truncation_during_the_copy),
		TEST(truncation_and_growth_during_the_copy),
		TEST(write_during_the_copy),
		TEST(write_back_and_stores),
		TEST(loads_never_hide_a_store),
		TEST(a_foreign_reader_costs_no_store),
		TEST(a_foreign_reader_holds_nobody_up),
	};

	host_boot(64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
