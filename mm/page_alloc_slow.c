/* SPDX-License-Identifier: MIT */
/*
 * The page allocator behind its fast path: is the request sound, which zone can serve it,
 * and what a block needs before it is the caller's.
 */
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include "mm/page_alloc.h"
#include "mm/page_debug.h"
#include "mm/pcp.h"
#include "mm/platform.h"
#include "mm/zone.h"

/* --- a block ---------------------------------------------------------------------------- */

static struct page *take_from_zone(enum zone_type type, const struct alloc_request *req)
{
	unsigned int migratetype = gfp_migratetype(req->gfp);
	struct zone *zone = &zones[type];
	unsigned long flags;
	struct page *page = NULL;

	/* From the reserve one block is taken, not a batch that anyone could then have. */
	if (pcp_keeps(req->order) && !(req->gfp & __GFP_COLD))
		page = pcp_take(pcp_class(type, migratetype), req->order,
				!req->alloc_flags);
	if (page)
		return page;
	spin_lock_irqsave(&zone->lock, flags);
	page = zone_take(zone, req->order, migratetype);
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

/* What this CPU holds of the best zone was taken off it before: no watermark stands in the
 * way.  Lower zones keep theirs for others. */
struct page *take_pages(const struct alloc_request *req, unsigned int mark)
{
	unsigned int best = first_zone[req->gfp & FIRST_ZONE_MASK];

	for (unsigned int z = best + 1; z-- > 0;) {
		const struct zone *zone = &zones[z];
		struct page *page = NULL;

		if (!zone->managed)
			continue;
		if (zone_watermark_ok(zone, req->order, zone->watermark[mark], req->zone,
				      req->alloc_flags | gfp_alloc_cma(req->gfp)))
			page = take_from_zone(z, req);
		else if (z == best && pcp_keeps(req->order))
			page = pcp_take(pcp_class(z, gfp_migratetype(req->gfp)),
					req->order, false);
		if (page)
			return page;
	}
	return NULL;
}

static void clear_pages(struct page *page, unsigned int order)
{
	if (!PageHighMem(page)) {
		memset(page_to_virt(page), 0, PAGE_SIZE << order);
		return;
	}
	for (unsigned long i = 0; i < 1UL << order; i++)
		clear_highpage(page + i);
}

/* A block just taken becomes the caller's. */
static void hand_out(struct page *page, const struct alloc_request *req)
{
	bool zeroed = page->flags & PAGE_FLAG(zeroed);

	page->state = STATE_LIVE(req->order);
	if (req->order && (req->gfp & __GFP_COMP))
		page->flags |= PAGE_FLAG(head);
	if (unlikely(page_alloc_hooks))
		page_debug_alloc(page, req->order, req->gfp, req->caller);
	if ((req->gfp & __GFP_ZERO) && !zeroed)
		clear_pages(page, req->order);
}

/* --- the request ------------------------------------------------------------------------ */

/* Why no state of memory could satisfy it; NULL when one could. */
static const char *why_impossible(const struct alloc_request *req)
{
	if (req->order > MAX_ORDER)
		return "above MAX_ORDER";
	if (req->zone == MAX_NR_ZONES)
		return "zones that exclude each other";
	if (first_zone[req->gfp & FIRST_ZONE_MASK] == MAX_NR_ZONES)
		return "__GFP_MOVABLE and __GFP_RECLAIMABLE exclude each other";
	return NULL;
}

/* Combinations that promise what cannot be kept.  They are reported and served, as far as
 * they can be. */
static void check_promises(struct alloc_request *req)
{
	const gfp_t torn = __GFP_ATOMIC | __GFP_DIRECT_RECLAIM;

	if (unlikely((req->gfp & torn) == torn)) {
		report_bad_request(req, "__GFP_ATOMIC, but it may sleep");
		req->gfp &= ~__GFP_ATOMIC;
	}
	if (likely(!(req->gfp & __GFP_NOFAIL)))
		return;
	if (!(req->gfp & __GFP_DIRECT_RECLAIM))
		report_bad_request(req, "__GFP_NOFAIL, but it may not sleep");
	else if (req->order > 1)
		report_bad_request(req, "__GFP_NOFAIL for more than two pages");
}

/* False, after a report, for a request that is refused. */
static bool request_is_sound(struct alloc_request *req)
{
	const char *why;

	if (unlikely(page_alloc_hooks & HOOK_BOOT))
		return false;
	why = why_impossible(req);
	if (unlikely(why)) {
		report_bad_request(req, why);
		return false;
	}
	if (unlikely((req->gfp & __GFP_DIRECT_RECLAIM) && in_atomic())) {
		platform_context_violation("alloc_pages: a request that may sleep "
					   "(__GFP_DIRECT_RECLAIM) in atomic context");
		return false;
	}
	if (unlikely(req->gfp & (__GFP_ATOMIC | __GFP_NOFAIL)) &&
	    gfp_allowed_mask == __GFP_BITS_MASK)
		check_promises(req);
	return true;
}

noinline struct page *alloc_slow(gfp_t gfp, unsigned int order, unsigned long caller)
{
	struct alloc_request req = {
		.gfp = gfp & gfp_allowed_mask,
		.order = order,
		.zone = gfp_zone(gfp),
		.caller = caller,
	};
	struct page *page = NULL;

	if (!request_is_sound(&req))
		return NULL;
	if (likely(!page_alloc_hooks) || !page_debug_should_fail(req.gfp, order)) {
		page = take_pages(&req, WMARK_LOW);
		if (unlikely(!page))
			page = take_below_low(&req);
	}
	if (likely(page))
		hand_out(page, &req);
	else if (!(gfp & __GFP_NOWARN))
		report_alloc_failure(&req);
	return page;
}
