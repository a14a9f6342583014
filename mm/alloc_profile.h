/* SPDX-License-Identifier: MIT */
/* The books of the allocation profile, for those who allocate. */
#ifndef MM_ALLOC_PROFILE_H
#define MM_ALLOC_PROFILE_H

#include <linux/alloc_profile.h>
#include <linux/atomic.h>

struct page;

#define ALLOC_SITES 1024U /* a power of two */

struct alloc_site {
	unsigned long ip; /* 0: free, but for slot 0 */
	atomic_long_t bytes, calls, total;
};
extern struct alloc_site alloc_sites[ALLOC_SITES]; /* the first: all the others */

struct alloc_profile {
	bool wanted; /* of the command line */
	bool on;
	u16 run; /* counts the times it was switched on */
};
extern struct alloc_profile alloc_profile;

/* A call site's place in the table; 0: none. */
typedef u32 alloc_site_t;

/* One allocation of so many bytes by the call at ip; and its end.  Any context. */
alloc_site_t alloc_site_charge(unsigned long ip, size_t bytes);
void alloc_site_release(alloc_site_t site, size_t bytes);
unsigned long alloc_site_ip(alloc_site_t site);

/* The same for a block of pages, whose head remembers the site in page->debug. */
void alloc_profile_page(struct page *page, unsigned int order, unsigned long ip);
void alloc_profile_page_freed(struct page *page, unsigned int order);
/* A block becomes single pages. */
void alloc_profile_page_split(struct page *page, unsigned int order);
/* Who holds the block with this head; 0: not known. */
unsigned long alloc_profile_page_site(const struct page *head);

void alloc_profile_init(void);
void alloc_profile_reset(void);
void kmsan_init(void);
void kmsan_reset(void);

/* Bits of page->debug, in a page that is free: 1 = poisoned.  In the head of a block in use:
 * bits 1 to 15 the site, 16 to 31 the run of the profile that charged it. */
#define DEBUG_POISONED 1U

#endif
