/* SPDX-License-Identifier: MIT */
/* References, splitting, exact sizes; and every call that must be refused. */
#include <linux/sprintf.h>
#include "page_test.h"

static unsigned long bad_seen; /* by expect_bad() */

static int set_up(void **state)
{
	(void)state;
	bad_seen = 0;
	pages_start(64 * MIB);
	return 0;
}

/* n calls were refused since the last look, with this text; nothing is damaged. */
static void expect_bad(unsigned long n, const char *text)
{
	assert_int_equal(page_alloc_bad_count() - bad_seen, n);
	bad_seen = page_alloc_bad_count();
	assert_true(host_log_has(text));
	assert_int_equal(host_events.errors, n);
	host_log_clear();
	pages_check();
}

static void double_free_is_refused_at_every_order(void **state)
{
	(void)state;
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);
		struct page *keep = alloc_pages(GFP_KERNEL, order);
		struct free_counts before, after;

		__free_pages(page, order);
		before = free_counts();
		pages_check();
		__free_pages(page, order);
		after = free_counts();
		assert_counts_equal(&after, &before);
		expect_bad(1, "double free");
		__free_pages(keep, order);
	}
}

static void double_free_is_refused_in_a_cpu_list(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	__free_page(page);
	__free_page(page);
	expect_bad(1, "freed while free (double free)");
	assert_ptr_equal(alloc_page(GFP_KERNEL), page);
	assert_ptr_not_equal(alloc_page(GFP_KERNEL), page);
}

static void the_middle_of_a_block_is_not_a_block(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 5);

	(void)state;
	for (unsigned int i = 1; i < 32; i++)
		__free_pages(page + i, 0);
	expect_bad(31, "freed from the middle of a block");
	__free_pages(page, 5);
	drain_all_pages();
	__free_pages(page + 3, 0);
	expect_bad(1, "inside a free block");
}

static void memory_never_handed_out_is_refused(void **state)
{
	(void)state;
	__free_pages(pfn_to_page(0), 0);
	expect_bad(1, "never allocated");
	__free_pages(pfn_to_page(0), 3);
	expect_bad(1, "never allocated");
	__free_pages(pfn_to_page(8 * MIB / PAGE_SIZE), 10); /* fresh */
	expect_bad(1, "never allocated");
}

static void another_order_is_refused(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 4), *comp;

	(void)state;
	for (unsigned int order = 0; order <= MAX_ORDER + 1; order++)
		if (order != 4)
			__free_pages(page, order);
	expect_bad(MAX_ORDER + 1, "another order");
	__free_pages(page, 4);
	comp = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	__free_pages(comp, 0);
	expect_bad(1, "another order");
	__free_pages(comp, 2);
	assert_int_equal(host_events.errors, 0);
}

static void pages_in_use_by_an_owner_are_refused(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL);

	(void)state;
	__SetPageSlab(page);
	__free_page(page);
	expect_bad(1, "slab");
	__ClearPageSlab(page);
	__SetPageTable(page);
	__free_page(page);
	expect_bad(1, "in use by its owner");
	__ClearPageTable(page);
	__SetPageLargeKmalloc(page);
	put_page(page);
	expect_bad(1, "in use by its owner");
	__ClearPageLargeKmalloc(page);
	__free_page(page);
	assert_int_equal(host_events.errors, 0);
}

static void addresses_that_are_no_pages_are_refused(void **state)
{
	unsigned long page = __get_free_page(GFP_KERNEL);
	int local;

	(void)state;
	free_page(0);
	assert_int_equal(host_events.errors, 0);
	free_page(page + 1);
	free_page((unsigned long)&local & PAGE_MASK);
	free_page(VMALLOC_START);
	free_pages((unsigned long)__va(100 * GIB), 3);
	free_pages(~0UL & PAGE_MASK, 0);
	expect_bad(5, "not the address of a page");
	free_page(page);
	assert_int_equal(host_events.errors, 0);
}

static void a_report_names_the_page_and_the_caller(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 6);
	char text[64];

	(void)state;
	__free_pages(page, 5);
	snprintf(text, sizeof(text), "bad page %#lx", page_to_pfn(page));
	assert_true(host_log_has(text));
	assert_true(host_log_has("by test_page_free+0x"));
	assert_true(host_log_has("order 6 count 1"));
	__free_pages(page, 6);
}

static void references_keep_a_block(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);
	struct free_counts before, after;

	(void)state;
	before = free_counts();
	get_page(page + 5);
	get_page(page);
	assert_int_equal(page_count(page + 7), 3);
	__free_pages(page, 3);
	put_page(page + 2);
	assert_int_equal(page_count(page), 1);
	after = free_counts();
	assert_counts_equal(&after, &before);
	put_page(page + 6);
	after = free_counts();
	assert_int_equal(after.free, before.free + 8);
	pages_check();
	get_page(page);
	assert_int_equal(host_events.warnings, 1);
	put_page(page);
	expect_bad(1, "double free");
}

