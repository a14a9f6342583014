/* SPDX-License-Identifier: MIT */
/* Faults that experiments provoke: see fault_watch.h. */
#include <linux/delay.h>

#include <guest/blk.h>
#include <guest/dma_check.h>
#include <guest/dmacheck.h>
#include <guest/edu.h>
#include <guest/viommu.h>

#include "fault_watch.h"

#define WAITS 200 /* for a report, each of 1 ms */

static struct faults seen; /* the reports come one after the other */

struct device *device_behind_iommu(void)
{
	struct device *devices[] = { dmacheck_device(),
				     blk_get(0) ? blk_device(blk_get(0)) : NULL,
				     edu_device() };

	for (unsigned int i = 0; i < ARRAY_SIZE(devices); i++)
		if (devices[i] && viommu_translates(devices[i]))
			return devices[i];
	return NULL;
}

static int note(struct iommu_domain *domain, struct device *dev, unsigned long iova,
		int flags, void *token)
{
	struct faults *f = token;

	(void)domain;
	f->dev = dev;
	f->iova = iova;
	f->write = flags & IOMMU_FAULT_WRITE;
	__atomic_fetch_add(&f->n, 1, __ATOMIC_RELEASE);
	return 0;
}

/* Reports that wait in the queue are taken now. */
static unsigned int count(struct device *dev)
{
	struct viommu_stats stats;

	viommu_get_stats(dev, &stats);
	return __atomic_load_n(&seen.n, __ATOMIC_ACQUIRE);
}

void watch_faults(struct device *dev)
{
	dma_check_provoke(DMA_FOUND_STRAY | DMA_FOUND_BIT(DMA_FOUND_DIRECTION));
	if (!viommu_translates(dev))
		return;
	count(dev);
	seen = (struct faults){ 0 };
	iommu_set_fault_handler(dev->iommu->dma_domain, note, &seen);
}

struct faults end_watch(struct device *dev, bool any)
{
	dma_check_provoke(0);
	if (!viommu_translates(dev))
		return (struct faults){ 0 };
	for (unsigned int i = 0; !count(dev) && any && i < WAITS; i++)
		msleep(1);
	iommu_set_fault_handler(dev->iommu->dma_domain, NULL, NULL);
	return seen;
}
