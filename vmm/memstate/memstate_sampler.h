/* SPDX-License-Identifier: MIT */
/*
 * How a guest's memory changed over a run: free blocks, uses of frames, and a coarse map,
 * read at equal distances in time while the guest runs.  The guest notices nothing.
 *
 * A run may last for a second or for a week: when there are SAMPLES_MAX, every second one
 * is dropped and the distance doubled.  It is also doubled where a sample takes too much of
 * it, as with very much memory in use.
 */
#ifndef VMM_MEMSTATE_SAMPLER_H
#define VMM_MEMSTATE_SAMPLER_H

#include <time.h>

#include "devices/host.h"
#include "vmm/machine/loop.h"
#include "vmm/memstate/memstate.h"

#define SAMPLES_MAX	 96
#define SAMPLE_CELLS_MAX 1024

struct memstate_sample {
	uint64_t us; /* since the sampler started */
	struct zone_states zones;
	uint64_t pages[FRAME_KINDS]; /* frames of each kind */
	uint8_t cell[SAMPLE_CELLS_MAX]; /* the kind that most frames of it have */
};

struct memstate_sampler {
	const struct ram *ram;
	uint64_t gpa; /* of the table; 0: the guest publishes none, nothing is sampled */
	struct timespec start;
	uint64_t interval_us;
	struct host_watch watch; /* of a timerfd; fd -1: not started */
	struct frame_map frames;
	uint64_t cell_pages; /* frames of a cell */
	unsigned int nr_cells;
	unsigned int nr_samples; /* in time order */
	struct memstate_sample sample[SAMPLES_MAX];
	/* The caches when they had the most pages. */
	struct cache_states busiest;
	uint64_t busiest_us, busiest_pages;
};

/* Starts sampling from the loop's thread.  Sampling is an extra: where it cannot start,
 * there are no samples. */
void memstate_sampler_start(struct memstate_sampler *sampler, struct loop *loop,
			    const struct ram *ram, uint64_t gpa);
/* No more samples; what there is stays. */
void memstate_sampler_stop(struct memstate_sampler *sampler);
void memstate_sampler_fini(struct memstate_sampler *sampler);

/* Takes one now, as of `us`: what the timer does. */
void memstate_sampler_take(struct memstate_sampler *sampler, uint64_t us);

/* The kind most of the frames [pfn, pfn + n) have, holes aside. */
enum frame_kind frame_map_most(const struct frame_map *map, uint64_t pfn, uint64_t n);

#endif
