/* SPDX-License-Identifier: MIT */
/*
 * 16550A serial port: eight registers, a 16-byte receive FIFO, one interrupt line.
 *
 * All calls on one port must be serialised by the caller.
 */
#ifndef DEVICES_SERIAL_H
#define DEVICES_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIAL_REGISTERS 8

struct serial_config {
	/* The level of the interrupt line, on each change.  May be NULL. */
	void (*irq)(void *ctx, bool level);
	/* What the guest sent: whole lines where possible.  Takes everything. */
	void (*output)(void *ctx, const void *bytes, size_t count);
	/* There is unflushed output and this is the first of it: arrange for serial_flush() to
	 * be called soon.  NULL: output is passed on byte by byte. */
	void (*output_pending)(void *ctx);
	/* serial_receive() had turned bytes away; now there is room.  May be NULL. */
	void (*input_room)(void *ctx);
	void *ctx;
};

/* NULL without memory. */
struct serial *serial_create(const struct serial_config *config);
void serial_destroy(struct serial *s);

/* offset: 0 .. 7. */
uint8_t serial_read(struct serial *s, unsigned int offset);
void serial_write(struct serial *s, unsigned int offset, uint8_t value);

/* Bytes from outside, in order; how many were taken. */
size_t serial_receive(struct serial *s, const void *bytes, size_t count);

/* Gives the sink what is still gathered. */
void serial_flush(struct serial *s);
/* Power-on state; unflushed output is flushed, unread input is dropped. */
void serial_reset(struct serial *s);

struct serial_stats {
	uint64_t bytes_in; /* read by the guest */
	uint64_t bytes_out;
};
void serial_get_stats(const struct serial *s, struct serial_stats *stats);

#endif
