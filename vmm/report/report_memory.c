/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "vmm/map/map_json.h"
#include "vmm/report/report_json.h"
#include "vmm/report/report_memory.h"
#include "vmm/util/symbols.h"

static json_t *zone_json(const struct zone_states *zones, const struct zone_state *z)
{
	json_t *object = json_object(), *marks = json_object();

	report_text(object, "name", z->name);
	report_number(object, "start_pfn", z->start_pfn);
	report_number(object, "end_pfn", z->end_pfn);
	report_number(object, "present_pages", z->present);
	report_number(object, "managed_pages", z->managed);
	report_number(object, "free_pages", z->free);
	report_number(object, "pcp_pages", z->pcp);
	report_number(object, "fresh_blocks", z->fresh_blocks);
	json_object_set_new(object, "free_blocks",
			    report_numbers(z->nr_free, zones->orders));
	json_object_set_new(object, "adds_up", json_boolean(z->adds_up));
	report_number(marks, "min_pages", z->watermark[MARK_MIN]);
	report_number(marks, "low_pages", z->watermark[MARK_LOW]);
	report_number(marks, "high_pages", z->watermark[MARK_HIGH]);
	json_object_set_new(object, "watermarks", marks);
	json_object_set_new(object, "lowmem_reserve_pages",
			    report_numbers(z->lowmem_reserve, zones->nr));
	report_number(object, "splits", z->splits);
	report_number(object, "merges", z->merges);
	report_number(object, "takes", z->takes);
	report_number(object, "puts", z->puts);
	return object;
}

static json_t *zones_json(const struct zone_states *zones)
{
	json_t *array = json_array();
	unsigned int i;

	for (i = 0; i < zones->nr; i++)
		if (zones->zone[i].present)
			json_array_append_new(array, zone_json(zones, &zones->zone[i]));
	return array;
}

static json_t *cache_json(const struct cache_state *c)
{
	json_t *object = json_object();

	report_text(object, "name", c->name);
	report_number(object, "object_bytes", c->object_size);
	report_number(object, "stride_bytes", c->size);
	report_number(object, "order", c->order);
	report_number(object, "objects", c->objects);
	report_number(object, "inuse_objects", c->inuse);
	report_number(object, "cached_objects", c->cached);
	report_number(object, "pages", c->pages);
	report_number(object, "slabs_partial", c->slabs_partial);
	report_number(object, "slabs_full", c->slabs_full);
	report_number(object, "slabs_free", c->slabs_free);
	report_number(object, "slabs_created", c->created);
	report_number(object, "slabs_freed", c->freed);
	return object;
}

static json_t *caches_json(const struct cache_states *caches)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < caches->nr; i++)
		json_array_append_new(array, cache_json(&caches->cache[i]));
	return array;
}

