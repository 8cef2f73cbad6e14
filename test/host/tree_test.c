/*
 * The balanced tree: order, balance and augmentation after each of many changes.
 */
#include "unit.h"
#include "lib/tree.h"

struct item {
	struct tree_node node;
	unsigned key, sum; /* of the keys in the subtree */
};

static unsigned sum_of(const struct tree_node *n)
{
	return n ? CONTAINER_OF(n, const struct item, node)->sum : 0;
}

static bool augment(struct tree_node *n)
{
	struct item *i = CONTAINER_OF(n, struct item, node);
	unsigned before = i->sum;

	i->sum = i->key + sum_of(n->left) + sum_of(n->right);
	return i->sum != before;
}

static void insert(struct tree *t, struct item *i)
{
	struct tree_node **link = &t->root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = i->key < CONTAINER_OF(parent, struct item, node)->key ? &parent->left
									     : &parent->right;
	}
	tree_insert(t, &i->node, parent, link);
}

/* Checks the subtree and returns its height; *count counts its nodes. */
static int check(const struct tree_node *n, const struct tree_node *parent, unsigned *count)
{
	int left, right;

	if (!n)
		return 0;
	assert_ptr_equal(n->parent, parent);
	left = check(n->left, n, count);
	right = check(n->right, n, count);
	assert_in_range(left - right + 1, 0, 2);
	assert_int_equal(n->height, MAX(left, right) + 1);
	assert_int_equal(sum_of(n),
		CONTAINER_OF(n, const struct item, node)->key + sum_of(n->left) + sum_of(n->right));
	++*count;
	return n->height;
}

static void check_tree(const struct tree *t, unsigned expected)
{
	struct tree_node *n, *before = NULL;
	unsigned count = 0;

	check(t->root, NULL, &count);
	assert_int_equal(count, expected);
	count = 0;
	for (n = tree_first(t); n; n = tree_next(n)) {
		if (before)
			assert_true(CONTAINER_OF(before, struct item, node)->key <=
				CONTAINER_OF(n, struct item, node)->key);
		assert_ptr_equal(tree_prev(n), before);
		before = n;
		count++;
	}
	assert_ptr_equal(tree_last(t), before);
	assert_int_equal(count, expected);
}

enum { N = 300 };
static struct item items[N];

static void run(unsigned step)
{
	struct tree t;

	tree_init(&t, augment);
	check_tree(&t, 0);
	for (unsigned i = 0; i < N; i++) {
		items[i].key = i * step % 1009;
		insert(&t, &items[i]);
		check_tree(&t, i + 1);
	}
	for (unsigned i = 0; i < N; i += 3) {
		/* Data changes, order does not: sum is all that depends on it. */
		tree_update(&t, &items[i].node);
		check_tree(&t, N);
	}
	for (unsigned i = 0; i < N; i++) {
		tree_remove(&t, &items[i * 7 % N].node);
		check_tree(&t, N - 1 - i);
	}
	assert_null(t.root);
}

static void ascending(void **state UNUSED)
{
	run(1);
}
static void descending(void **state UNUSED)
{
	run(1008);
}
static void mixed(void **state UNUSED)
{
	run(367);
}
static void all_equal(void **state UNUSED)
{
	run(0);
}

static void without_augmentation(void **state UNUSED)
{
	struct tree t;
	unsigned count;

	tree_init(&t, NULL);
	for (unsigned i = 0; i < N; i++) {
		items[i].key = items[i].sum = 0;
		insert(&t, &items[i]);
	}
	for (unsigned i = 0; i < N; i++) {
		count = 0;
		check(t.root, NULL, &count);
		assert_int_equal(count, N - i);
		tree_remove(&t, &items[i * 11 % N].node);
	}
	assert_null(t.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascending),
		cmocka_unit_test(descending),
		cmocka_unit_test(mixed),
		cmocka_unit_test(all_equal),
		cmocka_unit_test(without_augmentation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
