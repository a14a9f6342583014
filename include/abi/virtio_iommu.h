/* SPDX-License-Identifier: MIT */
/*
 * virtio IOMMU (virtio 1.2, section 5.13): requests of the driver in queue 0, faults
 * reported by the device in queue 1.  Linux's names.
 *
 * A request is one chain: a readable part (head and fields), then a writable one (the tail;
 * PROBE has its properties before the tail).  How it is cut into descriptors means nothing.
 * Ranges are inclusive: [virt_start, virt_end].
 */
#ifndef ABI_VIRTIO_IOMMU_H
#define ABI_VIRTIO_IOMMU_H

#include <abi/types.h>

#define VIRTIO_IOMMU_PACKED __attribute__((packed))

#define VIRTIO_IOMMU_REQUESTQ 0
#define VIRTIO_IOMMU_EVENTQ   1

/* Feature bits */
#define VIRTIO_IOMMU_F_INPUT_RANGE   0
#define VIRTIO_IOMMU_F_DOMAIN_RANGE  1
#define VIRTIO_IOMMU_F_MAP_UNMAP     2
#define VIRTIO_IOMMU_F_BYPASS	     3
#define VIRTIO_IOMMU_F_PROBE	     4
#define VIRTIO_IOMMU_F_MMIO	     5
#define VIRTIO_IOMMU_F_BYPASS_CONFIG 6

struct virtio_iommu_range_64 {
	le64 start;
	le64 end;
} VIRTIO_IOMMU_PACKED;

struct virtio_iommu_range_32 {
	le32 start;
	le32 end;
} VIRTIO_IOMMU_PACKED;

struct virtio_iommu_config {
	le64 page_size_mask; /* lowest bit: the granularity; the others are hints */
	struct virtio_iommu_range_64 input_range; /* addresses that can be mapped */
	struct virtio_iommu_range_32 domain_range;
	le32 probe_size; /* bytes of properties in a PROBE request */
	uint8_t bypass; /* 0 or 1, writable: unattached endpoints reach all of memory */
	uint8_t reserved[3];
} VIRTIO_IOMMU_PACKED;
_Static_assert(sizeof(struct virtio_iommu_config) == 40, "virtio 1.2, 5.13.4");

/* Request types */
#define VIRTIO_IOMMU_T_ATTACH 1
#define VIRTIO_IOMMU_T_DETACH 2
#define VIRTIO_IOMMU_T_MAP    3
#define VIRTIO_IOMMU_T_UNMAP  4
#define VIRTIO_IOMMU_T_PROBE  5

/* Status of a request */
#define VIRTIO_IOMMU_S_OK     0
#define VIRTIO_IOMMU_S_IOERR  1
#define VIRTIO_IOMMU_S_UNSUPP 2
#define VIRTIO_IOMMU_S_DEVERR 3
#define VIRTIO_IOMMU_S_INVAL  4
#define VIRTIO_IOMMU_S_RANGE  5
#define VIRTIO_IOMMU_S_NOENT  6
#define VIRTIO_IOMMU_S_FAULT  7
#define VIRTIO_IOMMU_S_NOMEM  8

struct virtio_iommu_req_head {
	uint8_t type;
	uint8_t reserved[3];
} VIRTIO_IOMMU_PACKED;

struct virtio_iommu_req_tail {
	uint8_t status;
	uint8_t reserved[3];
} VIRTIO_IOMMU_PACKED;
_Static_assert(sizeof(struct virtio_iommu_req_tail) == 4, "virtio 1.2, 5.13.6");

#define VIRTIO_IOMMU_ATTACH_F_BYPASS (1u << 0)

struct virtio_iommu_req_attach {
	struct virtio_iommu_req_head head;
	le32 domain;
	le32 endpoint;
	le32 flags;
	uint8_t reserved[4];
	struct virtio_iommu_req_tail tail;
} VIRTIO_IOMMU_PACKED;
_Static_assert(sizeof(struct virtio_iommu_req_attach) == 24, "virtio 1.2, 5.13.6.3");

