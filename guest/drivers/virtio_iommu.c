/* SPDX-License-Identifier: MIT */
/*
 * virtio-iommu (virtio 1.2, section 5.13): taking it into use.  VIOT says which functions are
 * behind it; each of them gets a domain of its own before its driver comes, and then DMA
 * outside domains is switched off.
 *
 * The device reports the faults of others in a queue.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/virtio_config.h>
#include <guest/acpi.h>
#include <guest/machine.h>
#include <guest/viommu.h>
#include <guest/viommu_domain.h>

struct viommu *the_viommu;
static struct timer_list flush_timer; /* lazy unmappings wait for it */

/* --- faults of devices ----------------------------------------------------------------------- */

static struct viommu_endpoint *find_endpoint(struct viommu *v, u32 id)
{
	struct viommu_endpoint *ep;

	list_for_each_entry (ep, &v->endpoints, node) {
		if (ep->id == id)
			return ep;
	}
	return NULL;
}

static void report(struct viommu *v, const struct virtio_iommu_fault *fault)
{
	struct viommu_endpoint *ep = find_endpoint(v, fault->endpoint);
	bool write = fault->flags & VIRTIO_IOMMU_FAULT_F_WRITE;
	u64 address = fault->flags & VIRTIO_IOMMU_FAULT_F_ADDRESS ? fault->address : 0;
	struct iommu_domain *domain;

	if (!ep) {
		dev_err(&v->vdev->dev,
			"IOMMU fault of an unknown endpoint %#x: %s of %#llx\n",
			fault->endpoint, write ? "write" : "read",
			(unsigned long long)address);
		return;
	}
	domain = iommu_get_domain_for_dev(ep->dev);
	/* Of a device in no domain, those hear that watch its own. */
	report_iommu_fault(domain ? domain : ep->dev->iommu->dma_domain, ep->dev, address,
			   write ? IOMMU_FAULT_WRITE : IOMMU_FAULT_READ);
}

/* Lends the device room for a report. */
static void lend(struct viommu *v, struct virtio_iommu_fault *fault)
{
	struct scatterlist sg, *list = &sg;
	static const unsigned int one = 1;

	sg_dma_address(&sg) = v->faults_dma + (u64)((char *)fault - (char *)v->faults);
	sg_dma_len(&sg) = sizeof(*fault);
	virtqueue_add_sgs_premapped(v->eventq, &list, &one, 0, 1, fault, GFP_ATOMIC);
}

/* The next report, and its room is lent again; false: there is none. */
static bool next_fault(struct viommu *v, struct virtio_iommu_fault *copy)
{
	struct virtio_iommu_fault *fault;
	unsigned long flags;
	unsigned int len;

	spin_lock_irqsave(&v->event_lock, flags);
	fault = virtqueue_get_buf(v->eventq, &len);
	if (fault) {
		*copy = *fault;
		if (len < sizeof(*fault))
			memset(copy, 0, sizeof(*copy));
		lend(v, fault);
		virtqueue_kick(v->eventq);
		v->events++;
	}
	spin_unlock_irqrestore(&v->event_lock, flags);
	return fault;
}

static void take_events(struct viommu *v)
{
	struct virtio_iommu_fault fault;

	while (next_fault(v, &fault))
		report(v, &fault);
}

static void events_came(struct virtqueue *vq)
{
	take_events(vq->priv);
}

static int setup_events(struct viommu *v)
{
	unsigned int n = min(VIOMMU_EVENTS, virtqueue_get_vring_size(v->eventq));

	spin_lock_init(&v->event_lock);
	v->eventq->priv = v;
	v->faults = dma_alloc_coherent(v->vdev->dev.parent, n * sizeof(*v->faults),
				       &v->faults_dma, GFP_KERNEL);
	if (!v->faults)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++)
		lend(v, &v->faults[i]);
	return 0;
}

/* --- devices behind it -------------------------------------------------------------------- */

/* Keeps the reserved regions among `size` bytes of properties. */
static void take_properties(struct viommu_endpoint *ep, const char *at, size_t size)
{
	struct virtio_iommu_probe_property p;

	for (size_t length; size >= sizeof(p); at += length, size -= length) {
		memcpy(&p, at, sizeof(p));
		length = sizeof(p) + p.length;
		if ((p.type & VIRTIO_IOMMU_PROBE_T_MASK) == VIRTIO_IOMMU_PROBE_T_NONE ||
		    length > size)
			return;
		if ((p.type & VIRTIO_IOMMU_PROBE_T_MASK) ==
			    VIRTIO_IOMMU_PROBE_T_RESV_MEM &&
		    length >= sizeof(ep->resv[0]) && ep->n_resv < VIOMMU_RESV)
			memcpy(&ep->resv[ep->n_resv++], at, sizeof(ep->resv[0]));
	}
}

