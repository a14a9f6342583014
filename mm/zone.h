/* SPDX-License-Identifier: MIT */
/*
 * A zone and its buddy.
 *
 * Memory that is free stands in one of two places.  Blocks that have been used before, and
 * the odd ends of memory ranges, are on the free list of their order.  Whole MAX_ORDER
 * blocks that nobody has used yet are "fresh": they are not on a list but counted as runs
 * of frames, so that starting a zone costs O(memory ranges) and their struct pages are not
 * even looked at.  A fresh block is a free block of MAX_ORDER in every statistic; the list
 * of MAX_ORDER is emptied first.
 *
 * Two buddies of one order, both free, never exist: freeing joins them.
 *
 * A free block stands on the list of its page block's type (pageblock.h), always: a page
 * block changes its type with all that is free in it.  Page blocks free as a whole have no
 * type and serve anyone: they are on the MAX_ORDER list of WHOLE, or fresh.
 */
#ifndef MM_ZONE_H
#define MM_ZONE_H

#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include "mm/pageblock.h"

/* Memory ranges whose whole blocks can stay fresh; beyond that they go to the list. */
#define FRESH_RUNS 32

struct free_area {
	struct list_head list[MIGRATE_TYPES]; /* page.lru of each head, PG_buddy */
	unsigned long nr; /* their length */
};

/* Where free page blocks without a type are listed. */
#define WHOLE MIGRATE_UNMOVABLE

/* Frames [start, end), both multiples of MAX_ORDER_NR_PAGES. */
struct fresh_run {
	unsigned long start, end;
	bool zeroed; /* they read as zero */
};

/* What is remembered of compaction (compaction.c); hints, all of them. */
struct zone_compact {
	unsigned long migrate_pfn, free_pfn; /* where the scanners are; 0, 0: nowhere */
	unsigned int order_failed; /* requests from this order on are deferred */
	unsigned int defer_shift; /* (l) one of 1 << defer_shift is let through */
	unsigned int considered; /* since the last one */
};

/*
 * (l) under lock, interrupts off.  (b) written at boot only, by one CPU.
 */
struct zone {
	spinlock_t lock;
	u32 type_orders[MIGRATE_TYPES]; /* (l) bit n: a block of order n is there; fresh
					 * ones count as WHOLE */
	unsigned long free; /* (l) pages in lists and fresh runs, but for isolated ones */
	unsigned long free_cma; /* (l) of these, in page blocks of MIGRATE_CMA */
	unsigned long isolated; /* (l) pages in lists of MIGRATE_ISOLATE */
	struct free_area area[NR_PAGE_ORDERS]; /* (l) */

	unsigned long fresh_blocks; /* (l) in all runs */
	unsigned int fresh_at; /* (l) the run to take from; those before are empty */
	unsigned int nr_fresh; /* (b) runs in use */
	struct fresh_run fresh[FRESH_RUNS]; /* (l) ascending */

	unsigned long splits, merges, takes, puts; /* (l) since boot */
	unsigned long steals, claims; /* (l) since boot */

	struct zone_compact compact;

	unsigned long start_pfn, end_pfn; /* (b) of the RAM in it */
	unsigned long present; /* (b) */
	unsigned long managed; /* (l) grows by free_reserved_area() */
	unsigned long cma; /* (b) of these, in contiguous areas */
	unsigned long watermark[NR_WMARK]; /* (b) */
	unsigned long lowmem_reserve[MAX_NR_ZONES]; /* (b) */
} ____cacheline_aligned;

extern struct zone zones[MAX_NR_ZONES];

static inline struct zone *page_zone(const struct page *page)
{
	return &zones[page_zonenum(page)];
}

/* The first frame of high memory; ~0 without any.  Written at boot, before zones exist. */
extern unsigned long highmem_pfn;
/* Makes frames from pfn on ZONE_HIGHMEM: ~0, or a multiple of MAX_ORDER_NR_PAGES above the
 * DMA zone. */
void zones_set_highmem(unsigned long pfn);

/* Where a zone begins by its kind. */
static inline unsigned long zone_start(unsigned int type)
{
	static const unsigned long start[] = { 0, MAX_DMA_PFN, MAX_DMA32_PFN, ~0UL };

	return start[type];
}

/* The first frame beyond a zone. */
static inline unsigned long zone_limit(enum zone_type type)
{
	return type == ZONE_HIGHMEM ? ~0UL : min(zone_start(type + 1), highmem_pfn);
}

/* --- the buddy: page_alloc_buddy.c; the lock is held --- */

#define WHOLE_BIT (1U << MAX_ORDER)

/* Bit n: a block of order n is there for a request of this type without going to another
 * type's page blocks. */
static inline u32 zone_orders(const struct zone *zone, unsigned int type)
{
	u32 orders = zone->type_orders[type] | (zone->type_orders[WHOLE] & WHOLE_BIT);

	if (unlikely(!orders) && type == MIGRATE_MOVABLE)
		orders = zone->type_orders[MIGRATE_CMA];
	return orders;
}

