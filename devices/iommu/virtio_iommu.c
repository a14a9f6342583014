/* SPDX-License-Identifier: MIT */
/*
 * The virtio side of the IOMMU: configuration, faults, pause and reset, statistics.  Its
 * requests are in virtio_iommu_request.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "devices/iommu/virtio_iommu_internal.h"

static struct virtio_iommu *of(struct virtio_dev *vd)
{
	return container_of(vd, struct virtio_iommu, vd);
}

/* --- events ------------------------------------------------------------------------------- */

/* A buffer that can hold an event, or NULL.  A driver may return those that are too small for
 * ever, faster than they are looked at: no more than a queue of them is. */
static struct virtq_chain *event_buffer(struct virtq *q)
{
	struct virtq_chain *chain;

	for (unsigned int i = 0; i < q->size && (chain = virtq_pop(q)); i++) {
		if (chain->in_len >= sizeof(struct virtio_iommu_fault))
			return chain;
		virtq_push(chain, 0);
	}
	return NULL;
}

static void report(struct virtio_iommu *v, const struct virtio_iommu_fault *event)
{
	struct virtq *q = &v->vd.queue[VIRTIO_IOMMU_EVENTQ];
	struct virtq_chain *chain = event_buffer(q);
	struct dma_cursor in;

	if (chain) {
		in = virtq_writable(chain);
		if (dma_cursor_write(&in, event, sizeof(*event))) {
			virtq_push(chain, 0);
			chain = NULL;
		} else {
			virtq_push(chain, sizeof(*event));
		}
	}
	if (chain)
		v->stats.events++;
	else
		v->stats.lost_events++;
	virtq_signal(q);
}

/* Only what the IOMMU stopped: not what met no memory behind it. */
static void fault(struct dma_translator *t, struct dma_port *port,
		  const struct dma_fault *f)
{
	struct virtio_iommu_fault event = {
		.flags = VIRTIO_IOMMU_FAULT_F_ADDRESS |
			 (f->dir == DMA_READ ? VIRTIO_IOMMU_FAULT_F_READ
					     : VIRTIO_IOMMU_FAULT_F_WRITE),
		.endpoint = port->endpoint,
		.address = f->bad,
	};

	if (f->reason == DMA_NO_DOMAIN)
		event.reason = VIRTIO_IOMMU_FAULT_R_DOMAIN;
	else if (f->reason == DMA_NO_MAPPING || f->reason == DMA_DENIED)
		event.reason = VIRTIO_IOMMU_FAULT_R_MAPPING;
	else
		return;
	report(virtio_iommu_of(t), &event);
}

/* --- the model ---------------------------------------------------------------------------- */

static void iommu_notify(struct virtio_dev *vd, struct virtq *q)
{
	/* Buffers for events are taken when there is an event. */
	if (q->index == VIRTIO_IOMMU_EVENTQ)
		virtq_notify_off(q);
	else
		virtq_process(q, virtio_iommu_handle, of(vd));
}

static void iommu_drain(struct virtio_dev *vd, struct virtq *q)
{
	if (!q || q->index == VIRTIO_IOMMU_REQUESTQ)
		virtio_iommu_end_waiting(of(vd));
}

static void iommu_dev_reset(struct virtio_dev *vd)
{
	struct virtio_iommu *v = of(vd);
	struct iommu_wait wait;

	iommu_reset(&v->iommu, &wait);
	iommu_settle(&v->iommu, &wait);
}

static void set_bypass(struct virtio_iommu *v, bool bypass)
{
	struct iommu_wait wait;

	v->config.bypass = bypass;
	iommu_set_bypass(&v->iommu, bypass, &wait);
	iommu_settle(&v->iommu, &wait);
}

static void iommu_power_on(struct virtio_dev *vd)
{
	set_bypass(of(vd), of(vd)->boot_bypass);
}

static void iommu_config_write(struct virtio_dev *vd, unsigned int offset,
			       unsigned int len, uint64_t value)
{
	if (offset == offsetof(struct virtio_iommu_config, bypass) && len == 1 &&
	    value <= 1 && virtio_has(vd, VIRTIO_IOMMU_F_BYPASS_CONFIG))
		set_bypass(of(vd), value);
}

