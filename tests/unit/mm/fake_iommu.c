/* SPDX-License-Identifier: MIT */
/* An IOMMU for tests: see fake_iommu.h. */
#include "fake_iommu.h"

#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "mm/platform.h"

struct fake_iommu fake_iommu;
static DEFINE_SPINLOCK(lock); /* guards all domains */

#define to_fake(d) container_of(d, struct fake_domain, domain)

void fake_iommu_reset(void)
{
	fake_iommu = (struct fake_iommu){ 0 };
}

struct fake_domain *fake_domain_of(struct device *dev)
{
	return to_fake(iommu_get_domain_for_dev(dev));
}

static bool is_live(const struct fake_mapping *m)
{
	return m->size && !m->gone;
}

unsigned int fake_live(const struct fake_domain *d)
{
	unsigned int live = 0;

	for (unsigned int i = 0; i < d->n; i++)
		live += is_live(&d->mapping[i]);
	return live;
}

unsigned int fake_visible(const struct fake_domain *d)
{
	unsigned int visible = 0;

	for (unsigned int i = 0; i < d->n; i++)
		visible += d->mapping[i].size && d->mapping[i].visible;
	return visible;
}

phys_addr_t fake_reach(const struct fake_domain *d, dma_addr_t iova, int prot)
{
	for (unsigned int i = 0; i < d->n; i++) {
		const struct fake_mapping *m = &d->mapping[i];

		if (m->size && m->visible && iova - m->iova < m->size)
			return (m->prot & prot) == prot ? m->phys + (iova - m->iova)
							: PHYS_ADDR_MAX;
	}
	return PHYS_ADDR_MAX;
}

bool fake_read(const struct fake_domain *d, dma_addr_t iova, void *to, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		phys_addr_t phys = fake_reach(d, iova + i, IOMMU_READ);

		if (phys == PHYS_ADDR_MAX)
			return false;
		((char *)to)[i] = *(char *)__va(phys);
	}
	return true;
}

bool fake_write(const struct fake_domain *d, dma_addr_t iova, const void *from,
		size_t size)
{
	for (size_t i = 0; i < size; i++) {
		phys_addr_t phys = fake_reach(d, iova + i, IOMMU_WRITE);

		if (phys == PHYS_ADDR_MAX)
			return false;
		*(char *)__va(phys) = ((const char *)from)[i];
	}
	return true;
}

/* --- what the kernel calls ----------------------------------------------------------------- */

static bool fails(unsigned int *countdown)
{
	return *countdown && !--*countdown;
}

static int attach_dev(struct iommu_domain *domain, struct device *dev)
{
	if (fake_iommu.fail_attach)
		return -ENOSPC;
	if (dev->iommu->domain)
		to_fake(dev->iommu->domain)->devices--;
	to_fake(domain)->devices++;
	return 0;
}

static void detach_dev(struct iommu_domain *domain, struct device *dev)
{
	(void)dev;
	to_fake(domain)->devices--;
}

/* The kernel must never map over what the device may still see. */
static int add(struct fake_domain *d, const struct fake_mapping *new)
{
	struct fake_mapping *hole = NULL;

	for (unsigned int i = 0; i < d->n; i++) {
		struct fake_mapping *m = &d->mapping[i];

		if (!m->size)
			hole = m;
		else if (new->iova < m->iova + m->size && m->iova < new->iova + new->size)
			return m->gone ? -EBUSY : -EEXIST;
	}
	if (!hole && d->n == FAKE_MAPPINGS)
		return -ENOMEM;
	if (!hole)
		hole = &d->mapping[d->n++];
	*hole = *new;
	return 0;
}

static int map_pages(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
		     size_t size, int prot, gfp_t gfp)
{
	const struct fake_mapping new = {
		.iova = iova, .size = size, .phys = paddr, .prot = prot
	};
	unsigned long flags;
	int err;

	(void)gfp;
	spin_lock_irqsave(&lock, flags);
	fake_iommu.maps++;
	err = fails(&fake_iommu.fail_map) ? -ENOMEM : add(to_fake(domain), &new);
	spin_unlock_irqrestore(&lock, flags);
	return err;
}

static bool inside(const struct fake_mapping *m, unsigned long iova, size_t size)
{
	return m->iova >= iova && m->iova + m->size <= iova + size;
}

