/* SPDX-License-Identifier: MIT */
/*
 * virtio block device (virtio 1.2, section 5.2) on a block backend.
 */
#ifndef DEVICES_VIRTIO_BLK_H
#define DEVICES_VIRTIO_BLK_H

#include "devices/blk/block_backend.h"
#include "devices/virtio/virtio.h"

struct virtio_blk_config_in {
	const char *name; /* "disk0"; outlives the device */
	struct block_backend *backend; /* the device's from success on: it closes it */
	const char *serial; /* answer to GET_ID, at most 20 bytes are used; NULL: empty */
	unsigned int nr_queues; /* 0: one */
};

/* What happened since the device was created. */
struct virtio_blk_op_stats {
	uint64_t requests; /* completed, well or not */
	uint64_t errors; /* completed with an error status */
	uint64_t bytes; /* moved, discarded or zeroed by good ones */
	uint64_t ns; /* from taking the request to completing it, summed */
};
struct virtio_blk_stats {
	struct virtio_blk_op_stats read, write, flush, discard, zero;
	uint64_t refused; /* malformed, out of range, read-only, unknown */
};

/* 0 or -ENOMEM, -EINVAL (too many queues).  *out goes to a transport. */
int virtio_blk_create(const struct virtio_blk_config_in *config, struct virtio_dev **out);
void virtio_blk_get_stats(const struct virtio_dev *vd, struct virtio_blk_stats *stats);

#endif
