/* SPDX-License-Identifier: MIT */
/* The areas of the vmalloc range. */
#include <errno.h>
#include <stdlib.h>

#include "vmm/util/array.h"
#include "vmm/memstate/memstate.h"

static enum area_kind kind_of(const struct memstate_areas *d, uint64_t kind)
{
	if (kind == d->kind_alloc)
		return AREA_ALLOC;
	if (kind == d->kind_map)
		return AREA_MAP;
	if (kind && (kind == d->kind_ram || kind == d->kind_block))
		return AREA_RAM;
	return kind == d->kind_ioremap ? AREA_IOREMAP : AREA_OTHER;
}

static enum area_state state_of(const struct memstate_areas *d, uint64_t state)
{
	if (state == d->state_building)
		return AREA_BUILDING;
	if (state == d->state_live)
		return AREA_LIVE;
	return state == d->state_dying ? AREA_DYING : AREA_UNUSED;
}

static int read_area(struct memstate_view *view, uint64_t node, struct area *area)
{
	const struct memstate_areas *d = &view->mm.areas;
	uint64_t va = node - d->node, end = 0, kind = 0, state = 0, flags = 0;
	const struct memstate_want in_node[] = {
		{ &d->start, &area->start },
		{ &d->end, &end },
	};
	const struct memstate_want in_area[] = {
		{ &d->kind, &kind },
		{ &d->state, &state },
		{ &d->nr_pages, &area->nr_pages },
		{ &d->phys, &area->phys },
		{ &d->caller, &area->caller },
		{ &d->nr_huge, &area->nr_huge },
		{ &d->flags, &flags },
	};
	int ret = memstate_fields(view, node, in_node, 2, "a vmalloc area");

	if (!ret)
		ret = memstate_fields(view, va, in_area, 7, "a vmalloc area");
	if (ret)
		return ret;
	if (end <= area->start || (area->start | end) % view->mm.page_size)
		return memstate_bad(view, "vmalloc area at %#llx: from %#llx to %#llx",
				    (unsigned long long)va,
				    (unsigned long long)area->start,
				    (unsigned long long)end);
	area->size = end - area->start;
	area->kind = kind_of(d, kind);
	area->state = state_of(d, state);
	area->user = flags & d->flag_user;
	if (area->nr_pages > area->size / view->mm.page_size)
		return memstate_bad(
			view, "vmalloc area at %#llx: %llu pages in %llu bytes",
			(unsigned long long)va, (unsigned long long)area->nr_pages,
			(unsigned long long)area->size);
	return 0;
}

static int append(struct areas *areas, const struct area *area)
{
	struct area *more = array_append(areas->area, &areas->nr, area, sizeof(*area));

	if (!more)
		return -ENOMEM;
	areas->area = more;
	return 0;
}

/* Addresses only ascend, so a list that leads in a circle is found out at once. */
static int walk_list(struct memstate_view *view, struct areas *areas)
{
	const struct memstate_areas *d = &view->mm.areas;
	uint64_t node, end = 0;
	int ret = memstate_field(view, d->head_va, &d->next, 0, &node, "vmalloc's list");

	/* NULL: not set up yet. */
	while (!ret && node && node != d->tail_va) {
		struct area area = { 0 };

		ret = read_area(view, node, &area);
		if (ret)
			return ret;
		if (area.start < end || areas->nr == MEMSTATE_AREAS_MAX)
			return memstate_bad(view,
					    "vmalloc area %#llx: overlaps the one before "
					    "it, or is one too many",
					    (unsigned long long)area.start);
		end = area.start + area.size;
		ret = append(areas, &area);
		if (!ret)
			ret = memstate_field(view, node, &d->next, 0, &node,
					     "vmalloc's list");
		if (!ret && !node)
			return memstate_bad(view, "vmalloc's list breaks off at %#llx",
					    (unsigned long long)area.start);
	}
	return ret;
}

int memstate_read_areas(struct memstate_view *view, struct areas *areas)
{
	struct areas new = { 0 };
	int ret = 0;

	memstate_refresh(view);
	if (view->mm.areas.head_va)
		ret = walk_list(view, &new);
	if (ret) {
		free(new.area);
		return ret;
	}
	free(areas->area);
	*areas = new;
	return 0;
}
