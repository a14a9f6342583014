/* SPDX-License-Identifier: MIT */
/* The buddy: alignment, splitting, joining, exhaustion, and random use against a model. */
#include "page_test.h"

static int set_up(void **state)
{
	(void)state;
	pages_start(64 * MIB);
	return 0;
}

static void every_order_is_aligned_and_contiguous(void **state)
{
	struct free_counts before = free_counts();

	(void)state;
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		struct page *page = alloc_pages(GFP_KERNEL, order);

		assert_non_null(page);
		assert_true(IS_ALIGNED(page_to_pfn(page), 1UL << order));
		assert_int_equal(page_count(page), 1);
		assert_int_equal(page_order(page), order);
		memset(page_address(page), (int)order + 1, PAGE_SIZE << order);
		pages_check();
		__free_pages(page, order);
		pages_check();
	}
	struct free_counts after = free_counts();

	assert_counts_equal(&after, &before);
}

static void order_11_is_refused(void **state)
{
	(void)state;
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER + 1));
	assert_false(host_log_has("MAX_ORDER"));
	assert_null(alloc_pages(GFP_KERNEL, MAX_ORDER + 1));
	assert_true(host_log_has("above MAX_ORDER"));
	assert_null(alloc_pages(GFP_KERNEL, 64));
	assert_null(alloc_pages(GFP_KERNEL, ~0U));
	pages_check();
}

/* 256 pages out of a block of 1024 leave one of 512 and one of 256. */
static void splitting_leaves_one_block_of_each_order_between(void **state)
{
	struct free_counts before, after;

	(void)state;
	/* Only whole blocks are left to take from. */
	before = free_counts();
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		for (unsigned long n = before.nr_free[ZONE_DMA][order]; n > 0; n--)
			assert_non_null(alloc_pages(GFP_DMA | __GFP_COLD, order));
		for (unsigned long n = before.nr_free[ZONE_DMA32][order]; n > 0; n--)
			assert_non_null(alloc_pages(GFP_DMA32 | __GFP_COLD, order));
	}
	before = free_counts();
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		struct page *page;

		assert_int_equal(blocks_of(&before, order), 0);
		page = alloc_pages(GFP_KERNEL | __GFP_COLD, order);
		after = free_counts();
		assert_int_equal(after.free, before.free - (1UL << order));
		assert_int_equal(blocks_of(&after, MAX_ORDER),
				 blocks_of(&before, MAX_ORDER) - 1);
		for (unsigned int left = order; left < MAX_ORDER; left++)
			assert_int_equal(blocks_of(&after, left),
					 blocks_of(&before, left) + 1);
		__free_pages(page, order);
		after = free_counts();
		assert_counts_equal(&after, &before);
	}
	pages_check();
}

static void shuffle(struct page **pages, unsigned int n)
{
	for (unsigned int i = n - 1; i > 0; i--) {
		unsigned int other = dice(i + 1);

		swap(pages[i], pages[other]);
	}
}

/* Whatever the order of freeing, the initial lists come back. */
static void joining_restores_the_initial_blocks(void **state)
{
	static struct page *pages[2048];
	struct free_counts before = free_counts(), after;

	(void)state;
	for (unsigned int order = 0; order <= 6; order++) {
		unsigned int n = 2048U >> order;

		for (unsigned int round = 0; round < 4; round++) {
			dice_start(order * 4 + round);
			for (unsigned int i = 0; i < n; i++)
				assert_non_null(pages[i] =
							alloc_pages(GFP_KERNEL, order));
			pages_check();
			if (round == 1)
				for (unsigned int i = 0; i < n / 2; i++)
					swap(pages[i], pages[n - 1 - i]);
			if (round > 1)
				shuffle(pages, n);
			for (unsigned int i = 0; i < n; i++)
				__free_pages(pages[i], order);
			after = free_counts();
			assert_counts_equal(&after, &before);
			pages_check();
		}
	}
}

