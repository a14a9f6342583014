/* SPDX-License-Identifier: MIT */
/*
 * The binary buddy (Knuth, TAOCP 1, 2.5): a free block of 2^order frames begins at a
 * multiple of 2^order; its buddy is the other half of the block twice as large.  Taking
 * halves the smallest block that is large enough; putting joins buddies as long as both
 * are free.  zone.h says where free memory stands.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include "mm/zone.h"

void zone_list(struct zone *zone, struct page *page, unsigned int order,
	       unsigned int list, u32 zeroed)
{
	struct free_area *area = &zone->area[order];

	page->state = PAGE_FLAG(buddy) | (order << PG_order) | zeroed;
	list_add(&page->lru, &area->list[list]);
	area->nr++;
	zone->type_orders[list] |= 1U << order;
}

void zone_unlist(struct zone *zone, struct page *page, unsigned int order,
		 unsigned int list)
{
	struct free_area *area = &zone->area[order];

	__list_del_entry(&page->lru);
	page->state = page->flags & PAGE_FLAG(zeroed);
	area->nr--;
	if (list_empty(&area->list[list]) &&
	    (order < MAX_ORDER || list != WHOLE || !zone->fresh_blocks))
		zone->type_orders[list] &= ~(1U << order);
}

static inline unsigned int zone_index(const struct zone *zone)
{
	return (unsigned int)(zone - zones);
}

/* The next fresh block; there is one. */
static struct page *take_fresh(struct zone *zone)
{
	struct fresh_run *run = &zone->fresh[zone->fresh_at];
	struct page *page;

	while (run->start == run->end) {
		run++;
		zone->fresh_at++;
	}
	page = pfn_to_page(run->start);
	run->start += MAX_ORDER_NR_PAGES;
	if (--zone->fresh_blocks == 0)
		zone->type_orders[WHOLE] &= ~WHOLE_BIT;
	page->state = run->zeroed ? PAGE_FLAG(zeroed) : 0;
	return page;
}

/* The first block of a list; from page blocks without a type, which get this one. */
static struct page *take_first(struct zone *zone, unsigned int order, unsigned int list,
			       unsigned int type)
{
	struct list_head *head = &zone->area[order].list[list];
	struct page *page;

	if (likely(!list_empty(head))) {
		page = list_first_entry(head, struct page, lru);
		zone_unlist(zone, page, order, list);
	} else {
		page = take_fresh(zone);
	}
	if (order == MAX_ORDER && list == WHOLE)
		pageblock_set(page_block(page), zone_index(zone), type);
	return page;
}

struct page *zone_cut(struct zone *zone, unsigned int from, unsigned int list,
		      unsigned int order, unsigned int type)
{
	struct page *page = take_first(zone, from, list, type);

	if (from == MAX_ORDER && list == WHOLE)
		list = type;
	zone_count(zone, list, -(1L << order));
	zone->takes++;
	zone->splits += from - order;
	while (from > order) {
		from--;
		zone_list(zone, page + (1UL << from), from, list, page->flags);
	}
	return page;
}

/* Shall a movable request leave the rest of the zone to those who have no choice? */
static bool cma_first(const struct zone *zone, unsigned int order)
{
	return unlikely(zone->free_cma > zone->free / 2) &&
	       zone->type_orders[MIGRATE_CMA] >> order;
}

struct page *zone_take(struct zone *zone, unsigned int order, unsigned int type)
{
	u32 fitting = zone->type_orders[type] | (zone->type_orders[WHOLE] & WHOLE_BIT);
	unsigned int from;

	fitting >>= order;
	if (unlikely(!fitting) || (type == MIGRATE_MOVABLE && cma_first(zone, order)))
		return zone_take_other(zone, order, type);
	from = order + (unsigned int)__builtin_ctz(fitting);
	return zone_cut(zone, from, from == MAX_ORDER ? WHOLE : type, order, type);
}

