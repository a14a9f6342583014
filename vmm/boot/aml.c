/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "vmm/boot/aml.h"

#define OP_ZERO	   0x00
#define OP_ONE	   0x01
#define OP_NAME	   0x08
#define OP_BYTE	   0x0a
#define OP_WORD	   0x0b
#define OP_DWORD   0x0c
#define OP_STRING  0x0d
#define OP_QWORD   0x0e
#define OP_SCOPE   0x10
#define OP_BUFFER  0x11
#define OP_PACKAGE 0x12
#define OP_EXT	   0x5b
#define EXT_DEVICE 0x82

/* PkgLength in its three-byte form: always long enough here, and its place is known
 * before its value. */
#define PKG_LENGTH_SIZE 3
#define PKG_LENGTH_MAX	0xfffff

/* Resource descriptors (ACPI 6.4, 6.4) */
#define RES_IRQ	    0x22 /* small, 2 bytes follow */
#define RES_IO	    0x47 /* small, 7 bytes follow */
#define RES_END	    0x79 /* small, 1 byte follows */
#define RES_FIXED32 0x86
#define RES_WORD    0x88
#define RES_QWORD   0x8a

#define SPACE_MEMORY 0
#define SPACE_IO     1
#define SPACE_BUS    2

#define WINDOW_FIXED	  0x0c /* minimum and maximum are fixed; the bridge passes it on */
#define MEMORY_READ_WRITE 0x01
#define IO_ENTIRE_RANGE	  0x03
#define IO_DECODE_16_BITS 0x01

void aml_init(struct aml *aml, void *buf, size_t size)
{
	*aml = (struct aml){ .buf = buf, .size = size };
}

bool aml_complete(const struct aml *aml)
{
	return !aml->failed && !aml->depth;
}

static void put_bytes(struct aml *aml, const void *bytes, size_t n)
{
	if (aml->failed || n > aml->size - aml->len) {
		aml->failed = true;
		return;
	}
	memcpy(aml->buf + aml->len, bytes, n);
	aml->len += n;
}

static void put(struct aml *aml, uint64_t value, size_t bytes)
{
	put_bytes(aml, &value, bytes); /* little-endian, as the host */
}

static void put_name(struct aml *aml, const char *name)
{
	char padded[4] = { '_', '_', '_', '_' };

	if (*name == '\\') {
		put(aml, '\\', 1);
		name++;
	}
	memcpy(padded, name, strnlen(name, sizeof(padded)));
	put_bytes(aml, padded, sizeof(padded));
}

static void open_length(struct aml *aml)
{
	if (aml->depth == AML_DEPTH_MAX) {
		aml->failed = true;
		return;
	}
	aml->open[aml->depth++] = aml->len;
	put(aml, 0, PKG_LENGTH_SIZE);
}

void aml_close(struct aml *aml)
{
	size_t at, length;

	if (aml->failed || !aml->depth) {
		aml->failed = true;
		return;
	}
	at = aml->open[--aml->depth];
	length = aml->len - at;
	if (length > PKG_LENGTH_MAX) {
		aml->failed = true;
		return;
	}
	aml->buf[at] = (uint8_t)((PKG_LENGTH_SIZE - 1) << 6 | (length & 0xf));
	aml->buf[at + 1] = (uint8_t)(length >> 4);
	aml->buf[at + 2] = (uint8_t)(length >> 12);
}

void aml_open_scope(struct aml *aml, const char *name)
{
	put(aml, OP_SCOPE, 1);
	open_length(aml);
	put_name(aml, name);
}

void aml_open_device(struct aml *aml, const char *name)
{
	put(aml, OP_EXT, 1);
	put(aml, EXT_DEVICE, 1);
	open_length(aml);
	put_name(aml, name);
}

void aml_open_package(struct aml *aml, unsigned int elements)
{
	put(aml, OP_PACKAGE, 1);
	open_length(aml);
	put(aml, elements, 1);
}

void aml_name(struct aml *aml, const char *name)
{
	put(aml, OP_NAME, 1);
	put_name(aml, name);
}

