/* SPDX-License-Identifier: MIT */
/*
 * One look at a guest: what it publishes (memstate.h), and what its monitor has counted
 * (QMP, query-pagevisor-counters).  Two looks make rates.
 *
 * The guest runs nothing for it: no exit, no lock of its own.  The monitor answers two
 * questions on its main thread; while it does not, the guest is looked at without it.
 */
#ifndef VMM_TOP_SAMPLE_H
#define VMM_TOP_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/cli/ctl.h"
#include "vmm/inspect/view.h"
#include "vmm/top/top_events.h"

#define TOP_NAME_MAX 24
#define TOP_EXITS    16
#define TOP_DEVICES  24

struct top_exits {
	char reason[TOP_NAME_MAX];
	uint64_t count; /* on all vCPUs */
};

struct top_device {
	char name[TOP_NAME_MAX];
	uint64_t read_bytes, written_bytes; /* by DMA */
	uint64_t faults;
};

struct top_sample {
	uint64_t us; /* CLOCK_MONOTONIC */
	bool published; /* else there is nothing of the guest's, and why */
	char why[160];
	struct zone_states zones;
	struct cache_states caches;
	struct dma_state dma;
	struct frame_map frames;
	bool counted; /* objects were: the following is told */
	uint64_t kmallocs, cache_allocs; /* calls since counting began */
	uint64_t uncounted; /* calls of either kind, overwritten before they were read */
	bool told; /* the monitor did: the following */
	char silence[160]; /* why it did not, where it is there and might; else "" */
	char status[16]; /* "running"; "" where nobody said */
	unsigned int nr_exits, nr_devices; /* in the order the monitor told them */
	struct top_exits exits[TOP_EXITS];
	struct top_device devices[TOP_DEVICES];
};

struct top_source {
	struct view view;
	struct ctl ctl;
	bool asked; /* the monitor is there: ctl is open */
	int patience_ms; /* with it, where it has answered so far */
	struct top_events events;
};

/* With `events` every object allocated is counted, which costs the guest something.  0, or a
 * negative errno with the line in err.  A source must not move. */
int top_open(struct top_source *source, const char *what, bool events, struct error *err);
void top_close(struct top_source *source);

/* Fills a zeroed sample, or an earlier one, whose memory is used again.  0; -ESRCH: the
 * machine is gone, with the line in err; the sample is as good as freed then. */
int top_sample_take(struct top_source *source, struct top_sample *sample,
		    struct error *err);
void top_sample_free(struct top_sample *sample);

/* Objects that somebody has, not a CPU's list. */
static inline uint64_t top_cache_active(const struct cache_state *c)
{
	return c->inuse > c->cached ? c->inuse - c->cached : 0;
}

/* The same cache, device or reason in another sample; NULL: it was not there. */
const struct cache_state *top_find_cache(const struct top_sample *sample, uint64_t va);
const struct top_device *top_find_device(const struct top_sample *sample,
					 const char *name);
const struct top_exits *top_find_exits(const struct top_sample *sample,
				       const char *reason);

#endif
