/*
 * A balanced (AVL) binary search tree, intrusive, with one augmentation callback. Order is the
 * caller's: it descends by itself and hands over the place of the new node. All operations are
 * O(log n), allocate nothing and cannot fail. The caller locks.
 */
#pragma once

#include "lib/types.h"

struct tree_node {
	struct tree_node *left, *right, *parent;
	int height; /* of the subtree; a leaf has 1 */
};

struct tree {
	struct tree_node *root;
	/*
	 * Recompute what node keeps about its subtree from its own data and its children's, and say
	 * whether that made a difference; NULL if nothing is kept. Called bottom-up, as long as it
	 * does.
	 */
	bool (*augment)(struct tree_node *node);
};

static inline void tree_init(struct tree *t, bool (*augment)(struct tree_node *))
{
	t->root = NULL;
	t->augment = augment;
}

/*
 * Link n where *link (the root pointer, or parent's left or right pointer) is NULL now; parent is
 * NULL for the root. Rebalances.
 */
void tree_insert(struct tree *t, struct tree_node *n, struct tree_node *parent,
		 struct tree_node **link);
/*
 * Link n as the copy of `like`, which stands in another tree, at *link below parent. A tree is
 * copied from the root down; it is a tree once the copies of all nodes are in.
 */
static inline void tree_copy_node(struct tree_node *n, const struct tree_node *like,
	struct tree_node *parent, struct tree_node **link)
{
	n->left = n->right = NULL;
	n->parent = parent;
	n->height = like->height;
	*link = n;
}

/* Unlink n. n's own fields are garbage afterwards. */
void tree_remove(struct tree *t, struct tree_node *n);
/*
 * n's own data changed (not its order): bring the augmented data from n up to the root up to date.
 */
void tree_update(struct tree *t, struct tree_node *n);

/* What these two do at less cost where n is the only node: the first half, if t is empty ... */
static inline void tree_insert_first(struct tree *t, struct tree_node *n)
{
	n->left = n->right = n->parent = NULL;
	n->height = 1;
	t->root = n;
	if (t->augment)
		t->augment(n);
}
/* ... and the second; false, and nothing done, if there are others. */
static inline bool tree_take_only(struct tree *t, const struct tree_node *n)
{
	if (t->root != n || n->height != 1)
		return false;
	t->root = NULL;
	return true;
}

/* In-order neighbours; NULL at the ends and in an empty tree. */
struct tree_node *tree_first(const struct tree *t);
struct tree_node *tree_last(const struct tree *t);
struct tree_node *tree_next(const struct tree_node *n);
struct tree_node *tree_prev(const struct tree_node *n);
