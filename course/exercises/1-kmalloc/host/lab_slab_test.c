/*
 * Exercise 1: slabs and magazines, looked at from inside.
 */
#include "unit.h"
#include "vm/kmalloc.h"
#include "vm/slab.h"

#define MANY 4000

static void *object[MANY];

static size_t pages(void)
{
	struct kmem_stats s;

	kmem_get_stats(&s);
	return s.pages;
}

static void allocate(struct kmem_cache *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		object[i] = kmem_alloc(c, 0);
		assert_non_null(object[i]);
	}
}

static void give_back(struct kmem_cache *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		kmem_free(c, object[i]);
}

/* Objects that this CPU has in its magazines. */
static size_t in_magazines(const struct kmem_cache *c)
{
	const struct cache_cpu *cc = &c->cpu[cpu_id()];

	return (size_t)(cc->top - cc->bottom) + (cc->previous ? cc->previous->count : 0);
}

static void objects_lie_apart(void **state UNUSED)
{
	static const size_t sizes[] = {16, 40, 200, 1000, 3000};

	for (unsigned k = 0; k < ARRAY_SIZE(sizes); k++) {
		struct kmem_cache *c = kmem_cache_create("apart", sizes[k], 0);

		allocate(c, 300);
		for (unsigned i = 0; i < 300; i++)
			memset(object[i], (int)i, sizes[k]);
		for (unsigned i = 0; i < 300; i++)
			for (size_t at = 0; at < sizes[k]; at++)
				assert_int_equal(((u8 *)object[i])[at], (u8)i);
		give_back(c, 300);
	}
}

/* In this kernel a tag of 48 bytes follows each object. */
static void little_of_a_slab_is_lost(void **state UNUSED)
{
	static const size_t sizes[] = {16, 64, 200, 500, 1000, 2000};

	for (unsigned k = 0; k < ARRAY_SIZE(sizes); k++) {
		struct kmem_cache *c = kmem_cache_create("layout", sizes[k], 0);
		size_t bytes = PAGE_SIZE << c->order;

		assert_true(c->first >= bytes / 128);
		assert_true(c->first + c->per_slab * c->step <= bytes);
		assert_true(c->order == 3 || bytes - c->per_slab * c->step <= bytes / 8);
	}
}

static void a_thousand_objects_are_few_pages(void **state UNUSED)
{
	struct kmem_cache *c = kmem_cache_create("few pages", 64, 0);
	size_t before;

	kmem_drain();
	before = pages();
	allocate(c, 1000);
	/* each with its tag, an eighth lost, a slab begun, some in magazines */
	assert_in_range(pages() - before, 1, 1000 * c->step * 8 / 7 / PAGE_SIZE + 8);
	give_back(c, 1000);
}

static void free_slabs_go_back(void **state UNUSED)
{
	struct kmem_cache *c = kmem_cache_create("go back", 128, 0);
	ulong slab_pages = 1ul << c->order;

	kmem_drain();
	allocate(c, MANY);
	give_back(c, MANY);
	/* Two magazines and a depot of four, spread over slabs, and an empty one. */
	assert_in_range(c->slabs, 0, 6 * c->capacity + 1);
	assert_in_range(c->slabs * slab_pages, 0, MANY * c->step / PAGE_SIZE * 4 / 5);
	kmem_drain();
	assert_int_equal(c->slabs, 0);
}

/* Around the edge of a slab no slab comes and goes. */
static void one_empty_slab_stays(void **state UNUSED)
{
	struct kmem_cache *c = kmem_cache_create("edge", 2000, 0);

	allocate(c, 200);
	give_back(c, 200);
	assert_in_range(c->empty, 0, 1);
	kmem_drain();
	assert_int_equal(c->empty, 0);
}

static void a_refill_leaves_a_stock(void **state UNUSED)
{
	struct kmem_cache *c = kmem_cache_create("refill", 64, 0);
	void *p = kmem_alloc(c, 0);

	assert_true(c->per_slab > c->capacity / 2);
	assert_int_equal(in_magazines(c), c->capacity / 2);
	kmem_free(c, p);
}

