/* SPDX-License-Identifier: MIT */
/*
 * Free page reporting.  The lists are walked from their ends: what is put back goes to their
 * beginnings, so a walk that has told of everything is the only one that passes the marked
 * blocks.  Blocks that were never used (fresh, or PG_zeroed) have nothing behind them.
 */
#include <linux/kernel.h>
#include <linux/page_reporting.h>
#include "mm/page_alloc.h"
#include "mm/zone.h"

#define NOTHING_TO_TELL (PAGE_FLAG(zeroed) | PAGE_FLAG(reported))

static unsigned long all_puts(void)
{
	unsigned long sum = 0;

	for (unsigned int z = 0; z < MAX_NR_ZONES; z++)
		sum += READ_ONCE(zones[z].puts);
	return sum;
}

bool page_reporting_due(const struct page_reporting_dev_info *dev)
{
	return all_puts() != dev->puts && !(page_alloc_hooks & HOOK_POISON);
}

/* Takes a block off its list; until it is put back it is in use, and nobody can move it. */
static void take(struct zone *zone, struct page *page, unsigned int order,
		 unsigned int list)
{
	zone_unlist(zone, page, order, list);
	zone_count(zone, list, -(1L << order));
	page->state = STATE_LIVE(order);
}

/* Takes blocks of one list while there is room for them; the lock is held. */
static unsigned int take_of_list(struct zone *zone, unsigned int order, unsigned int list,
				 struct scatterlist *sg, unsigned int n)
{
	const struct list_head *head = &zone->area[order].list[list];
	struct list_head *at = head->prev;

	while (at != head && n < PAGE_REPORTING_CAPACITY) {
		struct page *page = list_entry(at, struct page, lru);

		at = at->prev;
		if (zone->free < zone->watermark[WMARK_HIGH] + (1UL << order))
			break;
		if (page->flags & NOTHING_TO_TELL)
			continue;
		take(zone, page, order, list);
		sg_set_page(&sg[n++], page, (unsigned int)(PAGE_SIZE << order), 0);
	}
	return n;
}

static unsigned int take_some(struct zone *zone, struct scatterlist *sg)
{
	unsigned long flags;
	unsigned int n = 0;

	sg_init_table(sg, PAGE_REPORTING_CAPACITY);
	spin_lock_irqsave(&zone->lock, flags);
	for (unsigned int order = MAX_ORDER; order >= PAGE_REPORTING_MIN_ORDER; order--)
		for (unsigned int list = 0; list < MIGRATE_TYPES; list++)
			if (list != MIGRATE_ISOLATE)
				n = take_of_list(zone, order, list, sg, n);
	spin_unlock_irqrestore(&zone->lock, flags);
	if (n)
		sg_mark_end(&sg[n - 1]);
	return n;
}

/* Puts blocks back and, where they were told and stand alone, marks them.  Returns how many
 * pages they are. */
static unsigned long put_back(struct zone *zone, struct scatterlist *sg, unsigned int n,
			      bool told)
{
	unsigned long flags, pages = 0;

	spin_lock_irqsave(&zone->lock, flags);
	for (unsigned int i = 0; i < n; i++) {
		struct page *page = sg_page(&sg[i]);
		unsigned int order = page_order(page);

		zone_put(zone, page, order);
		if (told && is_free_block(page, order))
			page->flags |= PAGE_FLAG(reported);
		pages += 1UL << order;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	if (unlikely(page_alloc_hooks & HOOK_WAIT))
		memory_came_free();
	return pages;
}

static int process_zone(struct page_reporting_dev_info *dev, struct zone *zone,
			unsigned long *pages)
{
	unsigned int n;
	int err = 0;

	while (!err && (n = take_some(zone, dev->sg))) {
		unsigned long told;

		err = dev->report(dev, dev->sg, n);
		dev->puts += n;
		told = put_back(zone, dev->sg, n, !err);
		if (!err)
			*pages += told;
	}
	return err;
}

long page_reporting_process(struct page_reporting_dev_info *dev)
{
	unsigned long pages = 0;
	int err = 0;

	if (page_alloc_hooks & HOOK_POISON)
		return 0;
	dev->puts = all_puts();
	for (unsigned int z = 0; z < MAX_NR_ZONES && !err; z++)
		if (zones[z].managed)
			err = process_zone(dev, &zones[z], &pages);
	dev->reported += pages;
	return err ? err : (long)pages;
}
