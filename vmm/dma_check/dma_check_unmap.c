/* SPDX-License-Identifier: MIT */
/* Calls of the guest's DMA API about mappings that there should be: unmap, free, sync. */
#include <inttypes.h>

#include "devices/util.h"
#include "vmm/dma_check/dma_check_internal.h"
#include "vmm/dma_check/dma_check_owner.h"

#define NO_ADDRESS UINT64_MAX /* DMA_MAPPING_ERROR */

static struct dma_finding finding(unsigned int kind, const struct dma_device *device,
				  const struct dma_check_entry *e,
				  const struct dma_map *map, const struct dma_chain *call)
{
	return (struct dma_finding){ .kind = kind,
				     .endpoint = device->endpoint,
				     .addr = e->addr,
				     .size = e->size,
				     .map = map,
				     .call = call };
}

/* The last of [addr, addr + size), which may be empty or wrap. */
static uint64_t last_of(uint64_t addr, uint64_t size)
{
	uint64_t last;

	return !size					       ? addr
	       : __builtin_add_overflow(addr, size - 1, &last) ? UINT64_MAX
							       : last;
}

/* --- unmap ------------------------------------------------------------------------------- */

static void judge_nothing(struct dma_checker *c, const struct dma_device *device,
			  const struct dma_check_entry *e, const struct dma_chain *call)
{
	const struct dma_map *in =
		dma_maps_around(device, e->addr, e->addr, DMA_CHECK_BIDIRECTIONAL);
	const struct dma_map *dead = dma_maps_dead(device, e->addr, e->addr);
	struct dma_finding f =
		finding(DMA_FOUND_DOUBLE_UNMAP, device, e, in ? in : dead, call);

	if (e->addr == NO_ADDRESS)
		dma_found(c, &f, "the address is that of a mapping that failed");
	else if (in)
		dma_found(c, &f, "0x%" PRIx64 " is inside a mapping, not where it begins",
			  e->addr);
	else if (dead)
		dma_found(c, &f, "0x%" PRIx64 " was unmapped before", e->addr);
	else
		dma_found(c, &f, "nothing was mapped at 0x%" PRIx64, e->addr);
}

static uint64_t list_size(const struct dma_map *map)
{
	const struct dma_map *at = map;
	uint64_t size = 0;

	do {
		size += dma_map_size(at);
		at = at->next_segment;
	} while (at != map);
	return size;
}

/* Free was given an address that does not belong to the buffer: nothing is freed. */
static bool judge_address(struct dma_checker *c, const struct dma_map *map,
			  const struct dma_check_entry *e, const struct dma_chain *call)
{
	struct dma_finding f =
		finding(DMA_FOUND_UNMAP_ADDRESS, map->device, e, map, call);

	if (e->kind != DMA_CHECK_FREE || map->kind != DMA_COHERENT ||
	    e->phys == map->phys)
		return false;
	dma_found(c, &f, "the buffer is at 0x%" PRIx64 ", what is freed at 0x%" PRIx64,
		  map->phys, e->phys);
	return true;
}

static void judge_values(struct dma_checker *c, const struct dma_map *map,
			 const struct dma_check_entry *e, enum dma_map_kind kind,
			 const struct dma_chain *call)
{
	struct dma_finding f = finding(DMA_FOUND_UNMAP_KIND, map->device, e, map, call);
	uint64_t size = list_size(map);

	if (map->kind != kind) {
		dma_found(c, &f, "mapped as %s, unmapped as %s",
			  dma_map_kind_name(map->kind), dma_map_kind_name(kind));
		return;
	}
	f.kind = DMA_FOUND_UNMAP_ENTRIES;
	if (kind == DMA_SG && e->entries != map->entries) {
		dma_found(c, &f, "%u entries were mapped, %u are unmapped", map->entries,
			  e->entries);
		return; /* the size differs, too, and for that reason */
	}
	f.kind = DMA_FOUND_UNMAP_SIZE;
	if (e->size != size)
		dma_found(c, &f,
			  "%" PRIu64 " bytes were mapped, %" PRIu64 " are unmapped", size,
			  e->size);
	f.kind = DMA_FOUND_UNMAP_DIRECTION;
	if (kind != DMA_COHERENT && e->dir != map->dir)
		dma_found(c, &f, "mapped %s, unmapped %s", dma_dir_name(map->dir),
			  dma_dir_name(e->dir));
}

static void judge_asked(struct dma_checker *c, const struct dma_map *map,
			const struct dma_check_entry *e, const struct dma_chain *call)
{
	struct dma_finding f = finding(DMA_FOUND_UNCHECKED, map->device, e, map, call);

	if (!map->asked)
		dma_found(c, &f,
			  "mapped and unmapped, but dma_mapping_error() was never asked");
}

/* No ring goes on with a list that ends. */
static void forget_list(struct dma_checker *c, const struct dma_map *map)
{
	const struct dma_map *at = map;

	do {
		for (unsigned int i = 0; i < c->channel.nr; i++)
			if (c->list[i] == at)
				c->list[i] = NULL;
		at = at->next_segment;
	} while (at != map);
}

static enum dma_map_kind kind_of(const struct dma_check_entry *e)
{
	switch (e->kind) {
	case DMA_CHECK_UNMAP:
		return DMA_SINGLE;
	case DMA_CHECK_UNMAP_SG:
		return DMA_SG;
	case DMA_CHECK_UNMAP_RESOURCE:
		return DMA_RESOURCE;
	default:
		return DMA_COHERENT;
	}
}

