/* SPDX-License-Identifier: MIT */
/* Runs of single pages out of a zone and back: which block serves, and what the lists hold
 * at every step between. */
#include "page_test.h"
#include "mm/page_alloc.h"
#include "mm/zone.h"

#define FRAMES (64 * MIB / PAGE_SIZE)

static struct zone *const zone = &zones[ZONE_DMA32];

static int set_up(void **state)
{
	(void)state;
	pages_start(64 * MIB);
	return 0;
}

/* Up to n pages in use, as bulk requests leave them. */
static struct page *take_type(unsigned long *n, unsigned int type)
{
	unsigned long flags;
	struct page *page;

	spin_lock_irqsave(&zone->lock, flags);
	page = zone_take_run(zone, type, n);
	for (unsigned long i = 0; page && i < *n; i++)
		page[i].state = STATE_LIVE(0);
	spin_unlock_irqrestore(&zone->lock, flags);
	pages_check();
	return page;
}

static struct page *take(unsigned long n)
{
	unsigned long got = n;
	struct page *page = take_type(&got, MIGRATE_UNMOVABLE);

	assert_non_null(page);
	assert_int_equal(got, n);
	return page;
}

static void put(struct page *page, unsigned long n)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	zone_put_run(zone, page, n);
	spin_unlock_irqrestore(&zone->lock, flags);
	pages_check();
}

static unsigned long nr_free(unsigned int order)
{
	return zone->area[order].nr + (order == MAX_ORDER ? zone->fresh_blocks : 0);
}

/* Leaves page blocks free as a whole, and what n gave. */
static void use_pieces(void)
{
	unsigned long n;

	while (zone->type_orders[MIGRATE_UNMOVABLE] & (WHOLE_BIT - 1)) {
		n = 1;
		assert_non_null(take_type(&n, MIGRATE_UNMOVABLE));
	}
}

static void any_length_comes_in_one_piece_and_goes(void **state)
{
	struct free_counts before = free_counts(), after;
	unsigned long splits = zone->splits, merges = zone->merges;

	(void)state;
	for (unsigned long n = 1; n <= MAX_ORDER_NR_PAGES; n += n < 70 ? 1 : 53) {
		unsigned long got = n, free = zone->free;
		struct page *page;

		page = take_type(&got, MIGRATE_UNMOVABLE);
		assert_in_range(got, 1, n);
		assert_int_equal(zone->free, free - got);
		put(page, got);
		after = free_counts();
		assert_counts_equal(&after, &before);
		assert_int_equal(zone->merges - merges, zone->splits - splits);
	}
}

static void the_smallest_block_that_holds_all_serves(void **state)
{
	struct page *run, *whole;

	(void)state;
	use_pieces();
	whole = take(MAX_ORDER_NR_PAGES);
	put(whole, 64);
	put(whole + 100, 1);
	put(whole + 256, 256);
	run = take(64);
	assert_ptr_equal(run, whole);
	put(run, 64);
	run = take(33);
	assert_ptr_equal(run, whole);
	assert_int_equal(nr_free(0), 2);
	put(run, 33);
	run = take(65);
	assert_ptr_equal(run, whole + 256);
	put(run, 65);
	run = take(1);
	assert_ptr_equal(run, whole + 100);
}

static void pieces_go_before_a_whole_page_block_is_broken(void **state)
{
	unsigned long blocks, n = 300;
	struct page *whole;

	(void)state;
	use_pieces();
	whole = take(MAX_ORDER_NR_PAGES);
	put(whole + 100, 1);
	put(whole + 128, 16);
	blocks = nr_free(MAX_ORDER);
	assert_ptr_equal(take_type(&n, MIGRATE_UNMOVABLE), whole + 100);
	assert_int_equal(n, 1);
	n = 299;
	assert_ptr_equal(take_type(&n, MIGRATE_UNMOVABLE), whole + 128);
	assert_int_equal(n, 16);
	assert_int_equal(nr_free(MAX_ORDER), blocks);
	n = 283;
	take_type(&n, MIGRATE_UNMOVABLE);
	assert_int_equal(n, 283);
	assert_int_equal(nr_free(MAX_ORDER), blocks - 1);
}

static void a_page_block_that_is_used_up_is_not_broken(void **state)
{
	unsigned long blocks, n = MAX_ORDER_NR_PAGES + 5;
	struct page *whole;

	(void)state;
	use_pieces();
	whole = take(MAX_ORDER_NR_PAGES);
	put(whole + 512, 512);
	blocks = nr_free(MAX_ORDER);
	take_type(&n, MIGRATE_UNMOVABLE);
	assert_int_equal(n, MAX_ORDER_NR_PAGES);
	assert_int_equal(nr_free(MAX_ORDER), blocks - 1);
	assert_int_equal(nr_free(9), 1);
}

