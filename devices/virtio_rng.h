/* SPDX-License-Identifier: MIT */
/* virtio entropy device (virtio 1.2, section 5.4), from the host's getrandom(2). */
#ifndef DEVICES_VIRTIO_RNG_H
#define DEVICES_VIRTIO_RNG_H

#include <sys/types.h>

#include "devices/virtio/virtio.h"

struct virtio_rng_config {
	const char *name; /* "rng0"; outlives the device */
	/* As getrandom(bytes, count, GRND_NONBLOCK); NULL: that. */
	ssize_t (*source)(void *bytes, size_t count);
};

/* 0 or -ENOMEM.  *out goes to a transport. */
int virtio_rng_create(const struct virtio_rng_config *config, struct virtio_dev **out);

#endif
