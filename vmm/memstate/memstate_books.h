/* SPDX-License-Identifier: MIT */
/*
 * Books that a guest keeps of its memory when it is told to (dma_debug=on, page_owner=on,
 * alloc_profile=on): read as memstate.h says, with the same errors.  Where a guest keeps
 * none, `kept` is false and all else empty.
 */
#ifndef VMM_MEMSTATE_BOOKS_H
#define VMM_MEMSTATE_BOOKS_H

#include "vmm/memstate/memstate.h"

/* --- live DMA mappings ---------------------------------------------------------------------- */

struct live_mapping {
	unsigned int kind; /* MEMSTATE_DMA_* */
	unsigned int dir; /* 0 both ways, 1 to the device, 2 from it */
	uint32_t endpoint; /* bus << 8 | device << 3 | function */
	char device[32];
	uint64_t addr; /* as the device addresses it */
	uint64_t phys; /* guest-physical; 0: not known */
	uint64_t size; /* bytes; addr + size does not wrap */
	uint64_t caller; /* address of code */
};

struct live_mappings {
	bool kept;
	uint64_t lost; /* mappings that found no room in the books */
	size_t nr;
	struct live_mapping *mapping;
};

/* Zeroed memory, or that of an earlier call; freed with free(mapping). */
int memstate_read_mappings(struct memstate_view *view, struct live_mappings *mappings);

/* "single", "sg", "coherent", "resource". */
const char *live_mapping_kind(const struct live_mapping *mapping);
/* As Linux's dma-debug has it: "DMA_TO_DEVICE" .... */
const char *live_mapping_dir(const struct live_mapping *mapping);

/* --- what call sites hold ------------------------------------------------------------------ */

struct alloc_site_state {
	uint64_t ip; /* 0: all sites that found no room in the books */
	uint64_t bytes, calls; /* held now */
	uint64_t total; /* calls ever */
};

struct alloc_sites_state {
	bool kept;
	size_t nr; /* those that hold something, the most bytes first */
	struct alloc_site_state *site;
};

int memstate_read_sites(struct memstate_view *view, struct alloc_sites_state *sites);

/* --- who allocated a frame ----------------------------------------------------------------- */

#define OWNER_DEPTH_MAX 32

struct owner_chain {
	unsigned int depth;
	uint64_t pc[OWNER_DEPTH_MAX];
};

struct frame_owner {
	bool kept; /* the books say something of it */
	uint64_t head; /* the first frame of the block it is in */
	uint64_t gfp, order, cpu;
	uint64_t allocated, freed; /* time-stamp counter; 0: not known, never */
	struct owner_chain alloc, free;
};

int memstate_read_owner(struct memstate_view *view, uint64_t pfn,
			struct frame_owner *owner);

#endif
