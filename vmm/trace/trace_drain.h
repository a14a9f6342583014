/* SPDX-License-Identifier: MIT */
/*
 * Memory events inside the monitor: switches them on and off in the guest, and as long as
 * any is on raises a probe for each (vmm/trace/probes.c), so that perf and bpftrace see what
 * the guest allocates.  The guest exits for none of it: a timer of the event loop reads the
 * rings.
 */
#ifndef VMM_TRACE_DRAIN_H
#define VMM_TRACE_DRAIN_H

#include "devices/dma/ram.h"
#include "devices/host.h"
#include "vmm/machine/loop.h"
#include "vmm/memstate/memstate_view.h"
#include "vmm/trace/trace_event.h"
#include "vmm/trace/trace_reader.h"

struct trace_drain {
	const struct ram *ram;
	uint64_t memstate_gpa; /* 0: the guest publishes nothing */
	uint8_t wanted[TRACE_IDS_MAX];
	struct host_watch watch; /* of a timerfd */
	struct memstate_view view;
	struct trace_names names;
	struct trace_reader reader;
	uint64_t area_gpa; /* 0: not found (yet) */
	struct trace_counts past; /* of readers before this one: the guest was reset */
};

/* Wants what `wanted` says (NULL: nothing) as soon as the guest has rings.  Where it cannot
 * watch there are no events; 0 or a negative errno. */
int trace_drain_start(struct trace_drain *d, struct loop *loop, const struct ram *ram,
		      uint64_t memstate_gpa, const uint8_t *wanted);
void trace_drain_stop(struct trace_drain *d);

/* Switches events; NULL changes nothing.  `before` (may be NULL) is what was on.  0; -ENODEV:
 * the guest has no rings. */
int trace_drain_switch(struct trace_drain *d, const uint8_t *enable, uint8_t *before);
/* What the timer does. */
void trace_drain_poll(struct trace_drain *d);

#endif
