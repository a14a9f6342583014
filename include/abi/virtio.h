/* SPDX-License-Identifier: MIT */
/* virtio 1.2: device types, feature bits of every device, the status byte.  Linux's names. */
#ifndef ABI_VIRTIO_H
#define ABI_VIRTIO_H

/* Device types (section 5) */
#define VIRTIO_ID_NET	   1
#define VIRTIO_ID_BLOCK	   2
#define VIRTIO_ID_CONSOLE  3
#define VIRTIO_ID_RNG	   4
#define VIRTIO_ID_BALLOON  5
#define VIRTIO_ID_IOMMU	   23
#define VIRTIO_ID_DMACHECK 176 /* pagevisor's own, <abi/dmacheck.h> */

/* Device status (section 2.1) */
#define VIRTIO_CONFIG_S_ACKNOWLEDGE 0x01
#define VIRTIO_CONFIG_S_DRIVER	    0x02
#define VIRTIO_CONFIG_S_DRIVER_OK   0x04
#define VIRTIO_CONFIG_S_FEATURES_OK 0x08
#define VIRTIO_CONFIG_S_NEEDS_RESET 0x40
#define VIRTIO_CONFIG_S_FAILED	    0x80

/* Feature bits of the transport and the ring (section 6): bit numbers */
#define VIRTIO_RING_F_INDIRECT_DESC 28
#define VIRTIO_RING_F_EVENT_IDX	    29
#define VIRTIO_F_VERSION_1	    32
#define VIRTIO_F_ACCESS_PLATFORM    33
#define VIRTIO_F_RING_PACKED	    34
#define VIRTIO_F_ORDER_PLATFORM	    36
#define VIRTIO_F_RING_RESET	    40

#define VIRTIO_FEATURE(bit) (1ull << (bit))

#endif
