/* SPDX-License-Identifier: MIT */
/*
 * Faults put into a device's work on purpose, so that a driver can be seen to survive them.
 *
 * A rule is a kind, a distance and a seed: at every N-th opportunity the fault happens, and
 * what is random of it (which bit, how late) comes from the seed, so that the same sequence
 * of requests meets the same faults.  A device has one injector with at most one rule of
 * each kind; it stands where all devices pass, not in them: completions (virtq_push), doorbells
 * (virtio_notify), interrupts (MSI, MSI-X, pin), and for a device without virtqueues its
 * dma_read and dma_write.
 *
 * kind		opportunity	what happens
 * short	completion	fewer bytes are said to be written than were asked for; a
 *				transfer without virtqueue breaks off in the middle and fails
 * flip		completion	one bit of what the device wrote to memory is inverted; without
 *				virtqueue of what it wrote or read
 * late		completion	it waits up to INJECT_LATE_MS
 * reorder	completion	it waits for the next one of its queue, INJECT_REORDER_MS at most
 * lost		interrupt	it is not sent
 * spurious	doorbell	an interrupt without a reason is sent; without virtqueue, an MSI
 *				with each transfer concerned
 * error	completion	the request's status says that it failed; where a request has
 *				none but its length, that is 0
 * gone		completion	the device is unplugged without a word: registers and
 *				configuration read as ones, and it does nothing any more until the
 *				machine starts again.  Not for an IOMMU: without it what stands behind it
 *				would reach all of memory
 *
 * An opportunity is one where the kind has a meaning: no bit can be flipped where nothing was
 * written.
 *
 * All with the lock of host.h held.
 */
#ifndef DEVICES_INJECT_H
#define DEVICES_INJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "devices/device.h"
#include "devices/dma/dma.h"

#define INJECT_LATE_MS	  500u
#define INJECT_REORDER_MS 20u

enum inject_kind {
	INJECT_SHORT,
	INJECT_FLIP,
	INJECT_LATE,
	INJECT_REORDER,
	INJECT_LOST,
	INJECT_SPURIOUS,
	INJECT_ERROR,
	INJECT_GONE,
	INJECT_KINDS
};

struct inject_rule {
	enum inject_kind kind;
	unsigned int every; /* not 0 */
	uint64_t seed;
};

struct inject;
struct pci_dev;
struct virtq;
struct virtq_chain;

/* "short", ... */
const char *inject_name(enum inject_kind kind);

/*
 * Gives a plugged device a rule.  0; -EOPNOTSUPP: this kind has no meaning for it; -EEXIST: it
 * has a rule of this kind; -ENOMEM, or what the host says to a timer.
 */
int inject_add(struct pci_dev *dev, const struct inject_rule *rule);
/* The device goes.  NULL is allowed. */
void inject_free(struct inject *in);
/* The machine starts again: a device that was about to go stays.  NULL is allowed. */
void inject_reset(struct inject *in);
/* How often each kind happened, as inject.KIND; NULL is allowed. */
void inject_stats(const struct inject *in, stat_fn fn, void *arg);

/*
 * Where faults happen; `in` is dma_port.inject, and not NULL.
 */

/* A chain is about to be completed.  True: it was done, or will be; else it is the caller's,
 * with *written as it is to be told. */
bool inject_completion(struct inject *in, struct virtq_chain *chain, uint32_t *written);
/* The model was drained: what waits here of q (NULL: of all) is completed now. */
void inject_drain(struct inject *in, const struct virtq *q);
/* A doorbell rang: true when an interrupt is to follow. */
bool inject_doorbell(struct inject *in);
/* An interrupt is about to be sent: true when it is not to be. */
bool inject_interrupt(struct inject *in);
/*
 * A transfer of a device without virtqueues: *len is cut where it is to be short.  Negative
 * errno: what it ends with, after those bytes have moved.
 */
int inject_transfer(struct inject *in, uint64_t *len);
/* The bit of len bytes, not 0, that is to be inverted; negative: none. */
int64_t inject_flip(struct inject *in, uint64_t len);

#endif
