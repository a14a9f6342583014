/* SPDX-License-Identifier: MIT */
/*
 * Every kind of memory event (include/abi/trace.h) made to happen, for those who watch from
 * outside (tests/integration/trace.sh).  Beside each call stands what its event has to say, as
 * the caller knows it:
 *
 *	# event NAME FACT=VALUE...
 *
 * with all that a field of the event may be called, here or in Linux; `caller` is the function
 * that the call stands in, for those events that tell of one.
 *
 * With stop-at=events the guest then stops.  A measurement, as far as the run goes: it runs
 * only when asked for.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <linux/vmalloc.h>

#include <guest/dmacheck.h>
#include <guest/stop_at.h>

#include "experiment.h"
#include "pressure.h"

#define CHAPTER CHAPTER_EVENTS

#define FACTS(event, format, ...) printk("# event " event " " format "\n", ##__VA_ARGS__)
#define FACTS_OF_CALL(event, format, ...) \
	FACTS(event, "caller=%s " format, __func__, ##__VA_ARGS__)

/* --- objects ------------------------------------------------------------------------------ */

#define SMALL	   100U
#define LARGE	   (3 * PAGE_SIZE)
#define CACHE_NAME "events-box"
#define BOX	   120U

static noinline void events_kmalloc(struct trial *x)
{
	void *small = kmalloc(SMALL, GFP_KERNEL | __GFP_ZERO);
	void *large = kmalloc(LARGE, GFP_NOWAIT);

	if (expect(x, small && large, "no memory")) {
		FACTS_OF_CALL("kmalloc",
			      "ptr=%#lx bytes_req=%u bytes_alloc=%zu "
			      "gfp_flags=GFP_KERNEL|__GFP_ZERO gfp=%#x node=0",
			      (unsigned long)small, SMALL, ksize(small),
			      GFP_KERNEL | __GFP_ZERO);
		FACTS_OF_CALL("kmalloc",
			      "ptr=%#lx bytes_req=%lu bytes_alloc=%zu "
			      "gfp_flags=GFP_NOWAIT gfp=%#x node=0",
			      (unsigned long)large, LARGE, ksize(large), GFP_NOWAIT);
		FACTS_OF_CALL("kfree", "ptr=%#lx", (unsigned long)small);
		FACTS_OF_CALL("kfree", "ptr=%#lx", (unsigned long)large);
	}
	kfree(small);
	kfree(large);
}

static noinline void events_cache(struct trial *x, struct kmem_cache *cache)
{
	void *box = kmem_cache_alloc(cache, GFP_KERNEL);

	if (!expect(x, box, "no memory"))
		return;
	FACTS_OF_CALL("kmem_cache_alloc",
		      "name=%s ptr=%#lx bytes_req=%u bytes_alloc=%u "
		      "gfp_flags=GFP_KERNEL gfp=%#x node=0 accounted=false",
		      CACHE_NAME, (unsigned long)box, BOX, BOX, GFP_KERNEL);
	FACTS_OF_CALL("kmem_cache_free", "name=%s ptr=%#lx", CACHE_NAME,
		      (unsigned long)box);
	kmem_cache_free(cache, box);
}

/* --- pages -------------------------------------------------------------------------------- */

#define MOVABLE_ORDER 3U

static noinline void events_pages(struct trial *x)
{
	struct page *one = alloc_page(GFP_KERNEL);
	struct page *block = alloc_pages(GFP_KERNEL | __GFP_MOVABLE, MOVABLE_ORDER);

	if (expect(x, one && block, "no memory")) {
		FACTS_OF_CALL("mm_page_alloc",
			      "pfn=%#lx page=%#lx order=0 migratetype=%d "
			      "gfp_flags=GFP_KERNEL gfp=%#x",
			      page_to_pfn(one), (unsigned long)one, MIGRATE_UNMOVABLE,
			      GFP_KERNEL);
		FACTS_OF_CALL("mm_page_alloc",
			      "pfn=%#lx page=%#lx order=%u migratetype=%d "
			      "gfp_flags=GFP_KERNEL|__GFP_MOVABLE gfp=%#x",
			      page_to_pfn(block), (unsigned long)block, MOVABLE_ORDER,
			      MIGRATE_MOVABLE, GFP_KERNEL | __GFP_MOVABLE);
		FACTS_OF_CALL("mm_page_free", "pfn=%#lx page=%#lx order=0",
			      page_to_pfn(one), (unsigned long)one);
		FACTS_OF_CALL("mm_page_free", "pfn=%#lx page=%#lx order=%u",
			      page_to_pfn(block), (unsigned long)block, MOVABLE_ORDER);
	}
	if (one)
		__free_page(one);
	if (block)
		__free_pages(block, MOVABLE_ORDER);
}

