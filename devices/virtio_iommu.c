/* SPDX-License-Identifier: MIT */
/*
 * The virtio side of the IOMMU.  Requests that wait for transfers in flight keep their
 * chains in `pending`; each time a hold of an adopted port ends they are looked at again.
 * There are never more of them than chains in the queue.
 */
#include "devices/virtio_iommu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <abi/virtio_iommu.h>

#include "devices/iommu.h"
#include "devices/util.h"

#define QUEUE_SIZE 256u

struct pending {
	struct virtq_chain *chain;
	struct iommu_wait wait;
};

struct iommu_stats {
	uint64_t attaches, detaches, maps, unmaps, probes; /* that succeeded */
	uint64_t refused; /* requests answered with another status, or not at all */
	uint64_t waited; /* requests that had to wait for transfers */
	uint64_t events, lost_events;
};

struct virtio_iommu {
	struct virtio_dev vd;
	struct iommu iommu;
	struct virtio_iommu_config config;
	bool boot_bypass;
	struct pending pending[QUEUE_SIZE]; /* [0, nr_pending), in no order */
	unsigned int nr_pending;
	struct iommu_stats stats;
};

static struct virtio_iommu *of(struct virtio_dev *vd)
{
	return container_of(vd, struct virtio_iommu, vd);
}

static struct virtio_iommu *of_translator(struct dma_translator *t)
{
	return container_of(t, struct virtio_iommu, iommu.translator);
}

/* --- answers ------------------------------------------------------------------------------ */

/* Writes the tail behind `before` bytes of the writable part that are written already. */
static void answer(struct virtio_iommu *v, struct virtq_chain *chain, uint64_t before,
		   uint8_t status)
{
	const struct virtio_iommu_req_tail tail = { .status = status };
	struct dma_cursor in = virtq_writable(chain);
	uint32_t used = 0;

	if (!dma_cursor_skip(&in, before) && !dma_cursor_write(&in, &tail, sizeof(tail)))
		used = (uint32_t)(before + sizeof(tail));
	if (status != VIRTIO_IOMMU_S_OK)
		v->stats.refused++;
	virtq_push(chain, used);
}

/* What cannot be taken apart is given back as it is. */
static void give_back(struct virtio_iommu *v, struct virtq_chain *chain)
{
	v->stats.refused++;
	virtq_push(chain, 0);
}

/* Answers OK, now or when what is in flight has ended. */
static void answer_after(struct virtio_iommu *v, struct virtq_chain *chain,
			 const struct iommu_wait *wait)
{
	if (!iommu_waiting(&v->iommu, wait)) {
		answer(v, chain, 0, VIRTIO_IOMMU_S_OK);
		return;
	}
	v->stats.waited++;
	v->pending[v->nr_pending++] = (struct pending){ chain, *wait };
}

static struct virtq_chain *take_pending(struct virtio_iommu *v, unsigned int i)
{
	struct virtq_chain *chain = v->pending[i].chain;

	v->pending[i] = v->pending[--v->nr_pending];
	return chain;
}

static void released(struct dma_translator *t, struct dma_port *port)
{
	struct virtio_iommu *v = of_translator(t);
	unsigned int i = 0;
	bool any = false;

	(void)port;
	while (i < v->nr_pending) {
		if (iommu_waiting(&v->iommu, &v->pending[i].wait)) {
			i++;
			continue;
		}
		answer(v, take_pending(v, i), 0, VIRTIO_IOMMU_S_OK);
		any = true;
	}
	if (any)
		virtq_signal(&v->vd.queue[VIRTIO_IOMMU_REQUESTQ]);
}

/* --- requests ----------------------------------------------------------------------------- */

static void attach(struct virtio_iommu *v, struct virtq_chain *chain,
		   const struct virtio_iommu_req_attach *req)
{
	uint32_t known = virtio_has(&v->vd, VIRTIO_IOMMU_F_BYPASS_CONFIG)
				 ? VIRTIO_IOMMU_ATTACH_F_BYPASS
				 : 0;
	static const uint8_t zero[sizeof(req->reserved)];
	uint8_t status = VIRTIO_IOMMU_S_INVAL;
	struct iommu_wait wait;

	if (!(req->flags & ~known) && !memcmp(req->reserved, zero, sizeof(zero)))
		status = iommu_attach(&v->iommu, req->domain, req->endpoint,
				      req->flags & VIRTIO_IOMMU_ATTACH_F_BYPASS, &wait);
	if (status != VIRTIO_IOMMU_S_OK) {
		answer(v, chain, 0, status);
		return;
	}
	v->stats.attaches++;
	answer_after(v, chain, &wait);
}

