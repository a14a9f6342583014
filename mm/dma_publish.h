/* SPDX-License-Identifier: MIT */
/*
 * The guest's end of the DMA checker's channel (abi/dma_check.h): an observer of the DMA API
 * that writes an entry with the driver's call chain for each call.
 */
#ifndef MM_DMA_PUBLISH_H
#define MM_DMA_PUBLISH_H

#include <abi/dma_check.h>
#include <linux/types.h>

/*
 * Sets the channel up, with a ring of `entries` (a power of two) for each possible CPU, and
 * begins to observe.  `take` makes the monitor take all entries before it returns; called
 * with interrupts off when a ring is full, and, with each_call, from every map, unmap and
 * sync.  The area's physical address goes to the monitor before the first DMA.
 * 0, -EINVAL, -EBUSY (it runs already) or -ENOMEM.
 */
int dma_publish_start(unsigned int entries, void (*take)(void), bool each_call);
/* Nothing is published any more, and the memory is freed.  No call of the API in flight. */
void dma_publish_stop(void);
/* While it runs, else NULL. */
struct dma_check_area *dma_publish_area(void);

#endif
