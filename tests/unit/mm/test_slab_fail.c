/* SPDX-License-Identifier: MIT */
/* Memory that cannot be had: each place that can fail half-way leaves nothing behind. */
#include "slab_test.h"

#define MANY 300

static void *many[MANY];

static void no_page_no_object(void **state)
{
	struct kmem_cache *s = kmem_cache_create("fail", 64, 0, 0, NULL);

	(void)state;
	fail_pages(1, -1);
	assert_null(kmem_cache_alloc(s, GFP_KERNEL | __GFP_NOWARN));
	assert_null(kmem_cache_zalloc(s, GFP_ATOMIC | __GFP_NOWARN));
	slab_check();
	fail_nothing();
	many[0] = kmem_cache_alloc(s, GFP_KERNEL);
	assert_non_null(many[0]);
	kmem_cache_free(s, many[0]);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

/* A slab of the usual order is wanted first; one page that holds an object will do. */
static void a_small_slab_does_when_large_ones_fail(void **state)
{
	struct kmem_cache *s =
		kmem_cache_create("order", 1000, 0, SLAB_CONSISTENCY_CHECKS, NULL);
	struct slabinfo info = info_of(s);

	(void)state;
	assert_true(info.order > 0);
	fail_pages(1, 1);
	many[0] = kmem_cache_alloc(s, GFP_KERNEL);
	assert_non_null(many[0]);
	assert_int_equal(info_of(s).pages, 1);
	assert_int_equal(info_of(s).num_objs, 4);
	slab_check();
	fail_nothing();
	for (unsigned int i = 1; i < 50; i++)
		many[i] = kmem_cache_alloc(s, GFP_KERNEL);
	slab_check();
	assert_true(info_of(s).pages > info_of(s).slabs_full + info_of(s).slabs_partial);
	kmem_cache_free_bulk(s, 50, many);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

/* Before a request that may sleep fails, what the caches hoard is given back. */
static void hoarded_slabs_are_given_back_under_pressure(void **state)
{
	struct kmem_cache *hoard = kmem_cache_create("hoard", 4096, 0, 0, NULL);
	struct kmem_cache *s =
		kmem_cache_create("needy", 64, 0, SLAB_CONSISTENCY_CHECKS, NULL);
	unsigned long pages;

	(void)state;
	assert_int_equal(kmem_cache_alloc_bulk(hoard, GFP_KERNEL, MANY, many), MANY);
	kmem_cache_free_bulk(hoard, MANY, many);
	pages = info_of(hoard).pages;
	fail_pages(1, 1);
	many[0] = kmem_cache_alloc(s, GFP_ATOMIC | __GFP_NOWARN);
	assert_null(many[0]);
	assert_int_equal(info_of(hoard).pages, pages);
	fail_pages(1, 1);
	many[0] = kmem_cache_alloc(s, GFP_KERNEL | __GFP_NOWARN);
	assert_non_null(many[0]);
	assert_true(info_of(hoard).pages < pages);
	fail_nothing();
	kmem_cache_free(s, many[0]);
	assert_int_equal(kmem_cache_destroy(s), 0);
	assert_int_equal(kmem_cache_destroy(hoard), 0);
}

/* All or nothing, wherever in the batch the memory ends. */
static void a_bulk_request_fails_as_a_whole(void **state)
{
	struct kmem_cache *s = kmem_cache_create("bulk", 512, 0, 0, NULL);

	(void)state;
	/* Afterwards the magazines are there, and the pages that fail are those of s. */
	assert_int_equal(kmem_cache_alloc_bulk(s, GFP_KERNEL, MANY, many), MANY);
	kmem_cache_free_bulk(s, MANY, many);
	kmem_cache_shrink(s);
	for (unsigned int nth = 1; nth < 20; nth++) {
		fail_pages(nth, 1);
		assert_int_equal(
			kmem_cache_alloc_bulk(s, GFP_NOWAIT | __GFP_NOWARN, MANY, many),
			0);
		fail_nothing();
		assert_int_equal(info_of(s).active_objs, 0);
		slab_check();
		kmem_cache_shrink(s);
	}
	assert_int_equal(kmem_cache_alloc_bulk(s, GFP_NOWAIT, MANY, many), MANY);
	kmem_cache_free_bulk(s, MANY, many);
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void a_bulk_request_under_debugging_fails_as_a_whole(void **state)
{
	struct kmem_cache *s =
		kmem_cache_create("bulk", 512, 0, SLAB_POISON | SLAB_RED_ZONE, NULL);

	(void)state;
	for (unsigned int nth = 1; nth < 40; nth += 3) {
		fail_objects(s, nth, 1);
		assert_int_equal(kmem_cache_alloc_bulk(s, GFP_KERNEL, 40, many), 0);
		fail_nothing();
		assert_int_equal(info_of(s).active_objs, 0);
		slab_check();
	}
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void creating_a_cache_can_fail(void **state)
{
	struct kmem_cache *s;

	(void)state;
	fail_objects(find_cache("kmem_cache"), 1, 1);
	assert_null(kmem_cache_create("fail", 64, 0, 0, NULL));
	s = kmem_cache_create("works", 64, 0, 0, NULL);
	assert_non_null(s);
	fail_nothing();
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void create_and_panic(void *arg)
{
	(void)arg;
	kmem_cache_create("vital", 64, 0, SLAB_PANIC, NULL);
}

static void slab_panic_means_it(void **state)
{
	(void)state;
	fail_objects(find_cache("kmem_cache"), 1, 1);
	assert_true(host_catch_panic(create_and_panic, NULL));
	assert_true(host_log_has("no memory for cache vital"));
	fail_nothing();
	host_log_clear();
}

/* Without a magazine each object goes straight to its slab, and comes from there. */
static void magazines_are_not_vital(void **state)
{
	struct kmem_cache *s = kmem_cache_create("direct", 64, 0, 0, NULL);

	(void)state;
	fail_objects(find_cache("magazine-30"), 1, -1);
	for (unsigned int i = 0; i < MANY; i++) {
		many[i] = kmem_cache_alloc(s, GFP_KERNEL);
		assert_non_null(many[i]);
	}
	for (unsigned int i = 0; i < MANY; i++)
		kmem_cache_free(s, many[i]);
	assert_int_equal(info_of(s).cpu_cached, 0);
	assert_int_equal(info_of(s).depot_cached, 0);
	slab_check();
	fail_nothing();
	assert_int_equal(kmem_cache_destroy(s), 0);
}

/* Two magazines are full when the next cannot be had any more. */
static void full_magazines_without_an_empty_one(void **state)
{
	struct kmem_cache *s = kmem_cache_create("full", 64, 0, 0, NULL);
	unsigned int size = info_of(s).magazine_size;

	(void)state;
	assert_int_equal(kmem_cache_alloc_bulk(s, GFP_KERNEL, MANY, many), MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		if (i == size + size / 2)
			fail_objects(find_cache("magazine-30"), 1, -1);
		kmem_cache_free(s, many[i]);
		assert_true(info_of(s).cpu_cached <= 2UL * size);
		slab_check();
	}
	many[0] = kmem_cache_alloc(s, GFP_KERNEL);
	slab_check();
	kmem_cache_free(s, many[0]);
	fail_nothing();
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void failslab_fails_cached_objects_too(void **state)
{
	struct kmem_cache *s = kmem_cache_create("cached", 64, 0, 0, NULL);
	unsigned int failed = 0;

	(void)state;
	many[0] = kmem_cache_alloc(s, GFP_KERNEL);
	kmem_cache_free(s, many[0]);
	assert_true(info_of(s).cpu_cached > 0);
	fail_objects(s, 4, -1);
	assert_int_equal(info_of(s).cpu_cached, 0);
	for (unsigned int i = 0; i < 100; i++) {
		many[i] = kmem_cache_alloc(s, GFP_KERNEL);
		failed += !many[i];
	}
	assert_int_equal(failed, 25);
	assert_non_null(kmalloc(0, GFP_KERNEL));
	kmem_cache_free_bulk(s, 100, many); /* NULLs are skipped */
	fail_objects(s, 1, -1);
	many[0] = kmem_cache_alloc(s, GFP_KERNEL | __GFP_NOFAIL);
	assert_non_null(many[0]);
	kmem_cache_free(s, many[0]);
	fail_nothing();
	many[0] = kmem_cache_alloc(s, GFP_KERNEL);
	kmem_cache_free(s, many[0]);
	assert_true(info_of(s).cpu_cached > 0); /* magazines are back */
	assert_int_equal(kmem_cache_destroy(s), 0);
}

static void the_boot_option_fails_from_the_start(void **state)
{
	unsigned int failed = 0;

	host_boot_begin(64 << 20);
	assert_int_equal(failslab_setup("2,100,0"), -EINVAL);
	assert_true(host_log_has("failslab=2,100,0: want"));
	assert_int_equal(failslab_setup("2,100,100000,8"), 0);
	mm_init();
	gfp_allow_sleep();
	for (unsigned int i = 0; i < MANY; i++) {
		many[i] = kmalloc(2048, GFP_KERNEL);
		failed += !many[i];
	}
	assert_int_equal(failed, 8);
	for (unsigned int i = 0; i < MANY; i++)
		kfree(many[i]);
	slab_set_up(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		slab_test(no_page_no_object),
		slab_test(a_small_slab_does_when_large_ones_fail),
		slab_test(hoarded_slabs_are_given_back_under_pressure),
		slab_test(a_bulk_request_fails_as_a_whole),
		slab_test(a_bulk_request_under_debugging_fails_as_a_whole),
		slab_test(creating_a_cache_can_fail),
		slab_test(slab_panic_means_it),
		slab_test(magazines_are_not_vital),
		slab_test(full_magazines_without_an_empty_one),
		slab_test(failslab_fails_cached_objects_too),
		slab_test(the_boot_option_fails_from_the_start),
	};

	return cmocka_run_group_tests_name("slab_fail", tests, NULL, NULL);
}
