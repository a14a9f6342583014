/* SPDX-License-Identifier: MIT */
/* Disjoint address ranges and their gaps: see range_tree.h. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include "mm/range_tree.h"

static unsigned int height(const struct range *node)
{
	return node ? node->height : 0;
}

static unsigned long max_gap(const struct range *node)
{
	return node ? node->max_gap : 0;
}

static unsigned long gap_before(const struct range *node)
{
	return node->start - node->prev->end;
}

/* Recomputes what node knows of its subtree from its children. */
static inline void update(struct range *node)
{
	unsigned long below = max(max_gap(node->left), max_gap(node->right));

	node->height = max(height(node->left), height(node->right)) + 1;
	node->max_gap = max(gap_before(node), below);
}

/* Puts `to` (or nothing) where `from` hangs. */
static void replace_child(struct range_tree *tree, struct range *from, struct range *to)
{
	struct range *parent = from->parent;

	if (!parent)
		tree->root = to;
	else if (parent->left == from)
		parent->left = to;
	else
		parent->right = to;
	if (to)
		to->parent = parent;
}

/* The right child of node takes its place, node becomes that child's left one. */
static struct range *rotate_left(struct range_tree *tree, struct range *node)
{
	struct range *up = node->right;

	replace_child(tree, node, up);
	node->right = up->left;
	if (node->right)
		node->right->parent = node;
	up->left = node;
	node->parent = up;
	update(node);
	update(up);
	return up;
}

static struct range *rotate_right(struct range_tree *tree, struct range *node)
{
	struct range *up = node->left;

	replace_child(tree, node, up);
	node->left = up->right;
	if (node->left)
		node->left->parent = node;
	up->right = node;
	node->parent = up;
	update(node);
	update(up);
	return up;
}

/* Brings node, whose subtrees are right, into order; returns the subtree's new root. */
static struct range *rebalance(struct range_tree *tree, struct range *node)
{
	struct range *left = node->left, *right = node->right;

	if (left && left->height > height(right) + 1) {
		if (height(left->left) < height(left->right))
			rotate_left(tree, left);
		return rotate_right(tree, node);
	}
	if (right && right->height > height(left) + 1) {
		if (height(right->right) < height(right->left))
			rotate_right(tree, right);
		return rotate_left(tree, node);
	}
	update(node);
	return node;
}

/*
 * Repairs the path from node to the root after a change below it.  Every node of the path
 * still holds the height and gap that its parent counts on, so the climb may end where
 * these come out unchanged; but not before `touched`, whose own gap has changed and which
 * is on the path unless it is the tail.
 */
static void repair(struct range_tree *tree, struct range *node,
		   const struct range *touched)
{
	bool passed = touched == &tree->tail;

	while (node) {
		unsigned int old_height = node->height;
		unsigned long old_gap = node->max_gap;

		passed |= node == touched;
		node = rebalance(tree, node);
		if (passed && node->height == old_height && node->max_gap == old_gap)
			return;
		node = node->parent;
	}
}

void range_tree_init(struct range_tree *tree, unsigned long base, unsigned long limit)
{
	*tree = (struct range_tree){
		.head = { .start = base, .end = base, .next = &tree->tail },
		.tail = { .start = limit, .end = limit, .prev = &tree->head },
	};
}

/* Makes node the leaf between two neighbours: one of them has no child on that side,
 * because if next has a left subtree, prev is its rightmost node. */
static void add_leaf(struct range_tree *tree, struct range *node, struct range *prev,
		     struct range *next)
{
	node->left = NULL;
	node->right = NULL;
	if (!tree->root) {
		node->parent = NULL;
		tree->root = node;
	} else if (next != &tree->tail && !next->left) {
		node->parent = next;
		next->left = node;
	} else {
		node->parent = prev;
		prev->right = node;
	}
}

