/* SPDX-License-Identifier: MIT */
/*
 * A virtio device for the guest's drivers: a transport without PCI, and a device behind it
 * that answers, or keeps what it was given.  It works while the driver sleeps.
 *
 * What it holds is watched: memory that the driver unmaps, frees or offers once more while
 * the device still has it is `stolen`.
 */
#ifndef MOCK_VIRTIO_H
#define MOCK_VIRTIO_H

#include <abi/virtio_ring.h>
#include <linux/dma-mapping.h>
#include <linux/virtio_config.h>

#define MOCK_RING   16U /* descriptors of each queue */
#define MOCK_QUEUES 2U
#define MOCK_SEGS   16U /* most descriptors of a chain */
#define MOCK_KEEPS  (-1)

struct mock_chain {
	u16 head;
	unsigned int queue, n;
	struct vring_desc seg[MOCK_SEGS]; /* addr, len; WRITE in flags */
};

struct mock_queue {
	struct virtqueue *vq;
	bool enabled;
	u16 seen, used; /* chains taken and given back, modulo 2^16 */
	struct mock_chain held[MOCK_RING];
	unsigned int nr_held;
};

struct mock_virtio {
	struct virtio_device vdev;
	struct device bus; /* does the DMA */
	u64 mask;

	/* The device; set before mock_virtio_plug(). */
	u64 without; /* feature bits of the ring that it does not offer */
	u64 with; /* its own, that it offers */
	u8 config[64];
	/* Answers a chain: bytes written, or MOCK_KEEPS. */
	int (*serve)(struct mock_virtio *m, const struct mock_chain *chain);
	void (*has_queues)(void); /* the driver has got its queues; NULL: nobody cares */

	/* How it misbehaves, at any time. */
	bool silent; /* keeps all that it is given */
	bool mute; /* answers without an interrupt */
	int cut; /* answers say that they are so many bytes shorter than they are */
	bool late; /* answers in the moment in which a queue is reset */
	bool deaf; /* does not reset a queue */
	bool stuck; /* nor itself: the transport cuts it off */
	bool fixed; /* its configuration takes no writes */

	/* What happened. */
	unsigned int queue_resets, resets;
	unsigned int stolen;

	u8 status;
	struct mock_queue queue[MOCK_QUEUES];
	unsigned int nr_queues; /* that the driver uses */
};

/* Works at once: for a driver that looks at the ring and does not sleep. */
void mock_virtio_work(struct mock_virtio *m);
/* Where a segment of a chain is. */
void *mock_virtio_at(const struct vring_desc *seg);

/* All drivers of this program, by their initcalls; once, with memory there.  0, or an error
 * of one of them. */
int mock_virtio_drivers(void);

/* The device appears, otherwise as new; one at a time.  Its driver has it when this
 * returns. */
void mock_virtio_plug(struct mock_virtio *m);
/* It goes. */
void mock_virtio_unplug(struct mock_virtio *m);

#endif
