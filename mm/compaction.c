/* SPDX-License-Identifier: MIT */
/*
 * Compaction.  Two scanners walk a zone: one from the bottom up catches movable pages, one
 * from the top down catches free ones, and the contents of the first go to the second.
 * Where they meet the zone is done: pages in use are at the top, free memory is in large
 * blocks at the bottom.
 *
 * A request wants one block of its order, and the work stops as soon as there is one.  So
 * only such aligned ranges of that size are emptied as hold nothing but free and movable
 * pages: one page that cannot move makes all copying in its range vain.
 *
 * The scanners remember where they were, so that the next request goes on from there.  A
 * zone where a whole tour failed is left alone for a number of requests that doubles each
 * time (deferred), up to 64.
 *
 * Known from Linux (mm/compaction.c) in outline and names.
 */
#include <linux/compaction.h>
#include <linux/kernel.h>
#include <linux/migrate.h>
#include <linux/sched/mm.h>
#include "mm/page_alloc.h"
#include "mm/page_debug.h"
#include "mm/zone.h"

/* Pages caught before they are moved. */
#define CLUSTER 32UL
/* Requests passed over are at most 1 << this. */
#define MAX_DEFER_SHIFT 6

static struct compact_info total; /* atomic */

/* One tour. */
struct tour {
	struct zone *zone;
	unsigned int order; /* wanted; NR_PAGE_ORDERS: none, all that can be done */
	unsigned int type; /* of the request */
	enum migrate_mode mode;
	bool whole; /* from the zone's beginning */
	unsigned long migrate_pfn; /* the first frame not yet looked at */
	unsigned long
		free_pfn; /* page blocks from here on have been looked at; aligned */
	struct list_head caught; /* isolated pages, by lru */
	struct list_head room; /* free pages to move to, by lru; live, one reference */
	unsigned long nr_caught;
	unsigned long nr_room;
};

static void count(unsigned long *counter, unsigned long n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

/* --- free pages to move to --- */

/* One page of free memory becomes ours. */
static void add_room(struct tour *t, struct page *page)
{
	page->state = STATE_LIVE(0);
	if (unlikely(page_alloc_hooks))
		page_debug_alloc(page, 0, GFP_KERNEL | __GFP_MOVABLE, _RET_IP_);
	list_add(&page->lru, &t->room);
	t->nr_room++;
}

/* Takes a free block of the zone, or as much of its beginning as is wanted; the lock is
 * held. */
static void take_block(struct tour *t, struct page *page, unsigned long wanted)
{
	unsigned int order = page_order(page), type = page_block(page)->type;
	u32 zeroed = page->flags & PAGE_FLAG(zeroed);

	zone_unlist(t->zone, page, order, type);
	while (order && 1UL << (order - 1) >= wanted) {
		order--;
		zone_list(t->zone, page + (1UL << order), order, type, zeroed);
	}
	zone_count(t->zone, type, -(1L << order));
	for (unsigned long i = 0; i < 1UL << order; i++)
		add_room(t, page + i);
}

/* Free pages of the page block at pfn, until there are enough. */
static void take_room(struct tour *t, unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn), *end = page + pageblock_nr_pages;
	unsigned int type = page_block(page)->type;
	unsigned long flags, before = t->nr_room;

	spin_lock_irqsave(&t->zone->lock, flags);
	if (type == MIGRATE_MOVABLE || type == MIGRATE_CMA) {
		for (; page < end && t->nr_room < t->nr_caught;
		     page = pageblock_next(page)) {
			/* A page block that is free as a whole stays so. */
			if (PageBuddy(page) && page_order(page) < pageblock_order)
				take_block(t, page, t->nr_caught - t->nr_room);
		}
		count(&total.free_scanned, (unsigned long)(page - pfn_to_page(pfn)));
	}
	spin_unlock_irqrestore(&t->zone->lock, flags);
	count(&total.isolated, t->nr_room - before);
}

/* Room for all that is caught, as far as there is any above what is to be emptied. */
static void find_room(struct tour *t)
{
	while (t->nr_room < t->nr_caught &&
	       t->free_pfn > ALIGN(t->migrate_pfn, pageblock_nr_pages)) {
		unsigned long pfn = t->free_pfn - pageblock_nr_pages;

		if (zone_block_in_use(t->zone, pfn))
			take_room(t, pfn);
		/* Enough?  Then there may be more in this page block. */
		if (t->nr_room < t->nr_caught)
			t->free_pfn = pfn;
	}
}

static struct page *get_room(struct page *page, unsigned long private)
{
	struct tour *t = (struct tour *)private;
	struct page *room = list_first_entry(&t->room, struct page, lru);

	(void)page;
	if (list_empty(&t->room))
		return NULL;
	list_del(&room->lru);
	t->nr_room--;
	return room;
}

