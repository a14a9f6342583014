/* SPDX-License-Identifier: MIT */
/*
 * Direct mapping: the device puts physical addresses on the bus.  Nothing is set up or
 * torn down, caches are coherent; all there is to do is to refuse what the device cannot
 * reach, and to choose memory that it can.
 */
#include <linux/cma.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include "mm/dma_internal.h"

dma_addr_t dma_direct_refuse(struct device *dev, phys_addr_t phys, size_t size,
			     unsigned long attrs)
{
	if (!(attrs & DMA_ATTR_NO_WARN) && dma_first_trouble(dev, DMA_TROUBLE_MASK))
		dev_err(dev, "DMA to %llx+%lx is beyond the mask %llx\n",
			(unsigned long long)phys, size,
			(unsigned long long)dma_get_mask(dev));
	return DMA_MAPPING_ERROR;
}

dma_addr_t dma_direct_map_resource(struct device *dev, phys_addr_t phys, size_t size,
				   enum dma_data_direction dir, unsigned long attrs)
{
	(void)dir;
	return dma_direct_map(dev, phys, size, attrs);
}

/* Entries are independent: those before one that fails need no undoing. */
static int direct_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
			 enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	(void)dir;
	for_each_sg (sgl, sg, nents, i) {
		sg->dma_address = dma_direct_map(dev, sg_phys(sg), sg->length, attrs);
		if (sg->dma_address == DMA_MAPPING_ERROR)
			return -EIO;
		sg->dma_length = sg->length;
	}
	return nents;
}

/* The zone that lies below the mask, or most nearly so. */
static gfp_t zone_for(u64 mask)
{
	if (mask < PFN_PHYS(MAX_DMA_PFN))
		return GFP_DMA;
	if (mask < PFN_PHYS(MAX_DMA32_PFN))
		return GFP_DMA32;
	return 0;
}

/* Zones are coarser than masks: where a zone gave memory beyond the mask, the next smaller
 * one is asked.  (Where it gave none, the allocator has asked the smaller ones itself.) */
void *dma_alloc_in_zones(u64 mask, size_t size, gfp_t gfp)
{
	gfp_t zone = zone_for(mask);

	for (;;) {
		void *vaddr = alloc_pages_exact(size, gfp | zone);

		if (!vaddr || dma_reaches(mask, virt_to_phys(vaddr), size))
			return vaddr;
		free_pages_exact(vaddr, size);
		if (zone == GFP_DMA)
			return NULL;
		zone = zone == GFP_DMA32 ? GFP_DMA : GFP_DMA32;
	}
}

static void *alloc_in_area(struct device *dev, u64 mask, size_t size, gfp_t gfp)
{
	struct page *page = dma_alloc_contiguous(dev, size, gfp);

	if (!page || dma_reaches(mask, page_to_phys(page), size))
		return page ? page_to_virt(page) : NULL;
	dma_free_contiguous(dev, page, size);
	return NULL;
}

/* Small buffers come from the page allocator; those that it does not have, or that are
 * larger than its blocks, from the contiguous area. */
void *dma_direct_alloc(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp,
		       unsigned long attrs)
{
	u64 mask = dev->coherent_dma_mask;
	gfp_t quiet = cma_get_size() ? __GFP_NOWARN : 0;
	void *vaddr = NULL;

	if (attrs & DMA_ATTR_NO_WARN)
		gfp |= __GFP_NOWARN;
	gfp = (gfp & ~GFP_ZONEMASK) | __GFP_ZERO;
	if (size <= MAX_ORDER_SIZE)
		vaddr = dma_alloc_in_zones(mask, size, gfp | quiet);
	if (!vaddr)
		vaddr = alloc_in_area(dev, mask, size, gfp);
	if (vaddr)
		*handle = virt_to_phys(vaddr);
	return vaddr;
}

bool dma_direct_free(struct device *dev, size_t size, void *vaddr, dma_addr_t handle,
		     unsigned long attrs)
{
	(void)attrs;
	if (!PAGE_ALIGNED(vaddr) || !virt_addr_valid(vaddr) ||
	    virt_to_phys(vaddr) != handle)
		return false;
	if (dma_free_contiguous(dev, virt_to_page(vaddr), size))
		return true;
	if (size > MAX_ORDER_SIZE)
		return false;
	free_pages_exact(vaddr, size);
	return true;
}

/* Some RAM must lie below the mask: all of it, or at least ZONE_DMA. */
bool dma_direct_supported(struct device *dev, u64 mask)
{
	(void)dev;
	return mask >= min(PFN_PHYS(max_pfn), PFN_PHYS(MAX_DMA_PFN)) - 1;
}

/* A page is mapped in line: dma_direct_map(). */
const struct dma_map_ops dma_direct_ops = {
	.alloc = dma_direct_alloc,
	.free = dma_direct_free,
	.map_resource = dma_direct_map_resource,
	.map_sg = direct_map_sg,
	.supported = dma_direct_supported,
};
