/*
 * Spans: every question of random ranges against a look at all of them, in a set that changes.
 */
#include "unit.h"
#include "lib/span.h"

enum { N = 200, PLACES = 64, ROUNDS = 4000 };

static struct span spans[N];
static bool in_tree[N];
static unsigned state;

static unsigned below(unsigned n)
{
	state = state * 1103515245 + 12345;
	return (state >> 8) % n;
}

static bool matches(const struct span *s, u64 start, u64 end, bool exclusive)
{
	return s->start < end && s->end > start && (s->exclusive || !exclusive);
}

/* The walk finds all that match, once each, by start. */
static void ask(const struct tree *t, u64 start, u64 end, bool exclusive)
{
	unsigned found = 0, expected = 0;
	u64 last = 0;

	for (int i = 0; i < N; i++)
		expected += in_tree[i] && matches(&spans[i], start, end, exclusive);
	for (struct span *s = span_first(t, start, end, exclusive); s;
		s = span_next(s, start, end, exclusive)) {
		assert_true(in_tree[s - spans]);
		assert_true(matches(s, start, end, exclusive));
		assert_true(s->start >= last);
		last = s->start;
		assert_true(++found <= expected);
	}
	assert_int_equal(found, expected);
}

static void run(unsigned longest, unsigned exclusive_in)
{
	struct tree t;

	spans_init(&t);
	memset(in_tree, 0, sizeof(in_tree));
	for (int i = 0; i < ROUNDS; i++) {
		unsigned at = below(N), from = below(PLACES);

		if (in_tree[at]) {
			tree_remove(&t, &spans[at].node);
		} else {
			spans[at].start = below(PLACES);
			spans[at].end = spans[at].start + 1 + below(longest);
			spans[at].exclusive = below(exclusive_in) == 0;
			span_insert(&t, &spans[at]);
		}
		in_tree[at] = !in_tree[at];
		ask(&t, from, from + 1 + below(longest), i % 2);
		ask(&t, from, (u64)1 << 63, i % 2);
	}
	ask(&t, 0, (u64)1 << 63, false);
}

static void short_ones(void **unused UNUSED)
{
	run(2, 2);
}
static void long_ones(void **unused UNUSED)
{
	run(PLACES, 2);
}
static void few_exclusive(void **unused UNUSED)
{
	run(8, 20);
}

static void edges(void **unused UNUSED)
{
	struct span a = {.start = 5, .end = 10}, b = {.start = 0, .end = (u64)1 << 63};
	struct tree t;

	spans_init(&t);
	assert_null(span_first(&t, 0, 1, false));
	span_insert(&t, &a);
	assert_null(span_first(&t, 10, 11, false));
	assert_null(span_first(&t, 4, 5, false));
	assert_ptr_equal(span_first(&t, 9, 10, false), &a);
	assert_null(span_first(&t, 9, 10, true));
	span_insert(&t, &b);
	assert_ptr_equal(span_first(&t, 9, 10, false), &b);
	assert_ptr_equal(span_next(&b, 9, 10, false), &a);
	assert_null(span_next(&a, 9, 10, false));
	assert_ptr_equal(span_first(&t, ((u64)1 << 63) - 1, (u64)1 << 63, false), &b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_ones),
		cmocka_unit_test(long_ones),
		cmocka_unit_test(few_exclusive),
		cmocka_unit_test(edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
