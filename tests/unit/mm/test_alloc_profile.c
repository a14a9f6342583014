/* SPDX-License-Identifier: MIT */
/* The allocation profile against a model: which call holds how much. */
#include <linux/alloc_profile.h>
#include <linux/kfence.h>
#include "mm/alloc_profile.h"
#include "slab_test.h"

static struct kmem_cache *s;

static int profile_set_up(void **state)
{
	slab_set_up(state);
	alloc_profile_set(true);
	s = kmem_cache_create("profiled", 100, 0, 0, NULL);
	return 0;
}

static int profile_tear_down(void **state)
{
	assert_int_equal(kmem_cache_destroy(s), 0);
	alloc_profile_set(false);
	return slab_tear_down(state);
}

#define profile_test(f) \
	cmocka_unit_test_setup_teardown(f, profile_set_up, profile_tear_down)

/* Four call sites. */
#define SITE(name, call)                 \
	static noinline void *name(void) \
	{                                \
		void *p = call;          \
                                         \
		barrier();               \
		return p;                \
	}
SITE(first_object, kmem_cache_alloc(s, GFP_KERNEL))
SITE(second_object, kmem_cache_alloc(s, GFP_KERNEL))
SITE(one_page, alloc_page(GFP_KERNEL))
SITE(eight_pages, alloc_pages(GFP_KERNEL, 3))

#define TOP 64
static struct alloc_site_info top[TOP];

/* The site inside this function, all zero when it holds nothing. */
static struct alloc_site_info held_by(void *(*function)(void))
{
	unsigned int n = alloc_profile_top(top, TOP, ALLOC_BY_BYTES);

	for (unsigned int i = 0; i < n; i++)
		if (top[i].ip - (unsigned long)function < 40)
			return top[i];
	return (struct alloc_site_info){ 0 };
}

static void expect_held(void *(*function)(void), unsigned long bytes, unsigned long calls)
{
	assert_int_equal(held_by(function).bytes, bytes);
	assert_int_equal(held_by(function).calls, calls);
}

static void objects_and_pages_are_charged_to_their_callers(void **state)
{
	void *a = first_object(), *b = first_object(), *c = second_object();
	void *page = one_page(), *block = eight_pages();

	(void)state;
	expect_held(first_object, 200, 2);
	expect_held(second_object, 100, 1);
	expect_held(one_page, PAGE_SIZE, 1);
	expect_held(eight_pages, 8 * PAGE_SIZE, 1);
	kmem_cache_free(s, b);
	expect_held(first_object, 100, 1);
	assert_int_equal(held_by(first_object).total, 2);
	kmem_cache_free(s, a);
	kmem_cache_free(s, c);
	__free_page(page);
	__free_pages(block, 3);
	expect_held(first_object, 0, 0);
	expect_held(one_page, 0, 0);
	expect_held(eight_pages, 0, 0);
}

static void guarded_objects_are_charged_too(void **state)
{
	void *p;

	(void)state;
	assert_int_equal(kfence_start(100), 0);
	p = first_object();
	assert_true(is_kfence_address(p));
	expect_held(first_object, 100, 1);
	kmem_cache_free(s, p);
	expect_held(first_object, 0, 0);
	assert_int_equal(kfence_stop(), 0);
}

static void the_largest_comes_first(void **state)
{
	void *objs[30], *block = eight_pages();

	(void)state;
	for (int i = 0; i < 30; i++)
		objs[i] = first_object();
	assert_true(alloc_profile_top(top, 1, ALLOC_BY_BYTES) == 1);
	assert_true(top[0].ip - (unsigned long)eight_pages < 40);
	assert_true(alloc_profile_top(top, 1, ALLOC_BY_CALLS) == 1);
	assert_true(top[0].ip - (unsigned long)first_object < 40);
	for (unsigned int n = alloc_profile_top(top, TOP, ALLOC_BY_BYTES); n > 1; n--)
		assert_true(top[n - 2].bytes >= top[n - 1].bytes);
	for (unsigned int n = alloc_profile_top(top, TOP, ALLOC_BY_CALLS); n > 1; n--)
		assert_true(top[n - 2].calls >= top[n - 1].calls);
	assert_int_equal(alloc_profile_top(top, 0, ALLOC_BY_BYTES), 0);
	alloc_profile_print(3);
	assert_true(host_log_has("allocinfo - version: 1.0"));
	assert_true(host_log_has("       32768        1 func:"));
	for (int i = 0; i < 30; i++)
		kmem_cache_free(s, objs[i]);
	__free_pages(block, 3);
}