static void put_room(struct page *page, unsigned long private)
{
	struct tour *t = (struct tour *)private;

	list_add(&page->lru, &t->room);
	t->nr_room++;
}

static void give_back_room(struct tour *t)
{
	struct page *page, *next;

	list_for_each_entry_safe (page, next, &t->room, lru) {
		list_del(&page->lru);
		free_to_zone(page);
	}
	t->nr_room = 0;
}

/* --- pages to move --- */

/* May everything in [page, end) be elsewhere, and is anything in use? */
static bool worth_emptying(struct page *page, const struct page *end)
{
	bool any = false;

	for (; page < end; page = pageblock_next(page)) {
		if (PageMovable(page))
			any = true;
		else if (!PageBuddy(page) && !PagePcp(page))
			return false;
	}
	return any;
}

/* Catches the movable pages in [page, end). */
static void catch_range(struct tour *t, struct page *page, const struct page *end)
{
	for (; page < end; page = pageblock_next(page)) {
		if (!PageMovable(page) || !isolate_movable_page(page))
			continue;
		list_add_tail(&page->lru, &t->caught);
		t->nr_caught++;
	}
}

/* Catches from the page block at migrate_pfn until there are enough, or its end. */
static void catch_pages(struct tour *t)
{
	unsigned long range = 1UL << min_t(unsigned int, t->order, MAX_ORDER);
	unsigned long end = ALIGN(t->migrate_pfn + 1, pageblock_nr_pages);
	unsigned long start = t->migrate_pfn;

	while (t->migrate_pfn < end && t->nr_caught < CLUSTER) {
		struct page *page = pfn_to_page(t->migrate_pfn);

		if (t->order > MAX_ORDER || worth_emptying(page, page + range))
			catch_range(t, page, page + range);
		t->migrate_pfn += range;
	}
	count(&total.migrate_scanned, t->migrate_pfn - start);
	count(&total.isolated, t->nr_caught);
}

/* Pages of other page blocks move, too, when there is time for it. */
static bool suitable_source(const struct tour *t, unsigned long pfn)
{
	unsigned int type = READ_ONCE(page_block(pfn_to_page(pfn))->type);

	if (type == MIGRATE_MOVABLE || type == MIGRATE_CMA)
		return true;
	return t->mode != MIGRATE_ASYNC && type != MIGRATE_ISOLATE;
}

/* --- the tour --- */

/* Is there a block that the request can have? */
static bool is_there(const struct tour *t)
{
	u32 orders = zone_orders(t->zone, t->type);

	if (t->order > MAX_ORDER)
		return false;
	for (unsigned int type = 0; type < MIGRATE_PCPTYPES; type++)
		orders |= t->zone->type_orders[type];
	return orders >> t->order;
}

/* Moves what is caught.  False when there is no room left. */
static bool move_caught(struct tour *t)
{
	int left;

	find_room(t);
	left = migrate_pages(&t->caught, get_room, put_room, (unsigned long)t, t->mode,
			     MR_COMPACTION, NULL);
	putback_movable_pages(&t->caught);
	t->nr_caught = 0;
	return left != -ENOMEM;
}

static enum compact_result walk(struct tour *t)
{
	bool room = true;

	while (room && t->migrate_pfn < t->free_pfn && !is_there(t)) {
		unsigned long pfn = ALIGN_DOWN(t->migrate_pfn, pageblock_nr_pages);

		if (!zone_block_in_use(t->zone, pfn) || !suitable_source(t, pfn)) {
			t->migrate_pfn = pfn + pageblock_nr_pages;
			continue;
		}
		catch_pages(t);
		if (t->nr_caught)
			room = move_caught(t);
	}
	return is_there(t) ? COMPACT_SUCCESS : COMPACT_COMPLETE;
}

static void begin(struct tour *t, bool from_start)
{
	struct zone *zone = t->zone;
	unsigned long start = ALIGN_DOWN(zone->start_pfn, pageblock_nr_pages);
	unsigned long end = ALIGN(zone->end_pfn, pageblock_nr_pages);

	INIT_LIST_HEAD(&t->caught);
	INIT_LIST_HEAD(&t->room);
	t->migrate_pfn = READ_ONCE(zone->compact.migrate_pfn);
	t->free_pfn = READ_ONCE(zone->compact.free_pfn);
	t->whole = from_start || t->migrate_pfn >= t->free_pfn || t->free_pfn > end ||
		   t->migrate_pfn <= start;
	if (t->whole) {
		t->migrate_pfn = start;
		t->free_pfn = end;
	}
}

static enum compact_result compact_zone(struct tour *t, bool from_start)
{
	unsigned int noreclaim = memalloc_noreclaim_save();
	enum compact_result result;

