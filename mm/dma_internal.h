/* SPDX-License-Identifier: MIT */
/* What the parts of the DMA API share. */
#ifndef MM_DMA_INTERNAL_H
#define MM_DMA_INTERNAL_H

#include <linux/compiler.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>

/* Bus address = physical address. */
extern const struct dma_map_ops dma_direct_ops;

static inline const struct dma_map_ops *dma_ops_of(const struct device *dev)
{
	return unlikely(dev->dma_ops) ? dev->dma_ops : &dma_direct_ops;
}

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
