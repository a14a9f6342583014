/* SPDX-License-Identifier: MIT */
/*
 * Layouts of the ACPI tables that pagevisor makes and its guest reads (ACPI 6.4, chapter 5;
 * MCFG: PCI Firmware 3.2, 4.1.2; VIOT: ACPI 6.5, 5.2.32).
 */
#ifndef ABI_ACPI_H
#define ABI_ACPI_H

#include <abi/types.h>

#define ACPI_PACKED __attribute__((packed))

#define ACPI_SIG_RSDP "RSD PTR " /* 8 bytes, no zero */
#define ACPI_SIG_RSDT "RSDT"
#define ACPI_SIG_XSDT "XSDT"
#define ACPI_SIG_FADT "FACP"
#define ACPI_SIG_FACS "FACS"
#define ACPI_SIG_DSDT "DSDT"
#define ACPI_SIG_MADT "APIC"
#define ACPI_SIG_MCFG "MCFG"
#define ACPI_SIG_VIOT "VIOT"

struct acpi_rsdp {
	char signature[8];
	uint8_t checksum; /* bytes 0-19 sum to 0 */
	char oem_id[6];
	uint8_t revision; /* 0: only the RSDT; 2: all fields */
	le32 rsdt_address;
	le32 length;
	le64 xsdt_address;
	uint8_t ext_checksum; /* the whole sums to 0 */
	uint8_t reserved[3];
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_rsdp) == 36, "ACPI 6.4, 5.2.5.3");

struct acpi_header {
	char signature[4];
	le32 length;
	uint8_t revision;
	uint8_t checksum; /* the whole table sums to 0 */
	char oem_id[6];
	char oem_table_id[8];
	le32 oem_revision;
	char creator_id[4];
	le32 creator_revision;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI 6.4, 5.2.6");

struct acpi_rsdt {
	struct acpi_header header;
	le32 entry[];
} ACPI_PACKED;

struct acpi_xsdt {
	struct acpi_header header;
	le64 entry[]; /* not aligned to 8 */
} ACPI_PACKED;

#define ACPI_SPACE_MEMORY 0
#define ACPI_SPACE_IO	  1

struct acpi_gas {
	uint8_t space_id;
	uint8_t bit_width;
	uint8_t bit_offset;
	uint8_t access_size; /* 1 byte, 2 word, 3 dword, 4 qword */
	le64 address;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_gas) == 12, "ACPI 6.4, 5.2.3.2");

/* FADT flags */
#define ACPI_FADT_WBINVD	(1u << 0)
#define ACPI_FADT_PROC_C1	(1u << 2)
#define ACPI_FADT_SLP_BUTTON	(1u << 5) /* no fixed sleep button */
#define ACPI_FADT_RTC_S4	(1u << 7)
#define ACPI_FADT_RESET_REG_SUP (1u << 10)
/* FADT boot architecture flags */
#define ACPI_FADT_LEGACY_DEVICES (1u << 0)
#define ACPI_FADT_8042		 (1u << 1)
#define ACPI_FADT_NO_VGA	 (1u << 2)
#define ACPI_FADT_NO_CMOS_RTC	 (1u << 5)

struct acpi_fadt {
	struct acpi_header header;
	le32 firmware_ctrl;
	le32 dsdt;
	uint8_t reserved0;
	uint8_t preferred_pm_profile;
	le16 sci_int;
	le32 smi_cmd;
	uint8_t acpi_enable;
	uint8_t acpi_disable;
	uint8_t s4bios_req;
	uint8_t pstate_cnt;
	le32 pm1a_evt_blk;
	le32 pm1b_evt_blk;
	le32 pm1a_cnt_blk;
	le32 pm1b_cnt_blk;
	le32 pm2_cnt_blk;
	le32 pm_tmr_blk;
	le32 gpe0_blk;
	le32 gpe1_blk;
	uint8_t pm1_evt_len;
	uint8_t pm1_cnt_len;
	uint8_t pm2_cnt_len;
	uint8_t pm_tmr_len;
	uint8_t gpe0_blk_len;
	uint8_t gpe1_blk_len;
	uint8_t gpe1_base;
	uint8_t cst_cnt;
	le16 p_lvl2_lat;
	le16 p_lvl3_lat;
	le16 flush_size;
	le16 flush_stride;
	uint8_t duty_offset;
	uint8_t duty_width;
	uint8_t day_alrm;
	uint8_t mon_alrm;
	uint8_t century;
	le16 iapc_boot_arch;
	uint8_t reserved1;
	le32 flags;
	struct acpi_gas reset_reg;
	uint8_t reset_value;
	le16 arm_boot_arch;
	uint8_t minor_version;
	le64 x_firmware_ctrl;
	le64 x_dsdt;
	struct acpi_gas x_pm1a_evt_blk;
	struct acpi_gas x_pm1b_evt_blk;
	struct acpi_gas x_pm1a_cnt_blk;
	struct acpi_gas x_pm1b_cnt_blk;
	struct acpi_gas x_pm2_cnt_blk;
	struct acpi_gas x_pm_tmr_blk;
	struct acpi_gas x_gpe0_blk;
	struct acpi_gas x_gpe1_blk;
	struct acpi_gas sleep_control;
	struct acpi_gas sleep_status;
	le64 hypervisor_id;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_fadt) == 276, "ACPI 6.4, 5.2.9");

