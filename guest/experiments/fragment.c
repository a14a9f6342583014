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

/* Pages of odd number are held: between two that are free lies one that is not, and back
 * in the zone they stay single.  Single blocks are what is taken first. */
void hold_every_second_page_of(gfp_t gfp, struct list_head *held, unsigned int n)
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
	drain_local_pages();
	hold_large_pieces(held, zone, n);
}

void hold_every_second_page(struct list_head *held, unsigned int n)
{
	hold_every_second_page_of(GFP_KERNEL | __GFP_HIGHMEM, held, n);
}
