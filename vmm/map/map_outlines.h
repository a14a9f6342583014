/* SPDX-License-Identifier: MIT */
/*
 * What page frames belong together for: runs of frames that are slabs of one cache, that lie
 * behind one area of vmalloc, that a device has mapped (known where the guest keeps books of
 * its DMA mappings: dma_debug=on).
 *
 * Read from the guest, so checked like the rest (memstate_view.h).
 */
#ifndef VMM_MAP_OUTLINES_H
#define VMM_MAP_OUTLINES_H

#include "vmm/memstate/memstate.h"
#include "vmm/memstate/memstate_books.h"

#define OUTLINES_MAX 16384 /* more are left out: `cut` */

enum outline_kind { OUTLINE_SLAB, OUTLINE_AREA, OUTLINE_DEVICE, OUTLINE_KINDS };

struct outline {
	enum outline_kind kind;
	uint64_t pfn, pages; /* within the frames of the map; pages > 0 */
	size_t who; /* index of the cache, the area or the mapping */
};

struct outlines {
	size_t nr;
	struct outline *outline;
	struct live_mappings mappings; /* that outlines of devices are of */
	bool cut;
};

/* A name for people and machines: "slab", "vmalloc", "device". */
const char *outline_kind_name(enum outline_kind kind);
/* What people call it. */
const char *outline_kind_title(enum outline_kind kind);

/* Of a snapshot that was just taken through this view.  0, -EBADMSG with the line in
 * view->err, or -ENOMEM; then there are none. */
int outlines_read(struct memstate_view *view, const struct memstate_snapshot *snapshot,
		  struct outlines *outlines);
void outlines_free(struct outlines *outlines);

#endif
