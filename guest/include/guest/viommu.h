/* SPDX-License-Identifier: MIT */
/*
 * The virtio-iommu, for those who ask about it: the DMA API uses it through <linux/iommu.h>.
 */
#ifndef GUEST_VIOMMU_H
#define GUEST_VIOMMU_H

#include <linux/device.h>

/* Finds IOMMUs and puts the devices behind them into domains of their own; before any other
 * driver maps anything. */
int virtio_iommu_init(void);

/* Is the device behind a virtio-iommu? */
bool viommu_translates(const struct device *dev);

/* Does DMA of devices in no domain pass untranslated (true) or fail?  The driver ends with
 * false.  -ENODEV: behind no virtio-iommu; -EOPNOTSUPP: it cannot choose. */
int viommu_set_bypass(struct device *dev, bool bypass);

struct viommu_stats {
	unsigned long requests; /* sent so far */
	unsigned long waits; /* times that an answer was waited for */
	unsigned long refused; /* requests that failed */
	unsigned long events; /* faults that the device reported */
	unsigned long mappings; /* in the device's domain now */
};
/* Takes in what the device has reported before.  -ENODEV. */
int viommu_get_stats(struct device *dev, struct viommu_stats *stats);

#endif
