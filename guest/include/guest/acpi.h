/* SPDX-License-Identifier: MIT */
/*
 * What the kernel wants to know from the ACPI tables.  The reader trusts nothing: every
 * length is checked against what holds it, every table against its checksum.
 */
#ifndef GUEST_ACPI_H
#define GUEST_ACPI_H

#include <linux/types.h>

#define ACPI_MAX_CPUS 256U
#define ACPI_MAX_VIOT 32U

/* PCI functions behind one IOMMU. */
struct acpi_viot_map {
	u16 first, last; /* bus << 8 | device << 3 | function, both included */
	u32 endpoint; /* the IOMMU's number for the first; the others follow */
	u16 iommu; /* which function is the IOMMU */
};

/* An interrupt of the 8259s, as the MADT wires it to the I/O APIC. */
#define ACPI_ISA_IRQS 16U
struct acpi_override {
	bool given;
	u32 gsi;
	u16 flags; /* ACPI_MADT_ACTIVE_*, ACPI_MADT_EDGE or _LEVEL; 0: as the bus has it */
};

struct acpi_facts {
	/* MADT */
	phys_addr_t lapic_base;
	unsigned int cpus; /* usable ones, also those past ACPI_MAX_CPUS */
	u32 apic_id[ACPI_MAX_CPUS];
	/* MCFG; size 0: there is none */
	phys_addr_t ecam_base;
	u8 ecam_first_bus, ecam_last_bus;
	/* The first I/O APIC; base 0: there is none */
	phys_addr_t ioapic_base;
	u32 ioapic_gsi; /* its pin 0 */
	struct acpi_override override[ACPI_ISA_IRQS];
	/* FADT */
	bool has_fadt;
	struct acpi_power {
		u16 event_port, control_port; /* PM1a; 0: none */
		u8 event_bytes; /* status and enable, half each */
		u16 command_port; /* where firmware is asked for ACPI mode; 0: it is on */
		u8 enable; /* by writing this there */
		u32 irq; /* of the system-control interrupt: a GSI, */
		bool edge, active_low; /* a level and high without a word in the MADT */
		phys_addr_t dsdt;
	} power;
	u16 pm_timer_port; /* 0: none */
	/* VIOT */
	unsigned int viot_maps; /* in viot; those it has no room for are left out */
	struct acpi_viot_map viot[ACPI_MAX_VIOT];
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

/* What SLP_TYP of PM1 control must be for power-off: the DSDT's \_S5, found by its name, as
 * nothing here interprets AML.  -ENOENT: there is none. */
int acpi_find_s5(const struct acpi_memory *memory, phys_addr_t dsdt);

/* The port of a panic device (_HID "QEMU0001": pvpanic) in the DSDT, found likewise.
 * -ENOENT: there is none. */
int acpi_find_panic_port(const struct acpi_memory *memory, phys_addr_t dsdt);

#endif
