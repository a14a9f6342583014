/* SPDX-License-Identifier: MIT */
/* Zones, the free blocks in per-CPU lists, and the counters of the DMA API. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/memstate/memstate.h"

/* --- per-CPU lists ------------------------------------------------------------------- */

/* More would be a table that makes no sense. */
#define PCP_SLOTS_MAX 4096
#define PCP_LISTS_MAX 16

/* The entries of one stack: from its top down to the NULL below it, inside the slots. */
static int count_stack(struct memstate_view *view, uint64_t pcp, unsigned int order,
		       uint64_t *pages)
{
	const struct memstate_pcp *d = &view->mm.pcp;
	uint64_t slots = pcp + d->slot.offset, top, entry, depth;
	int ret = memstate_field(view, pcp, &d->top, order, &top, "a per-CPU list");

	if (ret || !top)
		return ret;
	if (top % sizeof(entry) || top <= slots ||
	    top - slots > (uint64_t)d->slot.count * sizeof(entry))
		return memstate_bad(view,
				    "a per-CPU list of order %u has its top at %#llx, "
				    "outside it",
				    order, (unsigned long long)top);
	for (depth = 0; top - depth * sizeof(entry) > slots; depth++) {
		ret = memstate_read_pointer(view, top - (depth + 1) * sizeof(entry),
					    &entry, "a per-CPU list");
		if (ret)
			return ret;
		if (!entry)
			break;
	}
	*pages += depth << order;
	return 0;
}

static int count_pcp(struct memstate_view *view, uint64_t array, unsigned int zone,
		     unsigned int cpus, struct zone_state *z)
{
	const struct memstate_pcp *d = &view->mm.pcp;
	unsigned int i, order;
	uint64_t allocs;
	int ret = 0;

	for (i = 0; i < cpus * d->lists && !ret; i++) {
		uint64_t pcp = array + (uint64_t)(i / d->lists) * d->cpu_stride +
			       (uint64_t)zone * d->zone_stride +
			       (uint64_t)(i % d->lists) * d->list_stride;

		for (order = 0; order < d->top.count && !ret; order++)
			ret = count_stack(view, pcp, order, &z->pcp);
		if (!ret)
			ret = memstate_field(view, pcp, &d->allocs, 0, &allocs,
					     "a per-CPU list");
		if (!ret)
			z->pcp_allocs += allocs;
	}
	return ret;
}

/* Where the array of per-CPU lists is, checked; 0: there is none yet. */
static int find_pcps(struct memstate_view *view, uint64_t *array)
{
	const struct memstate_pcp *d = &view->mm.pcp;
	int ret = memstate_read_pointer(view, d->pointer_va, array, "the per-CPU lists");

	if (ret || !*array)
		return ret;
	if (d->top.count > MEMSTATE_ORDERS_MAX || d->slot.count > PCP_SLOTS_MAX ||
	    d->slot.size != sizeof(uint64_t) || d->lists > PCP_LISTS_MAX)
		return memstate_bad(view,
				    "%u per-CPU lists of %u orders and %u slots in each "
				    "zone",
				    d->lists, d->top.count, d->slot.count);
	return 0;
}

/* The room of the stack of single pages: from the NULL below its bottom to its limit. */
static int read_room(struct memstate_view *view, uint64_t pcp, uint64_t *room)
{
	const struct memstate_pcp *d = &view->mm.pcp;
	uint64_t slots = pcp + d->slot.offset, limit = 0, entry = 1, n;
	int ret = memstate_field(view, pcp, &d->limit, 0, &limit, "a per-CPU list");

	*room = 0;
	if (ret || !limit)
		return ret;
	if (limit % sizeof(entry) || limit <= slots ||
	    limit - slots > (uint64_t)d->slot.count * sizeof(entry))
		return memstate_bad(view,
				    "a per-CPU list has its limit at %#llx, outside it",
				    (unsigned long long)limit);
	/* Of the first stack, the NULL is the first slot. */
	n = (limit - slots) / sizeof(entry);
	*room = n - 1;
	return 0;
}

static int read_pageset(struct memstate_view *view, uint64_t array, unsigned int zone,
			unsigned int cpu, struct pageset *set)
{
	const struct memstate_pcp *d = &view->mm.pcp;
	uint64_t pcps =
		array + (uint64_t)cpu * d->cpu_stride + (uint64_t)zone * d->zone_stride;
	unsigned int list, order;
	int ret = read_room(view, pcps, &set->high);

	set->batch = (set->high + 3) / 4;
	if (set->batch > d->batch_max)
		set->batch = d->batch_max;
	for (list = 0; list < d->lists && !ret; list++)
		for (order = 0; order < d->top.count && !ret; order++)
			ret = count_stack(view, pcps + (uint64_t)list * d->list_stride,
					  order, &set->count);
	return ret;
}

int memstate_read_pagesets(struct memstate_view *view, unsigned int zone,
			   struct pageset **sets, unsigned int *nr)
{
	uint64_t array = 0, online = UINT64_MAX;
	unsigned int cpus = 0, cpu;
	struct pageset *new;
	int ret;