	begin(t, from_start);
	result = walk(t);
	give_back_room(t);
	memalloc_noreclaim_restore(noreclaim);
	/* After a whole tour the next one begins anew; else within a page block it would
	 * leave out what was looked at before it could be emptied. */
	if (result == COMPACT_COMPLETE)
		t->migrate_pfn = t->free_pfn;
	WRITE_ONCE(t->zone->compact.migrate_pfn,
		   ALIGN_DOWN(t->migrate_pfn, pageblock_nr_pages));
	WRITE_ONCE(t->zone->compact.free_pfn, t->free_pfn);
	return result;
}

/* --- is it worth it? --- */

/* Pages that are in between places; and a block of the order on top of the watermark. */
static bool enough_free(const struct zone *zone, unsigned int order, enum zone_type best,
			unsigned int alloc_flags)
{
	unsigned long mark = zone->watermark[WMARK_LOW] + (2UL << order);

	return zone_watermark_ok(zone, 0, mark, best, alloc_flags);
}

static bool deferred(struct zone *zone, unsigned int order)
{
	struct zone_compact *c = &zone->compact;

	if (order < c->order_failed || !c->defer_shift)
		return false;
	if (++c->considered >= 1U << c->defer_shift) {
		c->considered = 0;
		return false;
	}
	count(&total.deferred, 1);
	return true;
}

static void note_result(struct zone *zone, unsigned int order, bool success)
{
	struct zone_compact *c = &zone->compact;
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	c->considered = 0;
	if (success) {
		if (order >= c->order_failed)
			c->order_failed = order + 1;
		c->defer_shift = 0;
	} else {
		if (order < c->order_failed || !c->defer_shift)
			c->order_failed = order;
		c->defer_shift = min_t(unsigned int, c->defer_shift + 1, MAX_DEFER_SHIFT);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

static enum compact_result compact_for(struct zone *zone, gfp_t gfp, unsigned int order,
				       enum compact_priority prio)
{
	static const enum migrate_mode modes[] = {
		[COMPACT_PRIO_SYNC_FULL] = MIGRATE_SYNC,
		[COMPACT_PRIO_SYNC_LIGHT] = MIGRATE_SYNC_LIGHT,
		[COMPACT_PRIO_ASYNC] = MIGRATE_ASYNC,
	};
	struct tour t = {
		.zone = zone,
		.order = order,
		.type = gfp_migratetype(gfp),
		.mode = modes[prio],
	};
	enum compact_result result;

	if (!enough_free(zone, order, gfp_zone(gfp), gfp_alloc_cma(gfp)))
		return COMPACT_SKIPPED;
	if (prio != COMPACT_PRIO_SYNC_FULL && deferred(zone, order))
		return COMPACT_DEFERRED;
	result = compact_zone(&t, prio == COMPACT_PRIO_SYNC_FULL);
	if (result == COMPACT_SUCCESS || (t.whole && prio != COMPACT_PRIO_ASYNC))
		note_result(zone, order, result == COMPACT_SUCCESS);
	return result;
}

enum compact_result try_to_compact_pages(gfp_t gfp, unsigned int order,
					 enum compact_priority prio)
{
	enum compact_result best = COMPACT_SKIPPED;

	/* Owners may have to write pages out to let them go (Linux). */
	if (!(gfp & __GFP_IO) || !order || order > MAX_ORDER)
		return COMPACT_SKIPPED;
	count(&total.stalls, 1);
	for (unsigned int z = gfp_zone(gfp) + 1; z-- > 0 && best != COMPACT_SUCCESS;) {
		if (!zones[z].managed)
			continue;
		best = max(best, compact_for(&zones[z], gfp, order, prio));
	}
	count(best == COMPACT_SUCCESS ? &total.successes : &total.failures, 1);
	return best;
}

void compact_memory(void)
{
	drain_all_pages();
	for (unsigned int z = 0; z < MAX_NR_ZONES; z++) {
		struct tour t = {
			.zone = &zones[z],
			.order = NR_PAGE_ORDERS,
			.mode = MIGRATE_SYNC,
		};

		if (zones[z].managed)
			compact_zone(&t, true);
	}
}

/* --- what can be read about it --- */

void compact_info(struct compact_info *info)
{
	unsigned long *to = (unsigned long *)info, *from = (unsigned long *)&total;

	for (unsigned int i = 0; i < sizeof(total) / sizeof(*from); i++)
		to[i] = READ_ONCE(from[i]);
}

int fragmentation_index(enum zone_type type, unsigned int order)
{
	unsigned long requested = 1UL << order, blocks = 0;
	struct zone_info info;

	if (order > MAX_ORDER)
		return 0;
	zone_info(type, &info);
	for (unsigned int o = 0; o < NR_PAGE_ORDERS; o++) {
		blocks += info.nr_free[o];
		if (o >= order && info.nr_free[o])
			return -1000;
	}
	if (!blocks)
		return 0;
	return 1000 - (int)((1000 + info.free * 1000 / requested) / blocks);
}
