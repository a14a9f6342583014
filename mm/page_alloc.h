/* SPDX-License-Identifier: MIT */
/* Between the files of the page allocator. */
#ifndef MM_PAGE_ALLOC_H
#define MM_PAGE_ALLOC_H

#include <linux/mm.h>

/*
 * What keeps a request off the fast path, one bit each; 0 in normal running.  Read at each
 * call, written rarely.
 */
#define HOOK_BOOT   1U /* there are no lists yet */
#define HOOK_POISON 2U /* page_poison */
#define HOOK_OWNER  4U /* page_owner */
#define HOOK_FAIL   8U /* fail_page_alloc */
extern unsigned int page_alloc_hooks;

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

/* The best zone that has memory, by gfp & GFP_ZONEMASK; MAX_NR_ZONES where the flags
 * contradict each other.  Written at boot. */
extern u8 first_zone[GFP_ZONEMASK + 1];
void set_first_zones(void);

/* --- page_alloc_report.c --- */

/* A request failed: Linux's kind of report. */
void report_alloc_failure(const struct alloc_request *req);
/* A call was refused: what is wrong with the page, and who called. */
void report_bad_page(const struct page *page, const char *why, unsigned long caller);
void report_reset(void);

#endif
