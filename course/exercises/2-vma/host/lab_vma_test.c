/*
 * Exercise 2: the tree of mappings. What finding costs is told in comparisons: the compiler calls
 * a function of this file at each comparison of two numbers (-fsanitize-coverage=trace-cmp, of
 * which the fuzzers live).
 */
#include "unit.h"
#include "vm/check.h"
#include "vm/mm.h"
#include "vm/vma.h"

#define BASE 0x40000000ul
#define MANY 16384ul /* mappings: a balanced tree of them is 14 to 20 deep */
/* What finding may cost, and finding room, which goes up and down: some comparisons a level. */
#define MOST_FIND 160
#define MOST_ROOM 600

static ulong comparisons;

void __sanitizer_cov_trace_cmp8(u64 a, u64 b);
void __sanitizer_cov_trace_const_cmp8(u64 a, u64 b);

void __sanitizer_cov_trace_cmp8(u64 a UNUSED, u64 b UNUSED)
{
	comparisons++;
}

void __sanitizer_cov_trace_const_cmp8(u64 a UNUSED, u64 b UNUSED)
{
	comparisons++;
}

static ulong at(ulong page)
{
	return BASE + page * PAGE_SIZE;
}

static struct vma *add(struct mm *mm, ulong first, ulong end, unsigned flags)
{
	struct vma *v = vma_new(mm, at(first), at(end), PROT_READ, PROT_ALL, flags, NULL, NULL, 0);

	assert_non_null(v);
	vma_link(mm, v);
	limit_count(mm, v, (long)(end - first));
	return v;
}

static void move_end(struct mm *mm, struct vma *v, ulong end)
{
	limit_count(mm, v, ((long)at(end) - (long)v->end) / (long)PAGE_SIZE);
	vma_move_end(v, at(end));
}

static void drop(struct mm *mm, struct vma *v)
{
	limit_count(mm, v, -(long)((v->end - v->start) >> PAGE_SHIFT));
	vma_unlink(mm, v);
	vma_free(v);
}

/* MANY mappings of a page each, linked in disorder, with `room` pages behind each. */
static struct mm *crowd(ulong room)
{
	struct mm *mm = mm_create();

	for (ulong i = 0; i < MANY; i++) {
		ulong k = i * 7919 % MANY;

		add(mm, k * (1 + room), k * (1 + room) + 1, 0);
	}
	return mm;
}

static void finds_the_mapping_that_holds_an_address(void **state UNUSED)
{
	struct mm *mm = mm_create();
	struct vma *a, *b;

	assert_null(vma_find(mm, BASE));
	a = add(mm, 2, 4, 0);
	b = add(mm, 4, 5, 0);
	assert_null(vma_find(mm, at(2) - 1));
	assert_ptr_equal(vma_find(mm, at(2)), a);
	assert_ptr_equal(vma_find(mm, at(4) - 1), a);
	assert_ptr_equal(vma_find(mm, at(4)), b);
	assert_ptr_equal(vma_find(mm, at(5) - 1), b);
	assert_null(vma_find(mm, at(5)));
	mm_put(mm);
}

static void finds_the_next_mapping_from_a_hole(void **state UNUSED)
{
	struct mm *mm = mm_create();
	struct vma *a = add(mm, 2, 4, 0), *b = add(mm, 10, 11, 0);

	assert_ptr_equal(vma_find_from(mm, 0), a);
	assert_ptr_equal(vma_find_from(mm, at(3)), a);
	assert_ptr_equal(vma_find_from(mm, at(4)), b);
	assert_ptr_equal(vma_find_from(mm, at(10)), b);
	assert_null(vma_find_from(mm, at(11)));
	mm_put(mm);
}

/* Nothing that is remembered outlives what it was about. */
static void finds_what_is_there_now(void **state UNUSED)
{
	struct mm *mm = mm_create();
	struct vma *a = add(mm, 2, 4, 0), *b;

	assert_ptr_equal(vma_find(mm, at(3)), a);
	move_end(mm, a, 3);
	assert_null(vma_find(mm, at(3)));
	assert_ptr_equal(vma_find(mm, at(2)), a);
	drop(mm, a);
	assert_null(vma_find(mm, at(2)));
	b = add(mm, 1, 3, 0);
	assert_ptr_equal(vma_find(mm, at(2)), b);
	mm_put(mm);
}

static void finds_among_many(void **state UNUSED)
{
	struct mm *mm = crowd(1);

	for (ulong i = 0; i < MANY; i++) {
		struct vma *v = vma_find(mm, at(2 * i));

		assert_non_null(v);
		assert_int_equal(v->start, at(2 * i));
		assert_null(vma_find(mm, at(2 * i + 1)));
	}
	mm_put(mm);
}

static void finding_is_logarithmic(void **state UNUSED)
{
	struct mm *mm = crowd(1);
	ulong most = 0;

	for (ulong i = 0; i < MANY; i++) {
		struct vma *v;

		comparisons = 0;
		v = vma_find_from(mm, at(2 * (i * 5003 % MANY)));
		most = MAX(most, comparisons);
		assert_non_null(v);
	}
	print_message("# at most %lu comparisons\n", most);
	assert_in_range(most, 1, MOST_FIND);
	mm_put(mm);
}

/* The largest gap at n and below, which each node must know. */
static ulong check_gaps(const struct tree_node *n)
{
	const struct vma *v;
	ulong most;

	if (!n)
		return 0;
	v = CONTAINER_OF(n, const struct vma, node);
	most = MAX(v->gap, MAX(check_gaps(n->left), check_gaps(n->right)));
	assert_int_equal(v->max_gap, most);
	return most;
}

