/* SPDX-License-Identifier: MIT */
/*
 * Guest RAM: one mapping of the host, seen by the guest as one range below the 3 GiB hole and
 * one above 4 GiB.  It costs nothing until it is touched, and the monitor itself touches only
 * what it loads.
 *
 * How it is given back depends on what backs it.  Advice that a private mapping takes is
 * accepted for the others, too, and frees nothing there: the file keeps the bytes.  So files
 * get a hole punched.
 */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "devices/dma/ram.h"
#include "vmm/util/error.h"

enum memory_backend {
	MEMORY_PRIVATE, /* anonymous; the host may use transparent huge pages */
	MEMORY_SHARED, /* a memfd */
	MEMORY_HUGETLB, /* a memfd of 2 MiB pages of the host's pool, reserved at start */
};

struct guest_memory {
	struct ram ram; /* one region, or two: below and above the hole */
	void *reservation; /* what was mapped: the RAM with slack to align it */
	size_t reserved;
	uint64_t size; /* of the RAM, bytes */
	enum memory_backend backend;
};

/*
 * size: a positive multiple of MEM_ALIGN.  0; -ENOMEM where the host refuses; -EINVAL where
 * the size is no whole number of its pages.
 */
int memory_create(struct guest_memory *mem, uint64_t size, enum memory_backend backend,
		  struct error *err);
void memory_destroy(struct guest_memory *mem);

/* What the host can take back at once, and what its start must be aligned to. */
uint64_t memory_unit(const struct guest_memory *mem);
/* Gives [host, host + len), whole units of the RAM, back to the host: it reads as zero again.
 * 0 or a negative errno. */
int memory_give_back(const struct guest_memory *mem, void *host, uint64_t len);
/* Gives all RAM back. */
void memory_discard(const struct guest_memory *mem);

/* End of the RAM that starts at 0. */
uint64_t memory_low_end(const struct guest_memory *mem);

#endif
