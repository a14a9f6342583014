/* SPDX-License-Identifier: MIT */
/*
 * Domains of a virtio-iommu.  The driver keeps every mapping itself: the device can be asked
 * for none, UNMAP takes whole mappings only, and a domain that its last endpoint leaves is
 * forgotten by the device and must be told anew.
 */
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/virtio_config.h>
#include <guest/viommu_domain.h>

#define to_mapping(r) container_of(r, struct viommu_mapping, range)

static unsigned long lock(struct viommu_domain *d)
{
	unsigned long flags;

	spin_lock_irqsave(&d->viommu->q.lock, flags);
	return flags;
}

static void unlock(struct viommu_domain *d, unsigned long flags)
{
	spin_unlock_irqrestore(&d->viommu->q.lock, flags);
}

/* --- requests; the lock is held ------------------------------------------------------------ */

static int send_map(struct viommu_domain *d, struct viommu_mapping *m)
{
	const struct virtio_iommu_req_map req = {
		.head.type = VIRTIO_IOMMU_T_MAP,
		.domain = d->id,
		.virt_start = m->range.start,
		.virt_end = m->range.end - 1,
		.phys_start = m->phys,
		.flags = m->flags,
	};

	return viommu_send(&d->viommu->q, &req, sizeof(req), &m->sent);
}

/* Whoever asked for it cannot be told that it failed, but the first refusal is printed. */
static void send_unmap(struct viommu_domain *d, unsigned long start, unsigned long end)
{
	const struct virtio_iommu_req_unmap req = {
		.head.type = VIRTIO_IOMMU_T_UNMAP,
		.domain = d->id,
		.virt_start = start,
		.virt_end = end - 1,
	};

	viommu_send(&d->viommu->q, &req, sizeof(req), NULL);
}

/* Sends and waits: how it went. */
static int request(struct viommu *v, const void *req, size_t size)
{
	struct viommu_result result = { 0 };
	int err = viommu_send(&v->q, req, size, &result);

	viommu_wait(&v->q);
	return err ? err : result.err;
}

/* --- mappings ---------------------------------------------------------------------------- */

static u32 map_flags(const struct viommu *v, int prot)
{
	u32 flags = 0;

	if (prot & IOMMU_READ)
		flags |= VIRTIO_IOMMU_MAP_F_READ;
	if (prot & IOMMU_WRITE)
		flags |= VIRTIO_IOMMU_MAP_F_WRITE;
	if (prot & IOMMU_MMIO && virtio_has_feature(v->vdev, VIRTIO_IOMMU_F_MMIO))
		flags |= VIRTIO_IOMMU_MAP_F_MMIO;
	return flags;
}

static int map_pages(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
		     size_t size, int prot, gfp_t gfp)
{
	struct viommu_domain *d = to_viommu_domain(domain);
	struct viommu_mapping *m = kmalloc(sizeof(*m), gfp | __GFP_NOWARN);
	unsigned long flags;
	int err;

	if (!m)
		return -ENOMEM;
	*m = (struct viommu_mapping){ .range = { .start = iova, .end = iova + size },
				      .phys = paddr,
				      .flags = map_flags(d->viommu, prot) };
	flags = lock(d);
	err = range_tree_insert(&d->mappings, &m->range);
	if (!err && d->endpoints) {
		err = send_map(d, m);
		if (err)
			range_tree_remove(&d->mappings, &m->range);
	}
	unlock(d, flags);
	if (err)
		kfree(m);
	return err;
}

static int iotlb_sync_map(struct iommu_domain *domain, unsigned long iova, size_t size)
{
	struct viommu_domain *d = to_viommu_domain(domain);
	unsigned long flags = lock(d);
	struct range *r;
	int err = 0;

	viommu_wait(&d->viommu->q);
	r = range_tree_above(&d->mappings, iova);
	for (; r && r != &d->mappings.tail && r->start < iova + size; r = r->next)
		if (to_mapping(r)->sent.err)
			err = to_mapping(r)->sent.err;
	unlock(d, flags);
	return err;
}

/* Takes the mappings that lie wholly in [start, end) out of the tree, as a list by `parent`;
 * what they span is *first up to *last. */
static struct range *take_out(struct viommu_domain *d, unsigned long start,
			      unsigned long end, unsigned long *first,
			      unsigned long *last)
{
	struct range *r = range_tree_above(&d->mappings, start), *taken = NULL;

	if (r && r->start < start)
		r = r->next;
	while (r && r != &d->mappings.tail && r->end <= end) {
		struct range *next = r->next;

		if (!taken)
			*first = r->start;
		*last = r->end;
		/* The device still writes to what its answer is noted in. */
		if (to_mapping(r)->sent.pending)
			viommu_wait(&d->viommu->q);
		range_tree_remove(&d->mappings, r);
		r->parent = taken;
		taken = r;
		r = next;
	}
	return taken;
}

/* Frees what take_out() made; bytes mapped in all. */
static size_t free_taken(struct range *taken)
{
	size_t bytes = 0;

	while (taken) {
		struct viommu_mapping *m = to_mapping(taken);

		taken = taken->parent;
		bytes += m->range.end - m->range.start;
		kfree(m);
	}
	return bytes;
}

