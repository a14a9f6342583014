/* SPDX-License-Identifier: MIT */
/* Free memory broken up on purpose: see fragment.h. */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "fragment.h"

void free_held_pages(struct list_head *held)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, held, lru)
		__free_pages(page, page_order(page));
	INIT_LIST_HEAD(held);
}

/* Bulk requests take the smallest block that holds them all: leaves none of that zone. */
static void hold_large_pieces(struct list_head *held, enum zone_type zone, unsigned int n)
{
	struct zone_types types;

	zone_types(zone, &types);
	for (unsigned int order = MAX_ORDER - 1; order && 1U << order >= n; order--)
		for (unsigned long i = types.nr_free[MIGRATE_UNMOVABLE][order]; i; i--) {
			struct page *page =
				alloc_pages(GFP_KERNEL | __GFP_HIGHMEM, order);

			if (page)
				list_add(&page->lru, held);
		}
}

/* Pages of odd number are held: between two that are free lies one that is not.  The zone
 * that they are of. */
static enum zone_type hold_odd_pages(struct list_head *held, unsigned int n, gfp_t gfp)
{
	enum zone_type zone = ZONE_NORMAL;
	LIST_HEAD(even);

	for (unsigned int i = 0; i < 2 * n; i++) {
		struct page *page = alloc_page(gfp);

		if (!page)
			continue;
		zone = page_zonenum(page);
		list_add(&page->lru, page_to_pfn(page) & 1 ? held : &even);
	}
	free_held_pages(&even);
	return zone;
}

void hold_every_second_page_here(struct list_head *held, unsigned int n)
{
	hold_odd_pages(held, n, GFP_KERNEL | __GFP_HIGHMEM);
}

/* Back in the zone the others stay single, and single blocks are what is taken first. */
void hold_every_second_page(struct list_head *held, unsigned int n)
{
	enum zone_type zone = hold_odd_pages(held, n, GFP_KERNEL | __GFP_HIGHMEM);

	drain_all_pages(); /* whoever asks next may run on another CPU, with pages in stock */
	hold_large_pieces(held, zone, n);
}

void hold_every_second_user_page(struct list_head *held, unsigned int n)
{
	hold_odd_pages(held, n, GFP_HIGHUSER_MOVABLE);
	drain_all_pages();
}
