/* SPDX-License-Identifier: MIT */
/* What the DMA checker has found: counted, told to the guest, said and written down. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/dma_check_internal.h"
#include "vmm/report_json.h"

struct kind {
	const char *name; /* for programs */
	const char *title; /* for people */
};

static const struct kind kinds[DMA_FOUND_KINDS] = {
	[DMA_FOUND_OUTSIDE] = { "outside", "access where nothing is mapped" },
	[DMA_FOUND_PAST_END] = { "past-end", "access past the end of a mapping" },
	[DMA_FOUND_AFTER_UNMAP] = { "after-unmap", "access after unmap" },
	[DMA_FOUND_DIRECTION] = { "direction", "access against the direction" },
	[DMA_FOUND_BAD_MEMORY] = { "bad-memory", "memory that no device may have" },
	[DMA_FOUND_OWNERSHIP] = { "ownership", "the CPU wrote to the device's buffer" },
	[DMA_FOUND_DOUBLE_MAP] = { "double-map", "one cache line mapped twice" },
	[DMA_FOUND_DOUBLE_UNMAP] = { "double-unmap", "unmap of what is not mapped" },
	[DMA_FOUND_UNMAP_SIZE] = { "unmap-size", "unmap with another size" },
	[DMA_FOUND_UNMAP_DIRECTION] = { "unmap-direction",
					"unmap with another direction" },
	[DMA_FOUND_UNMAP_KIND] = { "unmap-kind", "unmap by the wrong call" },
	[DMA_FOUND_UNMAP_ENTRIES] = { "unmap-entries",
				      "unmap of a list of another length" },
	[DMA_FOUND_UNMAP_ADDRESS] = { "unmap-address", "free of another CPU address" },
	[DMA_FOUND_SYNC_OUTSIDE] = { "sync-outside", "sync outside a mapping" },
	[DMA_FOUND_SYNC_DIRECTION] = { "sync-direction", "sync with another direction" },
	[DMA_FOUND_SYNC_ENTRIES] = { "sync-entries", "sync of a list of another length" },
	[DMA_FOUND_UNCHECKED] = { "unchecked", "nobody asked for a mapping error" },
	[DMA_FOUND_BEYOND_MASK] = { "beyond-mask", "address beyond the device's mask" },
	[DMA_FOUND_SEGMENT_LENGTH] = { "segment-length", "segment too long" },
	[DMA_FOUND_SEGMENT_BOUNDARY] = { "segment-boundary",
					 "segment across a boundary" },
	[DMA_FOUND_LEAK] = { "leak", "still mapped when the driver let go" },
	[DMA_FOUND_BAD_CALL] = { "bad-call", "call that cannot be right" },
	[DMA_FOUND_CORRUPT] = { "corrupt", "the guest's channel is corrupt" },
	[DMA_FOUND_EXPOSED] = { "exposed", "the device reaches more than is mapped" },
};

const char *dma_dir_name(uint8_t dir)
{
	static const char *const names[] = {
		[DMA_CHECK_BIDIRECTIONAL] = "bidirectional",
		[DMA_CHECK_TO_DEVICE] = "to-device",
		[DMA_CHECK_FROM_DEVICE] = "from-device",
		[DMA_CHECK_NONE] = "no direction",
	};

	return dir <= DMA_CHECK_NONE ? names[dir] : "no direction";
}

const char *dma_map_kind_name(enum dma_map_kind kind)
{
	return kind == DMA_SINGLE ? "single" : kind == DMA_SG ? "list" : "coherent";
}

void dma_device_name(const struct dma_checker *c, uint32_t endpoint, char *buf,
		     size_t size)
{
	const struct dma_port *port = dma_checker_port(c, endpoint);

	if (port && port->name)
		snprintf(buf, size, "%s", port->name);
	else
		snprintf(buf, size, "%02x:%02x.%u", endpoint >> 8 & 0xff,
			 endpoint >> 3 & 0x1f, endpoint & 7);
}

/* --- for people -------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void
say(const struct dma_checker *c, const struct dma_report *r, const char *format, ...)
{
	char line[900];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (c->config.say)
		c->config.say(c->config.ctx, r->kind == DMA_FOUND_EXPOSED, line);
}

static void describe(const struct dma_checker *c, uint64_t pc, char *buf, size_t size)
{
	if (c->config.describe)
		c->config.describe(c->config.ctx, pc, buf, size);
	else
		snprintf(buf, size, "%#" PRIx64, pc);
}

static void say_chain(const struct dma_checker *c, const struct dma_report *r,
		      const char *title, const struct dma_chain *chain)
{
	char line[800];
	size_t at = 0;

	if (!chain->depth)
		return;
	for (unsigned int i = 0; i < chain->depth && at < sizeof(line) - 1; i++) {
		char name[96];

		describe(c, chain->pc[i], name, sizeof(name));
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%s",
				       i ? " < " : "", name);
	}
	say(c, r, "  %s %s", title, line);
}

static void say_report(const struct dma_checker *c, const struct dma_report *r)
{
	say(c, r, "dma-check: %s: %s: %s%s", r->device, kinds[r->kind].title, r->what,
	    r->provoked ? " (provoked)" : "");
	if (r->has_map)
		say(c, r, "  the mapping: %s, %s, %" PRIu64 " bytes at 0x%" PRIx64,
		    dma_map_kind_name(r->map_kind), dma_dir_name(r->map_dir), r->map_size,
		    r->map_addr);
	say_chain(c, r, "called by", &r->call);
	say_chain(c, r, "mapped by", &r->made);
	say_chain(c, r, "unmapped by", &r->ended);
}

/* --- finding ----------------------------------------------------------------------------- */

