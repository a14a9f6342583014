/* SPDX-License-Identifier: MIT */
/*
 * Emptying a given range of frames.
 *
 *   1. Its page blocks become MIGRATE_ISOLATE: nothing free in them is handed out any more,
 *	and what is freed there bypasses the per-CPU lists.
 *   2. The per-CPU lists are drained, so that all free pages of the range are in the zone.
 *   3. Pages in use are moved away, to whichever pages the allocator gives.
 *   4. When all of the range is free it is taken off the zone's lists, in one go.
 *   5. The page blocks get their type back, whatever happened.
 */
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/string.h>
#include "mm/contig.h"
#include "mm/page_alloc.h"
#include "mm/page_debug.h"
#include "mm/zone.h"

#define CLUSTER 32 /* pages moved at once */
#define PASSES	5 /* over a range with pages that cannot be moved at the moment */

/* --- page blocks --- */

/* The page block changes from one type to another; false when it has a third. */
static bool change_type(unsigned long pfn, unsigned int from, unsigned int to)
{
	struct page *page = pfn_to_page(pfn);
	struct zone *zone = page_zone(page);
	unsigned long flags;
	bool good;

	spin_lock_irqsave(&zone->lock, flags);
	good = page_block(page)->type == from;
	if (good)
		zone_retype(zone, page, to);
	spin_unlock_irqrestore(&zone->lock, flags);
	return good;
}

static void undo_isolation(unsigned long pfn, unsigned long end)
{
	for (; pfn < end; pfn += pageblock_nr_pages)
		change_type(pfn, MIGRATE_ISOLATE, MIGRATE_CMA);
}

/* Isolates the page blocks in [start, end), or none. */
static bool isolate_blocks(unsigned long start, unsigned long end)
{
	for (unsigned long pfn = start; pfn < end; pfn += pageblock_nr_pages) {
		if (change_type(pfn, MIGRATE_CMA, MIGRATE_ISOLATE))
			continue;
		undo_isolation(start, pfn);
		return false;
	}
	return true;
}

/* --- pages in use --- */

static struct page *get_elsewhere(struct page *page, unsigned long private)
{
	(void)page;
	(void)private;
	return alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
}

static void put_elsewhere(struct page *page, unsigned long private)
{
	(void)private;
	__free_page(page);
}

/* Moves what is on the list: 0, -EBUSY or -ENOMEM. */
static int move_away(struct list_head *list)
{
	int left;

	if (list_empty(list))
		return 0;
	left = migrate_pages(list, get_elsewhere, put_elsewhere, 0, MIGRATE_SYNC,
			     MR_CONTIG_RANGE, NULL);
	putback_movable_pages(list);
	return left > 0 ? -EBUSY : left;
}

/* Catches up to CLUSTER pages from *pfn on, which moves.  False when something is there
 * that is neither free nor can be caught. */
static bool catch_some(unsigned long *pfn, unsigned long end, struct list_head *list)
{
	bool good = true;

	for (unsigned int n = 0; n < CLUSTER && *pfn < end;) {
		struct page *page = pfn_to_page(*pfn);
		struct page *next = pageblock_next(page);

		if (!PageBuddy(page)) {
			if (isolate_movable_page(page)) {
				list_add_tail(&page->lru, list);
				n++;
			} else {
				good = false;
			}
		}
		*pfn = page_to_pfn(next);
	}
	return good;
}

static int empty_once(unsigned long pfn, unsigned long end)
{
	int err = 0;

	while (pfn < end && err != -ENOMEM) {
		LIST_HEAD(list);
		bool good = catch_some(&pfn, end, &list);
		int moved = move_away(&list);

		if (moved || !good)
			err = moved ? moved : -EBUSY;
	}
	return err;
}

static int empty_range(unsigned long start, unsigned long end)
{
	int err = -EBUSY;

	for (unsigned int pass = 0; pass < PASSES && err == -EBUSY; pass++) {
		err = empty_once(start, end);
		/* A page may have been caught by the lists of a CPU in between. */
		if (err == -EBUSY)
			drain_all_pages();
	}
	return err;
}

/* --- free pages --- */

/* The first frame of the free block that pfn lies in; pfn + 1 when there is none.  The lock
 * is held. */