static json_t *areas_json(const struct areas *areas, const struct symbols *symbols)
{
	static const char *const kinds[AREA_KINDS] = { "vmalloc", "vmap", "ioremap",
						       "other" };
	static const char *const states[AREA_STATES] = { "building", "live", "dying",
							 "unused" };
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < areas->nr; i++) {
		const struct area *a = &areas->area[i];
		json_t *object = json_object();
		char caller[128];

		json_object_set_new(object, "start",
				    json_sprintf("%#llx", (unsigned long long)a->start));
		report_number(object, "bytes", a->size);
		report_text(object, "kind", kinds[a->kind]);
		report_text(object, "state", states[a->state]);
		report_number(object, "pages", a->nr_pages);
		if (a->kind == AREA_IOREMAP)
			json_object_set_new(
				object, "phys",
				json_sprintf("%#llx", (unsigned long long)a->phys));
		symbols_describe(symbols, a->caller, caller, sizeof(caller));
		report_text(object, "caller", caller);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *boot_json(const struct boot_ranges *ranges)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < ranges->nr; i++) {
		json_t *object = json_object();

		report_number(object, "base", ranges->range[i].base);
		report_number(object, "bytes", ranges->range[i].size);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *dma_json(const struct dma_state *dma)
{
	json_t *object = json_object();

	report_number(object, "mappings", dma->mappings);
	report_number(object, "mapped_bytes", dma->mapped_bytes);
	report_number(object, "coherent", dma->coherent);
	report_number(object, "coherent_bytes", dma->coherent_bytes);
	report_number(object, "refused", dma->refused);
	return object;
}

/* --- page blocks --------------------------------------------------------------------------- */

enum { BLOCK_FREE = 1, BLOCK_USED = 2, BLOCK_RESERVED = 4 };

/* What the frames of a page block are, taken together. */
static unsigned int block_holds(const struct frame_map *map, uint64_t block)
{
	uint64_t pfn = block << map->block_order, end = pfn + (1ull << map->block_order);
	unsigned int holds = 0;

	for (; pfn < end && pfn < map->nr; pfn++) {
		switch (map->kind[pfn]) {
		case FRAME_NONE:
			break;
		case FRAME_FREE:
		case FRAME_FRESH:
			holds |= BLOCK_FREE;
			break;
		case FRAME_KERNEL:
		case FRAME_STRUCTS:
		case FRAME_RESERVED:
		case FRAME_KEPT_BACK:
			holds |= BLOCK_RESERVED;
			break;
		default:
			holds |= BLOCK_USED;
		}
	}
	return holds;
}

/* What a page block is for: its type, but where it has none. */
static void block_name(const struct memstate_view *view, const struct frame_map *map,
		       uint64_t block, char name[MEMSTATE_TYPE_NAME])
{
	unsigned int holds = block_holds(map, block), type = map->block[block];

	if (!holds)
		strcpy(name, "none");
	else if (holds == BLOCK_RESERVED)
		strcpy(name, "reserved");
	else if (holds == BLOCK_FREE && !type)
		strcpy(name, "free");
	else
		memstate_type_name(view, type, name);
}

/* [page blocks, type] for each run of page blocks alike. */
static json_t *blocks_json(const struct memstate_view *view, const struct frame_map *map)
{
	char name[MEMSTATE_TYPE_NAME], next[MEMSTATE_TYPE_NAME];
	json_t *object = json_object(), *runs = json_array();
	uint64_t block, run = 1;

	for (block = 0; block < map->nr_blocks; block++, run++) {
		block_name(view, map, block, next);
		if (block && strcmp(name, next) != 0) {
			json_array_append_new(
				runs, json_pack("[I, s]", (json_int_t)run - 1, name));
			run = 1;
		}
		strcpy(name, next);
	}
	if (block)
		json_array_append_new(runs,
				      json_pack("[I, s]", (json_int_t)run - 1, name));
	report_number(object, "block_pages", 1ull << map->block_order);
	json_object_set_new(object, "runs", runs);
	return object;
}

/* --- over the run -------------------------------------------------------------------------- */

static json_t *key_json(void)
{
	json_t *object = json_object();
	enum frame_kind kind;

	for (kind = FRAME_NONE; kind < FRAME_KINDS; kind++) {
		const char letter[2] = { frame_kind_letter(kind), '\0' };

		report_text(object, letter, frame_kind_name(kind));
	}
	return object;
}

static json_t *sample_json(const struct memstate_sampler *s,
			   const struct memstate_sample *sample)
{
	json_t *object = json_object(), *blocks = json_object();
	char cells[SAMPLE_CELLS_MAX + 1] = "";
	unsigned int i;

	report_number(object, "us", sample->us);
	for (i = 0; i < sample->zones.nr; i++) {
		const struct zone_state *z = &sample->zones.zone[i];

		if (z->present)
			json_object_set_new(
				blocks, z->name,
				report_numbers(z->nr_free, sample->zones.orders));
	}
	json_object_set_new(object, "free_blocks", blocks);
	json_object_set_new(object, "pages", map_pages_json(sample->pages));
	for (i = 0; i < s->nr_cells; i++)
		cells[i] = frame_kind_letter(sample->cell[i]);
	report_text(object, "map", cells);
	return object;
}

static json_t *samples_json(const struct memstate_sampler *s)
{
	json_t *object = json_object(), *list = json_array(), *busiest;
	unsigned int i;

	report_number(object, "cell_pages", s->cell_pages);
	json_object_set_new(object, "map_key", key_json());
	for (i = 0; i < s->nr_samples; i++)
		json_array_append_new(list, sample_json(s, &s->sample[i]));
	json_object_set_new(object, "list", list);
	if (s->busiest.nr) {
		busiest = json_object();
		report_number(busiest, "us", s->busiest_us);
		json_object_set_new(busiest, "caches", caches_json(&s->busiest));
		json_object_set_new(object, "busiest_slab", busiest);
	}
	return object;
}

/* --- all of it ----------------------------------------------------------------------------- */

static void add_snapshot(json_t *object, struct memstate_view *view,
			 const struct memstate_snapshot *s, const struct symbols *symbols)
{
	report_number(object, "page_bytes", view->mm.page_size);
	json_object_set_new(object, "zones", zones_json(&s->zones));
	json_object_set_new(object, "caches", caches_json(&s->caches));
	json_object_set_new(object, "areas", areas_json(&s->areas, symbols));
	json_object_set_new(object, "boot_memory", boot_json(&s->boot.memory));
	json_object_set_new(object, "boot_reserved", boot_json(&s->boot.reserved));
	json_object_set_new(object, "boot_kept_back", boot_json(&s->boot.kept_back));
	json_object_set_new(object, "dma", dma_json(&s->dma));
	json_object_set_new(object, "map", map_json(view, s, symbols));
	json_object_set_new(object, "blocks", blocks_json(view, &s->frames));
}

json_t *report_memory_state(const struct ram *ram, const struct kernel *kernel,
			    const struct memstate_sampler *sampler)
{
	struct memstate_snapshot snapshot = { 0 };
	json_t *object = json_object();
	struct memstate_view view;
	struct symbols symbols;
	int ret;

	if (!kernel->memstate_gpa) {
		report_text(object, "error", "the guest publishes no memory state");
		return object;
	}
	ret = memstate_open(&view, ram, kernel->memstate_gpa);
	if (!ret)
		ret = memstate_snapshot_take(&view, &snapshot);
	if (ret) {
		report_text(object, "error",
			    view.err.text[0] ? view.err.text : strerror(-ret));
	} else {
		/* Without names there are numbers. */
		symbols_read(&symbols, kernel->fd);
		add_snapshot(object, &view, &snapshot, &symbols);
		symbols_free(&symbols);
	}
	json_object_set_new(object, "samples", samples_json(sampler));
	memstate_snapshot_free(&snapshot);
	return object;
}
