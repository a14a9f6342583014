/* SPDX-License-Identifier: MIT */
/* Zones, caches and areas, in the formats of Linux 6.1's /proc. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/inspect/inspect.h"

typedef unsigned long long ull;

/* --- buddyinfo ---------------------------------------------------------------------------- */

static json_t *numbers(const uint64_t *values, unsigned int n)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < n; i++)
		json_array_append_new(list, inspect_number(values[i]));
	return list;
}

static void print_buddy(const struct zone_states *zones, const struct zone_state *z)
{
	unsigned int order;

	printf("Node 0, zone %8s ", z->name);
	for (order = 0; order < zones->orders; order++)
		printf("%6llu ", (ull)z->nr_free[order]);
	putchar('\n');
}

static int buddyinfo(struct inspect *in, struct error *err)
{
	struct zone_states zones;
	int ret = memstate_read_zones(&in->view.state, &zones);
	unsigned int i;

	(void)err;
	if (ret)
		return ret;
	inspect_begin_list(in, "");
	for (i = 0; i < zones.nr; i++) {
		const struct zone_state *z = &zones.zone[i];

		if (!z->present)
			continue;
		if (in->json)
			json_array_append_new(in->json,
					      json_pack("{s:s, s:o, s:o, s:b}", "zone",
							z->name, "free",
							inspect_number(z->free), "blocks",
							numbers(z->nr_free, zones.orders),
							"adds_up", z->adds_up));
		else
			print_buddy(&zones, z);
	}
	return 0;
}

/* --- zoneinfo ----------------------------------------------------------------------------- */

/* Read before anything is printed. */
struct zone_details {
	struct zone_states zones;
	struct pageset *sets[MEMSTATE_ZONES];
	unsigned int nr_sets[MEMSTATE_ZONES];
};

static void free_details(struct zone_details *d)
{
	unsigned int i;

	for (i = 0; i < MEMSTATE_ZONES; i++)
		free(d->sets[i]);
}

static int read_details(struct inspect *in, struct zone_details *d)
{
	int ret = memstate_read_zones(&in->view.state, &d->zones);
	unsigned int i;

	for (i = 0; !ret && i < d->zones.nr; i++)
		ret = memstate_read_pagesets(&in->view.state, i, &d->sets[i],
					     &d->nr_sets[i]);
	return ret;
}

static void print_pagesets(const struct pageset *sets, unsigned int nr)
{
	unsigned int cpu;

	printf("\n  pagesets");
	for (cpu = 0; cpu < nr; cpu++)
		if (sets[cpu].online)
			printf("\n    cpu: %u\n              count: %llu"
			       "\n              high:  %llu\n              batch: %llu",
			       cpu, (ull)sets[cpu].count, (ull)sets[cpu].high,
			       (ull)sets[cpu].batch);
}

static void print_zone(const struct zone_details *d, unsigned int i)
{
	const struct zone_state *z = &d->zones.zone[i];
	unsigned int j;

	printf("Node 0, zone %8s", z->name);
	printf("\n  pages free     %llu\n        boost    0\n        min      %llu"
	       "\n        low      %llu\n        high     %llu\n        spanned  %llu"
	       "\n        present  %llu\n        managed  %llu\n        cma      %llu",
	       (ull)z->free, (ull)z->watermark[MARK_MIN], (ull)z->watermark[MARK_LOW],
	       (ull)z->watermark[MARK_HIGH], (ull)z->end_pfn - z->start_pfn,
	       (ull)z->present, (ull)z->managed, (ull)z->cma);
	printf("\n        protection: (%llu", (ull)z->lowmem_reserve[0]);
	for (j = 1; j < d->zones.nr; j++)
		printf(", %llu", (ull)z->lowmem_reserve[j]);
	printf(")\n      nr_free_pages %llu\n      nr_free_cma  %llu", (ull)z->free,
	       (ull)z->free_cma);
	print_pagesets(d->sets[i], d->nr_sets[i]);
	printf("\n  node_unreclaimable:  0\n  start_pfn:           %llu\n",
	       (ull)z->start_pfn);
}

