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

#include "vmm/memstate.h"

const char *frame_kind_name(enum frame_kind kind)
{
	static const char *const names[FRAME_KINDS] = {
		[FRAME_NONE] = "none",	       [FRAME_FREE] = "free",
		[FRAME_FRESH] = "fresh",       [FRAME_PCP] = "pcp",
		[FRAME_PAGES] = "pages",       [FRAME_SLAB] = "slab",
		[FRAME_KMALLOC] = "kmalloc",   [FRAME_TABLE] = "pagetable",
		[FRAME_USER] = "user",	       [FRAME_VMALLOC] = "vmalloc",
		[FRAME_KERNEL] = "kernel",     [FRAME_STRUCTS] = "structpages",
		[FRAME_RESERVED] = "reserved",
	};

	return kind < FRAME_KINDS ? names[kind] : "none";
}

/* --- the rules ------------------------------------------------------------------------- */

static enum frame_kind live_kind(const struct memstate_pages *d, uint64_t flags)
{
	if (flags & d->slab_mask)
		return FRAME_SLAB;
	if (flags & d->kmalloc_mask)
		return FRAME_KMALLOC;
	if (flags & d->user_mask)
		return FRAME_USER;
	return flags & d->table_mask ? FRAME_TABLE : FRAME_PAGES;
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
	enum frame_kind kind;
	uint64_t frames;
	int ret = 0;

	for (; pfn < end && !ret; pfn += frames) {
		frames = 1;
		if (map->kind[pfn] == FRAME_FRESH)
			continue;
		ret = judge(view, pfn, end, &kind, &frames);
		if (!ret)
			mark(map, pfn, frames, kind);
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

static int read_kinds(struct memstate_view *view, const struct boot_ranges *memory,
		      const struct areas *areas, struct frame_map *map)
{
	uint64_t page = view->mm.page_size;
	size_t i;
	int ret;

	memset(map->kind, FRAME_NONE, map->nr);
	ret = mark_fresh(view, map);
	for (i = 0; i < memory->nr && !ret; i++) {
		const struct boot_range *r = &memory->range[i];

		ret = mark_blocks(view, (r->base + page - 1) / page,
				  (r->base + r->size) / page, map);
	}
	if (ret)
		return ret;
	mark_kernel(view, map);
	for (i = 0; i < memory->nr; i++)
		mark_structs(view, &memory->range[i], map);
	return areas ? mark_areas(view, areas, map) : 0;
}

static int make_room(const struct memstate_view *view, struct frame_map *map)
{
	uint64_t nr = view->ram_end / view->mm.page_size;
	uint8_t *kind;

	if (map->kind && map->nr == nr)
		return 0;
	kind = malloc(nr + 1);
	if (!kind)
		return -ENOMEM;
	free(map->kind);
	map->kind = kind;
	map->nr = nr;
	return 0;
}

int memstate_read_frames(struct memstate_view *view, const struct areas *areas,
			 struct frame_map *map)
{
	struct boot_ranges memory = { 0 }, reserved = { 0 };
	uint64_t i;
	int ret = make_room(view, map);

	if (!ret)
		ret = memstate_read_boot(view, &memory, &reserved);
	memstate_refresh(view);
	if (!ret)
		ret = read_kinds(view, &memory, areas, map);
	memset(map->count, 0, sizeof(map->count));
	for (i = 0; i < map->nr && !ret; i++)
		map->count[map->kind[i]]++;
	free(memory.range);
	free(reserved.range);
	return ret;
}
