/* SPDX-License-Identifier: MIT */
/* What each flag promises: context, reclaim, retrying, failing; and the reports. */
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include "mm/reclaim.h"
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

/* --- combinations --- */

static void expect_report(gfp_t gfp, unsigned int order, bool served, const char *what)
{
	unsigned long before = page_alloc_bad_count();
	struct page *page;

	host_log_clear();
	page = alloc_pages(gfp, order);
	assert_int_equal(page != NULL, served);
	assert_int_equal(page_alloc_bad_count(), before + 1);
	if (!host_log_has(what))
		fail_msg("the log lacks \"%s\": %s", what, host_log());
	assert_true(host_log_has("from test_gfp+0x"));
	if (page)
		__free_pages(page, order);
	host_advance_jiffies(5 * HZ);
}

static void forbidden_combinations_are_reported(void **state)
{
	static const char zones[] = "zones that exclude each other";
	static const char mobility[] = "__GFP_MOVABLE and __GFP_RECLAIMABLE";

	(void)state;
	expect_report(GFP_HIGHUSER | __GFP_DMA, 0, false, zones);
	expect_report(GFP_HIGHUSER | __GFP_DMA32, 3, false, zones);
	expect_report(GFP_KERNEL | __GFP_DMA | __GFP_DMA32, 0, false, zones);
	expect_report(GFP_ATOMIC | GFP_ZONEMASK, 9, false, zones);
	expect_report(GFP_HIGHUSER_MOVABLE | __GFP_RECLAIMABLE, 0, false, mobility);
	expect_report(GFP_KERNEL, MAX_ORDER + 1, false, "above MAX_ORDER");
	expect_report(GFP_NOWAIT | __GFP_NOFAIL, 0, true, "it may not sleep");
	expect_report(GFP_ATOMIC | __GFP_NOFAIL, 1, true, "it may not sleep");
	expect_report(GFP_KERNEL | __GFP_NOFAIL, 2, true, "more than two pages");
	expect_report(GFP_KERNEL | __GFP_ATOMIC, 4, true, "but it may sleep");
	/* Not a word when the caller wants none. */
	host_log_clear();
	assert_null(alloc_page(GFP_HIGHUSER | __GFP_DMA | __GFP_NOWARN));
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER + 1));
	assert_string_equal(host_log(), "");
	/* What is allowed is not reported. */
	expect_served(GFP_KERNEL | __GFP_RECLAIMABLE);
	expect_served(GFP_HIGHUSER_MOVABLE);
	__free_pages(alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 1), 1);
	assert_string_equal(host_log(), "");
	pages_check();
}

/* --- reclaim --- */

/* A cache of pages that can be given back one by one. */
static struct {
	unsigned int scans;
	struct page *hoard;
	unsigned long yields; /* how many pages it gives */
	gfp_t gfp;
	bool steady; /* claims to free, but frees nothing */
} reclaimer;

static unsigned long reclaimer_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	(void)shrinker;
	(void)sc;
	return reclaimer.steady ? 40 : reclaimer.yields;
}

static unsigned long reclaimer_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long freed = 0;

	(void)shrinker;
	assert_false(in_atomic());
	assert_true(memalloc_flags() & PF_MEMALLOC);
	reclaimer.scans++;
	reclaimer.gfp = sc->gfp_mask;
	if (reclaimer.steady)
		return sc->nr_to_scan;
	while (reclaimer.hoard && freed < sc->nr_to_scan && freed < reclaimer.yields) {
		struct page *page = reclaimer.hoard;

		reclaimer.hoard = page->mapping;
		__free_page(page);
		freed++;
	}
	reclaimer.yields -= freed;
	return freed;
}

static struct shrinker reclaimer_shrinker = {
	.count_objects = reclaimer_count,
	.scan_objects = reclaimer_scan,
	.batch = 1,
};

/* No page can be had without reclaim, which finds so many. */
static void exhaust(unsigned int yields)
{
	take_all(GFP_KERNEL, 0, &reclaimer.hoard);
	register_shrinker(&reclaimer_shrinker, "reclaimer");
	reclaimer.scans = 0;
	reclaimer.yields = yields;
}

static unsigned int background_sessions(void)
{
	unsigned int n = 0;

	kswapd_stop();
	while (kswapd_run())
		n++;
	return n;
}