static void gaps_are_kept(void **state UNUSED)
{
	struct mm *mm = mm_create();
	struct vma *v[200];
	u32 seed = 1;

	memset(v, 0, sizeof(v));
	for (unsigned i = 0; i < 3000; i++) {
		unsigned k;

		seed = seed * 1664525 + 1013904223;
		k = (seed >> 8) % ARRAY_SIZE(v);
		if (!v[k]) {
			v[k] = add(mm, k * 300ul, k * 300ul + 1 + (seed >> 20) % 30, 0);
		} else if (seed >> 31) {
			move_end(mm, v[k], k * 300ul + 1 + (seed >> 20) % 30);
		} else {
			drop(mm, v[k]);
			v[k] = NULL;
		}
		check_gaps(mm->vmas.root);
	}
	mm_check(mm);
	mm_put(mm);
}

static void room_is_found_lowest_first(void **state UNUSED)
{
	struct mm *mm = mm_create();
	ulong lo = at(0), hi = at(1000);

	assert_int_equal(vma_gap(mm, PAGE_SIZE, lo, hi), lo);
	add(mm, 2, 10, 0);
	add(mm, 13, 20, 0);
	add(mm, 30, 40, 0);
	assert_int_equal(vma_gap(mm, 2 * PAGE_SIZE, lo, hi), at(0));
	assert_int_equal(vma_gap(mm, 3 * PAGE_SIZE, lo, hi), at(10));
	assert_int_equal(vma_gap(mm, 4 * PAGE_SIZE, lo, hi), at(20));
	assert_int_equal(vma_gap(mm, 11 * PAGE_SIZE, lo, hi), at(40));
	assert_int_equal(vma_gap(mm, 960 * PAGE_SIZE, lo, hi), at(40));
	assert_int_equal(vma_gap(mm, 961 * PAGE_SIZE, lo, hi), 0);
	mm_put(mm);
}

static void room_lies_between_the_bounds(void **state UNUSED)
{
	struct mm *mm = mm_create();

	add(mm, 10, 20, 0);
	add(mm, 30, 40, 0);
	assert_int_equal(vma_gap(mm, 5 * PAGE_SIZE, at(3), at(50)), at(3));
	assert_int_equal(vma_gap(mm, 5 * PAGE_SIZE, at(6), at(50)), at(20));
	assert_int_equal(vma_gap(mm, 5 * PAGE_SIZE, at(15), at(50)), at(20));
	assert_int_equal(vma_gap(mm, 5 * PAGE_SIZE, at(24), at(50)), at(24));
	assert_int_equal(vma_gap(mm, 5 * PAGE_SIZE, at(26), at(45)), at(40));
	assert_int_equal(vma_gap(mm, 6 * PAGE_SIZE, at(26), at(45)), 0);
	assert_int_equal(vma_gap(mm, 5 * PAGE_SIZE, at(26), at(44)), 0);
	assert_int_equal(vma_gap(mm, PAGE_SIZE, at(5), at(5)), 0);
	assert_int_equal(vma_gap(mm, ~0ul & ~PAGE_MASK, at(0), at(50)), 0);
	mm_put(mm);
}

static void growing_stacks_keep_their_distance(void **state UNUSED)
{
	struct mm *mm = mm_create();
	ulong guard = STACK_GUARD_PAGES;

	add(mm, 0, 1, 0);
	add(mm, guard + 11, guard + 12, VMA_GROWSDOWN);
	assert_int_equal(vma_gap(mm, 10 * PAGE_SIZE, at(0), at(guard + 500)), at(1));
	assert_int_equal(vma_gap(mm, 11 * PAGE_SIZE, at(0), at(guard + 500)), at(guard + 12));
	assert_int_equal(vma_gap(mm, PAGE_SIZE, at(20), at(guard + 12)), 0);
	mm_put(mm);
}

/* The only gap that is large enough lies behind thousands that are not. */
static void finding_room_is_logarithmic(void **state UNUSED)
{
	struct mm *mm = crowd(3);
	ulong most = 0;

	move_end(mm, vma_find(mm, at((MANY - 2) * 4)), (MANY - 2) * 4 + 2);
	drop(mm, vma_find(mm, at((MANY - 10) * 4)));
	for (ulong i = 0; i < 1000; i++) {
		comparisons = 0;
		assert_int_equal(vma_gap(mm, 7 * PAGE_SIZE, at(i * 4), at(MANY * 5)),
			at((MANY - 11) * 4 + 1));
		most = MAX(most, comparisons);
	}
	print_message("# at most %lu comparisons\n", most);
	assert_in_range(most, 1, MOST_ROOM);
	mm_put(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_mapping_that_holds_an_address),
		cmocka_unit_test(finds_the_next_mapping_from_a_hole),
		cmocka_unit_test(finds_what_is_there_now),
		cmocka_unit_test(finds_among_many),
		cmocka_unit_test(finding_is_logarithmic),
		cmocka_unit_test(gaps_are_kept),
		cmocka_unit_test(room_is_found_lowest_first),
		cmocka_unit_test(room_lies_between_the_bounds),
		cmocka_unit_test(growing_stacks_keep_their_distance),
		cmocka_unit_test(finding_room_is_logarithmic),
	};

	host_boot(64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
