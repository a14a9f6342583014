/* SPDX-License-Identifier: MIT */
/*
 * What a struct page says about its frame (include/linux/page-flags.h).
 *
 * Memory is a row of blocks of 2^order pages.  Only the first page of a block (its head)
 * says what the block is; in every other page of it `flags` and `_refcount` are zero (but
 * for PG_slab and PG_large_kmalloc, which their owner takes back before freeing).  So a
 * zeroed struct page means "reserved, fresh, or inside a block", needs no initialisation,
 * and a block of any order changes hands with one store.
 *
 * Exactly one of PG_buddy, PG_pcp and PG_live is set in a head.
 */
#ifndef _LINUX_PAGE_FLAGS_H
#define _LINUX_PAGE_FLAGS_H

#include <linux/mm_types.h>
#include <linux/compiler.h>

enum pageflags {
	PG_buddy = 0, /* free, on the zone's free list of its order */
	PG_pcp = 1, /* free, in a per-CPU page list */
	PG_live = 2, /* handed out by the page allocator; _refcount >= 1 */
	PG_head = 3, /* with PG_live: allocated with __GFP_COMP, order >= 1 */
	PG_slab = 4, /* with PG_live: belongs to a slab cache, which sets and clears it */
	PG_zeroed = 5, /* with PG_buddy or PG_pcp: still zero, as delivered */
	PG_table = 6, /* with PG_live: a page table */
	PG_large_kmalloc = 7, /* with PG_live: kmalloc() took it whole from here */
	PG_order = 8, /* the lowest of four bits: the order of this block */
	PG_user = 12, /* with PG_live: a frame of processes, mapped or shared by them */
	PG_movable = 13, /* with PG_live: its owner can move it (<linux/migrate.h>) */
	PG_isolated = 14, /* with PG_live: on its way elsewhere, or about to be */
	PG_reported = 15, /* with PG_buddy: the monitor was told (page_reporting.h) */
};

#define PAGE_FLAG(name) (1U << PG_##name)
/* Set in every head, in no other page. */
#define PAGE_IS_HEAD	(PAGE_FLAG(buddy) | PAGE_FLAG(pcp) | PAGE_FLAG(live))
#define PAGE_ORDER_MASK (0xfU << PG_order)

/* The order of the block that this head stands for. */
static inline unsigned int page_order(const struct page *head)
{
	return (READ_ONCE(head->flags) & PAGE_ORDER_MASK) >> PG_order;
}

#define __PAGE_TEST(Name, bit)                                  \
	static inline bool Page##Name(const struct page *page)  \
	{                                                       \
		return READ_ONCE(page->flags) & PAGE_FLAG(bit); \
	}
#define __PAGE_SET_CLEAR(Name, bit)                             \
	static inline void __SetPage##Name(struct page *page)   \
	{                                                       \
		page->flags |= PAGE_FLAG(bit);                  \
	}                                                       \
	static inline void __ClearPage##Name(struct page *page) \
	{                                                       \
		page->flags &= ~PAGE_FLAG(bit);                 \
	}

__PAGE_TEST(Buddy, buddy)
__PAGE_TEST(Pcp, pcp)
__PAGE_TEST(Live, live)
__PAGE_TEST(Head, head)
__PAGE_TEST(Slab, slab)
__PAGE_SET_CLEAR(Slab, slab)
__PAGE_TEST(LargeKmalloc, large_kmalloc)
__PAGE_SET_CLEAR(LargeKmalloc, large_kmalloc)
__PAGE_TEST(User, user)
__PAGE_SET_CLEAR(User, user)
__PAGE_TEST(Table, table)
__PAGE_SET_CLEAR(Table, table)
/* These two change under nobody's lock: by atomic operations, in mm/migrate.c. */
__PAGE_TEST(Movable, movable)
__PAGE_TEST(Isolated, isolated)

#endif