void aml_integer(struct aml *aml, uint64_t value)
{
	if (value <= 1) {
		put(aml, value ? OP_ONE : OP_ZERO, 1);
	} else if (value <= UINT8_MAX) {
		put(aml, OP_BYTE, 1);
		put(aml, value, 1);
	} else if (value <= UINT16_MAX) {
		put(aml, OP_WORD, 1);
		put(aml, value, 2);
	} else if (value <= UINT32_MAX) {
		put(aml, OP_DWORD, 1);
		put(aml, value, 4);
	} else {
		put(aml, OP_QWORD, 1);
		put(aml, value, 8);
	}
}

static unsigned int hex_digit(char c)
{
	return (unsigned int)(c <= '9' ? c - '0' : c - 'A' + 10);
}

void aml_string(struct aml *aml, const char *text)
{
	put(aml, OP_STRING, 1);
	put_bytes(aml, text, strlen(text) + 1);
}

/* Three letters of 5 bits, four hexadecimal digits, big-endian. */
void aml_eisa_id(struct aml *aml, const char *id)
{
	uint32_t value = 0;
	unsigned int i;

	for (i = 0; i < 3; i++)
		value = value << 5 | (((uint32_t)id[i] - 0x40) & 0x1f);
	for (; i < 7; i++)
		value = value << 4 | hex_digit(id[i]);
	put(aml, OP_DWORD, 1);
	put(aml, __builtin_bswap32(value), 4);
}

/* BufferOp, length, then the size as a word, of which the same is true as of the length. */
void aml_open_resources(struct aml *aml)
{
	put(aml, OP_BUFFER, 1);
	open_length(aml);
	put(aml, OP_WORD, 1);
	put(aml, 0, 2);
}

void aml_close_resources(struct aml *aml)
{
	size_t at, size;

	put(aml, RES_END, 1);
	put(aml, 0, 1); /* checksum 0: not used */
	aml_close(aml);
	if (aml->failed)
		return;
	at = aml->open[aml->depth] + PKG_LENGTH_SIZE + 1;
	size = aml->len - at - 2;
	aml->buf[at] = (uint8_t)size;
	aml->buf[at + 1] = (uint8_t)(size >> 8);
}

/* An address space descriptor whose numbers are `width` bytes each. */
static void put_window(struct aml *aml, uint8_t descriptor, size_t width, uint8_t space,
		       uint8_t flags, uint64_t first, uint64_t last)
{
	put(aml, descriptor, 1);
	put(aml, 3 + 5 * width, 2);
	put(aml, space, 1);
	put(aml, WINDOW_FIXED, 1);
	put(aml, flags, 1);
	put(aml, 0, width); /* granularity */
	put(aml, first, width);
	put(aml, last, width);
	put(aml, 0, width); /* translation */
	put(aml, last - first + 1, width);
}

void aml_res_bus(struct aml *aml, uint16_t first, uint16_t last)
{
	put_window(aml, RES_WORD, 2, SPACE_BUS, 0, first, last);
}

void aml_res_port_window(struct aml *aml, uint16_t first, uint16_t last)
{
	put_window(aml, RES_WORD, 2, SPACE_IO, IO_ENTIRE_RANGE, first, last);
}

void aml_res_memory_window(struct aml *aml, uint64_t first, uint64_t last)
{
	put_window(aml, RES_QWORD, 8, SPACE_MEMORY, MEMORY_READ_WRITE, first, last);
}

void aml_res_ports(struct aml *aml, uint16_t base, uint8_t count)
{
	put(aml, RES_IO, 1);
	put(aml, IO_DECODE_16_BITS, 1);
	put(aml, base, 2);
	put(aml, base, 2);
	put(aml, 1, 1); /* alignment */
	put(aml, count, 1);
}

void aml_res_memory(struct aml *aml, uint32_t base, uint32_t size)
{
	put(aml, RES_FIXED32, 1);
	put(aml, 9, 2);
	put(aml, MEMORY_READ_WRITE, 1);
	put(aml, base, 4);
	put(aml, size, 4);
}

void aml_res_irq(struct aml *aml, unsigned int irq)
{
	put(aml, RES_IRQ, 1);
	put(aml, 1u << irq, 2);
}
