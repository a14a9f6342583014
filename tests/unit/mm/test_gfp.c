/* SPDX-License-Identifier: MIT */
/* What each flag promises: context, reclaim, retrying, failing; and the reports. */
#include <linux/irqflags.h>
#include "page_test.h"

static int set_up(void **state)
{
	(void)state;
	pages_start(64 * MIB);
	return 0;
}

/* --- context --- */

static void expect_refused(gfp_t gfp)
{
	host_log_clear();
	assert_null(alloc_page(gfp));
	assert_int_equal(host_events.violations, 1);
	assert_true(host_log_has("atomic context"));
	assert_int_equal(__get_free_pages(gfp | __GFP_ZERO, 2), 0);
	assert_int_equal(host_events.violations, 2);
	assert_false(host_log_has("page allocation failure"));
}

static void expect_served(gfp_t gfp)
{
	struct page *page = alloc_page(gfp);

	assert_non_null(page);
	__free_page(page);
	page = alloc_pages(gfp | __GFP_ZERO, 5);
	assert_non_null(page);
	__free_pages(page, 5);
}

static void sleeping_requests_are_refused_in_atomic_context(void **state)
{
	unsigned long flags;

	(void)state;
	__free_page(alloc_page(GFP_KERNEL)); /* a warm page makes no difference */
	host_irq_enter();
	expect_refused(GFP_KERNEL);
	expect_refused(GFP_NOIO);
	expect_refused(GFP_NOFS);
	expect_refused(GFP_USER);
	expect_refused(GFP_HIGHUSER);
	host_irq_exit();
	preempt_disable();
	expect_refused(GFP_KERNEL);
	preempt_enable();
	local_irq_save(flags);
	expect_refused(GFP_KERNEL);
	local_irq_restore(flags);
	pages_check();
}

static void atomic_requests_are_served_everywhere(void **state)
{
	(void)state;
	host_log_clear();
	host_irq_enter();
	expect_served(GFP_ATOMIC);
	expect_served(GFP_NOWAIT);
	expect_served(GFP_ATOMIC | GFP_DMA);
	expect_served(0);
	host_irq_exit();
	expect_served(GFP_KERNEL);
	assert_int_equal(host_events.violations, 0);
	pages_check();
}

static void before_threads_nothing_sleeps(void **state)
{
	(void)state;
	host_boot_begin(32 * MIB);
	assert_null(alloc_page(GFP_KERNEL | __GFP_NOWARN)); /* no zones yet */
	mm_init();
	host_irq_enter(); /* early boot: interrupts are off */
	expect_served(GFP_KERNEL);
	host_irq_exit();
	assert_int_equal(host_events.violations, 0);
	gfp_allow_sleep();
	host_irq_enter();
	expect_refused(GFP_KERNEL);
	host_irq_exit();
}

/* --- reclaim --- */

static struct {
	unsigned int direct, wakes;
	struct page *hoard; /* given back one by one, as a shrinker would */
	unsigned int yields; /* how many calls of direct find something */
	gfp_t gfp;
} reclaimer;

static unsigned long reclaim_direct(gfp_t gfp, unsigned int order)
{
	struct page *page = reclaimer.hoard;

	(void)order;
	assert_false(in_atomic());
	reclaimer.direct++;
	reclaimer.gfp = gfp;
	if (!page || !reclaimer.yields)
		return 0;
	reclaimer.yields--;
	reclaimer.hoard = page->mapping;
	__free_page(page);
	return 1;
}

static void reclaim_wake(enum zone_type zone)
{
	assert_true(zone < MAX_NR_ZONES);
	reclaimer.wakes++;
}

static const struct reclaim_ops reclaim_test_ops = { reclaim_direct, reclaim_wake };

/* No page can be had without reclaim; `yields` calls of it find one. */
static void exhaust(unsigned int yields)
{
	take_all(GFP_KERNEL, 0, &reclaimer.hoard);
	set_reclaim_ops(&reclaim_test_ops);
	reclaimer.direct = reclaimer.wakes = 0;
	reclaimer.yields = yields;
}

static void reclaim_is_asked_before_failing(void **state)
{
	(void)state;
	exhaust(3);
	assert_non_null(alloc_page(GFP_KERNEL));
	assert_in_range(reclaimer.direct, 1, 3);
	assert_true(reclaimer.wakes >= 1);
	assert_int_equal(reclaimer.gfp, GFP_KERNEL);
	pages_check();

	reclaimer.direct = 0;
	reclaimer.yields = 0;
	assert_null(alloc_page(GFP_KERNEL | __GFP_NOWARN));
	assert_int_equal(reclaimer.direct, 1); /* no progress, no second try */
	pages_check();
}

static void requests_that_cannot_sleep_only_wake(void **state)
{
	(void)state;
	exhaust(100);
	assert_null(alloc_page(GFP_NOWAIT | __GFP_NOWARN));
	assert_int_equal(reclaimer.direct, 0);
	assert_int_equal(reclaimer.wakes, 1);
	assert_non_null(alloc_page(GFP_ATOMIC)); /* from the reserve */
	assert_int_equal(reclaimer.direct, 0);
	assert_null(alloc_page(__GFP_NOWARN));
	assert_int_equal(reclaimer.wakes, 2);
}