static void neighbours_do_not_reach_the_slabs(void **state UNUSED)
{
	struct kmem_cache *c = kmem_cache_create("up and down", 64, 0);
	ulong idle = 0;

	allocate(c, 100);
	/* Up to a magazine full, back and forth, across the edges of both. */
	for (unsigned round = 0; round < 100; round++) {
		unsigned n = 1 + round % c->capacity;

		for (unsigned i = 0; i < n; i++)
			kmem_free(c, object[i]);
		if (round > c->capacity)
			assert_int_equal(c->idle, idle);
		for (unsigned i = 0; i < n; i++)
			object[i] = kmem_alloc(c, 0);
		if (round > c->capacity)
			assert_int_equal(c->idle, idle);
		idle = c->idle;
	}
	give_back(c, 100);
}

static void what_is_freed_last_comes_first(void **state UNUSED)
{
	struct kmem_cache *c = kmem_cache_create("last", 64, 0);
	void *a = kmem_alloc(c, 0), *b = kmem_alloc(c, 0);

	kmem_free(c, a);
	kmem_free(c, b);
	assert_ptr_equal(kmem_alloc(c, 0), b);
	assert_ptr_equal(kmem_alloc(c, 0), a);
	kmem_free(c, a);
	kmem_free(c, b);
}

static void full_magazines_wait_in_the_depot(void **state UNUSED)
{
	struct kmem_cache *c = kmem_cache_create("depot", 64, 0);
	ulong idle;

	allocate(c, 1000);
	give_back(c, 1000);
	assert_int_equal(c->full_count, 4);
	idle = c->idle;
	allocate(c, 5 * c->capacity);
	assert_int_equal(c->full_count, 0);
	assert_int_equal(c->idle, idle);
	give_back(c, 5 * c->capacity);
}

static void a_drain_leaves_nothing(void **state UNUSED)
{
	struct kmem_cache *c = kmem_cache_create("drain", 64, 0);

	allocate(c, 500);
	give_back(c, 500);
	assert_true(in_magazines(c) > 0);
	kmem_drain();
	assert_int_equal(in_magazines(c), 0);
	assert_int_equal(c->slabs, 0);
	assert_null(c->full);
}

/* Half of the blocks come from one CPU and go back on another. */
static void pass_on(void *arg)
{
	struct kmem_cache *c = arg;

	for (unsigned i = 0; i < MANY; i++) {
		void *mine = kmem_alloc(c, 0), *other;

		assert_non_null(mine);
		memset(mine, (int)i, 100);
		other = __atomic_exchange_n(&object[i % 50], mine, __ATOMIC_ACQ_REL);
		if (other)
			kmem_free(c, other);
	}
}

static void cpus_give_and_take(void **state UNUSED)
{
	struct kmem_cache *c = kmem_cache_create("parallel", 100, 0);

	memset(object, 0, sizeof(object));
	for (unsigned i = 0; i < 3; i++)
		host_start(pass_on, c);
	host_join();
	for (unsigned i = 0; i < 50; i++)
		kmem_free(c, object[i]);
	assert_int_equal(kmem_check(), 0);
	assert_in_range(c->full_count, 1, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_lie_apart),
		cmocka_unit_test(little_of_a_slab_is_lost),
		cmocka_unit_test(a_thousand_objects_are_few_pages),
		cmocka_unit_test(free_slabs_go_back),
		cmocka_unit_test(one_empty_slab_stays),
		cmocka_unit_test(a_refill_leaves_a_stock),
		cmocka_unit_test(neighbours_do_not_reach_the_slabs),
		cmocka_unit_test(what_is_freed_last_comes_first),
		cmocka_unit_test(full_magazines_wait_in_the_depot),
		cmocka_unit_test(a_drain_leaves_nothing),
		cmocka_unit_test(cpus_give_and_take),
	};

	host_boot(64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