static json_t *zone_json(const struct zone_details *d, unsigned int i)
{
	const struct zone_state *z = &d->zones.zone[i];
	json_t *sets = json_array();
	unsigned int cpu;

	for (cpu = 0; cpu < d->nr_sets[i]; cpu++)
		json_array_append_new(
			sets, json_pack("{s:i, s:b, s:I, s:I, s:I}", "cpu", (int)cpu,
					"online", d->sets[i][cpu].online, "count",
					(json_int_t)d->sets[i][cpu].count, "high",
					(json_int_t)d->sets[i][cpu].high, "batch",
					(json_int_t)d->sets[i][cpu].batch));
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:o}",
			 "zone", z->name, "free", (json_int_t)z->free, "cma",
			 (json_int_t)z->cma, "free_cma", (json_int_t)z->free_cma,
			 "spanned", (json_int_t)(z->end_pfn - z->start_pfn), "present",
			 (json_int_t)z->present, "managed", (json_int_t)z->managed,
			 "start_pfn", (json_int_t)z->start_pfn, "watermark",
			 numbers(z->watermark, MARKS), "protection",
			 numbers(z->lowmem_reserve, d->zones.nr), "pcp",
			 (json_int_t)z->pcp, "pagesets", sets);
}

static int zoneinfo(struct inspect *in, struct error *err)
{
	struct zone_details d = { 0 };
	int ret = read_details(in, &d);
	unsigned int i;

	(void)err;
	if (!ret && in->wants_json)
		in->json = json_array();
	for (i = 0; !ret && i < d.zones.nr; i++) {
		if (!d.zones.zone[i].present)
			continue;
		if (in->json)
			json_array_append_new(in->json, zone_json(&d, i));
		else
			print_zone(&d, i);
	}
	free_details(&d);
	return ret;
}

/* --- pagetypeinfo ------------------------------------------------------------------------- */

struct zone_blocks {
	uint64_t free[MEMSTATE_TYPES][MEMSTATE_ORDERS_MAX]; /* blocks on free lists */
	uint64_t blocks[MEMSTATE_TYPES]; /* page blocks */
};

/* Types begin with a capital letter there. */
static void type_title(const struct inspect *in, unsigned int type,
		       char title[MEMSTATE_TYPE_NAME])
{
	size_t i;

	memstate_type_name(&in->view.state, type, title);
	title[0] = (char)toupper((unsigned char)title[0]);
	if (!strcmp(title, "Cma"))
		for (i = 0; title[i]; i++)
			title[i] = (char)toupper((unsigned char)title[i]);
}

static unsigned int type_of(const struct frame_map *map, uint64_t pfn)
{
	uint64_t block = pfn >> map->block_order;

	return block < map->nr_blocks ? map->block[block] : 0;
}

static void count_zone(const struct frame_map *map, const struct zone_state *z,
		       struct zone_blocks *b)
{
	uint64_t per_block = 1ull << map->block_order, pfn, step;

	for (pfn = z->start_pfn; pfn < z->end_pfn && pfn < map->nr; pfn += step) {
		uint8_t kind = map->kind[pfn], order = map->order[pfn];

		step = 1;
		if (kind != FRAME_FREE && kind != FRAME_FRESH)
			continue;
		step = 1ull << order;
		if (order < MEMSTATE_ORDERS_MAX)
			b->free[type_of(map, pfn)][order]++;
	}
	pfn = z->start_pfn & ~(per_block - 1);
	for (; pfn < z->end_pfn && pfn < map->nr; pfn += per_block)
		if (z->present)
			b->blocks[type_of(map, pfn)]++;
}

