/* SPDX-License-Identifier: MIT */
/* What the page allocator calls while page_alloc_hooks says so. */
#ifndef MM_PAGE_DEBUG_H
#define MM_PAGE_DEBUG_H

#include <linux/gfp.h>
#include <linux/page_debug.h>
#include <linux/stackdepot.h>
#include <linux/types.h>

/* The value of an option: on, 1, off, 0.  0, or -EINVAL for any other. */
int parse_on_off(const char *arg, bool *on);
/* Takes memory for what was switched on, from memblock. */
void page_debug_init(void);
/* Shall this allocation fail on purpose? */
bool page_debug_should_fail(gfp_t gfp, unsigned int order);
/* A block leaves the allocator, before it is cleared, for `caller`; and comes back. */
void page_debug_alloc(struct page *page, unsigned int order, gfp_t gfp,
		      unsigned long caller);
void page_debug_free(struct page *page, unsigned int order);
/* A block in use becomes single pages. */
void page_debug_split(struct page *page, unsigned int order);

/* A record of page_owner. */
struct owner {
	depot_stack_handle_t alloc_stack, free_stack;
	gfp_t gfp;
	u16 cpu;
	u8 order;
	u8 known; /* this record says something */
	u64 allocated, freed; /* when: arch_cycles(); 0: never */
};

_Static_assert(sizeof(struct owner) == 32, "a record of page_owner is 32 bytes");

extern struct owner *page_owners; /* by frame number, below max_pfn; NULL: off */

/* page_owner's part of these. */
void page_owner_init(void);
void page_owner_alloc(const struct page *page, unsigned int order, gfp_t gfp);
void page_owner_free(const struct page *page, unsigned int order);
void page_owner_split(const struct page *page, unsigned int order);
void page_owner_reset(void);

#endif
