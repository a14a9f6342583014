/* SPDX-License-Identifier: MIT */
/*
 * Domains: the checks and the undoing that every IOMMU's driver would otherwise repeat, and
 * which device is in which domain.  How a mapping reaches the hardware is the business of
 * iommu_domain_ops.
 */
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include "mm/dma_iommu.h"
#include "mm/reset.h"

static DEFINE_MUTEX(attach_lock); /* guards dev->iommu->domain of all devices */

void dma_iommu_reset(void)
{
	mutex_init(&attach_lock);
	iommu_dma_reset();
}

/* --- mappings ---------------------------------------------------------------------------- */

static unsigned long granule(const struct iommu_domain *domain)
{
	return domain->pgsize_bitmap & -domain->pgsize_bitmap;
}

static bool in_aperture(const struct iommu_domain *domain, unsigned long iova,
			size_t size)
{
	unsigned long last;

	return size && !((iova | size) & (granule(domain) - 1)) &&
	       !__builtin_add_overflow(iova, size - 1, &last) &&
	       iova >= domain->geometry.aperture_start &&
	       last <= domain->geometry.aperture_end;
}

int iommu_map_nosync(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
		     size_t size, int prot, gfp_t gfp)
{
	phys_addr_t last;

	if (!in_aperture(domain, iova, size) || paddr & (granule(domain) - 1) ||
	    __builtin_add_overflow(paddr, size - 1, &last) ||
	    !(prot & (IOMMU_READ | IOMMU_WRITE)))
		return -EINVAL;
	return domain->ops->map_pages(domain, iova, paddr, size, prot, gfp);
}

int iommu_sync_map(struct iommu_domain *domain, unsigned long iova, size_t size)
{
	int err = domain->ops->iotlb_sync_map(domain, iova, size);

	if (err)
		iommu_unmap(domain, iova, size);
	return err;
}

int iommu_map(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
	      size_t size, int prot, gfp_t gfp)
{
	int err = iommu_map_nosync(domain, iova, paddr, size, prot, gfp);

	return err ? err : iommu_sync_map(domain, iova, size);
}

ssize_t iommu_map_sg(struct iommu_domain *domain, unsigned long iova,
		     struct scatterlist *sg, unsigned int nents, int prot, gfp_t gfp)
{
	struct scatterlist *s;
	size_t mapped = 0;
	int i, err = nents ? 0 : -EINVAL;

	for_each_sg (sg, s, (int)nents, i) {
		err = iommu_map_nosync(domain, iova + mapped, sg_phys(s), s->length, prot,
				       gfp);
		if (err)
			break;
		mapped += s->length;
	}
	if (err && mapped)
		iommu_unmap(domain, iova, mapped);
	if (!err)
		err = iommu_sync_map(domain, iova, mapped);
	return err ? err : (ssize_t)mapped;
}

size_t iommu_unmap_fast(struct iommu_domain *domain, unsigned long iova, size_t size,
			struct iommu_iotlb_gather *gather)
{
	if (!in_aperture(domain, iova, size))
		return 0;
	return domain->ops->unmap_pages(domain, iova, size, gather);
}

void iommu_iotlb_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *gather)
{
	domain->ops->iotlb_sync(domain, gather);
	iommu_iotlb_gather_init(gather);
}

size_t iommu_unmap(struct iommu_domain *domain, unsigned long iova, size_t size)
{
	struct iommu_iotlb_gather gather;
	size_t done;

	iommu_iotlb_gather_init(&gather);
	done = iommu_unmap_fast(domain, iova, size, &gather);
	iommu_iotlb_sync(domain, &gather);
	return done;
}

void iommu_flush_iotlb_all(struct iommu_domain *domain)
{
	domain->ops->flush_iotlb_all(domain);
}

phys_addr_t iommu_iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	return domain->ops->iova_to_phys(domain, iova);
}

/* --- faults ------------------------------------------------------------------------------ */

void iommu_set_fault_handler(struct iommu_domain *domain, iommu_fault_handler_t handler,
			     void *token)
{
	WRITE_ONCE(domain->handler, NULL);
	WRITE_ONCE(domain->handler_token, token);
	__atomic_store_n(&domain->handler, handler, __ATOMIC_RELEASE);
}

int report_iommu_fault(struct iommu_domain *domain, struct device *dev,
		       unsigned long iova, int flags)
{
	iommu_fault_handler_t handler = NULL;
	int ret = -ENOSYS;

	if (domain)
		handler = __atomic_load_n(&domain->handler, __ATOMIC_ACQUIRE);
	if (handler)
		ret = handler(domain, dev, iova, flags, domain->handler_token);
	if (ret)
		dev_err(dev, "IOMMU fault: %s of %#lx refused\n",
			flags & IOMMU_FAULT_WRITE ? "write" : "read", iova);
	return ret;
}

