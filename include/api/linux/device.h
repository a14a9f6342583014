/* SPDX-License-Identifier: MIT */
/* What the DMA API needs to know of a device (include/linux/device.h).  A bus's own
 * device (struct pci_dev) embeds one. */
#ifndef _LINUX_DEVICE_H
#define _LINUX_DEVICE_H

#include <linux/types.h>
#include <linux/printk.h>

struct dma_map_ops;
struct dev_iommu;

/* Limits of the device's scatter-gather engine.  0 means the default. */
struct device_dma_parameters {
	unsigned int max_segment_size; /* bytes; default 64 KiB */
	unsigned long segment_boundary_mask; /* default 4 GiB - 1 */
};

/* What the device holds mapped now: exact at any moment when no call is in flight. */
struct device_dma_account {
	atomic_long_t mappings; /* streaming: single, page; one for each sg list */
	atomic_long_t mapped_bytes; /* and their sizes */
	atomic_long_t coherent; /* coherent buffers */
	atomic_long_t coherent_bytes; /* page-rounded */
	atomic_long_t refused; /* mappings refused (DMA_MAPPING_ERROR) so far */
};

struct device {
	struct device *parent;
	const char *name; /* as printed in messages: "0000:00:03.0" */
	u32 endpoint; /* bus << 8 | device << 3 | function: the IOMMU's number for it */

	/* Addresses the device can put on the bus for streaming mappings.  NULL: no DMA. */
	u64 *dma_mask;
	u64 coherent_dma_mask; /* the same for coherent buffers */
	struct device_dma_parameters *dma_parms; /* NULL: defaults, not settable */
	const struct dma_map_ops *dma_ops; /* NULL: bus address = physical address */
	struct dev_iommu *iommu; /* its IOMMU's (<linux/iommu.h>); NULL: behind none */

	struct device_dma_account dma;
	unsigned int dma_reported; /* kinds of trouble printed already: once each */

	void *driver_data;
};

static inline const char *dev_name(const struct device *dev)
{
	return dev->name ? dev->name : "(unnamed device)";
}

static inline void *dev_get_drvdata(const struct device *dev)
{
	return dev->driver_data;
}

static inline void dev_set_drvdata(struct device *dev, void *data)
{
	dev->driver_data = data;
}

#define dev_err(dev, fmt, ...)	pr_err("%s: " fmt, dev_name(dev), ##__VA_ARGS__)
#define dev_warn(dev, fmt, ...) pr_warn("%s: " fmt, dev_name(dev), ##__VA_ARGS__)
#define dev_info(dev, fmt, ...) pr_info("%s: " fmt, dev_name(dev), ##__VA_ARGS__)
#define dev_dbg(dev, fmt, ...)	pr_debug("%s: " fmt, dev_name(dev), ##__VA_ARGS__)

#endif
