/* SPDX-License-Identifier: MIT */
/*
 * IOMMUs (include/linux/iommu.h).  A domain is an address space of devices: a set of
 * mappings from I/O virtual to physical addresses.  A device is in one domain at most; all
 * its DMA goes through it.
 *
 * Drivers never call any of this: the DMA API does, for each device that has a domain of
 * type IOMMU_DOMAIN_DMA.  An unmanaged domain is its owner's, who chooses the addresses.
 */
#ifndef _LINUX_IOMMU_H
#define _LINUX_IOMMU_H

#include <linux/device.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/scatterlist.h>
#include <linux/types.h>

/* What a mapping permits; and what a faulting access was. */
#define IOMMU_READ  (1 << 0)
#define IOMMU_WRITE (1 << 1)
#define IOMMU_MMIO  (1 << 4) /* registers rather than memory */

#define IOMMU_FAULT_READ  0x0
#define IOMMU_FAULT_WRITE 0x1

#define IOMMU_DOMAIN_UNMANAGED 1U
#define IOMMU_DOMAIN_DMA       3U

struct iommu_domain;
struct iommu_dma_cookie;

/* An access that the IOMMU refused.  0: dealt with; -ENOSYS: it shall be printed. */
typedef int (*iommu_fault_handler_t)(struct iommu_domain *domain, struct device *dev,
				     unsigned long iova, int flags, void *token);

/* The addresses that can be mapped: both are addresses of the space, the last included. */
struct iommu_domain_geometry {
	dma_addr_t aperture_start, aperture_end;
	bool force_aperture;
};

struct iommu_domain {
	unsigned int type; /* IOMMU_DOMAIN_* */
	const struct iommu_domain_ops *ops;
	unsigned long pgsize_bitmap; /* the lowest bit is the granule */
	struct iommu_domain_geometry geometry;
	iommu_fault_handler_t handler; /* NULL: faults are printed */
	void *handler_token;
	struct iommu_dma_cookie *iova_cookie; /* the DMA API's, in IOMMU_DOMAIN_DMA */
};

/* Unmappings not yet complete: [start, end] is theirs alone until they are. */
struct iommu_iotlb_gather {
	unsigned long start, end; /* end: the last address; start > end: none */
	bool queued; /* completion may wait for flush_iotlb_all() */
};

static inline void iommu_iotlb_gather_init(struct iommu_iotlb_gather *gather)
{
	*gather = (struct iommu_iotlb_gather){ .start = ~0UL };
}

/* What the driver of an IOMMU does for a domain.  Addresses and sizes are multiples of the
 * granule and inside the aperture.  Any context but where it says otherwise. */
struct iommu_domain_ops {
	/* May sleep.  A device that is in another domain leaves that one. */
	int (*attach_dev)(struct iommu_domain *domain, struct device *dev);
	void (*detach_dev)(struct iommu_domain *domain, struct device *dev);
	/* Adds a mapping; it may be used after iotlb_sync_map() of the range.  -EEXIST:
	 * something is mapped there; -ENOMEM. */
	int (*map_pages)(struct iommu_domain *domain, unsigned long iova,
			 phys_addr_t paddr, size_t size, int prot, gfp_t gfp);
	/* Returns when all of the range is in effect; else an error, and the range is to be
	 * unmapped. */
	int (*iotlb_sync_map)(struct iommu_domain *domain, unsigned long iova,
			      size_t size);
	/* Removes the mappings that lie wholly in the range; how many bytes they had.  One
	 * that lies partly in it is left alone. */
	size_t (*unmap_pages)(struct iommu_domain *domain, unsigned long iova,
			      size_t size, struct iommu_iotlb_gather *gather);
	/* Returns when no device uses anything of these ranges any more: of one gather, of
	 * all so far. */
	void (*iotlb_sync)(struct iommu_domain *domain,
			   struct iommu_iotlb_gather *gather);
	void (*flush_iotlb_all)(struct iommu_domain *domain);
	/* 0 where nothing is mapped. */
	phys_addr_t (*iova_to_phys)(struct iommu_domain *domain, dma_addr_t iova);
	/* No device is in it. */
	void (*free)(struct iommu_domain *domain);
};

/* Addresses that devices do not have translated, or that mean something else. */
enum iommu_resv_type {
	IOMMU_RESV_RESERVED, /* no DMA there */
	IOMMU_RESV_MSI, /* writes there are interrupts */
};

struct iommu_resv_region {
	struct list_head list;
	phys_addr_t start;
	size_t length;
	enum iommu_resv_type type;
};

struct iommu_ops {
	/* An empty domain for the device, or NULL.  Fills in ops, pgsize_bitmap, geometry. */
	struct iommu_domain *(*domain_alloc)(struct device *dev);
	/* Adds iommu_resv_region objects of the device, made by iommu_alloc_resv_region();
	 * NULL: it has none. */
	void (*get_resv_regions)(struct device *dev, struct list_head *list);
};

/* What is known of a device behind an IOMMU: device.iommu. */
struct dev_iommu {
	const struct iommu_ops *ops;
	struct iommu_domain *domain; /* it is in now; NULL: none, all DMA fails */
	struct iommu_domain *dma_domain; /* its own, of type IOMMU_DOMAIN_DMA */
	void *priv; /* the IOMMU driver's */
};

