/* SPDX-License-Identifier: MIT */
/* Cells of a map: uses of frames, and free memory by the size of its blocks. */
#ifndef VMM_MAP_CELLS_H
#define VMM_MAP_CELLS_H

#include <jansson.h>

#include "vmm/memstate/memstate.h"
#include "vmm/report/report_grid.h"

#define MAP_ITEMS_MAX (1u << 18) /* of one map that are looked at */

/* A cell's value is its enum frame_kind; free blocks below the largest have these. */
enum { MAP_FREE_SMALL = FRAME_KINDS, MAP_FREE_MIDDLE, MAP_FREE_LARGE, MAP_VALUES };

/* For a page of a report, where one row is a few MiB; for a picture of its own, where a
 * cell is a page while that fits; for many such moments; and for the samples of a report. */
extern const struct grid_look map_look_report, map_look_full, map_look_lapse,
	map_look_samples;

/* The runs of a map (map_json.h), unpacked to items (malloc'd, MAP_ITEMS_MAX); *item_pages
 * is how many frames one is.  How many; 0 (and NULL): none. */
uint64_t map_items(const json_t *map, uint8_t **items, uint64_t *item_pages);

#endif