static void exhaustion_ends_in_null_and_recovers(void **state)
{
	struct free_counts before = free_counts(), after;
	struct page *list;

	(void)state;
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		unsigned long n = take_all(GFP_KERNEL | __GFP_MEMALLOC, order, &list);

		after = free_counts();
		for (unsigned int above = order; above <= MAX_ORDER; above++)
			assert_int_equal(blocks_of(&after, above), 0);
		assert_int_equal(n << order, before.free - after.free);
		pages_check();
		give_all(list, order);
		after = free_counts();
		assert_counts_equal(&after, &before);
		pages_check();
	}
}

/* All memory in single pages, freed in an order that joins nothing until late. */
static void a_checkerboard_joins_when_the_rest_comes(void **state)
{
	struct free_counts before = free_counts(), after;
	struct page *list, *odd = NULL, *even = NULL;

	(void)state;
	take_all(GFP_KERNEL | __GFP_MEMALLOC, 0, &list);
	while (list) {
		struct page *next = list->mapping;
		struct page **to = page_to_pfn(list) & 1 ? &odd : &even;

		list->mapping = *to;
		*to = list;
		list = next;
	}
	give_all(odd, 0);
	after = free_counts();
	assert_true(after.nr_free[ZONE_DMA][0] && after.nr_free[ZONE_DMA32][0]);
	for (unsigned int order = 1; order <= MAX_ORDER; order++)
		assert_int_equal(blocks_of(&after, order), 0);
	pages_check();
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 1));
	give_all(even, 0);
	after = free_counts();
	assert_counts_equal(&after, &before);
	pages_check();
}

static void fresh_memory_reads_as_zero_and_is_not_cleared_again(void **state)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 10);
	size_t resident;
	u8 *p = page_address(page);

	(void)state;
	assert_null(memchr_inv(p, 0, PAGE_SIZE));
	memset(p, 0x5a, PAGE_SIZE << 10);
	__free_pages(page, 10);
	/* The same block again: now it must be cleared. */
	page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 10);
	assert_ptr_equal(page_address(page), p);
	assert_null(memchr_inv(p, 0, PAGE_SIZE << 10));
	__free_pages(page, 10);

	/* Untouched so far means: no clearing was done. */
	pages_start(64 * MIB);
	resident = host_resident_ram();
	for (unsigned int i = 0; i < 4; i++)
		assert_non_null(alloc_pages(GFP_KERNEL | __GFP_ZERO, 9));
	assert_int_equal(host_resident_ram(), resident);
}

static void dirty_ram_is_cleared_on_request(void **state)
{
	(void)state;
	host_boot_begin(32 * MIB);
	host_set_ram_zeroed(false);
	memset(__va(16 * MIB), 0x5a, 16 * MIB);
	mm_init();
	gfp_allow_sleep();
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, order);

		assert_non_null(page);
		assert_null(memchr_inv(page_address(page), 0, PAGE_SIZE << order));
	}
}

/* More memory ranges than a zone keeps as fresh runs: the rest goes to the lists. */
static void many_memory_ranges(void **state)
{
	struct free_counts before, after;
	struct zone_info info;
	struct page *list;

	(void)state;
	host_mm_reset();
	host_add_ram(0, GIB);
	for (unsigned long i = 0; i < 50; i++)
		memblock_add(16 * MIB + i * 12 * MIB + 4096, 8 * MIB + 4096);
	mm_init();
	gfp_allow_sleep();
	pages_check();
	zone_info(ZONE_DMA32, &info);
	assert_in_range(info.fresh, 1, info.free - 1);
	before = free_counts();
	take_all(GFP_KERNEL | __GFP_MEMALLOC, 5, &list);
	pages_check();
	give_all(list, 5);
	after = free_counts();
	assert_counts_equal(&after, &before);
	pages_check();
}

/* --- random use against a model --- */

#define FRAMES (64 * MIB / PAGE_SIZE)
#define HELD   300

