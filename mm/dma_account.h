/* SPDX-License-Identifier: MIT */
/* What devices hold mapped: counted for each device and for all together, and shown to the
 * observer call by call. */
#ifndef MM_DMA_ACCOUNT_H
#define MM_DMA_ACCOUNT_H

#include <linux/compiler.h>
#include <linux/dma-mapping.h>

/* The sum over all devices, those that are gone included. */
extern struct device_dma_account dma_total;

/* Tell the observer; members as in struct dma_event. */
void dma_tell_range(enum dma_event_kind kind, struct device *dev, dma_addr_t addr,
		    phys_addr_t phys, size_t size, enum dma_data_direction dir,
		    unsigned long caller);
void dma_tell_sg(enum dma_event_kind kind, struct device *dev, struct scatterlist *sg,
		 int nents, int mapped, size_t size, enum dma_data_direction dir,
		 unsigned long caller);

/* The same if there is an observer: one test when there is none. */
#define dma_observe_range(...)                         \
	do {                                           \
		if (unlikely(READ_ONCE(dma_observer))) \
			dma_tell_range(__VA_ARGS__);   \
	} while (0)
#define dma_observe_sg(...)                            \
	do {                                           \
		if (unlikely(READ_ONCE(dma_observer))) \
			dma_tell_sg(__VA_ARGS__);      \
	} while (0)

void dma_count_map(struct device *dev, size_t bytes);
/* False when the device holds no mapping: nothing is counted then. */
bool dma_count_unmap(struct device *dev, size_t bytes);
void dma_count_alloc(struct device *dev, size_t bytes);
void dma_count_free(struct device *dev, size_t bytes);
void dma_count_refusal(struct device *dev);

#endif