static void heads_are_found_from_any_page(void **state)
{
	(void)state;
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, order);
		unsigned int pages = 1U << order;

		for (unsigned int i = 0; i < pages; i++)
			assert_ptr_equal(compound_head(page + i), page);
		assert_int_equal(compound_order(page), order);
		assert_int_equal(page_size(page), PAGE_SIZE << order);
		assert_int_equal(PageCompound(page + pages - 1), order > 0);
		assert_int_equal(PageTail(page + pages - 1), order > 0);
		assert_ptr_equal(virt_to_head_page((char *)page_address(page) +
						   pages * 4096UL - 1),
				 page);
		__free_pages(page, order);
		assert_ptr_equal(compound_head(page + pages - 1), page + pages - 1);
	}
}

static void split_pages_are_freed_one_by_one(void **state)
{
	struct free_counts before = free_counts(), after;
	struct page *page = alloc_pages(GFP_KERNEL, 4);

	(void)state;
	split_page(page, 4);
	pages_check();
	for (unsigned int i = 0; i < 16; i++)
		__free_page(page + (i * 7) % 16);
	after = free_counts();
	assert_counts_equal(&after, &before);
	pages_check();
	page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	split_page(page, 2);
	assert_int_equal(host_events.warnings, 1);
	__free_pages(page, 2);
	pages_check();
}

static void exact_sizes_waste_less_than_a_page(void **state)
{
	static const size_t sizes[] = {
		1, 4096, 4097, 5 * 4096, 100 * 4096 - 1, 4 * MIB
	};
	struct free_counts before = free_counts(), after;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		void *p = alloc_pages_exact(sizes[i], GFP_KERNEL);

		assert_non_null(p);
		after = free_counts();
		assert_int_equal(before.free - after.free, PFN_UP(sizes[i]));
		memset(p, 0x5a, sizes[i]);
		pages_check();
		free_pages_exact(p, sizes[i]);
		after = free_counts();
		assert_counts_equal(&after, &before);
	}
	assert_null(alloc_pages_exact(0, GFP_KERNEL));
	assert_null(alloc_pages_exact(4 * MIB + 1, GFP_KERNEL | __GFP_NOWARN));
	free_pages_exact(NULL, 4096);
	fail_nth_page(1);
	assert_null(alloc_pages_exact(5 * 4096, GFP_KERNEL | __GFP_NOWARN));
	fail_nth_page(0);
	pages_check();
}

static void addresses_and_pages_agree(void **state)
{
	unsigned long addr = __get_free_pages(GFP_KERNEL, 2);
	struct page *page = virt_to_page(addr);

	(void)state;
	assert_int_equal(addr % (4 * PAGE_SIZE), 0);
	assert_ptr_equal(page_address(page), addr);
	assert_int_equal(page_to_phys(page), __pa(addr));
	assert_ptr_equal(pfn_to_page(page_to_pfn(page)), page);
	assert_ptr_equal(phys_to_page(__pa(addr) + 5), page);
	assert_ptr_equal(virt_to_page(addr + 3 * PAGE_SIZE + 7), page + 3);
	free_pages(addr, 2);

	addr = get_zeroed_page(GFP_KERNEL);
	memset((void *)addr, 1, PAGE_SIZE);
	free_page(addr);
	assert_int_equal(get_zeroed_page(GFP_KERNEL), addr);
	assert_null(memchr_inv((void *)addr, 0, PAGE_SIZE));
	free_page(addr);
	assert_true(__pa(__get_dma_pages(GFP_KERNEL, 1)) < 16 * MIB);
	fail_nth_page(1);
	assert_int_equal(__get_free_page(GFP_KERNEL | __GFP_NOWARN), 0);
	fail_nth_page(1);
	assert_int_equal(get_zeroed_page(GFP_KERNEL | __GFP_NOWARN), 0);
	fail_nth_page(0);
}

static void orders_of_sizes(void **state)
{
	(void)state;
	assert_int_equal(get_order(0), 0);
	assert_int_equal(get_order(1), 0);
	assert_int_equal(get_order(4096), 0);
	assert_int_equal(get_order(4097), 1);
	assert_int_equal(get_order(8192), 1);
	assert_int_equal(get_order(8193), 2);
	assert_int_equal(get_order(4 * MIB), 10);
	assert_int_equal(get_order(4 * MIB + 1), 11);
	assert_int_equal(get_order(~0UL), 52);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(double_free_is_refused_at_every_order, set_up),
		cmocka_unit_test_setup(double_free_is_refused_in_a_cpu_list, set_up),
		cmocka_unit_test_setup(the_middle_of_a_block_is_not_a_block, set_up),
		cmocka_unit_test_setup(memory_never_handed_out_is_refused, set_up),
		cmocka_unit_test_setup(another_order_is_refused, set_up),
		cmocka_unit_test_setup(pages_in_use_by_an_owner_are_refused, set_up),
		cmocka_unit_test_setup(addresses_that_are_no_pages_are_refused, set_up),
		cmocka_unit_test_setup(a_report_names_the_page_and_the_caller, set_up),
		cmocka_unit_test_setup(references_keep_a_block, set_up),
		cmocka_unit_test_setup(heads_are_found_from_any_page, set_up),
		cmocka_unit_test_setup(split_pages_are_freed_one_by_one, set_up),
		cmocka_unit_test_setup(exact_sizes_waste_less_than_a_page, set_up),
		cmocka_unit_test_setup(addresses_and_pages_agree, set_up),
		cmocka_unit_test_setup(orders_of_sizes, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
