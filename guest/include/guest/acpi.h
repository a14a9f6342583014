/* SPDX-License-Identifier: MIT */
/*
 * What the kernel wants to know from the ACPI tables.  The reader trusts nothing: every
 * length is checked against what holds it, every table against its checksum.
 */
#ifndef GUEST_ACPI_H
#define GUEST_ACPI_H

#include <linux/types.h>

#define ACPI_MAX_CPUS 256U

struct acpi_facts {
	/* MADT */
	phys_addr_t lapic_base;
	unsigned int cpus; /* usable ones, also those past ACPI_MAX_CPUS */
	u32 apic_id[ACPI_MAX_CPUS];
	/* MCFG; size 0: there is none */
	phys_addr_t ecam_base;
	u8 ecam_first_bus, ecam_last_bus;
	/* FADT */
	bool has_fadt;
	u16 pm_timer_port; /* 0: none */
};

/* How the reader reaches memory: copies [pa, pa + len) to buf; false when it cannot. */
struct acpi_memory {
	bool (*read)(const struct acpi_memory *memory, u64 pa, void *buf, size_t len);
};

/*
 * Fills in facts from the tables that the RSDP at `rsdp` leads to.  0; -ENOENT no RSDP or no
 * root table, -EINVAL a root table that is broken.  A broken table below it is left out, and
 * the number of those is *broken.
 */
int acpi_read_tables(const struct acpi_memory *memory, u64 rsdp, struct acpi_facts *facts,
		     unsigned int *broken);

#endif
