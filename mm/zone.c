/* SPDX-License-Identifier: MIT */
/*
 * Zones: which requests each serves, how much of each is kept back, and what can be read
 * about them.
 *
 * A request names its best zone; where that has too little it falls to the next lower one,
 * down to DMA.  Each zone keeps some pages from requests that could have been served
 * higher up (lowmem_reserve), so that memory below 16 MiB remains for those who need it,
 * and a minimum for urgent requests (watermarks).
 */
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include "mm/pcp.h"
#include "mm/platform.h"
#include "mm/zone.h"

struct zone zones[MAX_NR_ZONES];

/* No struct page lies there, nor behind it. */
#define NO_PAGE ((const struct page *)~0UL)

unsigned long highmem_pfn = ~0UL;
const struct page *zone_first[MAX_NR_ZONES] = {
	[ZONE_DMA32] = pfn_to_page(MAX_DMA_PFN),
	[ZONE_NORMAL] = pfn_to_page(MAX_DMA32_PFN),
	[ZONE_HIGHMEM] = NO_PAGE,
};

void zones_set_highmem(unsigned long pfn)
{
	highmem_pfn = pfn;
	zone_first[ZONE_HIGHMEM] = pfn == ~0UL ? NO_PAGE : pfn_to_page(pfn);
	zone_first[ZONE_NORMAL] = pfn_to_page(min(pfn, MAX_DMA32_PFN));
}

/* Pages kept at least, over all zones but the high one: 4 * sqrt(KiB of RAM in them) KiB,
 * within these bounds (Linux: min_free_kbytes). */
#define MIN_FREE_LOW_KB	 128UL
#define MIN_FREE_HIGH_KB 262144UL

const char *zone_name(enum zone_type type)
{
	static const char *const names[] = { "DMA", "DMA32", "Normal", "HighMem" };

	return type < MAX_NR_ZONES ? names[type] : "none";
}

enum zone_type gfp_zone(gfp_t gfp)
{
	switch (gfp & (__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM)) {
	case 0:
		return ZONE_NORMAL;
	case __GFP_DMA:
		return ZONE_DMA;
	case __GFP_DMA32:
		return ZONE_DMA32;
	case __GFP_HIGHMEM:
		return ZONE_HIGHMEM;
	default:
		return MAX_NR_ZONES;
	}
}

/* Is there a free block of this order or above, of any type that the request can have? */
static bool has_block(const struct zone *zone, unsigned int order,
		      unsigned int alloc_flags)
{
	u32 orders = 0;

	for (unsigned int type = 0; type < MIGRATE_PCPTYPES; type++)
		orders |= READ_ONCE(zone->type_orders[type]);
	if (alloc_flags & ALLOC_CMA)
		orders |= READ_ONCE(zone->type_orders[MIGRATE_CMA]);
	return orders >> order;
}

bool zone_watermark_ok(const struct zone *zone, unsigned int order, unsigned long mark,
		       enum zone_type highest, unsigned int alloc_flags)
{
	unsigned long free = READ_ONCE(zone->free);

	if (alloc_flags & ALLOC_NO_WATERMARKS)
		return has_block(zone, order, alloc_flags);
	if (!(alloc_flags & ALLOC_CMA))
		free -= min(free, READ_ONCE(zone->free_cma));
	if (alloc_flags & ALLOC_HIGH)
		mark -= mark / 2;
	if (alloc_flags & ALLOC_HARDER)
		mark -= mark / 4;
	return free >= (1UL << order) + mark + zone->lowmem_reserve[highest] &&
	       has_block(zone, order, alloc_flags);
}

static unsigned long int_sqrt(unsigned long n)
{
	unsigned long root = 0;

	for (unsigned long bit = 1UL << 31; bit; bit >>= 1)
		if ((root + bit) * (root + bit) <= n)
			root += bit;
	return root;
}

