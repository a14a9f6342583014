/* SPDX-License-Identifier: MIT */
/* Inside the driver of virtio-iommu: its queue of requests. */
#ifndef GUEST_VIOMMU_QUEUE_H
#define GUEST_VIOMMU_QUEUE_H

#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <abi/virtio_iommu.h>

/* Requests under way and how they went; zeroed to begin with. */
struct viommu_result {
	unsigned int pending; /* not answered yet */
	int err; /* of those answered: of the last one that failed, or 0 */
};

/* Room for any request but PROBE. */
struct viommu_slot {
	u8 bytes[64];
};

struct viommu_request {
	const struct virtio_iommu_req_tail *tail; /* where the device says how it went */
	struct viommu_result *result; /* NULL: nobody asks */
};

struct viommu_queue {
	spinlock_t lock; /* guards all of this; taken by the callers */
	struct virtqueue *vq;
	struct device *dev; /* for messages */
	struct device *dma_dev;
	struct viommu_slot *slots; /* n of them, in coherent memory */
	dma_addr_t slots_dma;
	struct viommu_request *requests; /* one for each slot */
	u16 *free; /* slots not in use: a stack */
	unsigned int n, n_free;
	bool untold; /* the device was not told of what was added last */
	bool dead; /* it did not answer: everything fails from then on */
	unsigned long sent, waits, refused; /* requests, waits, requests that failed */
};

/* 0 or -ENOMEM. */
int viommu_queue_init(struct viommu_queue *q, struct virtqueue *vq);
void viommu_queue_destroy(struct viommu_queue *q);

/*
 * Adds a request: `size` bytes at req, the last of which are the tail.  The device need not
 * know of it before viommu_wait().  Where there is no free slot, waits.  0, or -EIO when the
 * device is dead.  The lock is held, as in all of these.
 */
int viommu_send(struct viommu_queue *q, const void *req, size_t size,
		struct viommu_result *result);
/* PROBE, whose answer is longer: out_size bytes at `out` go to the device, in_size bytes
 * follow them there, the tail last.  The address is the device's for the first byte. */
int viommu_send_probe(struct viommu_queue *q, void *out, dma_addr_t addr, size_t out_size,
		      size_t in_size, struct viommu_result *result);
/* Returns when everything that was added is answered, or the device is dead. */
void viommu_wait(struct viommu_queue *q);

#endif
