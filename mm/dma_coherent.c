/* SPDX-License-Identifier: MIT */
/* Coherent buffers, and what a device can address. */
#include <linux/mm.h>
#include "mm/dma_account.h"
#include "mm/dma_internal.h"

/* 0: the buffer is no one piece of the direct map. */
static phys_addr_t phys_of(const void *vaddr)
{
	return virt_addr_valid(vaddr) ? virt_to_phys(vaddr) : 0;
}

void *dma_alloc_attrs(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp,
		      unsigned long attrs)
{
	size_t bytes;
	void *vaddr;

	if (!size || size > SIZE_MAX - PAGE_SIZE || !dev->coherent_dma_mask)
		return NULL;
	bytes = PAGE_ALIGN(size);
	vaddr = dma_ops_of(dev)->alloc(dev, bytes, handle, gfp, attrs);
	if (!vaddr)
		return NULL;
	dma_count_alloc(dev, bytes);
	trace_rare(TRACE_DMA_ALLOC, DMA_CALLER->pc, dev->endpoint, (unsigned long)vaddr,
		   *handle, size, trace_pair(gfp, (u32)attrs));
	dma_observe(.kind = DMA_EVENT_ALLOC, .dev = dev, .addr = *handle,
		    .phys = phys_of(vaddr), .size = size, .attrs = attrs, .vaddr = vaddr,
		    .gfp = gfp, .caller = DMA_CALLER);
	return vaddr;
}

void dma_free_attrs(struct device *dev, size_t size, void *vaddr, dma_addr_t handle,
		    unsigned long attrs)
{
	size_t bytes = PAGE_ALIGN(size);

	if (!vaddr)
		return;
	trace_rare(TRACE_DMA_FREE, DMA_CALLER->pc, dev->endpoint, (unsigned long)vaddr,
		   handle, size, trace_pair(0, (u32)attrs));
	dma_observe(.kind = DMA_EVENT_FREE, .dev = dev, .addr = handle,
		    .phys = phys_of(vaddr), .size = size, .attrs = attrs, .vaddr = vaddr,
		    .caller = DMA_CALLER);
	if (bytes && dma_ops_of(dev)->free(dev, bytes, vaddr, handle, attrs)) {
		dma_count_free(dev, bytes);
		return;
	}
	if (dma_first_trouble(dev, DMA_TROUBLE_FREE)) {
		dev_err(dev, "no coherent buffer: %lu bytes at %lx, bus address %llx\n",
			bytes, (unsigned long)vaddr, (unsigned long long)handle);
		__warn(__FILE__, __LINE__, "free of what is no coherent buffer");
	}
}

static bool supported(struct device *dev, u64 mask)
{
	const struct dma_map_ops *ops = dma_ops_of(dev);

	return !ops->supported || ops->supported(dev, mask);
}

int dma_set_mask(struct device *dev, u64 mask)
{
	if (!dev->dma_mask || !supported(dev, mask))
		return -EIO;
	*dev->dma_mask = mask;
	dma_choose_ops(dev);
	return 0;
}

int dma_set_coherent_mask(struct device *dev, u64 mask)
{
	if (!supported(dev, mask))
		return -EIO;
	dev->coherent_dma_mask = mask;
	return 0;
}

int dma_set_mask_and_coherent(struct device *dev, u64 mask)
{
	int err = dma_set_mask(dev, mask);

	return err ? err : dma_set_coherent_mask(dev, mask);
}

size_t dma_max_mapping_size(struct device *dev)
{
	const struct dma_map_ops *ops = dma_ops_of(dev);

	return ops->max_mapping_size ? ops->max_mapping_size(dev) : SIZE_MAX;
}
