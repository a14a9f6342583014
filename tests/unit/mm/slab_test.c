/* SPDX-License-Identifier: MIT */
#include "slab_test.h"

u64 random_state;
static unsigned long pages_before;
static unsigned long bugs_before;
static struct fault_attr page_failures, object_failures;

static int shrink_one(struct kmem_cache *s, void *arg)
{
	(void)arg;
	kmem_cache_shrink(s);
	return 0;
}

unsigned long pages_at_rest(void)
{
	kmem_cache_for_each(shrink_one, NULL);
	kmem_cache_for_each(shrink_one, NULL); /* magazines are objects too */
	drain_all_pages();
	return nr_free_pages();
}

int slab_set_up(void **state)
{
	(void)state;
	host_mm_init(64 << 20);
	host_log_clear();
	random_state = 1;
	bugs_before = slab_bug_count();
	pages_before = pages_at_rest();
	return 0;
}

int slab_tear_down(void **state)
{
	(void)state;
	fail_nothing();
	slab_check();
	expect_bugs(0, NULL);
	assert_int_equal(host_events.errors, 0);
	assert_int_equal(host_events.warnings, 0);
	assert_int_equal(host_events.violations, 0);
	assert_int_equal(pages_at_rest(), pages_before);
	slab_check();
	host_mm_reset();
	return 0;
}

void slab_check(void)
{
	assert_int_equal(slab_verify_all(), 0);
}

void expect_bugs(unsigned int n, const char *text)
{
	assert_int_equal(slab_bug_count() - bugs_before, n);
	if (text)
		assert_true(host_log_has(text));
	bugs_before = slab_bug_count();
	if (n)
		host_log_clear();
}

void expect_warnings(unsigned int n)
{
	assert_int_equal(host_events.warnings, n);
	host_log_clear();
}

void expect_violations(unsigned int n)
{
	assert_int_equal(host_events.violations, n);
	host_log_clear();
}

struct search {
	const char *name;
	struct kmem_cache *found;
};

static int match_name(struct kmem_cache *s, void *arg)
{
	struct search *search = arg;

	if (!strcmp(kmem_cache_name(s), search->name))
		search->found = s;
	return 0;
}

struct kmem_cache *find_cache(const char *name)
{
	struct search search = { .name = name };

	kmem_cache_for_each(match_name, &search);
	assert_non_null(search.found);
	return search.found;
}

struct slabinfo info_of(struct kmem_cache *s)
{
	struct slabinfo info;

	get_slabinfo(s, &info);
	return info;
}

static void set_failures(struct fault_attr *attr, unsigned int nth, int times)
{
	*attr = (struct fault_attr){ .probability = 100, .interval = nth };
	atomic_set(&attr->times, times);
}

void fail_pages(unsigned int nth, int times)
{
	set_failures(&page_failures, nth, times);
	fail_page_alloc_set(&page_failures);
}

void fail_objects(struct kmem_cache *only, unsigned int nth, int times)
{
	set_failures(&object_failures, nth, times);
	failslab_set(&object_failures, only);
}

void fail_nothing(void)
{
	fail_page_alloc_set(NULL);
	failslab_set(NULL, NULL);
}