static size_t unmap_pages(struct iommu_domain *domain, unsigned long iova, size_t size,
			  struct iommu_iotlb_gather *gather)
{
	struct viommu_domain *d = to_viommu_domain(domain);
	unsigned long first = 0, last = 0, flags = lock(d);
	struct range *taken = take_out(d, iova, iova + size, &first, &last);

	if (taken && d->endpoints)
		send_unmap(d, first, last);
	unlock(d, flags);
	if (taken) {
		gather->start = min(gather->start, first);
		gather->end = max(gather->end, last - 1);
	}
	return free_taken(taken);
}

static void flush_iotlb_all(struct iommu_domain *domain)
{
	struct viommu_domain *d = to_viommu_domain(domain);
	unsigned long flags = lock(d);

	viommu_wait(&d->viommu->q);
	unlock(d, flags);
}

static void iotlb_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *gather)
{
	if (gather->start <= gather->end)
		flush_iotlb_all(domain);
}

static phys_addr_t iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	struct viommu_domain *d = to_viommu_domain(domain);
	unsigned long flags = lock(d);
	struct range *r = range_tree_find(&d->mappings, iova);
	phys_addr_t phys = r ? to_mapping(r)->phys + (iova - r->start) : 0;

	unlock(d, flags);
	return phys;
}

/* --- endpoints ------------------------------------------------------------------------------ */

/* The endpoint is in the domain for the device; the first one brings the mappings. */
static int tell_mappings(struct viommu_domain *d)
{
	struct range *r;
	int err = 0;

	range_tree_for_each(r, &d->mappings)
	{
		to_mapping(r)->sent = (struct viommu_result){ 0 };
		if (!err)
			err = send_map(d, to_mapping(r));
	}
	viommu_wait(&d->viommu->q);
	range_tree_for_each(r, &d->mappings) if (to_mapping(r)->sent.err)
		err = to_mapping(r)->sent.err;
	return err;
}

static int detach(struct viommu_endpoint *ep)
{
	struct viommu_domain *d = ep->domain;
	const struct virtio_iommu_req_detach req = { .head.type = VIRTIO_IOMMU_T_DETACH,
						     .domain = d->id,
						     .endpoint = ep->id };

	d->endpoints--;
	ep->domain = NULL;
	return request(ep->viommu, &req, sizeof(req));
}

/* The lock is held. */
static int attach(struct viommu_domain *d, struct viommu_endpoint *ep)
{
	const struct virtio_iommu_req_attach req = { .head.type = VIRTIO_IOMMU_T_ATTACH,
						     .domain = d->id,
						     .endpoint = ep->id };
	int err;

	if (ep->domain == d)
		return 0;
	err = request(ep->viommu, &req, sizeof(req));
	if (err)
		return err;
	if (ep->domain)
		ep->domain->endpoints--;
	ep->domain = d;
	if (d->endpoints++)
		return 0;
	err = tell_mappings(d);
	if (err)
		detach(ep);
	return err;
}

static int attach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct viommu_domain *d = to_viommu_domain(domain);
	struct viommu_endpoint *ep = viommu_endpoint_of(dev);
	unsigned long flags;
	int err;

	if (ep->viommu != d->viommu)
		return -ENODEV;
	flags = lock(d);
	err = attach(d, ep);
	unlock(d, flags);
	return err;
}

static void detach_dev(struct iommu_domain *domain, struct device *dev)
{
	struct viommu_domain *d = to_viommu_domain(domain);
	struct viommu_endpoint *ep = viommu_endpoint_of(dev);
	unsigned long flags = lock(d);

	if (ep->domain == d)
		detach(ep);
	unlock(d, flags);
}

/* --- coming and going ------------------------------------------------------------------------- */

static void domain_free(struct iommu_domain *domain)
{
	struct viommu_domain *d = to_viommu_domain(domain);
	unsigned long first, last, flags = lock(d);
	struct range *taken = take_out(d, 0, ~0UL, &first, &last);

	clear_bit(d->id - d->viommu->config.domain_range.start, d->viommu->domain_ids);
	list_del(&d->node);
	unlock(d, flags);
	free_taken(taken);
	kfree(d);
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

/* A number no other domain has; false: there is none left. */
static bool take_id(struct viommu *v, u32 *id)
{
	const struct virtio_iommu_range_32 *range = &v->config.domain_range;

	for (unsigned int i = 0; i < VIOMMU_DOMAINS && i <= range->end - range->start;
	     i++)
		if (!test_and_set_bit(i, v->domain_ids)) {
			*id = range->start + i;
			return true;
		}
	return false;
}

struct iommu_domain *viommu_domain_alloc(struct device *dev)
{
	struct viommu *v = viommu_endpoint_of(dev)->viommu;
	struct viommu_domain *d = kzalloc(sizeof(*d), GFP_KERNEL);
	unsigned long flags;

	if (!d || !take_id(v, &d->id)) {
		kfree(d);
		return NULL;
	}
	d->viommu = v;
	range_tree_init(&d->mappings, 0, v->config.input_range.end + 1);
	d->domain = (struct iommu_domain){
		.ops = &domain_ops,
		.pgsize_bitmap = v->config.page_size_mask,
		.geometry = { .aperture_start = v->config.input_range.start,
			      .aperture_end = v->config.input_range.end,
			      .force_aperture = true },
	};
	flags = lock(d);
	list_add_tail(&d->node, &v->domains);
	unlock(d, flags);
	return &d->domain;
}
