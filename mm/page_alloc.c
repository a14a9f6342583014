/* SPDX-License-Identifier: MIT */
/*
 * The page allocator: from a request to a block, and back.
 *
 * The fast path serves small blocks from this CPU's lists of the best zone (pcp.h).  All
 * else goes the long way: through the zones from the best one down, as far as each one's
 * watermark allows (page_alloc_slow.c); then deeper into the reserve, by urgency, and for a
 * request that may sleep, with reclaim and waiting (page_alloc_retry.c).
 *
 * Freeing believes nothing: the state in struct page (<linux/page-flags.h>) says whether
 * a block of that order was handed out there and by how many it is held; any other call is
 * reported and refused.
 */
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include "mm/page_alloc.h"
#include "mm/page_debug.h"
#include "mm/oom.h"
#include "mm/pcp.h"
#include "mm/platform.h"
#include "mm/reclaim.h"
#include "mm/reset.h"
#include "mm/trace.h"
#include "mm/zone.h"

gfp_t gfp_allowed_mask = GFP_BOOT_MASK;
unsigned int page_alloc_hooks = HOOK_BOOT;

u8 first_zone[FIRST_ZONE_MASK + 1];
/* The per-CPU lists to ask first; PCP_CLASS_NONE where first_zone refuses. */
static u8 first_class[FIRST_ZONE_MASK + 1];

void page_alloc_reset(void)
{
	gfp_allowed_mask = GFP_BOOT_MASK;
	page_alloc_hooks = HOOK_BOOT;
	report_reset();
	retry_reset();
	reclaim_reset();
	oom_reset();
	pcp_reset();
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		zone_clear(&zones[i]);
}

void gfp_allow_sleep(void)
{
	gfp_allowed_mask = __GFP_BITS_MASK;
}

void page_alloc_hook(unsigned int hook, bool on)
{
	if (on)
		__atomic_fetch_or(&page_alloc_hooks, hook, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&page_alloc_hooks, ~hook, __ATOMIC_SEQ_CST);
}

void set_first_zones(void)
{
	for (gfp_t bits = 0; bits <= FIRST_ZONE_MASK; bits++) {
		bool both = (bits & __GFP_MOVABLE) && (bits & __GFP_RECLAIMABLE);
		enum zone_type zone = both ? MAX_NR_ZONES : gfp_zone(bits);

		while (zone < MAX_NR_ZONES && zone > 0 && !zones[zone].managed)
			zone--;
		first_zone[bits] = (u8)zone;
		first_class[bits] = (u8)(zone < MAX_NR_ZONES
						 ? pcp_class(zone, gfp_migratetype(bits))
						 : PCP_CLASS_NONE);
	}
}

/* --- allocating --- */

/* The block on top of this CPU's stack of the best zone, for the usual request; NULL when
 * it is another one, or there is none. */
static __always_inline struct page *alloc_fast(gfp_t gfp, unsigned int order)
{
	gfp_t unusual = gfp & (__GFP_ZERO | __GFP_COLD | __GFP_COMP | __GFP_NOFAIL);
	unsigned int class = first_class[gfp & FIRST_ZONE_MASK];
	struct page *page = NULL;
	unsigned long flags;

	if (unlikely(order >= PCP_ORDERS) || unlikely(unusual | page_alloc_hooks) ||
	    ((gfp & __GFP_DIRECT_RECLAIM) && unlikely(arch_leaf_atomic())))
		return NULL;
	flags = arch_leaf_irq_save();
	if (likely(!arch_leaf_atomic_flags(flags)) || !(gfp & __GFP_DIRECT_RECLAIM)) {
		page = pcp_pop(this_pcp(class), order);
		if (likely(page))
			page->state = STATE_LIVE(order);
	}
	arch_leaf_irq_restore(flags);
	return page;
}

/* All that the fast path leaves; a page that it had found is to be told of.  Calls stand at
 * the end only: so an event costs no more than itself. */
static noinline struct page *alloc_long(gfp_t gfp, unsigned int order,
					unsigned long caller, struct page *page)
{
	if (!page)
		page = alloc_slow(gfp, order, caller);
	trace_rare(TRACE_MM_PAGE_ALLOC, caller, (unsigned long)page, order, gfp, 0, 0);
	return page;
}

static noinline struct page *alloc_rest(gfp_t gfp, unsigned int order,
					unsigned long caller, struct page *page)
{
	if (!page || !trace_plain(TRACE_MM_PAGE_ALLOC))
		return alloc_long(gfp, order, caller, page);
	trace_page_allocated(page, order, gfp, caller);
	return page;
}

