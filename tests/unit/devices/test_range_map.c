/* SPDX-License-Identifier: MIT */
/* The ordered map of ranges against an array that holds the same. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "devices/iommu/range_map.h"

#define NODES 200
#define SPACE 2000u

static struct range_node node[NODES];
static bool in_map[NODES];

static const struct range_node *model_next(uint64_t addr)
{
	const struct range_node *best = NULL;

	for (unsigned int i = 0; i < NODES; i++)
		if (in_map[i] && node[i].last >= addr &&
		    (!best || node[i].first < best->first))
			best = &node[i];
	return best;
}

static bool model_free(uint64_t first, uint64_t last)
{
	for (unsigned int i = 0; i < NODES; i++)
		if (in_map[i] && node[i].first <= last && node[i].last >= first)
			return false;
	return true;
}

static void random_ranges(void **state)
{
	struct range_map map = { 0 };
	uint64_t nr = 0;

	(void)state;
	srand(1);
	for (unsigned int round = 0; round < 20000; round++) {
		unsigned int i = (unsigned int)rand() % NODES;
		uint64_t first = (uint64_t)rand() % SPACE;
		uint64_t last = first + (uint64_t)rand() % 12;
		const struct range_node *next = model_next(first);

		assert_ptr_equal(range_map_next(&map, first), next);
		assert_ptr_equal(range_map_find(&map, first),
				 next && next->first <= first ? next : NULL);
		if (in_map[i]) {
			range_map_remove(&map, &node[i]);
			in_map[i] = false;
			nr--;
		} else {
			node[i].first = first;
			node[i].last = last;
			in_map[i] = model_free(first, last);
			assert_int_equal(range_map_insert(&map, &node[i]), in_map[i]);
			nr += in_map[i];
		}
		assert_true(range_map_verify(&map));
		assert_int_equal(map.nr, nr);
	}
	assert_true(nr > NODES / 4);
}

/* Both ends of the address space, and orders that make a plain tree a list. */
static void ends_and_sorted_orders(void **state)
{
	struct range_map map = { 0 };
	struct range_node low = { .first = 0, .last = 0 };
	struct range_node high = { .first = UINT64_MAX - 1, .last = UINT64_MAX };
	struct range_node all = { .first = 0, .last = UINT64_MAX };

	(void)state;
	assert_true(range_map_insert(&map, &high));
	assert_true(range_map_insert(&map, &low));
	assert_false(range_map_insert(&map, &all));
	assert_true(range_map_verify(&map));
	assert_ptr_equal(range_map_find(&map, UINT64_MAX), &high);
	assert_ptr_equal(range_map_next(&map, 1), &high);
	for (int up = 0; up < 2; up++) {
		for (unsigned int i = 0; i < NODES; i++) {
			unsigned int at = up ? i : NODES - 1 - i;

			node[i] =
				(struct range_node){ .first = 10 + at, .last = 10 + at };
			assert_true(range_map_insert(&map, &node[i]));
		}
		assert_true(range_map_verify(&map));
		assert_true(map.root->height <= 11);
		for (unsigned int i = 0; i < NODES; i++)
			range_map_remove(&map, &node[i]);
	}
	range_map_remove(&map, &high);
	range_map_remove(&map, &low);
	assert_null(map.root);
	assert_true(range_map_insert(&map, &all));
	assert_ptr_equal(range_map_find(&map, 12345), &all);
}

static unsigned int given;

static void take_one(struct range_node *n)
{
	given++;
	*n = (struct range_node){ .first = 1 }; /* as if freed */
}

static void emptied_at_once(void **state)
{
	struct range_map map = { 0 };

	(void)state;
	range_map_empty(&map, take_one);
	assert_int_equal(given, 0);
	for (unsigned int i = 0; i < NODES; i++) {
		node[i] = (struct range_node){ .first = 3 * i, .last = 3 * i + 1 };
		assert_true(range_map_insert(&map, &node[i]));
	}
	range_map_empty(&map, take_one);
	assert_int_equal(given, NODES);
	assert_int_equal(map.nr, 0);
	assert_null(map.root);
}

/* Verification sees each kind of damage. */
static void verify_sees_damage(void **state)
{
	struct range_map map = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 7; i++) {
		node[i] = (struct range_node){ .first = 10 * i, .last = 10 * i + 5 };
		assert_true(range_map_insert(&map, &node[i]));
	}
	assert_true(range_map_verify(&map));
	node[2].last = 30;
	assert_false(range_map_verify(&map));
	node[2].last = 25;
	map.nr++;
	assert_false(range_map_verify(&map));
	map.nr--;
	map.root->height++;
	assert_false(range_map_verify(&map));
	map.root->height--;
	map.root->child[1]->child[1] = NULL;
	map.root->child[1]->child[0] = NULL;
	assert_false(range_map_verify(&map));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_ranges),
		cmocka_unit_test(ends_and_sorted_orders),
		cmocka_unit_test(emptied_at_once),
		cmocka_unit_test(verify_sees_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
