/* SPDX-License-Identifier: MIT */
/* What the tests of the vmalloc range share. */
#include <linux/page_debug.h>
#include "vmap_test.h"

int vmap_set_up(void **state)
{
	(void)state;
	host_mm_init(64UL << 20);
	return 0;
}

void vmap_check(void)
{
	if (vmalloc_verify())
		fail_msg("%s", host_log());
}

void expect_reports(unsigned int n, const char *text)
{
	assert_int_equal(host_events.warnings, n);
	if (!host_log_has(text))
		fail_msg("no \"%s\" in: %s", text, host_log());
	host_log_clear();
}

int vmap_tear_down(void **state)
{
	struct vmalloc_stats stats;

	(void)state;
	vmap_check();
	vmalloc_get_stats(&stats);
	assert_int_equal(stats.nr_areas, 0);
	assert_int_equal(stats.nr_pages, 0);
	vm_unmap_aliases();
	vmalloc_get_stats(&stats);
	assert_int_equal(stats.nr_lazy, 0);
	assert_int_equal(stats.lazy_pages, 0);
	vmap_check();
	if (host_events.warnings || host_events.violations)
		fail_msg("unexpected: %s", host_log());
	host_mm_reset();
	return 0;
}

void *alloc_with_pages(void *(*alloc)(unsigned long size, gfp_t gfp), unsigned long size,
		       int let_through)
{
	struct fault_attr attr = { .probability = 100,
				   .interval = 1,
				   .times = { -1 },
				   .space = { let_through } };
	void *p;

	fail_page_alloc_set(&attr);
	p = alloc(size, GFP_KERNEL | __GFP_NOWARN);
	fail_page_alloc_set(NULL);
	return p;
}
