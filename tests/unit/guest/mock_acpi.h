/* SPDX-License-Identifier: MIT */
/* Physical memory with ACPI tables that a test makes, for guest/acpi.h to read. */
#ifndef MOCK_ACPI_H
#define MOCK_ACPI_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <abi/acpi.h>
#include <guest/acpi.h>

struct mock_acpi {
	struct acpi_memory memory;
	size_t size;
	unsigned int reads;
	_Alignas(16) unsigned char ram[]; /* physical address 0 up */
};

/* All zero; free() it.  Fails the test when it cannot. */
struct mock_acpi *mock_acpi_new(size_t size);

/* A table with nothing behind its signature and length. */
void mock_acpi_start(struct mock_acpi *m, uint32_t at, const char *signature,
		     uint32_t len);
/* Its checksum is right. */
void mock_acpi_seal(struct mock_acpi *m, uint32_t at);
/* The same of any len bytes, which hold the checksum. */
void mock_acpi_seal_bytes(unsigned char *bytes, size_t len, unsigned char *checksum);

#endif
