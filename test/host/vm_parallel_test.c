/*
 * Several CPUs in one address space and in its children, at once: what a program's threads, forks,
 * the write-back thread and truncation do to each other. Each thread can tell from the values alone
 * whether it saw something wrong; the last check is that nothing is left.
 */
#include "unit.h"
#include "lib/lock.h"
#include "vm/check.h"
#include "vm/kmalloc.h"
#include "vm/mm.h"
#include "vm/obj.h"

enum { THREADS = 5, FILE_PAGES = 24, OWN_PAGES = 12, COW_PAGES = 128, ROUNDS = 1500 };

/* --- a file in memory --- */

static struct {
	struct obj obj;
	u8 disk[FILE_PAGES][4096];
} store;

static int store_read(struct obj *o UNUSED, struct page *p)
{
	memcpy(page_addr(p), store.disk[p->index], PAGE_SIZE);
	return 0;
}

static int store_write(struct obj *o UNUSED, struct page **pages, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		memcpy(store.disk[pages[i]->index], page_addr(pages[i]), PAGE_SIZE);
	return 0;
}

static int store_reserve(struct obj *o UNUSED, ulong index UNUSED)
{
	return 0;
}

static const struct obj_ops store_ops = {
	.read = store_read, .write = store_write, .reserve = store_reserve
};

/* --- threads --- */

#define FILE_START 0x40000000ul
#define COW_START 0x48000000ul
#define MOVE_START 0x50000000ul
#define DROP_START 0x58000000ul

