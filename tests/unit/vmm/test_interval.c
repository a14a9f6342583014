/* SPDX-License-Identifier: MIT */
/* The set of intervals, against an array that is searched from end to end. */
#include "devices/util.h"
#include "tests/unit/vmm/vmm_test.h"
#include "vmm/dma_check/interval.h"

#define NODES 200
#define SPACE 1000u /* small, so that they overlap and meet */
#define STEPS 20000

static struct node {
	struct interval i;
	bool in;
} node[NODES];
static struct intervals set;

static int clear(void **state)
{
	(void)state;
	memset(node, 0, sizeof(node));
	set = (struct intervals){ 0 };
	return 0;
}

struct seen {
	unsigned int nr, stop_at;
	uint64_t previous;
	bool hit[NODES];
};

static bool see(void *arg, struct interval *i)
{
	struct seen *s = arg;
	struct node *n = container_of(i, struct node, i);

	assert_true(n->in && !s->hit[n - node]);
	assert_true(!s->nr || i->first >= s->previous);
	s->previous = i->first;
	s->hit[n - node] = true;
	return ++s->nr == s->stop_at;
}

static void check_touching(uint64_t first, uint64_t last)
{
	struct seen seen = { 0 };

	assert_false(interval_each(&set, first, last, see, &seen));
	for (unsigned int k = 0; k < NODES; k++)
		assert_int_equal(seen.hit[k], node[k].in && node[k].i.first <= last &&
						      node[k].i.last >= first);
}

static void check_below(uint64_t x)
{
	const struct interval *found = interval_below(&set, x);
	uint64_t best = 0;
	bool any = false;

	for (unsigned int k = 0; k < NODES; k++)
		if (node[k].in && node[k].i.first <= x &&
		    (!any || node[k].i.first > best)) {
			any = true;
			best = node[k].i.first;
		}
	assert_int_equal(found != NULL, any);
	if (found)
		assert_int_equal(found->first, best);
}

static uint64_t below(uint64_t n)
{
	return (uint64_t)rand() % n;
}

static void a_random_life(void **state)
{
	size_t nr = 0;

	(void)state;
	srand(7);
	for (unsigned int step = 0; step < STEPS; step++) {
		struct node *n = &node[below(NODES)];
		uint64_t first = below(SPACE), last = first + below(SPACE / 10);

		if (n->in) {
			interval_remove(&set, &n->i);
		} else {
			n->i.first = first;
			n->i.last = last;
			interval_add(&set, &n->i);
		}
		n->in = !n->in;
		nr += n->in ? 1 : (size_t)-1;
		assert_int_equal(set.nr, nr);
		if (step % 16 == 0)
			assert_true(interval_valid(&set));
		check_touching(first, last);
		check_below(first);
	}
}

static void a_walk_ends_when_it_is_told(void **state)
{
	struct seen seen = { .stop_at = 3 };

	(void)state;
	for (unsigned int k = 0; k < 10; k++) {
		node[k] = (struct node){ { .first = k, .last = 100 }, true };
		interval_add(&set, &node[k].i);
	}
	assert_true(interval_each(&set, 50, 60, see, &seen));
	assert_int_equal(seen.nr, 3);
}

/* Ascending starts, the worst order for a tree that does not balance. */
static void a_sorted_row_does_not_grow_deep(void **state)
{
	enum { MANY = 200000 };
	struct interval *row = calloc(MANY, sizeof(*row));

	(void)state;
	assert_non_null(row);
	for (unsigned int k = 0; k < MANY; k++) {
		row[k] = (struct interval){ .first = k, .last = k };
		interval_add(&set, &row[k]);
	}
	assert_true(interval_valid(&set));
	for (unsigned int k = 0; k < MANY; k++)
		interval_remove(&set, &row[k]);
	assert_null(set.root);
	free(row);
}

static void the_ends_of_the_numbers(void **state)
{
	(void)state;
	node[0] = (struct node){ { .first = 0, .last = 0 }, true };
	node[1] = (struct node){ { .first = UINT64_MAX, .last = UINT64_MAX }, true };
	node[2] = (struct node){ { .first = 0, .last = UINT64_MAX }, true };
	for (unsigned int k = 0; k < 3; k++)
		interval_add(&set, &node[k].i);
	check_touching(0, 0);
	check_touching(UINT64_MAX, UINT64_MAX);
	check_touching(1, UINT64_MAX - 1);
	check_below(0);
	check_below(UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_random_life, clear),
		cmocka_unit_test_setup(a_walk_ends_when_it_is_told, clear),
		cmocka_unit_test_setup(a_sorted_row_does_not_grow_deep, clear),
		cmocka_unit_test_setup(the_ends_of_the_numbers, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