/* A block for a request of this type off the zone, or NULL.  Of its head's state only
 * PG_zeroed is left. */
struct page *zone_take(struct zone *zone, unsigned int order, unsigned int type);
/* A block into the zone, joined with its free buddies.  Its head's state is overwritten. */
void zone_put(struct zone *zone, struct page *page, unsigned int order);
/* Up to *n single pages that follow each other, from one block that serves the type without
 * another's page blocks; *n says how many.  NULL when there is none.  The states of
 * the pages are rubbish. (page_alloc_run.c) */
struct page *zone_take_run(struct zone *zone, unsigned int type, unsigned long *n);
/* n single pages that follow each other, as the blocks they make up. */
void zone_put_run(struct zone *zone, struct page *page, unsigned long n);
/* Empties the zone: no memory, empty lists. */
void zone_clear(struct zone *zone);
/* Gives the zone the frames [start, end), all its own, never used.  zeroed: they read as
 * zero.  Boot only. */
void zone_add_fresh(struct zone *zone, unsigned long start, unsigned long end,
		    bool zeroed);
/* Gives the zone whole page blocks, never used, for MIGRATE_CMA.  Boot only. */
void zone_add_cma(struct zone *zone, unsigned long start, unsigned long end, bool zeroed);
/* Gives the zone frames that were in use. */
void zone_add_used(struct zone *zone, unsigned long start, unsigned long end);

/* --- between page_alloc_buddy.c, _run.c and _types.c; the lock is held --- */

/*
 * Is this page the head of a free block of this order?  A page that another CPU hands out or
 * takes back meanwhile may be read here, but never as a free block: PG_buddy changes under
 * our lock alone.
 */
static inline bool is_free_block(const struct page *page, unsigned int order)
{
	return (READ_ONCE(page->flags) & ~(PAGE_FLAG(zeroed) | PAGE_FLAG(reported))) ==
	       (PAGE_FLAG(buddy) | (order << PG_order));
}

/* The list that a free block of this order is on, when its page block is of this type. */
static inline unsigned int listed_as(unsigned int type, unsigned int order)
{
	return order == MAX_ORDER && type < MIGRATE_PCPTYPES ? WHOLE : type;
}

/* On and off the lists; counts nothing but the lists.  Off: as zone_take() leaves it. */
void zone_list(struct zone *zone, struct page *page, unsigned int order,
	       unsigned int list, u32 zeroed);
void zone_unlist(struct zone *zone, struct page *page, unsigned int order,
		 unsigned int list);
/* A page block whose frames are all free, none of them listed. */
void zone_list_whole(struct zone *zone, struct page *page, unsigned int type);
/* The first block of a list of order `from`, cut down to `order`, for a request of this
 * type; one is there. */
struct page *zone_cut(struct zone *zone, unsigned int from, unsigned int list,
		      unsigned int order, unsigned int type);
/* From another type's page blocks, or NULL; there is none of the type's own. */
struct page *zone_take_other(struct zone *zone, unsigned int order, unsigned int type);
/* n pages of a page block of this type became free (or, n < 0, were taken). */
static inline void zone_count(struct zone *zone, unsigned int type, long n)
{
	if (unlikely(type == MIGRATE_ISOLATE)) {
		zone->isolated += (unsigned long)n;
		return;
	}
	zone->free += (unsigned long)n;
	if (unlikely(type == MIGRATE_CMA))
		zone->free_cma += (unsigned long)n;
}
/* Are there pages in the page block at pfn, and not all of them fresh?  Any context; no
 * lock: out of date when it is given. */
bool zone_block_in_use(const struct zone *zone, unsigned long pfn);
/* The page block of `page` gets this type, and what is free in it goes to its lists. */
void zone_retype(struct zone *zone, struct page *page, unsigned int type);

/* The order of the largest block that begins at pfn and does not pass end. */
static inline unsigned int largest_order(unsigned long pfn, unsigned long end)
{
	unsigned int fits = min_t(unsigned int, ilog2(end - pfn), MAX_ORDER);
	unsigned int aligned = pfn ? (unsigned int)__builtin_ctzl(pfn) : MAX_ORDER;

	return min(fits, aligned);
}

/* --- policy: zone.c --- */

#define ALLOC_HIGH	    1 /* half of the minimum may be used */
#define ALLOC_HARDER	    2 /* a quarter more */
#define ALLOC_NO_WATERMARKS 4 /* all of it */
#define ALLOC_CMA	    8 /* pages of contiguous areas may be used */

/* Only what can move may be where it may have to go. */
static inline unsigned int gfp_alloc_cma(gfp_t gfp)
{
	return gfp_migratetype(gfp) == MIGRATE_MOVABLE ? ALLOC_CMA : 0;
}

/* May a request whose best zone is `highest` take a block here and leave `mark` pages?
 * No lock: the answer may be out of date when it is given. */
bool zone_watermark_ok(const struct zone *zone, unsigned int order, unsigned long mark,
		       enum zone_type highest, unsigned int alloc_flags);
/* Watermarks and reserves from the zones' sizes. */
void zones_set_watermarks(void);

#endif
