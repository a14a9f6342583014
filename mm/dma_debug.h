/* SPDX-License-Identifier: MIT */
/*
 * dma_debug=on: books of every live mapping, with the call that made it, for who looks at the
 * kernel from outside (abi/memstate.h).  Nothing here judges: that is the DMA checker's.
 */
#ifndef MM_DMA_DEBUG_H
#define MM_DMA_DEBUG_H

#include <linux/types.h>

struct device;

#define DMA_DEBUG_ENTRIES 4096U /* a power of two */

/* A mapping; each segment of a scatter list is one. */
struct dma_debug_entry {
	u8 kind; /* MEMSTATE_DMA_*; 0: free; written last when taken */
	u8 dir;
	u16 unused;
	u32 endpoint;
	dma_addr_t addr;
	phys_addr_t phys; /* 0: not known */
	u64 size;
	unsigned long caller;
	const struct device *dev;
	const char *name; /* of the device */
	dma_addr_t list; /* of a segment: where the first one of its list is */
};

extern struct dma_debug_entry *dma_debug_entries; /* NULL: off */
extern u64 dma_debug_lost; /* mappings that found no room */

/* The value of the option: on, 1, off, 0.  0, or -EINVAL for any other. */
int dma_debug_setup(const char *arg);
/* Takes memory where it was switched on, and begins to watch; before any device is. */
int dma_debug_init(void);
void dma_debug_reset(void);

#endif