void zone_list_whole(struct zone *zone, struct page *page, unsigned int type)
{
	if (type < MIGRATE_PCPTYPES) {
		type = WHOLE;
		pageblock_set(page_block(page), zone_index(zone), WHOLE);
	}
	zone_list(zone, page, MAX_ORDER, type, 0);
}

void zone_put(struct zone *zone, struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);
	unsigned int type = page_block(page)->type;

	zone_count(zone, type, 1L << order);
	zone->puts++;
	page->state = 0;
	while (order < MAX_ORDER) {
		unsigned long buddy_pfn = pfn ^ (1UL << order);
		struct page *buddy = page + (buddy_pfn - pfn);

		if (!is_free_block(buddy, order))
			break;
		zone_unlist(zone, buddy, order, type);
		buddy->state = 0;
		zone->merges++;
		pfn &= ~(1UL << order);
		page = pfn < buddy_pfn ? page : buddy;
		order++;
	}
	if (order == MAX_ORDER)
		zone_list_whole(zone, page, type);
	else
		zone_list(zone, page, order, type, 0);
}

void zone_clear(struct zone *zone)
{
	*zone = (struct zone){ 0 };
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		for (unsigned int type = 0; type < MIGRATE_TYPES; type++)
			INIT_LIST_HEAD(&zone->area[order].list[type]);
}

/* The page blocks of [pfn, end) are about to be used in part: entries for them.  Those
 * that have one keep it. */
static void start_pageblocks(const struct zone *zone, unsigned long pfn,
			     unsigned long end)
{
	for (; pfn < end; pfn = ALIGN(pfn + 1, pageblock_nr_pages)) {
		struct pageblock *block = page_block(pfn_to_page(pfn));

		pageblock_set(block, zone_index(zone), block->type);
	}
}

/* Puts never used frames on the free lists. */
static void list_range(struct zone *zone, unsigned long pfn, unsigned long end,
		       bool zeroed)
{
	start_pageblocks(zone, pfn, end);
	while (pfn < end) {
		unsigned int order = largest_order(pfn, end);

		zone_list(zone, pfn_to_page(pfn), order, WHOLE,
			  zeroed ? PAGE_FLAG(zeroed) : 0);
		zone->free += 1UL << order;
		pfn += 1UL << order;
	}
}

void zone_add_fresh(struct zone *zone, unsigned long start, unsigned long end,
		    bool zeroed)
{
	unsigned long first = ALIGN(start, MAX_ORDER_NR_PAGES);
	unsigned long last = ALIGN_DOWN(end, MAX_ORDER_NR_PAGES);

	zone->managed += end - start;
	if (first >= last || zone->nr_fresh == FRESH_RUNS) {
		list_range(zone, start, end, zeroed);
		return;
	}
	list_range(zone, start, first, zeroed);
	list_range(zone, last, end, zeroed);
	zone->fresh[zone->nr_fresh++] = (struct fresh_run){ first, last, zeroed };
	zone->fresh_blocks += (last - first) / MAX_ORDER_NR_PAGES;
	zone->free += last - first;
	zone->type_orders[WHOLE] |= WHOLE_BIT;
}

void zone_add_cma(struct zone *zone, unsigned long start, unsigned long end, bool zeroed)
{
	zone->managed += end - start;
	zone->cma += end - start;
	zone_count(zone, MIGRATE_CMA, (long)(end - start));
	for (unsigned long pfn = start; pfn < end; pfn += pageblock_nr_pages) {
		struct page *page = pfn_to_page(pfn);

		pageblock_set(page_block(page), zone_index(zone), MIGRATE_CMA);
		zone_list(zone, page, pageblock_order, MIGRATE_CMA,
			  zeroed ? PAGE_FLAG(zeroed) : 0);
	}
}

void zone_add_used(struct zone *zone, unsigned long start, unsigned long end)
{
	zone->managed += end - start;
	start_pageblocks(zone, start, end);
	zone_put_run(zone, pfn_to_page(start), end - start);
}
