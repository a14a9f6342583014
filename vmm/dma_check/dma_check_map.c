/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "devices/util.h"
#include "vmm/dma_check/dma_check_map.h"
#include "vmm/dma_check/dma_check_owner.h"

static struct dma_map *of_bus(struct interval *i)
{
	return container_of(i, struct dma_map, bus);
}

static struct dma_map *of_lines(struct interval *i)
{
	return container_of(i, struct dma_map, lines);
}

bool dma_map_allows(const struct dma_map *map, uint8_t dir)
{
	return dir == DMA_CHECK_BIDIRECTIONAL || map->dir == DMA_CHECK_BIDIRECTIONAL ||
	       map->dir == dir;
}

/* --- devices --------------------------------------------------------------------------- */

struct dma_device *dma_maps_find_device(struct dma_maps *maps, uint32_t endpoint)
{
	for (unsigned int i = 0; i < maps->nr_devices; i++)
		if (maps->device[i].endpoint == endpoint)
			return &maps->device[i];
	return NULL;
}

struct dma_device *dma_maps_device(struct dma_maps *maps, uint32_t endpoint)
{
	struct dma_device *device = dma_maps_find_device(maps, endpoint);

	if (device || maps->nr_devices == DMA_DEVICES_MAX)
		return device;
	device = &maps->device[maps->nr_devices++];
	*device = (struct dma_device){ .endpoint = endpoint };
	return device;
}

/* --- mappings come and go --------------------------------------------------------------- */

/* The cache lines that a device may write. */
static void add_lines(struct dma_maps *maps, struct dma_map *map)
{
	uint64_t last;

	if (map->kind == DMA_COHERENT || map->dir == DMA_CHECK_TO_DEVICE || !map->phys ||
	    __builtin_add_overflow(map->phys, dma_map_size(map) - 1, &last))
		return;
	map->lines.first = map->phys & ~(uint64_t)(DMA_LINE - 1);
	map->lines.last = last | (DMA_LINE - 1);
	map->has_lines = true;
	interval_add(&maps->lines, &map->lines);
}

static void link_segment(struct dma_map *map, struct dma_map *list)
{
	map->next_segment = map;
	if (list) {
		map->next_segment = list->next_segment;
		list->next_segment = map;
	}
}

struct dma_chain dma_chain_of(const struct dma_check_entry *e)
{
	struct dma_chain chain = { 0 };

	chain.depth = e->depth < DMA_CHECK_CHAIN ? e->depth : DMA_CHECK_CHAIN;
	for (unsigned int i = 0; i < chain.depth; i++)
		chain.pc[i] = e->chain[i];
	return chain;
}

struct dma_map *dma_maps_add(struct dma_maps *maps, struct dma_device *device,
			     const struct dma_check_entry *e, enum dma_map_kind kind,
			     struct dma_map *list)
{
	struct dma_map *map;

	map = maps->nr_live < DMA_LIVE_MAX ? calloc(1, sizeof(*map)) : NULL;
	if (!map)
		return NULL;
	map->bus.first = e->addr;
	map->bus.last = e->addr + e->size - 1;
	map->dir = kind == DMA_COHERENT ? DMA_CHECK_BIDIRECTIONAL : e->dir;
	map->kind = kind;
	map->asked = kind == DMA_SG || kind == DMA_COHERENT;
	if (kind == DMA_SG) {
		map->entries = e->entries;
		map->index = e->index;
	}
	map->phys = e->phys;
	map->device = device;
	map->made = list && !e->depth ? list->made : dma_chain_of(e);
	link_segment(map, list);
	add_lines(maps, map);
	interval_add(&device->live, &map->bus);
	maps->nr_live++;
	return map;
}

/* There is one. */
static void forget_oldest(struct dma_maps *maps)
{
	struct dma_map *map = maps->oldest_dead;

	maps->oldest_dead = map->next_dead;
	if (!maps->oldest_dead)
		maps->newest_dead = NULL;
	maps->nr_dead--;
	interval_remove(&map->device->dead, &map->bus);
	free(map);
}

