/* SPDX-License-Identifier: MIT */
/* Inside the virtio core: what virtq.c, virtq_chain.c and virtio.c share. */
#ifndef DEVICES_VIRTQ_RING_H
#define DEVICES_VIRTQ_RING_H

#include "devices/virtio/virtq.h"

/* 0 or -ENOMEM; virtq_fini() frees either way. */
int virtq_init(struct virtq *q, struct virtio_dev *vd, unsigned int index,
	       uint16_t max_size);
void virtq_fini(struct virtq *q);
/* Opens the windows over areas that virtq_check() found good. */
void virtq_start(struct virtq *q);
/* As it was after virtq_init(); no chain may be in flight. */
void virtq_stop(struct virtq *q);
/* What virtq_push() does when nobody interferes. */
void virtq_complete(struct virtq_chain *chain, uint32_t written);
/* The host's pointer to a ring of an enabled queue, or NULL: go by dma_read, dma_write. */
void *virtq_host(struct virtq_area *area);

/* Size and areas, as the driver wrote them, obey section 2.7: NULL, or what is wrong. */
const char *virtq_check(struct virtq *q, bool event_idx);

/*
 * Reads and checks the chain that starts at `head` (below the queue size).  NULL: the device
 * is broken now, or the host has no memory.
 */
struct virtq_chain *virtq_read_chain(struct virtq *q, uint16_t head);

#endif
