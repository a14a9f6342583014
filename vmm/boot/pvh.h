/* SPDX-License-Identifier: MIT */
/*
 * The start info that a PVH kernel finds through ebx: memory map, command line, initrd and
 * ACPI, all in the reserved page at PV_EBDA_BASE, so that no kernel takes it for free RAM.
 */
#ifndef VMM_PVH_H
#define VMM_PVH_H

#include <stdint.h>

#include "vmm/kvm/memory.h"

struct pvh_boot {
	const char *cmdline; /* shorter than CMDLINE_MAX */
	uint64_t rsdp_gpa;
	uint64_t initrd_gpa; /* page-aligned */
	uint64_t initrd_size; /* 0: none */
};

/* Writes it all; the address of the start info. */
uint64_t pvh_write_start_info(const struct guest_memory *mem,
			      const struct pvh_boot *boot);

#endif
