/* SPDX-License-Identifier: MIT */
/* Types of page blocks: who lies where, who may take from whom, and what is left behind. */
#include <stdio.h>
#include <linux/migrate.h>
#include <linux/movable_buffer.h>
#include "mm/zone.h"
#include "page_test.h"

#define RAM (64 * MIB)

static int set_up(void **state)
{
	(void)state;
	pages_start(RAM);
	return 0;
}

static enum migratetype type_of(const struct page *page)
{
	return get_pageblock_migratetype(page);
}

static unsigned long events(bool claims)
{
	struct zone_info info;

	zone_info(ZONE_DMA32, &info);
	return claims ? info.claims : info.steals;
}

static const gfp_t flags_of[MIGRATE_PCPTYPES] = {
	[MIGRATE_UNMOVABLE] = GFP_KERNEL,
	[MIGRATE_MOVABLE] = GFP_KERNEL | __GFP_MOVABLE,
	[MIGRATE_RECLAIMABLE] = GFP_KERNEL | __GFP_RECLAIMABLE,
};

static void each_type_has_its_own_page_blocks(void **state)
{
	static struct page *held[MIGRATE_PCPTYPES][256];

	(void)state;
	for (unsigned int i = 0; i < 256; i++)
		for (unsigned int type = 0; type < MIGRATE_PCPTYPES; type++) {
			assert_int_equal(gfp_migratetype(flags_of[type]), type);
			held[type][i] = alloc_pages(flags_of[type], i % 5);
			assert_int_equal(type_of(held[type][i]), type);
		}
	pages_check();
	assert_int_equal(events(false) + events(true), 0);
	for (unsigned int i = 0; i < 256; i++)
		for (unsigned int type = 0; type < MIGRATE_PCPTYPES; type++)
			__free_pages(held[type][i], i % 5);
	pages_check();
}

static void lists_of_a_cpu_are_apart(void **state)
{
	struct page *movable = alloc_page(flags_of[MIGRATE_MOVABLE]);
	struct page *kernel = alloc_page(GFP_KERNEL);

	(void)state;
	__free_page(movable);
	__free_page(kernel);
	assert_ptr_equal(alloc_page(flags_of[MIGRATE_MOVABLE]), movable);
	assert_ptr_equal(alloc_page(GFP_KERNEL), kernel);
	pages_check();
}

static void a_whole_block_has_no_type(void **state)
{
	struct page *page = alloc_pages(flags_of[MIGRATE_MOVABLE], MAX_ORDER), *other;

	(void)state;
	assert_int_equal(type_of(page), MIGRATE_MOVABLE);
	__free_pages(page, MAX_ORDER);
	assert_int_equal(type_of(page), MIGRATE_UNMOVABLE);
	other = alloc_pages(flags_of[MIGRATE_RECLAIMABLE], MAX_ORDER);
	assert_ptr_equal(other, page);
	assert_int_equal(type_of(page), MIGRATE_RECLAIMABLE);
	__free_pages(other, MAX_ORDER);
	assert_int_equal(events(false) + events(true), 0);
	pages_check();
}

/* Takes all whole blocks, and what else there is of the other types. */
static void use_up(gfp_t gfp)
{
	for (unsigned int order = MAX_ORDER + 1; order-- > 0;)
		while (alloc_pages(gfp | __GFP_MEMALLOC | __GFP_NOWARN | __GFP_NORETRY,
				   order))
			;
}

static void a_page_block_mostly_free_is_claimed(void **state)
{
	struct page *movable = alloc_pages(flags_of[MIGRATE_MOVABLE], MAX_ORDER), *page;

	(void)state;
	use_up(GFP_KERNEL);
	split_page(movable, MAX_ORDER);
	/* Three quarters free: two blocks, of orders 9 and 8. */
	for (unsigned long i = 256; i < MAX_ORDER_NR_PAGES; i++)
		__free_page(movable + i);
	drain_all_pages();
	assert_int_equal(type_of(movable), MIGRATE_MOVABLE);
	page = alloc_pages(GFP_KERNEL | __GFP_MEMALLOC, 0);
	assert_int_equal(events(true), 1);
	assert_int_equal(events(false), 0);
	assert_int_equal(type_of(page), MIGRATE_UNMOVABLE);
	assert_ptr_equal(pageblock_first(page), movable);
	pages_check();
}

static void a_page_block_mostly_used_is_stolen_from(void **state)
{
	struct movable_buffer *buffer = movable_buffer_create_empty(MAX_ORDER_NR_PAGES);
	struct page *movable, *page;

	(void)state;
	movable = alloc_pages(flags_of[MIGRATE_MOVABLE], MAX_ORDER);
	use_up(GFP_KERNEL);
	split_page(movable, MAX_ORDER);
	for (unsigned long i = 0; i < MAX_ORDER_NR_PAGES; i++)
		assert_int_equal(movable_buffer_put_in(buffer, i, movable + i), 0);
	for (unsigned long i = 0; i < 256; i++)
		movable_buffer_drop(buffer, i);
	/* A small hole, too: the smallest that fits is taken. */
	movable_buffer_drop(buffer, 300);
	drain_all_pages();
	page = alloc_pages(GFP_KERNEL | __GFP_MEMALLOC | __GFP_COLD, 0);
	assert_ptr_equal(page, movable + 300);
	assert_int_equal(type_of(page), MIGRATE_MOVABLE);
	assert_int_equal(events(true), 0);
	assert_int_equal(events(false), 1);
	page = alloc_pages(GFP_KERNEL | __GFP_MEMALLOC, 3);
	assert_int_equal(type_of(page), MIGRATE_MOVABLE);
	assert_int_equal(events(false), 2);
	pages_check();
}

