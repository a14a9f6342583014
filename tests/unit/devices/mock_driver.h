/* SPDX-License-Identifier: MIT */
/*
 * A virtio driver for tests.  It finds its device as a kernel does (configuration space,
 * capabilities, BARs, MSI-X) and builds rings in guest memory; nothing here looks into the
 * device.  Each step can also be done wrong on purpose: all fields are the test's to change.
 */
#ifndef MOCK_DRIVER_H
#define MOCK_DRIVER_H

#include <abi/virtio.h>
#include <abi/virtio_pci.h>
#include <abi/virtio_ring.h>

#include "tests/unit/devices/mock_machine.h"

/* Vector v sends this; 0 is configuration, 1 + i queue i. */
#define DRV_MSI_ADDRESS	   0xfee00000ull
#define DRV_MSI_DATA(d, v) (0x1000u + ((uint32_t)(d)->devfn << 12) + (v))

#define DRV_FEATURES                                   \
	(VIRTIO_FEATURE(VIRTIO_F_VERSION_1) |          \
	 VIRTIO_FEATURE(VIRTIO_RING_F_INDIRECT_DESC) | \
	 VIRTIO_FEATURE(VIRTIO_RING_F_EVENT_IDX) |     \
	 VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) | VIRTIO_FEATURE(VIRTIO_F_RING_RESET))
#define DRV_ALL_FEATURES (~0ull) /* whatever is offered */

struct drv {
	struct machine *m;
	uint8_t devfn;
	uint64_t bar[PCI_STD_NUM_BARS];
	/* Guest addresses of the structures; 0 where the device has none. */
	uint64_t common, isr, config, notify;
	uint32_t notify_step, config_len;
	unsigned int cfg_cap; /* offset of the PCI_CFG capability */
	unsigned int msix_cap, nr_vectors;
	uint64_t msix_table, msix_pba;
	uint64_t offered, accepted;
	unsigned int nr_queues;
};

struct drvq {
	struct drv *d;
	unsigned int index;
	uint16_t size, max_size;
	uint64_t desc, avail, used; /* guest addresses */
	uint64_t bell;
	uint16_t next_desc; /* descriptors are handed out round-robin */
	uint16_t avail_idx, last_used;
};

struct drv_seg {
	uint64_t addr;
	uint32_t len;
	bool write;
};

/* --- PCI ---------------------------------------------------------------------------- */

/* Walks configuration space, turns on memory and bus mastering, finds the structures.
 * Fails the test when something is missing. */
void drv_probe(struct drv *d, struct machine *m, uint8_t devfn);
/* All vectors unmasked with DRV_MSI_*, MSI-X enabled. */
void drv_msix_on(struct drv *d);
unsigned int drv_find_cap(struct drv *d, uint8_t id, unsigned int after);

uint64_t drv_get(struct drv *d, unsigned int reg, unsigned int size);
void drv_put(struct drv *d, unsigned int reg, unsigned int size, uint64_t value);

/* --- virtio ------------------------------------------------------------------------- */

uint8_t drv_status(struct drv *d);
void drv_set_status(struct drv *d, uint8_t status);
void drv_reset(struct drv *d);
/* Reset, ACKNOWLEDGE, DRIVER, features & what is offered, FEATURES_OK: did it stay? */
bool drv_negotiate(struct drv *d, uint64_t features);
/* Fresh rings for queue `index` (size 0: the largest), vector 1 + index, enabled. */
void drv_queue(struct drv *d, struct drvq *q, unsigned int index, uint16_t size);
void drv_ok(struct drv *d);
/* The lot: probe, MSI-X, negotiate, one queue, DRIVER_OK. */
void drv_start(struct drv *d, struct machine *m, uint8_t devfn, struct drvq *q,
	       unsigned int index, uint16_t size);
/* NEEDS_RESET is set and the configuration interrupt has been sent. */
bool drv_needs_reset(struct drv *d);

/* --- queues ------------------------------------------------------------------------- */

/* Allocates rings, with room for one descriptor behind the table, without telling the
 * device. */
void drvq_alloc(struct drv *d, struct drvq *q, unsigned int index, uint16_t size);
/* Writes size and addresses, then queue_enable; returns what that reads as. */
bool drvq_enable(struct drvq *q);

struct vring_desc *drvq_desc(struct drvq *q, unsigned int i);
struct vring_avail *drvq_avail(struct drvq *q);
struct vring_used *drvq_used(struct drvq *q);
void drvq_set_desc(struct drvq *q, unsigned int i, uint64_t addr, uint32_t len,
		   uint16_t flags, uint16_t next);
/* Fills a table with a chain 0, 1, .. n-1. */
void drv_fill_chain(struct vring_desc *table, const struct drv_seg *segs, unsigned int n);

/* Puts head into the available ring and moves the index. */
void drvq_offer(struct drvq *q, uint16_t head);
/* Lays the segments out as a chain of fresh descriptors and offers it: the head. */
uint16_t drvq_add(struct drvq *q, const struct drv_seg *segs, unsigned int n);
/* The same through an indirect table, also with room for one more, which lies at *table when
 * not NULL. */
uint16_t drvq_add_indirect(struct drvq *q, const struct drv_seg *segs, unsigned int n,
			   uint64_t *table);
/* Rings the doorbell, then lets the event loop run. */
void drvq_kick(struct drvq *q);
/* Takes the next used element; false when there is none. */
bool drvq_get(struct drvq *q, struct vring_used_elem *elem);
/* Kick, then up to some hundred turns of the event loop until something is used. */
bool drvq_wait(struct drvq *q, struct vring_used_elem *elem);
/* The memory of the used ring: what the device may always write. */
struct mock_range drvq_used_range(const struct drvq *q);

#endif
