/* SPDX-License-Identifier: MIT */
/*
 * virtio block device (virtio 1.2, section 5.2) on a block backend.
 */
#ifndef DEVICES_VIRTIO_BLK_H
#define DEVICES_VIRTIO_BLK_H

#include "devices/blk/block_backend.h"
#include "devices/virtio/virtio.h"

/*
 * What becomes of a request that the host failed.  One that waits is tried again, from its
 * beginning, when the device goes on after a pause: the machine is to be paused meanwhile,
 * until somebody has mended what is wrong.
 */
enum virtio_blk_policy {
	VIRTIO_BLK_REPORT, /* the driver is told */
	VIRTIO_BLK_WAIT_ENOSPC, /* it waits when the host had no space, else REPORT */
	VIRTIO_BLK_WAIT,
};

struct virtio_blk_config_in {
	const char *name; /* "disk0"; outlives the device */
	struct block_backend *backend; /* the device's from success on: it closes it */
	const char *serial; /* answer to GET_ID, at most 20 bytes are used; NULL: empty */
	unsigned int nr_queues; /* 0: one */
	bool write_through; /* there is no cache: what completed is durable */
	bool no_flush; /* nothing ever is: a flush does nothing */
	enum virtio_blk_policy read_errors, write_errors; /* write: all but reads */
	/* The host failed a request, which waits, or else the driver is told.  Under the lock of
	 * host.h; NULL: both policies are REPORT. */
	void (*failed)(void *ctx, enum block_op op, int error, bool waits);
	void *ctx;
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
