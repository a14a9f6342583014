/* SPDX-License-Identifier: MIT */
/*
 * What the slab caches can spare: slabs without a used object, and objects that CPUs and
 * depots keep ready.  In pages.
 */
#include <linux/mm.h>
#include <linux/shrinker.h>
#include "mm/platform.h"
#include "mm/reclaim.h"
#include "mm/slab.h"
#include "mm/slab_info.h"

#define MAGAZINE_MOST magazine_capacity(MAGAZINE_TYPES - 1)

/* The CPUs go on meanwhile: their words may not fit together. */
static unsigned long cached_objects(const struct kmem_cache *s)
{
	unsigned long n = READ_ONCE(s->depot.objects);

	for (unsigned int cpu = 0; cpu < num_possible_cpus(); cpu++) {
		const struct kmem_cpu_cache *cc = &s->cpu[cpu];
		void **base = READ_ONCE(cc->base), **top = READ_ONCE(cc->top);

		if (base && top > base && top <= base + MAGAZINE_MOST)
			n += (unsigned long)(top - base) + READ_ONCE(cc->previous_rounds);
	}
	return n;
}

/* The free slabs, and as many as the cached objects would fill. */
static int count_cache(struct kmem_cache *s, void *arg)
{
	unsigned long *pages = arg;
	unsigned long slabs = READ_ONCE(s->lists.nr_free);

	if (!(s->flags & SLAB_INTERNAL))
		slabs += cached_objects(s) / s->objects;
	*pages += slabs << s->order;
	return 0;
}

static unsigned long slab_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long pages = 0;

	(void)shrinker;
	(void)sc;
	kmem_cache_for_each(count_cache, &pages);
	return pages;
}

static int drain_cache_cpu(struct kmem_cache *s, void *cpu)
{
	if (!(s->flags & SLAB_INTERNAL))
		magazine_drain_cpu(s, *(unsigned int *)cpu);
	return 0;
}

static void drain_cpu(void *unused, unsigned int cpu)
{
	(void)unused;
	kmem_cache_for_each(drain_cache_cpu, &cpu);
}

static int add_pages(struct kmem_cache *s, void *arg)
{
	*(unsigned long *)arg += READ_ONCE(s->lists.pages);
	return 0;
}

static unsigned long pages_in_slabs(void)
{
	unsigned long pages = 0;

	kmem_cache_for_each(add_pages, &pages);
	return pages;
}

static unsigned long slab_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long before = pages_in_slabs(), after;

	(void)shrinker;
	(void)sc;
	platform_on_each_cpu(drain_cpu, NULL);
	slab_reap();
	after = pages_in_slabs();
	return before > after ? before - after : SHRINK_STOP;
}

/* One call does it all, so it is made for any amount. */
static struct shrinker slab_shrinker = {
	.count_objects = slab_count,
	.scan_objects = slab_scan,
	.batch = 1,
};

void slab_shrinker_init(void)
{
	register_shrinker(&slab_shrinker, "slab");
}
