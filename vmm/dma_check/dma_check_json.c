/* SPDX-License-Identifier: MIT */
/* What the DMA checker has found, for programs. */
#include "devices/util.h"
#include "vmm/dma_check/dma_check_internal.h"
#include "vmm/report/report_json.h"

static void put_chain(const struct dma_checker *c, json_t *object, const char *name,
		      const struct dma_chain *chain)
{
	json_t *array;

	if (!chain->depth)
		return;
	array = json_array();
	for (unsigned int i = 0; i < chain->depth; i++) {
		char text[96];
		json_t *value;

		dma_describe_pc(c, chain->pc[i], text, sizeof(text));
		value = json_string(text);
		json_array_append_new(array, value ? value : json_null());
	}
	json_object_set_new(object, name, array);
}

static json_t *report_one(const struct dma_checker *c, const struct dma_report *r)
{
	json_t *object = json_object(), *map;

	report_text(object, "kind", dma_kinds[r->kind].name);
	report_text(object, "device", r->device);
	report_number(object, "address", r->addr);
	report_number(object, "length", r->size);
	report_text(object, "what", r->what);
	report_number(object, "count", r->count);
	json_object_set_new(object, "provoked", json_boolean(r->provoked));
	if (r->has_map) {
		map = json_object();
		report_text(map, "kind", dma_map_kind_name(r->map_kind));
		report_text(map, "direction", dma_dir_name(r->map_dir));
		report_number(map, "address", r->map_addr);
		report_number(map, "length", r->map_size);
		json_object_set_new(object, "mapping", map);
	}
	put_chain(c, object, "called_by", &r->call);
	put_chain(c, object, "started_by", &r->started);
	put_chain(c, object, "mapped_by", &r->made);
	put_chain(c, object, "unmapped_by", &r->ended);
	return object;
}

/* What is mapped now, gathered by who mapped it. */
struct gather {
	const struct dma_checker *c;
	json_t *sites; /* by text of the call site and device */
};

static bool gather_live(void *arg, struct interval *i)
{
	const struct gather *g = arg;
	const struct dma_map *map = container_of(i, struct dma_map, bus);
	char device[32], site[96] = "unknown", key[160];
	json_t *object;

	dma_device_name(g->c, map->device->endpoint, device, sizeof(device));
	if (map->made.depth)
		dma_describe_pc(g->c, map->made.pc[0], site, sizeof(site));
	snprintf(key, sizeof(key), "%s %s %s", device, site,
		 dma_map_kind_name(map->kind));
	object = json_object_get(g->sites, key);
	if (!object) {
		object = json_object();
		if (json_object_set_new(g->sites, key, object))
			return false;
		report_text(object, "device", device);
		report_text(object, "mapped_by", site);
		report_text(object, "kind", dma_map_kind_name(map->kind));
	}
	report_number(object, "count",
		      (uint64_t)json_integer_value(json_object_get(object, "count")) + 1);
	report_number(object, "bytes",
		      (uint64_t)json_integer_value(json_object_get(object, "bytes")) +
			      dma_map_size(map));
	return false;
}

static json_t *report_live(const struct dma_checker *c)
{
	struct gather g = { .c = c, .sites = json_object() };
	json_t *array = json_array(), *object;
	const char *key;

	for (unsigned int i = 0; i < c->maps.nr_devices; i++)
		interval_each(&c->maps.device[i].live, 0, UINT64_MAX, gather_live, &g);
	json_object_foreach(g.sites, key, object) json_array_append(array, object);
	json_decref(g.sites);
	return array;
}

void dma_checker_say_mapped(struct dma_checker *c)
{
	json_t *array = report_live(c), *site;
	char line[400];
	size_t i;

	json_array_foreach(array, i, site)
	{
		snprintf(line, sizeof(line),
			 "dma-check: %s: still mapped at the end: %lld bytes, %lld times "
			 "%s, by %s",
			 json_string_value(json_object_get(site, "device")),
			 json_integer_value(json_object_get(site, "bytes")),
			 json_integer_value(json_object_get(site, "count")),
			 json_string_value(json_object_get(site, "kind")),
			 json_string_value(json_object_get(site, "mapped_by")));
		if (c->config.say)
			c->config.say(c->config.ctx, true, line);
	}
	json_decref(array);
}

json_t *dma_checker_report(struct dma_checker *c)
{
	json_t *object = json_object(), *findings = json_array(), *found = json_object();

	report_text(object, "mode", c->config.hash ? "hash" : "on");
	json_object_set_new(object, "published", json_boolean(c->channel.area));
	report_number(object, "calls", c->calls);
	report_number(object, "accesses", c->accesses);
	report_number(object, "unexpected", c->unexpected);
	for (unsigned int k = 1; k < DMA_FOUND_KINDS; k++)
		if (c->found[k])
			report_number(found, dma_kinds[k].name, c->found[k]);
	json_object_set_new(object, "found", found);
	for (unsigned int i = 0; i < c->nr_reports; i++)
		json_array_append_new(findings, report_one(c, &c->report[i]));
	json_object_set_new(object, "findings", findings);
	json_object_set_new(object, "mapped", report_live(c));
	return object;
}