static int iotlb_sync_map(struct iommu_domain *domain, unsigned long iova, size_t size)
{
	struct fake_domain *d = to_fake(domain);
	unsigned long flags;
	int err;

	spin_lock_irqsave(&lock, flags);
	err = fails(&fake_iommu.fail_sync) ? -EIO : 0;
	for (unsigned int i = 0; i < d->n && !err; i++)
		if (is_live(&d->mapping[i]) && inside(&d->mapping[i], iova, size))
			d->mapping[i].visible = true;
	spin_unlock_irqrestore(&lock, flags);
	return err;
}

static size_t unmap_pages(struct iommu_domain *domain, unsigned long iova, size_t size,
			  struct iommu_iotlb_gather *gather)
{
	struct fake_domain *d = to_fake(domain);
	unsigned long flags;
	size_t bytes = 0;

	spin_lock_irqsave(&lock, flags);
	fake_iommu.unmaps++;
	for (unsigned int i = 0; i < d->n; i++) {
		struct fake_mapping *m = &d->mapping[i];

		if (!is_live(m) || !inside(m, iova, size))
			continue;
		bytes += m->size;
		if (m->visible)
			m->gone = true;
		else
			m->size = 0;
	}
	gather->start = min(gather->start, iova);
	gather->end = max(gather->end, iova + size - 1);
	spin_unlock_irqrestore(&lock, flags);
	return bytes;
}

static void forget(struct fake_domain *d, unsigned long iova, size_t size)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	for (unsigned int i = 0; i < d->n; i++)
		if (d->mapping[i].gone && inside(&d->mapping[i], iova, size))
			d->mapping[i] = (struct fake_mapping){ 0 };
	spin_unlock_irqrestore(&lock, flags);
}

static void iotlb_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *gather)
{
	fake_iommu.syncs++;
	if (gather->start <= gather->end)
		forget(to_fake(domain), gather->start, gather->end - gather->start + 1);
}

static void flush_iotlb_all(struct iommu_domain *domain)
{
	fake_iommu.flushes++;
	forget(to_fake(domain), 0, ~0UL);
}

static phys_addr_t iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	const struct fake_domain *d = to_fake(domain);

	for (unsigned int i = 0; i < d->n; i++)
		if (is_live(&d->mapping[i]) &&
		    iova - d->mapping[i].iova < d->mapping[i].size)
			return d->mapping[i].phys + (iova - d->mapping[i].iova);
	return 0;
}

static void domain_free(struct iommu_domain *domain)
{
	struct fake_domain *d = to_fake(domain);

	assert_int_equal(d->devices, 0);
	fake_iommu.domains--;
	free(d);
}

static const struct iommu_domain_ops domain_ops = {
	.attach_dev = attach_dev,
	.detach_dev = detach_dev,
	.map_pages = map_pages,
	.iotlb_sync_map = iotlb_sync_map,
	.unmap_pages = unmap_pages,
	.iotlb_sync = iotlb_sync,
	.flush_iotlb_all = flush_iotlb_all,
	.iova_to_phys = iova_to_phys,
	.free = domain_free,
};

static struct iommu_domain *domain_alloc(struct device *dev)
{
	struct fake_domain *d = fake_iommu.fail_alloc ? NULL : calloc(1, sizeof(*d));

	(void)dev;
	if (!d)
		return NULL;
	fake_iommu.domains++;
	d->domain = (struct iommu_domain){
		.ops = &domain_ops,
		.pgsize_bitmap = -(fake_iommu.granule ? fake_iommu.granule : PAGE_SIZE),
		.geometry = { .aperture_start = fake_iommu.first,
			      .aperture_end = fake_iommu.last ? fake_iommu.last
							      : DMA_BIT_MASK(48) },
	};
	return &d->domain;
}

static void get_resv_regions(struct device *dev, struct list_head *list)
{
	struct iommu_resv_region *r;

	(void)dev;
	if (!fake_iommu.resv_length)
		return;
	r = iommu_alloc_resv_region(fake_iommu.resv_start, fake_iommu.resv_length,
				    IOMMU_RESV_RESERVED, GFP_KERNEL);
	list_add_tail(&r->list, list);
}

const struct iommu_ops fake_iommu_ops = {
	.domain_alloc = domain_alloc,
	.get_resv_regions = get_resv_regions,
};