struct virtio_iommu_req_detach {
	struct virtio_iommu_req_head head;
	le32 domain;
	le32 endpoint;
	uint8_t reserved[8];
	struct virtio_iommu_req_tail tail;
} VIRTIO_IOMMU_PACKED;
_Static_assert(sizeof(struct virtio_iommu_req_detach) == 24, "virtio 1.2, 5.13.6.4");

#define VIRTIO_IOMMU_MAP_F_READ	 (1u << 0)
#define VIRTIO_IOMMU_MAP_F_WRITE (1u << 1)
#define VIRTIO_IOMMU_MAP_F_MMIO	 (1u << 2)

struct virtio_iommu_req_map {
	struct virtio_iommu_req_head head;
	le32 domain;
	le64 virt_start;
	le64 virt_end;
	le64 phys_start;
	le32 flags;
	struct virtio_iommu_req_tail tail;
} VIRTIO_IOMMU_PACKED;
_Static_assert(sizeof(struct virtio_iommu_req_map) == 40, "virtio 1.2, 5.13.6.5");

struct virtio_iommu_req_unmap {
	struct virtio_iommu_req_head head;
	le32 domain;
	le64 virt_start;
	le64 virt_end;
	uint8_t reserved[4];
	struct virtio_iommu_req_tail tail;
} VIRTIO_IOMMU_PACKED;
_Static_assert(sizeof(struct virtio_iommu_req_unmap) == 32, "virtio 1.2, 5.13.6.6");

/* The readable part of a PROBE; config.probe_size bytes of properties and the tail follow. */
struct virtio_iommu_req_probe {
	struct virtio_iommu_req_head head;
	le32 endpoint;
	uint8_t reserved[64];
} VIRTIO_IOMMU_PACKED;
_Static_assert(sizeof(struct virtio_iommu_req_probe) == 72, "virtio 1.2, 5.13.6.7");

#define VIRTIO_IOMMU_PROBE_T_NONE     0
#define VIRTIO_IOMMU_PROBE_T_RESV_MEM 1
#define VIRTIO_IOMMU_PROBE_T_MASK     0xfff

struct virtio_iommu_probe_property {
	le16 type;
	le16 length; /* of what follows these four bytes */
} VIRTIO_IOMMU_PACKED;

#define VIRTIO_IOMMU_RESV_MEM_T_RESERVED 0
#define VIRTIO_IOMMU_RESV_MEM_T_MSI	 1

struct virtio_iommu_probe_resv_mem {
	struct virtio_iommu_probe_property head;
	uint8_t subtype;
	uint8_t reserved[3];
	le64 start;
	le64 end;
} VIRTIO_IOMMU_PACKED;
_Static_assert(sizeof(struct virtio_iommu_probe_resv_mem) == 24,
	       "virtio 1.2, 5.13.6.8.1");

#define VIRTIO_IOMMU_FAULT_R_UNKNOWN 0
#define VIRTIO_IOMMU_FAULT_R_DOMAIN  1 /* the endpoint is attached to no domain */
#define VIRTIO_IOMMU_FAULT_R_MAPPING 2 /* no mapping, or not for this direction */

#define VIRTIO_IOMMU_FAULT_F_READ    (1u << 0)
#define VIRTIO_IOMMU_FAULT_F_WRITE   (1u << 1)
#define VIRTIO_IOMMU_FAULT_F_ADDRESS (1u << 8) /* `address` is valid */

struct virtio_iommu_fault {
	uint8_t reason;
	uint8_t reserved[3];
	le32 flags;
	le32 endpoint;
	le32 reserved1;
	le64 address;
} VIRTIO_IOMMU_PACKED;
_Static_assert(sizeof(struct virtio_iommu_fault) == 24, "virtio 1.2, 5.13.6.9");

/*
 * The window of message-signalled interrupts: PROBE reports it as reserved, and nothing can
 * be mapped over it.  A device's interrupts do not pass the IOMMU; its DMA into the window
 * is a fault.
 */
#define VIRTIO_IOMMU_MSI_START 0xfee00000ull
#define VIRTIO_IOMMU_MSI_END   0xfeefffffull

#endif
