/* SPDX-License-Identifier: MIT */
/* Between the files of the page allocator. */
#ifndef MM_PAGE_ALLOC_H
#define MM_PAGE_ALLOC_H

#include <linux/mm.h>
#include "mm/trace.h"

/*
 * What keeps a request off the fast path, one bit each; 0 in normal running.  Read at each
 * call, written rarely.
 */
#define HOOK_BOOT	1U /* there are no lists yet */
#define HOOK_POISON	2U /* page_poison */
#define HOOK_OWNER	4U /* page_owner */
#define HOOK_FAIL	8U /* fail_page_alloc */
#define HOOK_INIT_ALLOC 0x10U /* init_on_alloc */
#define HOOK_INIT_FREE	0x20U /* init_on_free */
#define HOOK_UNWRITTEN	0x40U /* kmsan */
#define HOOK_PROFILE	0x80U /* alloc_profile */
#define HOOK_WAIT	0x100U /* somebody sleeps until memory comes free */
extern unsigned int page_alloc_hooks;
/* Sets or clears one of these.  Any context. */
void page_alloc_hook(unsigned int hook, bool on);

/* A block handed out, one reference. */
#define STATE_LIVE(order) ((1ULL << 32) | PAGE_FLAG(live) | ((u64)(order) << PG_order))

/* A request on its way. */
struct alloc_request {
	gfp_t gfp;
	unsigned int order;
	enum zone_type zone; /* the best one */
	unsigned int alloc_flags; /* ALLOC_* */
	unsigned long caller; /* return address of the public function */
};

/* alloc_pages() and __free_pages() on behalf of `caller`. */
struct page *alloc_pages_from(gfp_t gfp, unsigned int order, unsigned long caller);
void free_pages_from(struct page *page, unsigned int order, unsigned long caller);
/* A single page with one reference becomes free, and joins its buddies at once. */
void free_to_zone(struct page *page);

/* The best zone that has memory, by gfp & FIRST_ZONE_MASK; MAX_NR_ZONES where the flags
 * contradict each other, so that the fast path leaves them alone.  Written at boot. */
#define FIRST_ZONE_MASK (GFP_ZONEMASK | __GFP_RECLAIMABLE)
extern u8 first_zone[FIRST_ZONE_MASK + 1];
void set_first_zones(void);

/* --- events, where trace_plain() says so --- */

static __always_inline void trace_page_allocated(const struct page *page,
						 unsigned int order, gfp_t gfp,
						 unsigned long caller)
{
	u64 place;
	struct trace_record *record = trace_begin(&place);

	record->site = caller;
	record->arg[0] = (unsigned long)page;
	record->low[1].value = order;
	record->low[2].value = gfp;
	trace_end(record, place, TRACE_MM_PAGE_ALLOC);
}

/* Before the block is free: then it may be allocated on another CPU. */
static __always_inline void trace_page_freed(const struct page *page, unsigned int order,
					     unsigned long caller)
{
	u64 place;
	struct trace_record *record = trace_begin(&place);

	record->site = caller;
	record->arg[0] = (unsigned long)page;
	record->low[1].value = order;
	trace_end(record, place, TRACE_MM_PAGE_FREE);
}

/* --- page_alloc_slow.c --- */

/* What the fast path could not serve. */
struct page *alloc_slow(gfp_t gfp, unsigned int order, unsigned long caller);
/* A block of the zones from the best one down, none below its mark. */
struct page *take_pages(const struct alloc_request *req, unsigned int mark);

/* --- page_alloc_retry.c --- */

/* Above this order contiguous memory is not promised: no long retrying. */
#define COSTLY_ORDER 3
/* All zones are below their low watermark: what can still be done.  May change the flags of
 * the request. */
struct page *take_below_low(struct alloc_request *req);
/* A block went back to its zone while HOOK_WAIT was set.  Any context. */
void memory_came_free(void);
void retry_reset(void);
/* Times that a request slept until memory came free, and that it did. */
unsigned long memory_waits(unsigned long *woken);

/* --- page_alloc_report.c --- */

/* The caller asked for what makes no sense: counted, and printed unless __GFP_NOWARN. */
void report_bad_request(const struct alloc_request *req, const char *why);
/* A request failed: Linux's kind of report. */
void report_alloc_failure(const struct alloc_request *req);
/* A call was refused: what is wrong with the page, and who called. */
void report_bad_page(const struct page *page, const char *why, unsigned long caller);
void report_reset(void);
/* zone_report.c: the state of all zones, as at the end of a failure's report. */
void show_mem(void);

#endif