static int probe_endpoint(struct viommu_endpoint *ep)
{
	struct viommu *v = ep->viommu;
	size_t out = sizeof(struct virtio_iommu_req_probe);
	size_t in = v->config.probe_size + sizeof(struct virtio_iommu_req_tail);
	struct viommu_result result = { 0 };
	struct virtio_iommu_req_probe *req;
	unsigned long flags;
	dma_addr_t addr;
	int err;

	req = dma_alloc_coherent(v->vdev->dev.parent, out + in, &addr, GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	req->head.type = VIRTIO_IOMMU_T_PROBE;
	req->endpoint = ep->id;
	spin_lock_irqsave(&v->q.lock, flags);
	err = viommu_send_probe(&v->q, req, addr, out, in, &result);
	viommu_wait(&v->q);
	spin_unlock_irqrestore(&v->q.lock, flags);
	if (!err)
		err = result.err;
	if (!err)
		take_properties(ep, (char *)(req + 1), v->config.probe_size);
	dma_free_coherent(v->vdev->dev.parent, out + in, req, addr);
	return err;
}

static void get_resv_regions(struct device *dev, struct list_head *list)
{
	const struct viommu_endpoint *ep = viommu_endpoint_of(dev);
	struct iommu_resv_region *msi = iommu_alloc_resv_region(
		VIRTIO_IOMMU_MSI_START, VIRTIO_IOMMU_MSI_END + 1 - VIRTIO_IOMMU_MSI_START,
		IOMMU_RESV_MSI, GFP_KERNEL);

	/* On this platform interrupts are there, whether the device says so or not. */
	if (msi)
		list_add_tail(&msi->list, list);
	for (unsigned int i = 0; i < ep->n_resv; i++) {
		const struct virtio_iommu_probe_resv_mem *mem = &ep->resv[i];
		struct iommu_resv_region *r;

		if (mem->start > mem->end)
			continue;
		r = iommu_alloc_resv_region(mem->start, mem->end - mem->start + 1,
					    mem->subtype == VIRTIO_IOMMU_RESV_MEM_T_MSI
						    ? IOMMU_RESV_MSI
						    : IOMMU_RESV_RESERVED,
					    GFP_KERNEL);
		if (r)
			list_add_tail(&r->list, list);
	}
}

static const struct iommu_ops viommu_ops = {
	.domain_alloc = viommu_domain_alloc,
	.get_resv_regions = get_resv_regions,
};

bool viommu_translates(const struct device *dev)
{
	return dev->iommu && dev->iommu->ops == &viommu_ops;
}

static int add_endpoint(struct viommu *v, struct device *dev, u32 id)
{
	struct viommu_endpoint *ep = kzalloc(sizeof(*ep), GFP_KERNEL);
	unsigned long flags;
	int err = 0;

	if (!ep)
		return -ENOMEM;
	ep->viommu = v;
	ep->dev = dev;
	ep->id = id;
	if (virtio_has_feature(v->vdev, VIRTIO_IOMMU_F_PROBE))
		err = probe_endpoint(ep);
	if (!err)
		err = iommu_probe_device(dev, &viommu_ops, ep);
	if (err) {
		kfree(ep);
		return err;
	}
	spin_lock_irqsave(&v->q.lock, flags);
	list_add_tail(&ep->node, &v->endpoints);
	spin_unlock_irqrestore(&v->q.lock, flags);
	return 0;
}

/* The IOMMU's number for the function; false: it is not behind it. */
static bool endpoint_id(const struct viommu *v, u16 bdf, u32 *id)
{
	const struct acpi_facts *acpi = machine_acpi();

	for (unsigned int i = 0; i < acpi->viot_maps && bdf != v->bdf; i++) {
		const struct acpi_viot_map *map = &acpi->viot[i];

		if (map->iommu == v->bdf && bdf >= map->first && bdf <= map->last) {
			*id = map->endpoint + (bdf - map->first);
			return true;
		}
	}
	return false;
}

#define BASE_CLASS_BRIDGE 0x06

/* Bridges do no DMA of their own. */
static unsigned int add_endpoints(struct viommu *v)
{
	struct pci_dev *dev = NULL;
	unsigned int n = 0;
	u32 id;

	while ((dev = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, dev))) {
		int err;

		if (dev->class >> 16 == BASE_CLASS_BRIDGE ||
		    !endpoint_id(v, (u16)dev->dev.endpoint, &id))
			continue;
		err = add_endpoint(v, &dev->dev, id);
		if (err)
			dev_err(&dev->dev, "cannot be put behind the IOMMU: %d\n", err);
		n += !err;
	}
	return n;
}

static int set_bypass(struct viommu *v, bool bypass)
{
	const unsigned int at = offsetof(struct virtio_iommu_config, bypass);
	u8 value = bypass;

	if (!virtio_has_feature(v->vdev, VIRTIO_IOMMU_F_BYPASS_CONFIG))
		return -EOPNOTSUPP;
	v->vdev->config->set(v->vdev, at, &value, 1);
	v->vdev->config->get(v->vdev, at, &value, 1);
	return value == bypass ? 0 : -EIO;
}

int viommu_set_bypass(struct device *dev, bool bypass)
{
	return viommu_translates(dev)
		       ? set_bypass(viommu_endpoint_of(dev)->viommu, bypass)
		       : -ENODEV;
}

