/* SPDX-License-Identifier: MIT */
/*
 * The core of a virtio device (virtio 1.2, chapters 2 and 3): features, status, reset,
 * queues, configuration.  Below it stands a model (blk, rng, console, dmacheck: struct
 * virtio_model); above it a transport (virtio_pci: struct virtio_transport).
 *
 * The core offers VERSION_1, INDIRECT_DESC, EVENT_IDX, ACCESS_PLATFORM and RING_RESET for
 * every model.  FEATURES_OK is refused unless the driver took VERSION_1, nothing that was
 * not offered, and, behind an IOMMU, ACCESS_PLATFORM: addresses are then I/O addresses.
 *
 * Lives of a device: created by its model, given to a transport (attached), run by the
 * driver (DRIVER_OK), reset by the driver or the machine any number of times, destroyed by
 * the transport.  All under the lock of host.h.
 */
#ifndef DEVICES_VIRTIO_H
#define DEVICES_VIRTIO_H

#include <abi/virtio.h>
#include <abi/virtio_ring.h>

#include "devices/device.h"
#include "devices/dma/dma.h"
#include "devices/host.h"
#include "devices/virtio/virtq.h"

#define VIRTIO_MAX_QUEUES 64u

struct virtio_dev;

/* Where a request's status stands in its writable part, and what says that it failed. */
struct virtio_status {
	uint8_t size; /* bytes, little-endian; 0: a used length of 0 is all there is */
	uint8_t from_end; /* its distance from the end; 0: it is at the start */
	uint32_t error;
};

/* What a model is: a constant table.  notify and drain are required, the rest optional. */
struct virtio_model {
	uint16_t id; /* VIRTIO_ID_* */
	uint16_t pci_class; /* class << 8 | subclass */
	uint64_t features; /* feature bits that every instance offers */
	/* Queues, a bit each, whose requests are short work and whose driver does nothing
	 * before the answer: a notification is served before the guest goes on, not by the
	 * event loop. */
	uint64_t prompt_queues;
	const struct virtio_status *status; /* NULL: a request cannot fail */

	/* vd->host and vd->dma are valid from here on.  0 or a negative errno. */
	int (*attached)(struct virtio_dev *vd);
	/* The driver set DRIVER_OK. */
	void (*activate)(struct virtio_dev *vd);
	/* Chains may be available on q; also called after activate, resume and enabling of a
	 * queue, so no notification is ever lost.  Never while paused. */
	void (*notify)(struct virtio_dev *vd, struct virtq *q);
	/*
	 * When it returns no chain of q (NULL: of any queue) is held, each was pushed or
	 * dropped, and every dma_hold of theirs is released.  What is waiting for the outside
	 * world (input that may never come) is virtq_unpop'd before, or never popped without
	 * it.  During a reset pushes are discarded by the core.  A pause alone may leave
	 * chains that go on or begin anew after it, if nothing of them is mapped.
	 */
	void (*drain)(struct virtio_dev *vd, struct virtq *q);
	/* After drain: back to what it was when attached. */
	void (*reset)(struct virtio_dev *vd);
	/* After reset, when the whole machine starts again: also what a driver's reset must
	 * leave alone. */
	void (*power_on)(struct virtio_dev *vd);
	/* The driver wrote [offset, offset + len) of configuration, inside config_len.  The
	 * bytes are not stored: the model does it where the field is writable. */
	void (*config_write)(struct virtio_dev *vd, unsigned int offset, unsigned int len,
			     uint64_t value);
	void (*stats)(struct virtio_dev *vd, stat_fn fn, void *arg);
	/* Frees the model; after drain.  The last call. */
	void (*destroy)(struct virtio_dev *vd);
};

/* What a transport does for the core. */
struct virtio_transport {
	void (*queue_interrupt)(struct virtio_dev *vd, struct virtq *q);
	void (*config_interrupt)(struct virtio_dev *vd);
	/* The driver enabled q. */
	void (*queue_enabled)(struct virtio_dev *vd, struct virtq *q);
	/* Notifies q once more, from the event loop, so that others get their turn first.
	 * False: it cannot. */
	bool (*requeue)(struct virtio_dev *vd, struct virtq *q);
};

/* Embedded in the model's own structure. */
struct virtio_dev {
	const struct virtio_model *model;
	const char *name; /* "disk0"; outlives the device */
	struct host *host;
	struct dma_port *dma;
	const struct virtio_transport *transport;

	uint64_t offered; /* features */
	uint64_t accepted; /* what the driver wrote; final with FEATURES_OK */
	uint8_t status;
	uint8_t config_generation; /* counts changes of *config by the device */
	bool paused;
	struct host_limit reports;
	const void *config; /* the model's, little-endian */
	unsigned int config_len;
	unsigned int nr_queues;
	struct virtq *queue;
};

/*
 * For models.  sizes[i] is the largest size of queue i: a power of two up to
 * VIRTQ_MAX_SIZE.  `features` are this instance's beside model->features.  0 or -ENOMEM.
 * virtio_fini() frees what init allocated: the model's destroy calls it.
 */
int virtio_init(struct virtio_dev *vd, const struct virtio_model *model, const char *name,
		uint64_t features, const uint16_t *sizes, unsigned int nr_queues);
void virtio_fini(struct virtio_dev *vd);
void virtio_set_config(struct virtio_dev *vd, const void *config, unsigned int len);
/* The device changed its configuration: generation and configuration interrupt. */
void virtio_config_changed(struct virtio_dev *vd);
/* The driver accepted this feature (bit number). */
bool virtio_has(const struct virtio_dev *vd, unsigned int bit);
/* DRIVER_OK and not broken: chains may be pushed. */
bool virtio_live(const struct virtio_dev *vd);
/* Live and not paused: chains may be popped. */
bool virtio_running(const struct virtio_dev *vd);
/* The driver broke a rule: reports it once, sets DEVICE_NEEDS_RESET. */
__attribute__((format(printf, 2, 3))) void virtio_broken(struct virtio_dev *vd,
							 const char *fmt, ...);

/* For transports. */
int virtio_attach(struct virtio_dev *vd, const struct virtio_transport *transport,
		  struct host *host, struct dma_port *dma);
void virtio_destroy(struct virtio_dev *vd);
/* The driver (or the machine) resets the device: drained, all state initial. */
void virtio_reset(struct virtio_dev *vd);
/* The machine starts again; after virtio_reset(). */
void virtio_power_on(struct virtio_dev *vd);
/* A write of the status register other than 0, which is a reset: the only way by which bits
 * go away. */
void virtio_set_status(struct virtio_dev *vd, uint8_t status);
/* Ignored from FEATURES_OK on. */
void virtio_accept_features(struct virtio_dev *vd, unsigned int word, uint32_t value);
uint32_t virtio_offered_features(const struct virtio_dev *vd, unsigned int word);
uint64_t virtio_config_read(struct virtio_dev *vd, uint64_t offset, unsigned int len);
void virtio_config_write(struct virtio_dev *vd, uint64_t offset, unsigned int len,
			 uint64_t value);
/* The driver rang for queue `index`: ignored when there is no such one or it is not live. */
void virtio_notify(struct virtio_dev *vd, unsigned int index);
/* Size and areas stand in *q.  Checks them; false: refused, the queue stays off. */
bool virtio_queue_enable(struct virtq *q);
/* Queue reset (RING_RESET): drained, back to its state before it was set up. */
void virtio_queue_reset(struct virtq *q);
void virtio_quiesce(struct virtio_dev *vd);
void virtio_resume(struct virtio_dev *vd);
void virtio_stats(struct virtio_dev *vd, stat_fn fn, void *arg);

#endif
