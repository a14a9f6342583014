/* SPDX-License-Identifier: MIT */
/* The verifier itself: each invariant is broken by hand, noticed, named, and mended. */
#include "slab_test.h"
#include "mm/slab.h"

#define OBJECTS 700

static struct kmem_cache *s;
static void *objs[OBJECTS];

/* A cache with objects in use, on a CPU, on its shelf and in the depot. */
static int start(void **state)
{
	slab_set_up(state);
	s = kmem_cache_create("broken", 512, 0, 0, NULL);
	assert_int_equal(kmem_cache_alloc_bulk(s, GFP_KERNEL, OBJECTS, objs), OBJECTS);
	kmem_cache_free_bulk(s, OBJECTS / 2, objs);
	slab_check();
	return 0;
}

static int end(void **state)
{
	slab_check();
	kmem_cache_free_bulk(s, OBJECTS / 2, objs + OBJECTS / 2);
	assert_int_equal(kmem_cache_destroy(s), 0);
	return slab_tear_down(state);
}

#define verify_test(f) cmocka_unit_test_setup_teardown(f, start, end)

static void expect_broken(const char *text)
{
	assert_int_equal(kmem_cache_verify(s), -EINVAL);
	assert_int_equal(slab_verify_all(), -EINVAL);
	if (!host_log_has(text))
		fail_msg("no \"%s\" in: %s", text, host_log());
	host_log_clear();
}

/* Changes a variable, expects the report, and restores it. */
#define broken_by(variable, value, text)                    \
	do {                                                \
		__typeof__(variable) _was = (variable);     \
		(variable) = (__typeof__(variable))(value); \
		expect_broken(text);                        \
		(variable) = _was;                          \
		slab_check();                               \
	} while (0)

static struct slab *a_slab(struct list_head *list)
{
	assert_false(list_empty(list));
	return list_first_entry(list, struct slab, list);
}

static void counts(void **state)
{
	struct slab_lists *lists = &s->lists;

	(void)state;
	broken_by(lists->nr_full, lists->nr_full + 1, "slabs on the full list, counted");
	broken_by(lists->nr_full, lists->nr_full - 2, "is not a list of");
	broken_by(lists->inuse, lists->inuse + 1, "counted");
	broken_by(lists->objects, lists->objects - 8, "counted");
	broken_by(lists->pages, lists->pages + 1, "counted");
	broken_by(lists->created, lists->created + 1, "slabs made");
}

static void slabs_on_wrong_lists(void **state)
{
	struct slab_lists *lists = &s->lists;
	struct slab *slab = a_slab(&lists->full);

	(void)state;
	list_move(&slab->list, &lists->partial);
	expect_broken("is on the partial list");
	list_move(&slab->list, &lists->full);
}

static void maps_and_pages(void **state)
{
	struct slab *slab = a_slab(&s->lists.full);

	(void)state;
	broken_by(slab->bits[0], 1, "1 free and 8 used of 8 objects");
	broken_by(slab->bits[0], 1UL << 20, "is set, past the end");
	broken_by(slab->colour, 600, "do not fit");
	broken_by(slab->cache, NULL, "page 0 is not its own");
	__ClearPageSlab(slab_page(slab));
	assert_int_equal(kmem_cache_verify(s), -EINVAL);
	assert_true(host_log_has("its page is not marked"));
	__SetPageSlab(slab_page(slab));
	host_log_clear();
}

static void loaded_magazines(void **state)
{
	struct kmem_cpu_cache *cc = &s->cpu[0];

	(void)state;
	assert_non_null(cc->base);
	broken_by(cc->top, cc->end + 1, "objects loaded");
	broken_by(cc->top, cc->base - 1, "objects loaded");
	broken_by(cc->end, cc->end - 1, "objects loaded");
	broken_by(cc->previous_rounds, 3, "neither full nor empty");
	broken_by(cc->shelved, cc->shelved + 1, "shelved; counted");
	broken_by(cc->nr_empty, cc->nr_empty + 1, "shelved; counted");
}

static void objects_in_magazines(void **state)
{
	struct kmem_cpu_cache *cc = &s->cpu[0];
	void **slot;

	(void)state;
	while (cc->top - cc->base < 2) {
		objs[0] = kmem_cache_alloc(s, GFP_KERNEL);
		kmem_cache_free(s, objs[0]);
	}
	slot = cc->base;
	broken_by(slot[1], slot[0], "free twice");
	broken_by(slot[0], (char *)slot[0] + 8, "not an object");
	broken_by(slot[0], objs, "not an object");
}

static void the_depot(void **state)
{
	struct depot *depot = &s->depot;

	(void)state;
	broken_by(depot->nr_full, depot->nr_full + 1, "depot:");
	broken_by(depot->nr_empty, depot->nr_empty + 1, "depot:");
	broken_by(depot->objects, depot->objects + 1, "depot:");
}

static int destroy_it(struct kmem_cache *cache, void *arg)
{
	int *err = arg;

	if (cache == s)
		*err = kmem_cache_destroy(s);
	return cache == s ? 7 : 0;
}

/* A cache is not freed under somebody who walks past it. */
static void a_walk_pins_its_cache(void **state)
{
	int err = 0;

	(void)state;
	kmem_cache_free_bulk(s, OBJECTS / 2, objs + OBJECTS / 2);
	assert_int_equal(kmem_cache_for_each(destroy_it, &err), 7);
	assert_int_equal(err, -EBUSY);
	assert_int_equal(
		kmem_cache_alloc_bulk(s, GFP_KERNEL, OBJECTS / 2, objs + OBJECTS / 2),
		OBJECTS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		verify_test(counts),
		verify_test(slabs_on_wrong_lists),
		verify_test(maps_and_pages),
		verify_test(loaded_magazines),
		verify_test(objects_in_magazines),
		verify_test(the_depot),
		verify_test(a_walk_pins_its_cache),
	};

	return cmocka_run_group_tests_name("slab_verify", tests, NULL, NULL);
}
