/* SPDX-License-Identifier: MIT */
/*
 * What each page frame is used for.
 *
 * Memory is a row of blocks (abi/memstate.h), so one look at the head of a block tells of
 * all its frames, and fresh memory, whose struct pages nobody has touched, is known from
 * the zones alone: the cost goes with what the guest uses and not with what it has.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/memstate/memstate.h"

const char *frame_kind_name(enum frame_kind kind)
{
	static const char *const names[FRAME_KINDS] = {
		[FRAME_NONE] = "none",	       [FRAME_FREE] = "free",
		[FRAME_FRESH] = "fresh",       [FRAME_PCP] = "pcp",
		[FRAME_PAGES] = "pages",       [FRAME_MOVABLE] = "movable",
		[FRAME_ISOLATED] = "isolated", [FRAME_CMA] = "cma",
		[FRAME_KFENCE] = "kfence",     [FRAME_SLAB] = "slab",
		[FRAME_KMALLOC] = "kmalloc",   [FRAME_TABLE] = "pagetable",
		[FRAME_USER] = "user",	       [FRAME_VMALLOC] = "vmalloc",
		[FRAME_KERNEL] = "kernel",     [FRAME_STRUCTS] = "structpages",
		[FRAME_RESERVED] = "reserved", [FRAME_KEPT_BACK] = "keptback",
	};

	return kind < FRAME_KINDS ? names[kind] : "none";
}

char frame_kind_letter(enum frame_kind kind)
{
	static const char letters[FRAME_KINDS + 1] = ".fnpaoicskgtuvKmrb";

	return letters[kind < FRAME_KINDS ? kind : FRAME_NONE];
}

/* --- the rules ------------------------------------------------------------------------- */

static enum frame_kind live_kind(const struct memstate_pages *d, uint64_t flags)
{
	if (flags & d->slab_mask)
		return FRAME_SLAB;
	if (flags & d->kmalloc_mask)
		return FRAME_KMALLOC;
	if (flags & d->isolated_mask)
		return FRAME_ISOLATED;
	if (flags & d->user_mask)
		return FRAME_USER;
	if (flags & d->movable_mask)
		return FRAME_MOVABLE;
	return flags & d->table_mask ? FRAME_TABLE : FRAME_PAGES;
}

/* What is lent a place in a contiguous area is asked for as movable, and marked as that by
 * those who can move it: other pages there are of a buffer, or of someone who lied. */
static enum frame_kind kind_in_block(const struct memstate_view *view,
				     const struct frame_map *map, uint64_t pfn,
				     enum frame_kind kind)
{
	uint64_t block = pfn >> map->block_order;

	if (block >= map->nr_blocks)
		return kind;
	if (kind == FRAME_PAGES && map->block[block] == view->mm.blocks.cma_type)
		return FRAME_CMA;
	/* Off the free lists and not handed out yet, they look like what is nobody's. */
	if (kind == FRAME_RESERVED && map->block[block] == view->mm.blocks.isolate_type)
		return FRAME_ISOLATED;
	return kind;
}

/* What the head at pfn says; *frames is how far it reaches, at most to end. */
static int judge(struct memstate_view *view, uint64_t pfn, uint64_t end,
		 enum frame_kind *kind, uint64_t *frames)
{
	const struct memstate_pages *d = &view->mm.pages;
	uint64_t flags, state, order;
	int ret = memstate_field(view, d->va + pfn * d->stride, &d->flags, 0, &flags,
				 "a struct page");

	if (ret)
		return ret;
	state = flags & (d->free_mask | d->pcp_mask | d->live_mask);
	order = (flags & d->order_mask) >> d->order_shift;
	*frames = 1;
	*kind = FRAME_RESERVED;
	if (!state)
		return 0;
	if (state & (state - 1) || order > d->max_order || pfn & ((1ull << order) - 1) ||
	    end - pfn < 1ull << order)
		return memstate_bad(view, "struct page of frame %#llx: flags %#llx",
				    (unsigned long long)pfn, (unsigned long long)flags);
	*frames = 1ull << order;
	if (state == d->live_mask)
		*kind = live_kind(d, flags);
	else
		*kind = state == d->free_mask ? FRAME_FREE : FRAME_PCP;
	return 0;
}

