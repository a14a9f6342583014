/* SPDX-License-Identifier: MIT */
/*
 * Calls of the guest's DMA API that make a mapping, or fail to.  Where Linux's DMA API
 * debugging (kernel/dma/debug.c) has the same check, tests/README.md says so.
 */
#include <inttypes.h>

#include "vmm/dma_check/dma_check_internal.h"
#include "vmm/dma_check/dma_check_owner.h"
#include "vmm/dma_check/dma_check_start.h"

static void corrupt(struct dma_checker *c, const char *what)
{
	struct dma_finding f = { .kind = DMA_FOUND_CORRUPT };

	dma_found(c, &f, "what the guest publishes of its DMA makes no sense: %s", what);
}

/* --- a new mapping -------------------------------------------------------------------- */

static void judge_reach(struct dma_checker *c, const struct dma_map *map,
			const struct dma_check_entry *e)
{
	struct dma_finding f = { .kind = DMA_FOUND_BEYOND_MASK,
				 .endpoint = e->endpoint,
				 .addr = e->addr,
				 .size = e->size,
				 .map = map };

	if (e->limit && map->bus.last > e->limit)
		dma_found(c, &f,
			  "0x%" PRIx64 " bytes at 0x%" PRIx64
			  ", but its mask is 0x%" PRIx64,
			  e->size, e->addr, e->limit);
}

static void judge_segment(struct dma_checker *c, const struct dma_map *map,
			  const struct dma_check_entry *e)
{
	struct dma_finding f = { .kind = DMA_FOUND_SEGMENT_LENGTH,
				 .endpoint = e->endpoint,
				 .addr = e->addr,
				 .size = e->size,
				 .map = map };

	if (e->max_segment && e->size > e->max_segment)
		dma_found(c, &f, "segment %u has %" PRIu64 " bytes, but it takes %u",
			  e->index, e->size, e->max_segment);
	f.kind = DMA_FOUND_SEGMENT_BOUNDARY;
	if (e->boundary && (map->bus.first ^ map->bus.last) & ~e->boundary)
		dma_found(c, &f,
			  "segment %u, 0x%" PRIx64 " bytes at 0x%" PRIx64
			  ", crosses a multiple of 0x%" PRIx64,
			  e->index, e->size, e->addr, e->boundary + 1);
}

static void judge_memory(struct dma_checker *c, const struct dma_map *map)
{
	const struct dma_check_area *area = c->channel.area;
	uint64_t start = area->text_start, end = area->text_end;
	struct dma_finding f = { .kind = DMA_FOUND_BAD_MEMORY,
				 .endpoint = map->device->endpoint,
				 .addr = map->bus.first,
				 .size = dma_map_size(map),
				 .map = map };

	if (map->phys && map->phys < end && map->phys + (f.size - 1) >= start)
		dma_found(c, &f,
			  "0x%" PRIx64 " bytes at 0x%" PRIx64
			  " are kernel text or read-only data",
			  f.size, map->phys);
}

static void judge_lines(struct dma_checker *c, const struct dma_map *map,
			const struct dma_chain *call)
{
	const struct dma_map *other = dma_maps_sharing(&c->maps, map);
	struct dma_finding f = { .kind = DMA_FOUND_DOUBLE_MAP,
				 .endpoint = map->device->endpoint,
				 .addr = map->bus.first,
				 .size = dma_map_size(map),
				 .map = other,
				 .call = call };
	char device[32];

	if (!other)
		return;
	dma_device_name(c, other->device->endpoint, device, sizeof(device));
	dma_found(c, &f,
		  "0x%" PRIx64 " bytes at 0x%" PRIx64
		  " share a cache line with a mapping "
		  "for %s, and both may be written by the device",
		  f.size, map->phys, device);
}

static void hash(struct dma_checker *c, struct dma_map *map,
		 const struct dma_check_entry *e)
{
	if (c->config.hash && map->kind != DMA_COHERENT)
		dma_chunks_make(map, dma_checker_port(c, e->endpoint),
				!(e->flags & DMA_CHECK_F_SKIP_SYNC));
}

static void judge_map(struct dma_checker *c, struct dma_device *device, unsigned int ring,
		      const struct dma_check_entry *e, enum dma_map_kind kind)
{
	struct dma_map *list = kind == DMA_SG && e->index ? c->list[ring] : NULL, *map;
	uint64_t last;

	if (!e->size || __builtin_add_overflow(e->addr, e->size - 1, &last)) {
		corrupt(c, "a mapping has no bytes, or passes the end of addresses");
		return;
	}
	if (kind == DMA_SG && e->index && (!list || list->device != device)) {
		corrupt(c, "a segment belongs to no list");
		return;
	}
	map = dma_maps_add(&c->maps, device, e, kind, list);
	if (!map) {
		corrupt(c, "more mappings than can be followed");
		return;
	}
	if (kind == DMA_SG && !e->index)
		c->list[ring] = map;
	hash(c, map, e);
	if (kind != DMA_COHERENT)
		dma_judge_exposure(c, map);
	judge_reach(c, map, e);
	judge_memory(c, map);
	judge_lines(c, map, &map->made);
	if (kind == DMA_SG)
		judge_segment(c, map, e);
}

