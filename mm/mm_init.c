/* SPDX-License-Identifier: MIT */
/*
 * From boot memory to allocators.  Everything here is O(memory ranges): struct pages are
 * made present but not written, and whole blocks stay fresh (zone.h).
 */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "mm/highmem.h"
#include "mm/bootmem.h"
#include "mm/cma.h"
#include "mm/memblock.h"
#include "mm/page_alloc.h"
#include "mm/page_debug.h"
#include "mm/pcp.h"
#include "mm/platform.h"
#include "mm/reclaim.h"
#include "mm/zone.h"

phys_addr_t low_ram_end;

bool pfn_valid(unsigned long pfn)
{
	phys_addr_t block = ALIGN_DOWN(PFN_PHYS(pfn), MAX_ORDER_SIZE);

	return pfn < max_pfn + MAX_ORDER_NR_PAGES &&
	       memblock_overlaps_region(&memblock.memory, block, MAX_ORDER_SIZE);
}

bool pfn_is_lowmem(unsigned long pfn)
{
	return pfn < highmem_pfn && pfn_valid(pfn);
}

/* A struct page for every frame of RAM, and for those that share a MAX_ORDER block with
 * RAM: the buddy looks at whole blocks. */
static void populate_vmemmap(void)
{
	const struct memblock_region *region;
	unsigned long done = 0;

	for_each_mem_region (region) {
		unsigned long start = PFN_DOWN(region->base);
		unsigned long end = PFN_UP(region->base + region->size);

		start = max(ALIGN_DOWN(start, MAX_ORDER_NR_PAGES), done);
		end = ALIGN(end, MAX_ORDER_NR_PAGES);
		if (start >= end)
			continue;
		if (platform_populate_vmemmap(start, end))
			panic("no memory for struct pages of frames %#lx to %#lx", start,
			      end);
		if (start == done && low_ram_end == PFN_PHYS(start))
			low_ram_end = PFN_PHYS(end);
		done = end;
	}
	low_ram_end = min(low_ram_end, highmem_start());
}

/* The bounds of each zone and the RAM in them. */
static void size_zones(void)
{
	const struct memblock_region *region;

	for_each_mem_region (region) {
		unsigned long pfn = PFN_UP(region->base);
		unsigned long end = PFN_DOWN(region->base + region->size);

		while (pfn < end) {
			enum zone_type type = pfn_zone(pfn);
			struct zone *zone = &zones[type];
			unsigned long stop = min(end, zone_limit(type));

			if (!zone->present)
				zone->start_pfn = pfn;
			zone->end_pfn = stop;
			zone->present += stop - pfn;
			pfn = stop;
		}
	}
}

/* Gives frames [start, end) to their zones. */
static void give_range(unsigned long pfn, unsigned long end,
		       void (*give)(struct zone *zone, unsigned long start,
				    unsigned long stop))
{
	while (pfn < end) {
		enum zone_type type = pfn_zone(pfn);
		unsigned long stop = min(end, zone_limit(type));

		give(&zones[type], pfn, stop);
		pfn = stop;
	}
}

static void give_fresh(struct zone *zone, unsigned long start, unsigned long end)
{
	zone_add_fresh(zone, start, end, platform_ram_is_zeroed());
}

static void give_used(struct zone *zone, unsigned long start, unsigned long end)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	zone_add_used(zone, start, end);
	spin_unlock_irqrestore(&zone->lock, flags);
}

int free_reserved_area(phys_addr_t start, phys_addr_t end)
{
	unsigned long first = PFN_UP(start), last = PFN_DOWN(end);

	if (first >= last)
		return start > end ? -EINVAL : 0;
	if (memblock_release_late(PFN_PHYS(first), PFN_PHYS(last - first)))
		return -EINVAL;
	give_range(first, last, give_used);
	return 0;
}

static void page_alloc_init(void)
{
	phys_addr_t cursor, start, end;

	for (unsigned int type = 0; type < MAX_NR_ZONES; type++)
		zone_clear(&zones[type]);
	size_zones();
	for_each_free_mem_range (cursor, start, end) {
		give_range(PFN_UP(start), PFN_DOWN(end), give_fresh);
	}
	cma_lend();
	zones_set_watermarks();
	for (unsigned int type = 0; type < MAX_NR_ZONES; type++)
		pcp_set_limits(type, zones[type].managed);
	set_first_zones();
	page_alloc_hook(HOOK_BOOT, false);
}

void mm_init(void)
{
	low_ram_end = 0;
	bootmem_keep();
	cma_keep();
	populate_vmemmap();
	page_debug_init();
	if (pageblocks_init() || pcp_init())
		panic("no memory for the page blocks or the per-CPU page lists");
	memblock.closed = true;
	page_alloc_init();
	kmem_cache_init();
	slab_shrinker_init();
	vmalloc_init();
	kmap_init();
}
