/* SPDX-License-Identifier: MIT */
/* Single pages by the array: what was there before, how far it came, runs and strays. */
#include "page_test.h"

#define MOST 1500

static struct page *pages[MOST];

static int set_up(void **state)
{
	(void)state;
	pages_start(64 * MIB);
	memset(pages, 0, sizeof(pages));
	return 0;
}

static void assert_all_differ(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		assert_int_equal(page_count(pages[i]), 1);
		assert_int_equal(page_order(pages[i]), 0);
		pages[i]->private = i;
	}
	for (unsigned long i = 0; i < n; i++)
		assert_int_equal(pages[i]->private, i);
}

static void any_number_comes_and_goes(void **state)
{
	static const unsigned long numbers[] = { 0,   1,   2,	4,    7,    15,
						 16,  31,  32,	33,   64,   100,
						 255, 256, 257, 1000, 1024, 1500 };
	struct free_counts before = free_counts(), after;

	(void)state;
	for (unsigned int round = 0; round < 3 * ARRAY_SIZE(numbers); round++) {
		unsigned long n = numbers[round % ARRAY_SIZE(numbers)];

		memset(pages, round & 1 ? 0x5a : 0, sizeof(pages));
		assert_int_equal(alloc_pages_bulk_fill(GFP_KERNEL, n, pages), n);
		assert_all_differ(n);
		pages_check();
		after = free_counts();
		assert_int_equal(after.free, before.free - n);
		free_pages_bulk_array(n, pages);
		pages_check();
		after = free_counts();
		assert_counts_equal(&after, &before);
	}
	assert_int_equal(page_alloc_bad_count(), 0);
}

static void lists_count_what_passes_through_them(void **state)
{
	struct pcp_info before, after;

	(void)state;
	/* Into empty lists pages come by being freed. */
	alloc_pages_bulk_fill(GFP_KERNEL, 8, pages);
	free_pages_bulk_array(8, pages);
	pcp_info(&before);
	for (unsigned int i = 0; i < 10; i++) {
		assert_int_equal(alloc_pages_bulk_fill(GFP_KERNEL, 8, pages), 8);
		free_pages_bulk_array(8, pages);
	}
	pcp_info(&after);
	assert_int_equal(after.allocs - before.allocs, 80);
	assert_int_equal(after.frees - before.frees, 80);
	assert_int_equal(after.drains, before.drains);
	assert_int_equal(after.refills, before.refills);
}

static void flags_hold_for_each_page(void **state)
{
	(void)state;
	assert_int_equal(alloc_pages_bulk_fill(GFP_KERNEL, 300, pages), 300);
	for (unsigned int i = 0; i < 300; i++)
		memset(page_address(pages[i]), 0x5a, PAGE_SIZE);
	free_pages_bulk_array(300, pages);
	assert_int_equal(alloc_pages_bulk_fill(GFP_KERNEL | __GFP_ZERO, 300, pages), 300);
	for (unsigned int i = 0; i < 300; i++)
		assert_null(memchr_inv(page_address(pages[i]), 0, PAGE_SIZE));
	free_pages_bulk_array(300, pages);
	assert_int_equal(alloc_pages_bulk_fill(GFP_KERNEL | GFP_DMA, 300, pages), 300);
	for (unsigned int i = 0; i < 300; i++)
		assert_true(page_to_pfn(pages[i]) < MAX_DMA_PFN);
	free_pages_bulk_array(300, pages);
	pages_check();
}

static void refused_flags_are_refused_once(void **state)
{
	(void)state;
	assert_int_equal(alloc_pages_bulk_fill(GFP_DMA | GFP_DMA32, 50, pages), 0);
	assert_true(host_log_has("zones that exclude each other"));
	host_irq_enter();
	assert_int_equal(alloc_pages_bulk_fill(GFP_KERNEL, 50, pages), 0);
	assert_int_equal(host_events.violations, 1);
	assert_int_equal(alloc_pages_bulk_fill(GFP_ATOMIC, 50, pages), 50);
	free_pages_bulk_array(50, pages);
	host_irq_exit();
	assert_int_equal(host_events.violations, 1);
	pages_check();
}

static void the_reserve_is_not_for_bulk(void **state)
{
	unsigned long got, more;
	struct zone_info info;
	struct page *list;

	(void)state;
	take_all(GFP_KERNEL, 5, &list);
	zone_info(ZONE_DMA32, &info);
	assert_true(info.free >= info.watermark[WMARK_MIN]);
	got = alloc_pages_bulk_fill(GFP_NOWAIT | __GFP_NOWARN, MOST, pages);
	assert_true(got < 200);
	assert_null(pages[got]);
	zone_info(ZONE_DMA32, &info);
	assert_true(info.free + info.pcp >= info.watermark[WMARK_MIN] - 32);
	more = alloc_pages_bulk_fill(GFP_NOWAIT | __GFP_NOWARN, MOST - got, pages + got);
	assert_int_equal(more, 0);
	free_pages_bulk_array(got, pages);
	give_all(list, 5);
	pages_check();
}

