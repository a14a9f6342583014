/* SPDX-License-Identifier: MIT */
/*
 * What is mapped for devices, and what was until a moment ago.
 *
 * Each segment of a scatter list is a mapping of its own; those of one list are chained in a
 * ring and end together.  A mapping that ended is kept for a while, so that an access after
 * its end can name it: the DMA_DEAD_MAX last ones.
 *
 * All numbers are a guest's: sizes and endpoints are bounded here, so is the memory taken.
 */
#ifndef VMM_DMA_CHECK_MAP_H
#define VMM_DMA_CHECK_MAP_H

#include <stdbool.h>

#include <abi/dma_check.h>

#include "vmm/dma_check/interval.h"

#define DMA_LIVE_MAX	(1u << 18)
#define DMA_DEAD_MAX	4096u
#define DMA_DEVICES_MAX 64u
#define DMA_LINE	64u /* bytes of a cache line */

/* Return addresses, the driver's call first. */
struct dma_chain {
	unsigned int depth;
	uint64_t pc[DMA_CHECK_CHAIN];
};

enum dma_map_kind { DMA_SINGLE, DMA_SG, DMA_COHERENT, DMA_RESOURCE };

struct dma_chunks; /* dma_check_owner.h */

struct dma_map {
	struct interval
		bus; /* as the device addresses it; in the device's live or dead */
	struct interval lines; /* the cache lines behind it; in maps.lines if has_lines */
	bool has_lines; /* streaming, the device may write, and its memory is known */
	bool asked; /* dma_mapping_error() was called, or need not be */
	uint8_t dir; /* DMA_CHECK_TO_DEVICE ... */
	enum dma_map_kind kind;
	uint16_t entries, index; /* DMA_SG: of the driver's list; which segment */
	uint64_t phys; /* 0: not known */
	struct dma_device *device;
	struct dma_chain made, ended; /* ended.depth 0: not told, or live */
	uint64_t end; /* dead: which end it was, counted from 1 */
	struct dma_map *next_segment; /* a ring; itself when alone */
	struct dma_map *next_dead; /* ended after it */
	struct dma_chunks *chunks; /* NULL: not hashed */
};

struct dma_start; /* dma_check_start.h */

struct dma_device {
	uint32_t endpoint;
	struct intervals live, dead;
	/* Who gave it work, the last DMA_STARTS_MAX times of nr_starts. */
	struct dma_start *start;
	uint64_t nr_starts;
};

/* Zeroed is empty. */
struct dma_maps {
	unsigned int nr_devices;
	struct dma_device device[DMA_DEVICES_MAX];
	struct intervals lines;
	size_t nr_live, nr_dead;
	struct dma_map *oldest_dead, *newest_dead;
	uint64_t ends; /* of mappings, so far */
};

void dma_maps_fini(struct dma_maps *maps); /* empty again */

/* The device of that endpoint; NULL: it was never told of, or (dma_maps_device) there are too
 * many. */
struct dma_device *dma_maps_find_device(struct dma_maps *maps, uint32_t endpoint);
struct dma_device *dma_maps_device(struct dma_maps *maps, uint32_t endpoint);

static inline uint64_t dma_map_size(const struct dma_map *map)
{
	return map->bus.last - map->bus.first + 1;
}

/* A mapping as the entry describes it; e->size is not 0 and e->addr + e->size - 1 does not
 * wrap.  `list`: a segment of the same list, or NULL.  NULL: the host has no memory, or there
 * are too many. */
struct dma_map *dma_maps_add(struct dma_maps *maps, struct dma_device *device,
			     const struct dma_check_entry *e, enum dma_map_kind kind,
			     struct dma_map *list);
struct dma_chain dma_chain_of(const struct dma_check_entry *e);

/* The mapping and all segments of its list are dead. */
void dma_maps_end(struct dma_maps *maps, struct dma_map *map,
		  const struct dma_chain *ended);

/* The live mapping that starts at addr and is most like what is said of it: kind, size (0:
 * any) and dir count, in that order.  NULL: none starts there. */
struct dma_map *dma_maps_at(const struct dma_device *device, uint64_t addr,
			    enum dma_map_kind kind, uint64_t size, uint8_t dir);
/* The live mapping that has the first byte and most of the rest, preferring those that allow
 * `dir` (DMA_CHECK_BIDIRECTIONAL: whatever).  NULL: none has it. */
struct dma_map *dma_maps_around(const struct dma_device *device, uint64_t first,
				uint64_t last, uint8_t dir);
/* dma_mapping_error(addr) was called: counts for one mapping there that still needs it. */
void dma_maps_asked(const struct dma_device *device, uint64_t addr);
/* Of the dead ones that touch the range, the one that ended last; NULL: none. */
struct dma_map *dma_maps_dead(const struct dma_device *device, uint64_t first,
			      uint64_t last);
/* Another mapping that shares a cache line of it, both such that devices may write; NULL. */
struct dma_map *dma_maps_sharing(const struct dma_maps *maps, const struct dma_map *map);

/* May a device do this (DMA_CHECK_TO_DEVICE: read) to the mapping? */
bool dma_map_allows(const struct dma_map *map, uint8_t dir);

#endif
