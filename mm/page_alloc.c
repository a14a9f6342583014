/* SPDX-License-Identifier: MIT */
/*
 * The page allocator: from a request to a block, and back.
 *
 * The fast path serves single pages from this CPU's list of the best zone (pcp.h).  All
 * else goes the long way: through the zones from the best one down, as far as each one's
 * watermark allows; then deeper into the reserve, by urgency; then, for a request that may
 * sleep, with reclaim.
 *
 * Freeing believes nothing: the state in struct page (<linux/page-flags.h>) says whether
 * a block of that order was handed out there and by how many it is held; any other call is
 * reported and refused.
 */
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include "mm/page_alloc.h"
#include "mm/page_debug.h"
#include "mm/pcp.h"
#include "mm/platform.h"
#include "mm/reset.h"
#include "mm/zone.h"

/* Above this order contiguous memory is not promised: no long retrying. */
#define COSTLY_ORDER	    3
#define MAX_RECLAIM_RETRIES 16

gfp_t gfp_allowed_mask = GFP_BOOT_MASK;
unsigned int page_alloc_hooks = HOOK_BOOT;

static const struct reclaim_ops *reclaim;
u8 first_zone[GFP_ZONEMASK + 1];

void page_alloc_reset(void)
{
	gfp_allowed_mask = GFP_BOOT_MASK;
	page_alloc_hooks = HOOK_BOOT;
	reclaim = NULL;
	report_reset();
	pcp_reset();
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		zone_clear(&zones[i]);
}

void gfp_allow_sleep(void)
{
	gfp_allowed_mask = __GFP_BITS_MASK;
}

void set_reclaim_ops(const struct reclaim_ops *ops)
{
	reclaim = ops;
}

void set_first_zones(void)
{
	for (gfp_t bits = 0; bits <= GFP_ZONEMASK; bits++) {
		enum zone_type zone = gfp_zone(bits);

		while (zone < MAX_NR_ZONES && zone > 0 && !zones[zone].managed)
			zone--;
		first_zone[bits] = (u8)zone;
	}
}

/* --- allocating --- */

static struct page *take_from_zone(enum zone_type type, const struct alloc_request *req)
{
	struct zone *zone = &zones[type];
	unsigned long flags;
	struct page *page = NULL;

	/* From the reserve one block is taken, not a batch that anyone could then have. */
	if (req->order < PCP_ORDERS && !(req->gfp & __GFP_COLD))
		page = pcp_take(type, req->order, !req->alloc_flags);
	if (page)
		return page;
	spin_lock_irqsave(&zone->lock, flags);
	page = zone_take(zone, req->order);
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

/* The zones from the best one down, none below its mark. */
static struct page *take(const struct alloc_request *req, enum zone_watermarks mark)
{
	for (unsigned int z = req->zone + 1; z-- > 0;) {
		const struct zone *zone = &zones[z];
		struct page *page = NULL;

		if (!zone->managed)
			continue;
		if (zone_watermark_ok(zone, req->order, zone->watermark[mark], req->zone,
				      req->alloc_flags))
			page = take_from_zone(z, req);
		else if (req->order < PCP_ORDERS)
			page = pcp_take(z, req->order, false);
		if (page)
			return page;
	}
	return NULL;
}

static unsigned int reserve_flags(gfp_t gfp)
{
	unsigned int flags = 0;

	if (gfp & __GFP_HIGH)
		flags |= ALLOC_HIGH;
	if (gfp & __GFP_ATOMIC)
		flags |= ALLOC_HARDER;
	if ((gfp & __GFP_MEMALLOC) && !(gfp & __GFP_NOMEMALLOC))
		flags |= ALLOC_NO_WATERMARKS;
	return flags;
}

/* Is one more round of reclaim worth it, after `rounds` of them? */
static bool should_retry(const struct alloc_request *req, unsigned int rounds,
			 unsigned long progress)
{
	if (req->gfp & __GFP_NOFAIL)
		return true;
	if ((req->gfp & __GFP_NORETRY) || !progress || rounds >= MAX_RECLAIM_RETRIES)
		return false;
	return req->order <= COSTLY_ORDER || (req->gfp & __GFP_RETRY_MAYFAIL);
}

/* The caller may sleep: collects what other CPUs hold, reclaims, tries again. */
static struct page *take_with_reclaim(struct alloc_request *req)
{
	unsigned int rounds = 0, idle = 0;
	unsigned long progress;
	struct page *page;