/* --- no mapping, or no call --------------------------------------------------------------- */

static void judge_refused(struct dma_checker *c, const struct dma_check_entry *e,
			  const struct dma_chain *call)
{
	struct dma_finding f = {
		.endpoint = e->endpoint, .addr = e->phys, .size = e->size, .call = call
	};

	switch (e->kind) {
	case DMA_CHECK_REFUSED_CALL:
		f.kind = DMA_FOUND_BAD_CALL;
		dma_found(c, &f,
			  "mapping %" PRIu64 " bytes, %s: no size, no direction, or "
			  "a device without DMA",
			  e->size, dma_dir_name(e->dir));
		break;
	case DMA_CHECK_REFUSED_MEMORY:
	case DMA_CHECK_REFUSED_STACK:
		f.kind = DMA_FOUND_BAD_MEMORY;
		dma_found(c, &f,
			  "0x%" PRIx64 " bytes at 0x%" PRIx64
			  ", %s: not contiguous for a device",
			  e->size, e->phys,
			  e->kind == DMA_CHECK_REFUSED_STACK
				  ? "on the stack"
				  : "outside the direct map (vmalloc, image)");
		break;
	case DMA_CHECK_REFUSED_REACH:
		f.kind = DMA_FOUND_BEYOND_MASK;
		dma_found(c, &f,
			  "0x%" PRIx64 " bytes of memory at 0x%" PRIx64
			  " cannot be mapped, its mask is 0x%" PRIx64,
			  e->size, e->phys, e->limit);
		break;
	case DMA_CHECK_REFUSED_ROOM: /* it happens */
		break;
	default:
		corrupt(c, "an unknown call");
		break;
	}
}

/* --- all calls ------------------------------------------------------------------------ */

static bool goes_on(const struct dma_check_entry *e)
{
	return e->kind == DMA_CHECK_MAP_SG && e->index;
}

/* Calls that make a mapping, and of what kind. */
static bool is_map(const struct dma_check_entry *e, enum dma_map_kind *kind)
{
	static const struct {
		bool maps;
		enum dma_map_kind kind;
	} calls[DMA_CHECK_KINDS] = {
		[DMA_CHECK_MAP] = { true, DMA_SINGLE },
		[DMA_CHECK_MAP_SG] = { true, DMA_SG },
		[DMA_CHECK_ALLOC] = { true, DMA_COHERENT },
		[DMA_CHECK_MAP_RESOURCE] = { true, DMA_RESOURCE },
	};

	if (e->kind >= DMA_CHECK_KINDS || !calls[e->kind].maps)
		return false;
	*kind = calls[e->kind].kind;
	return true;
}

static void judge_other(struct dma_checker *c, struct dma_device *device,
			const struct dma_check_entry *e)
{
	struct dma_chain call = dma_chain_of(e);

	switch (e->kind) {
	case DMA_CHECK_UNMAP:
	case DMA_CHECK_UNMAP_RESOURCE:
	case DMA_CHECK_UNMAP_SG:
	case DMA_CHECK_FREE:
		dma_judge_unmap(c, device, e, &call);
		break;
	case DMA_CHECK_SYNC_FOR_CPU:
	case DMA_CHECK_SYNC_FOR_DEVICE:
	case DMA_CHECK_SYNC_SG_FOR_CPU:
	case DMA_CHECK_SYNC_SG_FOR_DEVICE:
		dma_judge_sync(c, device, e, &call);
		break;
	case DMA_CHECK_ERROR_ASKED:
		dma_maps_asked(device, e->addr);
		break;
	case DMA_CHECK_RELEASED:
		dma_judge_release(c, device);
		break;
	case DMA_CHECK_STARTED:
		dma_start_add(device, e, &call);
		break;
	default:
		judge_refused(c, e, &call);
		break;
	}
}

void dma_judge_call(struct dma_checker *c, unsigned int ring,
		    const struct dma_check_entry *e)
{
	struct dma_device *device =
		e->endpoint <= UINT16_MAX ? dma_maps_device(&c->maps, e->endpoint) : NULL;
	enum dma_map_kind kind;

	c->calls++;
	if (!goes_on(e))
		c->list[ring] = NULL;
	if (!device)
		corrupt(c, "too many devices");
	else if (!is_map(e, &kind))
		judge_other(c, device, e); /* with whatever direction: it is compared */
	else if (e->dir > DMA_CHECK_NONE)
		corrupt(c, "a mapping of an unknown direction");
	else
		judge_map(c, device, ring, e, kind);
}
