/* SPDX-License-Identifier: MIT */
/* Reading the state of caches: counters, single objects, objects in use. */
#include "mm/slab.h"
#include "mm/slab_info.h"

unsigned int kmem_cache_cpu_objects(struct kmem_cache *s, unsigned int cpu)
{
	const struct kmem_cpu_cache *cc = &s->cpu[cpu];

	if (s->flags & SLAB_INTERNAL)
		return 0;
	return cpu_rounds(cc) + READ_ONCE(cc->previous_rounds) + READ_ONCE(cc->shelved);
}

static void slabinfo_geometry(const struct kmem_cache *s, struct slabinfo *info)
{
	info->name = s->name;
	info->flags = s->flags & ~(SLAB_UNCACHED | SLAB_INTERNAL | SLAB_HOOK_FLAGS);
	info->object_size = s->object_size;
	info->stride = s->size;
	info->align = s->align;
	info->objects_per_slab = s->objects;
	info->order = s->order;
	info->colours = s->colours;
	info->magazine_size = s->flags & SLAB_UNCACHED
				      ? 0
				      : magazine_capacity(READ_ONCE(s->depot.type));
}

void get_slabinfo(struct kmem_cache *s, struct slabinfo *info)
{
	struct slab_lists *lists = &s->lists;
	unsigned long flags, inuse, cached;

	slabinfo_geometry(s, info);
	info->cpu_cached = 0;
	for (unsigned int cpu = 0; cpu < num_possible_cpus(); cpu++)
		info->cpu_cached += kmem_cache_cpu_objects(s, cpu);
	info->depot_cached = READ_ONCE(s->depot.objects);
	spin_lock_irqsave(&lists->lock, flags);
	inuse = lists->inuse;
	info->num_objs = lists->objects;
	info->slabs_partial = lists->nr_partial;
	info->slabs_full = lists->nr_full;
	info->slabs_free = lists->nr_free;
	info->pages = lists->pages;
	info->slabs_created = lists->created;
	info->slabs_freed = lists->freed;
	spin_unlock_irqrestore(&lists->lock, flags);
	cached = info->cpu_cached + info->depot_cached;
	info->active_objs = (inuse > cached ? inuse - cached : 0) + kfence_objects(s);
}

static int slabinfo_print_one(struct kmem_cache *s, void *arg)
{
	struct slabinfo info;

	(void)arg;
	get_slabinfo(s, &info);
	pr_info("%-20s %8lu %8lu %7u %5u %4u : cpu %6lu depot %6lu : slabs %6lu %6lu %6lu\n",
		info.name, info.active_objs, info.num_objs, info.object_size,
		info.objects_per_slab, 1U << info.order, info.cpu_cached,
		info.depot_cached, info.slabs_partial, info.slabs_full, info.slabs_free);
	return 0;
}

void slabinfo_print(void)
{
	pr_info("# name            <active> <objects> <size> <per slab> <pages> : cached : "
		"slabs <partial> <full> <free>\n");
	kmem_cache_for_each(slabinfo_print_one, NULL);
}

static void slab_object_fill(struct kmem_cache *s, struct slab *slab, unsigned int index,
			     struct slab_object_info *info)
{
	info->cache = s;
	info->object = slab_object(s, slab, index);
	info->index = index;
	info->colour = slab->colour * 8U;
	info->allocated = !slab_object_free(slab, index);
	info->alloc_site = slab_debug_site(s, info->object, false);
	info->free_site = slab_debug_site(s, info->object, true);
}

void slab_object_info(const void *addr, struct slab_object_info *info)
{
	struct kmem_cache *s = slab_cache_of(addr);
	int index;

	if (is_kfence_address(addr)) {
		kfence_object_info(addr, info);
		return;
	}
	*info = (struct slab_object_info){ .cache = s };
	if (!s)
		return;
	index = slab_index_inside(s, slab_of(addr), addr);
	if (index >= 0)
		slab_object_fill(s, slab_of(addr), (unsigned int)index, info);
}

static int slab_walk(struct kmem_cache *s, struct list_head *slabs,
		     int (*fn)(const struct slab_object_info *obj, void *arg), void *arg)
{
	struct slab_object_info info;
	struct slab *slab;
	int err;

	list_for_each_entry (slab, slabs, list)
		for (unsigned int i = 0; i < slab->objects; i++) {
			if (slab_object_free(slab, i))
				continue;
			slab_object_fill(s, slab, i, &info);
			err = fn(&info, arg);
			if (err)
				return err;
		}
	return 0;
}

int kmem_cache_for_each_object(struct kmem_cache *s,
			       int (*fn)(const struct slab_object_info *obj, void *arg),
			       void *arg)
{
	int err;

	slab_drain(s);
	err = slab_walk(s, &s->lists.full, fn, arg);
	if (!err)
		err = slab_walk(s, &s->lists.partial, fn, arg);
	return err ? err : kfence_for_each_object(s, fn, arg);
}
