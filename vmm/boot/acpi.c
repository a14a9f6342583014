/* SPDX-License-Identifier: MIT */
/*
 * The tables are written one after the other; each table that points at others comes after
 * them, but for the RSDP, whose place at the very start is fixed before.
 */
#include <stddef.h>
#include <string.h>

#include <abi/acpi.h>
#include <abi/platform.h>

#include "devices/legacy/legacy.h"
#include "devices/pci/pci.h"
#include "vmm/boot/acpi.h"
#include "vmm/boot/aml.h"

#define DSDT_MAX       8192
#define PCI_SLOTS      32
#define PCI_PINS       4
#define PROCESSOR_ALL  0xff
#define FADT_REVISION  6
#define XAPIC_ID_LIMIT 255 /* from here on an id needs an x2APIC entry */

_Static_assert(ACPI_CPUS_MAX * 16 + 2 * DSDT_MAX < PV_BIOS_SIZE, "the tables fit");

struct acpi_madt_x2apic {
	struct acpi_madt_entry entry;
	le16 reserved;
	le32 apic_id;
	le32 flags;
	le32 processor_uid;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt_x2apic) == 16, "ACPI 6.4, 5.2.12.12");

/* The area being filled: everything before `used` is written. */
struct tables {
	uint8_t *base;
	size_t used;
};

static uint64_t gpa_of(const struct tables *t, const void *table)
{
	return PV_BIOS_BASE + (uint64_t)((const uint8_t *)table - t->base);
}

/* A zeroed place for a structure at the next multiple of `align`. */
static void *place(struct tables *t, size_t size, size_t align)
{
	size_t at = (t->used + align - 1) & ~(align - 1);

	t->used = at + size;
	return memset(t->base + at, 0, size);
}

static void *append(struct tables *t, size_t size)
{
	return place(t, size, 1);
}

static uint8_t checksum(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint8_t sum = 0;

	while (size--)
		sum = (uint8_t)(sum + *bytes++);
	return (uint8_t)-sum;
}

static void begin_table(struct acpi_header *header, const char *signature,
			uint8_t revision)
{
	memcpy(header->signature, signature, 4);
	header->revision = revision;
	memcpy(header->oem_id, "PGVISR", 6);
	memcpy(header->oem_table_id, "PAGEVISR", 8);
	header->oem_revision = 1;
	memcpy(header->creator_id, "PGVS", 4);
	header->creator_revision = 1;
}

/* The table ends where the area is filled up to now. */
static void end_table(struct tables *t, struct acpi_header *header)
{
	header->length = (uint32_t)(t->base + t->used - (uint8_t *)header);
	header->checksum = checksum(header, header->length);
}

/* Which line each pin of each slot drives, as devices/pci has it. */
static void put_prt(struct aml *aml)
{
	unsigned int slot, pin;

	aml_name(aml, "_PRT");
	aml_open_package(aml, PCI_SLOTS * PCI_PINS);
	for (slot = 0; slot < PCI_SLOTS; slot++) {
		for (pin = 0; pin < PCI_PINS; pin++) {
			aml_open_package(aml, 4);
			aml_integer(aml, (uint64_t)slot << 16 | 0xffff);
			aml_integer(aml, pin);
			aml_integer(aml, 0);
			aml_integer(aml, PV_INTX_GSI + (pin + slot) % PV_INTX_GSIS);
			aml_close(aml);
		}
	}
	aml_close(aml);
}

static void put_pci_host(struct aml *aml)
{
	aml_open_device(aml, "PCI0");
	aml_name(aml, "_HID");
	aml_eisa_id(aml, "PNP0A08");
	aml_name(aml, "_CID");
	aml_eisa_id(aml, "PNP0A03");
	aml_name(aml, "_UID");
	aml_integer(aml, 0);
	aml_name(aml, "_CRS");
	aml_open_resources(aml);
	aml_res_bus(aml, 0, 255);
	aml_res_ports(aml, PV_PCI_ADDR_PORT, 8);
	aml_res_port_window(aml, 0, PV_PCI_ADDR_PORT - 1);
	aml_res_port_window(aml, PV_PCI_ADDR_PORT + 8, 0xffff);
	aml_res_memory_window(aml, PV_MMIO_BASE, PV_MMIO_BASE + PV_MMIO_SIZE - 1);
	aml_res_memory_window(aml, PV_MMIO64_BASE, PV_MMIO64_BASE + PV_MMIO64_SIZE - 1);
	aml_close_resources(aml);
	put_prt(aml);
	aml_close(aml);
}

