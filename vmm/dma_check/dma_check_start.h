/* SPDX-License-Identifier: MIT */
/*
 * Who gave a device its work.  A driver says for which requests it is about to ring
 * (DMA_CHECK_STARTED); an access is somebody's by the request that it is for.
 */
#ifndef VMM_DMA_CHECK_START_H
#define VMM_DMA_CHECK_START_H

#include "devices/dma/dma.h"
#include "vmm/dma_check/dma_check_map.h"

#define DMA_STARTS_MAX 256u

/* Without memory nothing is known. */
void dma_start_add(struct dma_device *device, const struct dma_check_entry *e,
		   const struct dma_chain *call);
/* Who told the device of that request; DMA_NO_REQUEST: who told it of anything last.  NULL: not
 * known, as for a NULL device. */
const struct dma_chain *dma_start_of(const struct dma_device *device,
				     dma_request request);

#endif
