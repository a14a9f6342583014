/* SPDX-License-Identifier: MIT */
/*
 * A writer of AML, the byte code of ACPI (ACPI 6.4, chapter 20), as far as pagevisor's
 * DSDT needs it.
 *
 * Terms are written in order.  Those that contain others (scope, device, package, resource
 * template) are opened and closed; the length in front of them is filled in on closing.
 * A full buffer or too deep a nesting sets `failed` and the rest is dropped: asked once, at
 * the end.
 */
#ifndef VMM_AML_H
#define VMM_AML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AML_DEPTH_MAX 8

struct aml {
	uint8_t *buf;
	size_t size; /* of buf */
	size_t len; /* written */
	bool failed;
	unsigned int depth; /* open terms */
	size_t open[AML_DEPTH_MAX]; /* where the length of each stands */
};

void aml_init(struct aml *aml, void *buf, size_t size);
/* True when all was written and all that was opened is closed. */
bool aml_complete(const struct aml *aml);

/* Names are 4 characters, padded with '_'; a leading backslash is kept. */
void aml_open_scope(struct aml *aml, const char *name);
void aml_open_device(struct aml *aml, const char *name);
void aml_open_package(struct aml *aml, unsigned int elements);
void aml_close(struct aml *aml);

/* Name (NAME, ...): the value is the next term. */
void aml_name(struct aml *aml, const char *name);
void aml_integer(struct aml *aml, uint64_t value);
void aml_string(struct aml *aml, const char *text);
/* A compressed EISA id such as "PNP0A03". */
void aml_eisa_id(struct aml *aml, const char *id);

/* A ResourceTemplate: a buffer of the descriptors written until it is closed. */
void aml_open_resources(struct aml *aml);
void aml_close_resources(struct aml *aml);
void aml_res_bus(struct aml *aml, uint16_t first, uint16_t last);
/* Ports that the device decodes itself, and ports that it passes on. */
void aml_res_ports(struct aml *aml, uint16_t base, uint8_t count);
void aml_res_port_window(struct aml *aml, uint16_t first, uint16_t last);
void aml_res_memory(struct aml *aml, uint32_t base, uint32_t size);
void aml_res_memory_window(struct aml *aml, uint64_t first, uint64_t last);
/* An edge-triggered ISA interrupt. */
void aml_res_irq(struct aml *aml, unsigned int irq);

#endif
