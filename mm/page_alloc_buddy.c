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

static void list_block(struct zone *zone, struct page *page, unsigned int order,
		       u32 zeroed)
{
	struct free_area *area = &zone->area[order];

	page->state = PAGE_FLAG(buddy) | (order << PG_order) | zeroed;
	list_add(&page->lru, &area->list);
	area->nr++;
	zone->orders |= 1U << order;
}

static void unlist_block(struct zone *zone, struct page *page, unsigned int order)
{
	struct free_area *area = &zone->area[order];

	__list_del_entry(&page->lru);
	page->state = page->flags & PAGE_FLAG(zeroed);
	if (--area->nr == 0 && (order < MAX_ORDER || !zone->fresh_blocks))
		zone->orders &= ~(1U << order);
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
		zone->orders &= ~(1U << MAX_ORDER);
	page->state = run->zeroed ? PAGE_FLAG(zeroed) : 0;
	return page;
}

struct page *zone_take(struct zone *zone, unsigned int order)
{
	u32 fitting = zone->orders >> order;
	unsigned int from;
	struct page *page;

	if (!fitting)
		return NULL;
	from = order + (unsigned int)__builtin_ctz(fitting);
	if (likely(zone->area[from].nr)) {
		page = list_first_entry(&zone->area[from].list, struct page, lru);
		unlist_block(zone, page, from);
	} else {
		page = take_fresh(zone);
	}
	zone->free -= 1UL << order;
	zone->takes++;
	zone->splits += from - order;
	while (from > order) {
		from--;
		list_block(zone, page + (1UL << from), from, page->flags);
	}
	return page;
}

/* Is this page the head of a free block of this order? */
static bool is_free_block(const struct page *page, unsigned int order)
{
	return (READ_ONCE(page->flags) & ~PAGE_FLAG(zeroed)) ==
	       (PAGE_FLAG(buddy) | (order << PG_order));
}

/*
 * A page that another CPU hands out or takes back meanwhile may be read here, but never as
 * a free block: PG_buddy changes under our lock alone.
 */
void zone_put(struct zone *zone, struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);

	zone->free += 1UL << order;
	zone->puts++;
	page->state = 0;
	while (order < MAX_ORDER) {
		unsigned long buddy_pfn = pfn ^ (1UL << order);
		struct page *buddy = page + (buddy_pfn - pfn);

		if (!is_free_block(buddy, order))
			break;
		unlist_block(zone, buddy, order);
		buddy->state = 0;
		zone->merges++;
		pfn &= ~(1UL << order);
		page = pfn < buddy_pfn ? page : buddy;
		order++;
	}
	list_block(zone, page, order, 0);
}

void zone_put_run(struct zone *zone, struct page *page, unsigned long n)
{
	unsigned long pfn = page_to_pfn(page), end = pfn + n;

	for (unsigned long i = 0; i < n; i++)
		page[i].state = 0;
	while (pfn < end) {
		unsigned int order = largest_order(pfn, end);

		zone_put(zone, pfn_to_page(pfn), order);
		pfn += 1UL << order;
	}
}

void zone_clear(struct zone *zone)
{
	*zone = (struct zone){ 0 };
	for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
		INIT_LIST_HEAD(&zone->area[order].list);
}

/* Puts never used frames on the free lists. */
static void list_range(struct zone *zone, unsigned long pfn, unsigned long end,
		       bool zeroed)
{
	while (pfn < end) {
		unsigned int order = largest_order(pfn, end);

		list_block(zone, pfn_to_page(pfn), order, zeroed ? PAGE_FLAG(zeroed) : 0);
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
	zone->orders |= 1U << MAX_ORDER;
}

void zone_add_used(struct zone *zone, unsigned long start, unsigned long end)
{
	zone->managed += end - start;
	zone_put_run(zone, pfn_to_page(start), end - start);
}
