/* SPDX-License-Identifier: MIT */
/*
 * Requests of the IOMMU's driver.  One that waits for transfers in flight keeps its chain in
 * `pending` with their number: each hold of an adopted port that ends is compared with what
 * waits, and never again with all that is in flight, of which a guest can make much.
 */
#include <string.h>

#include "devices/iommu/virtio_iommu_internal.h"

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
	uint64_t holds = iommu_waiting(&v->iommu, wait);

	if (!holds) {
		answer(v, chain, 0, VIRTIO_IOMMU_S_OK);
		return;
	}
	v->stats.waited++;
	v->pending[v->nr_pending++] = (struct iommu_pending){ chain, *wait, holds };
}

static struct virtq_chain *take_pending(struct virtio_iommu *v, unsigned int i)
{
	struct virtq_chain *chain = v->pending[i].chain;

	v->pending[i] = v->pending[--v->nr_pending];
	return chain;
}

void virtio_iommu_released(struct dma_translator *t, struct dma_port *port,
			   const struct dma_hold *hold)
{
	struct virtio_iommu *v = virtio_iommu_of(t);
	unsigned int i = 0;
	bool any = false;

	while (i < v->nr_pending) {
		struct iommu_pending *p = &v->pending[i];

		if (!iommu_waited_for(&p->wait, port, hold) || --p->holds) {
			i++;
			continue;
		}
		answer(v, take_pending(v, i), 0, VIRTIO_IOMMU_S_OK);
		any = true;
	}
	if (any)
		virtq_signal(&v->vd.queue[VIRTIO_IOMMU_REQUESTQ]);
}

void virtio_iommu_end_waiting(struct virtio_iommu *v)
{
	while (v->nr_pending) {
		struct iommu_pending first = v->pending[0];

		if (first.chain->q->enabled)
			iommu_settle(&v->iommu, &first.wait);
		else
			virtq_drop(take_pending(v, 0));
		/* A device that did not finish what it holds is broken, and this one, too. */
		if (v->nr_pending && v->pending[0].chain == first.chain)
			answer(v, take_pending(v, 0), 0, VIRTIO_IOMMU_S_DEVERR);
	}
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

bool virtio_iommu_handle(void *arg, struct virtq_chain *chain)
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