	do {
		drain_all_pages();
		page = take(req, WMARK_MIN);
		if (page)
			return page;
		progress = reclaim ? reclaim->direct(req->gfp, req->order) : 0;
		if (progress) {
			idle = 0;
			page = take(req, WMARK_MIN);
			if (page)
				return page;
		} else if (req->gfp & __GFP_NOFAIL) {
			req->alloc_flags |= ALLOC_HARDER;
			if (++idle > MAX_RECLAIM_RETRIES)
				panic("out of memory: __GFP_NOFAIL, order %u, nothing "
				      "to reclaim",
				      req->order);
		}
	} while (should_retry(req, ++rounds, progress));
	return NULL;
}

static struct page *take_below_low(struct alloc_request *req)
{
	struct page *page;

	if ((req->gfp & __GFP_KSWAPD_RECLAIM) && reclaim && reclaim->wake)
		reclaim->wake(req->zone);
	req->alloc_flags = reserve_flags(req->gfp);
	page = take(req, WMARK_MIN);
	if (!page && (req->gfp & __GFP_DIRECT_RECLAIM))
		page = take_with_reclaim(req);
	return page;
}

static void clear_pages(struct page *page, unsigned int order)
{
	memset(page_address(page), 0, PAGE_SIZE << order);
}

/* A block just taken becomes the caller's. */
static void hand_out(struct page *page, const struct alloc_request *req)
{
	bool zeroed = page->flags & PAGE_FLAG(zeroed);

	page->state = STATE_LIVE(req->order);
	if (req->order && (req->gfp & __GFP_COMP))
		page->flags |= PAGE_FLAG(head);
	if (unlikely(page_alloc_hooks))
		page_debug_alloc(page, req->order, req->gfp);
	if ((req->gfp & __GFP_ZERO) && !zeroed)
		clear_pages(page, req->order);
}

/* False, after a report, for a request that no state of memory could satisfy. */
static bool request_is_sound(const struct alloc_request *req)
{
	char names[GFP_NAMES_MAX];

	if (unlikely(req->order > MAX_ORDER || req->zone == MAX_NR_ZONES)) {
		if (!(req->gfp & __GFP_NOWARN)) {
			pr_warn("alloc_pages: order %u, %s: %s, from %pS\n", req->order,
				gfp_names(req->gfp, names, sizeof(names)),
				req->order > MAX_ORDER ? "above MAX_ORDER"
						       : "zones that exclude each other",
				(void *)req->caller);
			dump_stack();
		}
		return false;
	}
	if (unlikely((req->gfp & __GFP_DIRECT_RECLAIM) && in_atomic())) {
		platform_context_violation("alloc_pages: a request that may sleep "
					   "(__GFP_DIRECT_RECLAIM) in atomic context");
		return false;
	}
	return !(page_alloc_hooks & HOOK_BOOT);
}

static noinline struct page *alloc_slow(gfp_t gfp, unsigned int order,
					unsigned long caller)
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
		page = take(&req, WMARK_LOW);
		if (unlikely(!page))
			page = take_below_low(&req);
	}
	if (likely(page))
		hand_out(page, &req);
	else if (!(gfp & __GFP_NOWARN))
		report_alloc_failure(&req);
	return page;
}

/* The block on top of this CPU's stack of the best zone, for the usual request; NULL when
 * it is another one, or there is none. */
static __always_inline struct page *alloc_fast(gfp_t gfp, unsigned int order)
{
	gfp_t unusual = gfp & (__GFP_ZERO | __GFP_COLD | __GFP_COMP);
	unsigned int zone = first_zone[gfp & GFP_ZONEMASK];
	struct page *page = NULL;
	unsigned long flags;

	/* Two tests in one: both bounds are the same power of two. */
	_Static_assert(PCP_ORDERS == 4 && MAX_NR_ZONES == 4, "order | zone < 4");
	if (unlikely((order | zone) >= 4) || unlikely(unusual | page_alloc_hooks))
		return NULL;
	flags = arch_leaf_irq_save();
	if (likely(!(gfp & __GFP_DIRECT_RECLAIM) || !arch_in_atomic_flags(flags))) {
		page = pcp_pop(this_pcp(zone), order);
		if (likely(page))
			page->state = STATE_LIVE(order);
	}
	arch_leaf_irq_restore(flags);
	return page;
}

