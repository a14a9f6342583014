/* SPDX-License-Identifier: MIT */
/*
 * The monitor's end of the DMA checker's channel (abi/dma_check.h): takes entries out of the
 * guest's rings, in their order, and believes nothing.
 */
#ifndef VMM_DMA_CHECK_RING_H
#define VMM_DMA_CHECK_RING_H

#include <stdbool.h>

#include <abi/dma_check.h>

#include "devices/dma/ram.h"

struct dma_ring {
	struct dma_check_ring *shared;
	const struct dma_check_entry *entry;
	uint32_t tail; /* entries taken; shared->tail is only told, never read */
	uint32_t head; /* of this take: tail <= head <= tail + entries */
	uint64_t seq; /* of the last entry taken */
};

struct dma_channel {
	struct dma_check_area *area; /* the guest's; NULL: closed */
	unsigned int nr;
	uint32_t entries; /* of a ring */
	struct dma_ring ring[DMA_CHECK_RINGS_MAX];
};

/* What is done with what comes out of ring number `ring`. */
struct dma_channel_ops {
	/* A copy; its numbers are in order, all else is as the guest wrote it. */
	void (*entry)(void *arg, unsigned int ring, const struct dma_check_entry *e);
	/* Entries were left out, and why. */
	void (*corrupt)(void *arg, const char *what);
};

/* Opens what stands at gpa.  NULL, or what is wrong with it: closed then. */
const char *dma_channel_open(struct dma_channel *ch, const struct ram *ram, uint64_t gpa);
void dma_channel_close(struct dma_channel *ch);

/* Is there anything to take? */
bool dma_channel_pending(const struct dma_channel *ch);
/* Takes all that must be known by now. */
void dma_channel_take(struct dma_channel *ch, const struct dma_channel_ops *ops,
		      void *arg);

#endif