static void noretry_tries_once_and_large_orders_not_long(void **state)
{
	(void)state;
	exhaust(1000);
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, 3));
	assert_int_equal(reclaimer.direct, 1);
	reclaimer.direct = 0;
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 9));
	assert_int_equal(reclaimer.direct, 1);
	reclaimer.direct = 0;
	assert_null(alloc_pages(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN, 9));
	assert_int_equal(reclaimer.direct, 16);
	reclaimer.direct = 0;
	assert_int_equal(__GFP_REPEAT, __GFP_RETRY_MAYFAIL);
}

static void take_nofail(void *unused)
{
	(void)unused;
	assert_non_null(alloc_page(GFP_KERNEL | __GFP_NOFAIL));
}

static void nofail_waits_for_reclaim_or_ends_the_system(void **state)
{
	(void)state;
	exhaust(500);
	for (unsigned int i = 0; i < 200; i++)
		assert_false(host_catch_panic(take_nofail, NULL));
	pages_check();
	/* What the reserve still has is used up before the end. */
	reclaimer.yields = 0;
	for (unsigned int i = 0; i < 2000; i++)
		if (host_catch_panic(take_nofail, NULL))
			break;
	assert_true(host_log_has("__GFP_NOFAIL"));
}

static void injected_failures_spare_nofail(void **state)
{
	(void)state;
	fail_nth_page(1);
	assert_non_null(alloc_page(GFP_KERNEL | __GFP_NOFAIL));
	assert_null(alloc_page(GFP_KERNEL | __GFP_NOWARN));
	assert_non_null(alloc_page(GFP_KERNEL));
	fail_nth_page(0);
	pages_check();
}

/* --- reports --- */

static void a_failure_is_reported_like_linux_does(void **state)
{
	struct page *list;

	(void)state;
	take_all(GFP_KERNEL, 0, &list);
	host_log_clear();
	assert_null(alloc_pages(GFP_KERNEL | __GFP_ZERO, 4));
	assert_true(host_log_has("page allocation failure: order:4, "
				 "mode:0xdc0(GFP_KERNEL|__GFP_ZERO)"));
	assert_true(host_log_has("from test_gfp+0x"));
	assert_true(host_log_has("DMA32: free "));
	assert_true(host_log_has("Zone DMA32"));
	for (unsigned int i = 0; i < 20; i++)
		assert_null(alloc_pages(GFP_KERNEL, 4));
	host_log_clear();
	assert_null(alloc_pages(GFP_KERNEL, 4));
	assert_true(host_log_has("page allocation failure"));
	assert_false(host_log_has("Zone"));
	host_log_clear();
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 4));
	assert_string_equal(host_log(), "");
	give_all(list, 0);
	pages_check();
}

static void flags_have_names(void **state)
{
	char buf[GFP_NAMES_MAX];
	gfp_t every = 0;

	(void)state;
	assert_string_equal(gfp_names(GFP_KERNEL, buf, sizeof(buf)), "GFP_KERNEL");
	assert_string_equal(gfp_names(GFP_ATOMIC | __GFP_COMP, buf, sizeof(buf)),
			    "GFP_ATOMIC|__GFP_COMP");
	assert_string_equal(gfp_names(GFP_NOFS, buf, sizeof(buf)), "GFP_NOFS");
	assert_string_equal(gfp_names(GFP_HIGHUSER, buf, sizeof(buf)), "GFP_HIGHUSER");
	assert_string_equal(gfp_names(0, buf, sizeof(buf)), "0");
	assert_string_equal(gfp_names(1U << 31, buf, sizeof(buf)), "0x80000000");
	assert_int_equal(strlen(gfp_names(~0U, buf, 20)), 19);
	for (unsigned int bit = 0; bit < 24; bit++) {
		every |= 1U << bit;
		assert_null(strstr(gfp_names(1U << bit, buf, sizeof(buf)), "0x"));
		assert_true(strlen(gfp_names(every, buf, sizeof(buf))) < sizeof(buf) - 1);
	}
	assert_true(gfpflags_allow_blocking(GFP_NOIO));
	assert_false(gfpflags_allow_blocking(GFP_ATOMIC));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sleeping_requests_are_refused_in_atomic_context,
				       set_up),
		cmocka_unit_test_setup(atomic_requests_are_served_everywhere, set_up),
		cmocka_unit_test(before_threads_nothing_sleeps),
		cmocka_unit_test_setup(reclaim_is_asked_before_failing, set_up),
		cmocka_unit_test_setup(requests_that_cannot_sleep_only_wake, set_up),
		cmocka_unit_test_setup(noretry_tries_once_and_large_orders_not_long,
				       set_up),
		cmocka_unit_test_setup(nofail_waits_for_reclaim_or_ends_the_system,
				       set_up),
		cmocka_unit_test_setup(injected_failures_spare_nofail, set_up),
		cmocka_unit_test_setup(a_failure_is_reported_like_linux_does, set_up),
		cmocka_unit_test_setup(flags_have_names, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