static void mark(struct frame_map *map, uint64_t pfn, uint64_t frames,
		 enum frame_kind kind)
{
	memset(map->kind + pfn, (int)kind, frames);
}

static void mark_order(const struct frame_map *map, uint64_t pfn, uint64_t frames,
		       unsigned int order)
{
	if (map->with_order)
		memset(map->order + pfn, (int)order, frames);
}

/* --- fresh memory ------------------------------------------------------------------------ */

static int mark_run(struct memstate_view *view, uint64_t zone, unsigned int run,
		    struct frame_map *map)
{
	const struct memstate_zones *d = &view->mm.zones;
	uint64_t start = 0, end = 0;
	int ret =
		memstate_field(view, zone, &d->fresh_start, run, &start, "fresh memory");

	if (!ret)
		ret = memstate_field(view, zone, &d->fresh_end, run, &end,
				     "fresh memory");
	if (ret || start == end)
		return ret;
	if (start > end || end > map->nr)
		return memstate_bad(view, "fresh memory: frames %#llx to %#llx",
				    (unsigned long long)start, (unsigned long long)end);
	mark(map, start, end - start, FRAME_FRESH);
	mark_order(map, start, end - start, view->mm.pages.max_order);
	return 0;
}

static int mark_fresh(struct memstate_view *view, struct frame_map *map)
{
	const struct memstate_zones *d = &view->mm.zones;
	unsigned int zone, run;
	int ret = 0;

	for (zone = 0; zone < d->count && !ret; zone++)
		for (run = 0; run < d->fresh_start.count && !ret; run++)
			ret = mark_run(view, d->va + (uint64_t)zone * d->stride, run,
				       map);
	return ret;
}

/* --- everything else --------------------------------------------------------------------- */

static int mark_blocks(struct memstate_view *view, uint64_t pfn, uint64_t end,
		       struct frame_map *map)
{
	enum frame_kind kind = FRAME_NONE;
	uint64_t frames;
	int ret = 0;

	for (; pfn < end && !ret; pfn += frames) {
		frames = 1;
		if (map->kind[pfn] == FRAME_FRESH)
			continue;
		ret = judge(view, pfn, end, &kind, &frames);
		if (ret)
			break;
		mark(map, pfn, frames, kind_in_block(view, map, pfn, kind));
		mark_order(map, pfn, frames, (unsigned int)__builtin_ctzll(frames));
	}
	return ret;
}

static void mark_kernel(const struct memstate_view *view, struct frame_map *map)
{
	uint64_t pfn = view->map.image_start / view->mm.page_size;
	uint64_t end = view->map.image_end / view->mm.page_size;

	for (; pfn < end && pfn < map->nr; pfn++)
		if (map->kind[pfn] == FRAME_RESERVED)
			map->kind[pfn] = FRAME_KERNEL;
}

/* The memory behind the array of struct page itself. */
static void mark_structs(struct memstate_view *view, const struct boot_range *r,
			 struct frame_map *map)
{
	const struct memstate_pages *d = &view->mm.pages;
	uint64_t page = view->mm.page_size, gpa;
	uint64_t va = (d->va + r->base / page * d->stride) & ~(page - 1);
	uint64_t pages = (r->size / page * d->stride + page - 1) / page;

	for (; pages && pages <= map->nr; pages--, va += page)
		if (!memstate_translate(view, va, &gpa) && gpa / page < map->nr &&
		    map->kind[gpa / page] == FRAME_RESERVED)
			map->kind[gpa / page] = FRAME_STRUCTS;
}

/* Pages that an area of vmalloc owns: where its addresses lead. */
static void mark_area(struct memstate_view *view, const struct area *area,
		      struct frame_map *map)
{
	uint64_t page = view->mm.page_size, i, gpa;

	if (area->kind != AREA_ALLOC || area->state != AREA_LIVE)
		return;
	for (i = 0; i < area->nr_pages; i++)
		if (!memstate_translate(view, area->start + i * page, &gpa) &&
		    gpa / page < map->nr && map->kind[gpa / page] == FRAME_PAGES)
			map->kind[gpa / page] = FRAME_VMALLOC;
}

/* No more pages than there are frames: areas that claim more would take for ever. */
static int mark_areas(struct memstate_view *view, const struct areas *areas,
		      struct frame_map *map)
{
	uint64_t pages = 0;
	size_t i;

