/* SPDX-License-Identifier: MIT */
/* The contiguous area: lent to movable pages, emptied on request, given back whole. */
#include <stdio.h>
#include <linux/cma.h>
#include <linux/dma-mapping.h>
#include <linux/migrate.h>
#include <linux/movable_buffer.h>
#include <linux/smp.h>
#include "dma_test.h"
#include "mm/zone.h"
#include "page_test.h"

#define RAM   (128 * MIB)
#define AREA  (32 * MIB)
#define PAGES (AREA / PAGE_SIZE)

static struct movable_buffer *buffer;
static unsigned long nr;

static void start(const char *area)
{
	host_boot_begin(RAM);
	assert_int_equal(cma_setup(area), 0);
	mm_init();
	gfp_allow_sleep();
	pages_check();
}

static int set_up(void **state)
{
	(void)state;
	start("32M");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	movable_buffer_free(buffer);
	buffer = NULL;
	return 0;
}

static bool in_area(const struct page *page)
{
	return page_to_phys(page) >= cma_get_base() &&
	       page_to_phys(page) < cma_get_base() + cma_get_size();
}

/* Borrows about this much of the area. */
static void borrow(unsigned long pages)
{
	nr = pages;
	buffer = movable_buffer_create(nr, GFP_KERNEL);
	assert_non_null(buffer);
	for (unsigned long i = 0; i < nr; i++)
		movable_buffer_write(buffer, i, 0, &i, sizeof(i));
}

static unsigned long borrowed(void)
{
	unsigned long n = 0;

	for (unsigned long i = 0; i < nr; i++) {
		struct page *page = movable_buffer_pin(buffer, i);

		if (!page)
			continue;
		n += in_area(page);
		put_page(page);
	}
	return n;
}

static void assert_contents(void)
{
	for (unsigned long i = 0; i < nr; i++) {
		unsigned long seen = i;

		movable_buffer_read(buffer, i, 0, &seen, sizeof(seen));
		assert_int_equal(seen, i);
	}
}

static void sizes_are_parsed(void **state)
{
	(void)state;
	host_boot_begin(RAM);
	assert_int_equal(cma_setup(""), -EINVAL);
	assert_int_equal(cma_setup("x"), -EINVAL);
	assert_int_equal(cma_setup("16Mx"), -EINVAL);
	assert_int_equal(cma_setup("99999999999999999999"), -EINVAL);
	assert_int_equal(cma_setup("5M"), 0);
	mm_init();
	assert_int_equal(cma_get_size(), 8 * MIB);
	assert_true(IS_ALIGNED(cma_get_base(), MAX_ORDER_SIZE));
	pages_check();

	start("0");
	assert_int_equal(cma_get_size(), 0);
	assert_null(cma_alloc(1, 0, true));

	start("1G"); /* more than there is */
	assert_int_equal(cma_get_size(), 0);
	assert_true(host_log_has("cma=1073741824: no such piece"));
	pages_check();
}

static void the_area_costs_nothing_until_used(void **state)
{
	unsigned long total = totalram_pages();

	(void)state;
	assert_in_range(total, RAM / PAGE_SIZE - 256, RAM / PAGE_SIZE - 1);
	assert_in_range(host_resident_ram(), 0, MIB);
}

/* In the zone's part of /proc/zoneinfo. */
static void assert_zoneinfo(unsigned long pages, unsigned long free)
{
	char text[4096] = "", want[64];
	const char *zone;

	zoneinfo_read(text, sizeof(text));
	zone = strstr(text, "zone    DMA32");
	assert_non_null(zone);
	snprintf(want, sizeof(want), "\n        cma      %lu\n", pages);
	assert_non_null(strstr(zone, want));
	snprintf(want, sizeof(want), "\n      nr_free_cma  %lu\n", free);
	assert_non_null(strstr(zone, want));
}

static void zoneinfo_tells_of_the_area(void **state)
{
	struct page *page;

	(void)state;
	assert_zoneinfo(PAGES, PAGES);
	page = cma_alloc(MAX_ORDER_NR_PAGES, MAX_ORDER, true);
	assert_non_null(page);
	assert_zoneinfo(PAGES, PAGES - MAX_ORDER_NR_PAGES);
	assert_true(cma_release(page, MAX_ORDER_NR_PAGES));
	assert_zoneinfo(PAGES, PAGES);
	pages_start(RAM);
	assert_zoneinfo(0, 0);
}

static void only_movable_pages_borrow(void **state)
{
	struct page *list, *next;
	struct zone_info info;

	(void)state;
	take_all(GFP_KERNEL | __GFP_NORETRY, 0, &list);
	for (struct page *page = list; page; page = next) {
		next = page->mapping;
		assert_false(in_area(page));
	}
	zone_info(ZONE_DMA32, &info);
	assert_int_equal(info.free_cma, PAGES);
	assert_null(alloc_pages(GFP_KERNEL | __GFP_RECLAIMABLE | __GFP_NOWARN, 0));
	/* A table for them needs other memory. */
	for (unsigned int i = 0; list && i < 256; i++) {
		next = list->mapping;
		__free_page(list);
		list = next;
	}
	borrow(1000);
	assert_int_equal(borrowed(), 1000);
	give_all(list, 0);
	assert_contents();
	pages_check();
}

