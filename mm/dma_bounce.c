/* SPDX-License-Identifier: MIT */
/*
 * The DMA API for devices that cannot reach all of RAM: what they reach is mapped directly,
 * what they do not goes through a bounce buffer (swiotlb.c).  Such a device gets these ops
 * when it sets its mask, so all others pay nothing.
 */
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/swiotlb.h>
#include "mm/dma_internal.h"
#include "mm/platform.h"

static dma_addr_t map(struct device *dev, phys_addr_t phys, size_t size,
		      enum dma_data_direction dir, unsigned long attrs)
{
	phys_addr_t tlb;

	if (dma_reaches(dma_get_mask(dev), phys, size) && !swiotlb_forced())
		return phys;
	tlb = swiotlb_map(dev, phys, size, dir, attrs);
	return tlb == PHYS_ADDR_MAX ? DMA_MAPPING_ERROR : tlb;
}

/* What a call about slots found is none of this device's mappings. */
static void check(struct device *dev, bool good, dma_addr_t addr, size_t size)
{
	if (likely(good) || !dma_first_trouble(dev, DMA_TROUBLE_UNMAP))
		return;
	dev_err(dev, "no bounce buffer of %lu bytes at %llx\n", size,
		(unsigned long long)addr);
	__warn(__FILE__, __LINE__, "DMA unmap or sync of what is not mapped so");
}

static void unmap(struct device *dev, dma_addr_t addr, size_t size,
		  enum dma_data_direction dir, unsigned long attrs)
{
	if (is_swiotlb_buffer(addr))
		check(dev, swiotlb_unmap(dev, addr, size, dir, attrs), addr, size);
}

static dma_addr_t map_page(struct device *dev, struct page *page, size_t offset,
			   size_t size, enum dma_data_direction dir, unsigned long attrs)
{
	return map(dev, page_to_phys(page) + offset, size, dir, attrs);
}

static void unmap_sg(struct device *dev, struct scatterlist *sgl, int nents,
		     enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg (sgl, sg, nents, i)
		unmap(dev, sg_dma_address(sg), sg_dma_len(sg), dir, attrs);
}

static int map_sg(struct device *dev, struct scatterlist *sgl, int nents,
		  enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg (sgl, sg, nents, i) {
		sg->dma_address = map(dev, sg_phys(sg), sg->length, dir, attrs);
		sg->dma_length = sg->length;
		if (sg->dma_address != DMA_MAPPING_ERROR)
			continue;
		/* The device has seen none of it: nothing to bring back. */
		unmap_sg(dev, sgl, i, dir, attrs | DMA_ATTR_SKIP_CPU_SYNC);
		return -EIO;
	}
	return nents;
}

static void sync_for_cpu(struct device *dev, dma_addr_t addr, size_t size,
			 enum dma_data_direction dir)
{
	if (is_swiotlb_buffer(addr))
		check(dev, swiotlb_sync_for_cpu(dev, addr, size, dir), addr, size);
}

static void sync_for_device(struct device *dev, dma_addr_t addr, size_t size,
			    enum dma_data_direction dir)
{
	if (is_swiotlb_buffer(addr))
		check(dev, swiotlb_sync_for_device(dev, addr, size, dir), addr, size);
}

static void sync_sg_for_cpu(struct device *dev, struct scatterlist *sgl, int nents,
			    enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sg (sgl, sg, nents, i)
		sync_for_cpu(dev, sg_dma_address(sg), sg_dma_len(sg), dir);
}

static void sync_sg_for_device(struct device *dev, struct scatterlist *sgl, int nents,
			       enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sg (sgl, sg, nents, i)
		sync_for_device(dev, sg_dma_address(sg), sg_dma_len(sg), dir);
}

static size_t max_mapping_size(struct device *dev)
{
	(void)dev;
	return swiotlb_max_mapping_size();
}

static const struct dma_map_ops dma_bounce_ops = {
	.alloc = dma_direct_alloc,
	.free = dma_direct_free,
	.map_page = map_page,
	.unmap_page = unmap,
	.map_resource = dma_direct_map_resource, /* there is nothing to copy from */
	.map_sg = map_sg,
	.unmap_sg = unmap_sg,
	.sync_single_for_cpu = sync_for_cpu,
	.sync_single_for_device = sync_for_device,
	.sync_sg_for_cpu = sync_sg_for_cpu,
	.sync_sg_for_device = sync_sg_for_device,
	.supported = dma_direct_supported,
	.max_mapping_size = max_mapping_size,
};

void dma_choose_ops(struct device *dev)
{
	u64 last = PFN_PHYS(max_pfn) - 1;

	if (dev->dma_ops && dev->dma_ops != &dma_bounce_ops)
		return;
	if (dma_get_mask(dev) < last || swiotlb_forced()) {
		if (!swiotlb_prepare(dev))
			dev->dma_ops = &dma_bounce_ops;
	} else if (!atomic_long_read(&dev->dma.mappings)) {
		/* What is mapped now may lie in slots, and goes by these ops. */
		dev->dma_ops = NULL;
	}
}
