/* SPDX-License-Identifier: MIT */
/* What the files of the injector share. */
#ifndef DEVICES_INJECT_INTERNAL_H
#define DEVICES_INJECT_INTERNAL_H

#include "devices/inject/inject.h"
#include "devices/pci/pci.h"
#include "devices/virtio/virtio.h"

struct inject_state {
	unsigned int every; /* 0: no rule of this kind */
	uint64_t opportunities, injected;
	uint64_t random; /* where its sequence stands */
};

/* A completion that waits.  The model is done with the chain; it is still in flight. */
struct inject_held {
	struct inject_held *next;
	struct virtq_chain *chain;
	uint32_t written;
	uint64_t due_ns; /* CLOCK_MONOTONIC */
	bool until_next; /* or until the next completion of its queue */
};

struct inject {
	struct pci_dev *dev;
	struct virtio_dev *vd; /* NULL: no virtqueues */
	struct inject_state state[INJECT_KINDS];
	struct host_watch timer; /* fires at the first due_ns, or when `leaving` */
	struct inject_held *held; /* in no order */
	bool leaving; /* the device goes when the timer fires */
};

/* Counts an opportunity: true when the fault happens. */
bool inject_now(struct inject *in, enum inject_kind kind);
/* A number below `below`, which is not 0, of the kind's sequence. */
uint64_t inject_random(struct inject *in, enum inject_kind kind, uint64_t below);
__attribute__((format(printf, 3, 4))) void
inject_tell(const struct inject *in, enum inject_kind kind, const char *fmt, ...);

uint64_t inject_clock_ns(void);
/* Sets the timer to what waits. */
void inject_set_timer(struct inject *in);
/* Completes what is due, and signals the queues concerned. */
void inject_complete_due(struct inject *in, uint64_t now_ns);

#endif
