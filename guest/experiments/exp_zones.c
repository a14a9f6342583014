/* SPDX-License-Identifier: MIT */
/*
 * Zones: which memory a request may have, and how much of it.
 *
 * A request names its best zone by its flags; when that has too little, the next lower one
 * serves.  "Too little" is three numbers of each zone.  Ordinary requests leave the
 * watermark `low` alone at first, then `min`: 4 * sqrt(RAM in KiB) KiB over all zones.
 * Urgent ones may have part of that, and those that free memory all of it.  And on top
 * each zone keeps a reserve from those who could be served higher up, so that memory below
 * 16 MiB is not eaten by requests that do not need it.
 *
 * Witnesses: the zones' own counts, and the zone of every page that is given.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sprintf.h>
#include <linux/string.h>

#include "experiment.h"
#include "pressure.h"

#define CHAPTER CHAPTER_ZONES

/* The zone that requests without zone flags like best. */
static enum zone_type best_zone(void)
{
	struct zone_info info;

	zone_info(ZONE_NORMAL, &info);
	return info.managed ? ZONE_NORMAL : ZONE_DMA32;
}

#define LATE 2 /* blocks */

EXPERIMENT(zones_fallback, "zones.fallback",
	   "a request falls to the next lower zone, and each keeps a reserve for its own")
{
	unsigned long from[MAX_NR_ZONES] = { 0 }, before;
	unsigned int zone, highest = MAX_NR_ZONES - 1, late = 0;
	unsigned long reserve;
	struct zone_info dma;
	struct page *page;
	LIST_HEAD(held);

	if (too_much_memory(x))
		return;
	zone_info(ZONE_DMA, &dma);
	before = dma.free + dma.pcp;
	while ((page = alloc_pages(__GFP_NOWARN, MAX_ORDER))) {
		zone = page_zonenum(page);
		hold_block(&held, page, MAX_ORDER);
		from[zone]++;
		late += zone > highest;
		highest = min(highest, zone);
	}
	/* On another CPU somebody may free a block meanwhile. */
	expect(x, late <= LATE, "%u blocks of a higher zone after those of a lower",
	       late);
	press(&held, 0);
	zone_info(ZONE_DMA, &dma);
	/* A zone that is smaller than its reserve gives others nothing at all. */
	reserve = min(dma.lowmem_reserve[ZONE_NORMAL], before);
	expect(x, dma.free + dma.pcp >= reserve,
	       "the DMA zone has %lu pages left of %lu, its reserve is %lu", dma.free,
	       before, dma.lowmem_reserve[ZONE_NORMAL]);
	expect(x, !alloc_page(__GFP_NOWARN), "a page after the last one");
	page = alloc_page(GFP_DMA | __GFP_NOWARN);
	if (expect(x, page, "GFP_DMA got nothing of the reserve")) {
		expect(x, page_zonenum(page) == ZONE_DMA, "GFP_DMA got frame %#lx",
		       page_to_pfn(page));
		__free_page(page);
	}
	relieve(&held);
	evidence(x, "blocks of 4 MiB: Normal %lu, then DMA32 %lu, then DMA %lu",
		 from[ZONE_NORMAL], from[ZONE_DMA32], from[ZONE_DMA]);
	evidence(x, "%lu of %lu pages of DMA kept, which GFP_DMA can have", dma.free,
		 dma.managed);
}

/* Pages of the best zone that requests with these flags must leave, once they have taken
 * all they can. */
static unsigned long left_by(struct list_head *held, gfp_t gfp)
{
	struct zone_info info;

	press(held, gfp);
	drain_all_pages();
	zone_info(best_zone(), &info);
	return info.free - info.free_cma;
}

/* Pages that CPUs fetch at once count as taken. */
#define BATCH 64

EXPERIMENT(
	zones_watermarks, "zones.watermarks",
	"below `min` are only urgent requests, and the last pages are for freeing more")
{
	unsigned long left[4], min;
	struct zone_info info;
	LIST_HEAD(held);

	if (too_much_memory(x))
		return;
	zone_info(best_zone(), &info);
	min = info.watermark[WMARK_MIN];
	expect(x, min < info.watermark[WMARK_LOW], "low is %lu",
	       info.watermark[WMARK_LOW]);
	expect(x,
	       info.watermark[WMARK_HIGH] - info.watermark[WMARK_LOW] ==
		       info.watermark[WMARK_LOW] - min,
	       "high is %lu", info.watermark[WMARK_HIGH]);
	left[0] = left_by(&held, 0);
	left[1] = left_by(&held, __GFP_HIGH);
	left[2] = left_by(&held, __GFP_HIGH | __GFP_ATOMIC);
	left[3] = left_by(&held, __GFP_MEMALLOC);
	relieve(&held);
	expect(x, left[0] + BATCH >= min && left[0] <= min + 1,
	       "ordinary requests leave %lu, min is %lu", left[0], min);
	expect(x, left[1] >= min / 2 && left[1] <= min / 2 + 2,
	       "__GFP_HIGH leaves %lu of %lu", left[1], min);
	expect(x, left[2] >= min * 3 / 8 && left[2] <= min * 3 / 8 + 3,
	       "GFP_ATOMIC leaves %lu of %lu", left[2], min);
	expect(x, !left[3], "__GFP_MEMALLOC leaves %lu", left[3]);
	evidence(x, "%s: min %lu, low %lu, high %lu", info.name, min,
		 info.watermark[WMARK_LOW], info.watermark[WMARK_HIGH]);
	evidence(x,
		 "left by ordinary requests %lu, __GFP_HIGH %lu, GFP_ATOMIC %lu, "
		 "__GFP_MEMALLOC %lu",
		 left[0], left[1], left[2], left[3]);
}

EXPERIMENT(zones_text, "zones.text",
	   "/proc/buddyinfo and /proc/zoneinfo can be read in Linux's formats")
{
	static char text[4096];
	char want[80];
	struct zone_info info;
	size_t length;

	zone_info(best_zone(), &info);
	scnprintf(want, sizeof(want), "Node 0, zone %8s ", info.name);
	length = buddyinfo_read(text, sizeof(text));
	expect(x, strstr(text, want), "buddyinfo lacks \"%s\"", want);
	evidence(x, "buddyinfo %zu characters", length);
	length = zoneinfo_read(text, sizeof(text));
	scnprintf(want, sizeof(want), "managed  %lu\n", info.managed);
	expect(x, strstr(text, want), "zoneinfo lacks \"%s\"", want);
	evidence(x, "zoneinfo %zu", length);
}
