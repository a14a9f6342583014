/* SPDX-License-Identifier: MIT */
/* What devices hold mapped: counted for each device and for all together, and shown to the
 * observer call by call. */
#ifndef MM_DMA_ACCOUNT_H
#define MM_DMA_ACCOUNT_H

#include <linux/compiler.h>
#include <linux/dma-mapping.h>

/* dma_observe(.kind = DMA_EVENT_..., ...): tells the observer, if there is one. */
#define dma_observe(...)                                                               \
	do {                                                                           \
		void (*_observer)(const struct dma_event *) = READ_ONCE(dma_observer); \
                                                                                       \
		if (unlikely(_observer))                                               \
			_observer(&(const struct dma_event){ __VA_ARGS__ });           \
	} while (0)

void dma_count_map(struct device *dev, size_t bytes);
/* False when the device holds no mapping: nothing is counted then. */
bool dma_count_unmap(struct device *dev, size_t bytes);
void dma_count_alloc(struct device *dev, size_t bytes);
void dma_count_free(struct device *dev, size_t bytes);
void dma_count_refusal(struct device *dev);

#endif
