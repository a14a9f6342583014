/* SPDX-License-Identifier: MIT */
/*
 * What each page frame is, as JSON, in reports and between the reader and the pictures:
 *
 *   cell_pages	frames of a cell
 *   pages	frames of each kind, by its name
 *   runs	[cells, kind] for cells alike, from frame 0 on; [cells, "free", order] for
 *		free ones: of what order the block is
 *   outlines	[frame, frames, "slab" | "vmalloc" | "device", whose]
 */
#ifndef VMM_MAP_JSON_H
#define VMM_MAP_JSON_H

#include <jansson.h>

#include "vmm/memstate/memstate.h"
#include "vmm/util/symbols.h"

/* Of a snapshot just taken through the view. */
json_t *map_json(struct memstate_view *view, const struct memstate_snapshot *snapshot,
		 const struct symbols *symbols);
json_t *map_pages_json(const uint64_t count[FRAME_KINDS]);

#endif