static void reclaim_is_asked_before_failing(void **state)
{
	(void)state;
	exhaust(3);
	assert_non_null(alloc_page(GFP_KERNEL));
	assert_in_range(reclaimer.scans, 1, 3);
	assert_int_equal(reclaimer.gfp, GFP_KERNEL);
	pages_check();
	while (reclaimer.yields)
		assert_non_null(alloc_page(GFP_KERNEL));
	reclaimer.scans = 0;
	take_all(GFP_KERNEL, 0, &reclaimer.hoard);
	assert_null(alloc_page(GFP_KERNEL | __GFP_NOWARN));
	assert_int_equal(reclaimer.scans, 0); /* it has nothing, and is not asked */
	pages_check();
}

static void requests_that_cannot_sleep_only_wake(void **state)
{
	(void)state;
	exhaust(0);
	background_sessions();
	assert_null(alloc_page(__GFP_NOWARN));
	assert_int_equal(background_sessions(), 0);
	assert_non_null(alloc_page(GFP_ATOMIC)); /* from the reserve */
	assert_int_equal(background_sessions(), 1);
	assert_null(alloc_page(GFP_NOWAIT | __GFP_NOWARN));
	assert_int_equal(reclaimer.scans, 0);
	assert_int_equal(background_sessions(), 1);
	pages_check();
}

static unsigned long direct_reclaims(gfp_t gfp, unsigned int order)
{
	struct reclaim_info before, after;

	reclaimer.steady = true;
	reclaim_get_info(&before);
	assert_null(alloc_pages(gfp | __GFP_NOWARN, order));
	reclaim_get_info(&after);
	reclaimer.steady = false;
	return after.direct - before.direct;
}

/* Scattered pages never make the block that is asked for: what ends the request is how hard
 * it may try. */
static void noretry_tries_once_and_large_orders_not_long(void **state)
{
	(void)state;
	exhaust(0);
	assert_int_equal(direct_reclaims(GFP_KERNEL | __GFP_NORETRY, 3), 1);
	assert_int_equal(direct_reclaims(GFP_KERNEL, 9), 1);
	assert_int_equal(direct_reclaims(GFP_KERNEL | __GFP_RETRY_MAYFAIL, 9), 16);
	assert_int_equal(__GFP_REPEAT, __GFP_RETRY_MAYFAIL);
	pages_check();
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
	assert_true(jiffies >= 1000);
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
	assert_true(host_log_has("nodemask=(null)"));
	assert_true(host_log_has("Mem-Info:"));
	assert_true(host_log_has("Node 0 DMA32 free:"));
	assert_true(host_log_has("Node 0 DMA: "));
	assert_true(host_log_has("lowmem_reserve[]: 0 "));
	host_log_clear();
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 4));
	assert_string_equal(host_log(), "");
	give_all(list, 0);
	pages_check();
}

/* Ten in five seconds; the next one says how many were left out. */
static void failures_are_not_reported_without_end(void **state)
{
	struct page *list;

	(void)state;
	take_all(GFP_KERNEL, 0, &list);
	for (unsigned int i = 0; i < 10; i++) {
		host_log_clear();
		assert_null(alloc_pages(GFP_KERNEL, 4));
		assert_true(host_log_has("page allocation failure"));
	}
	host_log_clear();
	assert_null(alloc_pages(GFP_KERNEL, 4));
	assert_null(alloc_pages(GFP_KERNEL, 4));
	assert_string_equal(host_log(), "");
	host_advance_jiffies(5 * HZ);
	assert_null(alloc_pages(GFP_KERNEL, 4));
	assert_true(host_log_has("2 reports left out"));
	assert_true(host_log_has("page allocation failure"));
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
		cmocka_unit_test_setup(forbidden_combinations_are_reported, set_up),
		cmocka_unit_test_setup(reclaim_is_asked_before_failing, set_up),
		cmocka_unit_test_setup(requests_that_cannot_sleep_only_wake, set_up),
		cmocka_unit_test_setup(noretry_tries_once_and_large_orders_not_long,
				       set_up),
		cmocka_unit_test_setup(nofail_waits_for_reclaim_or_ends_the_system,
				       set_up),
		cmocka_unit_test_setup(injected_failures_spare_nofail, set_up),
		cmocka_unit_test_setup(a_failure_is_reported_like_linux_does, set_up),
		cmocka_unit_test_setup(failures_are_not_reported_without_end, set_up),
		cmocka_unit_test_setup(flags_have_names, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
