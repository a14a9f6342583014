/* SPDX-License-Identifier: MIT */
/* What the DMA checker has found: counted, told to the guest, said and written down. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "devices/util.h"
#include "vmm/dma_check/dma_check_internal.h"

const struct dma_kind dma_kinds[DMA_FOUND_KINDS] = {
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
	static const char *const names[] = {
		[DMA_SINGLE] = "single",
		[DMA_SG] = "list",
		[DMA_COHERENT] = "coherent",
		[DMA_RESOURCE] = "resource",
	};

	return names[kind];
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
		c->config.say(c->config.ctx, r->provoked || r->kind == DMA_FOUND_EXPOSED,
			      line);
}

void dma_describe_pc(const struct dma_checker *c, uint64_t pc, char *buf, size_t size)
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

		dma_describe_pc(c, chain->pc[i], name, sizeof(name));
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%s",
				       i ? " < " : "", name);
	}
	say(c, r, "  %s %s", title, line);
}

static void say_report(const struct dma_checker *c, const struct dma_report *r)
{
	say(c, r, "dma-check: %s: %s: %s%s", r->device, dma_kinds[r->kind].title, r->what,
	    r->provoked ? " (provoked)" : "");
	if (r->has_map)
		say(c, r, "  the mapping: %s, %s, %" PRIu64 " bytes at 0x%" PRIx64,
		    dma_map_kind_name(r->map_kind), dma_dir_name(r->map_dir), r->map_size,
		    r->map_addr);
	say_chain(c, r, "called by", &r->call);
	say_chain(c, r, "started by", &r->started);
	say_chain(c, r, "mapped by", &r->made);
	say_chain(c, r, "unmapped by", &r->ended);
}

/* --- finding ----------------------------------------------------------------------------- */

/* Where the fault is: the call that is wrong, else the mapping that it is about, else who
 * had the device do it. */
static const struct dma_chain *fault_of(const struct dma_report *r)
{
	const struct dma_chain *const order[] = { &r->call, &r->made, &r->ended };

	for (unsigned int i = 0; i < ARRAY_SIZE(order); i++)
		if (order[i]->depth)
			return order[i];
	return &r->started;
}

static uint64_t site_of(const struct dma_report *r)
{
	const struct dma_chain *chain = fault_of(r);

	return chain->depth ? chain->pc[0] : 0;
}

static bool is_info(const struct dma_report *r)
{
	return r->kind == DMA_FOUND_EXPOSED;
}

/* By way of the same calls; for what is no fault, to the same place. */
static bool same_way(const struct dma_report *a, const struct dma_report *b)
{
	const struct dma_chain *one = fault_of(a), *two = fault_of(b);

	if (is_info(a))
		return site_of(a) == site_of(b);
	return one->depth == two->depth &&
	       !memcmp(one->pc, two->pc, one->depth * sizeof(one->pc[0]));
}

/* Of the same kind, by the same device, the same way. */
static struct dma_report *known(struct dma_checker *c, const struct dma_report *r)
{
	for (unsigned int i = 0; i < c->nr_reports; i++) {
		struct dma_report *old = &c->report[i];

		if (old->kind == r->kind && old->endpoint == r->endpoint &&
		    old->provoked == r->provoked && same_way(old, r))
			return old;
	}
	return NULL;
}

static void count(struct dma_checker *c, const struct dma_report *r)
{
	struct dma_check_area *area = c->channel.area;

	c->found[r->kind]++;
	if (!r->provoked && !is_info(r))
		c->unexpected++;
	if (!area)
		return;
	if (!is_info(r)) {
		area->last_kind = r->kind;
		area->last_endpoint = r->endpoint;
		area->last_addr = r->addr;
		area->last_size = r->size;
		area->last_site = site_of(r);
	}
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
				.provoked = is_provoked(c, finding->kind),
				.count = 1 };
	struct dma_report *old;
	va_list args;

	if (finding->map)
		describe_map(&r, finding->map);
	if (finding->call)
		r.call = *finding->call;
	if (finding->started)
		r.started = *finding->started;
	count(c, &r);
	old = known(c, &r);
	if (old) {
		old->count++;
		return;
	}
	if (c->nr_reports == DMA_REPORTS_MAX ||
	    (is_info(&r) && c->nr_infos == DMA_INFOS_MAX))
		return;
	c->nr_infos += is_info(&r);
	va_start(args, format);
	vsnprintf(r.what, sizeof(r.what), format, args);
	va_end(args);
	if (r.kind == DMA_FOUND_CORRUPT)
		snprintf(r.device, sizeof(r.device), "guest");
	else
		dma_device_name(c, r.endpoint, r.device, sizeof(r.device));
	c->report[c->nr_reports++] = r;
	say_report(c, &r);
}