/* Where the fault is: the call that is wrong, else the mapping that it is about. */
static const struct dma_chain *fault_of(const struct dma_report *r)
{
	return r->call.depth ? &r->call : r->made.depth ? &r->made : &r->ended;
}

static uint64_t site_of(const struct dma_report *r)
{
	const struct dma_chain *chain = fault_of(r);

	return chain->depth ? chain->pc[0] : 0;
}

static bool same_chain(const struct dma_chain *a, const struct dma_chain *b)
{
	return a->depth == b->depth && !memcmp(a->pc, b->pc, a->depth * sizeof(a->pc[0]));
}

/* Of the same kind, by the same device, by way of the same calls. */
static struct dma_report *known(struct dma_checker *c, const struct dma_report *r)
{
	for (unsigned int i = 0; i < c->nr_reports; i++) {
		struct dma_report *old = &c->report[i];

		if (old->kind == r->kind && old->endpoint == r->endpoint &&
		    same_chain(fault_of(old), fault_of(r)))
			return old;
	}
	return NULL;
}

static void count(struct dma_checker *c, const struct dma_report *r, bool provoked)
{
	struct dma_check_area *area = c->channel.area;

	c->found[r->kind]++;
	if (!provoked && r->kind != DMA_FOUND_EXPOSED)
		c->unexpected++;
	if (!area)
		return;
	area->last_kind = r->kind;
	area->last_endpoint = r->endpoint;
	area->last_addr = r->addr;
	area->last_size = r->size;
	area->last_site = site_of(r);
	area->unexpected = c->unexpected;
	__atomic_store_n(&area->found[r->kind], c->found[r->kind], __ATOMIC_RELEASE);
}

static bool is_provoked(const struct dma_checker *c, unsigned int kind)
{
	const struct dma_check_area *area = c->channel.area;

	return area && __atomic_load_n(&area->provoked, __ATOMIC_RELAXED) >> kind & 1;
}

static void describe_map(struct dma_report *r, const struct dma_map *map)
{
	r->has_map = true;
	r->map_addr = map->bus.first;
	r->map_size = dma_map_size(map);
	r->map_kind = map->kind;
	r->map_dir = map->dir;
	r->made = map->made;
	r->ended = map->ended;
}

void dma_found(struct dma_checker *c, const struct dma_finding *finding,
	       const char *format, ...)
{
	struct dma_report r = { .kind = finding->kind,
				.endpoint = finding->endpoint,
				.addr = finding->addr,
				.size = finding->size,
				.count = 1 };
	bool provoked = is_provoked(c, r.kind);
	struct dma_report *old;
	va_list args;

	if (finding->map)
		describe_map(&r, finding->map);
	if (finding->call)
		r.call = *finding->call;
	count(c, &r, provoked);
	old = known(c, &r);
	if (old) {
		old->count++;
		old->provoked += provoked;
		return;
	}
	if (c->nr_reports == DMA_REPORTS_MAX)
		return;
	va_start(args, format);
	vsnprintf(r.what, sizeof(r.what), format, args);
	va_end(args);
	r.provoked = provoked;
	if (r.kind == DMA_FOUND_CORRUPT)
		snprintf(r.device, sizeof(r.device), "guest");
	else
		dma_device_name(c, r.endpoint, r.device, sizeof(r.device));
	c->report[c->nr_reports++] = r;
	say_report(c, &r);
}

/* --- for programs ------------------------------------------------------------------------ */

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

		describe(c, chain->pc[i], text, sizeof(text));
		value = json_string(text);
		json_array_append_new(array, value ? value : json_null());
	}
	json_object_set_new(object, name, array);
}

static json_t *report_one(const struct dma_checker *c, const struct dma_report *r)
{
	json_t *object = json_object(), *map;

	report_text(object, "kind", kinds[r->kind].name);
	report_text(object, "device", r->device);
	report_number(object, "address", r->addr);
	report_number(object, "length", r->size);
	report_text(object, "what", r->what);
	report_number(object, "count", r->count);
	report_number(object, "provoked", r->provoked);
	if (r->has_map) {
		map = json_object();
		report_text(map, "kind", dma_map_kind_name(r->map_kind));
		report_text(map, "direction", dma_dir_name(r->map_dir));
		report_number(map, "address", r->map_addr);
		report_number(map, "length", r->map_size);
		json_object_set_new(object, "mapping", map);
	}
	put_chain(c, object, "called_by", &r->call);
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
	const struct dma_map *map =
		(const void *)((const char *)i - offsetof(struct dma_map, bus));
	char device[32], site[96] = "unknown", key[160];
	json_t *object;

	dma_device_name(g->c, map->device->endpoint, device, sizeof(device));
	if (map->made.depth)
		describe(g->c, map->made.pc[0], site, sizeof(site));
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
			report_number(found, kinds[k].name, c->found[k]);
	json_object_set_new(object, "found", found);
	for (unsigned int i = 0; i < c->nr_reports; i++)
		json_array_append_new(findings, report_one(c, &c->report[i]));
	json_object_set_new(object, "findings", findings);
	json_object_set_new(object, "mapped", report_live(c));
	return object;
}
