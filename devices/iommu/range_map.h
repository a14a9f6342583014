/* SPDX-License-Identifier: MIT */
/*
 * An ordered map of disjoint ranges of 64-bit addresses, both ends inclusive: a balanced
 * (AVL) tree of nodes that their owner embeds and allocates.  Every operation looks at
 * O(log n) nodes, whatever the order in which they came.
 */
#ifndef DEVICES_RANGE_MAP_H
#define DEVICES_RANGE_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct range_node {
	uint64_t first, last; /* first <= last; fixed while it is in a map */
	struct range_node *child[2]; /* lower and higher addresses */
	int height; /* of the tree that starts here; the children's differ by at most 1 */
};

/* Zeroed is empty. */
struct range_map {
	struct range_node *root;
	uint64_t nr;
};

/* The lowest range that ends at or above addr, or NULL: the one that covers addr, or else
 * the next one. */
struct range_node *range_map_next(const struct range_map *map, uint64_t addr);
/* The range that covers addr, or NULL. */
struct range_node *range_map_find(const struct range_map *map, uint64_t addr);
/* Adds a node whose first and last are set.  False: it would overlap another. */
bool range_map_insert(struct range_map *map, struct range_node *node);
/* Takes a node out that is in the map. */
void range_map_remove(struct range_map *map, struct range_node *node);
/* Takes all of them out, giving each to fn, which may free it.  O(n). */
void range_map_empty(struct range_map *map, void (*fn)(struct range_node *node));
/* Order, balance and count are as this page says. */
bool range_map_verify(const struct range_map *map);

#endif