/* --- devices and their domains ------------------------------------------------------------ */

struct iommu_domain *iommu_domain_alloc(struct device *dev)
{
	struct iommu_domain *domain = NULL;

	if (dev->iommu)
		domain = dev->iommu->ops->domain_alloc(dev);
	if (domain)
		domain->type = IOMMU_DOMAIN_UNMANAGED;
	return domain;
}

void iommu_domain_free(struct iommu_domain *domain)
{
	if (!domain)
		return;
	iommu_put_dma_cookie(domain);
	domain->ops->free(domain);
}

struct iommu_domain *iommu_get_domain_for_dev(struct device *dev)
{
	return dev->iommu ? READ_ONCE(dev->iommu->domain) : NULL;
}

static int attach(struct iommu_domain *domain, struct device *dev)
{
	int err;

	mutex_lock(&attach_lock);
	err = domain->ops->attach_dev(domain, dev);
	if (!err)
		WRITE_ONCE(dev->iommu->domain, domain);
	mutex_unlock(&attach_lock);
	return err;
}

int iommu_attach_device(struct iommu_domain *domain, struct device *dev)
{
	return dev->iommu ? attach(domain, dev) : -ENODEV;
}

static void detach(struct iommu_domain *domain, struct device *dev)
{
	mutex_lock(&attach_lock);
	if (dev->iommu->domain == domain) {
		domain->ops->detach_dev(domain, dev);
		WRITE_ONCE(dev->iommu->domain, NULL);
	}
	mutex_unlock(&attach_lock);
}

void iommu_detach_device(struct iommu_domain *domain, struct device *dev)
{
	struct iommu_domain *own;

	if (!dev->iommu)
		return;
	own = dev->iommu->dma_domain;
	if (domain == own || !own || attach(own, dev))
		detach(domain, dev);
}

/* The device's domain, attached, with addresses to give away; NULL when something fails. */
static struct iommu_domain *new_dma_domain(struct device *dev)
{
	struct iommu_domain *domain = dev->iommu->ops->domain_alloc(dev);
	int err = domain ? 0 : -ENOMEM;

	if (!err) {
		domain->type = IOMMU_DOMAIN_DMA;
		err = iommu_get_dma_cookie(domain, dev);
	}
	if (!err)
		err = attach(domain, dev);
	if (!err)
		return domain;
	iommu_domain_free(domain);
	return ERR_PTR(err);
}

int iommu_probe_device(struct device *dev, const struct iommu_ops *ops, void *priv)
{
	struct iommu_domain *domain;

	if (dev->iommu)
		return -EBUSY;
	dev->iommu = kzalloc(sizeof(*dev->iommu), GFP_KERNEL);
	if (!dev->iommu)
		return -ENOMEM;
	dev->iommu->ops = ops;
	dev->iommu->priv = priv;
	domain = new_dma_domain(dev);
	if (IS_ERR(domain)) {
		kfree(dev->iommu);
		dev->iommu = NULL;
		return (int)PTR_ERR(domain);
	}
	dev->iommu->dma_domain = domain;
	dev->dma_ops = &iommu_dma_ops;
	return 0;
}

void iommu_release_device(struct device *dev)
{
	struct dev_iommu *iommu = dev->iommu;

	if (!iommu)
		return;
	if (iommu->domain)
		detach(iommu->domain, dev);
	dev->dma_ops = NULL;
	iommu_domain_free(iommu->dma_domain);
	dev->iommu = NULL;
	kfree(iommu);
}

/* --- reserved regions ------------------------------------------------------------------------ */

struct iommu_resv_region *iommu_alloc_resv_region(phys_addr_t start, size_t length,
						  enum iommu_resv_type type, gfp_t gfp)
{
	struct iommu_resv_region *region = kmalloc(sizeof(*region), gfp);

	if (region)
		*region = (struct iommu_resv_region){ .start = start,
						      .length = length,
						      .type = type };
	return region;
}

void iommu_get_resv_regions(struct device *dev, struct list_head *list)
{
	if (dev->iommu && dev->iommu->ops->get_resv_regions)
		dev->iommu->ops->get_resv_regions(dev, list);
}

void iommu_put_resv_regions(struct list_head *list)
{
	struct iommu_resv_region *region, *next;

	list_for_each_entry_safe (region, next, list, list) {
		list_del(&region->list);
		kfree(region);
	}
}