static void detach(struct virtio_iommu *v, struct virtq_chain *chain,
		   const struct virtio_iommu_req_detach *req)
{
	struct iommu_wait wait;
	uint8_t status = iommu_detach(&v->iommu, req->domain, req->endpoint, &wait);

	if (status != VIRTIO_IOMMU_S_OK) {
		answer(v, chain, 0, status);
		return;
	}
	v->stats.detaches++;
	answer_after(v, chain, &wait);
}

static void map(struct virtio_iommu *v, struct virtq_chain *chain,
		const struct virtio_iommu_req_map *req)
{
	const uint32_t known = VIRTIO_IOMMU_MAP_F_READ | VIRTIO_IOMMU_MAP_F_WRITE;
	const struct dma_mapping mapping = {
		.first = req->virt_start,
		.last = req->virt_end,
		.gpa = req->phys_start,
		.read = req->flags & VIRTIO_IOMMU_MAP_F_READ,
		.write = req->flags & VIRTIO_IOMMU_MAP_F_WRITE,
	};
	uint8_t status = VIRTIO_IOMMU_S_INVAL;

	if (!(req->flags & ~known))
		status = iommu_add_mapping(&v->iommu, req->domain, &mapping);
	if (status == VIRTIO_IOMMU_S_OK)
		v->stats.maps++;
	answer(v, chain, 0, status);
}

static void unmap(struct virtio_iommu *v, struct virtq_chain *chain,
		  const struct virtio_iommu_req_unmap *req)
{
	static const uint8_t zero[sizeof(req->reserved)];
	uint8_t status = VIRTIO_IOMMU_S_INVAL;
	struct iommu_wait wait;

	if (!memcmp(req->reserved, zero, sizeof(zero)))
		status = iommu_remove_mappings(&v->iommu, req->domain, req->virt_start,
					       req->virt_end, &wait);
	if (status != VIRTIO_IOMMU_S_OK) {
		answer(v, chain, 0, status);
		return;
	}
	v->stats.unmaps++;
	answer_after(v, chain, &wait);
}

/* The properties, zeroes behind them, the tail.  A list of another size gets none. */
static void probe(struct virtio_iommu *v, struct virtq_chain *chain,
		  const struct virtio_iommu_req_probe *req)
{
	static const struct virtio_iommu_probe_resv_mem msi = {
		.head = { .type = VIRTIO_IOMMU_PROBE_T_RESV_MEM,
			  .length = sizeof(msi) - sizeof(msi.head) },
		.subtype = VIRTIO_IOMMU_RESV_MEM_T_MSI,
		.start = VIRTIO_IOMMU_MSI_START,
		.end = VIRTIO_IOMMU_MSI_END,
	};
	uint64_t room = chain->in_len - sizeof(struct virtio_iommu_req_tail);
	uint8_t properties[VIRTIO_IOMMU_PROBE_SIZE] = { 0 };
	struct dma_cursor in = virtq_writable(chain);
	uint8_t status = VIRTIO_IOMMU_S_OK;

	if (room < sizeof(properties))
		status = VIRTIO_IOMMU_S_INVAL;
	else if (req->endpoint >= IOMMU_ENDPOINTS || !v->iommu.port[req->endpoint])
		status = VIRTIO_IOMMU_S_NOENT;
	else
		memcpy(properties, &msi, sizeof(msi));
	if (room > sizeof(properties))
		room = sizeof(properties);
	if (dma_cursor_write(&in, properties, room)) {
		give_back(v, chain);
		return;
	}
	if (status == VIRTIO_IOMMU_S_OK)
		v->stats.probes++;
	answer(v, chain, room, status);
}

/* The readable part of any request. */
union request {
	struct virtio_iommu_req_head head;
	struct virtio_iommu_req_attach attach;
	struct virtio_iommu_req_detach detach;
	struct virtio_iommu_req_map map;
	struct virtio_iommu_req_unmap unmap;
	struct virtio_iommu_req_probe probe;
};

