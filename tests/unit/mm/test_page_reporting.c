/* SPDX-License-Identifier: MIT */
/* Free page reporting: what is told, once, and that the allocator's state stays right. */
#include <linux/log2.h>
#include <linux/page_reporting.h>

#include "page_test.h"

#define MOST 4096

static struct {
	struct page_reporting_dev_info dev;
	unsigned int calls;
	unsigned int fail_at; /* this call fails; 0: none does */
	unsigned long told[MOST]; /* frames of the blocks, in order */
	unsigned int orders[MOST];
	unsigned int n;
} t;

static int report(struct page_reporting_dev_info *dev, struct scatterlist *sg,
		  unsigned int nents)
{
	struct scatterlist *s;
	unsigned int i;

	assert_ptr_equal(dev, &t.dev);
	assert_in_range(nents, 1, PAGE_REPORTING_CAPACITY);
	if (++t.calls == t.fail_at)
		return -EIO;
	for_each_sg (sg, s, nents, i) {
		unsigned long pfn = page_to_pfn(sg_page(s));
		unsigned int order = (unsigned int)ilog2(s->length >> PAGE_SHIFT);

		assert_in_range(order, PAGE_REPORTING_MIN_ORDER, MAX_ORDER);
		assert_true(IS_ALIGNED(pfn, 1UL << order));
		assert_true(PageLive(sg_page(s)));
		assert_true(t.n < MOST);
		t.orders[t.n] = order;
		t.told[t.n++] = pfn;
	}
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	pages_start(64 * MIB);
	memset(&t, 0, sizeof(t));
	t.dev.report = report;
	return 0;
}

static bool was_told(const struct page *page)
{
	for (unsigned int i = 0; i < t.n; i++)
		if (t.told[i] == page_to_pfn(page))
			return true;
	return false;
}

/* Uses a block and frees it. */
static struct page *use_block(unsigned int order)
{
	struct page *page = alloc_pages(GFP_KERNEL, order);

	assert_non_null(page);
	__free_pages(page, order);
	drain_all_pages();
	return page;
}

/* What was never used has nothing behind it. */
static void fresh_memory_is_not_told(void **state)
{
	(void)state;
	if (platform_ram_is_zeroed())
		assert_int_equal(page_reporting_process(&t.dev), 0);
	pages_check();
}

static void a_freed_block_is_told_once(void **state)
{
	struct free_counts before = free_counts(), after;
	struct page *page = use_block(MAX_ORDER);

	(void)state;
	assert_true(page_reporting_due(&t.dev));
	assert_true(page_reporting_process(&t.dev) >= 1L << MAX_ORDER);
	assert_true(was_told(page));
	pages_check();
	assert_false(page_reporting_due(&t.dev));
	t.n = 0;
	assert_int_equal(page_reporting_process(&t.dev), 0);
	assert_int_equal(t.n, 0);
	after = free_counts();
	assert_counts_equal(&after, &before);
	/* Handed out and freed it is news again. */
	page = use_block(MAX_ORDER);
	assert_true(page_reporting_process(&t.dev) > 0);
	assert_true(was_told(page));
	pages_check();
}

/* A part of a block that was told: the rest of it counts as new. */
static void a_split_loses_the_mark(void **state)
{
	struct page *page, *small;

	(void)state;
	page = use_block(MAX_ORDER);
	page_reporting_process(&t.dev);
	small = alloc_pages(GFP_KERNEL, 0);
	assert_non_null(small);
	pages_check();
	__free_pages(small, 0);
	drain_all_pages();
	pages_check();
	page_reporting_process(&t.dev);
	assert_true(was_told(page));
	assert_int_equal(page_reporting_process(&t.dev), 0);
	pages_check();
}

/* Nothing is marked, and all is told the next time. */
static void a_failure_keeps_everything(void **state)
{
	struct free_counts before = free_counts(), after;
	struct page *page = use_block(MAX_ORDER);

	(void)state;
	t.fail_at = 1;
	assert_int_equal(page_reporting_process(&t.dev), -EIO);
	after = free_counts();
	assert_counts_equal(&after, &before);
	pages_check();
	t.fail_at = 0;
	assert_true(page_reporting_process(&t.dev) > 0);
	assert_true(was_told(page));
}

/* The last free block of a zone is not taken away, not even for a moment. */
static void zones_keep_their_watermarks(void **state)
{
	struct page *block = alloc_pages(GFP_KERNEL, MAX_ORDER), *list;

	(void)state;
	assert_non_null(block);
	take_all(GFP_KERNEL | __GFP_NOWARN, 0, &list);
	__free_pages(block, MAX_ORDER);
	drain_all_pages();
	assert_int_equal(page_reporting_process(&t.dev), 0);
	give_all(list, 0);
	drain_all_pages();
	assert_true(page_reporting_process(&t.dev) > 0);
	assert_true(was_told(block));
	pages_check();
}

/* Pages with a pattern in them stay. */
static void poison_forbids_it(void **state)
{
	(void)state;
	host_boot_begin(64 * MIB);
	assert_int_equal(page_poison_setup("on"), 0);
	mm_init();
	gfp_allow_sleep();
	use_block(MAX_ORDER);
	assert_false(page_reporting_due(&t.dev));
	assert_int_equal(page_reporting_process(&t.dev), 0);
	assert_int_equal(t.calls, 0);
}

/* Allocations of all orders between the looks. */
static void random_use(void **state)
{
	struct page *held[64] = { NULL };
	unsigned int order[64];

	(void)state;
	dice_start(7);
	for (unsigned int i = 0; i < 4000; i++) {
		unsigned int k = dice(64);

		if (held[k]) {
			__free_pages(held[k], order[k]);
			held[k] = NULL;
		} else {
			order[k] = dice(MAX_ORDER + 1);
			held[k] = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order[k]);
		}
		if (dice(20) == 0) {
			t.n = 0;
			assert_true(page_reporting_process(&t.dev) >= 0);
			for (unsigned int j = 0; j < 64; j++)
				assert_false(held[j] && was_told(held[j]));
			pages_check();
		}
	}
	for (unsigned int k = 0; k < 64; k++)
		if (held[k])
			__free_pages(held[k], order[k]);
	pages_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fresh_memory_is_not_told, set_up),
		cmocka_unit_test_setup(a_freed_block_is_told_once, set_up),
		cmocka_unit_test_setup(a_split_loses_the_mark, set_up),
		cmocka_unit_test_setup(a_failure_keeps_everything, set_up),
		cmocka_unit_test_setup(zones_keep_their_watermarks, set_up),
		cmocka_unit_test_setup(random_use, set_up),
		cmocka_unit_test_setup(poison_forbids_it, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
