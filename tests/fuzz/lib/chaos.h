/* SPDX-License-Identifier: MIT */
/*
 * A virtio driver that does what an input says: good requests and bad ones, garbage in rings
 * and registers, resets, pauses, configuration space, an IOMMU whose mappings come and go.
 * The device is the real one, on the unit tests' mock of a machine, with 64 KiB of RAM.
 *
 * Memory: what the device may write lies in the arena, at the end of low RAM, so that a
 * buffer that starts there ends there or in no memory at all.  Whatever the input says,
 *
 *   - a byte of the arena that no writable descriptor covered (behind the IOMMU: that no
 *     writable mapping leads to) is what the driver wrote last, and after an unmap has
 *     completed it stays what it was;
 *   - the rest of RAM but the rings is what it was, by XXH3;
 *   - a head completes at most as often as it was offered;
 *   - after a reset of the machine nothing moves and no interrupt comes;
 *   - then the device answers a good driver.
 */
#ifndef TESTS_FUZZ_CHAOS_H
#define TESTS_FUZZ_CHAOS_H

#include "devices/iommu/iommu.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/fuzz/lib/small_machine.h"
#include "tests/unit/devices/mock_driver.h"

#define CHAOS_DEVFN	 PCI_DEVFN(2, 0)
#define CHAOS_QUEUES	 4u
#define CHAOS_QUEUE_SIZE 32u
#define CHAOS_SEGS	 8u /* most of one chain */
#define CHAOS_PAGE	 0x1000u
#define CHAOS_RINGS	 0x1000u /* guest addresses: rings and the indirect table */
#define CHAOS_ARENA	 0xc000u
#define CHAOS_LOW_SIZE	 SMALL_LOW_SIZE
#define CHAOS_ARENA_SIZE (CHAOS_LOW_SIZE - CHAOS_ARENA)
#define CHAOS_HIGH_SIZE	 SMALL_HIGH_SIZE
#define CHAOS_PAGES	 (CHAOS_ARENA_SIZE / CHAOS_PAGE)
#define CHAOS_WINDOW	 0x100000u /* I/O addresses, behind the IOMMU */
#define CHAOS_IOVA_PAGES 8u /* of the window */

struct chaos;

/* What is different from device to device. */
struct chaos_device {
	const char *name;
	/* Plugs it at CHAOS_DEVFN; `variant` is any byte of the input. */
	void (*plug)(struct chaos *c, uint8_t variant);
	/* A request of the device's own kind, offered on q.  NULL with an act(). */
	void (*request)(struct chaos *c, struct drvq *q);
	/* Something happens outside.  May be NULL. */
	void (*event)(struct chaos *c);
	/* A good request, to a device just started: does it answer well? */
	void (*good)(struct chaos *c);
	/* Its requests hold addresses that it writes to: only an IOMMU bounds them. */
	bool always_behind;
	bool never_behind; /* it is one */
	/* Instead of the virtio driver's start and actions, where the device is none. */
	void (*start)(struct chaos *c);
	void (*act)(struct chaos *c);
};

/* Where a page of the window leads. */
struct chaos_mapping {
	bool live, write;
	uint8_t page; /* of the arena */
};

struct chaos {
	struct fuzz in;
	const struct chaos_device *device;
	struct machine *m;
	struct drv d;
	struct drvq q[CHAOS_QUEUES];
	unsigned int nr_queues;
	uint64_t ring_offset; /* from guest addresses to the device's, for rings */
	uint64_t table; /* 64 entries */
	uint64_t protected; /* hash of RAM but arena and rings */

	bool behind;
	struct iommu iommu;
	struct chaos_mapping mapping[CHAOS_IOVA_PAGES];

	bool loose; /* the rings were spoilt: completions are not counted */
	unsigned int offers[CHAOS_QUEUES][CHAOS_QUEUE_SIZE];
	unsigned int done[CHAOS_QUEUES][CHAOS_QUEUE_SIZE];
	uint8_t shadow[CHAOS_ARENA_SIZE]; /* what the driver wrote */
	uint8_t may[CHAOS_ARENA_SIZE]; /* 0xff: the device may write here */
	uint32_t high_may; /* and to so many bytes where high RAM begins */
};

/* One input, from set-up to the last check. */
void chaos_run(const struct chaos_device *device, const uint8_t *data, size_t size);

/* --- for devices -------------------------------------------------------------------------- */

/* The driver writes to the arena; cut at its end. */
void chaos_write(struct chaos *c, uint32_t offset, const void *bytes, uint32_t len);
/* The device's address of a byte of the arena. */
uint64_t chaos_addr(const struct chaos *c, uint32_t offset);
/* Any address for the device, of the kinds worth trying. */
uint64_t chaos_any_addr(struct chaos *c);
/* A chain of segments, by way of the table or not, as the input says. */
void chaos_offer(struct chaos *c, struct drvq *q, const struct drv_seg *segs,
		 unsigned int n);
/* For good(): offers, waits; false where nothing is used. */
bool chaos_wait(struct chaos *c, unsigned int queue, const struct drv_seg *segs,
		unsigned int n, struct vring_used_elem *elem);

/* --- seeds: an input is a flags byte, a variant, then actions ------------------------------ */

#define CHAOS_F_BEHIND	 1u /* the device stands behind the IOMMU */
#define CHAOS_F_NO_BELLS 2u /* doorbells come through the bus */
#define CHAOS_F_RAW	 4u /* the driver has done nothing yet */
#define CHAOS_F_INJECT	 8u /* two bytes follow: kinds of faults, how often */

enum chaos_action {
	CHAOS_REQUEST,
	CHAOS_KICK,
	CHAOS_CHAIN,
	CHAOS_DESCRIPTOR,
	CHAOS_HEAD,
	CHAOS_POLL,
	CHAOS_RESTART,
	CHAOS_REGISTER,
	CHAOS_CONFIG,
	CHAOS_PCI,
	CHAOS_MSIX,
	CHAOS_PAUSE,
	CHAOS_AVAIL,
	CHAOS_QUEUE,
	CHAOS_DATA,
	CHAOS_EVENT,
	CHAOS_IOMMU,
	CHAOS_RESET,
	CHAOS_NOTIFY,
	CHAOS_ACTIONS
};

/* A seed of the device: `request` is what its request() reads, n the number of the seed. */
size_t chaos_seed(unsigned int n, uint8_t *buf, size_t size, const void *request,
		  size_t len);
#define CHAOS_SEEDS 14u /* of one request */

/* --- inside ------------------------------------------------------------------------------- */

/* chaos_driver.c */
void chaos_start(struct chaos *c);
void chaos_restart(struct chaos *c, uint64_t without);
void chaos_act(struct chaos *c);
void chaos_take_used(struct chaos *c);
/* chaos_iommu.c */
void chaos_put_behind(struct chaos *c);
void chaos_iommu(struct chaos *c);

#endif