/* False: the long way must be gone, with the page if there is one. */
static __always_inline bool alloc_is_done(struct page *page)
{
	return likely(page) && !trace_on(TRACE_MM_PAGE_ALLOC);
}

__irq_leaf struct page *alloc_pages_from(gfp_t gfp, unsigned int order,
					 unsigned long caller)
{
	struct page *page = alloc_fast(gfp, order);

	return alloc_is_done(page) ? page : alloc_rest(gfp, order, caller, page);
}

__irq_leaf struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_fast(gfp, order);

	return alloc_is_done(page) ? page : alloc_rest(gfp, order, _RET_IP_, page);
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
	/* The count first: an owner lets go of the page after it has cleared the flag. */
	if (atomic_read(&page->_refcount) == 1 && PageMovable(page))
		return "freed while its owner can move it";
	return NULL;
}

/*
 * Drops one reference; true when it was the last.  A single holder needs no atomic
 * operation: nobody else may touch the count.  Two CPUs that free one page at one instant
 * break that rule: with any debugging on, one of them is found.
 */
static bool put_last_reference(struct page *page, unsigned long caller)
{
	int left;

	if (likely(!page_alloc_hooks))
		return atomic_read(&page->_refcount) == 1 ||
		       atomic_dec_and_test(&page->_refcount);
	left = atomic_dec_if_positive(&page->_refcount);
	if (unlikely(left < 0))
		report_bad_page(page, "freed on two CPUs at once (double free)", caller);
	return left == 0;
}

static void trace_free(const struct page *page, unsigned int order, unsigned long caller)
{
	trace_rare(TRACE_MM_PAGE_FREE, caller, (unsigned long)page, order, 0, 0, 0);
}

static void put_in_zone(struct page *page, unsigned int order)
{
	struct zone *zone = page_zone(page);
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	zone_put(zone, page, order);
	spin_unlock_irqrestore(&zone->lock, flags);
	if (unlikely(page_alloc_hooks & HOOK_WAIT))
		memory_came_free();
}

void free_to_zone(struct page *page)
{
	trace_free(page, 0, 0);
	if (unlikely(page_alloc_hooks))
		page_debug_free(page, 0);
	put_in_zone(page, 0);
}

static void release(struct page *page, unsigned int order)
{
	if (unlikely(page_alloc_hooks))
		page_debug_free(page, order);
	/* Who waits for memory may run on another CPU. */
	if (pcp_keeps(order) && likely(!(page_alloc_hooks & HOOK_WAIT)))
		pcp_put(page, order);
	else
		put_in_zone(page, order);
}

static noinline void free_slow(struct page *page, unsigned int order,
			       unsigned long caller)
{
	const char *why = why_not_free(page, order);

	if (unlikely(why)) {
		report_bad_page(page, why, caller);
	} else if (put_last_reference(page, caller)) {
		trace_free(page, order, caller);
		release(page, order);
	}
}

/* A block that its only holder gives up, for this CPU's stack. */
static __always_inline bool free_is_fast(const struct page *page, unsigned int order)
{
	return likely(order < PCP_ORDERS && !page_alloc_hooks) &&
	       likely(READ_ONCE(page->state) == STATE_LIVE(order));
}

/* False when the stack is full. */
static __always_inline bool free_push(struct page *page, unsigned int order)
{
	unsigned long flags;
	bool done;

	flags = arch_leaf_irq_save();
	done = pcp_push(this_pcp(page_block(page)->class), page, order);
	arch_leaf_irq_restore(flags);
	return done;
}

/* All that the fast path leaves. */
static __irq_leaf noinline void free_rest(struct page *page, unsigned int order,
					  unsigned long caller)
{
	if (!trace_plain(TRACE_MM_PAGE_FREE) || !free_is_fast(page, order)) {
		free_slow(page, order, caller);
		return;
	}
	trace_page_freed(page, order, caller);
	if (unlikely(!free_push(page, order)))
		release(page, order);
}

__irq_leaf void free_pages_from(struct page *page, unsigned int order,
				unsigned long caller)
{
	if (trace_on(TRACE_MM_PAGE_FREE) || unlikely(!free_is_fast(page, order)) ||
	    unlikely(!free_push(page, order)))
		free_rest(page, order, caller);
}

__irq_leaf void __free_pages(struct page *page, unsigned int order)
{
	if (trace_on(TRACE_MM_PAGE_FREE) || unlikely(!free_is_fast(page, order)) ||
	    unlikely(!free_push(page, order)))
		free_rest(page, order, _RET_IP_);
}

void put_page(struct page *page)
{
	struct page *head = compound_head(page);

	free_pages_from(head, page_order(head), _RET_IP_);
}
