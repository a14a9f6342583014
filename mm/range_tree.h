/* SPDX-License-Identifier: MIT */
/*
 * A set of disjoint address ranges inside [base, limit), and the gaps between them.
 *
 * The ranges form an AVL tree in address order, threaded so that neighbours are one step
 * away.  Each node owns the gap in front of it (from its predecessor's end to its start)
 * and knows the largest gap of its subtree: the lowest gap that is large enough is found,
 * and a range inserted or removed, in O(log n).
 *
 * The gap behind the last range belongs to no node and stands apart from the tree.  It is
 * mostly by far the largest, so if a node owned it, each range added there would change
 * the largest gap of every subtree up to the root.
 *
 * Memory for nodes and locking are the caller's.  vmalloc's areas, the blocks of a DMA
 * pool and the addresses of an I/O space are kept in one of these each.
 */
#ifndef MM_RANGE_TREE_H
#define MM_RANGE_TREE_H

#include <linux/types.h>

struct range {
	unsigned long start, end; /* [start, end); empty only in head and tail */
	struct range *prev,
		*next; /* address order; prev->end <= start, end <= next->start */
	struct range *left, *right; /* subtrees: all below, all above */
	struct range *parent; /* NULL in the root */
	unsigned long max_gap; /* largest gap in front of any node of this subtree */
	unsigned int height; /* 1 + the higher subtree's; subtrees differ by at most 1 */
};

struct range_tree {
	struct range *root; /* NULL when empty */
	struct range head; /* [base, base): in front of the first node, not in the tree */
	struct range tail; /* [limit, limit): behind the last node, not in the tree */
	unsigned long count;
};

/* An empty set.  base < limit. */
void range_tree_init(struct range_tree *tree, unsigned long base, unsigned long limit);

/* Gives node the lowest free range of `size` bytes whose start is a multiple of align (a
 * power of two) and whose end is at most `limit`.  size > 0.  -ENOSPC: there is none. */
int range_tree_alloc(struct range_tree *tree, struct range *node, unsigned long size,
		     unsigned long align, unsigned long limit);
/* The same from the top down: the highest such range. */
int range_tree_alloc_high(struct range_tree *tree, struct range *node, unsigned long size,
			  unsigned long align, unsigned long limit);
/* Adds node with the start and end it holds.  -EINVAL: empty or not inside [base, limit);
 * -EEXIST: it overlaps a range of the set. */
int range_tree_insert(struct range_tree *tree, struct range *node);
void range_tree_remove(struct range_tree *tree, struct range *node);

/* The range that contains addr, or NULL. */
struct range *range_tree_find(const struct range_tree *tree, unsigned long addr);
/* The lowest range that ends above addr, or NULL. */
struct range *range_tree_above(const struct range_tree *tree, unsigned long addr);

static inline struct range *range_first(const struct range_tree *tree)
{
	return tree->head.next;
}

#define range_tree_for_each(node, tree) \
	for ((node) = range_first(tree); (node) != &(tree)->tail; (node) = (node)->next)

/* What is wrong with the tree, or NULL: order, threads, balance, gaps, count. */
const char *range_tree_fault(const struct range_tree *tree);

#endif