static void bury(struct dma_maps *maps, struct dma_map *map,
		 const struct dma_chain *ended)
{
	if (map->has_lines)
		interval_remove(&maps->lines, &map->lines);
	interval_remove(&map->device->live, &map->bus);
	maps->nr_live--;
	dma_chunks_free(map);
	map->has_lines = false;
	map->ended = *ended;
	map->end = ++maps->ends;
	map->next_segment = map;
	map->next_dead = NULL;
	*(maps->newest_dead ? &maps->newest_dead->next_dead : &maps->oldest_dead) = map;
	maps->newest_dead = map;
	maps->nr_dead++;
	interval_add(&map->device->dead, &map->bus);
}

void dma_maps_end(struct dma_maps *maps, struct dma_map *map,
		  const struct dma_chain *ended)
{
	struct dma_map *at = map->next_segment, *next;

	for (; at != map; at = next) {
		next = at->next_segment;
		bury(maps, at, ended);
	}
	bury(maps, map, ended);
	while (maps->nr_dead > DMA_DEAD_MAX)
		forget_oldest(maps);
}

static void free_all(struct intervals *set)
{
	while (set->root) {
		struct dma_map *map = of_bus(set->root);

		interval_remove(set, set->root);
		dma_chunks_free(map);
		free(map);
	}
}

void dma_maps_fini(struct dma_maps *maps)
{
	for (unsigned int i = 0; i < maps->nr_devices; i++) {
		free_all(&maps->device[i].live);
		free_all(&maps->device[i].dead);
		free(maps->device[i].start);
	}
	*maps = (struct dma_maps){ 0 };
}

/* --- questions --------------------------------------------------------------------------- */

struct best {
	struct dma_map *map;
	uint64_t score;
	/* What is looked for. */
	uint64_t first, last;
	enum dma_map_kind kind;
	uint8_t dir;
};

static void consider(struct best *best, struct dma_map *map, uint64_t score)
{
	if (!best->map || score > best->score) {
		best->map = map;
		best->score = score;
	}
}

static bool starts_here(void *arg, struct interval *i)
{
	struct best *best = arg;
	struct dma_map *map = of_bus(i);

	if (i->first == best->first)
		consider(best, map,
			 (map->kind == best->kind ? 4u : 0u) +
				 (i->last == best->last ? 2u : 0u) +
				 (map->dir == best->dir ? 1u : 0u));
	return false;
}

struct dma_map *dma_maps_at(const struct dma_device *device, uint64_t addr,
			    enum dma_map_kind kind, uint64_t size, uint8_t dir)
{
	struct best best = {
		.first = addr, .last = addr + size - 1, .kind = kind, .dir = dir
	};

	interval_each(&device->live, addr, addr, starts_here, &best);
	return best.map;
}

static bool contains_first(void *arg, struct interval *i)
{
	struct best *best = arg;
	bool whole = i->last >= best->last;

	if (i->first > best->first)
		return false;
	consider(best, of_bus(i),
		 (whole ? 2u : 0u) + (dma_map_allows(of_bus(i), best->dir) ? 1u : 0u));
	return best->score == 3;
}

struct dma_map *dma_maps_around(const struct dma_device *device, uint64_t first,
				uint64_t last, uint8_t dir)
{
	struct best best = { .first = first, .last = last, .dir = dir };

	interval_each(&device->live, first, first, contains_first, &best);
	return best.map;
}

static bool asks(void *arg, struct interval *i)
{
	const uint64_t *addr = arg;
	struct dma_map *map = of_bus(i);

	if (i->first != *addr || map->asked)
		return false;
	map->asked = true;
	return true;
}

void dma_maps_asked(const struct dma_device *device, uint64_t addr)
{
	interval_each(&device->live, addr, addr, asks, &addr);
}

static bool ended_last(void *arg, struct interval *i)
{
	struct best *best = arg;

	consider(best, of_bus(i), of_bus(i)->end);
	return false;
}

struct dma_map *dma_maps_dead(const struct dma_device *device, uint64_t first,
			      uint64_t last)
{
	struct best best = { 0 };

	interval_each(&device->dead, first, last, ended_last, &best);
	return best.map;
}

struct sharing {
	const struct dma_map *map;
	struct dma_map *other;
};

static bool other_than(void *arg, struct interval *i)
{
	struct sharing *s = arg;

	if (of_lines(i) == s->map)
		return false;
	s->other = of_lines(i);
	return true;
}

struct dma_map *dma_maps_sharing(const struct dma_maps *maps, const struct dma_map *map)
{
	struct sharing s = { .map = map };

	if (map->has_lines)
		interval_each(&maps->lines, map->lines.first, map->lines.last, other_than,
			      &s);
	return s.other;
}
