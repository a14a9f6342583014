/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "vmm/map/map_json.h"
#include "vmm/map/map_outlines.h"
#include "vmm/memstate/memstate_sampler.h"
#include "vmm/report/report_json.h"

/* The map has at most so many cells; of one frame each where that is enough. */
#define MAP_CELLS_MAX (1u << 18)

json_t *map_pages_json(const uint64_t count[FRAME_KINDS])
{
	json_t *object = json_object();
	enum frame_kind kind;

	for (kind = FRAME_FREE; kind < FRAME_KINDS; kind++)
		report_number(object, frame_kind_name(kind), count[kind]);
	return object;
}

/* How large the free blocks of a cell are: of the first that is of the kind it shows. */
static unsigned int cell_order(const struct frame_map *map, uint64_t pfn, uint64_t pages,
			       enum frame_kind kind)
{
	for (; kind == FRAME_FREE && pages && pfn < map->nr; pages--, pfn++)
		if (map->kind[pfn] == kind)
			return map->order[pfn];
	return 0;
}

/* [cells, kind] for each run of cells alike; [cells, "free", order] for free ones. */
static json_t *runs_json(const struct frame_map *map, uint64_t cell_pages)
{
	json_t *array = json_array();
	uint64_t pfn = 0, run;

	while (pfn < map->nr) {
		enum frame_kind kind = frame_map_most(map, pfn, cell_pages);
		unsigned int order = cell_order(map, pfn, cell_pages, kind);
		json_t *item;

		for (run = 0; pfn < map->nr; run++, pfn += cell_pages)
			if (frame_map_most(map, pfn, cell_pages) != kind ||
			    cell_order(map, pfn, cell_pages, kind) != order)
				break;
		item = json_pack("[I, s]", (json_int_t)run, frame_kind_name(kind));
		if (kind == FRAME_FREE)
			json_array_append_new(item, json_integer(order));
		json_array_append_new(array, item);
	}
	return array;
}

static void mapping_name(const struct live_mapping *m, const struct symbols *symbols,
			 char *name, size_t size)
{
	char caller[96];

	symbols_describe(symbols, m->caller, caller, sizeof(caller));
	snprintf(name, size, "%s, %s, %s, by %s", m->device, live_mapping_kind(m),
		 live_mapping_dir(m), caller);
}

static void outline_name(const struct outlines *outlines, const struct outline *o,
			 const struct memstate_snapshot *s, const struct symbols *symbols,
			 char *name, size_t size)
{
	switch (o->kind) {
	case OUTLINE_SLAB:
		snprintf(name, size, "%s", s->caches.cache[o->who].name);
		break;
	case OUTLINE_DEVICE:
		mapping_name(&outlines->mappings.mapping[o->who], symbols, name, size);
		break;
	default:
		symbols_describe(symbols, s->areas.area[o->who].caller, name, size);
	}
}

/* [frame, frames, what, of whom] for each. */
static json_t *outlines_json(const struct outlines *outlines,
			     const struct memstate_snapshot *s,
			     const struct symbols *symbols)
{
	json_t *array = json_array();
	char name[192];
	size_t i;

	for (i = 0; i < outlines->nr; i++) {
		const struct outline *o = &outlines->outline[i];
		json_t *item = json_pack("[I, I, s]", (json_int_t)o->pfn,
					 (json_int_t)o->pages,
					 outline_kind_name(o->kind));

		outline_name(outlines, o, s, symbols, name, sizeof(name));
		json_array_append_new(item, report_string(name));
		json_array_append_new(array, item);
	}
	return array;
}

json_t *map_json(struct memstate_view *view, const struct memstate_snapshot *s,
		 const struct symbols *symbols)
{
	json_t *object = json_object();
	struct outlines outlines;
	uint64_t cell_pages = 1;

	while (s->frames.nr / cell_pages > MAP_CELLS_MAX)
		cell_pages *= 2;
	report_number(object, "cell_pages", cell_pages);
	json_object_set_new(object, "pages", map_pages_json(s->frames.count));
	json_object_set_new(object, "runs", runs_json(&s->frames, cell_pages));
	/* What is just being changed, or is corrupt, leaves them out. */
	if (!outlines_read(view, s, &outlines)) {
		json_object_set_new(object, "outlines",
				    outlines_json(&outlines, s, symbols));
		outlines_free(&outlines);
	}
	return object;
}
