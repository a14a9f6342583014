/* SPDX-License-Identifier: MIT */
/*
 * The buddy allocator and its zones.
 *
 * Free memory is kept as blocks of 2^order pages, aligned to their own size, one list an
 * order.  A request takes the smallest block that holds it and halves it until it fits;
 * each half that is left over goes to the list one order below.  A freed block merges with
 * its buddy, the other half of the block twice its size, as long as that is free whole: the
 * lists return to what they were, in whatever order blocks come back.  So 256 pages out of
 * a block of 1024 leave one of 512 and one of 256, and the largest block there ever is has
 * order 10: 4 MiB.
 *
 * Witnesses: the zones' counts of free blocks; alignment of the addresses; for contiguity
 * the device, which is told one range and must reach the bytes that the CPU wrote.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <guest/balloon.h>
#include <guest/dmacheck.h>
#include <mm/slab_info.h>

#include "experiment.h"
#include "pressure.h"
#include "witness.h"

#define CHAPTER CHAPTER_BUDDY

/* What is free in a zone. */
struct lists {
	unsigned long blocks[NR_PAGE_ORDERS];
	unsigned long pages; /* in all of them */
};

static void count_lists(enum zone_type type, struct lists *l)
{
	struct zone_info info;

	drain_all_pages();
	zone_info(type, &info);
	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		l->blocks[order] = info.nr_free[order];
	l->pages = info.free;
}

/* Whether two counts are the same; says where not. */
static bool same_lists(struct trial *x, const struct lists *before,
		       const struct lists *after)
{
	bool same = true;

	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		same &= expect(x, before->blocks[order] == after->blocks[order],
			       "order %u: %lu free blocks before, %lu after", order,
			       before->blocks[order], after->blocks[order]);
	return same & expect(x, before->pages == after->pages,
			     "%lu pages free before, %lu after", before->pages,
			     after->pages);
}

/* The zone that GFP_KERNEL is served from now. */
static enum zone_type kernel_zone(struct trial *x)
{
	struct page *page = alloc_pages(GFP_KERNEL, MAX_ORDER);
	enum zone_type type = ZONE_DMA32;

	if (expect(x, page, "no block of order %u", MAX_ORDER)) {
		type = page_zonenum(page);
		__free_pages(page, MAX_ORDER);
	}
	return type;
}

/* One block of this order: aligned to its size, and one range for the device. */
static bool check_block(struct trial *x, unsigned int order)
{
	struct page *page = alloc_pages(GFP_KERNEL, order);
	unsigned long pfn;
	bool good;

	if (!expect(x, page, "no block of order %u", order))
		return false;
	pfn = page_to_pfn(page);
	good = expect(x, IS_ALIGNED(pfn, 1UL << order), "order %u at pfn %#lx", order,
		      pfn);
	good &= expect(x, is_one_range_mapped(x, page_address(page), PAGE_SIZE << order),
		       "order %u: the device sees other bytes than the CPU", order);
	__free_pages(page, order);
	return good;
}

EXPERIMENT(buddy_orders, "buddy.orders",
	   "blocks of orders 0 to 10 are aligned to their size and contiguous",
	   .needs = NEEDS_DMACHECK)
{
	unsigned int good = 0;
	char text[TEXT_SIZE];

	for (unsigned int order = 0; order <= MAX_ORDER; order++)
		good += check_block(x, order);
	expect(x, !alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER + 1),
	       "order %u was given", MAX_ORDER + 1);
	evidence(x, "%u of %u orders aligned, hashes of CPU and device equal", good,
		 MAX_ORDER + 1);
	if (hashed_whole() < MAX_ORDER_SIZE)
		evidence(x, "whole up to %s, of larger ones 64 bytes of each page",
			 text_size(text, hashed_whole()));
	evidence(x, "order %u refused", MAX_ORDER + 1);
}

#define CUT_ORDER 8 /* 256 pages */