/* Pages that can move spoil nothing: they take a small piece and claim no page block. */
static void movable_pages_claim_large_pieces_only(void **state)
{
	struct page *kernel = alloc_pages(GFP_KERNEL, MAX_ORDER), *page;
	unsigned long claims, steals;

	(void)state;
	use_up(flags_of[MIGRATE_MOVABLE]);
	split_page(kernel, MAX_ORDER);
	for (unsigned long i = 0; i < MAX_ORDER_NR_PAGES; i++)
		if (i % 16) /* no block above order 3 is free */
			__free_page(kernel + i);
	drain_all_pages();
	claims = events(true);
	steals = events(false);
	page = alloc_pages(flags_of[MIGRATE_MOVABLE] | __GFP_MEMALLOC, 0);
	assert_int_equal(type_of(page), MIGRATE_UNMOVABLE);
	assert_int_equal(events(true), claims);
	assert_int_equal(events(false), steals + 1);
	pages_check();
}

static void types_that_exclude_each_other(void **state)
{
	const gfp_t both = GFP_KERNEL | __GFP_MOVABLE | __GFP_RECLAIMABLE | __GFP_NOWARN;

	(void)state;
	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		assert_null(alloc_pages(both, order));
	pages_check();
}

static void it_can_be_read(void **state)
{
	struct zone_types types;
	unsigned long blocks = 0;
	char text[4096], line[128];
	size_t length;

	(void)state;
	assert_non_null(alloc_pages(flags_of[MIGRATE_MOVABLE], 3));
	assert_non_null(alloc_pages(flags_of[MIGRATE_RECLAIMABLE], 3));
	zone_types(ZONE_DMA32, &types);
	assert_int_equal(types.blocks[MIGRATE_MOVABLE], 1);
	assert_int_equal(types.blocks[MIGRATE_RECLAIMABLE], 1);
	assert_int_equal(types.nr_free[MIGRATE_MOVABLE][9], 1);
	for (unsigned int type = 0; type < MIGRATE_TYPES; type++)
		blocks += types.blocks[type];
	assert_int_equal(blocks + types.whole, (RAM - 16 * MIB) / MAX_ORDER_SIZE);
	length = pagetypeinfo_read(text, sizeof(text));
	assert_int_equal(length, strlen(text));
	snprintf(line, sizeof(line),
		 "\nNode 0, zone    DMA32 %12lu %12u %12u %12u %12u \n",
		 blocks + types.whole - 2, 1u, 1u, 0u, 0u);
	assert_non_null(strstr(text, line));
	assert_non_null(strstr(text,
			       "\nNode    0, zone    DMA32, type      Movable "
			       "     0      0      0      1      1      1      1      "
			       "1      1      1      0 \n"));
	assert_non_null(strstr(text, "\nNumber of blocks type     Unmovable      Movable "
				     " Reclaimable          CMA      Isolate \n"));
}

/* All types, orders and ways at once; then all is as it was. */
static void random_use(void **state)
{
	static struct {
		struct page *page;
		unsigned int order;
	} held[700];
	struct free_counts before = free_counts(), after;

	(void)state;
	for (unsigned int step = 0; step < 20000; step++) {
		unsigned int at = dice(ARRAY_SIZE(held)), type = dice(3);
		gfp_t gfp = flags_of[type] | __GFP_NOWARN | __GFP_NORETRY |
			    (dice(4) ? 0 : __GFP_COLD);

		if (held[at].page) {
			__free_pages(held[at].page, held[at].order);
			held[at].page = NULL;
		} else {
			held[at].order = dice(10) ? dice(6) : dice(NR_PAGE_ORDERS);
			held[at].page = alloc_pages(gfp, held[at].order);
		}
		if (step % 250 == 0)
			pages_check();
	}
	assert_true(events(false) && events(true));
	for (unsigned int at = 0; at < ARRAY_SIZE(held); at++)
		if (held[at].page)
			__free_pages(held[at].page, held[at].order);
	after = free_counts();
	assert_counts_equal(&after, &before);
	pages_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_type_has_its_own_page_blocks, set_up),
		cmocka_unit_test_setup(lists_of_a_cpu_are_apart, set_up),
		cmocka_unit_test_setup(a_whole_block_has_no_type, set_up),
		cmocka_unit_test_setup(a_page_block_mostly_free_is_claimed, set_up),
		cmocka_unit_test_setup(a_page_block_mostly_used_is_stolen_from, set_up),
		cmocka_unit_test_setup(movable_pages_claim_large_pieces_only, set_up),
		cmocka_unit_test_setup(types_that_exclude_each_other, set_up),
		cmocka_unit_test_setup(it_can_be_read, set_up),
		cmocka_unit_test_setup(random_use, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
