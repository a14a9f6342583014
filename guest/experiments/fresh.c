/* SPDX-License-Identifier: MIT */
/* Memory that the host has given nothing for yet: see fresh.h. */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include <guest/dmacheck.h>

#include "fresh.h"
#include "pressure.h"

/* Free blocks of smaller orders are left for others. */
#define SMALLEST 3U

/* Whatever the watermarks say, and without a word when there is none. */
#define GFP_TAKE (__GFP_HIGHMEM | __GFP_MOVABLE | __GFP_MEMALLOC | __GFP_NOWARN)

/* Bytes of a block that the host has given. */
static u64 given_for(struct trial *x, struct page *block)
{
	struct device *dev = dmacheck_device();
	dma_addr_t dma;
	u64 bytes = ~0ULL;

	dma = dma_map_page(dev, block, 0, MAX_ORDER_SIZE, DMA_TO_DEVICE);
	if (!expect(x, !dma_mapping_error(dev, dma), "a block cannot be mapped"))
		return bytes;
	expect(x, !dmacheck_resident(dma, MAX_ORDER_SIZE, &bytes), "the device refuses");
	dma_unmap_page(dev, dma, MAX_ORDER_SIZE, DMA_TO_DEVICE);
	return bytes;
}

/* All from one zone, and for everybody. */
static bool is_suitable(struct trial *x, const struct fresh *f, struct page *block)
{
	if (f->nr == FRESH_BLOCKS || page_zonenum(block) == ZONE_DMA ||
	    get_pageblock_migratetype(block) == MIGRATE_CMA ||
	    (f->nr && page_zonenum(block) != page_zonenum(f->block[0])))
		return false;
	return !given_for(x, block);
}

static void take_blocks(struct trial *x, struct fresh *f)
{
	struct page *page;

	drain_all_pages();
	while ((page = alloc_pages(GFP_TAKE, MAX_ORDER))) {
		if (is_suitable(x, f, page)) {
			f->block[f->nr++] = page;
			continue;
		}
		set_page_private(page, MAX_ORDER);
		list_add(&page->lru, &f->held);
	}
	for (unsigned int order = MAX_ORDER; order-- > SMALLEST;)
		while ((page = alloc_pages(GFP_TAKE, order))) {
			set_page_private(page, order);
			list_add(&page->lru, &f->held);
		}
}

void fresh_only(struct trial *x, struct fresh *f)
{
	f->nr = 0;
	INIT_LIST_HEAD(&f->held);
	if (!dmacheck_device())
		return;
	take_blocks(x, f);
	for (unsigned int i = 0; i < f->nr; i++)
		__free_pages(f->block[i], MAX_ORDER);
	if (f->nr < FRESH_BLOCKS)
		fresh_end(f);
}

void fresh_end(struct fresh *f)
{
	relieve(&f->held);
	f->nr = 0;
}

u64 fresh_resident(struct trial *x, const struct fresh *f)
{
	u64 bytes = 0;

	for (unsigned int i = 0; i < f->nr; i++)
		bytes += given_for(x, f->block[i]);
	return bytes;
}

bool fresh_has(const struct fresh *f, phys_addr_t pa)
{
	for (unsigned int i = 0; i < f->nr; i++)
		if (pa - page_to_phys(f->block[i]) < MAX_ORDER_SIZE)
			return true;
	return false;
}
