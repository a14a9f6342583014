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
 */
#ifndef MM_ZONE_H
#define MM_ZONE_H

#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/spinlock.h>

/* Memory ranges whose whole blocks can stay fresh; beyond that they go to the list. */
#define FRESH_RUNS 32

struct free_area {
	struct list_head list; /* struct page.lru of each head, PG_buddy, this order */
	unsigned long nr; /* its length */
};

/* Frames [start, end), both multiples of MAX_ORDER_NR_PAGES. */
struct fresh_run {
	unsigned long start, end;
	bool zeroed; /* they read as zero */
};

/*
 * (l) under lock, interrupts off.  (b) written at boot only, by one CPU.
 */
struct zone {
	spinlock_t lock;
	u32 orders; /* (l) bit n: a block of order n is there, fresh included */
	unsigned long free; /* (l) pages in lists and fresh runs */
	struct free_area area[NR_PAGE_ORDERS]; /* (l) */

	unsigned long fresh_blocks; /* (l) in all runs */
	unsigned int fresh_at; /* (l) the run to take from; those before are empty */
	unsigned int nr_fresh; /* (b) runs in use */
	struct fresh_run fresh[FRESH_RUNS]; /* (l) ascending */

	unsigned long splits, merges, takes, puts; /* (l) since boot */

	unsigned long start_pfn, end_pfn; /* (b) of the RAM in it */
	unsigned long present; /* (b) */
	unsigned long managed; /* (l) grows by free_reserved_area() */
	unsigned long watermark[NR_WMARK]; /* (b) */
	unsigned long lowmem_reserve[MAX_NR_ZONES]; /* (b) */
} ____cacheline_aligned;

extern struct zone zones[MAX_NR_ZONES];

static inline struct zone *page_zone(const struct page *page)
{
	return &zones[page_zonenum(page)];
}

/* The first frame beyond a zone. */
static inline unsigned long zone_limit(enum zone_type type)
{
	return type == ZONE_DMA ? MAX_DMA_PFN : type == ZONE_DMA32 ? MAX_DMA32_PFN : ~0UL;
}

/* --- the buddy: page_alloc_buddy.c; the lock is held --- */

/* A block off the zone, or NULL.  Of its head's state only PG_zeroed is left. */
struct page *zone_take(struct zone *zone, unsigned int order);
/* A block into the zone, joined with its free buddies.  Its head's state is overwritten. */
void zone_put(struct zone *zone, struct page *page, unsigned int order);
/* n single pages that follow each other, as the blocks they make up. */
void zone_put_run(struct zone *zone, struct page *page, unsigned long n);
/* Empties the zone: no memory, empty lists. */
void zone_clear(struct zone *zone);
/* Gives the zone the frames [start, end), all its own, never used.  zeroed: they read as
 * zero.  Boot only. */
void zone_add_fresh(struct zone *zone, unsigned long start, unsigned long end,
		    bool zeroed);
/* Gives the zone frames that were in use. */
void zone_add_used(struct zone *zone, unsigned long start, unsigned long end);

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

/* May a request whose best zone is `highest` take a block here and leave `mark` pages?
 * No lock: the answer may be out of date when it is given. */
bool zone_watermark_ok(const struct zone *zone, unsigned int order, unsigned long mark,
		       enum zone_type highest, unsigned int alloc_flags);
/* Watermarks and reserves from the zones' sizes. */
void zones_set_watermarks(void);

#endif
