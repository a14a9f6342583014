/* SPDX-License-Identifier: MIT */
/* The monitor's DMA checker, as the guest sees it: <abi/dma_check.h>. */
#ifndef GUEST_DMA_CHECK_H
#define GUEST_DMA_CHECK_H

#include <abi/dma_check.h>
#include <linux/types.h>

/* Begins to publish where there is a checker; before the first DMA. */
void dma_check_init(void);
/* All of these do nothing where there is no checker. */
/* What the checker has found, or NULL where there is none.  Exact after dma_check_take(). */
struct dma_check_area *dma_check_area(void);
/* The checker takes all entries before this returns.  Any context. */
void dma_check_take(void);

/* Findings of these kinds, DMA_FOUND_BIT(), are provoked from now on; what was done before is
 * judged as it was then. */
void dma_check_provoke(u64 kinds);
#define DMA_FOUND_BIT(kind) (1ULL << (kind))
/* A device reaches beyond what it was given. */
#define DMA_FOUND_STRAY                                                         \
	(DMA_FOUND_BIT(DMA_FOUND_OUTSIDE) | DMA_FOUND_BIT(DMA_FOUND_PAST_END) | \
	 DMA_FOUND_BIT(DMA_FOUND_AFTER_UNMAP))
/* How many were found and not provoked. */
u64 dma_check_unexpected(void);

#endif
