/* SPDX-License-Identifier: MIT */
/*
 * Types of page blocks: what happens when a request's own have nothing left.
 *
 * One unmovable page is enough to spoil a large block for ever, so a request that must go
 * to another type's page blocks does the least harm by taking the largest piece it finds:
 * what it needs next lies there, too, and not in yet another block.  When more than half
 * of that page block is free, or in use by pages like those asked for, the page block
 * changes its type with all that is free in it (it is claimed).  Otherwise the smallest
 * block that fits is taken from among the strangers (it is stolen).
 *
 * Linux's rules (mm/page_alloc.c, find_suitable_fallback), with free blocks always listed
 * under their page block's type, as since Linux 6.10.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include "mm/trace.h"
#include "mm/zone.h"

struct pageblock *pageblocks;

int pageblocks_init(void)
{
	unsigned long n = (max_pfn >> pageblock_order) + 1;

	pageblocks = memblock_alloc(n * sizeof(*pageblocks), 0);
	return pageblocks ? 0 : -ENOMEM;
}

enum migratetype get_pageblock_migratetype(const struct page *page)
{
	return (enum migratetype)READ_ONCE(page_block(page)->type);
}

const char *migratetype_name(enum migratetype type)
{
	static const char *const names[MIGRATE_TYPES] = { "Unmovable", "Movable",
							  "Reclaimable", "CMA",
							  "Isolate" };

	return type < MIGRATE_TYPES ? names[type] : "none";
}

/* --- a page block changes its type --- */

bool zone_block_in_use(const struct zone *zone, unsigned long pfn)
{
	for (unsigned int i = 0; i < zone->nr_fresh; i++)
		if (pfn >= READ_ONCE(zone->fresh[i].start) && pfn < zone->fresh[i].end)
			return false;
	return pfn_valid(pfn);
}

void zone_retype(struct zone *zone, struct page *page, unsigned int type)
{
	struct page *at = pageblock_first(page), *end = at + pageblock_nr_pages;
	struct pageblock *block = page_block(page);
	unsigned int old = block->type;

	for (; at < end; at = pageblock_next(at)) {
		unsigned int order = page_order(at);
		u32 zeroed = at->flags & PAGE_FLAG(zeroed);

		if (!PageBuddy(at))
			continue;
		zone_unlist(zone, at, order, listed_as(old, order));
		zone_list(zone, at, order, listed_as(type, order), zeroed);
		zone_count(zone, old, -(1L << order));
		zone_count(zone, type, 1L << order);
		if (order == pageblock_order && type < MIGRATE_PCPTYPES)
			type = WHOLE;
	}
	pageblock_set(block, (unsigned int)(zone - zones), type);
}

/* --- other types' page blocks --- */

/* Whom to ask, the least harm first. */
static const u8 fallbacks[MIGRATE_PCPTYPES][MIGRATE_PCPTYPES - 1] = {
	[MIGRATE_UNMOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE },
	[MIGRATE_MOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE },
	[MIGRATE_RECLAIMABLE] = { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE },
};

/* The first of them that has a free block of this order; MIGRATE_TYPES: none has. */
static unsigned int type_with(const struct zone *zone, unsigned int order,
			      unsigned int type)
{
	for (unsigned int i = 0; i < MIGRATE_PCPTYPES - 1; i++)
		if (zone->type_orders[fallbacks[type][i]] & (1U << order))
			return fallbacks[type][i];
	return MIGRATE_TYPES;
}

/* Is more than half of the page block, which is of type `old`, free or like `type`? */
static bool mostly_like(struct page *page, unsigned int old, unsigned int type)
{
	struct page *at = pageblock_first(page), *end = at + pageblock_nr_pages;
	unsigned long free = 0, movable = 0, alike = 0;

	for (struct page *next; at < end; at = next) {
		next = pageblock_next(at);
		if (PageBuddy(at))
			free += (unsigned long)(next - at);
		else if (PageMovable(at))
			movable += (unsigned long)(next - at);
	}
	if (type == MIGRATE_MOVABLE)
		alike = movable;
	else if (old == MIGRATE_MOVABLE)
		alike = pageblock_nr_pages - free - movable;
	return free + alike > pageblock_nr_pages / 2;
}

