/* SPDX-License-Identifier: MIT */
/*
 * Zones: ranges of physical memory that differ in who can use them (include/linux/mmzone.h),
 * and what can be asked about them.
 */
#ifndef _LINUX_MMZONE_H
#define _LINUX_MMZONE_H

#include <linux/types.h>
#include <linux/mm_types.h>
#include <linux/pfn.h>
#include <linux/gfp.h>

/* Blocks have orders 0 to MAX_ORDER, inclusive: 4 KiB to 4 MiB. */
#define MAX_ORDER	   10
#define NR_PAGE_ORDERS	   (MAX_ORDER + 1)
#define MAX_ORDER_NR_PAGES (1UL << MAX_ORDER)
#define MAX_ORDER_SIZE	   (PAGE_SIZE << MAX_ORDER)

enum zone_type {
	ZONE_DMA, /* below 16 MiB */
	ZONE_DMA32, /* from there to 4 GiB */
	ZONE_NORMAL, /* above 4 GiB */
	ZONE_HIGHMEM, /* the top of RAM, without a direct map; empty unless asked for */
	MAX_NR_ZONES
};

#define MAX_DMA_PFN   PHYS_PFN(16UL << 20)
#define MAX_DMA32_PFN PHYS_PFN(4UL << 30)

/*
 * What can be said of the pages of a page block, so that pages of one kind lie together and
 * those that cannot move do not spoil every large block.  The first three are asked for by
 * flags; their values are those flags shifted.
 */
enum migratetype {
	MIGRATE_UNMOVABLE, /* nobody can say when it is freed */
	MIGRATE_MOVABLE, /* __GFP_MOVABLE: the contents can be had elsewhere */
	MIGRATE_RECLAIMABLE, /* __GFP_RECLAIMABLE: a shrinker can free it */
	MIGRATE_PCPTYPES, /* the types that requests have */
	MIGRATE_CMA =
		MIGRATE_PCPTYPES, /* a contiguous area: lent to movable pages only */
	MIGRATE_ISOLATE, /* being emptied: nothing is handed out */
	MIGRATE_TYPES
};

static inline enum migratetype gfp_migratetype(gfp_t gfp)
{
	return (enum migratetype)((gfp & (__GFP_MOVABLE | __GFP_RECLAIMABLE)) >> 3);
}

const char *migratetype_name(enum migratetype type);

/*
 * Page blocks are as large as the largest block of the allocator: what mobility protects is
 * just what it promises.  A page block that is free as a whole has no type (it reads as
 * MIGRATE_UNMOVABLE); its first use gives it one.
 */
#define pageblock_order	   MAX_ORDER
#define pageblock_nr_pages (1UL << pageblock_order)

/* The type of the page block that page lies in. */
enum migratetype get_pageblock_migratetype(const struct page *page);

enum zone_watermarks { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };

/* The first page of each zone but the first; a zone that is empty begins where the next one
 * does.  Written at boot only. */
extern const struct page *zone_first[MAX_NR_ZONES];

/* The best zone for these flags; MAX_NR_ZONES where the zone flags contradict. */
enum zone_type gfp_zone(gfp_t gfp);
const char *zone_name(enum zone_type type);

/* One zone at one moment: what /proc/buddyinfo and /proc/zoneinfo tell.  In pages, except
 * nr_free (blocks of each order) and the counts of operations. */
struct zone_info {
	const char *name;
	unsigned long start_pfn;
	unsigned long spanned; /* from the first frame to the last, holes included */
	unsigned long present; /* RAM in it */
	unsigned long managed; /* of that, given to the page allocator */
	unsigned long free; /* in the buddy, fresh memory included */
	unsigned long fresh; /* of that, never handed out yet */
	unsigned long pcp; /* free in per-CPU lists, not counted in free */
	unsigned long watermark[NR_WMARK];
	unsigned long lowmem_reserve[MAX_NR_ZONES]; /* kept from requests for each zone */
	unsigned long nr_free[NR_PAGE_ORDERS];
	unsigned long splits, merges; /* block halved, two buddies joined */
	unsigned long takes, puts; /* blocks out of and into the buddy */
	unsigned long cma; /* of managed, in contiguous areas */
	unsigned long free_cma; /* of free, in these */
	unsigned long isolated; /* free, but in isolated page blocks; not in free */
	unsigned long steals; /* taken from a page block of another type */
	unsigned long claims; /* page blocks that changed their type for that */
};

/* All zeros (but the name) for a zone without memory. */
void zone_info(enum zone_type type, struct zone_info *info);

/* A zone's free blocks by type, and its page blocks: /proc/pagetypeinfo. */
struct zone_types {
	unsigned long nr_free[MIGRATE_TYPES][NR_PAGE_ORDERS];
	unsigned long blocks[MIGRATE_TYPES]; /* page blocks of this type */
	unsigned long whole; /* free page blocks without a type */
};

void zone_types(enum zone_type type, struct zone_types *types);

/* The per-CPU lists over all CPUs and zones: counts since boot. */
struct pcp_info {
	unsigned long allocs, frees; /* blocks out of and into the lists */
	unsigned long refills, drains; /* visits to the buddy */
	unsigned long pages; /* held now */
};

void pcp_info(struct pcp_info *info);

/* Prints free blocks by order for each zone, as /proc/buddyinfo does. */
void show_buddyinfo(void);

/* The text of /proc/buddyinfo, of /proc/zoneinfo and of /proc/pagetypeinfo, in Linux 6.1's
 * formats, of the zones that have memory: at most size - 1 characters, always ended.  Returns
 * the length. */
size_t buddyinfo_read(char *buf, size_t size);
size_t zoneinfo_read(char *buf, size_t size);
size_t pagetypeinfo_read(char *buf, size_t size);

/* Pages (or calls) found bad since boot: double frees, flags that make no sense and the
 * like; and requests that failed, without those that had said __GFP_NOWARN. */
unsigned long page_alloc_bad_count(void);
unsigned long page_alloc_failures(void);

/*
 * Walks the whole state of the page allocator: every zone, free list, count, fresh run,
 * per-CPU list, and the struct page of every block.  0, or -EINVAL with the first
 * violation described in buf (size bytes, always ended).  No other CPU may be allocating
 * or freeing meanwhile.
 */
int page_alloc_verify(char *buf, size_t size);

#endif
