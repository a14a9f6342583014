/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <sys/random.h>

#include "vmm/dma_check/interval.h"

/* xorshift32 from a seed nobody outside knows. */
static uint32_t next_priority(void)
{
	static uint32_t state;

	if (!state && getrandom(&state, sizeof(state), 0) != sizeof(state))
		state = 0;
	state = state ? state : 1;
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

/* Equal starts are told apart by where the nodes lie: any fixed order does. */
static bool before(const struct interval *a, const struct interval *b)
{
	return a->first != b->first ? a->first < b->first : (uintptr_t)a < (uintptr_t)b;
}

static void update(struct interval *i)
{
	i->highest = i->last;
	if (i->left && i->left->highest > i->highest)
		i->highest = i->left->highest;
	if (i->right && i->right->highest > i->highest)
		i->highest = i->right->highest;
}

/* Cuts a tree in two: what comes before `at`, and the rest. */
static void split(struct interval *tree, const struct interval *at, struct interval **low,
		  struct interval **high)
{
	if (!tree) {
		*low = *high = NULL;
		return;
	}
	if (before(tree, at)) {
		split(tree->right, at, &tree->right, high);
		*low = tree;
	} else {
		split(tree->left, at, low, &tree->left);
		*high = tree;
	}
	update(tree);
}

/* All of low comes before all of high. */
static struct interval *join(struct interval *low, struct interval *high)
{
	if (!low || !high)
		return low ? low : high;
	if (low->priority >= high->priority) {
		low->right = join(low->right, high);
		update(low);
		return low;
	}
	high->left = join(low, high->left);
	update(high);
	return high;
}

static struct interval *insert(struct interval *tree, struct interval *i)
{
	if (!tree || i->priority > tree->priority) {
		split(tree, i, &i->left, &i->right);
		tree = i;
	} else if (before(i, tree)) {
		tree->left = insert(tree->left, i);
	} else {
		tree->right = insert(tree->right, i);
	}
	update(tree);
	return tree;
}

void interval_add(struct intervals *set, struct interval *i)
{
	i->priority = next_priority();
	set->root = insert(set->root, i);
	set->nr++;
}

static struct interval *take_out(struct interval *tree, const struct interval *i)
{
	if (tree == i)
		return join(tree->left, tree->right);
	if (before(i, tree))
		tree->left = take_out(tree->left, i);
	else
		tree->right = take_out(tree->right, i);
	update(tree);
	return tree;
}

void interval_remove(struct intervals *set, struct interval *i)
{
	set->root = take_out(set->root, i);
	set->nr--;
	i->left = i->right = NULL;
}

static bool each(struct interval *tree, uint64_t first, uint64_t last, interval_fn fn,
		 void *arg)
{
	if (!tree || tree->highest < first)
		return false;
	if (each(tree->left, first, last, fn, arg))
		return true;
	if (tree->first > last)
		return false;
	if (tree->last >= first && fn(arg, tree))
		return true;
	return each(tree->right, first, last, fn, arg);
}

bool interval_each(const struct intervals *set, uint64_t first, uint64_t last,
		   interval_fn fn, void *arg)
{
	return each(set->root, first, last, fn, arg);
}

struct interval *interval_below(const struct intervals *set, uint64_t x)
{
	struct interval *i = set->root, *best = NULL;

	while (i) {
		if (i->first <= x) {
			best = i;
			i = i->right;
		} else {
			i = i->left;
		}
	}
	return best;
}

static bool valid(const struct interval *i, const struct interval **last, size_t *nr)
{
	uint64_t highest;

	if (!i)
		return true;
	if ((i->left && i->left->priority > i->priority) ||
	    (i->right && i->right->priority > i->priority) || i->first > i->last)
		return false;
	if (!valid(i->left, last, nr) || (*last && !before(*last, i)))
		return false;
	*last = i;
	(*nr)++;
	highest = i->last;
	if (i->left && i->left->highest > highest)
		highest = i->left->highest;
	if (i->right && i->right->highest > highest)
		highest = i->right->highest;
	return highest == i->highest && valid(i->right, last, nr);
}

bool interval_valid(const struct intervals *set)
{
	const struct interval *last = NULL;
	size_t nr = 0;

	return valid(set->root, &last, &nr) && nr == set->nr;
}
