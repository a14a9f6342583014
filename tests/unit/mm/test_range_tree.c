/* SPDX-License-Identifier: MIT */
/* mm/range_tree.c against a map of cells searched one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include "mm/range_tree.h"

#define BASE  0x100000UL
#define CELL  0x1000UL
#define CELLS 512UL
#define LIMIT (BASE + CELLS * CELL)

static struct range_tree tree;
static struct range *owner[CELLS]; /* the model: who holds each cell */

static int set_up(void **state)
{
	(void)state;
	range_tree_init(&tree, BASE, LIMIT);
	for (unsigned long i = 0; i < CELLS; i++)
		owner[i] = NULL;
	return 0;
}

static void check(void)
{
	const char *fault = range_tree_fault(&tree);

	if (fault)
		fail_msg("%s", fault);
}

static bool model_free(unsigned long first, unsigned long n)
{
	for (unsigned long i = first; i < first + n; i++)
		if (i >= CELLS || owner[i])
			return false;
	return true;
}

/* The first cell where n free ones start at a multiple of align cells, or CELLS. */
static unsigned long model_first_fit(unsigned long n, unsigned long align)
{
	for (unsigned long i = 0; i < CELLS; i++)
		if (IS_ALIGNED(BASE + i * CELL, align * CELL) && model_free(i, n))
			return i;
	return CELLS;
}

static void model_set(const struct range *node, struct range *value)
{
	for (unsigned long a = node->start; a < node->end; a += CELL)
		owner[(a - BASE) / CELL] = value;
}