/* Puts node into the gap in front of next. */
static void insert_before(struct range_tree *tree, struct range *node, struct range *next)
{
	struct range *prev = next->prev;

	node->prev = prev;
	node->next = next;
	prev->next = node;
	next->prev = node;
	add_leaf(tree, node, prev, next);
	update(node);
	tree->count++;
	repair(tree, node->parent, next);
}

/* The lowest node of the subtree with a gap of at least size; the subtree has one. */
static struct range *lowest_gap(struct range *node, unsigned long size)
{
	for (;;) {
		if (max_gap(node->left) >= size)
			node = node->left;
		else if (gap_before(node) >= size)
			return node;
		else
			node = node->right;
	}
}

/* The lowest node above this one with a gap of at least size, or NULL. */
static struct range *next_gap(struct range *node, unsigned long size)
{
	if (max_gap(node->right) >= size)
		return lowest_gap(node->right, size);
	for (struct range *up = node->parent; up; node = up, up = up->parent) {
		if (up->right == node)
			continue;
		if (gap_before(up) >= size)
			return up;
		if (max_gap(up->right) >= size)
			return lowest_gap(up->right, size);
	}
	return NULL;
}

/* Can node have size bytes in the gap in front of next, which is that large?  Then it
 * gets its start and end. */
static bool fits(struct range *node, const struct range *next, unsigned long size,
		 unsigned long align)
{
	unsigned long start = ALIGN(next->prev->end, align);

	/* Rounding up may wrap. */
	if (start < next->prev->end || start > next->start - size)
		return false;
	node->start = start;
	node->end = start + size;
	return true;
}

int range_tree_alloc(struct range_tree *tree, struct range *node, unsigned long size,
		     unsigned long align, unsigned long limit)
{
	struct range *next = NULL;

	if (max_gap(tree->root) >= size)
		next = lowest_gap(tree->root, size);
	while (next && !fits(node, next, size, align))
		next = next_gap(next, size);
	if (!next && gap_before(&tree->tail) >= size &&
	    fits(node, &tree->tail, size, align))
		next = &tree->tail;
	if (!next || node->end > limit)
		return -ENOSPC;
	insert_before(tree, node, next);
	return 0;
}

/* The highest node of the subtree with a gap of at least size; the subtree has one. */
static struct range *highest_gap(struct range *node, unsigned long size)
{
	for (;;) {
		if (max_gap(node->right) >= size)
			node = node->right;
		else if (gap_before(node) >= size)
			return node;
		else
			node = node->left;
	}
}

/* The highest node below this one with a gap of at least size, or NULL. */
static struct range *previous_gap(struct range *node, unsigned long size)
{
	if (max_gap(node->left) >= size)
		return highest_gap(node->left, size);
	for (struct range *up = node->parent; up; node = up, up = up->parent) {
		if (up->left == node)
			continue;
		if (gap_before(up) >= size)
			return up;
		if (max_gap(up->left) >= size)
			return highest_gap(up->left, size);
	}
	return NULL;
}

/* As fits(), at the upper end of what lies below limit of that gap. */
static bool fits_high(struct range *node, const struct range *next, unsigned long size,
		      unsigned long align, unsigned long limit)
{
	unsigned long low = next->prev->end, high = min(next->start, limit);

	if (high < low || high - low < size)
		return false;
	node->start = (high - size) & ~(align - 1);
	node->end = node->start + size;
	return node->start >= low;
}

int range_tree_alloc_high(struct range_tree *tree, struct range *node, unsigned long size,
			  unsigned long align, unsigned long limit)
{
	/* No gap behind the one in front of `next` has anything below limit. */
	struct range *next = range_tree_above(tree, limit);

	if (!next) {
		next = &tree->tail;
		if (!fits_high(node, next, size, align, limit))
			next = max_gap(tree->root) >= size ? highest_gap(tree->root, size)
							   : NULL;
	}
	while (next && !fits_high(node, next, size, align, limit))
		next = previous_gap(next, size);
	if (!next)
		return -ENOSPC;
	insert_before(tree, node, next);
	return 0;
}