__irq_leaf struct page *alloc_pages_from(gfp_t gfp, unsigned int order,
					 unsigned long caller)
{
	struct page *page = alloc_fast(gfp, order);

	return likely(page) ? page : alloc_slow(gfp, order, caller);
}

__irq_leaf struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_fast(gfp, order);

	return likely(page) ? page : alloc_slow(gfp, order, _RET_IP_);
}

/* --- freeing --- */

struct page *__compound_head(struct page *page)
{
	unsigned long pfn = page_to_pfn(page);

	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		struct page *head = pfn_to_page(ALIGN_DOWN(pfn, 1UL << order));

		if (PageLive(head) && page_order(head) >= order)
			return head;
	}
	return page;
}

/* The free block, on a list or fresh, that page lies in; or NULL. */
static const struct page *free_head(const struct page *page)
{
	unsigned long pfn = page_to_pfn(page);

	for (unsigned int order = 0; order <= MAX_ORDER; order++) {
		const struct page *head = pfn_to_page(ALIGN_DOWN(pfn, 1UL << order));

		if ((PageBuddy(head) || PagePcp(head)) && page_order(head) >= order)
			return head;
	}
	return NULL;
}

/* Why the page cannot be freed as a block of this order; NULL when it can. */
static const char *why_not_free(struct page *page, unsigned int order)
{
	u32 flags = READ_ONCE(page->flags);

	if (flags & (PAGE_FLAG(buddy) | PAGE_FLAG(pcp)))
		return "freed while free (double free)";
	if (!(flags & PAGE_FLAG(live))) {
		if (compound_head(page) != page)
			return "freed from the middle of a block";
		return free_head(page) ? "freed while inside a free block (double free)"
				       : "freed but never allocated (reserved or fresh)";
	}
	if (flags & PAGE_FLAG(slab))
		return "freed while it belongs to a slab";
	if (flags & (PAGE_FLAG(table) | PAGE_FLAG(large_kmalloc)))
		return "freed while marked as in use by its owner";
	if (page_order(page) != order)
		return "freed with another order than it was allocated with";
	if (atomic_read(&page->_refcount) <= 0)
		return "freed while nobody holds it";
	return NULL;
}

/* Drops one reference; true when it was the last.  A single holder needs no atomic
 * operation: nobody else may touch the count. */
static bool put_last_reference(struct page *page)
{
	return atomic_read(&page->_refcount) == 1 ||
	       atomic_dec_and_test(&page->_refcount);
}

static void release(struct page *page, unsigned int order)
{
	enum zone_type type = page_zonenum(page);
	struct zone *zone = &zones[type];
	unsigned long flags;

	if (unlikely(page_alloc_hooks))
		page_debug_free(page, order);
	if (order < PCP_ORDERS) {
		pcp_put(type, page, order);
		return;
	}
	spin_lock_irqsave(&zone->lock, flags);
	zone_put(zone, page, order);
	spin_unlock_irqrestore(&zone->lock, flags);
}

static noinline void free_slow(struct page *page, unsigned int order,
			       unsigned long caller)
{
	const char *why = why_not_free(page, order);

	if (unlikely(why))
		report_bad_page(page, why, caller);
	else if (put_last_reference(page))
		release(page, order);
}

/* Pushes a block that its only holder gives up; false when it is another case, or the
 * stack is full. */
static __always_inline bool free_fast(struct page *page, unsigned int order)
{
	unsigned long flags;
	bool done;

	if (unlikely(order >= PCP_ORDERS || page_alloc_hooks) ||
	    unlikely(READ_ONCE(page->state) != STATE_LIVE(order)))
		return false;
	flags = arch_leaf_irq_save();
	done = pcp_push(this_pcp(page_zonenum(page)), page, order);
	arch_leaf_irq_restore(flags);
	return done;
}

__irq_leaf void free_pages_from(struct page *page, unsigned int order,
				unsigned long caller)
{
	if (unlikely(!free_fast(page, order)))
		free_slow(page, order, caller);
}

__irq_leaf void __free_pages(struct page *page, unsigned int order)
{
	if (unlikely(!free_fast(page, order)))
		free_slow(page, order, _RET_IP_);
}

void put_page(struct page *page)
{
	struct page *head = compound_head(page);

	free_pages_from(head, page_order(head), _RET_IP_);
}
