/* SPDX-License-Identifier: MIT */
/*
 * What a hostile driver does to a device's queues, as a table of cases that runs against
 * any virtio device.  A target says how to plug the device and what a good request is; each
 * case spoils one such request.  Around every case:
 *
 *   - guest RAM outside the request's writable memory and the used ring is hashed before
 *     and after;
 *   - every head completes at most as often as it was offered;
 *   - the device asks for a reset, or what completes is an error, or all is well: as the
 *     case says;
 *   - another device on the same bus answers as before;
 *   - after a reset the device answers a good request.
 *
 * Every case runs twice: as it is, and with the device and the other one behind an IOMMU,
 * each in a domain that maps all RAM where it is, in small pieces.
 */
#ifndef MOCK_HOSTILE_H
#define MOCK_HOSTILE_H

#include "tests/unit/devices/mock_driver.h"
#include "tests/unit/devices/mock_iommu.h"

#define HOSTILE_SEGS 16 /* most segments of a target's request */
#define HOSTILE_BYTES \
	256 /* fewest bytes a request should have, so that it can be cut up */
#define HOSTILE_QUEUE_SIZE 64
#define HOSTILE_DEVFN	   PCI_DEVFN(2, 0)
#define HOSTILE_OTHER	   PCI_DEVFN(9, 0)

struct hostile_target {
	const char *name;
	/* Plugs the device at HOSTILE_DEVFN and calls pci_assign(). */
	void (*plug)(struct machine *m);
	unsigned int queue; /* the one that takes the requests */
	uint64_t features; /* that its requests need, beside DRV_FEATURES */
	bool never_behind; /* an IOMMU: it is not put behind another */
	bool writes_nothing; /* a used length of 0 is no error */
	/* A good request, in fresh guest memory: readable segments, then writable ones. */
	unsigned int (*request)(struct drv *d, struct drv_seg *segs);
	/* Was it answered well?  Also called for spoiled ones. */
	bool (*succeeded)(struct drv *d, const struct drv_seg *segs, unsigned int n,
			  uint32_t used_len);
};

/* For devices that only fill what they are given: two writable halves of 512 bytes, answered
 * well when both are full. */
unsigned int hostile_fill_request(struct drv *d, struct drv_seg *segs);
bool hostile_filled(struct drv *d, const struct drv_seg *segs, unsigned int n,
		    uint32_t used_len);

/* Runs all cases against the target, then a few random drivers; a failing one fails the
 * cmocka test that calls. */
void hostile_run(const struct hostile_target *target);
/* What a good driver does, from the search for the device to DRIVER_OK, but for these
 * features. */
void hostile_start_driver(const struct hostile_target *target, struct machine *m,
			  uint64_t without, struct drv *d, struct drvq *q);
/* One driver that does anything, see mock_hostile_random.c. */
void hostile_random(const struct hostile_target *target, uint32_t seed);

/* --- inside: the frame and its cases ------------------------------------------------- */

enum hostile_expect {
	EXPECT_BROKEN, /* NEEDS_RESET: a rule of the ring is broken, whatever the device */
	EXPECT_ERROR, /* errors or NEEDS_RESET */
	EXPECT_GOOD, /* one completion, a success */
	EXPECT_ANY, /* bounded, and nothing else harmed */
};

#define HOSTILE_ALLOWED 40

struct hostile {
	const struct hostile_target *target;
	struct machine *m;
	bool behind; /* the IOMMU below, which is there only then */
	struct viommu iommu;
	struct drv d;
	struct drvq q;
	struct drv_seg seg[HOSTILE_SEGS];
	unsigned int n;
	uint64_t scratch; /* 64 KiB of guest memory for the case */
	/* Memory that the device may change, beside the used ring. */
	struct mock_range allowed[HOSTILE_ALLOWED];
	unsigned int nr_allowed;
	unsigned int offered; /* how many completions there may be */
};

struct hostile_case {
	const char *name; /* starts with its number in the list of hostile cases */
	enum hostile_expect expect;
	uint64_t without; /* feature bits not to accept */
	/* Puts the spoiled request into the queue; false: does not apply to this target. */
	bool (*spoil)(struct hostile *h);
};

extern const struct hostile_case hostile_cases[];
extern const unsigned int hostile_nr_cases;

#endif
