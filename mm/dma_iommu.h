/* SPDX-License-Identifier: MIT */
/* The DMA API on top of IOMMU domains: between its parts. */
#ifndef MM_DMA_IOMMU_H
#define MM_DMA_IOMMU_H

#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/iova.h>

#define IOVA_FQ_SIZE 256U /* a power of two */

/* Ranges that were unmapped on one CPU and that a device may still reach. */
struct iova_fq {
	spinlock_t lock; /* guards all of this */
	unsigned int head, tail; /* entries head .. tail-1, modulo IOVA_FQ_SIZE */
	struct iova_fq_entry {
		unsigned long pfn, pages;
	} entry[IOVA_FQ_SIZE];
};

/* What a domain of type IOMMU_DOMAIN_DMA has besides. */
struct iommu_dma_cookie {
	struct iova_domain iovad;
	struct iommu_domain *domain;
	struct iova_fq *fq; /* [cpu]; NULL: strict */
	bool flush_wanted; /* something was queued since the last flush began */
	unsigned long flushes;
	atomic_long_t mapped_pages, bad_unmaps;
	struct list_head node; /* of all cookies */
};

extern const struct dma_map_ops iommu_dma_ops;

/* Makes the domain fit for iommu_dma_ops, for this device first.  -ENOMEM; -EOPNOTSUPP: its
 * pages are larger than ours. */
int iommu_get_dma_cookie(struct iommu_domain *domain, struct device *dev);
void iommu_put_dma_cookie(struct iommu_domain *domain);
void iommu_dma_reset(void);

/* iommu_map() in two parts, for many ranges and one wait.  After a failure of the second,
 * nothing of the range is mapped. */
int iommu_map_nosync(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
		     size_t size, int prot, gfp_t gfp);
int iommu_sync_map(struct iommu_domain *domain, unsigned long iova, size_t size);

/* --- addresses: dma_iommu_addr.c --------------------------------------------------------- */

static inline struct iommu_dma_cookie *dma_cookie(const struct device *dev)
{
	return dev->iommu->dma_domain->iova_cookie;
}

/* Addresses for size bytes, whole pages, no byte above mask; 0: none. */
dma_addr_t iommu_dma_alloc_iova(struct iommu_dma_cookie *cookie, size_t size, u64 mask);
void iommu_dma_free_iova(struct iommu_dma_cookie *cookie, dma_addr_t iova, size_t size);
/* Takes away [iova, iova + size), of which `mapped` bytes are mapped; then, or after a flush,
 * the addresses are free.  False: it was not so; the addresses stay taken for ever, so that
 * nobody meets what may be left there. */
bool iommu_dma_unmap(struct iommu_dma_cookie *cookie, dma_addr_t iova, size_t size,
		     size_t mapped);

/* --- coherent buffers: dma_iommu_alloc.c ------------------------------------------------- */

void *iommu_dma_alloc(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp,
		      unsigned long attrs);
bool iommu_dma_free(struct device *dev, size_t size, void *vaddr, dma_addr_t handle,
		    unsigned long attrs);

#endif