/* cmocka's asserts jump, which only the main thread may do. */
#define CHECK(x) \
	do { \
		if (!(x)) { \
			print_error("%s:%d: %s\n", __FILE__, __LINE__, #x); \
			abort(); \
		} \
	} while (0)

static struct mm *shared_mm;

static u32 next_random(u32 *seed, u32 n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % n;
}

static ulong map(struct mm *mm, ulong addr, ulong pages, unsigned flags, struct obj *o)
{
	struct map_request rq = {
		.addr = addr,
		.len = pages * PAGE_SIZE,
		.prot = PROT_READ | PROT_WRITE,
		.max_prot = PROT_ALL,
		.flags = flags,
		.obj = o,
	};
	long at = mm_map(mm, &rq);

	CHECK(at > 0);
	return (ulong)at;
}

static void store_byte(ulong va, u8 value)
{
	CHECK(host_store(va, value) == FAULT_OK);
}

static u8 load_byte(ulong va)
{
	u8 value;

	CHECK(host_load(va, &value) == FAULT_OK);
	return value;
}

/* Memory of a thread's own: map, fill, take rights away and give them back, look, unmap in pieces.
 */
static void use_own_memory(u32 *seed, u8 tag)
{
	ulong at = map(shared_mm, 0, OWN_PAGES, MAP_PRIVATE | MAP_ANONYMOUS, NULL);
	unsigned cut = 1 + next_random(seed, OWN_PAGES - 1);

	for (unsigned i = 0; i < OWN_PAGES; i++) {
		CHECK(load_byte(at + i * PAGE_SIZE + 5) == 0);
		store_byte(at + i * PAGE_SIZE, (u8)(tag + i));
	}
	CHECK(mm_protect(shared_mm, at, cut * PAGE_SIZE, PROT_READ) == 0);
	CHECK(host_store(at, 1) == FAULT_ACCERR);
	CHECK(mm_protect(shared_mm, at, cut * PAGE_SIZE, PROT_READ | PROT_WRITE) == 0);
	for (unsigned i = 0; i < OWN_PAGES; i++)
		CHECK(load_byte(at + i * PAGE_SIZE) == (u8)(tag + i));
	CHECK(mm_unmap(shared_mm, at, cut * PAGE_SIZE) == 0);
	/* Somebody else may have the range by now; this CPU's view of it must not be the old one.
	 */
	CHECK(mm_unmap(shared_mm, at + cut * PAGE_SIZE, (OWN_PAGES - cut) * PAGE_SIZE) == 0);
}

/* Moved to a place of the thread's own, twice, what is in it goes along; advice drops a part. */
static void move_own_memory(u32 *seed, unsigned me, u8 tag)
{
	ulong to = MOVE_START + me * 4 * OWN_PAGES * PAGE_SIZE, len = OWN_PAGES * PAGE_SIZE;
	ulong at = map(shared_mm, 0, OWN_PAGES, MAP_PRIVATE | MAP_ANONYMOUS, NULL);
	unsigned cut = 1 + next_random(seed, OWN_PAGES - 1);

	for (unsigned i = 0; i < OWN_PAGES; i++)
		store_byte(at + i * PAGE_SIZE, (u8)(tag + i));
	for (unsigned i = 0; i < 2; i++) {
		CHECK(mm_remap(shared_mm, at, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to) == (long)to);
		at = to;
		to += (1 + next_random(seed, 2)) * len;
	}
	for (unsigned i = 0; i < OWN_PAGES; i++)
		CHECK(load_byte(at + i * PAGE_SIZE) == (u8)(tag + i));
	CHECK(mm_advise(shared_mm, at, cut * PAGE_SIZE, MADV_DONTNEED) == 0);
	for (unsigned i = 0; i < OWN_PAGES; i++)
		CHECK(load_byte(at + i * PAGE_SIZE) == (i < cut ? 0 : (u8)(tag + i)));
	CHECK(mm_unmap(shared_mm, at, len) == 0);
}

/*
 * A private copy of a file's page is there after a move, or truncation has cut it; then the file's
 * own bytes may be there again, which are zero.
 */
static void move_private_file(u32 *seed, unsigned me)
{
	ulong to = MOVE_START + me * 4 * OWN_PAGES * PAGE_SIZE, len = OWN_PAGES * PAGE_SIZE;
	ulong at = map(shared_mm, 0, OWN_PAGES, MAP_PRIVATE, &store.obj);
	bool stored[OWN_PAGES];
	enum fault_result r;
	u8 value = 0;

	for (unsigned i = 0; i < OWN_PAGES; i++) {
		r = host_store(at + i * PAGE_SIZE, (u8)(200 + me));
		CHECK(r == FAULT_OK || r == FAULT_BUS);
		stored[i] = r == FAULT_OK;
	}
	CHECK(mm_remap(shared_mm, at, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to) == (long)to);
	for (unsigned i = 0; i < OWN_PAGES; i++) {
		r = host_load(to + i * PAGE_SIZE, &value);
		CHECK(r == FAULT_OK || r == FAULT_BUS);
		if (r == FAULT_OK)
			CHECK(value == 0 || (stored[i] && value == 200 + me));
	}
	if (next_random(seed, 2))
		CHECK(mm_advise(shared_mm, to, len, MADV_DONTNEED) == 0);
	CHECK(mm_unmap(shared_mm, to, len) == 0);
}

/* All drop the same pages, and store to them, at once: a byte is what one stored, or zero. */
static void drop_common_memory(u32 *seed, unsigned me)
{
	ulong va = DROP_START + next_random(seed, OWN_PAGES) * PAGE_SIZE;
	u8 value;

	store_byte(va + me, (u8)(me + 1));
	value = load_byte(va + me);
	CHECK(value == 0 || value == me + 1);
	CHECK(mm_advise(shared_mm, va, 1 + next_random(seed, 2) * PAGE_SIZE, MADV_DONTNEED) == 0);
	value = load_byte(va + me);
	CHECK(value == 0);
}

/*
 * Each thread owns one byte of each page of the file mapping and counts in it; others may cut the
 * file meanwhile.
 */
static void count_in_file(u32 *seed, unsigned me)
{
	ulong va = FILE_START + next_random(seed, FILE_PAGES) * PAGE_SIZE + 100 + me;
	enum fault_result r;
	u8 before, after;

	r = host_load(va, &before);
	CHECK(r == FAULT_OK || r == FAULT_BUS);
	if (r != FAULT_OK)
		return;
	r = host_store(va, (u8)(before + 1));
	CHECK(r == FAULT_OK || r == FAULT_BUS);
	if (r != FAULT_OK || host_load(va, &after) != FAULT_OK)
		return;
	CHECK(after == (u8)(before + 1) || after == 0);
}

/* What the child sees of the other threads' bytes may not change while they go on in the parent. */
static void watch_others(u32 *seed)
{
	ulong va = COW_START + next_random(seed, COW_PAGES) * PAGE_SIZE;
	u8 before[THREADS];

	for (unsigned i = 0; i < THREADS; i++)
		before[i] = load_byte(va + i);
	for (unsigned round = 0; round < 20; round++) {
		cpu_relax();
		for (unsigned i = 0; i < THREADS; i++)
			CHECK(load_byte(va + i) == before[i]);
	}
}

/* Bytes of ours that the others watch in their children. */
static void scribble(u32 *seed, unsigned me)
{
	for (unsigned i = 0; i < 30; i++)
		store_byte(COW_START + next_random(seed, COW_PAGES) * PAGE_SIZE + me,
			(u8)next_random(seed, 256));
}

/*
 * A child sees what was there at the fork, and its stores stay its own; ours too, though siblings
 * copy the same pages.
 */
static void fork_and_diverge(u32 *seed, unsigned me)
{
	ulong va = COW_START + next_random(seed, COW_PAGES) * PAGE_SIZE + me;
	u8 mine = (u8)next_random(seed, 256);
	struct mm *child;

	store_byte(va, mine);
	child = mm_fork(shared_mm);
	CHECK(child);
	host_run(child);
	CHECK(load_byte(va) == mine);
	watch_others(seed);
	store_byte(va, (u8)~mine);
	CHECK(load_byte(va) == (u8)~mine);
	host_run(shared_mm);
	CHECK(load_byte(va) == mine);
	store_byte(va, (u8)(mine + 1));
	host_run(child);
	CHECK(load_byte(va) == (u8)~mine);
	host_run(shared_mm);
	mm_put(child);
	CHECK(load_byte(va) == (u8)(mine + 1));
}

static void disturb_file(u32 *seed)
{
	u64 size;

	switch (next_random(seed, 4)) {
	case 0: CHECK(obj_sync(&store.obj, 0, RADIX_NONE) == 0); break;
	case 1: obj_reclaim(8, true); break;
	case 2: CHECK(mm_sync(shared_mm, FILE_START, FILE_PAGES * PAGE_SIZE, MS_SYNC) == 0); break;
	}
	if (next_random(seed, 8) == 0) {
		size = next_random(seed, FILE_PAGES * PAGE_SIZE);
		CHECK(obj_truncate(&store.obj, size) == 0);
		memset((u8 *)store.disk + ALIGN_UP(size, PAGE_SIZE), 0,
			sizeof(store.disk) - ALIGN_UP(size, PAGE_SIZE));
		CHECK(obj_truncate(&store.obj, FILE_PAGES * PAGE_SIZE) == 0);
	}
}

static void run_thread(void *arg)
{
	unsigned me = (unsigned)(ulong)arg;
	u32 seed = me * 7919 + 1;

	host_run(shared_mm);
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (me == 0)
			disturb_file(&seed);
		switch (next_random(&seed, 10)) {
		case 0 ... 1: use_own_memory(&seed, (u8)(me * 40)); break;
		case 2: fork_and_diverge(&seed, me); break;
		case 3: scribble(&seed, me); break;
		case 4: move_own_memory(&seed, me, (u8)(me * 40)); break;
		case 5: move_private_file(&seed, me); break;
		case 6: drop_common_memory(&seed, me); break;
		default: count_in_file(&seed, me);
		}
	}
	host_run(NULL);
}

