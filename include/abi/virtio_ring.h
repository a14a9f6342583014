/* SPDX-License-Identifier: MIT */
/*
 * The split virtqueue (virtio 1.2, section 2.7).  Three areas, each contiguous for the
 * device:
 *
 *   descriptor table  struct vring_desc[size]			aligned to 16
 *   available ring    flags, idx, ring[size], used_event	aligned to 2
 *   used ring	       flags, idx, ring[size], avail_event	aligned to 4
 *
 * used_event and avail_event exist only with VIRTIO_RING_F_EVENT_IDX; each follows its
 * ring's last element.
 */
#ifndef ABI_VIRTIO_RING_H
#define ABI_VIRTIO_RING_H

#include <abi/types.h>

#define VRING_DESC_F_NEXT     1 /* the chain goes on at `next` */
#define VRING_DESC_F_WRITE    2 /* for the device to write, otherwise to read */
#define VRING_DESC_F_INDIRECT 4 /* addr, len are a table of descriptors */

#define VRING_AVAIL_F_NO_INTERRUPT 1 /* driver to device, without EVENT_IDX */
#define VRING_USED_F_NO_NOTIFY	   1 /* device to driver, without EVENT_IDX */

#define VRING_MAX_SIZE 32768u

struct vring_desc {
	le64 addr;
	le32 len;
	le16 flags;
	le16 next;
};
_Static_assert(sizeof(struct vring_desc) == 16, "virtio 1.2, 2.7.5");

struct vring_avail {
	le16 flags;
	le16 idx;
	le16 ring[];
};
_Static_assert(sizeof(struct vring_avail) == 4, "virtio 1.2, 2.7.6");

struct vring_used_elem {
	le32 id; /* head of the completed chain */
	le32 len; /* bytes written into its writable part */
};
_Static_assert(sizeof(struct vring_used_elem) == 8, "virtio 1.2, 2.7.8");

struct vring_used {
	le16 flags;
	le16 idx;
	struct vring_used_elem ring[];
};
_Static_assert(sizeof(struct vring_used) == 4, "virtio 1.2, 2.7.8");

#define VRING_DESC_ALIGN  16u
#define VRING_AVAIL_ALIGN 2u
#define VRING_USED_ALIGN  4u

/* Bytes of each area for a queue of n, the event fields included. */
#define VRING_DESC_BYTES(n)  (16u * (n))
#define VRING_AVAIL_BYTES(n) (6u + 2u * (n))
#define VRING_USED_BYTES(n)  (6u + 8u * (n))

/* Offset of used_event in the available ring and of avail_event in the used ring. */
#define VRING_USED_EVENT_OFFSET(n)  (4u + 2u * (n))
#define VRING_AVAIL_EVENT_OFFSET(n) (4u + 8u * (n))

#endif