/* Of the pages of all higher zones, one in so many is kept from requests for those. */
static void set_lowmem_reserve(void)
{
	static const unsigned long ratio[MAX_NR_ZONES] = { 256, 256, 32, 1 };

	for (unsigned int low = 0; low < MAX_NR_ZONES; low++) {
		unsigned long above = 0;

		for (unsigned int high = low + 1; high < MAX_NR_ZONES; high++) {
			above += zones[high].managed;
			zones[low].lowmem_reserve[high] =
				zones[low].managed ? above / ratio[low] : 0;
		}
	}
}

/* The kernel itself cannot use high memory, so only little of it is kept. */
#define HIGH_MIN_PART  1024UL
#define HIGH_MIN_PAGES 32UL
#define HIGH_MAX_PAGES 128UL

static unsigned long high_min(const struct zone *zone)
{
	unsigned long part = zone->managed / HIGH_MIN_PART;

	return zone->managed ? clamp(part, HIGH_MIN_PAGES, HIGH_MAX_PAGES) : 0;
}

void zones_set_watermarks(void)
{
	unsigned long total = totalram_pages() - totalhigh_pages();
	unsigned long min_kb, min_pages;

	if (!total)
		return;
	min_kb = int_sqrt(total * (PAGE_SIZE / 1024) * 16);
	min_pages = clamp(min_kb, MIN_FREE_LOW_KB, MIN_FREE_HIGH_KB) * 1024 / PAGE_SIZE;
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &zones[i];
		unsigned long share = min_pages * zone->managed / total;
		unsigned long gap = max(share / 4, zone->managed / 1000);
		unsigned long least = i == ZONE_HIGHMEM ? high_min(zone) : share;

		zone->watermark[WMARK_MIN] = least;
		zone->watermark[WMARK_LOW] = least + gap;
		zone->watermark[WMARK_HIGH] = least + 2 * gap;
	}
	set_lowmem_reserve();
}

unsigned long totalram_pages(void)
{
	unsigned long pages = 0;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		pages += READ_ONCE(zones[i].managed);
	return pages;
}

unsigned long totalhigh_pages(void)
{
	return READ_ONCE(zones[ZONE_HIGHMEM].managed);
}

unsigned long nr_free_highpages(void)
{
	return READ_ONCE(zones[ZONE_HIGHMEM].free);
}

unsigned long nr_free_pages(void)
{
	unsigned long pages = 0;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		pages += READ_ONCE(zones[i].free);
	return pages;
}

static unsigned long pcp_pages(enum zone_type type)
{
	unsigned long pages = 0;

	for (unsigned int cpu = 0; cpu_pcps && cpu < num_possible_cpus(); cpu++)
		for (unsigned int list = 0; list < PCP_TYPES; list++)
			pages += pcp_held(&cpu_pcps[cpu].pcp[pcp_class(type, list)]);
	return pages;
}

void zone_info(enum zone_type type, struct zone_info *info)
{
	struct zone *zone = &zones[type];
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	*info = (struct zone_info){
		.name = zone_name(type),
		.start_pfn = zone->start_pfn,
		.spanned = zone->end_pfn - zone->start_pfn,
		.present = zone->present,
		.managed = zone->managed,
		.free = zone->free,
		.fresh = zone->fresh_blocks * MAX_ORDER_NR_PAGES,
		.splits = zone->splits,
		.merges = zone->merges,
		.takes = zone->takes,
		.puts = zone->puts,
		.cma = zone->cma,
		.free_cma = zone->free_cma,
		.isolated = zone->isolated,
		.steals = zone->steals,
		.claims = zone->claims,
	};
	for (unsigned int i = 0; i < NR_PAGE_ORDERS; i++)
		info->nr_free[i] = zone->area[i].nr;
	info->nr_free[MAX_ORDER] += zone->fresh_blocks;
	spin_unlock_irqrestore(&zone->lock, flags);

	info->pcp = pcp_pages(type);
	for (unsigned int i = 0; i < NR_WMARK; i++)
		info->watermark[i] = zone->watermark[i];
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++)
		info->lowmem_reserve[i] = zone->lowmem_reserve[i];
}
