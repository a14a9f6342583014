/* SPDX-License-Identifier: MIT */
/*
 * The memory state of a guest, read from outside (memstate_view.h): what its zones hold,
 * which caches and areas there are, and what each page frame is used for.
 *
 * Each memstate_read_*() fills in one part and returns 0, -EBADMSG with the line in
 * view->err, or -ENOMEM (of the host).  A failed call leaves its result as it was.
 */
#ifndef VMM_MEMSTATE_H
#define VMM_MEMSTATE_H

#include "vmm/memstate/memstate_view.h"

#define MEMSTATE_NAME_MAX   48
#define MEMSTATE_CACHES_MAX 4096
#define MEMSTATE_AREAS_MAX  (1u << 20)
#define MEMSTATE_BOOT_MAX   4096

/* --- zones: in pages, but nr_free and fresh_blocks (blocks) and counts of operations --- */

enum memstate_watermark { MARK_MIN, MARK_LOW, MARK_HIGH, MARKS };

struct zone_state {
	char name[sizeof(((struct memstate_zones *)NULL)->name[0]) + 1];
	uint64_t start_pfn, end_pfn; /* start <= end, within RAM; of the RAM in it */
	uint64_t present, managed;
	uint64_t free; /* fresh blocks included */
	uint64_t cma, free_cma; /* of managed and free: in contiguous areas */
	uint64_t fresh_blocks; /* of the highest order, never used yet */
	uint64_t nr_free[MEMSTATE_ORDERS_MAX]; /* by order, fresh blocks included */
	/* The blocks add up to free.  If not, a CPU is in the middle of a change, or was when
	 * the guest died, or the books are wrong. */
	bool adds_up;
	uint64_t watermark[MARKS];
	uint64_t lowmem_reserve[MEMSTATE_ZONES];
	uint64_t pcp; /* pages in per-CPU lists, not in free */
	uint64_t splits, merges, takes, puts;
	uint64_t pcp_allocs; /* blocks that per-CPU lists have handed out */
};

struct zone_states {
	unsigned int nr;
	unsigned int orders; /* nr_free[0 .. orders) mean something */
	struct zone_state zone[MEMSTATE_ZONES];
};

int memstate_read_zones(struct memstate_view *view, struct zone_states *zones);

/* --- per-CPU lists of a zone, in pages --- */

struct pageset {
	uint64_t count;
	/* Of single pages, in the first of its lists: what it has room for, and what one visit
	 * to the zone moves at most. */
	uint64_t high, batch;
	bool online;
};

/* One for each CPU: *nr of them (malloc'd); 0 before there are any. */
int memstate_read_pagesets(struct memstate_view *view, unsigned int zone,
			   struct pageset **sets, unsigned int *nr);

/* --- slab caches --- */

struct cache_state {
	uint64_t va; /* what struct pages of its slabs name */
	char name[MEMSTATE_NAME_MAX];
	uint64_t flags;
	uint64_t object_size, size; /* bytes: the user's, and from one to the next */
	uint64_t order; /* of its slabs */
	uint64_t slabs_partial, slabs_full, slabs_free;
	uint64_t objects; /* in all slabs */
	uint64_t inuse; /* of them, not free in their slab */
	uint64_t
		cached; /* of those, free all the same: held ready for the next request */
	uint64_t pages;
	uint64_t per_slab; /* objects of a new slab */
	uint64_t created, freed; /* slabs, ever */
};

struct cache_states {
	size_t nr;
	struct cache_state *cache;
};

int memstate_read_caches(struct memstate_view *view, struct cache_states *caches);

/* --- areas of the vmalloc range, in address order --- */

enum area_kind {
	AREA_ALLOC,
	AREA_MAP,
	AREA_IOREMAP,
	AREA_RAM, /* vm_map_ram()'s */
	AREA_OTHER,
	AREA_KINDS
};
enum area_state { AREA_BUILDING, AREA_LIVE, AREA_DYING, AREA_UNUSED, AREA_STATES };

struct area {
	uint64_t start, size; /* bytes, the guard page included; none overlaps another */
	enum area_kind kind;
	enum area_state state;
	uint64_t nr_pages; /* mapped pages that have a struct page */
	uint64_t phys; /* AREA_IOREMAP: what start maps */
	uint64_t caller; /* address of code */
	uint64_t nr_huge; /* it begins with so many large pages */
	bool user; /* may be shown to processes */
};

