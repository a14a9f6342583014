/* SPDX-License-Identifier: MIT */
/* Compaction: large blocks out of fragmented memory, and what stands in its way. */
#include <linux/compaction.h>
#include <linux/migrate.h>
#include <linux/movable_buffer.h>
#include <linux/smp.h>
#include "mm/zone.h"
#include "page_test.h"

#define RAM (128 * MIB)

static struct movable_buffer *buffer;
static unsigned long nr;

/* Fills memory with movable pages but for `spare` pages, then drops all but one in `keep`,
 * which know their number. */
static void fragment(unsigned long spare, unsigned int keep)
{
	nr = nr_free_pages() - spare;
	buffer = movable_buffer_create(nr, GFP_KERNEL);
	assert_non_null(buffer);
	for (unsigned long i = 0; i < nr; i++) {
		if (i % keep)
			movable_buffer_drop(buffer, i);
		else
			movable_buffer_write(buffer, i, 0, &i, sizeof(i));
	}
	drain_all_pages();
}

static void assert_contents(void)
{
	for (unsigned long i = 0; i < nr; i++) {
		unsigned long seen = ~0UL;

		if (!movable_buffer_read(buffer, i, 0, &seen, sizeof(seen)))
			assert_int_equal(seen, i);
	}
}

static int set_up(void **state)
{
	(void)state;
	pages_start(RAM);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	movable_buffer_free(buffer);
	buffer = NULL;
	return 0;
}

static bool has_order(unsigned int order)
{
	struct free_counts now = free_counts();

	for (; order <= MAX_ORDER; order++)
		if (blocks_of(&now, order))
			return true;
	return false;
}

static void a_4_mib_block_comes_from_fragmented_memory(void **state)
{
	struct page *list;
	unsigned long n;

	(void)state;
	fragment(2048, 4);
	n = take_all(GFP_KERNEL | __GFP_NORETRY, MAX_ORDER, &list);
	give_all(list, MAX_ORDER);
	/* Three quarters are free; a little is lost at the edges and to watermarks. */
	assert_in_range(n, RAM / MAX_ORDER_SIZE / 2, RAM / MAX_ORDER_SIZE * 3 / 4 + 1);
	assert_contents();
	pages_check();
}

static void a_request_that_may_not_sleep_does_not_compact(void **state)
{
	struct migrate_info before, after;

	(void)state;
	fragment(2048, 2);
	migrate_info(&before);
	while (alloc_pages(GFP_ATOMIC | __GFP_NOWARN, MAX_ORDER))
		;
	assert_null(alloc_pages(GFP_NOIO | __GFP_NOWARN, MAX_ORDER));
	migrate_info(&after);
	assert_int_equal(after.moved[MR_COMPACTION], before.moved[MR_COMPACTION]);
	assert_non_null(alloc_pages(GFP_KERNEL, MAX_ORDER));
	pages_check();
}

static void unmovable_pages_stand_in_the_way(void **state)
{
	struct page *pins[RAM / MAX_ORDER_SIZE] = { NULL };

	(void)state;
	fragment(2048, 2);
	/* One page held in each page block. */
	for (unsigned long i = 0; i < nr; i++) {
		struct page *page = movable_buffer_pin(buffer, i);
		unsigned long block = page ? page_to_pfn(page) >> MAX_ORDER : 0;

		if (page && pins[block])
			put_page(page);
		else if (page)
			pins[block] = page;
	}
	while (has_order(MAX_ORDER))
		assert_non_null(alloc_pages(GFP_KERNEL, MAX_ORDER));
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER));
	assert_non_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 6));
	for (unsigned int block = 0; block < ARRAY_SIZE(pins); block++)
		if (pins[block])
			put_page(pins[block]);
	assert_non_null(alloc_pages(GFP_KERNEL | __GFP_RETRY_MAYFAIL, MAX_ORDER));
	assert_contents();
	pages_check();
}

static void without_room_it_is_not_tried(void **state)
{
	struct compact_info before, after;
	struct page *list;

	(void)state;
	compact_info(&before);
	take_all(GFP_KERNEL | __GFP_NORETRY, 0, &list);
	assert_int_equal(try_to_compact_pages(GFP_KERNEL, 9, COMPACT_PRIO_SYNC_FULL),
			 COMPACT_SKIPPED);
	assert_int_equal(try_to_compact_pages(GFP_KERNEL, 0, COMPACT_PRIO_SYNC_FULL),
			 COMPACT_SKIPPED);
	assert_int_equal(try_to_compact_pages(GFP_KERNEL, 11, COMPACT_PRIO_SYNC_FULL),
			 COMPACT_SKIPPED);
	compact_info(&after);
	assert_int_equal(after.migrate_scanned, before.migrate_scanned);
	give_all(list, 0);
	pages_check();
}