static void print_types(const struct inspect *in, const struct zone_states *zones,
			const struct frame_map *map, const struct zone_blocks *b)
{
	unsigned int types = in->view.state.mm.blocks.types, i, type, order;
	char title[MEMSTATE_TYPE_NAME];

	printf("Page block order: %u\nPages per block:  %llu\n\n", map->block_order,
	       1ull << map->block_order);
	printf("%-43s ", "Free pages count per migrate type at order");
	for (order = 0; order < zones->orders; order++)
		printf("%6u ", order);
	putchar('\n');
	for (i = 0; i < zones->nr; i++)
		for (type = 0; zones->zone[i].present && type < types; type++) {
			type_title(in, type, title);
			printf("Node    0, zone %8s, type %12s ", zones->zone[i].name,
			       title);
			for (order = 0; order < zones->orders; order++)
				printf("%6llu ", (ull)b[i].free[type][order]);
			putchar('\n');
		}
	printf("\n%-23s", "Number of blocks type ");
	for (type = 0; type < types; type++) {
		type_title(in, type, title);
		printf("%12s ", title);
	}
	putchar('\n');
	for (i = 0; i < zones->nr; i++) {
		if (!zones->zone[i].present)
			continue;
		printf("Node 0, zone %8s ", zones->zone[i].name);
		for (type = 0; type < types; type++)
			printf("%12llu ", (ull)b[i].blocks[type]);
		putchar('\n');
	}
}

static json_t *types_json(const struct inspect *in, const struct zone_states *zones,
			  const struct zone_blocks *b)
{
	unsigned int types = in->view.state.mm.blocks.types, i, type;
	json_t *list = json_array();
	char title[MEMSTATE_TYPE_NAME];

	for (i = 0; i < zones->nr; i++)
		for (type = 0; zones->zone[i].present && type < types; type++) {
			memstate_type_name(&in->view.state, type, title);
			json_array_append_new(
				list,
				json_pack("{s:s, s:s, s:o, s:I}", "zone",
					  zones->zone[i].name, "type", title, "free",
					  numbers(b[i].free[type], zones->orders),
					  "blocks", (json_int_t)b[i].blocks[type]));
		}
	return list;
}

static int pagetypeinfo(struct inspect *in, struct error *err)
{
	struct frame_map map = { .with_order = true };
	struct zone_blocks b[MEMSTATE_ZONES] = { 0 };
	struct zone_states zones;
	unsigned int i;
	int ret = memstate_read_zones(&in->view.state, &zones);

	if (!ret && !in->view.state.mm.blocks.types)
		return error_set(err, ENODATA, "%s: this guest has no page blocks",
				 in->view.name);
	if (!ret)
		ret = memstate_read_frames(&in->view.state, NULL, &map);
	for (i = 0; !ret && i < zones.nr; i++)
		count_zone(&map, &zones.zone[i], &b[i]);
	if (!ret && in->wants_json)
		in->json = types_json(in, &zones, b);
	else if (!ret)
		print_types(in, &zones, &map, b);
	free(map.kind);
	return ret;
}

/* --- slabinfo ----------------------------------------------------------------------------- */

static uint64_t active(const struct cache_state *c)
{
	return c->inuse > c->cached ? c->inuse - c->cached : 0;
}

static void print_cache(const struct cache_state *c)
{
	uint64_t slabs = c->slabs_partial + c->slabs_full + c->slabs_free;

	printf("%-17s %6llu %6llu %6llu %4llu %4d", c->name, (ull)active(c),
	       (ull)c->objects, (ull)c->object_size, (ull)c->per_slab, 1 << c->order);
	printf(" : tunables    0    0    0 : slabdata %6llu %6llu      0\n",
	       (ull)slabs - c->slabs_free, (ull)slabs);
}

static json_t *cache_json(const struct cache_state *c)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "name",
			 c->name, "active", (json_int_t)active(c), "objects",
			 (json_int_t)c->objects, "object_size",
			 (json_int_t)c->object_size, "per_slab", (json_int_t)c->per_slab,
			 "pages", (json_int_t)c->pages, "cached", (json_int_t)c->cached,
			 "partial", (json_int_t)c->slabs_partial, "full",
			 (json_int_t)c->slabs_full, "free", (json_int_t)c->slabs_free);
}

