/*
 * The balanced tree against a flag for each key.
 */
#include "fuzz.h"
#include "lib/tree.h"

enum { KEYS = 128 };

struct item {
	struct tree_node node;
	unsigned key;
	unsigned weight, largest; /* augmentation: the largest weight in the subtree */
};

static struct item items[KEYS];
static bool present[KEYS];

#define ITEM_OF(n) CONTAINER_OF(n, struct item, node)

static unsigned largest_of(const struct tree_node *n)
{
	return n ? CONTAINER_OF(n, const struct item, node)->largest : 0;
}

static bool augment(struct tree_node *n)
{
	unsigned before = ITEM_OF(n)->largest;

	ITEM_OF(n)->largest =
		MAX(ITEM_OF(n)->weight, MAX(largest_of(n->left), largest_of(n->right)));
	return ITEM_OF(n)->largest != before;
}

static void insert(struct tree *t, unsigned key, unsigned weight)
{
	struct tree_node **link = &t->root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = key < ITEM_OF(parent)->key ? &parent->left : &parent->right;
	}
	items[key].key = key;
	items[key].weight = weight;
	tree_insert(t, &items[key].node, parent, link);
	present[key] = true;
}

static int check_node(const struct tree_node *n, const struct tree_node *parent)
{
	int left, right;

	if (!n)
		return 0;
	CHECK(n->parent == parent);
	left = check_node(n->left, n);
	right = check_node(n->right, n);
	CHECK(abs(left - right) <= 1);
	CHECK(n->height == MAX(left, right) + 1);
	CHECK(largest_of(n) ==
		MAX(CONTAINER_OF(n, const struct item, node)->weight,
			MAX(largest_of(n->left), largest_of(n->right))));
	return n->height;
}

static void check(const struct tree *t)
{
	struct tree_node *n = tree_first(t);

	check_node(t->root, NULL);
	for (unsigned k = 0; k < KEYS; k++) {
		if (!present[k])
			continue;
		CHECK(n == &items[k].node);
		n = tree_next(n);
	}
	CHECK(!n);
	n = tree_last(t);
	for (unsigned k = KEYS; k-- > 0;) {
		if (!present[k])
			continue;
		CHECK(n == &items[k].node);
		n = tree_prev(n);
	}
	CHECK(!n);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	struct tree t;

	memset(present, 0, sizeof(present));
	tree_init(&t, augment);
	while (in.left) {
		unsigned op = next_byte(&in), key = op % KEYS;

		if (!present[key]) {
			insert(&t, key, next_byte(&in));
		} else if (op < KEYS) {
			tree_remove(&t, &items[key].node);
			present[key] = false;
		} else {
			items[key].weight = next_byte(&in);
			tree_update(&t, &items[key].node);
		}
		check(&t);
	}
	return 0;
}
