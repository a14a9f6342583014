/* SPDX-License-Identifier: MIT */
/* Devices behind the IOMMU, and the faults that it reports of them. */
#ifndef GUEST_EXPERIMENTS_FAULT_WATCH_H
#define GUEST_EXPERIMENTS_FAULT_WATCH_H

#include <linux/iommu.h>

#include "experiment.h"

/* A device that the IOMMU translates for: dmacheck, else a disk, else edu; NULL. */
struct device *device_behind_iommu(void);

/* What was reported since watch_faults(). */
struct faults {
	unsigned int n;
	struct device *dev; /* of the last one, as are those that follow */
	unsigned long iova;
	bool write;
};

/* From here on faults of the device in its own domain are counted and not printed, and the
 * DMA checker takes stray accesses, and those against the direction, for provoked. */
void watch_faults(struct device *dev);
/* Until here: what came.  Waits for the first one if there shall be any. */
struct faults end_watch(struct device *dev, bool any);

#endif
