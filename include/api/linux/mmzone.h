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
	ZONE_HIGHMEM, /* without a direct map; empty unless asked for at boot */
	MAX_NR_ZONES
};

#define MAX_DMA_PFN   PHYS_PFN(16UL << 20)
#define MAX_DMA32_PFN PHYS_PFN(4UL << 30)

enum zone_watermarks { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };

/* The best zone for these flags; MAX_NR_ZONES where the zone flags contradict. */
enum zone_type gfp_zone(gfp_t gfp);
/* The zone of a frame, by its number alone. */
static inline enum zone_type pfn_zone(unsigned long pfn)
{
	return (enum zone_type)((pfn >= MAX_DMA_PFN) + (pfn >= MAX_DMA32_PFN));
}
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
};

/* All zeros (but the name) for a zone without memory. */
void zone_info(enum zone_type type, struct zone_info *info);

/* The per-CPU lists over all CPUs and zones: counts since boot. */
struct pcp_info {
	unsigned long allocs, frees; /* blocks out of and into the lists */
	unsigned long refills, drains; /* visits to the buddy */
	unsigned long pages; /* held now */
};

void pcp_info(struct pcp_info *info);

/* Prints free blocks by order for each zone, as /proc/buddyinfo does. */
void show_buddyinfo(void);

/* Pages (or calls) found bad and refused since boot: double frees and the like. */
unsigned long page_alloc_bad_count(void);

/*
 * Walks the whole state of the page allocator: every zone, free list, count, fresh run,
 * per-CPU list, and the struct page of every block.  0, or -EINVAL with the first
 * violation described in buf (size bytes, always ended).  No other CPU may be allocating
 * or freeing meanwhile.
 */
int page_alloc_verify(char *buf, size_t size);

/* What the allocator asks when a zone runs low; set once, before that can happen. */
struct reclaim_ops {
	/* Frees memory on behalf of a caller that may sleep; pages freed, 0 = no progress. */
	unsigned long (*direct)(gfp_t gfp, unsigned int order);
	/* The zone fell below its low watermark.  Any context, interrupts on or off. */
	void (*wake)(enum zone_type zone);
};
void set_reclaim_ops(const struct reclaim_ops *ops);

#endif
