/* SPDX-License-Identifier: MIT */
/*
 * Runs: single pages that follow each other, cut from the buddy and given back to it.
 *
 * A run of any length is what its blocks are in the buddy, but their lists are touched for
 * the edges alone.  Cutting takes one block and lists what is left of it.  Giving back
 * walks the orders once: at each one, the piece that sticks out at either edge either has a
 * free buddy outside, by which the run grows, or becomes a free block itself, by which it
 * shrinks.  What lies between never stands on a list.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include "mm/zone.h"

/* Lists the frames of a block just taken from the n-th on: the largest blocks there are. */
static void list_rest(struct zone *zone, struct page *page, unsigned int order,
		      unsigned long n)
{
	unsigned int type = page_block(page)->type;
	u32 zeroed = page->flags & PAGE_FLAG(zeroed);

	zone_count(zone, type, (long)((1UL << order) - n));
	while (n < 1UL << order) {
		unsigned int rest = (unsigned int)__builtin_ctzl(n);

		zone_list(zone, page + n, rest, type, zeroed);
		zone->splits++;
		n += 1UL << rest;
	}
}

/* Which of the blocks serves best for n pages: the smallest that holds them all.  No page
 * block free as a whole is broken for that while there are smaller pieces. */
static unsigned int choose_order(u32 orders, unsigned long n)
{
	u32 large = orders & WHOLE_BIT;

	if (n < MAX_ORDER_NR_PAGES)
		large = orders & (WHOLE_BIT - (u32)roundup_pow_of_two(n));
	return (unsigned int)__builtin_ctz(large ? large : orders);
}

struct page *zone_take_run(struct zone *zone, unsigned int type, unsigned long *n)
{
	u32 orders = zone_orders(zone, type);
	unsigned int order;
	struct page *page;

	if (!orders)
		return NULL;
	order = choose_order(orders, *n);
	page = zone_take(zone, order, type);
	if (*n < 1UL << order)
		list_rest(zone, page, order, *n);
	else
		*n = 1UL << order;
	return page;
}

/* Takes the buddy at pfn off its list if it is a free block of this order. */
static bool absorb(struct zone *zone, unsigned long pfn, unsigned int order,
		   unsigned int type)
{
	struct page *buddy = pfn_to_page(pfn);

	if (!is_free_block(buddy, order))
		return false;
	zone_unlist(zone, buddy, order, type);
	buddy->state = 0;
	zone->merges++;
	return true;
}

/* Frames [start, end) of one page block; their states are 0. */
static void put_part(struct zone *zone, unsigned long start, unsigned long end)
{
	unsigned int type = page_block(pfn_to_page(start))->type;

	zone_count(zone, type, (long)(end - start));
	zone->puts++;
	for (unsigned int order = 0; order < MAX_ORDER && start < end; order++) {
		unsigned long size = 1UL << order;

		if (end & size) {
			if (absorb(zone, end, order, type)) {
				end += size;
			} else {
				end -= size;
				zone_list(zone, pfn_to_page(end), order, type, 0);
			}
		}
		if (start & size) {
			if (absorb(zone, start - size, order, type)) {
				start -= size;
			} else {
				zone_list(zone, pfn_to_page(start), order, type, 0);
				start += size;
			}
		}
	}
	if (start < end)
		zone_list_whole(zone, pfn_to_page(start), type);
}

void zone_put_run(struct zone *zone, struct page *page, unsigned long n)
{
	unsigned long pfn = page_to_pfn(page), end = pfn + n;

	for (unsigned long i = 0; i < n; i++)
		page[i].state = 0;
	while (pfn < end) {
		unsigned long next = min(ALIGN(pfn + 1, pageblock_nr_pages), end);

		put_part(zone, pfn, next);
		pfn = next;
	}
}
