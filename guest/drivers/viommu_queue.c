/* SPDX-License-Identifier: MIT */
/*
 * Requests to a virtio-iommu (virtio 1.2, section 5.13.6).
 *
 * Mapping and unmapping happen where sleeping is forbidden, so the answer is waited for by
 * looking at the used ring.  Requests gather in the queue until somebody must know how they
 * went; then the device is told once of all of them.
 */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <guest/viommu_queue.h>

#define PATIENCE_NS (10 * (u64)NSEC_PER_SEC)
#define TAIL_SIZE   sizeof(struct virtio_iommu_req_tail)
#define NO_ANSWER   0xff /* no status of the specification's */

int viommu_queue_init(struct viommu_queue *q, struct virtqueue *vq)
{
	*q = (struct viommu_queue){ .vq = vq,
				    .dev = &vq->vdev->dev,
				    .dma_dev = vq->vdev->dev.parent,
				    /* A request is two descriptors. */
				    .n = min(virtqueue_get_vring_size(vq) / 2, 64U) };
	q->slots = dma_alloc_coherent(q->dma_dev, q->n * sizeof(*q->slots), &q->slots_dma,
				      GFP_KERNEL);
	q->requests = kcalloc(q->n, sizeof(*q->requests), GFP_KERNEL);
	q->free = kmalloc_array(q->n, sizeof(*q->free), GFP_KERNEL);
	if (!q->slots || !q->requests || !q->free) {
		viommu_queue_destroy(q);
		return -ENOMEM;
	}
	for (; q->n_free < q->n; q->n_free++)
		q->free[q->n_free] = (u16)q->n_free;
	return 0;
}

void viommu_queue_destroy(struct viommu_queue *q)
{
	if (q->slots)
		dma_free_coherent(q->dma_dev, q->n * sizeof(*q->slots), q->slots,
				  q->slots_dma);
	kfree(q->requests);
	kfree(q->free);
}

static int status_error(u8 status)
{
	switch (status) {
	case VIRTIO_IOMMU_S_OK:
		return 0;
	case VIRTIO_IOMMU_S_UNSUPP:
	case NO_ANSWER:
		return -EOPNOTSUPP;
	case VIRTIO_IOMMU_S_INVAL:
		return -EINVAL;
	case VIRTIO_IOMMU_S_RANGE:
		return -ERANGE;
	case VIRTIO_IOMMU_S_NOENT:
		return -ENOENT;
	case VIRTIO_IOMMU_S_FAULT:
		return -EFAULT;
	case VIRTIO_IOMMU_S_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

/* The request is over; its slot is free. */
static void finish(struct viommu_queue *q, struct viommu_request *rq, int err)
{
	if (err && !q->refused++)
		dev_err(q->dev, "IOMMU refuses a request: %d\n", err);
	if (rq->result) {
		rq->result->pending--;
		if (err)
			rq->result->err = err;
	}
	rq->tail = NULL;
	q->free[q->n_free++] = (u16)(rq - q->requests);
}

static void take_answers(struct viommu_queue *q)
{
	struct viommu_request *rq;
	unsigned int len;

	while ((rq = virtqueue_get_buf(q->vq, &len)))
		finish(q, rq, status_error(READ_ONCE(rq->tail->status)));
}

/* It does not answer, or nonsense.  What it may still do to its slots hurts nobody. */
static void give_up(struct viommu_queue *q)
{
	dev_err(q->dev, "IOMMU does not answer: given up\n");
	q->dead = true;
	for (unsigned int i = 0; i < q->n; i++)
		if (q->requests[i].tail)
			finish(q, &q->requests[i], -EIO);
}

/* Waits until `enough` slots are free. */
static void wait_for(struct viommu_queue *q, unsigned int enough)
{
	u64 end = 0;

	if (q->n_free >= enough || q->dead)
		return;
	q->waits++;
	if (q->untold)
		virtqueue_kick(q->vq);
	q->untold = false;
	for (take_answers(q); q->n_free < enough; take_answers(q)) {
		if (!end)
			end = ktime_get_ns() + PATIENCE_NS;
		if (virtqueue_is_broken(q->vq) || ktime_get_ns() > end) {
			give_up(q);
			return;
		}
		cpu_relax();
	}
}

void viommu_wait(struct viommu_queue *q)
{
	wait_for(q, q->n);
}

static int add(struct viommu_queue *q, struct viommu_request *rq, dma_addr_t addr,
	       size_t out_size, size_t in_size)
{
	struct scatterlist out, in, *lists[2] = { &out, &in };
	static const unsigned int nents[2] = { 1, 1 };
	int err;

	sg_dma_address(&out) = addr;
	sg_dma_len(&out) = (unsigned int)out_size;
	sg_dma_address(&in) = addr + out_size;
	sg_dma_len(&in) = (unsigned int)in_size;
	err = virtqueue_add_sgs_premapped(q->vq, lists, nents, 1, 1, rq, GFP_ATOMIC);
	if (err) {
		finish(q, rq, err);
		return -EIO;
	}
	q->sent++;
	q->untold = true;
	return 0;
}

/* A request whose tail is there, with a slot of its own; NULL: the device is dead. */
static struct viommu_request *take_slot(struct viommu_queue *q,
					struct viommu_result *result)
{
	struct viommu_request *rq;

	wait_for(q, 1);
	if (q->dead) {
		if (result)
			result->err = -EIO;
		return NULL;
	}
	rq = &q->requests[q->free[--q->n_free]];
	rq->result = result;
	if (result)
		result->pending++;
	return rq;
}

int viommu_send(struct viommu_queue *q, const void *req, size_t size,
		struct viommu_result *result)
{
	struct viommu_request *rq = take_slot(q, result);
	struct virtio_iommu_req_tail *tail;
	unsigned long i;

	if (!rq)
		return -EIO;
	i = (unsigned long)(rq - q->requests);
	memcpy(q->slots[i].bytes, req, size);
	tail = (void *)(q->slots[i].bytes + size - TAIL_SIZE);
	tail->status = NO_ANSWER;
	rq->tail = tail;
	return add(q, rq, q->slots_dma + i * sizeof(*q->slots), size - TAIL_SIZE,
		   TAIL_SIZE);
}

int viommu_send_probe(struct viommu_queue *q, void *out, dma_addr_t addr, size_t out_size,
		      size_t in_size, struct viommu_result *result)
{
	struct viommu_request *rq = take_slot(q, result);
	struct virtio_iommu_req_tail *tail;

	if (!rq)
		return -EIO;
	tail = (void *)((char *)out + out_size + in_size - TAIL_SIZE);
	tail->status = NO_ANSWER;
	rq->tail = tail;
	return add(q, rq, addr, out_size, in_size);
}
