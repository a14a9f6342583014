/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "vmm/gdb/gdb_packet.h"

#define INTERRUPT 3
#define ESCAPE	  '}'
#define ESCAPED	  0x20 /* what an escaped byte is changed by */

static const char digits[] = "0123456789abcdef";

int gdb_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void gdb_hex(const void *bytes, size_t n, char *out)
{
	const uint8_t *b = bytes;
	size_t i;

	for (i = 0; i < n; i++) {
		*out++ = digits[b[i] >> 4];
		*out++ = digits[b[i] & 15];
	}
	*out = '\0';
}

bool gdb_unhex(const char *text, void *bytes, size_t n)
{
	uint8_t *b = bytes;
	size_t i;

	for (i = 0; i < n; i++) {
		int high = gdb_hex_digit(text[2 * i]), low;

		if (high < 0)
			return false;
		low = gdb_hex_digit(text[2 * i + 1]);
		if (low < 0)
			return false;
		b[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void begin(struct gdb_reader *r)
{
	r->state = GDB_BODY;
	r->spoilt = false;
	r->sum = 0;
	r->len = 0;
}

static void add(struct gdb_reader *r, char c)
{
	if (r->len == GDB_PACKET_MAX)
		r->spoilt = true;
	else
		r->body[r->len++] = c;
}

static enum gdb_event outside(struct gdb_reader *r, char c)
{
	switch (c) {
	case '$':
		begin(r);
		return GDB_NOTHING;
	case INTERRUPT:
		return GDB_INTERRUPT;
	case '+':
		return GDB_ACK;
	case '-':
		return GDB_NAK;
	default:
		return GDB_NOTHING;
	}
}

/* A new '$' begins anew: the rest of the frame before was lost. */
static void inside(struct gdb_reader *r, char c)
{
	if (c == '$') {
		begin(r);
	} else if (c == '#') {
		r->state = GDB_SUM_HIGH;
	} else {
		r->sum = (uint8_t)(r->sum + (uint8_t)c);
		if (c == ESCAPE)
			r->state = GDB_ESCAPED;
		else
			add(r, c);
	}
}

static void after_escape(struct gdb_reader *r, char c)
{
	r->sum = (uint8_t)(r->sum + (uint8_t)c);
	add(r, (char)(c ^ ESCAPED));
	r->state = GDB_BODY;
}

static void sum_digit(struct gdb_reader *r, char c)
{
	int value = gdb_hex_digit(c);

	if (value < 0)
		r->spoilt = true;
	r->told = (uint8_t)(r->told << 4 | (value & 15));
}

static enum gdb_event end(struct gdb_reader *r, char c)
{
	sum_digit(r, c);
	r->state = GDB_OUTSIDE;
	r->body[r->len] = '\0';
	return r->spoilt || r->told != r->sum ? GDB_GARBLED : GDB_PACKET;
}

static enum gdb_event take(struct gdb_reader *r, char c)
{
	switch (r->state) {
	case GDB_OUTSIDE:
		return outside(r, c);
	case GDB_BODY:
		inside(r, c);
		break;
	case GDB_ESCAPED:
		after_escape(r, c);
		break;
	case GDB_SUM_HIGH:
		sum_digit(r, c);
		r->state = GDB_SUM_LOW;
		break;
	case GDB_SUM_LOW:
		return end(r, c);
	}
	return GDB_NOTHING;
}

enum gdb_event gdb_read(struct gdb_reader *r, const char *bytes, size_t n, size_t *taken)
{
	enum gdb_event event = GDB_NOTHING;
	size_t i;

	for (i = 0; i < n && event == GDB_NOTHING; i++)
		event = take(r, bytes[i]);
	*taken = i;
	return event;
}

/* '*' would begin a run-length count. */
static bool must_be_escaped(char c)
{
	return c == '#' || c == '$' || c == ESCAPE || c == '*';
}

size_t gdb_frame(const char *body, size_t n, char *out)
{
	uint8_t sum = 0;
	size_t len = 0, i;

	out[len++] = '$';
	for (i = 0; i < n; i++) {
		if (must_be_escaped(body[i])) {
			out[len++] = ESCAPE;
			out[len++] = (char)(body[i] ^ ESCAPED);
		} else {
			out[len++] = body[i];
		}
	}
	for (i = 1; i < len; i++)
		sum = (uint8_t)(sum + (uint8_t)out[i]);
	out[len++] = '#';
	out[len++] = digits[sum >> 4];
	out[len++] = digits[sum & 15];
	return len;
}
