/* SPDX-License-Identifier: MIT */
/*
 * Addresses for devices: a space of its own for each, handed out and taken back.
 *
 * Witness: the addresses themselves, and the allocator's counts and self-check.  Nothing is
 * transferred, so any device behind the IOMMU will do.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/mm.h>

#include "experiment.h"
#include "fault_watch.h"

#define CHAPTER CHAPTER_IOVA

#define REUSES 16

EXPERIMENT(iova_reuse, "iova.reuse",
	   "an address that was unmapped is the next one that is given, without a search",
	   .needs = NEEDS_IOMMU)
{
	struct device *dev = device_behind_iommu();
	struct page *page = alloc_page(GFP_KERNEL);
	struct iommu_dma_stats before = { 0 }, after;
	unsigned int same = 0;
	dma_addr_t first = 0;

	if (!expect(x, page, "no memory"))
		return;
	if (!iommu_dma_strict()) {
		skip(x, "addresses wait for a flush: iommu.strict=0");
		goto out;
	}
	for (unsigned int i = 0; i <= REUSES; i++) {
		dma_addr_t dma = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);

		if (!expect(x, !dma_mapping_error(dev, dma), "cannot be mapped"))
			break;
		if (!i) {
			first = dma;
			iommu_dma_get_stats(dev, &before);
		}
		same += dma == first;
		dma_unmap_page(dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
	}
	iommu_dma_get_stats(dev, &after);
	expect(x, same == REUSES + 1, "%u of %u times the same", same, REUSES + 1);
	expect(x,
	       after.iova.fast - before.iova.fast == REUSES &&
		       after.iova.slow == before.iova.slow,
	       "%lu from a magazine, %lu from the tree",
	       after.iova.fast - before.iova.fast, after.iova.slow - before.iova.slow);
	evidence(x,
		 "%#lx mapped and unmapped %u times, %u times out of this CPU's magazine",
		 first, REUSES + 1, REUSES);
out:
	__free_page(page);
}

#define MASK_BITS 16U /* 16 pages, of which page 0 is never given */
#define SPACE	  16U
#define BIG_ORDER 3U

/* Maps the page until no address is left; how many times. */
static unsigned int use_up(struct device *dev, struct page *page, dma_addr_t *dma)
{
	unsigned int n = 0;

	while (n < SPACE) {
		dma[n] = dma_map_page_attrs(dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE,
					    DMA_ATTR_NO_WARN);
		if (dma_mapping_error(dev, dma[n]))
			break;
		n++;
	}
	return n;
}

EXPERIMENT(
	iova_exhaust, "iova.exhaust",
	"with no address left a mapping fails; what is unmapped can be had again, also "
	"in one piece",
	.needs = NEEDS_IOMMU)
{
	struct device *dev = device_behind_iommu();
	u64 mask = dma_get_mask(dev);
	struct page *pages = alloc_pages(GFP_KERNEL, BIG_ORDER);
	dma_addr_t dma[SPACE], big;
	unsigned int n;

	if (!expect(x, pages, "no memory"))
		return;
	if (!expect(x, !dma_set_mask(dev, DMA_BIT_MASK(MASK_BITS)), "mask refused"))
		goto out;
	n = use_up(dev, pages, dma);
	expect(x, n == SPACE - 1, "%u pages of %u were given", n, SPACE - 1);
	for (unsigned int i = 0; i < n; i++)
		expect(x, dma[i] + PAGE_SIZE <= SPACE * PAGE_SIZE, "%#lx is too high",
		       dma[i]);
	for (unsigned int i = 0; i < n; i++)
		dma_unmap_page(dev, dma[i], PAGE_SIZE, DMA_TO_DEVICE);
	/* The single pages wait in magazines: they must not be in the way. */
	big = dma_map_page(dev, pages, 0, PAGE_SIZE << BIG_ORDER, DMA_TO_DEVICE);
	if (expect(x, !dma_mapping_error(dev, big), "no %u pages after it",
		   1U << BIG_ORDER))
		dma_unmap_page(dev, big, PAGE_SIZE << BIG_ORDER, DMA_TO_DEVICE);
	expect(x, !iommu_dma_verify(dev), "the addresses are in disorder, see above");
	evidence(x,
		 "%u bits of addresses: %u pages given, then none, then %u in one piece "
		 "at %#lx",
		 MASK_BITS, n, 1U << BIG_ORDER, big);
	*dev->dma_mask = mask;
out:
	__free_pages(pages, BIG_ORDER);
}
