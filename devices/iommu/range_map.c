/* SPDX-License-Identifier: MIT */
#include "devices/iommu/range_map.h"

#include <stddef.h>

/*
 * The recursive steps below take a tree and return the tree that it became; they are as
 * deep as the tree is high: below 1.45 log2(n) + 2.
 */

static int height(const struct range_node *n)
{
	return n ? n->height : 0;
}

static void set_height(struct range_node *n)
{
	int low = height(n->child[0]), high = height(n->child[1]);

	n->height = (low > high ? low : high) + 1;
}

/* Lifts the child of that side above n. */
static struct range_node *lift(struct range_node *n, int side)
{
	struct range_node *up = n->child[side];

	n->child[side] = up->child[!side];
	up->child[!side] = n;
	set_height(n);
	set_height(up);
	return up;
}

/* The children are balanced and differ in height by at most 2. */
static struct range_node *balance(struct range_node *n)
{
	int lean = height(n->child[1]) - height(n->child[0]);
	int side = lean > 0;
	struct range_node *tall = n->child[side];

	set_height(n);
	if (lean >= -1 && lean <= 1)
		return n;
	if (height(tall->child[!side]) > height(tall->child[side]))
		n->child[side] = lift(tall, !side);
	return lift(n, side);
}

static struct range_node *insert(struct range_node *n, struct range_node *node)
{
	int side;

	if (!n)
		return node;
	side = node->first > n->first;
	n->child[side] = insert(n->child[side], node);
	return balance(n);
}

static struct range_node *take_lowest(struct range_node *n, struct range_node **lowest)
{
	if (!n->child[0]) {
		*lowest = n;
		return n->child[1];
	}
	n->child[0] = take_lowest(n->child[0], lowest);
	return balance(n);
}

static struct range_node *take(struct range_node *n, const struct range_node *node)
{
	struct range_node *heir;
	int side;

	if (n != node) {
		side = node->first > n->first;
		n->child[side] = take(n->child[side], node);
		return balance(n);
	}
	if (!n->child[1])
		return n->child[0];
	n->child[1] = take_lowest(n->child[1], &heir);
	heir->child[0] = n->child[0];
	heir->child[1] = n->child[1];
	return balance(heir);
}

struct range_node *range_map_next(const struct range_map *map, uint64_t addr)
{
	struct range_node *n = map->root, *best = NULL;

	while (n) {
		if (n->last < addr) {
			n = n->child[1];
			continue;
		}
		best = n;
		if (n->first <= addr)
			break;
		n = n->child[0];
	}
	return best;
}

struct range_node *range_map_find(const struct range_map *map, uint64_t addr)
{
	struct range_node *n = range_map_next(map, addr);

	return n && n->first <= addr ? n : NULL;
}

bool range_map_insert(struct range_map *map, struct range_node *node)
{
	const struct range_node *next = range_map_next(map, node->first);

	if (next && next->first <= node->last)
		return false;
	node->child[0] = NULL;
	node->child[1] = NULL;
	node->height = 1;
	map->root = insert(map->root, node);
	map->nr++;
	return true;
}

void range_map_remove(struct range_map *map, struct range_node *node)
{
	map->root = take(map->root, node);
	map->nr--;
}

static void give_all(struct range_node *n, void (*fn)(struct range_node *node))
{
	if (!n)
		return;
	give_all(n->child[0], fn);
	give_all(n->child[1], fn);
	fn(n);
}

void range_map_empty(struct range_map *map, void (*fn)(struct range_node *node))
{
	give_all(map->root, fn);
	*map = (struct range_map){ 0 };
}

/* Everything below n lies in [low, high]; *nr counts. */
static bool verify(const struct range_node *n, uint64_t low, uint64_t high, uint64_t *nr)
{
	int lean;

	if (!n)
		return true;
	lean = height(n->child[1]) - height(n->child[0]);
	if (n->first < low || n->last > high || n->first > n->last || lean < -1 ||
	    lean > 1)
		return false;
	if ((n->child[0] && !n->first) || (n->child[1] && n->last == UINT64_MAX))
		return false;
	++*nr;
	return verify(n->child[0], low, n->first - 1, nr) &&
	       verify(n->child[1], n->last + 1, high, nr) &&
	       n->height == 1 + (lean > 0 ? height(n->child[1]) : height(n->child[0]));
}

bool range_map_verify(const struct range_map *map)
{
	uint64_t nr = 0;

	return verify(map->root, 0, UINT64_MAX, &nr) && nr == map->nr;
}