static unsigned long free_block_of(unsigned long pfn)
{
	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		unsigned long first = ALIGN_DOWN(pfn, 1UL << order);
		const struct page *head = pfn_to_page(first);

		if (PageBuddy(head) && page_order(head) >= order)
			return first;
	}
	return pfn + 1;
}

static bool all_free(unsigned long pfn, unsigned long end)
{
	pfn = free_block_of(pfn);
	while (pfn < end && PageBuddy(pfn_to_page(pfn)))
		pfn += 1UL << page_order(pfn_to_page(pfn));
	return pfn >= end;
}

/* Frames [pfn, end), taken off the lists, were not asked for. */
static void put_back(struct zone *zone, unsigned long pfn, unsigned long end)
{
	if (pfn < end)
		zone_put_run(zone, pfn_to_page(pfn), end - pfn);
}

/* Takes [start, end), all free in isolated page blocks, off the lists.  Pages of blocks
 * that still hold what memory was delivered with keep PG_zeroed. */
static void take_range(struct zone *zone, unsigned long start, unsigned long end)
{
	unsigned long first = free_block_of(start), pfn = first;

	while (pfn < end) {
		struct page *page = pfn_to_page(pfn);
		unsigned int order = page_order(page);
		u32 zeroed = page->flags & PAGE_FLAG(zeroed);

		zone_unlist(zone, page, order, MIGRATE_ISOLATE);
		zone_count(zone, MIGRATE_ISOLATE, -(1L << order));
		for (unsigned long i = 0; i < 1UL << order; i++)
			page[i].state = zeroed;
		pfn += 1UL << order;
	}
	put_back(zone, first, start);
	put_back(zone, end, pfn);
}

static int take_if_free(unsigned long start, unsigned long end)
{
	struct zone *zone = page_zone(pfn_to_page(start));
	unsigned long flags;
	int err = -EBUSY;

	spin_lock_irqsave(&zone->lock, flags);
	if (all_free(start, end)) {
		take_range(zone, start, end);
		err = 0;
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return err;
}

static void hand_out_range(unsigned long pfn, unsigned long end, gfp_t gfp)
{
	for (struct page *page = pfn_to_page(pfn); page < pfn_to_page(end); page++) {
		bool zeroed = page->flags & PAGE_FLAG(zeroed);

		page->state = STATE_LIVE(0);
		if (unlikely(page_alloc_hooks))
			page_debug_alloc(page, 0, gfp | __GFP_MOVABLE, _RET_IP_);
		if ((gfp & __GFP_ZERO) && !zeroed)
			clear_highpage(page);
	}
}

int alloc_contig_range(unsigned long start, unsigned long end, gfp_t gfp)
{
	unsigned long first = ALIGN_DOWN(start, pageblock_nr_pages);
	unsigned long last = ALIGN(end, pageblock_nr_pages);
	int err;

	if (start >= end)
		return -EINVAL;
	if (!isolate_blocks(first, last))
		return -EBUSY;
	drain_all_pages();
	err = empty_range(start, end);
	if (!err)
		err = take_if_free(start, end);
	undo_isolation(first, last);
	if (!err)
		hand_out_range(start, end, gfp);
	return err;
}

/* The pages of [page, page + n), within one page block, that are plainly in use. */
static bool put_plain(struct page *page, unsigned long n)
{
	struct zone *zone = page_zone(page);
	unsigned long flags;

	if (unlikely(page_alloc_hooks))
		return false;
	for (unsigned long i = 0; i < n; i++)
		if (READ_ONCE(page[i].state) != STATE_LIVE(0))
			return false;
	spin_lock_irqsave(&zone->lock, flags);
	zone_put_run(zone, page, n);
	spin_unlock_irqrestore(&zone->lock, flags);
	return true;
}

void free_contig_range(unsigned long pfn, unsigned long n)
{
	unsigned long end = pfn + n;

	while (pfn < end) {
		unsigned long stop = min(end, ALIGN(pfn + 1, pageblock_nr_pages));

		if (!put_plain(pfn_to_page(pfn), stop - pfn))
			for (unsigned long i = pfn; i < stop; i++)
				__free_page(pfn_to_page(i));
		pfn = stop;
	}
}
