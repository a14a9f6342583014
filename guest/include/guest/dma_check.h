/* SPDX-License-Identifier: MIT */
/* The monitor's DMA checker, as the guest sees it: <abi/dma_check.h>. */
#ifndef GUEST_DMA_CHECK_H
#define GUEST_DMA_CHECK_H

#include <abi/dma_check.h>
#include <linux/types.h>

/* Begins to publish where there is a checker; before the first DMA. */
void dma_check_init(void);
/* What the checker has found, or NULL where there is none.  Exact after dma_check_take(). */
struct dma_check_area *dma_check_area(void);
/* The checker takes all entries before this returns.  Any context. */
void dma_check_take(void);

#endif