/* --- domains and their devices; these may sleep -------------------------------------------- */

/* A domain that the device can be attached to, for its owner to fill; NULL. */
struct iommu_domain *iommu_domain_alloc(struct device *dev);
void iommu_domain_free(struct iommu_domain *domain);
/* -ENODEV: the device is behind no IOMMU, or behind another one. */
int iommu_attach_device(struct iommu_domain *domain, struct device *dev);
/* Back into its DMA domain, if it has one. */
void iommu_detach_device(struct iommu_domain *domain, struct device *dev);
/* The domain the device is in, or NULL. */
struct iommu_domain *iommu_get_domain_for_dev(struct device *dev);
static inline bool device_iommu_mapped(const struct device *dev)
{
	return dev->iommu;
}

/* --- mappings; any context ------------------------------------------------------------------- */

/* 0; -EINVAL: not multiples of the granule, outside the aperture, or no permission in prot;
 * -EEXIST; -ENOMEM.  After an error nothing of it is mapped. */
int iommu_map(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
	      size_t size, int prot, gfp_t gfp);
/* The entries of the list one after the other, each whole granules; the bytes mapped, or a
 * negative errno with nothing mapped. */
ssize_t iommu_map_sg(struct iommu_domain *domain, unsigned long iova,
		     struct scatterlist *sg, unsigned int nents, int prot, gfp_t gfp);
/* Bytes unmapped: less than size where there were holes, or a mapping that lies only partly
 * in the range and stays.  No device reaches them when it returns. */
size_t iommu_unmap(struct iommu_domain *domain, unsigned long iova, size_t size);
/* The same; it is done after iommu_iotlb_sync() of the gather. */
size_t iommu_unmap_fast(struct iommu_domain *domain, unsigned long iova, size_t size,
			struct iommu_iotlb_gather *gather);
void iommu_iotlb_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *gather);
void iommu_flush_iotlb_all(struct iommu_domain *domain);
/* 0 where nothing is mapped. */
phys_addr_t iommu_iova_to_phys(struct iommu_domain *domain, dma_addr_t iova);

/* --- faults ------------------------------------------------------------------------------- */

/* Replaces the domain's handler; NULL: faults are printed. */
void iommu_set_fault_handler(struct iommu_domain *domain, iommu_fault_handler_t handler,
			     void *token);
/* From the IOMMU's driver.  domain may be NULL.  Prints unless a handler dealt with it. */
int report_iommu_fault(struct iommu_domain *domain, struct device *dev,
		       unsigned long iova, int flags);

/* --- from the driver of an IOMMU ---------------------------------------------------------- */

/* The device is behind it: gives it a DMA domain, from now on its dma_map_*() calls go there.
 * An error: the device can do no DMA. */
int iommu_probe_device(struct device *dev, const struct iommu_ops *ops, void *priv);
/* It is gone: no DMA of it is in flight, and nothing mapped for it. */
void iommu_release_device(struct device *dev);
/* NULL without memory. */
struct iommu_resv_region *iommu_alloc_resv_region(phys_addr_t start, size_t length,
						  enum iommu_resv_type type, gfp_t gfp);
void iommu_get_resv_regions(struct device *dev, struct list_head *list);
void iommu_put_resv_regions(struct list_head *list);

/* --- the DMA API on top ------------------------------------------------------------------- */

/*
 * Strict (the default): an unmap returns when the device can no longer reach the buffer.
 * Lazy (iommu.strict=0): it returns at once, the device may still reach the buffer for a
 * while, and the address is not used again before a flush, which all that was unmapped
 * meanwhile shares.
 */
bool iommu_dma_strict(void);
/* For devices probed from now on. */
void iommu_set_dma_strict(bool strict);
/* For one device, while no call of the DMA API for it is in flight.  -ENODEV, -ENOMEM. */
int iommu_dma_set_lazy(struct device *dev, bool lazy);
/* Completes all that was unmapped lazily, in all domains; any context. */
void iommu_dma_flush(void);
/* The same, and empties the stores of addresses: what is free then, is free for all. */
void iommu_dma_drain(void);
/* Called when the first lazy unmapping after a flush is queued, in any context; to see to it
 * that iommu_dma_flush() is called soon.  NULL: a full queue alone flushes. */
extern void (*iommu_dma_flush_wanted)(void);
#define IOMMU_DMA_FLUSH_MS 10

/* Of one device's DMA domain. */
struct iommu_dma_stats {
	unsigned long mapped_pages; /* of addresses in use */
	unsigned long queued_pages; /* unmapped lazily and not yet flushed */
	unsigned long flushes; /* of lazily unmapped ranges */
	unsigned long bad_unmaps; /* of what was not mapped so */
	struct {
		unsigned long fast, slow; /* addresses from a magazine, from the tree */
	} iova;
};
/* -ENODEV: it has none. */
int iommu_dma_get_stats(struct device *dev, struct iommu_dma_stats *stats);
/* Walks addresses and queues of the device's domain; 0 or -EINVAL as *_verify().  No call of
 * the DMA API for it is in flight. */
int iommu_dma_verify(struct device *dev);

#endif