/* Whatever the watermarks say, and without a word when there is none. */
#define GFP_HOLD     (__GFP_MEMALLOC | __GFP_NOWARN)
#define ASKED_ORDER  5U
#define LARGER_ORDER (MAX_ORDER - 1U)
#define LESSER_ORDER (MAX_ORDER - 2U)

/* The pieces of an unmovable page block, all in use: nothing else of their size is free. */
struct pieces {
	struct page *large, *first, *second;
};

/* To where requests of other types find it. */
static void free_piece(struct page *page, unsigned int order)
{
	if (page)
		__free_pages(page, order);
	drain_all_pages();
}

static void take_pieces(struct trial *x, struct list_head *held, struct pieces *p)
{
	struct page *whole = alloc_pages(GFP_HOLD, MAX_ORDER);

	drain_all_pages();
	for (unsigned int order = MAX_ORDER + 1; order-- > ASKED_ORDER;)
		while (take_block(held, GFP_HOLD, order))
			;
	free_piece(whole, MAX_ORDER);
	p->large = alloc_pages(GFP_HOLD, LARGER_ORDER);
	p->first = alloc_pages(GFP_HOLD, LESSER_ORDER);
	p->second = alloc_pages(GFP_HOLD, LESSER_ORDER);
	expect(x, p->large && p->first && p->second, "no whole block");
}

/* With half of the block free a movable request gets a part of that, and the block stays what
 * it is; with more than half the block is taken over. */
static void events_fallback(struct trial *x)
{
	struct page *stolen, *claimed;
	struct pieces p;
	unsigned long pfn;
	LIST_HEAD(held);

	take_pieces(x, &held, &p);
	pfn = p.large ? page_to_pfn(p.large) : 0;
	free_piece(p.large, LARGER_ORDER);
	stolen = alloc_pages(GFP_HOLD | __GFP_MOVABLE, ASKED_ORDER);
	free_piece(stolen, ASKED_ORDER);
	free_piece(p.first, LESSER_ORDER);
	claimed = alloc_pages(GFP_HOLD | __GFP_MOVABLE, ASKED_ORDER);
	free_piece(claimed, ASKED_ORDER);
	free_piece(p.second, LESSER_ORDER);
	relieve(&held);
	expect(x, stolen && claimed, "no memory of another type");
	for (int change = 0; change <= 1; change++)
		FACTS("mm_page_alloc_extfrag",
		      "pfn=%#lx page=%#lx alloc_order=%u fallback_order=%u "
		      "alloc_migratetype=%d fallback_migratetype=%d change_ownership=%d",
		      pfn, (unsigned long)pfn_to_page(pfn), ASKED_ORDER, LARGER_ORDER,
		      MIGRATE_MOVABLE, MIGRATE_UNMOVABLE, change);
}

/* --- vmalloc ------------------------------------------------------------------------------ */

#define AREA_PAGES 5UL
#define AREA_BYTES ((AREA_PAGES + 1) * PAGE_SIZE) /* with its guard */
#define LAZY_MAX   (32UL << 20 >> PAGE_SHIFT) /* retired pages that are put up with */