static void gaps_are_filled_and_the_rest_kept(void **state)
{
	struct page *mine[3];

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		mine[i] = alloc_page(GFP_KERNEL);
	pages[0] = mine[0];
	pages[7] = mine[1];
	pages[99] = mine[2];
	assert_int_equal(alloc_pages_bulk_array(GFP_KERNEL, 100, pages), 100);
	assert_ptr_equal(pages[0], mine[0]);
	assert_ptr_equal(pages[7], mine[1]);
	assert_ptr_equal(pages[99], mine[2]);
	assert_all_differ(100);
	assert_int_equal(alloc_pages_bulk_array(GFP_KERNEL, 100, pages), 100);
	free_pages_bulk_array(100, pages);
	pages_check();
}

/* Whichever allocation fails, what came before it is there and is told. */
static void a_failure_tells_how_far_it_came(void **state)
{
	struct free_counts before = free_counts(), after;
	unsigned long got;

	(void)state;
	for (unsigned int nth = 1; nth <= 40; nth++) {
		memset(pages, 0, sizeof(pages));
		pages[5] = alloc_page(GFP_KERNEL);
		fail_nth_page(nth);
		got = alloc_pages_bulk_array(GFP_KERNEL | __GFP_NOWARN, 40, pages);
		fail_nth_page(0);
		assert_int_equal(got, nth <= 5 ? nth - 1 : nth);
		assert_true(got == 40 || !pages[got]);
		if (got <= 5)
			__free_page(pages[5]);
		free_pages_bulk_array(got, pages);
		after = free_counts();
		assert_counts_equal(&after, &before);
		pages_check();
	}
}

static void strays_in_the_array_are_refused_and_the_rest_freed(void **state)
{
	struct page *block = alloc_pages(GFP_KERNEL, 4);
	struct free_counts before = free_counts(), after;

	(void)state;
	for (unsigned long n = 16; n <= 256; n *= 4) {
		unsigned long bad = page_alloc_bad_count();

		assert_int_equal(alloc_pages_bulk_fill(GFP_KERNEL, n - 4, pages), n - 4);
		pages[n - 4] = pages[3]; /* twice */
		pages[n - 3] = block + 5; /* inside a block */
		pages[n - 2] = pfn_to_page(0); /* reserved */
		pages[n - 1] = block; /* another order */
		swap(pages[n - 4], pages[n / 2]);
		swap(pages[n - 3], pages[n / 3]);
		free_pages_bulk_array(n, pages);
		assert_int_equal(page_alloc_bad_count() - bad, 4);
		pages_check();
		after = free_counts();
		assert_counts_equal(&after, &before);
	}
	__free_pages(block, 4);
	pages_check();
}

static void runs_end_at_zones_and_joined_blocks(void **state)
{
	unsigned long dma_end = MAX_DMA_PFN, n = 0;
	struct free_counts before, after;
	struct page *list;

	(void)state;
	before = free_counts();
	take_all(GFP_KERNEL | __GFP_MEMALLOC, 0, &list);
	/* The neighbours on both sides of the border, in ascending order. */
	for (unsigned long pfn = dma_end - 700; pfn < dma_end + 700; pfn++) {
		if (page_count(pfn_to_page(pfn)) == 1)
			pages[n++] = pfn_to_page(pfn);
	}
	assert_int_equal(n, 1400);
	for (unsigned long i = 0; i < n; i++)
		pages[i]->private = 1;
	free_pages_bulk_array(n, pages);
	pages_check();
	while (list) {
		struct page *next = list->mapping;

		if (page_to_pfn(list) < dma_end - 700 ||
		    page_to_pfn(list) >= dma_end + 700)
			__free_page(list);
		list = next;
	}
	after = free_counts();
	assert_counts_equal(&after, &before);
	assert_int_equal(page_alloc_bad_count(), 0);
	pages_check();
}

static void random_use(void **state)
{
	struct free_counts before = free_counts(), after;
	unsigned long held = 0;

	(void)state;
	dice_start(3);
	for (unsigned int step = 0; step < 600; step++) {
		unsigned long n = dice(dice(2) ? 200 : 20);

		if (dice(2) && held + n <= MOST) {
			assert_int_equal(
				alloc_pages_bulk_fill(GFP_KERNEL, n, pages + held), n);
			held += n;
		} else {
			n = min(n, held);
			held -= n;
			free_pages_bulk_array(n, pages + held);
		}
		for (unsigned int i = 0; held > 1 && i < 5; i++) {
			unsigned int a = dice((unsigned int)held),
				     b = dice((unsigned int)held);

			swap(pages[a], pages[b]);
		}
		assert_all_differ(held);
		pages_check();
	}
	free_pages_bulk_array(held, pages);
	after = free_counts();
	assert_counts_equal(&after, &before);
	pages_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(any_number_comes_and_goes, set_up),
		cmocka_unit_test_setup(lists_count_what_passes_through_them, set_up),
		cmocka_unit_test_setup(flags_hold_for_each_page, set_up),
		cmocka_unit_test_setup(refused_flags_are_refused_once, set_up),
		cmocka_unit_test_setup(the_reserve_is_not_for_bulk, set_up),
		cmocka_unit_test_setup(gaps_are_filled_and_the_rest_kept, set_up),
		cmocka_unit_test_setup(a_failure_tells_how_far_it_came, set_up),
		cmocka_unit_test_setup(strays_in_the_array_are_refused_and_the_rest_freed,
				       set_up),
		cmocka_unit_test_setup(runs_end_at_zones_and_joined_blocks, set_up),
		cmocka_unit_test_setup(random_use, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
