/* SPDX-License-Identifier: MIT */
/* What devices hold mapped: counted for each device and for all together, and shown to the
 * observer call by call. */
#ifndef MM_DMA_ACCOUNT_H
#define MM_DMA_ACCOUNT_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/dma-mapping.h>
#include "mm/trace.h"

/* The sum over all devices, those that are gone included. */
extern struct device_dma_account dma_total;

/* Shows the observer an event, given as initialisers of a struct dma_event; nothing when there
 * is none. */
#define dma_observe(...)                                                    \
	do {                                                                \
		if (unlikely(READ_ONCE(dma_observer)))                      \
			dma_tell(&(const struct dma_event){ __VA_ARGS__ }); \
	} while (0)
void dma_tell(const struct dma_event *event);
/* The same for an event of a list, which is traced, too, if that is wanted. */
#define dma_observe_list(...)                                                    \
	do {                                                                     \
		if (unlikely(READ_ONCE(dma_observer)) || trace_dma_on())         \
			dma_tell_list(&(const struct dma_event){ __VA_ARGS__ }); \
	} while (0)
void dma_tell_list(const struct dma_event *event);

/* One more observer beside those there are, and one less; while no call is in flight.  0, or
 * -ENOSPC.  dma_observer then is what tells them all. */
#define DMA_OBSERVERS 4
int dma_observer_add(void (*observer)(const struct dma_event *event));
void dma_observer_remove(void (*observer)(const struct dma_event *event));

static inline void dma_count_mappings(struct device_dma_account *of, long n, long bytes)
{
	atomic_long_add(n, &of->mappings);
	atomic_long_add(bytes, &of->mapped_bytes);
}

static inline void dma_count_map(struct device *dev, size_t bytes)
{
	dma_count_mappings(&dev->dma, 1, (long)bytes);
	dma_count_mappings(&dma_total, 1, (long)bytes);
}

/* False when the device holds no mapping: nothing is counted then. */
static inline bool dma_count_unmap(struct device *dev, size_t bytes)
{
	if (unlikely(atomic_long_dec_return(&dev->dma.mappings) < 0)) {
		atomic_long_inc(&dev->dma.mappings);
		return false;
	}
	atomic_long_sub((long)bytes, &dev->dma.mapped_bytes);
	dma_count_mappings(&dma_total, -1, -(long)bytes);
	return true;
}

void dma_count_alloc(struct device *dev, size_t bytes);
void dma_count_free(struct device *dev, size_t bytes);
void dma_count_refusal(struct device *dev);

#endif
