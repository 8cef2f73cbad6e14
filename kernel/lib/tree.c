/*
 * The balanced tree.
 *
 * AVL: the heights of a node's two subtrees differ by at most one, so a tree of n nodes is at
 * most 1.44 log2 n high. A change is made at the bottom; then settle() walks up, and at each node
 * restores the height, turns the node with a child if its sides differ by two, and has the caller's
 * data recomputed. The walk ends where a subtree says of itself what it said before.
 */
#include "lib/tree.h"

static int height(const struct tree_node *n)
{
	return n ? n->height : 0;
}

/* Recompute what n says about its subtree; its children are right. False if it said so before. */
static bool refresh(struct tree *t, struct tree_node *n)
{
	int left = height(n->left), right = height(n->right),
	    now = (left > right ? left : right) + 1;
	bool changed = now != n->height;

	n->height = now;
	if (t->augment)
		changed |= t->augment(n);
	return changed;
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

/*
 * n's sides differ by two: turn it, once or twice, so that they do not. Returns the subtree's new
 * top.
 */
static struct tree_node *turn(struct tree *t, struct tree_node *n)
{
	if (height(n->left) > height(n->right)) {
		if (height(n->left->left) < height(n->left->right))
			turn_left(t, n->left);
		return turn_right(t, n);
	}
	if (height(n->right->right) < height(n->right->left))
		turn_right(t, n->right);
	return turn_left(t, n);
}

/*
 * Something changed below or in n: balance and refresh from n upwards. `moved`: n stands in another
 * node's place, so what it said of itself before is no measure of whether its parent need look.
 */
static void settle(struct tree *t, struct tree_node *n, bool moved)
{
	for (; n; n = n->parent) {
		int lean = height(n->left) - height(n->right);

		if (lean > 1 || lean < -1)
			n = turn(t, n);
		else if (!refresh(t, n) && !moved)
			return;
		moved = false;
	}
}

void tree_insert(struct tree *t, struct tree_node *n, struct tree_node *parent,
		 struct tree_node **link)
{
	n->left = n->right = NULL;
	n->parent = parent;
	n->height = 0;
	*link = n;
	refresh(t, n);
	settle(t, parent, false);
}

void tree_remove(struct tree *t, struct tree_node *n)
{
	struct tree_node *changed; /* the lowest node whose subtree lost something */
	struct tree_node *next;

	if (!n->left || !n->right) {
		changed = n->parent;
		replace(t, n, n->left ? n->left : n->right);
		settle(t, changed, false);
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
	if (changed != next)
		settle(t, changed, false);
	settle(t, next, true);
}

void tree_update(struct tree *t, struct tree_node *n)
{
	while (n && t->augment && t->augment(n))
		n = n->parent;
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
