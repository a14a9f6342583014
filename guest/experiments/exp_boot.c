/* SPDX-License-Identifier: MIT */
/*
 * From the firmware's map to pages.
 *
 * The loader tells which physical addresses are RAM.  Boot memory (memblock) keeps two
 * lists of ranges: memory, and what of it is taken (the kernel, its page tables, the array
 * of struct page).  mm_init() gives the difference to the page allocator, each page in the
 * zone that its address puts it in.  So the sums must agree to the page, and nothing that
 * was reserved may lie in a block that the page allocator holds or has handed out.
 */
#include <linux/bug.h>
#include <linux/memblock.h>
#include <linux/mm.h>

#include <abi/pvh.h>
#include <guest/machine.h>
#include <mm/platform.h>

#include "experiment.h"

#define CHAPTER CHAPTER_BOOT

/* Whole pages inside [base, base + size). */
static unsigned long whole_pages(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t first = PFN_UP(base), end = PFN_DOWN(base + size);

	return end > first ? end - first : 0;
}

static unsigned long firmware_pages(unsigned int *ranges)
{
	unsigned int entries;
	const struct pvh_memmap *map = boot_memory_map(&entries);
	unsigned long pages = 0;

	*ranges = 0;
	for (unsigned int i = 0; i < entries; i++) {
		if (map[i].type != PVH_MEM_RAM || !map[i].size)
			continue;
		pages += whole_pages(map[i].addr, map[i].size);
		(*ranges)++;
	}
	return pages;
}

EXPERIMENT(
	memory_map_accounted, "boot.memory-map",
	"each page of the firmware's RAM is reserved at boot, managed by one zone, or kept back by mem=")
{
	unsigned long ram, known = 0, kept_back = 0, unreserved = 0, managed = 0;
	const struct memblock_region *region;
	phys_addr_t cursor, start, end;
	unsigned int ranges;
	struct zone_info zone;

	ram = firmware_pages(&ranges);
	for_each_mem_region (region)
		known += whole_pages(region->base, region->size);
	for_each_kept_back_region (region)
		kept_back += whole_pages(region->base, region->size);
	for_each_free_mem_range (cursor, start, end)
		unreserved += whole_pages(start, end - start);
	for (int type = 0; type < MAX_NR_ZONES; type++) {
		zone_info((enum zone_type)type, &zone);
		expect(x, zone.managed <= zone.present && zone.present <= zone.spanned,
		       "zone %s: managed %lu, present %lu, spanned %lu", zone.name,
		       zone.managed, zone.present, zone.spanned);
		managed += zone.managed;
	}
	expect(x, ram == known + kept_back,
	       "firmware %lu pages, memblock %lu, kept back by mem= %lu", ram, known,
	       kept_back);
	expect(x, unreserved == managed, "not reserved %lu pages, managed %lu",
	       unreserved, managed);
	expect(x, managed == totalram_pages(), "managed %lu, total %lu", managed,
	       totalram_pages());
	evidence(x, "%lu pages of RAM in %u ranges", ram, ranges);
	evidence(x, "%lu managed + %lu reserved", managed, known - unreserved);
	if (kept_back)
		evidence(x, "%lu kept back", kept_back);
}

/* Does the page allocator hold this frame, free or handed out? */
static bool in_page_allocator(unsigned long pfn)
{
	struct page *head;

	if (!pfn_valid(pfn))
		return false;
	head = compound_head(pfn_to_page(pfn));
	return PageBuddy(head) || PagePcp(head) || PageLive(head);
}

#define PROBES 64 /* of a large range */

EXPERIMENT(memblock_reserve_kept, "memblock.reserve",
	   "what boot memory has reserved never comes out of the page allocator")
{
	phys_addr_t image = platform_translate((unsigned long)_start);
	size_t image_size = (size_t)(_end - _start);
	const struct memblock_region *region;
	unsigned long probes = 0, lost = 0;
	struct page *page;

	expect(x, memblock_is_region_reserved(image, image_size),
	       "the kernel image at %#lx is not reserved", image);
	for_each_reserved_mem_region (region) {
		unsigned long first = PFN_DOWN(region->base);
		unsigned long last = PFN_DOWN(region->base + region->size - 1);
		unsigned long step = (last - first) / PROBES + 1;

		for (unsigned long pfn = first; pfn <= last; pfn += step, probes++)
			lost += in_page_allocator(pfn);
		lost += in_page_allocator(last);
	}
	expect(x, !lost, "%lu reserved frames are in blocks of the page allocator", lost);

	page = alloc_page(GFP_KERNEL);
	if (expect(x, page, "no page")) {
		expect(x, !memblock_is_reserved(page_to_phys(page)), "frame %#lx is both",
		       page_to_pfn(page));
		expect(x, in_page_allocator(page_to_pfn(page)),
		       "frame %#lx is in neither", page_to_pfn(page));
		__free_page(page);
	}
	evidence(x, "%lu ranges, %lu KiB, kernel image among them", memblock.reserved.cnt,
		 (unsigned long)memblock_reserved_size() / 1024);
	evidence(x, "%lu frames probed, none in a zone", probes);
}