static void what_is_left_of_zeroed_memory_is_zeroed(void **state)
{
	struct page *run;

	(void)state;
	use_pieces();
	run = take(5);
	assert_true(run[5].flags & PAGE_FLAG(zeroed));
	assert_true(run[512].flags & PAGE_FLAG(zeroed));
	put(run, 5);
	assert_false(pageblock_first(run)->flags & PAGE_FLAG(zeroed));
}

static void a_run_has_the_type_that_asked(void **state)
{
	unsigned long n = 100;
	struct page *page;

	(void)state;
	page = take_type(&n, MIGRATE_MOVABLE);
	assert_int_equal(n, 100);
	assert_int_equal(get_pageblock_migratetype(page), MIGRATE_MOVABLE);
	assert_int_equal(get_pageblock_migratetype(page + n), MIGRATE_MOVABLE);
	n = 50;
	page = take_type(&n, MIGRATE_UNMOVABLE);
	assert_int_equal(get_pageblock_migratetype(page), MIGRATE_UNMOVABLE);
}

static void no_block_of_its_own_is_no_run(void **state)
{
	unsigned long n;

	(void)state;
	do
		n = MAX_ORDER_NR_PAGES;
	while (take_type(&n, MIGRATE_MOVABLE));
	n = 8;
	assert_null(take_type(&n, MIGRATE_MOVABLE));
}

static void edges_join_with_what_is_free_there(void **state)
{
	struct page *whole;
	struct free_counts before;

	(void)state;
	use_pieces();
	before = free_counts();
	whole = take(MAX_ORDER_NR_PAGES);
	for (unsigned int i = 0; i < 40; i++) {
		unsigned int start = i, end = (unsigned int)MAX_ORDER_NR_PAGES - i * 13;
		struct free_counts after;
		struct page *again;

		put(whole + start, end - start);
		if (start)
			put(whole, start);
		if (end < MAX_ORDER_NR_PAGES)
			put(whole + end, MAX_ORDER_NR_PAGES - end);
		after = free_counts();
		assert_counts_equal(&after, &before);
		again = take(MAX_ORDER_NR_PAGES);
		assert_ptr_equal(again, whole);
	}
}

static void a_run_may_cross_page_blocks(void **state)
{
	const unsigned long block = MAX_ORDER_NR_PAGES;

	for (unsigned long start = 0; start < block; start += 93) {
		struct free_counts before, after;
		struct page *first;

		set_up(state);
		use_pieces();
		before = free_counts();
		first = take(block);
		assert_ptr_equal(take(block), first + block);
		assert_ptr_equal(take(block), first + 2 * block);
		put(first + start, 2 * block + 77 - start);
		if (start)
			put(first, start);
		put(first + 2 * block + 77, block - 77);
		after = free_counts();
		assert_counts_equal(&after, &before);
	}
}

/* Any run of pages in use goes back, whatever lies beside it: single pages that are given
 * back one by one are the model. */
static void random_runs_agree_with_single_pages(void **state)
{
	static struct page *mine[FRAMES];
	struct free_counts before, after;
	unsigned long held = 0;

	(void)state;
	before = free_counts();
	dice_start(11);
	for (unsigned int step = 0; step < 400; step++) {
		unsigned long n = 1 + dice(dice(4) ? 100 : 1500), first, len = 1;

		if (dice(2) && held + n < FRAMES / 2) {
			struct page *page = take_type(&n, dice(2) ? MIGRATE_MOVABLE
								  : MIGRATE_UNMOVABLE);

			for (unsigned long i = 0; page && i < n; i++)
				mine[held++] = page + i;
		} else if (held) {
			first = dice((unsigned int)held);
			while (len < n && first + len < held &&
			       mine[first + len] == mine[first] + len)
				len++;
			put(mine[first], len);
			held -= len;
			memmove(mine + first, mine + first + len,
				(held - first) * sizeof(struct page *));
		}
	}
	while (held)
		put(mine[--held], 1);
	after = free_counts();
	assert_counts_equal(&after, &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(any_length_comes_in_one_piece_and_goes, set_up),
		cmocka_unit_test_setup(the_smallest_block_that_holds_all_serves, set_up),
		cmocka_unit_test_setup(pieces_go_before_a_whole_page_block_is_broken,
				       set_up),
		cmocka_unit_test_setup(a_page_block_that_is_used_up_is_not_broken,
				       set_up),
		cmocka_unit_test_setup(what_is_left_of_zeroed_memory_is_zeroed, set_up),
		cmocka_unit_test_setup(a_run_has_the_type_that_asked, set_up),
		cmocka_unit_test_setup(no_block_of_its_own_is_no_run, set_up),
		cmocka_unit_test_setup(edges_join_with_what_is_free_there, set_up),
		cmocka_unit_test_setup(a_run_may_cross_page_blocks, set_up),
		cmocka_unit_test_setup(random_runs_agree_with_single_pages, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
