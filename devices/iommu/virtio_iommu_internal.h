/* SPDX-License-Identifier: MIT */
/* What the files of the virtio IOMMU share. */
#ifndef DEVICES_VIRTIO_IOMMU_INTERNAL_H
#define DEVICES_VIRTIO_IOMMU_INTERNAL_H

#include <abi/virtio_iommu.h>

#include "devices/iommu/iommu.h"
#include "devices/util.h"
#include "devices/iommu/virtio_iommu.h"

#define VIRTIO_IOMMU_QUEUE_SIZE 256u

/* A request that takes something away, with transfers in flight over it. */
struct iommu_pending {
	struct virtq_chain *chain;
	struct iommu_wait wait;
	uint64_t holds; /* that have not ended; not 0 */
};

struct iommu_stats {
	uint64_t attaches, detaches, maps, unmaps, probes; /* that succeeded */
	uint64_t refused; /* requests answered with another status, or not at all */
	uint64_t waited; /* requests that had to wait for transfers */
	uint64_t events, lost_events;
};

struct virtio_iommu {
	struct virtio_dev vd;
	struct iommu iommu;
	struct virtio_iommu_config config;
	bool boot_bypass;
	/* [0, nr_pending), in no order: never more than there are chains in the queue. */
	struct iommu_pending pending[VIRTIO_IOMMU_QUEUE_SIZE];
	unsigned int nr_pending;
	struct iommu_stats stats;
};

static inline struct virtio_iommu *virtio_iommu_of(struct dma_translator *t)
{
	return container_of(t, struct virtio_iommu, iommu.translator);
}

/* Takes one request of a struct virtio_iommu, for virtq_process(). */
bool virtio_iommu_handle(void *arg, struct virtq_chain *chain);
/* The translator's: answers the requests that nothing keeps waiting any more. */
void virtio_iommu_released(struct dma_translator *t, struct dma_port *port,
			   const struct dma_hold *hold);
/* Completes what waits, by making the devices finish; when the queue is being reset,
 * forgets it. */
void virtio_iommu_end_waiting(struct virtio_iommu *v);

#endif