EXPERIMENT(buddy_split, "buddy.split",
	   "256 pages out of one 1024-page block leave exactly one 512 and one 256")
{
	enum zone_type zone = kernel_zone(x);
	struct lists before, after;
	struct page *page;
	LIST_HEAD(held);

	/* With the smaller blocks in hand, only one of 1024 pages can serve. */
	count_lists(zone, &before);
	for (unsigned int order = CUT_ORDER; order < MAX_ORDER; order++)
		for (unsigned long n = before.blocks[order]; n; n--)
			take_block(&held, GFP_KERNEL, order);

	count_lists(zone, &before);
	page = alloc_pages(GFP_KERNEL, CUT_ORDER);
	if (!expect(x, page, "no block of 256 pages"))
		goto out;
	count_lists(zone, &after);
	evidence(
		x,
		"free blocks of 1024: %lu -> %lu, of 512: %lu -> %lu, of 256: %lu -> %lu",
		before.blocks[10], after.blocks[10], before.blocks[9], after.blocks[9],
		before.blocks[8], after.blocks[8]);
	before.blocks[10]--;
	before.blocks[9]++;
	before.blocks[8]++;
	before.pages -= 256;
	same_lists(x, &before, &after);
	__free_pages(page, CUT_ORDER);
out:
	relieve(&held);
}

#define MERGE_BLOCKS 64 /* a power of two, so that odd strides visit each block once */
#define MERGE_ORDERS 7

/* Takes blocks of mixed orders and gives them back at a stride through the row. */
static bool merge_round(struct trial *x, enum zone_type zone, unsigned int stride)
{
	struct page *blocks[MERGE_BLOCKS];
	struct lists before, after;
	bool complete = true;

	count_lists(zone, &before);
	for (unsigned int i = 0; i < MERGE_BLOCKS; i++) {
		blocks[i] = alloc_pages(GFP_KERNEL, i % MERGE_ORDERS);
		complete &= blocks[i] != NULL;
	}
	for (unsigned int i = 0, at = 0; i < MERGE_BLOCKS; i++) {
		if (blocks[at])
			__free_pages(blocks[at], at % MERGE_ORDERS);
		at = (at + stride) % MERGE_BLOCKS;
	}
	count_lists(zone, &after);
	expect(x, complete, "memory ran out");
	return same_lists(x, &before, &after);
}

EXPERIMENT(buddy_merge, "buddy.merge",
	   "blocks freed in any order merge until the free lists are what they were")
{
	static const unsigned int strides[] = { 1, MERGE_BLOCKS - 1, 27, 37 };
	enum zone_type zone = kernel_zone(x);
	struct zone_info start, end;
	unsigned int restored = 0;

	zone_info(zone, &start);
	for (unsigned int i = 0; i < ARRAY_SIZE(strides); i++)
		restored += merge_round(x, zone, strides[i]);
	zone_info(zone, &end);
	evidence(x, "%u blocks of orders 0 to %u freed forwards, backwards, mixed",
		 MERGE_BLOCKS, MERGE_ORDERS - 1);
	evidence(x, "%lu splits, %lu merges, lists restored %u of %zu times",
		 end.splits - start.splits, end.merges - start.merges, restored,
		 ARRAY_SIZE(strides));
}

EXPERIMENT(buddy_max, "buddy.max", "the largest physically contiguous block is 4 MiB")
{
	void *p = (void *)__get_free_pages(GFP_KERNEL, MAX_ORDER);
	unsigned long runs;

	if (!expect(x, p, "no block of 4 MiB"))
		return;
	expect(x, MAX_ORDER_SIZE == SZ_4M, "it is %lu bytes", MAX_ORDER_SIZE);
	if (dmacheck_device()) {
		runs = device_runs(x, p, SZ_4M);
		expect(x, runs == 1, "4 MiB are %lu runs for the device", runs);
		evidence(x, "4 MiB at %#lx are %lu run for the device", virt_to_phys(p),
			 runs);
	} else {
		evidence(x, "4 MiB at %#lx", virt_to_phys(p));
	}
	free_pages((unsigned long)p, MAX_ORDER);

	expect(x, !__get_free_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER + 1),
	       "8 MiB given");
	p = alloc_pages_exact(SZ_4M + 1, GFP_KERNEL | __GFP_NOWARN);
	if (!expect(x, !p, "alloc_pages_exact gave 4 MiB + 1"))
		free_pages_exact(p, SZ_4M + 1);
	evidence(x, "4 MiB + 1 and order 11 refused");
}