/* While most of what is free is of the area, movable pages leave the rest to others. */
static void a_large_area_is_lent_first(void **state)
{
	(void)state;
	start("80M");
	borrow(1000);
	assert_int_equal(borrowed(), 1000);
	movable_buffer_free(buffer);
	start("32M");
	borrow(1000);
	assert_int_equal(borrowed(), 0);
	pages_check();
}

static void a_range_is_contiguous_and_comes_back(void **state)
{
	struct free_counts before = free_counts(), after;
	struct cma_info info;
	struct page *page;

	(void)state;
	page = cma_alloc(16 * MIB / PAGE_SIZE, MAX_ORDER, false);
	assert_non_null(page);
	assert_true(IS_ALIGNED(page_to_pfn(page), MAX_ORDER_NR_PAGES));
	memset(page_address(page), 0x5a, 16 * MIB);
	for (unsigned long i = 0; i < 16 * MIB / PAGE_SIZE; i++)
		assert_int_equal(page_count(page + i), 1);
	cma_info(&info);
	assert_int_equal(info.used, 16 * MIB / PAGE_SIZE);
	pages_check();

	/* In two parts; not more than what was given, nor what was not. */
	assert_false(cma_release(page, PAGES));
	assert_false(cma_release(page - 1, 2));
	assert_false(cma_release(page, 0));
	assert_false(cma_release(pfn_to_page(16), 1));
	assert_true(cma_release(page, 1));
	assert_false(cma_release(page, 1));
	assert_true(cma_release(page + 1, 16 * MIB / PAGE_SIZE - 1));
	after = free_counts();
	assert_counts_equal(&after, &before);
	cma_info(&info);
	assert_int_equal(info.used, 0);
	pages_check();
}

static void what_lies_there_moves_out(void **state)
{
	struct page *page;

	(void)state;
	borrow(nr_free_pages() - 4000);
	assert_in_range(borrowed(), PAGES / 2, PAGES);
	for (unsigned long i = 0; i < nr; i += 2)
		movable_buffer_drop(buffer, i);
	page = cma_alloc(PAGES, 0, false);
	assert_non_null(page);
	assert_int_equal(borrowed(), 0);
	assert_contents();
	pages_check();
	assert_null(cma_alloc(1, 0, true));
	assert_true(cma_release(page, PAGES));
	pages_check();
}

static void without_room_elsewhere_it_fails_and_changes_nothing(void **state)
{
	struct zone_types before, after;

	(void)state;
	borrow(nr_free_pages() - 3000);
	zone_types(ZONE_DMA32, &before);
	assert_null(cma_alloc(PAGES, 0, true));
	zone_types(ZONE_DMA32, &after);
	assert_int_equal(after.blocks[MIGRATE_CMA], before.blocks[MIGRATE_CMA]);
	assert_int_equal(after.blocks[MIGRATE_ISOLATE], 0);
	assert_contents();
	pages_check();
}

/* Whichever page the allocator fails to give. */
static void each_failing_page_is_undone(void **state)
{
	(void)state;
	borrow(nr_free_pages() - 4000);
	for (unsigned long i = 0; i < nr; i += 2)
		movable_buffer_drop(buffer, i);
	for (unsigned int n = 1; n < 200; n += 37) {
		fail_nth_page(n);
		assert_null(cma_alloc(PAGES, 0, true));
		fail_nth_page(0);
		assert_contents();
		pages_check();
	}
	assert_non_null(cma_alloc(PAGES, 0, true));
}

static void a_pinned_page_is_gone_around(void **state)
{
	struct page *pinned = NULL, *page;
	struct cma_info info;

	(void)state;
	borrow(nr_free_pages() - 4000);
	for (unsigned long i = 0; i < nr && !pinned; i++) {
		pinned = movable_buffer_pin(buffer, i);
		if (pinned && in_area(pinned))
			break;
		if (pinned)
			put_page(pinned);
		pinned = NULL;
	}
	assert_non_null(pinned);
	for (unsigned long i = 0; i < nr; i += 2)
		movable_buffer_drop(buffer, i);
	assert_null(cma_alloc(PAGES, 0, true));
	page = cma_alloc(MAX_ORDER_NR_PAGES, MAX_ORDER, true);
	assert_non_null(page);
	assert_true(pinned < page || pinned >= page + MAX_ORDER_NR_PAGES);
	cma_info(&info);
	assert_in_range(info.busy, 1, 100);
	put_page(pinned);
	assert_true(cma_release(page, MAX_ORDER_NR_PAGES));
	assert_non_null(cma_alloc(PAGES, 0, true));
	assert_contents();
	pages_check();
}