static void repeated_failure_is_deferred(void **state)
{
	struct page *held, *next;
	unsigned int tried = 0;
	LIST_HEAD(keep);

	(void)state;
	/* Every other page of memory cannot move. */
	take_all(GFP_KERNEL | __GFP_NORETRY | __GFP_MEMALLOC, 0, &held);
	for (struct page *page = held; page; page = next) {
		next = page->mapping;
		if (page_to_pfn(page) % 2)
			__free_page(page);
	}
	drain_all_pages();
	for (unsigned int i = 0; i < 200; i++)
		tried += try_to_compact_pages(GFP_KERNEL, 3, COMPACT_PRIO_SYNC_LIGHT) ==
			 COMPACT_COMPLETE;
	assert_in_range(tried, 3, 12);
	assert_int_equal(try_to_compact_pages(GFP_KERNEL, 3, COMPACT_PRIO_SYNC_FULL),
			 COMPACT_COMPLETE);
	pages_check();
}

static void everything_is_compacted_on_request(void **state)
{
	struct free_counts before, after;
	int index;

	(void)state;
	fragment(2048, 2);
	before = free_counts();
	index = fragmentation_index(ZONE_DMA32, MAX_ORDER);
	compact_memory();
	after = free_counts();
	assert_int_equal(after.free, before.free);
	assert_in_range(blocks_of(&before, MAX_ORDER), 0, 1);
	assert_in_range(blocks_of(&after, MAX_ORDER), RAM / MAX_ORDER_SIZE / 3,
			RAM / MAX_ORDER_SIZE);
	assert_in_range(index, 900, 1000);
	assert_int_equal(fragmentation_index(ZONE_DMA32, MAX_ORDER), -1000);
	assert_contents();
	pages_check();
}

/* Whatever mixture, every order that free memory could hold can be had or not, nothing is
 * lost, and nothing is out of place. */
static void random_use(void **state)
{
	static struct page *held[512];
	static unsigned int order_of[512];

	(void)state;
	fragment(4096, 3);
	for (unsigned int step = 0; step < 4000; step++) {
		unsigned int at = dice(ARRAY_SIZE(held));
		gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN |
			    (dice(3) ? 0 : __GFP_RECLAIMABLE);
		unsigned long i = dice((unsigned int)nr);

		if (held[at])
			__free_pages(held[at], order_of[at]);
		order_of[at] = dice(8) ? dice(4) : dice(NR_PAGE_ORDERS);
		held[at] = alloc_pages(gfp, order_of[at]);
		if (dice(4) == 0)
			movable_buffer_drop(buffer, i);
		if (step % 200 == 0)
			pages_check();
	}
	assert_contents();
	for (unsigned int at = 0; at < ARRAY_SIZE(held); at++)
		if (held[at])
			__free_pages(held[at], order_of[at]);
	pages_check();
}

/* CPUs ask for large blocks while others use and drop the pages that move for it. */
static void ask_or_use(void *unused)
{
	unsigned int cpu = smp_processor_id(), seed = cpu + 1;

	(void)unused;
	for (unsigned int round = 0; round < 400; round++) {
		unsigned long i = (seed = seed * 1103515245 + 12345) % nr, seen = i;
		struct page *page;

		if (cpu >= 2) {
			movable_buffer_read(buffer, i, 0, &seen, sizeof(seen));
			assert_int_equal(seen, i);
			movable_buffer_drop(buffer, i + 1);
			continue;
		}
		page = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN,
				   4 + round % 7);
		if (page)
			__free_pages(page, 4 + round % 7);
	}
}

static void many_cpus(void **state)
{
	(void)state;
	fragment(2048, 3);
	host_run_on_cpus(4, ask_or_use, NULL);
	assert_contents();
	pages_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_4_mib_block_comes_from_fragmented_memory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_request_that_may_not_sleep_does_not_compact, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unmovable_pages_stand_in_the_way, set_up,
						tear_down),
		cmocka_unit_test_setup(without_room_it_is_not_tried, set_up),
		cmocka_unit_test_setup(repeated_failure_is_deferred, set_up),
		cmocka_unit_test_setup_teardown(everything_is_compacted_on_request,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(random_use, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_cpus, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
