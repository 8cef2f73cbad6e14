/*
 * The balanced tree.
 *
 * AVL: the heights of a node's two subtrees differ by at most one, so a tree of n nodes is at most 1.44 log2 n high. A change
 * is made at the bottom; then settle() walks up to the root, and at each node restores the height, turns the node with a child if its sides differ
 * by two, and has the caller's data recomputed. Without augmentation the walk ends where a subtree's height is what it was.
 */
#include "lib/tree.h"

static int height(const struct tree_node *n)
{
	return n ? n->height : 0;
}

/* Recompute what n says about its subtree; its children are right. */
static void refresh(struct tree *t, struct tree_node *n)
{
	n->height = MAX(height(n->left), height(n->right)) + 1;
	if (t->augment)
		t->augment(n);
}

/* Put `new` (may be NULL) where old hangs below its parent. */
static void replace(struct tree *t, struct tree_node *old, struct tree_node *new)
{
	struct tree_node *parent = old->parent;

	if (!parent)
		t->root = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
	if (new)
		new->parent = parent;
}

/* n's right child comes up, n becomes that child's left one. Returns the subtree's new top. */
static struct tree_node *turn_left(struct tree *t, struct tree_node *n)
{
	struct tree_node *up = n->right;

	replace(t, n, up);
	n->right = up->left;
	if (n->right)
		n->right->parent = n;
	up->left = n;
	n->parent = up;
	refresh(t, n);
	refresh(t, up);
	return up;
}

/* The mirror image. */
static struct tree_node *turn_right(struct tree *t, struct tree_node *n)
{
	struct tree_node *up = n->left;

	replace(t, n, up);
	n->left = up->right;
	if (n->left)
		n->left->parent = n;
	up->right = n;
	n->parent = up;
	refresh(t, n);
	refresh(t, up);
	return up;
}

/* Make n's subtree balanced and its data right, given that its children's are. Returns the subtree's top. */
static struct tree_node *balance(struct tree *t, struct tree_node *n)
{
	int lean = height(n->left) - height(n->right);

	if (lean > 1) {
		if (height(n->left->left) < height(n->left->right))
			turn_left(t, n->left);
		return turn_right(t, n);
	}
	if (lean < -1) {
		if (height(n->right->right) < height(n->right->left))
			turn_right(t, n->right);
		return turn_left(t, n);
	}
	refresh(t, n);
	return n;
}

/* Something changed below or in n: balance and refresh from n upwards. */
static void settle(struct tree *t, struct tree_node *n)
{
	while (n) {
		int before = n->height;

		n = balance(t, n);
		if (n->height == before && !t->augment)
			return;
		n = n->parent;
	}
}

void tree_insert(struct tree *t, struct tree_node *n, struct tree_node *parent,
		 struct tree_node **link)
{
	n->left = n->right = NULL;
	n->parent = parent;
	*link = n;
	refresh(t, n);
	settle(t, parent);
}

void tree_remove(struct tree *t, struct tree_node *n)
{
	struct tree_node *changed; /* the lowest node whose subtree lost something */
	struct tree_node *next;

	if (!n->left || !n->right) {
		changed = n->parent;
		replace(t, n, n->left ? n->left : n->right);
		settle(t, changed);
		return;
	}
	/* The next node in order has no left child; it takes n's place. */
	next = tree_next(n);
	changed = next->parent == n ? next : next->parent;
	replace(t, next, next->right);
	next->left = n->left;
	next->left->parent = next;
	next->right = n->right;
	if (next->right)
		next->right->parent = next;
	next->height = n->height;
	replace(t, n, next);
	settle(t, changed);
}

void tree_update(struct tree *t, struct tree_node *n)
{
	if (!t->augment)
		return;
	for (; n; n = n->parent)
		t->augment(n);
}

struct tree_node *tree_first(const struct tree *t)
{
	struct tree_node *n = t->root;

	while (n && n->left)
		n = n->left;
	return n;
}

struct tree_node *tree_last(const struct tree *t)
{
	struct tree_node *n = t->root;

	while (n && n->right)
		n = n->right;
	return n;
}

struct tree_node *tree_next(const struct tree_node *n)
{
	if (n->right) {
		n = n->right;
		while (n->left)
			n = n->left;
		return (struct tree_node *)n;
	}
	while (n->parent && n->parent->right == n)
		n = n->parent;
	return n->parent;
}

struct tree_node *tree_prev(const struct tree_node *n)
{
	if (n->left) {
		n = n->left;
		while (n->right)
			n = n->right;
		return (struct tree_node *)n;
	}
	while (n->parent && n->parent->left == n)
		n = n->parent;
	return n->parent;
}