static u8 owned[FRAMES];

struct held {
	struct page *page;
	unsigned int order;
	u64 stamp;
};

static void own(const struct held *block, u8 value)
{
	unsigned long pfn = page_to_pfn(block->page);

	for (unsigned long i = pfn; i < pfn + (1UL << block->order); i++) {
		assert_in_range(i, 1, FRAMES - 1);
		assert_int_equal(owned[i], !value);
		owned[i] = value;
	}
}

static u64 *last_word(const struct held *block)
{
	return (u64 *)((char *)page_address(block->page) + (PAGE_SIZE << block->order)) -
	       1;
}

static void take_one(struct held *block, u64 stamp)
{
	static const gfp_t flags[] = { GFP_KERNEL,
				       GFP_ATOMIC,
				       GFP_KERNEL | GFP_DMA,
				       GFP_KERNEL | GFP_DMA32,
				       GFP_KERNEL | __GFP_COMP,
				       GFP_KERNEL | __GFP_ZERO,
				       GFP_KERNEL | __GFP_COLD,
				       GFP_HIGHUSER };
	gfp_t gfp = flags[dice(ARRAY_SIZE(flags))];

	block->order = dice(3) ? dice(4) : dice(NR_PAGE_ORDERS);
	block->page = alloc_pages(gfp | __GFP_NOWARN, block->order);
	if (!block->page)
		return;
	own(block, 1);
	if (gfp & GFP_DMA)
		assert_true(page_to_pfn(block->page) < MAX_DMA_PFN);
	if (gfp & __GFP_ZERO)
		assert_null(memchr_inv(page_address(block->page), 0,
				       PAGE_SIZE << block->order));
	assert_int_equal(PageHead(block->page), (gfp & __GFP_COMP) && block->order);
	block->stamp = stamp;
	*(u64 *)page_address(block->page) = stamp;
	*last_word(block) = stamp;
}

static void give_one(struct held *block)
{
	assert_int_equal(*(u64 *)page_address(block->page), block->stamp);
	assert_int_equal(*last_word(block), block->stamp);
	own(block, 0);
	if (dice(2))
		__free_pages(block->page, block->order);
	else
		put_page(block->page + (block->order ? dice(1U << block->order) : 0));
	block->page = NULL;
}

static void random_use_agrees_with_the_model(void **state)
{
	static struct held held[HELD];
	struct free_counts before = free_counts(), after;

	(void)state;
	dice_start(7);
	memset(owned, 0, sizeof(owned));
	for (unsigned int step = 0; step < 5000; step++) {
		struct held *block = &held[dice(HELD)];

		if (block->page)
			give_one(block);
		else
			take_one(block, ((u64)step << 32) | dice(1000));
		if (dice(100) == 0)
			drain_local_pages();
		pages_check();
	}
	for (unsigned int i = 0; i < HELD; i++)
		if (held[i].page)
			give_one(&held[i]);
	after = free_counts();
	assert_counts_equal(&after, &before);
	pages_check();
	assert_int_equal(page_alloc_bad_count(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_order_is_aligned_and_contiguous, set_up),
		cmocka_unit_test_setup(order_11_is_refused, set_up),
		cmocka_unit_test_setup(splitting_leaves_one_block_of_each_order_between,
				       set_up),
		cmocka_unit_test_setup(joining_restores_the_initial_blocks, set_up),
		cmocka_unit_test_setup(exhaustion_ends_in_null_and_recovers, set_up),
		cmocka_unit_test_setup(a_checkerboard_joins_when_the_rest_comes, set_up),
		cmocka_unit_test_setup(
			fresh_memory_reads_as_zero_and_is_not_cleared_again, set_up),
		cmocka_unit_test_setup(dirty_ram_is_cleared_on_request, set_up),
		cmocka_unit_test_setup(many_memory_ranges, set_up),
		cmocka_unit_test_setup(random_use_agrees_with_the_model, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