/* What stands on the board itself: a kernel trusts MCFG only for memory reserved so. */
static void put_board(struct aml *aml)
{
	aml_open_device(aml, "BRD0");
	aml_name(aml, "_HID");
	aml_eisa_id(aml, "PNP0C02");
	aml_name(aml, "_UID");
	aml_integer(aml, 0);
	aml_name(aml, "_CRS");
	aml_open_resources(aml);
	aml_res_memory(aml, PV_ECAM_BASE, PV_ECAM_SIZE);
	aml_res_ports(aml, PV_PM_BASE, PV_PM1_EVT_LEN + PV_PM1_CNT_LEN);
	aml_close_resources(aml);
	aml_close(aml);
}

static void put_com1(struct aml *aml)
{
	aml_open_device(aml, "COM1");
	aml_name(aml, "_HID");
	aml_eisa_id(aml, "PNP0501");
	aml_name(aml, "_UID");
	aml_integer(aml, 1);
	aml_name(aml, "_CRS");
	aml_open_resources(aml);
	aml_res_ports(aml, PV_COM1_PORT, PV_COM1_PORTS);
	aml_res_irq(aml, PV_COM1_IRQ);
	aml_close_resources(aml);
	aml_close(aml);
}

/* The id by which drivers know QEMU's. */
static void put_panic_port(struct aml *aml)
{
	aml_open_device(aml, "PEVT");
	aml_name(aml, "_HID");
	aml_string(aml, "QEMU0001");
	aml_name(aml, "_CRS");
	aml_open_resources(aml);
	aml_res_ports(aml, PV_PANIC_PORT, 1);
	aml_close_resources(aml);
	aml_close(aml);
}

/* SLP_TYP for both control blocks; the rest is reserved. */
static void put_s5(struct aml *aml)
{
	aml_name(aml, "\\_S5");
	aml_open_package(aml, 4);
	aml_integer(aml, PM_SLP_TYP_S5);
	aml_integer(aml, PM_SLP_TYP_S5);
	aml_integer(aml, 0);
	aml_integer(aml, 0);
	aml_close(aml);
}

static uint64_t write_dsdt(struct tables *t)
{
	struct acpi_header *header = place(t, sizeof(*header), 16);
	struct aml aml;

	begin_table(header, ACPI_SIG_DSDT, 2);
	aml_init(&aml, t->base + t->used, DSDT_MAX);
	aml_open_scope(&aml, "\\_SB");
	put_pci_host(&aml);
	put_board(&aml);
	put_com1(&aml);
	put_panic_port(&aml);
	aml_close(&aml);
	put_s5(&aml);
	/* What is written is the same for every machine: the tests see it complete. */
	t->used += aml.len;
	end_table(t, header);
	return gpa_of(t, header);
}

static uint64_t write_facs(struct tables *t)
{
	struct acpi_facs *facs = place(t, sizeof(*facs), 64);

	memcpy(facs->signature, ACPI_SIG_FACS, 4);
	facs->length = sizeof(*facs);
	facs->version = 2;
	return gpa_of(t, facs);
}

static struct acpi_gas io_register(uint16_t port, uint8_t bytes)
{
	return (struct acpi_gas){
		.space_id = ACPI_SPACE_IO,
		.bit_width = (uint8_t)(bytes * 8),
		.access_size = bytes == 1 ? 1 : 2,
		.address = port,
	};
}

