/* SPDX-License-Identifier: MIT */
/*
 * PCI configuration space, as far as pagevisor's devices have it (PCI Local Bus 3.0,
 * chapters 6.1 to 6.8).  Linux's names.
 */
#ifndef ABI_PCI_H
#define ABI_PCI_H

#include <abi/types.h>

#define PCI_CFG_SPACE_SIZE     256u
#define PCI_CFG_SPACE_EXP_SIZE 4096u /* one function's share of ECAM */

/* Header type 0 */
#define PCI_VENDOR_ID		0x00
#define PCI_DEVICE_ID		0x02
#define PCI_COMMAND		0x04
#define PCI_STATUS		0x06
#define PCI_REVISION_ID		0x08
#define PCI_CLASS_PROG		0x09
#define PCI_CLASS_DEVICE	0x0a
#define PCI_CACHE_LINE_SIZE	0x0c
#define PCI_LATENCY_TIMER	0x0d
#define PCI_HEADER_TYPE		0x0e
#define PCI_BIST		0x0f
#define PCI_BASE_ADDRESS_0	0x10
#define PCI_BASE_ADDRESS_5	0x24
#define PCI_SUBSYSTEM_VENDOR_ID 0x2c
#define PCI_SUBSYSTEM_ID	0x2e
#define PCI_ROM_ADDRESS		0x30
#define PCI_CAPABILITY_LIST	0x34
#define PCI_INTERRUPT_LINE	0x3c
#define PCI_INTERRUPT_PIN	0x3d

#define PCI_STD_NUM_BARS 6

#define PCI_COMMAND_IO		 0x0001
#define PCI_COMMAND_MEMORY	 0x0002
#define PCI_COMMAND_MASTER	 0x0004
#define PCI_COMMAND_PARITY	 0x0040
#define PCI_COMMAND_SERR	 0x0100
#define PCI_COMMAND_INTX_DISABLE 0x0400

#define PCI_STATUS_INTERRUPT 0x0008
#define PCI_STATUS_CAP_LIST  0x0010

#define PCI_BASE_ADDRESS_SPACE_IO      0x01u
#define PCI_BASE_ADDRESS_MEM_TYPE_MASK 0x06u
#define PCI_BASE_ADDRESS_MEM_TYPE_32   0x00u
#define PCI_BASE_ADDRESS_MEM_TYPE_64   0x04u
#define PCI_BASE_ADDRESS_MEM_PREFETCH  0x08u
#define PCI_BASE_ADDRESS_MEM_MASK      (~0x0full)
#define PCI_BASE_ADDRESS_IO_MASK       (~0x03ull)

/* Capabilities: an id byte, then the offset of the next (0 ends the list). */
#define PCI_CAP_ID_MSI	0x05
#define PCI_CAP_ID_VNDR 0x09
#define PCI_CAP_ID_MSIX 0x11

/* MSI capability with a 64-bit address, 14 bytes */
#define PCI_MSI_FLAGS	     2
#define PCI_MSI_FLAGS_ENABLE 0x0001
#define PCI_MSI_FLAGS_64BIT  0x0080
#define PCI_MSI_ADDRESS_LO   4
#define PCI_MSI_ADDRESS_HI   8
#define PCI_MSI_DATA_64	     12
#define PCI_MSI_SIZEOF_64    14

/* MSI-X capability, 12 bytes */
#define PCI_MSIX_FLAGS	       2
#define PCI_MSIX_FLAGS_QSIZE   0x07ff /* table entries - 1 */
#define PCI_MSIX_FLAGS_MASKALL 0x4000
#define PCI_MSIX_FLAGS_ENABLE  0x8000
#define PCI_MSIX_TABLE	       4
#define PCI_MSIX_PBA	       8
#define PCI_MSIX_TABLE_BIR     0x00000007u
#define PCI_MSIX_TABLE_OFFSET  0xfffffff8u
#define PCI_CAP_MSIX_SIZEOF    12

struct pci_msix_entry {
	le32 addr_lo;
	le32 addr_hi;
	le32 data;
	le32 ctrl;
};
#define PCI_MSIX_ENTRY_CTRL_MASKBIT 1u
_Static_assert(sizeof(struct pci_msix_entry) == 16, "PCI 3.0, 6.8.2.6");

/* The address written to 0xCF8 */
#define PCI_CONF1_ENABLE      0x80000000u
#define PCI_CONF1_BUS_SHIFT   16
#define PCI_CONF1_DEVFN_SHIFT 8
#define PCI_CONF1_REG_MASK    0xfcu
/* An ECAM offset */
#define PCI_ECAM_BUS_SHIFT   20
#define PCI_ECAM_DEVFN_SHIFT 12

#define PCI_DEVFN(slot, func) ((((slot)&0x1f) << 3) | ((func)&7))
#define PCI_SLOT(devfn)	      (((devfn) >> 3) & 0x1f)
#define PCI_FUNC(devfn)	      ((devfn)&7)

/* Class codes: base class << 8 | subclass */
#define PCI_CLASS_STORAGE_SCSI	      0x0100
#define PCI_CLASS_NETWORK_ETHERNET    0x0200
#define PCI_CLASS_BRIDGE_HOST	      0x0600
#define PCI_CLASS_COMMUNICATION_OTHER 0x0780
#define PCI_CLASS_SYSTEM_OTHER	      0x0880
#define PCI_CLASS_OTHERS	      0xff00 /* 0x00ff is "unclassified, VGA compatible" */
#define PCI_CLASS_NOT_DEFINED	      0x0000

#define PCI_VENDOR_ID_INTEL		 0x8086
#define PCI_DEVICE_ID_INTEL_82441	 0x1237 /* the i440FX host bridge */
#define PCI_VENDOR_ID_REDHAT_QUMRANET	 0x1af4
#define PCI_SUBVENDOR_ID_REDHAT_QUMRANET 0x1af4

#endif
