/* SPDX-License-Identifier: MIT */
/*
 * virtio console (virtio 1.2, section 5.3): one port, a size, emergency write.
 *
 * Both directions have flow control: the guest's output waits in the guest while the
 * embedder does not take it, input waits with the embedder while the guest gives no
 * buffers.
 */
#ifndef DEVICES_VIRTIO_CONSOLE_H
#define DEVICES_VIRTIO_CONSOLE_H

#include <stddef.h>

#include "devices/virtio/virtio.h"

struct virtio_console;

struct virtio_console_config_in {
	const char *name; /* "console0"; outlives the device */
	uint16_t cols, rows;
	/* What the guest sent; returns how many bytes it took.  After taking less
	 * than all the embedder calls virtio_console_output_room() when it can take
	 * more. */
	size_t (*output)(void *ctx, const void *bytes, size_t count);
	/* virtio_console_receive() had turned bytes away; now there is room.  May be
	 * NULL. */
	void (*input_room)(void *ctx);
	void *ctx;
};

/* 0 or -ENOMEM.  virtio_console_dev() goes to a transport. */
int virtio_console_create(const struct virtio_console_config_in *config,
			  struct virtio_console **out);
struct virtio_dev *virtio_console_dev(struct virtio_console *console);

/* Bytes from outside, in order; how many were taken. */
size_t virtio_console_receive(struct virtio_console *console, const void *bytes,
			      size_t count);
void virtio_console_output_room(struct virtio_console *console);
/* The window changed: the guest is told. */
void virtio_console_resize(struct virtio_console *console, uint16_t cols, uint16_t rows);

#endif
