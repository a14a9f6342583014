/* SPDX-License-Identifier: MIT */
/*
 * The frames of gdb's remote protocol (gdb manual, "Overview" of "Remote Protocol"):
 * $body#cc with a checksum, the acknowledgements + and -, and the byte 3 that interrupts.
 * Pure: bytes in, events out.  Bytes may come in any pieces; anything between two frames is
 * skipped.
 */
#ifndef VMM_GDB_PACKET_H
#define VMM_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GDB_PACKET_MAX \
	8192 /* bytes of a body, escapes undone; what PacketSize tells gdb */
#define GDB_FRAME_MAX (2 * GDB_PACKET_MAX + 4) /* and of a frame */

enum gdb_event {
	GDB_NOTHING, /* all bytes were taken, and no frame is complete */
	GDB_PACKET, /* reader->body has `len` bytes, and a NUL behind them */
	GDB_GARBLED, /* a body with a wrong checksum, or one that is too long */
	GDB_INTERRUPT,
	GDB_ACK,
	GDB_NAK,
};

/* Zeroed at first. */
struct gdb_reader {
	enum { GDB_OUTSIDE, GDB_BODY, GDB_ESCAPED, GDB_SUM_HIGH, GDB_SUM_LOW } state;
	bool spoilt; /* the body is too long, or its checksum no number */
	uint8_t sum, told; /* computed, and what the frame says */
	size_t len; /* <= GDB_PACKET_MAX */
	char body[GDB_PACKET_MAX + 1];
};

/* Takes bytes up to the end of the next event; *taken says how many.  After GDB_PACKET the
 * body lasts until the next call. */
enum gdb_event gdb_read(struct gdb_reader *reader, const char *bytes, size_t n,
			size_t *taken);

/* A frame around the body (at most GDB_PACKET_MAX bytes) into out, which has GDB_FRAME_MAX:
 * its length. */
size_t gdb_frame(const char *body, size_t n, char *out);

/* The value of a hexadecimal digit, or -1. */
int gdb_hex_digit(char c);
/* Two digits a byte, and a NUL; out has 2 * n + 1. */
void gdb_hex(const void *bytes, size_t n, char *out);
/* Back, n bytes; false where that is no such text. */
bool gdb_unhex(const char *text, void *bytes, size_t n);

#endif
