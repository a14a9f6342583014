/* SPDX-License-Identifier: MIT */
/*
 * An IOMMU for tests: it keeps what the kernel told it, and apart from that what a device
 * sees, which is behind by what was not synchronised.
 */
#ifndef FAKE_IOMMU_H
#define FAKE_IOMMU_H

#include <linux/iommu.h>

#define FAKE_MAPPINGS 16384U

struct fake_mapping {
	unsigned long iova;
	size_t size; /* 0: none */
	phys_addr_t phys;
	int prot;
	bool visible; /* the device knows of it */
	bool gone; /* the kernel took it away, the device does not know yet */
};

struct fake_domain {
	struct iommu_domain domain;
	unsigned int devices; /* attached */
	struct fake_mapping mapping[FAKE_MAPPINGS];
	unsigned int n; /* used of these; holes among them */
};

/* What happened, and what shall: all cleared by fake_iommu_reset(). */
extern struct fake_iommu {
	unsigned int domains; /* alive */
	unsigned int maps, unmaps, syncs, flushes;
	unsigned int fail_map; /* the n-th map_pages() from now on fails (1: the next) */
	unsigned int fail_sync; /* the same for iotlb_sync_map() */
	bool fail_alloc, fail_attach;
	unsigned long granule; /* 0: a page */
	dma_addr_t first, last; /* aperture; last 0: 2^48 - 1 */
	phys_addr_t resv_start; /* reserved; length 0: nothing */
	size_t resv_length;
} fake_iommu;

extern const struct iommu_ops fake_iommu_ops;

void fake_iommu_reset(void);
struct fake_domain *fake_domain_of(struct device *dev);
/* Mappings the kernel holds, and those that the device sees. */
unsigned int fake_live(const struct fake_domain *d);
unsigned int fake_visible(const struct fake_domain *d);
/* What a device reaches at iova with these rights, or PHYS_ADDR_MAX. */
phys_addr_t fake_reach(const struct fake_domain *d, dma_addr_t iova, int prot);
/* Its DMA: false, and nothing or only a part moved, when it meets a fault. */
bool fake_read(const struct fake_domain *d, dma_addr_t iova, void *to, size_t size);
bool fake_write(const struct fake_domain *d, dma_addr_t iova, const void *from,
		size_t size);

#endif
