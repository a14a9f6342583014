/* SPDX-License-Identifier: MIT */
/* dmacheck: says what guest memory looks like from a device's side
 * (<abi/dmacheck.h>). */
#ifndef DEVICES_DMACHECK_H
#define DEVICES_DMACHECK_H

#include "devices/virtio/virtio.h"

struct dmacheck_params {
	const char *name; /* "dmacheck0"; outlives the device */
	unsigned int nr_queues; /* 1 .. DMACHECK_MAX_QUEUES; 0: one */
	uint64_t max_bytes; /* of a stream; 0: DMACHECK_MAX_BYTES */
};

/* 0, -ENOMEM or -EINVAL.  *out goes to a transport. */
int dmacheck_create(const struct dmacheck_params *params, struct virtio_dev **out);

#endif
