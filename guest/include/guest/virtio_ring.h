/* SPDX-License-Identifier: MIT */
/* Between the queue and the transport that sets it up. */
#ifndef GUEST_VIRTIO_RING_H
#define GUEST_VIRTIO_RING_H

#include <linux/virtio.h>

/*
 * A queue of n descriptors (a power of two) in coherent memory of vdev's DMA device.
 * notify tells the device of the queue.  NULL without memory.
 */
struct virtqueue *vring_create(struct virtio_device *vdev, unsigned int index,
			       unsigned int n, void (*callback)(struct virtqueue *vq),
			       const char *name, void (*notify)(struct virtqueue *vq));
/* Gives everything back; no request is in flight. */
void vring_destroy(struct virtqueue *vq);
/* As new: for a queue that the device was made to forget. */
void vring_reinit(struct virtqueue *vq);

/* Where the device finds the three areas. */
struct vring_addresses {
	dma_addr_t desc, avail, used;
};
void vring_addresses(const struct virtqueue *vq, struct vring_addresses *a);

/* The queue's interrupt: true when there was something. */
bool vring_interrupt(struct virtqueue *vq);
/* No further request is taken; what is in flight stays so. */
void vring_break(struct virtqueue *vq);

#endif