/* Firmware control structure: 64 bytes, 64-byte aligned, no checksum */
struct acpi_facs {
	char signature[4];
	le32 length;
	le32 hardware_signature;
	le32 waking_vector;
	le32 global_lock;
	le32 flags;
	le64 x_waking_vector;
	uint8_t version;
	uint8_t reserved0[3];
	le32 ospm_flags;
	uint8_t reserved1[24];
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_facs) == 64, "ACPI 6.4, 5.2.10");

/* MADT: header, then entries of {type, length, ...} */
struct acpi_madt {
	struct acpi_header header;
	le32 lapic_address;
	le32 flags;
} ACPI_PACKED;
#define ACPI_MADT_PCAT_COMPAT 1u /* two 8259s are present as well */
_Static_assert(sizeof(struct acpi_madt) == 44, "ACPI 6.4, 5.2.12");

#define ACPI_MADT_LAPIC		 0
#define ACPI_MADT_IOAPIC	 1
#define ACPI_MADT_INT_OVERRIDE	 2
#define ACPI_MADT_LAPIC_NMI	 4
#define ACPI_MADT_LAPIC_OVERRIDE 5
#define ACPI_MADT_X2APIC	 9

struct acpi_madt_entry {
	uint8_t type;
	uint8_t length;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt_entry) == 2, "ACPI 6.4, 5.2.12");

struct acpi_madt_lapic {
	struct acpi_madt_entry entry;
	uint8_t processor_uid;
	uint8_t apic_id;
	le32 flags;
} ACPI_PACKED;
#define ACPI_MADT_ENABLED 1u
_Static_assert(sizeof(struct acpi_madt_lapic) == 8, "ACPI 6.4, 5.2.12.2");

struct acpi_madt_ioapic {
	struct acpi_madt_entry entry;
	uint8_t ioapic_id;
	uint8_t reserved;
	le32 address;
	le32 gsi_base;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt_ioapic) == 12, "ACPI 6.4, 5.2.12.3");

struct acpi_madt_int_override {
	struct acpi_madt_entry entry;
	uint8_t bus;
	uint8_t source;
	le32 gsi;
	le16 flags;
} ACPI_PACKED;
#define ACPI_MADT_ACTIVE_HIGH 0x01u
#define ACPI_MADT_ACTIVE_LOW  0x03u
#define ACPI_MADT_EDGE	      0x04u
#define ACPI_MADT_LEVEL	      0x0cu
_Static_assert(sizeof(struct acpi_madt_int_override) == 10, "ACPI 6.4, 5.2.12.5");

struct acpi_madt_lapic_nmi {
	struct acpi_madt_entry entry;
	uint8_t processor_uid; /* 0xff: all */
	le16 flags;
	uint8_t lint;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt_lapic_nmi) == 6, "ACPI 6.4, 5.2.12.7");

struct acpi_mcfg_allocation {
	le64 base;
	le16 segment;
	uint8_t start_bus;
	uint8_t end_bus;
	le32 reserved;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_mcfg_allocation) == 16, "PCI Firmware 3.2, 4.1.2");

struct acpi_mcfg {
	struct acpi_header header;
	le64 reserved;
	struct acpi_mcfg_allocation allocation[];
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_mcfg) == 44, "PCI Firmware 3.2, 4.1.2");

#define ACPI_VIOT_PCI_RANGE	   1
#define ACPI_VIOT_VIRTIO_IOMMU_PCI 3

struct acpi_viot {
	struct acpi_header header;
	le16 node_count;
	le16 node_offset;
	uint8_t reserved[8];
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_viot) == 0x30, "ACPI 6.5, 5.2.32");

struct acpi_viot_pci_range {
	uint8_t type;
	uint8_t reserved0;
	le16 length;
	le32 endpoint_start;
	le16 segment_start;
	le16 segment_end;
	le16 bdf_start;
	le16 bdf_end;
	le16 output_node;
	uint8_t reserved1[6];
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_viot_pci_range) == 0x18, "ACPI 6.5, 5.2.32");

struct acpi_viot_virtio_iommu_pci {
	uint8_t type;
	uint8_t reserved0;
	le16 length;
	le16 segment;
	le16 bdf;
	uint8_t reserved1[8];
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_viot_virtio_iommu_pci) == 0x10, "ACPI 6.5, 5.2.32");

#endif
