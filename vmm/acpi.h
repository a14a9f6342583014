/* SPDX-License-Identifier: MIT */
/*
 * The ACPI tables of the machine: RSDP, XSDT, FADT, FACS, MADT, MCFG and a DSDT with the
 * PCI host, COM1 and S5, all in the reserved area at PV_BIOS_BASE, where also a kernel that
 * scans for the RSDP finds it.
 */
#ifndef VMM_ACPI_H
#define VMM_ACPI_H

#include <stdint.h>

#include "devices/ram.h"

/* Most vCPUs that the tables have room for. */
#define ACPI_CPUS_MAX 4096

/* Writes the tables for APIC ids 0 .. cpus - 1.  The address of the RSDP. */
uint64_t acpi_write_tables(const struct ram *ram, unsigned int cpus);

#endif