static void threads_forks_and_files(void **state UNUSED)
{
	struct page_stats before, after;
	struct kmem_stats kmem_before, kmem_after;

	obj_init(&store.obj, &store_ops, FILE_PAGES * PAGE_SIZE);
	page_get_stats(&before);
	kmem_get_stats(&kmem_before);
	shared_mm = mm_create();
	map(shared_mm, FILE_START, FILE_PAGES, MAP_SHARED | MAP_FIXED, &store.obj);
	map(shared_mm, COW_START, COW_PAGES, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL);
	map(shared_mm, DROP_START, OWN_PAGES + 1, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL);
	for (ulong i = 0; i < THREADS; i++)
		host_start(run_thread, (void *)i);
	host_join();
	mm_check(shared_mm);
	mm_put(shared_mm);
	CHECK(obj_sync(&store.obj, 0, RADIX_NONE) == 0);
	obj_drop_pages(&store.obj);
	page_get_stats(&after);
	kmem_get_stats(&kmem_after);
	assert_int_equal(after.anon, before.anon);
	assert_int_equal(after.obj, before.obj);
	assert_int_equal(after.ptable, before.ptable);
	assert_int_equal(after.kernel, before.kernel);
	assert_int_equal(kmem_after.bytes, kmem_before.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(threads_forks_and_files) };

	host_boot(64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
