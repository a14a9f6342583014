/* SPDX-License-Identifier: MIT */
/* page_alloc_verify() must see damage: each kind is done on purpose and undone. */
#include "mm/pcp.h"
#include "mm/zone.h"
#include "page_test.h"

static struct page *held; /* a block of order 4, allocated */

static int set_up(void **state)
{
	(void)state;
	pages_start(64 * MIB);
	held = alloc_pages(GFP_KERNEL, 4);
	__free_page(alloc_page(GFP_KERNEL)); /* something in the CPU's list */
	pages_check();
	return 0;
}

/* The damage is seen and described by this text; put back, all is well. */
static void expect_seen(const char *text)
{
	char why[256];

	assert_int_equal(page_alloc_verify(why, sizeof(why)), -EINVAL);
	if (!strstr(why, text))
		fail_msg("said \"%s\", not \"%s\"", why, text);
}

#define damage(lvalue, value, text)                    \
	do {                                           \
		__typeof__(lvalue) _before = (lvalue); \
		(lvalue) = (value);                    \
		expect_seen(text);                     \
		(lvalue) = _before;                    \
		pages_check();                         \
	} while (0)

static struct zone *zone(void)
{
	return &zones[ZONE_DMA32];
}

static struct page *listed(unsigned int order)
{
	return list_first_entry(&zone()->area[order].list[MIGRATE_UNMOVABLE], struct page,
				lru);
}

static unsigned int some_listed_order(void)
{
	unsigned int order = 0;

	while (!zone()->area[order].nr)
		order++;
	return order;
}

static void counts(void **state)
{
	unsigned int order = some_listed_order();

	(void)state;
	damage(zone()->free, zone()->free + 1, "pages free");
	damage(zone()->type_orders[MIGRATE_UNMOVABLE], 0,
	       "type Unmovable free in orders");
	damage(zone()->type_orders[MIGRATE_CMA], 1, "type CMA free in orders");
	damage(zone()->free_cma, 1, "counted");
	damage(zone()->isolated, 1, "counted");
	damage(zone()->managed, zone()->managed - 1, "managed");
	damage(zone()->area[order].nr, 0, "(zone DMA32)");
	damage(zone()->area[order].nr, zone()->area[order].nr + 1, "blocks, counted");
	damage(zone()->fresh_blocks, zone()->fresh_blocks - 1, "fresh blocks, counted");
}

static void lists(void **state)
{
	unsigned int order = some_listed_order();
	struct page *page = listed(order);

	(void)state;
	damage(page->state, 0, "belongs to no block");
	damage(page->state, page->state ^ (3ULL << PG_order), "");
	damage(page->lru.next->prev, NULL, "broken links");
	damage(zone()->area[order].list[MIGRATE_UNMOVABLE].next,
	       zone()->area[order].list[MIGRATE_UNMOVABLE].next->next, "");
}

static void page_blocks(void **state)
{
	struct pageblock *block = page_block(held);

	(void)state;
	damage(block->type, MIGRATE_MOVABLE, "is on the list of type Unmovable");
	damage(block->class, PCP_CLASS_NONE, "its page block has class");
}

static void fresh_runs(void **state)
{
	struct fresh_run *run = &zone()->fresh[zone()->fresh_at];

	(void)state;
	damage(run->start, run->start + 1, "");
	damage(run->start, run->start + MAX_ORDER_NR_PAGES, "");
	damage(run->end, run->end + MAX_ORDER_NR_PAGES, "");
	damage(zone()->fresh_at, zone()->fresh_at + 1, "");
}

static void cpu_lists(void **state)
{
	struct pcp *pcp = &cpu_pcps[0].pcp[pcp_class(ZONE_DMA32, MIGRATE_UNMOVABLE)];
	struct page **bottom = pcp_bottom(pcp, 0);

	(void)state;
	damage(bottom[-1], held, "out of bounds");
	damage(pcp->stack[0].top, pcp->stack[0].top - 1, "of CPUs among the frames");
	damage(pcp->stack[0].top, pcp->stack[0].limit + 1, "out of bounds");
	damage(bottom[0], held, "a CPU's stack of order 0");
	damage(bottom[0], bottom[1], "stacks 2 times");
	damage(bottom[0]->state, 0, "belongs to no block");
}

static void blocks_in_use(void **state)
{
	(void)state;
	damage(held->state, 0, "belongs to no block");
	damage(held->_refcount.counter, 0, "has state");
	damage(held->flags, held->flags | PAGE_FLAG(buddy), "belongs to no block");
	damage(held->flags, held->flags - (1U << PG_order), "belongs to no block");
	damage(held->flags, held->flags + (1U << PG_order), "");
	damage(held[3].state, PAGE_FLAG(live), "inside a block of order 4");
	damage(held[15]._refcount.counter, 1, "inside a block of order 4");
	damage(held->flags, PAGE_FLAG(live) | (15U << PG_order), "belongs to no block");
}

static void owners_may_mark_their_tails(void **state)
{
	(void)state;
	__SetPageSlab(held + 3);
	__SetPageLargeKmalloc(held + 4);
	pages_check();
	__ClearPageSlab(held + 3);
	__ClearPageLargeKmalloc(held + 4);
}

static void reserved_frames(void **state)
{
	(void)state;
	damage(pfn_to_page(0)->flags, PAGE_FLAG(live), "reserved frame 0");
}

static void a_small_buffer_is_enough(void **state)
{
	char why[8];

	(void)state;
	held->state = 0;
	assert_int_equal(page_alloc_verify(why, sizeof(why)), -EINVAL);
	assert_int_equal(strlen(why), 7);
	assert_int_equal(page_alloc_verify(NULL, 0), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(counts, set_up),
		cmocka_unit_test_setup(lists, set_up),
		cmocka_unit_test_setup(page_blocks, set_up),
		cmocka_unit_test_setup(fresh_runs, set_up),
		cmocka_unit_test_setup(cpu_lists, set_up),
		cmocka_unit_test_setup(blocks_in_use, set_up),
		cmocka_unit_test_setup(owners_may_mark_their_tails, set_up),
		cmocka_unit_test_setup(reserved_frames, set_up),
		cmocka_unit_test_setup(a_small_buffer_is_enough, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
