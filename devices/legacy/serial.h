/* SPDX-License-Identifier: MIT */
/*
 * 16550A serial port: eight registers, a 16-byte receive FIFO, one interrupt line.
 */
#ifndef DEVICES_SERIAL_H
#define DEVICES_SERIAL_H

#include <stddef.h>
#include <stdint.h>

#include "devices/bus.h"
#include "devices/device.h"
#include "devices/host.h"

struct serial;

struct serial_config {
	const char *name; /* "com1": outlives the device */
	uint16_t port; /* of the first register */
	unsigned int gsi;
	/* What the guest sent.  Whole lines; an unfinished one when nothing has
	 * followed for a short time.  Takes everything. */
	void (*output)(void *ctx, const void *bytes, size_t count);
	/* serial_receive() had turned bytes away; now there is room.  May be NULL. 
	 * Called from inside a register access: may call serial_receive(). */
	void (*input_room)(void *ctx);
	void *ctx;
};

/* Puts the port on the bus and into the list, whose destroy frees it.  0, -ENOMEM or
 * what bus_add() says. */
int serial_create(const struct serial_config *config, struct host *host, struct bus *pio,
		  struct device_list *devices, struct serial **out);

/* Bytes from outside, in order; how many were taken. */
size_t serial_receive(struct serial *s, const void *bytes, size_t count);
/* Gives the sink what is still gathered: before the program ends, say. */
void serial_flush(struct serial *s);

#endif
