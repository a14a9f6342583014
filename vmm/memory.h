/* SPDX-License-Identifier: MIT */
/*
 * Guest RAM: one anonymous private mapping of the host, seen by the guest as one range
 * below the 3 GiB hole and one above 4 GiB.  It costs nothing until it is touched, and the
 * monitor itself touches only what it loads.
 */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "devices/ram.h"
#include "vmm/error.h"

struct guest_memory {
	struct ram ram; /* one region, or two: below and above the hole */
	void *reservation; /* what was mapped: the RAM with slack to align it */
	size_t reserved;
	uint64_t size; /* of the RAM, bytes */
};

/* size: a positive multiple of MEM_ALIGN.  0, or -ENOMEM where the host refuses. */
int memory_create(struct guest_memory *mem, uint64_t size, struct error *err);
void memory_destroy(struct guest_memory *mem);

/* Gives all RAM back to the host: it reads as zero again. */
void memory_discard(const struct guest_memory *mem);

/* End of the RAM that starts at 0. */
uint64_t memory_low_end(const struct guest_memory *mem);

#endif
