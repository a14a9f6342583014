/* SPDX-License-Identifier: MIT */
/* Inside the driver of virtio-iommu: IOMMUs, the devices behind them, domains. */
#ifndef GUEST_VIOMMU_DOMAIN_H
#define GUEST_VIOMMU_DOMAIN_H

#include <linux/bitops.h>
#include <linux/iommu.h>
#include <guest/viommu_queue.h>
#include <mm/range_tree.h>

#define VIOMMU_DOMAINS 256U /* at once, at most */
#define VIOMMU_EVENTS  16U /* fault reports the device has room for */
#define VIOMMU_RESV    8U /* reserved regions of a device */

struct viommu {
	struct virtio_device *vdev;
	u16 bdf; /* its own */
	struct viommu_queue q; /* its lock guards all domains and endpoints, too */
	struct virtio_iommu_config config; /* with what it leaves open filled in */
	DECLARE_BITMAP(domain_ids, VIOMMU_DOMAINS); /* in use, from config's first on */
	struct list_head endpoints;
	struct list_head domains; /* guarded by q.lock */

	struct virtqueue *eventq;
	struct virtio_iommu_fault *faults; /* VIOMMU_EVENTS, in coherent memory */
	dma_addr_t faults_dma;
	spinlock_t event_lock; /* guards calls on eventq */
	unsigned long events;
};

struct viommu_endpoint {
	struct list_head node; /* of viommu.endpoints */
	struct viommu *viommu;
	struct device *dev;
	u32 id;
	struct viommu_domain *domain; /* the device side agrees; NULL: none */
	unsigned int n_resv;
	struct virtio_iommu_probe_resv_mem resv[VIOMMU_RESV];
};

/* A domain exists for the device while an endpoint is in it: before the first one comes,
 * mappings are kept here alone. */
struct viommu_domain {
	struct iommu_domain domain;
	struct list_head node; /* of viommu.domains */
	struct viommu *viommu;
	u32 id;
	unsigned int endpoints;
	struct range_tree mappings; /* viommu_mapping.range */
};

struct viommu_mapping {
	struct range range; /* addresses of the domain */
	phys_addr_t phys;
	u32 flags; /* VIRTIO_IOMMU_MAP_F_* */
	struct viommu_result sent; /* its MAP */
};

/* One IOMMU is what machines have; a second one is left alone.  NULL: there is none. */
extern struct viommu *the_viommu;

#define to_viommu_domain(d) container_of(d, struct viommu_domain, domain)

static inline struct viommu_endpoint *viommu_endpoint_of(const struct device *dev)
{
	return dev->iommu->priv;
}

/* iommu_ops.domain_alloc */
struct iommu_domain *viommu_domain_alloc(struct device *dev);

#endif