static void iommu_stats(struct virtio_dev *vd, stat_fn fn, void *arg)
{
	const struct virtio_iommu *v = of(vd);
	const struct iommu_stats *s = &v->stats;

	fn(arg, "attaches", s->attaches);
	fn(arg, "detaches", s->detaches);
	fn(arg, "maps", s->maps);
	fn(arg, "unmaps", s->unmaps);
	fn(arg, "probes", s->probes);
	fn(arg, "refused", s->refused);
	fn(arg, "waited", s->waited);
	fn(arg, "events", s->events);
	fn(arg, "lost_events", s->lost_events);
	fn(arg, "domains", v->iommu.domains.nr);
	fn(arg, "mappings", v->iommu.nr_mappings);
}

static void iommu_destroy(struct virtio_dev *vd)
{
	struct virtio_iommu *v = of(vd);

	iommu_fini(&v->iommu);
	virtio_fini(vd);
	free(v);
}

static const struct virtio_model iommu_model = {
	.id = VIRTIO_ID_IOMMU,
	.pci_class = PCI_CLASS_SYSTEM_OTHER,
	.features = VIRTIO_FEATURE(VIRTIO_IOMMU_F_INPUT_RANGE) |
		    VIRTIO_FEATURE(VIRTIO_IOMMU_F_DOMAIN_RANGE) |
		    VIRTIO_FEATURE(VIRTIO_IOMMU_F_MAP_UNMAP) |
		    VIRTIO_FEATURE(VIRTIO_IOMMU_F_PROBE) |
		    VIRTIO_FEATURE(VIRTIO_IOMMU_F_BYPASS_CONFIG),
	.prompt_queues = 1u << VIRTIO_IOMMU_REQUESTQ,
	.notify = iommu_notify,
	.drain = iommu_drain,
	.reset = iommu_dev_reset,
	.power_on = iommu_power_on,
	.config_write = iommu_config_write,
	.stats = iommu_stats,
	.destroy = iommu_destroy,
};

static void set_up(struct virtio_iommu *v, const struct virtio_iommu_params *params)
{
	const struct iommu_limits limits = {
		.page_size = 4096,
		.last_addr = VIRTIO_IOMMU_LAST_ADDR,
		.last_domain = VIRTIO_IOMMU_LAST_DOMAIN,
		.mappings = params->max_mappings ? params->max_mappings
						 : VIRTIO_IOMMU_MAX_MAPPINGS,
		.resv_first = VIRTIO_IOMMU_MSI_START,
		.resv_last = VIRTIO_IOMMU_MSI_END,
	};

	iommu_init(&v->iommu, &limits, params->boot_bypass);
	v->iommu.translator.fault = fault;
	v->iommu.translator.released = virtio_iommu_released;
	v->boot_bypass = params->boot_bypass;
	v->config = (struct virtio_iommu_config){
		.page_size_mask = ~(limits.page_size - 1),
		.input_range = { 0, limits.last_addr },
		.domain_range = { 0, limits.last_domain },
		.probe_size = VIRTIO_IOMMU_PROBE_SIZE,
		.bypass = params->boot_bypass,
	};
	virtio_set_config(&v->vd, &v->config, sizeof(v->config));
}

int virtio_iommu_create(const struct virtio_iommu_params *params, struct virtio_dev **out)
{
	static const uint16_t sizes[] = { VIRTIO_IOMMU_QUEUE_SIZE,
					  VIRTIO_IOMMU_QUEUE_SIZE };
	struct virtio_iommu *v = calloc(1, sizeof(*v));
	int error;

	if (!v)
		return -ENOMEM;
	error = virtio_init(&v->vd, &iommu_model, params->name, 0, sizes,
			    ARRAY_SIZE(sizes));
	if (error) {
		free(v);
		return error;
	}
	set_up(v, params);
	*out = &v->vd;
	return 0;
}

int virtio_iommu_adopt(struct virtio_dev *vd, struct pci_dev *dev)
{
	return iommu_adopt(&of(vd)->iommu, &dev->dma);
}