void dma_judge_unmap(struct dma_checker *c, struct dma_device *device,
		     const struct dma_check_entry *e, const struct dma_chain *call)
{
	enum dma_map_kind kind = kind_of(e);
	struct dma_map *map = dma_maps_at(device, e->addr, kind, e->size, e->dir), *at;

	if (!map) {
		judge_nothing(c, device, e, call);
		return;
	}
	if (judge_address(c, map, e, call))
		return;
	judge_values(c, map, e, kind, call);
	judge_asked(c, map, e, call);
	at = map;
	do {
		dma_judge_in_use(c, at, call);
		dma_judge_owner(c, at, at->bus.first, at->bus.last, call);
		at = at->next_segment;
	} while (at != map);
	if (map->kind == DMA_SG)
		forget_list(c, map);
	dma_maps_end(&c->maps, map, call);
}

/* --- sync -------------------------------------------------------------------------------- */

static bool for_cpu(const struct dma_check_entry *e)
{
	return e->kind == DMA_CHECK_SYNC_FOR_CPU || e->kind == DMA_CHECK_SYNC_SG_FOR_CPU;
}

static bool of_list(const struct dma_check_entry *e)
{
	return e->kind == DMA_CHECK_SYNC_SG_FOR_CPU ||
	       e->kind == DMA_CHECK_SYNC_SG_FOR_DEVICE;
}

static void hand_over(struct dma_checker *c, struct dma_map *map, uint64_t first,
		      uint64_t last, bool to_cpu, const struct dma_chain *call)
{
	if (to_cpu) {
		dma_judge_owner(c, map, first, last, call);
		dma_chunks_to_cpu(map, first, last);
	} else {
		dma_chunks_to_device(map, first, last);
	}
}

static void judge_sync_outside(struct dma_checker *c, const struct dma_device *device,
			       const struct dma_check_entry *e, const struct dma_map *map,
			       const struct dma_chain *call)
{
	const struct dma_map *dead = dma_maps_dead(device, e->addr, e->addr);
	struct dma_finding f =
		finding(DMA_FOUND_SYNC_OUTSIDE, device, e, map ? map : dead, call);

	if (map)
		dma_found(c, &f,
			  "%" PRIu64 " bytes from 0x%" PRIx64
			  " on run past the end of the mapping",
			  e->size, e->addr);
	else
		dma_found(c, &f, "0x%" PRIx64 " %s", e->addr,
			  dead ? "is no longer mapped" : "was never mapped");
}

static void judge_sync_direction(struct dma_checker *c, const struct dma_map *map,
				 const struct dma_check_entry *e,
				 const struct dma_chain *call)
{
	struct dma_finding f =
		finding(DMA_FOUND_SYNC_DIRECTION, map->device, e, map, call);

	if (map->dir != DMA_CHECK_BIDIRECTIONAL && map->dir != e->dir)
		dma_found(c, &f, "mapped %s, synced %s for the %s",
			  dma_dir_name(map->dir), dma_dir_name(e->dir),
			  for_cpu(e) ? "CPU" : "device");
}

static void judge_sync_list(struct dma_checker *c, struct dma_map *map,
			    const struct dma_check_entry *e, const struct dma_chain *call)
{
	struct dma_finding f = finding(DMA_FOUND_SYNC_ENTRIES, map->device, e, map, call);
	struct dma_map *at = map;

	if (e->entries != map->entries)
		dma_found(c, &f, "%u entries were mapped, %u are synced", map->entries,
			  e->entries);
	do {
		hand_over(c, at, at->bus.first, at->bus.last, for_cpu(e), call);
		at = at->next_segment;
	} while (at != map);
}

void dma_judge_sync(struct dma_checker *c, struct dma_device *device,
		    const struct dma_check_entry *e, const struct dma_chain *call)
{
	uint64_t last = last_of(e->addr, e->size);
	struct dma_map *map;

	map = of_list(e) ? dma_maps_at(device, e->addr, DMA_SG, 0, e->dir)
			 : dma_maps_around(device, e->addr, last, e->dir);
	if (!map || (of_list(e) && map->kind != DMA_SG) ||
	    (!of_list(e) && last > map->bus.last)) {
		judge_sync_outside(c, device, e, of_list(e) ? NULL : map, call);
		return;
	}
	judge_sync_direction(c, map, e, call);
	if (of_list(e))
		judge_sync_list(c, map, e, call);
	else
		hand_over(c, map, e->addr, last, for_cpu(e), call);
}

/* --- a driver lets go -------------------------------------------------------------------- */

static bool judge_leak(void *arg, struct interval *i)
{
	struct dma_checker *c = arg;
	const struct dma_map *map = container_of(i, struct dma_map, bus);
	struct dma_finding f = { .kind = DMA_FOUND_LEAK,
				 .endpoint = map->device->endpoint,
				 .addr = map->bus.first,
				 .size = dma_map_size(map),
				 .map = map };

	if (!map->index)
		dma_found(c, &f, "%" PRIu64 " bytes at 0x%" PRIx64 " are left",
			  list_size(map), map->bus.first);
	return false;
}

void dma_judge_release(struct dma_checker *c, const struct dma_device *device)
{
	interval_each(&device->live, 0, UINT64_MAX, judge_leak, c);
}
