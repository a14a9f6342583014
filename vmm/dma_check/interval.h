/* SPDX-License-Identifier: MIT */
/*
 * A set of intervals of numbers, which may overlap: who contains, or touches, a range?
 *
 * A treap ordered by `first`; each node knows the highest `last` below it, so that a search
 * leaves out what ends too early.  Priorities come from a generator seeded once a process:
 * no order of insertions makes the tree deep.
 */
#ifndef VMM_INTERVAL_H
#define VMM_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded in what is found; first <= last, fixed while it is in a set. */
struct interval {
	uint64_t first, last;
	uint64_t highest; /* of its own `last` and those of all nodes below */
	uint32_t priority; /* at least that of its children */
	struct interval *left, *right;
};

/* Zeroed is empty. */
struct intervals {
	struct interval *root;
	size_t nr;
};

void interval_add(struct intervals *set, struct interval *i);
/* i is in the set. */
void interval_remove(struct intervals *set, struct interval *i);

/* Calls fn for each that touches [first, last], ascending by `first`, until it returns true.
 * fn does not change the set.  True: it did. */
typedef bool (*interval_fn)(void *arg, struct interval *i);
bool interval_each(const struct intervals *set, uint64_t first, uint64_t last,
		   interval_fn fn, void *arg);

/* The one with the highest `first` not above x; NULL: none. */
struct interval *interval_below(const struct intervals *set, uint64_t x);

/* True when order, priorities and highest ends are right everywhere; for tests. */
bool interval_valid(const struct intervals *set);

#endif