	for (i = 0; i < areas->nr; i++) {
		if (areas->area[i].kind == AREA_ALLOC)
			pages += areas->area[i].nr_pages;
		if (pages > map->nr)
			return memstate_bad(
				view, "vmalloc areas own more pages than there are");
		mark_area(view, &areas->area[i], map);
	}
	return 0;
}

/* The pool is one block of the page allocator's. */
static int mark_kfence(struct memstate_view *view, struct frame_map *map)
{
	const struct memstate_kfence *d = &view->mm.kfence;
	uint64_t page = view->mm.page_size, pages = d->size / page, base, gpa, pfn;
	int ret;

	if (!pages)
		return 0;
	ret = memstate_read_pointer(view, d->base_va, &base, "the guarded objects");
	if (ret || base == UINT64_MAX)
		return ret;
	if (memstate_translate(view, base, &gpa) || gpa / page > map->nr ||
	    pages > map->nr - gpa / page)
		return memstate_bad(view,
				    "the guarded objects are said to be at %#llx, "
				    "outside RAM",
				    (unsigned long long)base);
	for (pfn = gpa / page; pages; pages--, pfn++)
		if (map->kind[pfn] == FRAME_PAGES || map->kind[pfn] == FRAME_SLAB)
			map->kind[pfn] = FRAME_KFENCE;
	return 0;
}

static void mark_kept_back(const struct boot_ranges *kept_back, uint64_t page,
			   struct frame_map *map)
{
	for (size_t i = 0; i < kept_back->nr; i++) {
		const struct boot_range *r = &kept_back->range[i];
		uint64_t pfn = (r->base + page - 1) / page;
		uint64_t end = (r->base + r->size) / page;

		if (pfn < end)
			mark(map, pfn, end - pfn, FRAME_KEPT_BACK);
	}
}

static int read_kinds(struct memstate_view *view, const struct boot_memory *boot,
		      const struct areas *areas, struct frame_map *map)
{
	const struct boot_ranges *memory = &boot->memory;
	uint64_t page = view->mm.page_size;
	size_t i;
	int ret;

	memset(map->kind, FRAME_NONE, map->nr);
	mark_order(map, 0, map->nr, 0);
	mark_kept_back(&boot->kept_back, page, map);
	ret = mark_fresh(view, map);
	for (i = 0; i < memory->nr && !ret; i++) {
		const struct boot_range *r = &memory->range[i];

		ret = mark_blocks(view, (r->base + page - 1) / page,
				  (r->base + r->size) / page, map);
	}
	if (!ret)
		ret = mark_kfence(view, map);
	if (ret)
		return ret;
	mark_kernel(view, map);
	for (i = 0; i < memory->nr; i++)
		mark_structs(view, &memory->range[i], map);
	return areas ? mark_areas(view, areas, map) : 0;
}

static int make_room(const struct memstate_view *view, struct frame_map *map)
{
	uint64_t nr = view->ram_end / view->mm.page_size, nr_blocks;
	unsigned int order = view->mm.blocks.order;
	uint8_t *kind;

	nr_blocks = view->mm.blocks.types ? ((nr - 1) >> order) + 1 : 0;
	map->block_order = order;
	if (map->kind && map->nr == nr && map->nr_blocks == nr_blocks &&
	    !map->order == !map->with_order)
		return 0;
	kind = malloc(nr + nr_blocks + (map->with_order ? nr : 0));
	if (!kind)
		return -ENOMEM;
	free(map->kind);
	map->kind = kind;
	map->nr = nr;
	map->block = kind + nr;
	map->order = map->with_order ? map->block + nr_blocks : NULL;
	map->nr_blocks = nr_blocks;
	return 0;
}

int memstate_read_frames(struct memstate_view *view, const struct areas *areas,
			 struct frame_map *map)
{
	struct boot_memory boot = { 0 };
	uint64_t i;
	int ret = make_room(view, map);

	if (!ret)
		ret = memstate_read_boot(view, &boot);
	memstate_refresh(view);
	if (!ret)
		ret = memstate_read_blocks(view, map);
	if (!ret)
		ret = read_kinds(view, &boot, areas, map);
	memset(map->count, 0, sizeof(map->count));
	for (i = 0; i < map->nr && !ret; i++)
		map->count[map->kind[i]]++;
	boot_memory_free(&boot);
	return ret;
}