int viommu_get_stats(struct device *dev, struct viommu_stats *stats)
{
	struct viommu_endpoint *ep;
	struct viommu *v;
	unsigned long flags;

	if (!viommu_translates(dev))
		return -ENODEV;
	ep = viommu_endpoint_of(dev);
	v = ep->viommu;
	take_events(v);
	spin_lock_irqsave(&v->q.lock, flags);
	*stats = (struct viommu_stats){
		.requests = v->q.sent,
		.waits = v->q.waits,
		.refused = v->q.refused,
		.events = v->events,
		.mappings = ep->domain ? ep->domain->mappings.count : 0,
	};
	spin_unlock_irqrestore(&v->q.lock, flags);
	return 0;
}

/* --- taking it into use ------------------------------------------------------------------- */

static void flush_now(struct timer_list *timer)
{
	(void)timer;
	iommu_dma_flush();
}

static void flush_soon(void)
{
	mod_timer(&flush_timer, jiffies + (IOMMU_DMA_FLUSH_MS * HZ + 999) / 1000);
}

/* Reads the limits, those it leaves open filled in.  The highest page stays unused: no
 * address there is DMA_MAPPING_ERROR, and no end wraps. */
static int read_config(struct viommu *v)
{
	struct virtio_iommu_config *c = &v->config;
	u64 page;

	virtio_cread_bytes(v->vdev, 0, c, sizeof(*c));
	if (!virtio_has_feature(v->vdev, VIRTIO_IOMMU_F_INPUT_RANGE))
		c->input_range = (struct virtio_iommu_range_64){ 0, ~0ULL };
	if (!virtio_has_feature(v->vdev, VIRTIO_IOMMU_F_DOMAIN_RANGE))
		c->domain_range = (struct virtio_iommu_range_32){ 0, ~0U };
	page = c->page_size_mask & -c->page_size_mask;
	c->input_range.end = min_t(u64, c->input_range.end, ~0ULL - PAGE_SIZE);
	if (!page || page > PAGE_SIZE || c->input_range.start >= c->input_range.end ||
	    c->domain_range.start > c->domain_range.end ||
	    c->probe_size > MAX_ORDER_SIZE / 2)
		return -EPROTO;
	return 0;
}

static int find_queues(struct viommu *v)
{
	static const char *const names[] = { "iommu requests", "iommu events" };
	vq_callback_t *callbacks[] = { NULL, events_came };
	struct virtqueue *vqs[2];
	int err = virtio_find_vqs(v->vdev, 2, vqs, callbacks, names);

	if (err)
		return err;
	v->eventq = vqs[1];
	err = viommu_queue_init(&v->q, vqs[0]);
	if (!err) {
		err = setup_events(v);
		if (err)
			viommu_queue_destroy(&v->q);
	}
	if (err)
		v->vdev->config->del_vqs(v->vdev);
	return err;
}

static void set_flush_timer(void)
{
	timer_setup(&flush_timer, flush_now, 0);
	iommu_dma_flush_wanted = flush_soon;
}

static void start(struct viommu *v)
{
	unsigned int n;
	int err;

	virtio_device_ready(v->vdev);
	virtqueue_kick(v->eventq);
	the_viommu = v;
	set_flush_timer();
	n = add_endpoints(v);
	err = set_bypass(v, false);
	dev_info(&v->vdev->dev, "IOMMU of %u devices, %s%s\n", n,
		 iommu_dma_strict() ? "strict" : "lazy",
		 err ? ", devices of no domain pass" : "");
}

static int probe(struct virtio_device *vdev)
{
	struct viommu *v;
	int err;

	if (the_viommu)
		return -EBUSY;
	if (!virtio_has_feature(vdev, VIRTIO_IOMMU_F_MAP_UNMAP))
		return -ENODEV;
	v = kzalloc(sizeof(*v), GFP_KERNEL);
	if (!v)
		return -ENOMEM;
	v->vdev = vdev;
	v->bdf = (u16)vdev->dev.parent->endpoint;
	INIT_LIST_HEAD(&v->endpoints);
	INIT_LIST_HEAD(&v->domains);
	err = read_config(v);
	if (!err)
		err = find_queues(v);
	if (err) {
		kfree(v);
		return err;
	}
	start(v);
	return 0;
}

static const struct virtio_device_id ids[] = { { VIRTIO_ID_IOMMU }, { 0 } };
static const unsigned int features[] = {
	VIRTIO_IOMMU_F_INPUT_RANGE, VIRTIO_IOMMU_F_DOMAIN_RANGE,
	VIRTIO_IOMMU_F_MAP_UNMAP,   VIRTIO_IOMMU_F_PROBE,
	VIRTIO_IOMMU_F_MMIO,	    VIRTIO_IOMMU_F_BYPASS_CONFIG,
};

/* Never removed: what is behind it could do no DMA. */
static struct virtio_driver driver = {
	.name = "virtio-iommu",
	.id_table = ids,
	.feature_table = features,
	.feature_table_size = ARRAY_SIZE(features),
	.probe = probe,
};

int virtio_iommu_init(void)
{
	return register_virtio_driver(&driver);
}