/* How long it is by its type; 0: there is no such request. */
static size_t readable_bytes(const struct virtio_iommu *v, uint8_t type)
{
	const size_t tail = sizeof(struct virtio_iommu_req_tail);
	bool maps = virtio_has(&v->vd, VIRTIO_IOMMU_F_MAP_UNMAP);

	switch (type) {
	case VIRTIO_IOMMU_T_ATTACH:
		return sizeof(struct virtio_iommu_req_attach) - tail;
	case VIRTIO_IOMMU_T_DETACH:
		return sizeof(struct virtio_iommu_req_detach) - tail;
	case VIRTIO_IOMMU_T_MAP:
		return maps ? sizeof(struct virtio_iommu_req_map) - tail : 0;
	case VIRTIO_IOMMU_T_UNMAP:
		return maps ? sizeof(struct virtio_iommu_req_unmap) - tail : 0;
	case VIRTIO_IOMMU_T_PROBE:
		return virtio_has(&v->vd, VIRTIO_IOMMU_F_PROBE)
			       ? sizeof(struct virtio_iommu_req_probe)
			       : 0;
	default:
		return 0;
	}
}

/* False: too short, unknown, or not to be read. */
static bool read_request(const struct virtio_iommu *v, const struct virtq_chain *chain,
			 union request *req)
{
	const size_t head = sizeof(req->head);
	struct dma_cursor out = virtq_readable(chain);
	size_t bytes;

	if (chain->in_len < sizeof(struct virtio_iommu_req_tail) ||
	    dma_cursor_read(&out, req, head))
		return false;
	bytes = readable_bytes(v, req->head.type);
	return bytes && !dma_cursor_read(&out, (char *)req + head, bytes - head);
}

static bool handle(void *arg, struct virtq_chain *chain)
{
	struct virtio_iommu *v = arg;
	union request req;

	if (!read_request(v, chain, &req)) {
		give_back(v, chain);
		return true;
	}
	switch (req.head.type) {
	case VIRTIO_IOMMU_T_ATTACH:
		attach(v, chain, &req.attach);
		break;
	case VIRTIO_IOMMU_T_DETACH:
		detach(v, chain, &req.detach);
		break;
	case VIRTIO_IOMMU_T_MAP:
		map(v, chain, &req.map);
		break;
	case VIRTIO_IOMMU_T_UNMAP:
		unmap(v, chain, &req.unmap);
		break;
	default:
		probe(v, chain, &req.probe);
		break;
	}
	return true;
}

/* --- events ------------------------------------------------------------------------------- */

/* A buffer that can hold an event, or NULL. */
static struct virtq_chain *event_buffer(struct virtq *q)
{
	struct virtq_chain *chain;

	while ((chain = virtq_pop(q)) &&
	       chain->in_len < sizeof(struct virtio_iommu_fault))
		virtq_push(chain, 0);
	return chain;
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
	report(of_translator(t), &event);
}

/* --- the model ---------------------------------------------------------------------------- */

static void iommu_notify(struct virtio_dev *vd, struct virtq *q)
{
	/* Buffers for events are taken when there is an event. */
	if (q->index == VIRTIO_IOMMU_EVENTQ)
		virtq_notify_off(q);
	else
		virtq_process(q, handle, of(vd));
}

/* A pause completes what waits; a reset forgets it. */
static void iommu_drain(struct virtio_dev *vd, struct virtq *q)
{
	struct virtio_iommu *v = of(vd);

	if (q && q->index != VIRTIO_IOMMU_REQUESTQ)
		return;
	while (v->nr_pending) {
		struct pending first = v->pending[0];

		if (first.chain->q->enabled)
			iommu_settle(&v->iommu, &first.wait);
		else
			virtq_drop(take_pending(v, 0));
		/* A device that did not finish what it holds is broken, and this one, too. */
		if (v->nr_pending && v->pending[0].chain == first.chain)
			answer(v, take_pending(v, 0), 0, VIRTIO_IOMMU_S_DEVERR);
	}
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
	v->iommu.translator.released = released;
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
	static const uint16_t sizes[] = { QUEUE_SIZE, QUEUE_SIZE };
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