/* No SMM: ACPI mode is always on, so there is no command port to enable it. */
static uint64_t write_fadt(struct tables *t, uint64_t facs, uint64_t dsdt)
{
	struct acpi_fadt *fadt = place(t, sizeof(*fadt), 16);

	begin_table(&fadt->header, ACPI_SIG_FADT, FADT_REVISION);
	fadt->firmware_ctrl = (uint32_t)facs;
	fadt->dsdt = (uint32_t)dsdt;
	fadt->x_dsdt = dsdt;
	fadt->sci_int = PV_SCI_IRQ;
	fadt->pm1a_evt_blk = PV_PM1_EVT;
	fadt->pm1a_cnt_blk = PV_PM1_CNT;
	fadt->pm1_evt_len = PV_PM1_EVT_LEN;
	fadt->pm1_cnt_len = PV_PM1_CNT_LEN;
	fadt->x_pm1a_evt_blk = io_register(PV_PM1_EVT, PV_PM1_EVT_LEN);
	fadt->x_pm1a_cnt_blk = io_register(PV_PM1_CNT, PV_PM1_CNT_LEN);
	fadt->p_lvl2_lat = 0xfff; /* no C2, */
	fadt->p_lvl3_lat = 0xfff; /* no C3 */
	fadt->century = 0x32;
	/* There is an 8042, but nothing is plugged into it: not worth a driver's probing. */
	fadt->iapc_boot_arch = ACPI_FADT_LEGACY_DEVICES | ACPI_FADT_8042 |
			       ACPI_FADT_NO_VGA;
	fadt->flags = ACPI_FADT_WBINVD | ACPI_FADT_PROC_C1 | ACPI_FADT_SLP_BUTTON |
		      ACPI_FADT_RTC_S4 | ACPI_FADT_RESET_REG_SUP;
	fadt->reset_reg = io_register(PV_RESET_PORT, 1);
	fadt->reset_value = PV_RESET_CPU | PV_RESET_SYSTEM;
	fadt->minor_version = 4;
	end_table(t, &fadt->header);
	return gpa_of(t, fadt);
}

static void put_processor(struct tables *t, unsigned int id)
{
	struct acpi_madt_lapic *lapic;
	struct acpi_madt_x2apic *x2apic;

	if (id < XAPIC_ID_LIMIT) {
		lapic = append(t, sizeof(*lapic));
		lapic->entry =
			(struct acpi_madt_entry){ ACPI_MADT_LAPIC, sizeof(*lapic) };
		lapic->processor_uid = (uint8_t)id;
		lapic->apic_id = (uint8_t)id;
		lapic->flags = ACPI_MADT_ENABLED;
		return;
	}
	x2apic = append(t, sizeof(*x2apic));
	x2apic->entry = (struct acpi_madt_entry){ ACPI_MADT_X2APIC, sizeof(*x2apic) };
	x2apic->processor_uid = id;
	x2apic->apic_id = id;
	x2apic->flags = ACPI_MADT_ENABLED;
}

static void put_override(struct tables *t, uint8_t irq, uint32_t gsi, uint16_t flags)
{
	struct acpi_madt_int_override *o = append(t, sizeof(*o));

	o->entry = (struct acpi_madt_entry){ ACPI_MADT_INT_OVERRIDE, sizeof(*o) };
	o->source = irq;
	o->gsi = gsi;
	o->flags = flags;
}

static uint64_t write_madt(struct tables *t, unsigned int cpus)
{
	struct acpi_madt *madt = place(t, sizeof(*madt), 16);
	struct acpi_madt_ioapic *ioapic;
	struct acpi_madt_lapic_nmi *nmi;
	unsigned int id;

	begin_table(&madt->header, ACPI_SIG_MADT, 5);
	madt->lapic_address = (uint32_t)PV_LAPIC_BASE;
	madt->flags = ACPI_MADT_PCAT_COMPAT;
	for (id = 0; id < cpus; id++)
		put_processor(t, id);

	ioapic = append(t, sizeof(*ioapic));
	ioapic->entry = (struct acpi_madt_entry){ ACPI_MADT_IOAPIC, sizeof(*ioapic) };
	ioapic->address = (uint32_t)PV_IOAPIC_BASE;
	/* The timer is wired to pin 2, see irq.c. */
	put_override(t, 0, 2, 0);
	put_override(t, PV_SCI_IRQ, PV_SCI_IRQ, ACPI_MADT_ACTIVE_HIGH | ACPI_MADT_LEVEL);

	nmi = append(t, sizeof(*nmi));
	nmi->entry = (struct acpi_madt_entry){ ACPI_MADT_LAPIC_NMI, sizeof(*nmi) };
	nmi->processor_uid = PROCESSOR_ALL;
	nmi->lint = 1;
	end_table(t, &madt->header);
	return gpa_of(t, madt);
}

