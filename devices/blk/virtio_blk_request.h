/* SPDX-License-Identifier: MIT */
/* Inside the virtio block device: between the device and its requests. */
#ifndef DEVICES_VIRTIO_BLK_REQUEST_H
#define DEVICES_VIRTIO_BLK_REQUEST_H

#include <abi/virtio_blk.h>

#include "devices/blk/virtio_blk.h"

#define VIRTIO_BLK_MAX_RANGES  32u /* in one discard or write-zeroes request */
#define VIRTIO_BLK_MAX_SECTORS (1u << 22) /* in one such range: 2 GiB */

struct blk_request;

struct virtio_blk {
	struct virtio_dev vd;
	struct block_backend *backend;
	bool write_through, no_flush;
	enum virtio_blk_policy read_errors, write_errors;
	void (*failed)(void *ctx, enum block_op op, int error, bool waits);
	void *ctx;
	/* What waits, in any order; nothing of guest memory is mapped for it. */
	struct blk_request *waiting;
	/* What was stopped half-way, likewise; only while the device is paused. */
	struct blk_request *stopped;
	bool stopping; /* requests end with the operation that is under way */
	bool paused_since; /* it was, since the last retry */
	struct host_watch watch;
	bool watching;
	struct virtio_blk_config config;
	uint64_t capacity; /* sectors */
	char serial[VIRTIO_BLK_ID_BYTES];
	struct virtio_blk_stats stats;
};

/* For virtq_process: takes one chain, which completes now or later. */
bool virtio_blk_handle(void *arg, struct virtq_chain *chain);
/* Nothing is under way when it returns: at most one piece of each request was waited for, and
 * requests of queues that are enabled were stopped.  Bounded, whatever was asked for. */
void virtio_blk_stop(struct virtio_blk *blk);
/* What waits, what was stopped begins anew. */
void virtio_blk_retry(struct virtio_blk *blk);
void virtio_blk_go_on(struct virtio_blk *blk);
/* What waits in queues that are not enabled any more is dropped. */
void virtio_blk_forget(struct virtio_blk *blk);

#endif
