/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/guest/mock_acpi.h"
#include <cmocka.h>

static bool read_ram(const struct acpi_memory *memory, u64 pa, void *buf, size_t len)
{
	struct mock_acpi *m = (struct mock_acpi *)(uintptr_t)memory;

	m->reads++;
	if (len > m->size || pa > m->size - len)
		return false;
	memcpy(buf, m->ram + pa, len);
	return true;
}

struct mock_acpi *mock_acpi_new(size_t size)
{
	struct mock_acpi *m = calloc(1, sizeof(*m) + size);

	assert_non_null(m);
	m->memory.read = read_ram;
	m->size = size;
	return m;
}

void mock_acpi_start(struct mock_acpi *m, uint32_t at, const char *signature,
		     uint32_t len)
{
	struct acpi_header *h = (struct acpi_header *)(m->ram + at);

	memset(m->ram + at, 0, len);
	memcpy(h->signature, signature, 4);
	h->length = len;
}

void mock_acpi_seal(struct mock_acpi *m, uint32_t at)
{
	struct acpi_header *h = (struct acpi_header *)(m->ram + at);

	mock_acpi_seal_bytes(m->ram + at, h->length, &h->checksum);
}

void mock_acpi_seal_bytes(unsigned char *bytes, size_t len, unsigned char *checksum)
{
	unsigned char sum = 0;

	*checksum = 0;
	for (size_t i = 0; i < len; i++)
		sum = (unsigned char)(sum + bytes[i]);
	*checksum = (unsigned char)-sum;
}
