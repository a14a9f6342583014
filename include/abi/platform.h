/* SPDX-License-Identifier: MIT */
/*
 * The address map of a pagevisor machine: what stands at which port and which
 * guest-physical address.  A guest should take what it can from PVH and ACPI; this page is
 * what those tables are made from, and what has no table (the exit port).
 *
 *   0 .. min(size, 3 GiB)		RAM (the 640 KiB - 1 MiB hole is reserved in the map)
 *   0xC0000000 .. 0xDFFFFFFF		32-bit PCI memory: BARs
 *   0xE0000000 .. 0xEFFFFFFF		ECAM, buses 0-255
 *   0xFEC00000, 0xFEE00000		IOAPIC, LAPIC
 *   4 GiB ..				the rest of RAM
 *   PV_MMIO64_BASE ..			64-bit PCI memory: where a guest may move 64-bit BARs
 */
#ifndef ABI_PLATFORM_H
#define ABI_PLATFORM_H

/* RAM */
#define PV_RAM_LOW_LIMIT 0xC0000000ull /* RAM below 4 GiB ends here at the latest */
#define PV_RAM_HIGH_BASE 0x100000000ull /* and goes on here */
#define PV_EBDA_BASE	 0x9F000ull /* reserved: boot tables for what scans low memory */
#define PV_BIOS_BASE	 0xE0000ull /* reserved: RSDP and ACPI tables */
#define PV_BIOS_SIZE	 0x20000ull
#define PV_HIMEM_BASE	 0x100000ull /* kernels are loaded from here */

/* PCI windows */
#define PV_MMIO_BASE   0xC0000000ull
#define PV_MMIO_SIZE   0x20000000ull
#define PV_ECAM_BASE   0xE0000000ull
#define PV_ECAM_SIZE   0x10000000ull /* 1 MiB a bus */
#define PV_MMIO64_BASE 0x4000000000ull
#define PV_MMIO64_SIZE 0x4000000000ull
#define PV_PIO_BASE    0xC000u /* I/O BARs */
#define PV_PIO_SIZE    0x4000u

/* PCI slots: the host bridge is 0 */
#define PV_IOMMU_SLOT 1u /* the virtio IOMMU, when there is one; */
#define PV_FIRST_SLOT 2u /* all from here on, */
#define PV_LAST_SLOT  30u /* up to this one, are behind it */
/* The balloon, whose page numbers no IOMMU translates, is not behind it. */
#define PV_BALLOON_SLOT 31u

/* Interrupt controllers */
#define PV_IOAPIC_BASE 0xFEC00000ull
#define PV_LAPIC_BASE  0xFEE00000ull
#define PV_IOAPIC_PINS 24u
#define PV_INTX_GSI    16u /* INTA..INTD of slot s are GSI 16 + (pin + s) % 4 */
#define PV_INTX_GSIS   4u

/* Ports */
#define PV_COM1_PORT	  0x3F8u
#define PV_COM1_PORTS	  8u
#define PV_COM1_IRQ	  4u
#define PV_KBD_PORT	  0x64u /* keyboard controller: the write 0xFE resets */
#define PV_KBD_RESET	  0xFEu
#define PV_EXIT_PORT	  0x501u /* writing v ends the VM: 0 success, else a failure code */
#define PV_PANIC_PORT	  0x505u /* pvpanic: a kernel that panics writes PV_PANICKED */
#define PV_PANICKED	  0x01u
#define PV_DMA_CHECK_PORT 0x508u /* the DMA checker: abi/dma_check.h */
#define PV_PM_BASE	  0x600u /* ACPI PM1a event block */
#define PV_PM1_EVT	  0x600u /* status, enable: 2 + 2 bytes */
#define PV_PM1_EVT_LEN	  4u
#define PV_PM1_CNT	  0x604u
#define PV_PM1_CNT_LEN	  2u
#define PV_SCI_IRQ	  9u
#define PV_PCI_ADDR_PORT  0xCF8u
#define PV_PCI_DATA_PORT  0xCFCu
#define PV_RESET_PORT	  0xCF9u
#define PV_RESET_CPU	  0x04u /* bit 2 going to 1 resets; */
#define PV_RESET_SYSTEM	  0x02u /* bit 1 chooses a hard reset */

#endif
