/* SPDX-License-Identifier: MIT */
/* What devices hold mapped: counted for each device and for all together, and shown to the
 * observer call by call. */
#ifndef MM_DMA_ACCOUNT_H
#define MM_DMA_ACCOUNT_H

#include <linux/compiler.h>
#include <linux/dma-mapping.h>
#include "mm/trace.h"

/* The sum over all devices, those that are gone included. */
extern struct device_dma_account dma_total;

/* Shows the observer an event, given as initialisers of a struct dma_event, and traces it;
 * nothing when neither is wanted. */
#define dma_observe(...)                                                    \
	do {                                                                \
		if (unlikely(READ_ONCE(dma_observer)) || trace_dma_on())    \
			dma_tell(&(const struct dma_event){ __VA_ARGS__ }); \
	} while (0)
void dma_tell(const struct dma_event *event);
/* The same where the caller traces it: all but lists. */
#define dma_show(...)                                                       \
	do {                                                                \
		if (unlikely(READ_ONCE(dma_observer)))                      \
			dma_tell(&(const struct dma_event){ __VA_ARGS__ }); \
	} while (0)

/* One more observer beside those there are, and one less; while no call is in flight.  0, or
 * -ENOSPC.  dma_observer then is what tells them all. */
#define DMA_OBSERVERS 4
int dma_observer_add(void (*observer)(const struct dma_event *event));
void dma_observer_remove(void (*observer)(const struct dma_event *event));

void dma_count_map(struct device *dev, size_t bytes);
/* False when the device holds no mapping: nothing is counted then. */
bool dma_count_unmap(struct device *dev, size_t bytes);
void dma_count_alloc(struct device *dev, size_t bytes);
void dma_count_free(struct device *dev, size_t bytes);
void dma_count_refusal(struct device *dev);

#endif
