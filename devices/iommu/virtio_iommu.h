/* SPDX-License-Identifier: MIT */
/*
 * virtio IOMMU (virtio 1.2, section 5.13): the requests of devices/iommu/iommu.h over a virtqueue,
 * and faults reported over another.
 *
 * Offered: INPUT_RANGE, DOMAIN_RANGE, MAP_UNMAP, PROBE, BYPASS_CONFIG; a mapping flag MMIO
 * is refused.  A request that takes something away completes when nothing of it is in
 * flight any more; others may complete before it.  One event for each access that the IOMMU
 * stopped; without a buffer for it the event is lost, and counted.
 *
 * The device's own rings are at guest-physical addresses.
 */
#ifndef DEVICES_VIRTIO_IOMMU_H
#define DEVICES_VIRTIO_IOMMU_H

#include "devices/pci/pci.h"
#include "devices/virtio/virtio.h"

#define VIRTIO_IOMMU_PROBE_SIZE	  256u
#define VIRTIO_IOMMU_LAST_ADDR	  0xffffffffffffull /* 48 bits of I/O addresses */
#define VIRTIO_IOMMU_LAST_DOMAIN  0xffffu
#define VIRTIO_IOMMU_MAX_MAPPINGS (1u << 18) /* 20 MiB; all gone in 0.1 s */

struct virtio_iommu_params {
	const char *name;
	bool boot_bypass; /* devices reach all of memory until a driver says otherwise */
	uint64_t max_mappings; /* 0: VIRTIO_IOMMU_MAX_MAPPINGS */
};

/* 0 or -ENOMEM. */
int virtio_iommu_create(const struct virtio_iommu_params *params,
			struct virtio_dev **out);

/* Puts a plugged function behind the IOMMU, which must outlive it or be destroyed first:
 * both are allowed.  0; -EEXIST, -ERANGE as iommu_adopt(). */
int virtio_iommu_adopt(struct virtio_dev *vd, struct pci_dev *dev);

#endif