static void a_split_block_stays_charged(void **state)
{
	struct page *block = eight_pages();

	(void)state;
	split_page(block, 3);
	expect_held(eight_pages, 8 * PAGE_SIZE, 8);
	for (int i = 0; i < 8; i++) {
		__free_page(block + i);
		expect_held(eight_pages, (7 - (unsigned int)i) * PAGE_SIZE,
			    7 - (unsigned int)i);
	}
}

/* What is allocated or freed while it is off is not mistaken for something else. */
static void switching_off_and_on_loses_nothing_else(void **state)
{
	struct page *before = one_page(), *between;

	(void)state;
	alloc_profile_set(false);
	__free_page(before); /* unseen: stays in the books */
	between = one_page();
	alloc_profile_set(true);
	__free_page(between); /* bears the mark of the first run, or none */
	expect_held(one_page, PAGE_SIZE, 1);
	between = one_page();
	expect_held(one_page, 2 * PAGE_SIZE, 2);
	__free_page(between);
	expect_held(one_page, PAGE_SIZE, 1);
}

static void more_sites_than_there_is_room_for(void **state)
{
	alloc_site_t sites[3000];
	unsigned long others = 0;

	(void)state;
	for (unsigned int i = 0; i < 3000; i++) {
		sites[i] = alloc_site_charge(0x1000 + i, 10);
		if (!alloc_site_ip(sites[i]))
			others++;
		else
			assert_int_equal(alloc_site_ip(sites[i]), 0x1000 + i);
	}
	assert_true(others > 1000 && others < 3000);
	assert_int_equal(alloc_site_charge(0x1000, 5), sites[0]);
	alloc_site_release(sites[0], 5);
	alloc_profile_top(top, 1, ALLOC_BY_BYTES);
	assert_int_equal(top[0].ip, 0);
	assert_int_equal(top[0].bytes, others * 10);
	for (unsigned int i = 0; i < 3000; i++)
		alloc_site_release(sites[i], 10);
	alloc_site_release(0, 10);
	alloc_site_release(~0U, 10);
}

/* Random operations at four sites, against a table. */
static void random_operations_agree_with_a_model(void **state)
{
	void *(*const alloc[])(void) = { first_object, second_object, one_page,
					 eight_pages };
	const unsigned long size[] = { 100, 100, PAGE_SIZE, 8 * PAGE_SIZE };
	unsigned long held[4] = { 0 };
	struct {
		void *p;
		unsigned int site;
	} mine[60] = { 0 };

	(void)state;
	for (unsigned int step = 0; step < 3000 || held[0] + held[1] + held[2] + held[3];
	     step++) {
		unsigned int i = random_below(60), site = random_below(4);

		if (mine[i].p) {
			site = mine[i].site;
			if (site < 2)
				kmem_cache_free(s, mine[i].p);
			else
				__free_pages(mine[i].p, site == 2 ? 0 : 3);
			mine[i].p = NULL;
			held[site]--;
		} else if (step < 3000) {
			mine[i].p = alloc[site]();
			mine[i].site = site;
			held[site]++;
		}
		for (unsigned int j = 0; j < 4; j++)
			expect_held(alloc[j], held[j] * size[j], held[j]);
	}
}

static void the_boot_option_covers_kmalloc(void **state)
{
	unsigned long before;
	void *p;

	assert_int_equal(alloc_profile_setup("maybe"), -EINVAL);
	host_boot_begin(64 << 20);
	assert_int_equal(alloc_profile_setup("on"), 0);
	mm_init();
	gfp_allow_sleep();
	assert_true(alloc_profile_on());
	p = kmalloc(50000, GFP_KERNEL);
	alloc_profile_top(top, TOP, ALLOC_BY_BYTES);
	before = top[0].bytes;
	assert_true(before >= 50000);
	kfree(p);
	slab_check();
	profile_set_up(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		profile_test(objects_and_pages_are_charged_to_their_callers),
		profile_test(guarded_objects_are_charged_too),
		profile_test(the_largest_comes_first),
		profile_test(a_split_block_stays_charged),
		profile_test(switching_off_and_on_loses_nothing_else),
		profile_test(more_sites_than_there_is_room_for),
		profile_test(random_operations_agree_with_a_model),
		profile_test(the_boot_option_covers_kmalloc),
	};

	return cmocka_run_group_tests_name("alloc_profile", tests, NULL, NULL);
}
