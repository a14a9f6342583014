/* SPDX-License-Identifier: MIT */
/*
 * Single pages by the array.  A few come from this CPU's stack; the rest is cut from the
 * zone's blocks in one visit.  Freeing looks for runs of neighbours, as cutting made
 * them, and gives each back as the blocks it consists of, joined already.
 */
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include "mm/page_alloc.h"
#include "mm/pcp.h"
#include "mm/trace.h"
#include "mm/zone.h"

/* So many pages come from the zone and go back to it at once; fewer, this CPU's stack. */
#define MANY 32

/* Nothing of what single requests must look at one by one; `watched`: nor that. */
static __always_inline bool is_plain(gfp_t gfp, unsigned int watched)
{
	return !((gfp & (__GFP_ZERO | __GFP_COLD | __GFP_NOFAIL)) | page_alloc_hooks |
		 watched) &&
	       first_zone[gfp & FIRST_ZONE_MASK] < MAX_NR_ZONES &&
	       (!(gfp & __GFP_DIRECT_RECLAIM) || !in_atomic());
}

static __always_inline unsigned long pop_many(struct pcp *pcp, unsigned long n,
					      struct page **array)
{
	struct page **top = pcp->stack[0].top, *page;
	unsigned long done = 0;

	while (done < n && (page = top[-1])) {
		top--;
		page->state = STATE_LIVE(0);
		array[done++] = page;
	}
	pcp->stack[0].top = top;
	pcp->allocs += done;
	return done;
}

/* Cuts up to n pages from the type's own blocks, the smallest first; the lock is held. */
static __always_inline unsigned long cut_many(struct zone *zone, unsigned int type,
					      unsigned long n, struct page **array)
{
	unsigned long done = 0;

	while (done < n) {
		unsigned long run = n - done;
		struct page *page = zone_take_run(zone, type, &run);

		if (!page)
			break;
		for (struct page *end = page + run; page < end; page++) {
			page->state = STATE_LIVE(0);
			array[done++] = page;
		}
	}
	return done;
}

/* From one zone, without touching its reserve. */
static __always_inline unsigned long fill_from(enum zone_type best, gfp_t gfp,
					       unsigned long n, struct page **array)
{
	struct zone *zone = &zones[best];
	unsigned long flags, done = 0, mark = zone->watermark[WMARK_LOW] + n;
	unsigned int type = gfp_migratetype(gfp);

	local_irq_save(flags);
	if (n < MANY)
		done = pop_many(this_pcp(pcp_class(best, type)), n, array);
	if (done < n && zone_watermark_ok(zone, 0, mark, best, gfp_alloc_cma(gfp))) {
		__spin_lock(&zone->lock);
		done += cut_many(zone, type, n - done, array + done);
		__spin_unlock(&zone->lock);
	}
	local_irq_restore(flags);
	return done;
}

/* The same with an event for each page; 0 when that is not all there is to look at. */
static noinline unsigned long fill_traced(gfp_t gfp, unsigned long nr,
					  struct page **array, unsigned long caller)
{
	unsigned long n;

	if (!trace_plain(TRACE_MM_PAGE_ALLOC) || !is_plain(gfp, 0))
		return 0;
	n = fill_from(first_zone[gfp & FIRST_ZONE_MASK], gfp, nr, array);
	for (unsigned long i = 0; i < n; i++)
		trace_page_allocated(array[i], 0, gfp, caller);
	return n;
}

unsigned long alloc_pages_bulk_fill(gfp_t gfp, unsigned long nr, struct page **array)
{
	enum zone_type zone = first_zone[gfp & FIRST_ZONE_MASK];
	unsigned long done;

	if (likely(is_plain(gfp, trace_area.enable[TRACE_MM_PAGE_ALLOC])))
		done = fill_from(zone, gfp, nr, array);
	else
		done = fill_traced(gfp, nr, array, _RET_IP_);
	for (; done < nr; done++) {
		array[done] = alloc_pages_from(gfp, 0, _RET_IP_);
		if (unlikely(!array[done]))
			break;
	}
	return done;
}

unsigned long alloc_pages_bulk_array(gfp_t gfp, unsigned long nr, struct page **array)
{
	unsigned long at = 0;

	while (at < nr) {
		unsigned long gap = at, got;

		while (gap < nr && !array[gap])
			gap++;
		got = alloc_pages_bulk_fill(gfp, gap - at, array + at);
		if (at + got < gap)
			return at + got;
		for (at = gap; at < nr && array[at]; at++)
			;
	}
	return nr;
}

/* How many pages from array[0] on are neighbours, of one zone, in use singly. */
static __always_inline unsigned long run_length(struct page *const *array,
						unsigned long n)
{
	struct page *first = array[0];
	unsigned long len = 0;

	while (len < n && array[len] == first + len &&
	       READ_ONCE(first[len].state) == STATE_LIVE(0))
		len++;
	/* Zones begin at multiples of MAX_ORDER_NR_PAGES: a run may not cross one. */
	return min(len, MAX_ORDER_NR_PAGES - page_to_pfn(first) % MAX_ORDER_NR_PAGES);
}

/* Pushes pages on this CPU's stacks; stops at one in another state, and at a full stack. */
static __always_inline unsigned long push_many(struct page *const *array, unsigned long n,
					       bool traced)
{
	unsigned long flags, done;
	struct pcp *pcp;

	local_irq_save(flags);
	pcp = this_pcp(0);
	for (done = 0; done < n; done++) {
		struct page *page = array[done];
		struct pcp *to;

		if (unlikely(READ_ONCE(page->state) != STATE_LIVE(0)))
			break;
		to = pcp + page_block(page)->class;
		if (traced && pcp_has_room(to, 0))
			trace_page_freed(page, 0, _RET_IP_);
		if (unlikely(!pcp_push(to, page, 0)))
			break;
	}
	local_irq_restore(flags);
	return done;
}

static __always_inline void put_run(struct page *page, unsigned long n)
{
	struct zone *zone = page_zone(page);
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	zone_put_run(zone, page, n);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* The same with an event for each page. */
static noinline unsigned long free_traced(struct page *const *array, unsigned long n,
					  bool many)
{
	unsigned long run;

	if (page_alloc_hooks || !trace_plain(TRACE_MM_PAGE_FREE))
		return 0;
	if (!many)
		return push_many(array, n, true);
	run = run_length(array, n);
	for (unsigned long i = 0; i < run; i++)
		trace_page_freed(array[i], 0, _RET_IP_);
	if (run)
		put_run(array[0], run);
	return run;
}

/* Frees some of the n pages; 0 when the first one needs the long way. */
static unsigned long free_some(struct page *const *array, unsigned long n, bool many)
{
	unsigned long run;

	if (unlikely(page_alloc_hooks | trace_area.enable[TRACE_MM_PAGE_FREE]))
		return free_traced(array, n, many);
	if (!many)
		return push_many(array, n, false);
	run = run_length(array, n);
	if (run)
		put_run(array[0], run);
	return run;
}

void free_pages_bulk_array(unsigned long n, struct page **array)
{
	unsigned long done = 0;

	while (done < n) {
		unsigned long freed = free_some(array + done, n - done, n >= MANY);

		if (!freed)
			__free_page(array[done]);
		done += freed ? freed : 1;
	}
}