static int shrink(struct kmem_cache *s, void *unused)
{
	(void)unused;
	kmem_cache_shrink(s);
	return 0;
}

/* A balloon gives pages back under pressure, and has free ones in hand while it tells the
 * monitor of them: it stays small and silent meanwhile. */
static void put_balloon_aside(bool aside)
{
	if (!balloon_there())
		return;
	balloon_hold_reports(aside);
	balloon_limit(aside ? 0 : ~0UL);
	balloon_settle();
	if (aside)
		drain_all_pages();
}

EXPERIMENT(buddy_exhaust, "buddy.exhaust",
	   "with memory gone the answer is NULL, and freeing brings all of it back")
{
	struct lists before[MAX_NR_ZONES], after;
	unsigned long blocks = 0, free, left;
	unsigned int restored = 0;
	LIST_HEAD(held);

	/* Empty slabs would be given back under pressure, and show as pages too many; those
	 * of the magazines that held their objects are empty after the first round. */
	put_balloon_aside(true);
	kmem_cache_for_each(shrink, NULL);
	kmem_cache_for_each(shrink, NULL);
	free = nr_free_pages();
	for (int zone = 0; zone < MAX_NR_ZONES; zone++)
		count_lists((enum zone_type)zone, &before[zone]);
	for (unsigned int order = MAX_ORDER + 1; order--;)
		while (take_block(&held, GFP_KERNEL | __GFP_NOWARN, order))
			blocks++;
	left = nr_free_pages();
	expect(x, !alloc_page(GFP_KERNEL | __GFP_NOWARN), "a page after the last one");
	relieve(&held);
	for (int zone = 0; zone < MAX_NR_ZONES; zone++) {
		count_lists((enum zone_type)zone, &after);
		restored += same_lists(x, &before[zone], &after);
	}
	evidence(x, "%lu pages taken as %lu blocks, %lu left, then NULL", free - left,
		 blocks, left);
	evidence(x, "after freeing, lists of %u of %u zones as before", restored,
		 MAX_NR_ZONES);
	put_balloon_aside(false);
}

#define DMA_BLOCKS 8
#define DMA_ORDER  6 /* 256 KiB */

/* Blocks with these flags: the highest byte of them all. */
static phys_addr_t highest_byte(struct trial *x, gfp_t gfp)
{
	phys_addr_t top = 0;
	struct page *page;
	LIST_HEAD(held);

	for (unsigned int i = 0; i < DMA_BLOCKS; i++)
		if (!expect(x, take_block(&held, gfp, DMA_ORDER), "block %u: none", i))
			break;
	list_for_each_entry (page, &held, lru)
		top = max(top, page_to_phys(page) + (PAGE_SIZE << DMA_ORDER) - 1);
	relieve(&held);
	return top;
}

EXPERIMENT(zones_dma, "zones.dma",
	   "GFP_DMA is served below 16 MiB, which ordinary requests leave alone")
{
	struct page *page = alloc_page(GFP_KERNEL);
	phys_addr_t dma = highest_byte(x, GFP_KERNEL | GFP_DMA);
	phys_addr_t dma32 = highest_byte(x, GFP_KERNEL | GFP_DMA32);

	expect(x, dma < (16UL << 20), "GFP_DMA reached %#lx", dma);
	expect(x, dma32 < (4UL << 30), "GFP_DMA32 reached %#lx", dma32);
	if (expect(x, page, "no page")) {
		expect(x, page_zonenum(page) != ZONE_DMA, "GFP_KERNEL got frame %#lx",
		       page_to_pfn(page));
		evidence(x, "GFP_KERNEL page in zone %s", zone_name(page_zonenum(page)));
		__free_page(page);
	}
	evidence(x, "%u blocks of 256 KiB: GFP_DMA up to %#lx, GFP_DMA32 up to %#lx",
		 DMA_BLOCKS, dma, dma32);
}