struct range *range_tree_above(const struct range_tree *tree, unsigned long addr)
{
	struct range *node = tree->root, *best = NULL;

	while (node) {
		if (node->end > addr) {
			best = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return best;
}

int range_tree_insert(struct range_tree *tree, struct range *node)
{
	struct range *next;

	if (node->start >= node->end || node->start < tree->head.end ||
	    node->end > tree->tail.start)
		return -EINVAL;
	next = range_tree_above(tree, node->start);
	if (!next)
		next = &tree->tail;
	if (next->start < node->end)
		return -EEXIST;
	insert_before(tree, node, next);
	return 0;
}

struct range *range_tree_find(const struct range_tree *tree, unsigned long addr)
{
	struct range *node = tree->root;

	while (node) {
		if (addr < node->start)
			node = node->left;
		else if (addr >= node->end)
			node = node->right;
		else
			return node;
	}
	return NULL;
}

/* `heir` takes node's place and what node's parent counts on; its own children stay. */
static void take_place(struct range_tree *tree, struct range *node, struct range *heir)
{
	replace_child(tree, node, heir);
	heir->height = node->height;
	heir->max_gap = node->max_gap;
}

void range_tree_remove(struct range_tree *tree, struct range *node)
{
	struct range *next = node->next, *from;

	node->prev->next = next;
	next->prev = node->prev;
	tree->count--;

	if (!node->left || !node->right) {
		struct range *child = node->left ? node->left : node->right;

		from = child ? child : node->parent;
		if (child)
			take_place(tree, node, child);
		else
			replace_child(tree, node, NULL);
	} else {
		/* next is the leftmost node of the right subtree: it has no left child. */
		from = next->parent == node ? next : next->parent;
		if (from != next) {
			replace_child(tree, next, next->right);
			next->right = node->right;
			next->right->parent = next;
		}
		next->left = node->left;
		next->left->parent = next;
		take_place(tree, node, next);
	}
	repair(tree, from, next);
}

/* What is wrong with one node, taken with its children and neighbours. */
static const char *node_fault(const struct range *node)
{
	const struct range *left = node->left, *right = node->right;
	struct range now = *node;

	if (node->prev->next != node || node->next->prev != node)
		return "threads disagree";
	if (node->start >= node->end)
		return "empty range";
	if (node->start < node->prev->end || node->end > node->next->start)
		return "ranges overlap";
	if ((left && left->parent != node) || (right && right->parent != node))
		return "child with another parent";
	if (height(left) > height(right) + 1 || height(right) > height(left) + 1)
		return "out of balance";
	update(&now);
	if (now.height != node->height)
		return "wrong height";
	if (now.max_gap != node->max_gap)
		return "wrong largest gap";
	return NULL;
}

/* The lowest node, and the one after this, by the tree's own links; NULL: none. */
static const struct range *tree_first(const struct range_tree *tree)
{
	const struct range *node = tree->root;

	while (node && node->left)
		node = node->left;
	return node;
}

static const struct range *tree_next(const struct range *node)
{
	if (node->right) {
		for (node = node->right; node->left;)
			node = node->left;
		return node;
	}
	while (node->parent && node->parent->right == node)
		node = node->parent;
	return node->parent;
}

const char *range_tree_fault(const struct range_tree *tree)
{
	const struct range *node = tree_first(tree), *thread = range_first(tree);
	unsigned long seen = 0;

	if (tree->root && tree->root->parent)
		return "the root has a parent";
	for (; node; node = tree_next(node), thread = thread->next) {
		const char *fault = thread == node ? node_fault(node)
						   : "tree and thread disagree";

		if (fault)
			return fault;
		if (++seen > tree->count)
			return "more ranges than counted";
	}
	if (thread != &tree->tail)
		return "tree and thread disagree";
	return seen == tree->count ? NULL : "fewer ranges than counted";
}