static uint64_t write_mcfg(struct tables *t)
{
	struct acpi_mcfg *mcfg = place(t, sizeof(*mcfg), 16);
	struct acpi_mcfg_allocation *area = append(t, sizeof(*area));

	begin_table(&mcfg->header, ACPI_SIG_MCFG, 1);
	area->base = PV_ECAM_BASE;
	area->end_bus = (uint8_t)(PV_ECAM_SIZE / (1u << 20) - 1);
	end_table(t, &mcfg->header);
	return gpa_of(t, mcfg);
}

/* The IOMMU, then the functions behind it; an endpoint's id is its bus/devfn. */
static uint64_t write_viot(struct tables *t)
{
	struct acpi_viot *viot = place(t, sizeof(*viot), 16);
	struct acpi_viot_virtio_iommu_pci *iommu = append(t, sizeof(*iommu));
	struct acpi_viot_pci_range *range = append(t, sizeof(*range));

	begin_table(&viot->header, ACPI_SIG_VIOT, 0);
	viot->node_count = 2;
	viot->node_offset = sizeof(*viot);
	iommu->type = ACPI_VIOT_VIRTIO_IOMMU_PCI;
	iommu->length = sizeof(*iommu);
	iommu->bdf = PCI_DEVFN(PV_IOMMU_SLOT, 0);
	range->type = ACPI_VIOT_PCI_RANGE;
	range->length = sizeof(*range);
	range->endpoint_start = PCI_DEVFN(PV_FIRST_SLOT, 0);
	range->bdf_start = PCI_DEVFN(PV_FIRST_SLOT, 0);
	range->bdf_end = PCI_DEVFN(PV_LAST_SLOT, 7);
	range->output_node = sizeof(*viot);
	end_table(t, &viot->header);
	return gpa_of(t, viot);
}

static uint64_t write_xsdt(struct tables *t, const uint64_t *entries, unsigned int n)
{
	struct acpi_xsdt *xsdt = place(t, sizeof(*xsdt), 16);

	begin_table(&xsdt->header, ACPI_SIG_XSDT, 1);
	memcpy(append(t, n * sizeof(*entries)), entries, n * sizeof(*entries));
	end_table(t, &xsdt->header);
	return gpa_of(t, xsdt);
}

static void write_rsdp(struct acpi_rsdp *rsdp, uint64_t xsdt)
{
	memcpy(rsdp->signature, ACPI_SIG_RSDP, sizeof(rsdp->signature));
	memcpy(rsdp->oem_id, "PGVISR", sizeof(rsdp->oem_id));
	rsdp->revision = 2;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt_address = xsdt;
	rsdp->checksum = checksum(rsdp, offsetof(struct acpi_rsdp, length));
	rsdp->ext_checksum = checksum(rsdp, sizeof(*rsdp));
}

uint64_t acpi_write_tables(const struct ram *ram, const struct acpi_config *config)
{
	struct tables t = { .base = ram_at(ram, PV_BIOS_BASE, PV_BIOS_SIZE) };
	struct acpi_rsdp *rsdp = place(&t, sizeof(*rsdp), 16);
	uint64_t entries[4], dsdt, facs;
	unsigned int n = 0;

	dsdt = write_dsdt(&t);
	facs = write_facs(&t);
	entries[n++] = write_fadt(&t, facs, dsdt);
	entries[n++] = write_madt(&t, config->cpus);
	entries[n++] = write_mcfg(&t);
	if (config->iommu)
		entries[n++] = write_viot(&t);
	write_rsdp(rsdp, write_xsdt(&t, entries, n));
	return gpa_of(&t, rsdp);
}