static int slabinfo(struct inspect *in, struct error *err)
{
	struct cache_states caches = { 0 };
	int ret = memstate_read_caches(&in->view.state, &caches);
	size_t i;

	(void)err;
	if (ret)
		return ret;
	inspect_begin_list(in,
			   "slabinfo - version: 2.1\n"
			   "# name            <active_objs> <num_objs> <objsize> "
			   "<objperslab> <pagesperslab> : tunables <limit> <batchcount> "
			   "<sharedfactor> : slabdata <active_slabs> <num_slabs> "
			   "<sharedavail>\n");
	for (i = 0; i < caches.nr; i++)
		if (in->json)
			json_array_append_new(in->json, cache_json(&caches.cache[i]));
		else
			print_cache(&caches.cache[i]);
	free(caches.cache);
	return 0;
}

/* --- vmallocinfo -------------------------------------------------------------------------- */

static const char *kind_word(const struct area *area)
{
	if (area->state != AREA_LIVE)
		return "unpurged vm_area";
	switch (area->kind) {
	case AREA_ALLOC:
		return area->user ? "vmalloc user" : "vmalloc";
	case AREA_RAM:
		return "vm_map_ram";
	case AREA_IOREMAP:
		return "ioremap";
	case AREA_MAP:
		return "vmap";
	default:
		return "unpurged vm_area";
	}
}

static void print_area(const struct inspect *in, const struct area *area)
{
	ull start = area->start, size = area->size;
	char caller[128];

	printf("0x%016llx-0x%016llx %7llu", start, start + size, size);
	if (area->state == AREA_LIVE) {
		inspect_symbol(in, area->caller, caller, sizeof(caller));
		printf(" %s", caller);
		if (area->nr_pages)
			printf(" pages=%llu", (ull)area->nr_pages);
	}
	if (area->state == AREA_LIVE && area->kind == AREA_IOREMAP)
		printf(" phys=0x%016llx", (ull)area->phys);
	printf(" %s", kind_word(area));
	if (area->state == AREA_LIVE && area->nr_huge)
		printf(" huge=%llu", (ull)area->nr_huge);
	putchar('\n');
}

static json_t *area_json(const struct inspect *in, const struct area *area)
{
	char caller[128];

	inspect_symbol(in, area->caller, caller, sizeof(caller));
	return json_pack("{s:I, s:I, s:s, s:b, s:I, s:I, s:s}", "start",
			 (json_int_t)area->start, "bytes", (json_int_t)area->size, "kind",
			 kind_word(area), "live", area->state == AREA_LIVE, "pages",
			 (json_int_t)area->nr_pages, "phys", (json_int_t)area->phys,
			 "caller", caller);
}

static int vmallocinfo(struct inspect *in, struct error *err)
{
	struct areas areas = { 0 };
	int ret = memstate_read_areas(&in->view.state, &areas);
	size_t i;

	(void)err;
	if (ret)
		return ret;
	inspect_begin_list(in, "");
	for (i = 0; i < areas.nr; i++)
		if (in->json)
			json_array_append_new(in->json, area_json(in, &areas.area[i]));
		else
			print_area(in, &areas.area[i]);
	free(areas.area);
	return 0;
}

const struct question inspect_memory_questions[] = {
	{ "buddyinfo", NULL, false, "free blocks by zone and order", buddyinfo },
	{ "zoneinfo", NULL, false, "zones, watermarks, per-CPU lists", zoneinfo },
	{ "pagetypeinfo", NULL, false, "free blocks by mobility, page blocks",
	  pagetypeinfo },
	{ "slabinfo", NULL, false, "slab caches", slabinfo },
	{ "vmallocinfo", NULL, false, "areas of the vmalloc range", vmallocinfo },
	{ NULL, NULL, false, NULL, NULL },
};
