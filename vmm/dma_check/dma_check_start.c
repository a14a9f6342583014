/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "vmm/dma_check/dma_check_start.h"

struct dma_start {
	uint64_t queue;
	uint16_t first, nr; /* requests, modulo 2^16 */
	struct dma_chain call;
};

void dma_start_add(struct dma_device *device, const struct dma_check_entry *e,
		   const struct dma_chain *call)
{
	if (!device->start)
		device->start = calloc(DMA_STARTS_MAX, sizeof(*device->start));
	if (!device->start)
		return;
	device->start[device->nr_starts++ % DMA_STARTS_MAX] =
		(struct dma_start){ .queue = e->addr,
				    .first = (uint16_t)e->phys,
				    .nr = (uint16_t)e->size,
				    .call = *call };
}

static bool is_about(const struct dma_start *s, dma_request request)
{
	uint16_t n = (uint16_t)request;

	return request == DMA_NO_REQUEST ||
	       (s->queue == (request >> 16) - 1 && (uint16_t)(n - s->first) < s->nr);
}

/* The last one counts: the numbers of a queue come again, at the latest when it is reset. */
const struct dma_chain *dma_start_of(const struct dma_device *device, dma_request request)
{
	uint64_t n = device ? device->nr_starts : 0;

	for (unsigned int i = 0; i < n && i < DMA_STARTS_MAX; i++) {
		const struct dma_start *s = &device->start[(n - 1 - i) % DMA_STARTS_MAX];

		if (is_about(s, request))
			return &s->call;
	}
	return NULL;
}