	memstate_refresh(view);
	ret = find_pcps(view, &array);
	if (!ret && array)
		ret = memstate_cpus(view, &cpus);
	if (!ret && view->mm.pcp.online_va)
		ret = memstate_read_pointer(view, view->mm.pcp.online_va, &online,
					    "the CPUs that run");
	if (ret)
		return ret;
	new = calloc(cpus + 1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	for (cpu = 0; cpu < cpus && !ret; cpu++) {
		new[cpu].online = cpu >= 64 || online >> cpu & 1;
		ret = read_pageset(view, array, zone, cpu, &new[cpu]);
	}
	if (ret) {
		free(new);
		return ret;
	}
	*sets = new;
	*nr = cpus;
	return 0;
}

static int read_pcps(struct memstate_view *view, struct zone_states *zones)
{
	unsigned int cpus = 0, i;
	uint64_t array;
	int ret = find_pcps(view, &array);

	if (ret || !array)
		return ret;
	ret = memstate_cpus(view, &cpus);
	for (i = 0; i < zones->nr && !ret; i++)
		ret = count_pcp(view, array, i, cpus, &zones->zone[i]);
	return ret;
}

/* --- zones --------------------------------------------------------------------------- */

static int read_numbers(struct memstate_view *view, uint64_t va, struct zone_state *z)
{
	const struct memstate_zones *d = &view->mm.zones;
	const struct memstate_want want[] = {
		{ &d->start_pfn, &z->start_pfn },
		{ &d->end_pfn, &z->end_pfn },
		{ &d->present, &z->present },
		{ &d->managed, &z->managed },
		{ &d->free, &z->free },
		{ &d->fresh_blocks, &z->fresh_blocks },
		{ &d->cma, &z->cma },
		{ &d->free_cma, &z->free_cma },
		{ &d->splits, &z->splits },
		{ &d->merges, &z->merges },
		{ &d->takes, &z->takes },
		{ &d->puts, &z->puts },
	};

	return memstate_fields(view, va, want, sizeof(want) / sizeof(want[0]), z->name);
}

static int check_zone(struct memstate_view *view, struct zone_state *z)
{
	uint64_t frames = view->ram_end / view->mm.page_size, free = 0;
	unsigned int order;

	if (z->start_pfn > z->end_pfn || z->end_pfn > frames)
		return memstate_bad(view, "zone %s: frames %#llx to %#llx of %#llx",
				    z->name, (unsigned long long)z->start_pfn,
				    (unsigned long long)z->end_pfn,
				    (unsigned long long)frames);
	if (z->managed > z->end_pfn - z->start_pfn || z->free > z->managed)
		return memstate_bad(view,
				    "zone %s: %llu pages free of %llu managed in %llu "
				    "frames",
				    z->name, (unsigned long long)z->free,
				    (unsigned long long)z->managed,
				    (unsigned long long)(z->end_pfn - z->start_pfn));
	if (z->cma > z->managed || z->free_cma > z->cma)
		return memstate_bad(
			view, "zone %s: %llu pages free of %llu in contiguous areas",
			z->name, (unsigned long long)z->free_cma,
			(unsigned long long)z->cma);
	for (order = 0; order <= view->mm.pages.max_order; order++) {
		if (z->nr_free[order] > z->managed >> order)
			return memstate_bad(view,
					    "zone %s: %llu free blocks of order %u in "
					    "%llu pages",
					    z->name,
					    (unsigned long long)z->nr_free[order], order,
					    (unsigned long long)z->managed);
		free += z->nr_free[order] << order;
	}
	z->adds_up = free == z->free;
	return 0;
}

static int read_zone(struct memstate_view *view, unsigned int i, struct zone_state *z)
{
	const struct memstate_zones *d = &view->mm.zones;
	uint64_t va = d->va + (uint64_t)i * d->stride;
	unsigned int top = view->mm.pages.max_order;
	int ret;

	*z = (struct zone_state){ .name = "" };
	memcpy(z->name, d->name[i], sizeof(d->name[i]));
	ret = read_numbers(view, va, z);
	if (!ret)
		ret = memstate_field_array(view, va, &d->nr_free, z->nr_free, top + 1,
					   z->name);
	if (!ret)
		ret = memstate_field_array(view, va, &d->watermark, z->watermark, MARKS,
					   z->name);
	if (!ret)
		ret = memstate_field_array(view, va, &d->lowmem_reserve,
					   z->lowmem_reserve, d->count, z->name);
	if (ret)
		return ret;
	if (__builtin_add_overflow(z->nr_free[top], z->fresh_blocks, &z->nr_free[top]))
		return memstate_bad(view, "zone %s: %llu fresh blocks", z->name,
				    (unsigned long long)z->fresh_blocks);
	return check_zone(view, z);
}

int memstate_read_zones(struct memstate_view *view, struct zone_states *zones)
{
	struct zone_states new = { .nr = view->mm.zones.count,
				   .orders = view->mm.pages.max_order + 1 };
	unsigned int i;
	int ret = 0;

	memstate_refresh(view);
	for (i = 0; i < new.nr && !ret; i++)
		ret = read_zone(view, i, &new.zone[i]);
	if (!ret)
		ret = read_pcps(view, &new);
	if (!ret)
		*zones = new;
	return ret;
}

int memstate_read_dma(struct memstate_view *view, struct dma_state *dma)
{
	const struct memstate_dma *d = &view->mm.dma;
	struct dma_state new = { 0 };
	const struct memstate_want want[] = {
		{ &d->mappings, &new.mappings },
		{ &d->mapped_bytes, &new.mapped_bytes },
		{ &d->coherent, &new.coherent },
		{ &d->coherent_bytes, &new.coherent_bytes },
		{ &d->refused, &new.refused },
	};
	int ret;

	memstate_refresh(view);
	ret = memstate_fields(view, d->va, want, sizeof(want) / sizeof(want[0]),
			      "the DMA counters");
	if (!ret)
		*dma = new;
	return ret;
}
