/* SPDX-License-Identifier: MIT */
/*
 * Page blocks: what is known of each MAX_ORDER block of frames, a few bytes for each.
 *
 * An entry is written when the block is first used, from fresh memory or at the edge of a
 * memory range; all zero until then.  Who frees a page reads it without a lock, to find the
 * per-CPU lists for it.  That answer may be out of date: a page then stands with another
 * type for a while.  Only MIGRATE_ISOLATE must be seen, so whoever isolates a page block
 * drains the per-CPU lists afterwards.
 */
#ifndef MM_PAGEBLOCK_H
#define MM_PAGEBLOCK_H

#include <linux/kernel.h>
#include <linux/mm.h>

/* Types of per-CPU lists; pages of an isolated page block may be in none. */
#define PCP_TYPES      4
#define PCP_NO_LIST    3
#define PCP_CLASSES    (MAX_NR_ZONES * PCP_TYPES)
#define PCP_CLASS_NONE PCP_NO_LIST /* a class whose lists are empty for ever */

struct pageblock {
	u8 class; /* which per-CPU lists: pcp_class() */
	u8 type; /* (l) of its zone: enum migratetype; WHOLE while free as a whole */
};

/* (b) The table, by frame number >> pageblock_order; NULL before mm_init(). */
extern struct pageblock *pageblocks;

static __always_inline struct pageblock *page_block(const struct page *page)
{
	return &pageblocks[((unsigned long)page - VMEMMAP_START) /
			   (sizeof(struct page) << pageblock_order)];
}

/* The first page of the page block. */
static inline struct page *pageblock_first(const struct page *page)
{
	return pfn_to_page(ALIGN_DOWN(page_to_pfn(page), pageblock_nr_pages));
}

/* Behind the block that begins at page; behind page where none does.  Without the zone's
 * lock that may be a page in the middle of another block. */
static inline struct page *pageblock_next(struct page *page)
{
	u32 flags = READ_ONCE(page->flags);

	return page + (flags & PAGE_IS_HEAD
			       ? 1UL << ((flags & PAGE_ORDER_MASK) >> PG_order)
			       : 1UL);
}

/* The lists of a zone for a type (of PCP_TYPES). */
static inline unsigned int pcp_class(unsigned int zone, unsigned int pcp_type)
{
	return zone * PCP_TYPES + pcp_type;
}

/* Gives a page block its type, and its zone, which never changes. */
static inline void pageblock_set(struct pageblock *block, unsigned int zone,
				 unsigned int type)
{
	static const u8 pcp_type[MIGRATE_TYPES] = {
		[MIGRATE_UNMOVABLE] = MIGRATE_UNMOVABLE,
		[MIGRATE_MOVABLE] = MIGRATE_MOVABLE,
		[MIGRATE_RECLAIMABLE] = MIGRATE_RECLAIMABLE,
		[MIGRATE_CMA] = MIGRATE_MOVABLE,
		[MIGRATE_ISOLATE] = PCP_NO_LIST,
	};

	block->type = (u8)type;
	WRITE_ONCE(block->class, (u8)pcp_class(zone, pcp_type[type]));
}

/* Takes memory for the table from memblock.  0 or -ENOMEM. */
int pageblocks_init(void);

#endif