static void trace_fallback(const struct page *page, unsigned int order, unsigned int from,
			   unsigned int type, unsigned int old, bool claimed)
{
	if (page)
		trace_rare(TRACE_MM_PAGE_ALLOC_EXTFRAG, 0, (unsigned long)page,
			   trace_pair(order, from), trace_pair(type, old), claimed, 0);
}

/* Claims the page block in which the largest free block of another type lies. */
static bool claim(struct zone *zone, unsigned int order, unsigned int type)
{
	/* Movable pages spoil nothing: they need not gather while pieces are small. */
	unsigned int least = type == MIGRATE_MOVABLE ? max(order, pageblock_order / 2U)
						     : order;

	for (unsigned int from = MAX_ORDER; from-- > least;) {
		unsigned int old = type_with(zone, from, type);
		struct page *page;

		if (old == MIGRATE_TYPES)
			continue;
		page = list_first_entry(&zone->area[from].list[old], struct page, lru);
		if (!mostly_like(page, old, type))
			return false;
		zone_retype(zone, page, type);
		zone->claims++;
		trace_fallback(page, order, from, type, old, true);
		return true;
	}
	return false;
}

/* The smallest block of another type that fits. */
static struct page *steal(struct zone *zone, unsigned int order, unsigned int type)
{
	for (unsigned int from = order; from < MAX_ORDER; from++) {
		unsigned int old = type_with(zone, from, type);
		struct page *page;

		if (old == MIGRATE_TYPES)
			continue;
		zone->steals++;
		page = zone_cut(zone, from, old, order, type);
		trace_fallback(page, order, from, type, old, false);
		return page;
	}
	return NULL;
}

struct page *zone_take_other(struct zone *zone, unsigned int order, unsigned int type)
{
	u32 cma = zone->type_orders[MIGRATE_CMA] >> order;

	if (type == MIGRATE_MOVABLE && cma)
		return zone_cut(zone, order + (unsigned int)__builtin_ctz(cma),
				MIGRATE_CMA, order, type);
	if (claim(zone, order, type))
		return zone_take(zone, order, type);
	return steal(zone, order, type);
}

/* --- what can be read about them --- */

/* Counts the page blocks in use of [pfn, end). */
static void count_blocks(unsigned long pfn, unsigned long end, struct zone_types *types)
{
	for (; pfn < end; pfn += pageblock_nr_pages) {
		const struct page *page = pfn_to_page(pfn);

		if (!pfn_valid(pfn))
			continue;
		if (PageBuddy(page) && page_order(page) == pageblock_order &&
		    page_block(page)->type == WHOLE)
			types->whole++;
		else
			types->blocks[page_block(page)->type]++;
	}
}

void zone_types(enum zone_type type, struct zone_types *types)
{
	struct zone *zone = &zones[type];
	unsigned long pfn = zone->start_pfn, flags;

	*types = (struct zone_types){ 0 };
	spin_lock_irqsave(&zone->lock, flags);
	for (unsigned int list = 0; list < MIGRATE_TYPES; list++)
		for (unsigned int order = 0; order < NR_PAGE_ORDERS; order++)
			types->nr_free[list][order] =
				list_count_nodes(&zone->area[order].list[list]);
	types->nr_free[WHOLE][MAX_ORDER] += zone->fresh_blocks;
	types->whole = zone->fresh_blocks;
	pfn = ALIGN_DOWN(pfn, pageblock_nr_pages);
	for (unsigned int i = 0; i < zone->nr_fresh; i++) {
		const struct fresh_run *run = &zone->fresh[i];

		if (run->start == run->end)
			continue;
		count_blocks(pfn, run->start, types);
		pfn = run->end;
	}
	count_blocks(pfn, zone->end_pfn, types);
	spin_unlock_irqrestore(&zone->lock, flags);
}
