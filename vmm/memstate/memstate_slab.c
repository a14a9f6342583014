/* SPDX-License-Identifier: MIT */
/* The list of slab caches. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/util/array.h"
#include "vmm/memstate/memstate.h"

#define POINTER_SIZE 8

/* The objects that one CPU holds ready. */
static int count_cpu(struct memstate_view *view, uint64_t va, unsigned int cpu,
		     const char *what, uint64_t *objects)
{
	const struct memstate_slab *d = &view->mm.slab;
	uint64_t top, base, previous, shelved;
	int ret = memstate_field(view, va, &d->cpu_top, cpu, &top, what);

	if (!ret)
		ret = memstate_field(view, va, &d->cpu_base, cpu, &base, what);
	if (!ret)
		ret = memstate_field(view, va, &d->cpu_previous, cpu, &previous, what);
	if (!ret)
		ret = memstate_field(view, va, &d->cpu_shelved, cpu, &shelved, what);
	if (ret)
		return ret;
	if (top < base || (top - base) % POINTER_SIZE)
		return memstate_bad(view, "%s: CPU %u holds objects from %#llx to %#llx",
				    what, cpu, (unsigned long long)base,
				    (unsigned long long)top);
	*objects += (top - base) / POINTER_SIZE + previous + shelved;
	return 0;
}

static int count_cached(struct memstate_view *view, uint64_t va, unsigned int cpus,
			const char *what, struct cache_state *c)
{
	unsigned int cpu;
	int ret = memstate_field(view, va, &view->mm.slab.depot_objects, 0, &c->cached,
				 what);

	for (cpu = 0; cpu < cpus && !ret; cpu++)
		ret = count_cpu(view, va, cpu, what, &c->cached);
	return ret;
}

static int read_numbers(struct memstate_view *view, uint64_t va, const char *what,
			struct cache_state *c)
{
	const struct memstate_slab *d = &view->mm.slab;
	const struct memstate_want want[] = {
		{ &d->flags, &c->flags },
		{ &d->object_size, &c->object_size },
		{ &d->size, &c->size },
		{ &d->order, &c->order },
		{ &d->nr_partial, &c->slabs_partial },
		{ &d->nr_full, &c->slabs_full },
		{ &d->nr_free, &c->slabs_free },
		{ &d->objects, &c->objects },
		{ &d->inuse, &c->inuse },
		{ &d->pages, &c->pages },
		{ &d->created, &c->created },
		{ &d->freed, &c->freed },
		{ &d->slab_objects, &c->per_slab },
	};

	return memstate_fields(view, va, want, sizeof(want) / sizeof(want[0]), what);
}

/* What is counted must fit into RAM: then no sum over caches can overflow. */
static int check(struct memstate_view *view, const char *what,
		 const struct cache_state *c)
{
	uint64_t frames = view->ram_end / view->mm.page_size;

	if (c->pages > frames || c->objects > view->ram_end || c->inuse > c->objects ||
	    c->cached > view->ram_end || c->object_size > view->ram_end ||
	    c->size > view->ram_end || c->order >= MEMSTATE_ORDERS_MAX ||
	    c->slabs_partial > frames || c->slabs_full > frames || c->slabs_free > frames)
		return memstate_bad(
			view,
			"%s: %llu of %llu objects of %llu bytes in %llu "
			"pages of order %llu",
			what, (unsigned long long)c->inuse,
			(unsigned long long)c->objects, (unsigned long long)c->size,
			(unsigned long long)c->pages, (unsigned long long)c->order);
	return 0;
}

static int read_cache(struct memstate_view *view, uint64_t va, unsigned int cpus,
		      struct cache_state *c)
{
	uint64_t name = 0;
	char what[64];
	int ret;

	*c = (struct cache_state){ .va = va };
	snprintf(what, sizeof(what), "slab cache at %#llx", (unsigned long long)va);
	ret = memstate_field(view, va, &view->mm.slab.name, 0, &name, what);
	if (!ret && name)
		ret = memstate_read_string(view, name, c->name, sizeof(c->name), what);
	if (!ret)
		ret = read_numbers(view, va, what, c);
	if (!ret)
		ret = count_cached(view, va, cpus, what, c);
	return ret ? ret : check(view, what, c);
}

static int append(struct cache_states *caches, const struct cache_state *c)
{
	struct cache_state *more =
		array_append(caches->cache, &caches->nr, c, sizeof(*c));

	if (!more)
		return -ENOMEM;
	caches->cache = more;
	return 0;
}

static int walk_list(struct memstate_view *view, unsigned int cpus,
		     struct cache_states *caches)
{
	const struct memstate_slab *d = &view->mm.slab;
	uint64_t node;
	int ret = memstate_read_pointer(view, d->list_va, &node, "the list of caches");

	/* NULL: not set up yet. */
	while (!ret && node && node != d->list_va) {
		struct cache_state c;
		uint64_t va = node - d->node.offset;

		if (caches->nr == MEMSTATE_CACHES_MAX)
			return memstate_bad(view,
					    "the list of caches does not end after %u",
					    MEMSTATE_CACHES_MAX);
		ret = read_cache(view, va, cpus, &c);
		if (!ret)
			ret = append(caches, &c);
		if (!ret)
			ret = memstate_field(view, va, &d->node, 0, &node,
					     "the list of caches");
		if (!ret && !node)
			return memstate_bad(
				view, "the list of caches breaks off behind %s", c.name);
	}
	return ret;
}

int memstate_read_caches(struct memstate_view *view, struct cache_states *caches)
{
	struct cache_states new = { 0 };
	unsigned int cpus = 0;
	int ret;

	memstate_refresh(view);
	ret = memstate_cpus(view, &cpus);
	if (!ret && view->mm.slab.list_va)
		ret = walk_list(view, cpus, &new);
	if (ret) {
		free(new.cache);
		return ret;
	}
	free(caches->cache);
	*caches = new;
	return 0;
}
