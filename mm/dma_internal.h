/* SPDX-License-Identifier: MIT */
/* What the parts of the DMA API share. */
#ifndef MM_DMA_INTERNAL_H
#define MM_DMA_INTERNAL_H

#include <linux/compiler.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>

/* Bus address = physical address. */
extern const struct dma_map_ops dma_direct_ops;

void *dma_direct_alloc(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp,
		       unsigned long attrs);
bool dma_direct_free(struct device *dev, size_t size, void *vaddr, dma_addr_t handle,
		     unsigned long attrs);
bool dma_direct_supported(struct device *dev, u64 mask);

/* Is [phys, phys + size) below the mask?  size > 0. */
static inline bool dma_reaches(u64 mask, phys_addr_t phys, size_t size)
{
	phys_addr_t last;

	return !__builtin_add_overflow(phys, size - 1, &last) && last <= mask;
}

/* As alloc_pages_exact(), below the mask. */
void *dma_alloc_in_zones(u64 mask, size_t size, gfp_t gfp);

/* Direct or through bounce buffers, by the device's mask, unless its bus has chosen. */
void dma_choose_ops(struct device *dev);

/* What the device cannot reach, said once; DMA_MAPPING_ERROR. */
dma_addr_t dma_direct_refuse(struct device *dev, phys_addr_t phys, size_t size,
			     unsigned long attrs);

static inline dma_addr_t dma_direct_map(struct device *dev, phys_addr_t phys, size_t size,
					unsigned long attrs)
{
	if (likely(dma_reaches(dma_get_mask(dev), phys, size)))
		return phys;
	return dma_direct_refuse(dev, phys, size, attrs);
}

static inline const struct dma_map_ops *dma_ops_of(const struct device *dev)
{
	return unlikely(dev->dma_ops) ? dev->dma_ops : &dma_direct_ops;
}

dma_addr_t dma_direct_map_resource(struct device *dev, phys_addr_t phys, size_t size,
				   enum dma_data_direction dir, unsigned long attrs);

/* Kinds of trouble; each is printed once for each device (device.dma_reported). */
enum dma_trouble {
	DMA_TROUBLE_ARGS, /* a direction or size that makes no sense */
	DMA_TROUBLE_BUFFER, /* memory outside the direct map */
	DMA_TROUBLE_MASK, /* memory the device cannot reach */
	DMA_TROUBLE_UNMAP, /* more unmapped than mapped */
	DMA_TROUBLE_FREE, /* a coherent buffer that is none */
};

/* Is this the first trouble of its kind for the device?  Then it is worth a line. */
bool dma_first_trouble(struct device *dev, enum dma_trouble kind);

#endif