static noinline void events_area(struct trial *x)
{
	unsigned long at;

	/* What others have retired goes first, so that this is the only one. */
	vm_unmap_aliases();
	at = (unsigned long)vmalloc(AREA_PAGES * PAGE_SIZE);
	if (!expect(x, at, "no memory"))
		return;
	FACTS_OF_CALL("alloc_vmap_area",
		      "addr=%#lx size=%lu align=%lu vstart=%#lx vend=%#lx failed=0", at,
		      AREA_BYTES, PAGE_SIZE, VMALLOC_START, VMALLOC_END);
	FACTS_OF_CALL("free_vmap_area_noflush",
		      "va_start=%#lx nr_lazy=%lu nr_lazy_max=%lu", at,
		      AREA_BYTES / PAGE_SIZE, LAZY_MAX);
	FACTS("purge_vmap_area_lazy", "start=%#lx end=%#lx npurged=1", at,
	      at + AREA_BYTES);
	vfree((void *)at);
	vm_unmap_aliases();
}

/* --- DMA ---------------------------------------------------------------------------------- */

#define MAPPED	 3000U
#define COHERENT 5000U
#define ENTRIES	 2U

static noinline void events_dma_page(struct trial *x, struct device *dev, void *buffer)
{
	dma_addr_t to = dma_map_single_attrs(dev, buffer, MAPPED, DMA_TO_DEVICE,
					     DMA_ATTR_SKIP_CPU_SYNC);

	if (!expect(x, !dma_mapping_error(dev, to), "no mapping"))
		return;
	FACTS_OF_CALL("dma_map_page",
		      "device=%s phys_addr=%#lx dma_addr=%#lx size=%u dir=TO_DEVICE "
		      "direction=%d attrs=SKIP_CPU_SYNC",
		      dev_name(dev), virt_to_phys(buffer), (unsigned long)to, MAPPED,
		      DMA_TO_DEVICE);
	FACTS_OF_CALL(
		"dma_unmap_page",
		"device=%s dma_addr=%#lx addr=%#lx size=%u dir=TO_DEVICE direction=%d "
		"attrs=SKIP_CPU_SYNC",
		dev_name(dev), (unsigned long)to, (unsigned long)to, MAPPED,
		DMA_TO_DEVICE);
	dma_unmap_single_attrs(dev, to, MAPPED, DMA_TO_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
}

static noinline void events_dma_coherent(struct trial *x, struct device *dev)
{
	dma_addr_t at;
	void *memory = dma_alloc_coherent(dev, COHERENT, &at, GFP_KERNEL);

	if (!expect(x, memory, "no memory"))
		return;
	FACTS_OF_CALL("dma_alloc",
		      "device=%s virt_addr=%#lx dma_addr=%#lx size=%u "
		      "flags=GFP_KERNEL dir=BIDIRECTIONAL attrs=",
		      dev_name(dev), (unsigned long)memory, (unsigned long)at, COHERENT);
	FACTS_OF_CALL("dma_free",
		      "device=%s virt_addr=%#lx dma_addr=%#lx size=%u "
		      "dir=BIDIRECTIONAL attrs=",
		      dev_name(dev), (unsigned long)memory, (unsigned long)at, COHERENT);
	dma_free_coherent(dev, COHERENT, memory, at);
}

/* One event a list: arrays as JSON has them. */
static noinline void events_dma_list(struct trial *x, struct device *dev,
				     struct scatterlist *list)
{
	unsigned int ents = dma_map_sg_attrs(dev, list, ENTRIES, DMA_FROM_DEVICE,
					     DMA_ATTR_SKIP_CPU_SYNC);
	unsigned long phys[ENTRIES] = { sg_phys(&list[0]), sg_phys(&list[1]) };

	if (!expect(x, ents == ENTRIES, "%u entries mapped", ents))
		return;
	FACTS_OF_CALL(
		"dma_map_sg",
		"device=%s full_nents=%u full_ents=%u truncated=false nents=%u ents=%u "
		"phys_addrs=[\"%#lx\",\"%#lx\"] dma_addrs=[\"%#lx\",\"%#lx\"] "
		"lengths=[%u,%u] bytes=%u dir=FROM_DEVICE direction=%d attrs=SKIP_CPU_SYNC",
		dev_name(dev), ENTRIES, ents, ENTRIES, ents, phys[0], phys[1],
		(unsigned long)sg_dma_address(&list[0]),
		(unsigned long)sg_dma_address(&list[1]), sg_dma_len(&list[0]),
		sg_dma_len(&list[1]), list[0].length + list[1].length, DMA_FROM_DEVICE);
	FACTS_OF_CALL("dma_unmap_sg",
		      "device=%s addrs=[\"%#lx\",\"%#lx\"] nents=%u bytes=%u "
		      "dir=FROM_DEVICE direction=%d attrs=SKIP_CPU_SYNC",
		      dev_name(dev), phys[0], phys[1], ENTRIES,
		      list[0].length + list[1].length, DMA_FROM_DEVICE);
	dma_unmap_sg_attrs(dev, list, ENTRIES, DMA_FROM_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
}

static void events_dma(struct trial *x, struct device *dev)
{
	struct scatterlist list[ENTRIES];
	char *one = kmalloc(MAPPED, GFP_KERNEL), *other = kmalloc(MAPPED, GFP_KERNEL);

	if (expect(x, one && other, "no memory")) {
		events_dma_page(x, dev, one);
		sg_init_table(list, ENTRIES);
		sg_set_buf(&list[0], one + 8, MAPPED / 2);
		sg_set_buf(&list[1], other, MAPPED / 3);
		events_dma_list(x, dev, list);
	}
	kfree(one);
	kfree(other);
	events_dma_coherent(x, dev);
}

/* --- reclaim ------------------------------------------------------------------------------ */

#define LARDER	    300U /* pages */
#define PATIENCE_MS 10000U /* only a failure takes that long */

static noinline void events_direct_reclaim(struct trial *x, const struct larder *larder)
{
	unsigned long full = larder->nr;
	struct page *page = alloc_page(__GFP_DIRECT_RECLAIM);

	if (!expect(x, page && larder->nr < full, "no memory was reclaimed"))
		return;
	FACTS_OF_CALL("mm_vmscan_direct_reclaim_begin",
		      "order=0 gfp_flags=__GFP_DIRECT_RECLAIM gfp=%#x",
		      __GFP_DIRECT_RECLAIM);
	FACTS_OF_CALL("mm_vmscan_direct_reclaim_end", "nr_reclaimed=%lu",
		      full - larder->nr);
	__free_page(page);
}

static unsigned long sessions(void)
{
	struct reclaim_info info;

	reclaim_get_info(&info);
	return info.background;
}

/* A request that may not sleep calls the thread, which has slept since the machine's start. */
static void events_kswapd(struct trial *x)
{
	unsigned long before = sessions();
	struct page *page = alloc_page(GFP_NOWAIT | __GFP_NOWARN);
	unsigned int ms = 0;

	while (sessions() == before && ms++ < PATIENCE_MS)
		msleep(1);
	expect(x, sessions() > before, "the thread did not work");
	FACTS("mm_vmscan_kswapd_sleep", "nid=0");
	FACTS("mm_vmscan_kswapd_wake", "nid=0 zid=%d order=0", ZONE_NORMAL);
	if (page)
		__free_page(page);
}

static void events_reclaim(struct trial *x)
{
	struct larder larder;
	LIST_HEAD(held);

	larder_open(x, &larder, LARDER, 0);
	press(&held, 0);
	events_direct_reclaim(x, &larder);
	press(&held, 0);
	events_kswapd(x);
	larder_close(&larder);
	relieve(&held);
}

static void events_happen(struct trial *x, struct kmem_cache *cache)
{
	struct device *dev = dmacheck_device();

	events_fallback(x);
	events_kmalloc(x);
	events_cache(x, cache);
	events_pages(x);
	events_area(x);
	if (dev)
		events_dma(x, dev);
	events_reclaim(x);
}

EXPERIMENT(events_all, "events.all",
	   "each kind of memory event says what the caller knows", .measurement = true)
{
	struct kmem_cache *cache;

	if (too_much_memory(x))
		return;
	cache = kmem_cache_create(CACHE_NAME, BOX, 8, 0, NULL);
	if (!expect(x, cache, "no cache"))
		return;
	events_happen(x, cache);
	/* The events name the cache by its address: while it is there its name can be read. */
	stop_at("events");
	expect(x, !kmem_cache_destroy(cache), "the cache is in use");
	evidence(x, "every kind was made to happen");
}
