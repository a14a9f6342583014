/* SPDX-License-Identifier: MIT */
/*
 * The ACPI tables of the machine: RSDP, XSDT, FADT, FACS, MADT, MCFG, with an IOMMU also
 * VIOT, and a DSDT with the PCI host, COM1 and S5, all in the reserved area at PV_BIOS_BASE,
 * where also a kernel that scans for the RSDP finds it.
 */
#ifndef VMM_ACPI_H
#define VMM_ACPI_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/dma/ram.h"

/* Most vCPUs that the tables have room for. */
#define ACPI_CPUS_MAX 4096

struct acpi_config {
	unsigned int cpus; /* APIC ids 0 .. cpus - 1 */
	bool iommu; /* a virtio IOMMU stands in PV_IOMMU_SLOT */
};

/* Writes the tables.  The address of the RSDP. */
uint64_t acpi_write_tables(const struct ram *ram, const struct acpi_config *config);

#endif