static void try_alloc(unsigned long n, unsigned long align, unsigned long limit_cells)
{
	struct range *node = malloc(sizeof(*node));
	unsigned long want = model_first_fit(n, align);
	int err = range_tree_alloc(&tree, node, n * CELL, align * CELL,
				   BASE + limit_cells * CELL);

	if (want + n > limit_cells) {
		assert_int_equal(err, -ENOSPC);
		free(node);
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(node->start, BASE + want * CELL);
	assert_int_equal(node->end - node->start, n * CELL);
	model_set(node, node);
}

/* The last cell below the limit where n free ones start at a multiple of align cells, or
 * CELLS. */
static unsigned long model_last_fit(unsigned long n, unsigned long align,
				    unsigned long limit_cells)
{
	for (unsigned long i = limit_cells + 1; i-- > 0;)
		if (i + n <= limit_cells && IS_ALIGNED(BASE + i * CELL, align * CELL) &&
		    model_free(i, n))
			return i;
	return CELLS;
}

static void try_alloc_high(unsigned long n, unsigned long align,
			   unsigned long limit_cells)
{
	struct range *node = malloc(sizeof(*node));
	unsigned long want = model_last_fit(n, align, limit_cells);
	int err = range_tree_alloc_high(&tree, node, n * CELL, align * CELL,
					BASE + limit_cells * CELL);

	if (want == CELLS) {
		assert_int_equal(err, -ENOSPC);
		free(node);
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(node->start, BASE + want * CELL);
	assert_int_equal(node->end - node->start, n * CELL);
	model_set(node, node);
}

static void try_insert(unsigned long first, unsigned long n)
{
	struct range *node = malloc(sizeof(*node));
	int err;

	node->start = BASE + first * CELL;
	node->end = node->start + n * CELL;
	err = range_tree_insert(&tree, node);
	if (first + n > CELLS)
		assert_int_equal(err, -EINVAL);
	else
		assert_int_equal(err, model_free(first, n) ? 0 : -EEXIST);
	if (err)
		free(node);
	else
		model_set(node, node);
}

static void drop(struct range *node)
{
	model_set(node, NULL);
	range_tree_remove(&tree, node);
	free(node);
}

static void check_lookups(unsigned long cell)
{
	unsigned long above = cell;

	assert_ptr_equal(range_tree_find(&tree, BASE + cell * CELL), owner[cell]);
	assert_ptr_equal(range_tree_find(&tree, BASE + cell * CELL + CELL - 1),
			 owner[cell]);
	while (above < CELLS && !owner[above])
		above++;
	assert_ptr_equal(range_tree_above(&tree, BASE + cell * CELL),
			 above < CELLS ? owner[above] : NULL);
}

static void drop_all(void)
{
	while (range_first(&tree) != &tree.tail) {
		drop(range_first(&tree));
		check();
	}
	assert_int_equal(tree.count, 0);
	assert_null(tree.root);
}

static void random_operations_follow_the_model(void **state)
{
	(void)state;
	srand(1);
	for (int step = 0; step < 40000; step++) {
		unsigned long cell = (unsigned long)rand() % CELLS;
		unsigned long n = 1 + (unsigned long)rand() % 7;

		switch (rand() % 11) {
		case 0:
		case 1:
			try_alloc(n, 1, CELLS);
			break;
		case 2:
			try_alloc(n, 1UL << rand() % 6, CELLS);
			break;
		case 3:
			try_alloc(n, 1, (unsigned long)rand() % (CELLS + 1));
			break;
		case 4:
			try_insert(cell, n);
			break;
		case 5:
			try_alloc_high(n, 1UL << rand() % 4, CELLS);
			break;
		case 6:
			try_alloc_high(n, 1UL << rand() % 3,
				       (unsigned long)rand() % (CELLS + 1));
			break;
		default:
			if (owner[cell])
				drop(owner[cell]);
		}
		check();
		check_lookups(cell);
	}
	drop_all();
}

static void fills_to_the_last_cell_and_refuses_more(void **state)
{
	(void)state;
	for (unsigned long i = 0; i < CELLS; i++)
		try_alloc(1, 1, CELLS);
	check();
	assert_int_equal(tree.root->max_gap, 0);
	try_alloc(1, 1, CELLS);
	for (unsigned long i = 0; i < CELLS; i += 2)
		drop(owner[i]);
	try_alloc(2, 1, CELLS);
	try_alloc(1, 2, CELLS);
	check();
	drop_all();
}

static void height_stays_logarithmic(void **state)
{
	(void)state;
	for (unsigned long i = 0; i < CELLS; i++)
		try_alloc(1, 1, CELLS);
	/* An AVL tree of 512 nodes has at most 1.44 * log2(514) levels. */
	assert_true(tree.root->height <= 12);
	drop_all();
}

static void the_ends_of_the_address_space_do_not_wrap(void **state)
{
	struct range_tree top;
	struct range a, b, c;

	(void)state;
	range_tree_init(&top, 0x1000, ~0UL & ~0xfffUL);
	assert_int_equal(range_tree_alloc(&top, &a, ~0UL, 1, ~0UL), -ENOSPC);
	assert_int_equal(range_tree_alloc(&top, &a, 0x1000, 1UL << 63, ~0UL), 0);
	assert_int_equal(a.start, 1UL << 63);
	assert_int_equal(range_tree_alloc(&top, &b, 0x1000, 1UL << 63, ~0UL), -ENOSPC);
	assert_int_equal(range_tree_alloc(&top, &b, 0x1000, 0x1000, 0x1fff), -ENOSPC);
	assert_int_equal(range_tree_alloc(&top, &b, 0x1000, 0x1000, 0x2000), 0);
	assert_int_equal(range_tree_alloc_high(&top, &c, ~0UL, 1, ~0UL), -ENOSPC);
	assert_int_equal(range_tree_alloc_high(&top, &c, 0x1000, 0x1000, 0x800), -ENOSPC);
	assert_int_equal(range_tree_alloc_high(&top, &c, 0x2000, 0x1000, 0x2fff),
			 -ENOSPC);
	assert_int_equal(range_tree_alloc_high(&top, &c, 0x1000, 0x1000, ~0UL), 0);
	assert_int_equal(c.end, ~0UL & ~0xfffUL);
	assert_null(range_tree_fault(&top));
}

static void refuses_what_is_no_range(void **state)
{
	struct range node = { .start = BASE, .end = BASE };

	(void)state;
	assert_int_equal(range_tree_insert(&tree, &node), -EINVAL);
	node.start = BASE - CELL;
	assert_int_equal(range_tree_insert(&tree, &node), -EINVAL);
	node.end = BASE - CELL + 1;
	assert_int_equal(range_tree_insert(&tree, &node), -EINVAL);
}

/* Each kind of damage is seen, and named. */
static void faults_are_found(void **state)
{
	struct range *a, *b, *c;
	unsigned long saved;

	(void)state;
	for (int i = 0; i < 3; i++)
		try_alloc(2, 1, CELLS);
	a = owner[0];
	b = owner[2];
	c = owner[4];
	saved = b->start;
	b->start -= CELL;
	assert_string_equal(range_tree_fault(&tree), "ranges overlap");
	b->start = b->end;
	assert_string_equal(range_tree_fault(&tree), "empty range");
	b->start = saved;
	a->height++;
	assert_non_null(range_tree_fault(&tree));
	a->height--;
	c->max_gap++;
	assert_string_equal(range_tree_fault(&tree), "wrong largest gap");
	c->max_gap--;
	b->parent = a;
	assert_string_equal(range_tree_fault(&tree), "the root has a parent");
	b->parent = NULL;
	tree.root = a;
	assert_non_null(range_tree_fault(&tree));
	tree.root = b;
	tree.count++;
	assert_string_equal(range_tree_fault(&tree), "fewer ranges than counted");
	tree.count -= 2;
	assert_string_equal(range_tree_fault(&tree), "more ranges than counted");
	tree.count++;
	a->next = c;
	assert_non_null(range_tree_fault(&tree));
	a->next = b;
	check();
	drop_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(random_operations_follow_the_model, set_up),
		cmocka_unit_test_setup(fills_to_the_last_cell_and_refuses_more, set_up),
		cmocka_unit_test_setup(height_stays_logarithmic, set_up),
		cmocka_unit_test_setup(the_ends_of_the_address_space_do_not_wrap, set_up),
		cmocka_unit_test_setup(refuses_what_is_no_range, set_up),
		cmocka_unit_test_setup(faults_are_found, set_up),
	};

	return cmocka_run_group_tests_name("range_tree", tests, NULL, NULL);
}