struct areas {
	size_t nr;
	struct area *area;
};

int memstate_read_areas(struct memstate_view *view, struct areas *areas);

/* --- boot memory: ascending, none empty, no overlap --- */

struct boot_range {
	uint64_t base, size;
};

struct boot_ranges {
	size_t nr;
	struct boot_range *range;
};

/* All RAM that the guest uses, inside its RAM; what of it (and of holes) it took before there
 * was a page allocator; and RAM that it was told to leave alone. */
struct boot_memory {
	struct boot_ranges memory, reserved, kept_back;
};

/* Zeroed memory, or that of an earlier call. */
int memstate_read_boot(struct memstate_view *view, struct boot_memory *boot);
void boot_memory_free(struct boot_memory *boot);

/* --- DMA mappings that are live now, and those refused so far --- */

struct dma_state {
	uint64_t mappings, mapped_bytes, coherent, coherent_bytes, refused;
};

int memstate_read_dma(struct memstate_view *view, struct dma_state *dma);

/* --- page frames --- */

enum frame_kind {
	FRAME_NONE, /* no RAM */
	FRAME_FREE, /* on a free list */
	FRAME_FRESH, /* free, never used */
	FRAME_PCP, /* free, in a per-CPU list */
	FRAME_PAGES, /* handed out by the page allocator */
	FRAME_MOVABLE, /* the same, and its owner can move it */
	FRAME_ISOLATED, /* on its way elsewhere, or to who wants the whole range */
	FRAME_CMA, /* in a contiguous area, and not known to move out of it */
	FRAME_SLAB,
	FRAME_KMALLOC, /* kmalloc too large for slabs */
	FRAME_KFENCE, /* guarded objects and their guards */
	FRAME_TABLE, /* page tables */
	FRAME_USER, /* of user processes */
	FRAME_VMALLOC, /* behind an area of vmalloc */
	FRAME_KERNEL, /* the kernel's image */
	FRAME_STRUCTS, /* the array of struct page */
	FRAME_RESERVED, /* taken at boot, never the page allocator's */
	FRAME_KEPT_BACK, /* RAM that the guest was told to leave alone */
	FRAME_KINDS
};

/* A name for people and machines: lower case, no spaces. */
const char *frame_kind_name(enum frame_kind kind);
/* One letter for each, where there is no room for more. */
char frame_kind_letter(enum frame_kind kind);

/* What each frame is: [pfn 0 .. nr). */
struct frame_map {
	uint64_t nr;
	uint8_t *kind; /* enum frame_kind */
	/* Set by the caller: `order` is wanted, too. */
	bool with_order;
	uint8_t *order; /* of the block that a frame lies in; in the memory of `kind` */
	uint64_t count[FRAME_KINDS];
	/* Page blocks, of 1 << block_order frames each: their types, which are below
	 * MEMSTATE_TYPES; nr_blocks 0 where the guest has none. */
	unsigned int block_order;
	uint64_t nr_blocks;
	uint8_t *block; /* in the memory of `kind` */
};

#define MEMSTATE_TYPE_NAME (sizeof(((struct memstate_blocks *)NULL)->name[0]) + 1)
/* What the guest calls a type of page blocks, printable. */
void memstate_type_name(const struct memstate_view *view, unsigned int type,
			char name[MEMSTATE_TYPE_NAME]);
/* The types of the page blocks, for memstate_read_frames(): block[0 .. nr_blocks). */
int memstate_read_blocks(struct memstate_view *view, struct frame_map *map);

/*
 * Without areas, what lies behind vmalloc's areas is FRAME_PAGES.  `map` may hold memory of
 * an earlier call, which is used again.
 */
int memstate_read_frames(struct memstate_view *view, const struct areas *areas,
			 struct frame_map *map);

/* --- all of it --- */

struct memstate_snapshot {
	struct zone_states zones;
	struct cache_states caches;
	struct areas areas;
	struct boot_memory boot;
	struct dma_state dma;
	struct frame_map frames;
};

/* Reads it all; where it makes no sense, again, a few times: a running guest may have been
 * in the middle of a change.  On failure the snapshot is empty. */
int memstate_snapshot_take(struct memstate_view *view,
			   struct memstate_snapshot *snapshot);
void memstate_snapshot_free(struct memstate_snapshot *snapshot);

#endif
