/* SPDX-License-Identifier: MIT */
/*
 * The device side of a split virtqueue (virtio 1.2, section 2.7).
 *
 * Everything in the rings is the guest's and may change at any moment.  virtq_pop() reads
 * each word of a chain once, checks it, and hands out a private copy; no model looks at a
 * descriptor again.  What breaks a rule breaks the device: one report, DEVICE_NEEDS_RESET,
 * a configuration interrupt, and no more work until the driver resets it.
 *
 * Life of a chain: virtq_pop() allocates it; virtq_push() completes it, or virtq_drop()
 * forgets it; both free it.  A chain may be completed in any order and at any later time
 * under the lock of host.h, but before the model's drain op returns.
 */
#ifndef DEVICES_VIRTQ_H
#define DEVICES_VIRTQ_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/dma/dma_cursor.h"

#define VIRTQ_MAX_SIZE 1024u

struct virtio_dev;
struct virtq;

/* A validated snapshot of one descriptor chain. */
struct virtq_chain {
	struct virtq *q;
	uint16_t head;
	dma_request request; /* its place in the available ring */
	uint16_t nr_out,
		nr_in; /* segments; together at most the queue size, at least 1 */
	uint64_t out_len, in_len; /* bytes; the sum is below 4 GiB */
	struct dma_seg seg[]; /* nr_out for the device to read, then nr_in to write */
};

/* A ring area: the driver's address and, while the queue is enabled, a window over it. */
struct virtq_area {
	uint64_t iova;
	uint32_t bytes;
	enum dma_dir dir;
	struct dma_window window;
};

/* Where each stands in struct virtq */
enum virtq_area_index { VIRTQ_DESC, VIRTQ_AVAIL, VIRTQ_USED, VIRTQ_AREAS };

struct virtq_counters {
	uint64_t popped, pushed, interrupts, notifications;
};

struct virtq {
	struct virtio_dev *vd;
	uint16_t index;
	uint16_t max_size; /* what the device offers */

	/* Written by the driver before it enables the queue, fixed from then on. */
	uint16_t size;
	struct virtq_area area[VIRTQ_AREAS];
	bool enabled;

	uint16_t last_avail; /* next available entry to take */
	uint16_t used_idx; /* next used entry to fill; only this side writes it */
	uint16_t signalled_used; /* used_idx when the driver was last considered */
	bool notify_off; /* the driver was asked not to notify */
	uint64_t *in_flight; /* one bit a head: popped and not completed */
	unsigned int nr_in_flight;
	struct dma_seg *scratch; /* one chain while it is checked: max_size entries */
	struct virtq_counters count;
};

/*
 * The next chain, or NULL: none, paused, not running, or broken just now.
 */
struct virtq_chain *virtq_pop(struct virtq *q);
/* Takes the last virtq_pop() back: the next pop returns the same chain again.  Only
 * directly after it (a console without room, say). */
void virtq_unpop(struct virtq_chain *chain);
/* Completes: `written` bytes of the writable part were filled (bounded by it).  The driver
 * sees the chain at once; virtq_signal() tells it. */
void virtq_push(struct virtq_chain *chain, uint32_t written);
/* Forgets a chain without completing it: in drain, when the request will never be done. */
void virtq_drop(struct virtq_chain *chain);
/* Interrupts the driver when it wants to know about what was pushed since last time. */
void virtq_signal(struct virtq *q);

/*
 * Calls handle(arg, chain) for every chain there is, with the driver's notifications off
 * meanwhile, then signals once.  handle owns the chain.  Returning false ends the loop
 * early with notifications on (for a model that is full; it continues by virtq_process()).
 * A driver that adds chains without end is served a queue's worth at a time, with the event
 * loop in between.
 */
void virtq_process(struct virtq *q, bool (*handle)(void *arg, struct virtq_chain *chain),
		   void *arg);

/* Asks the driver (not) to notify.  On: true when chains are there already, so that
 * nobody would be told of them. */
void virtq_notify_off(struct virtq *q);
bool virtq_notify_on(struct virtq *q);

/* Cursors over the two parts of a chain. */
struct dma_cursor virtq_readable(const struct virtq_chain *chain);
struct dma_cursor virtq_writable(const struct virtq_chain *chain);

#endif