static void atomic_context_is_refused(void **state)
{
	(void)state;
	preempt_disable();
	assert_null(cma_alloc(1, 0, true));
	preempt_enable();
	assert_int_equal(host_events.violations, 1);
}

static void large_coherent_buffers_come_from_it(void **state)
{
	dma_addr_t dma = 0;
	u8 *p;

	dma_set_up(state);
	start("32M");
	p = dma_alloc_coherent(&dma_dev, 16 * MIB, &dma, GFP_KERNEL);
	assert_non_null(p);
	assert_true(in_area(virt_to_page(p)));
	assert_int_equal(dma, virt_to_phys(p));
	for (size_t i = 0; i < 16 * MIB; i += 512)
		assert_int_equal(p[i], 0);
	memset(p, 0xff, 16 * MIB);
	dma_free_coherent(&dma_dev, 16 * MIB, p, dma);
	/* What was used is cleared again. */
	p = dma_alloc_coherent(&dma_dev, 20 * MIB, &dma, GFP_KERNEL);
	assert_non_null(p);
	for (size_t i = 0; i < 20 * MIB; i += 512)
		assert_int_equal(p[i], 0);
	assert_null(dma_alloc_coherent(&dma_dev, 20 * MIB, &dma, GFP_KERNEL));
	assert_null(dma_alloc_coherent(&dma_dev, 8 * MIB, &dma, GFP_ATOMIC));
	dma_free_coherent(&dma_dev, 20 * MIB, p, dma);
	pages_check();
}

/* --- random, against a model --- */

static void random_ranges(void **state)
{
	static struct {
		struct page *page;
		unsigned long n;
	} held[24];

	(void)state;
	borrow(nr_free_pages() / 2);
	for (unsigned int step = 0; step < 600; step++) {
		unsigned int at = dice(ARRAY_SIZE(held)), align = dice(MAX_ORDER + 1);

		if (held[at].page) {
			assert_true(cma_release(held[at].page, held[at].n));
			held[at].page = NULL;
		} else {
			held[at].n = 1 + dice(dice(8) ? 700 : 3000);
			held[at].page = cma_alloc(held[at].n, align, true);
		}
		if (held[at].page) {
			struct page *first = held[at].page;

			assert_true(IS_ALIGNED(page_to_pfn(first), 1UL << align));
			assert_true(in_area(first) && in_area(first + held[at].n - 1));
			for (unsigned int i = 0; i < ARRAY_SIZE(held); i++)
				assert_true(i == at || !held[i].page ||
					    held[i].page >= first + held[at].n ||
					    held[i].page + held[i].n <= first);
		}
		movable_buffer_drop(buffer, dice((unsigned int)nr));
		if (step % 20 == 0)
			pages_check();
	}
	for (unsigned int at = 0; at < ARRAY_SIZE(held); at++)
		if (held[at].page)
			assert_true(cma_release(held[at].page, held[at].n));
	assert_contents();
	pages_check();
}

static void take_or_borrow(void *unused)
{
	unsigned int cpu = smp_processor_id();

	(void)unused;
	for (unsigned int round = 0; round < 20; round++) {
		struct movable_buffer *own;
		struct page *page;

		if (cpu < 2) {
			page = cma_alloc(300 + 100 * cpu, 3, true);
			if (page)
				assert_true(cma_release(page, 300 + 100 * cpu));
			continue;
		}
		own = movable_buffer_create(500, GFP_KERNEL | __GFP_NOWARN);
		for (unsigned long i = 0, seen; own && i < 500; i++) {
			movable_buffer_write(own, i, 0, &i, sizeof(i));
			assert_int_equal(
				movable_buffer_read(own, i, 0, &seen, sizeof(seen)), 0);
			assert_int_equal(seen, i);
		}
		movable_buffer_free(own);
	}
}

static void many_cpus(void **state)
{
	(void)state;
	borrow(nr_free_pages() / 2);
	host_run_on_cpus(4, take_or_borrow, NULL);
	assert_contents();
	pages_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_parsed),
		cmocka_unit_test_setup(the_area_costs_nothing_until_used, set_up),
		cmocka_unit_test_setup(zoneinfo_tells_of_the_area, set_up),
		cmocka_unit_test_setup_teardown(only_movable_pages_borrow, set_up,
						tear_down),
		cmocka_unit_test_teardown(a_large_area_is_lent_first, tear_down),
		cmocka_unit_test_setup(a_range_is_contiguous_and_comes_back, set_up),
		cmocka_unit_test_setup_teardown(what_lies_there_moves_out, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			without_room_elsewhere_it_fails_and_changes_nothing, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(each_failing_page_is_undone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_pinned_page_is_gone_around, set_up,
						tear_down),
		cmocka_unit_test_setup(atomic_context_is_refused, set_up),
		cmocka_unit_test_setup(large_coherent_buffers_come_from_it, set_up),
		cmocka_unit_test_setup_teardown(random_ranges, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_cpus, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
