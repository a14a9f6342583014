/* SPDX-License-Identifier: MIT */
/*
 * Slab caches.
 *
 * A cache cuts slabs (one block of pages each) into objects of one size.  Each CPU keeps
 * an array of free objects, used last in, first out, so an object freed here is had again
 * here, warm, and without a lock; another CPU does not see it.  A slab is full, partial or
 * free.  A constructor runs once for each object when its slab is made, not at allocation:
 * objects are freed in their constructed state.  The bytes a slab has left over shift its
 * first object (its colour), so that objects of different slabs do not all compete for the
 * same cache sets.  A cache whose objects are still out cannot be destroyed.
 *
 * Witnesses: the addresses themselves, and the cache's own counts.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/sprintf.h>
#include <linux/string.h>

#include <mm/slab_info.h>

#include "experiment.h"
#include "watched.h"

#define CHAPTER CHAPTER_SLAB

static struct kmem_cache *make_cache(struct trial *x, const char *name, unsigned int size,
				     unsigned int align, slab_flags_t flags,
				     void (*ctor)(void *))
{
	struct kmem_cache *s = kmem_cache_create(name, size, align, flags, ctor);

	expect(x, s, "cache %s of %u bytes cannot be created", name, size);
	return s;
}

static void destroy_cache(struct trial *x, struct kmem_cache *s)
{
	int err = kmem_cache_destroy(s);

	expect(x, !err, "destroying the cache: %d", err);
}

static bool all_are_in_slabs(struct trial *x)
{
	const char *why = objects_are_sampled();

	if (why)
		skip(x, why);
	return !why;
}

/* Where not, the cache is destroyed here and the experiment skipped. */
static bool works_from_arrays(struct trial *x, struct kmem_cache *s)
{
	const char *why = objects_are_watched(s);

	if (!why)
		return true;
	skip(x, why);
	destroy_cache(x, s);
	return false;
}

/* Fills the array with objects; how many there were. */
static unsigned int take_objects(struct trial *x, struct kmem_cache *s, void **objs,
				 unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		objs[i] = kmem_cache_alloc(s, GFP_KERNEL);
		if (!expect(x, objs[i], "object %u: none", i))
			return i;
	}
	return n;
}

static void free_objects(struct kmem_cache *s, void **objs, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		kmem_cache_free(s, objs[i]);
}

#define DEPTH 4

EXPERIMENT(slab_lifo, "slab.lifo", "the object freed last is the one allocated next")
{
	struct kmem_cache *s = make_cache(x, "exp-lifo", 192, 0, 0, NULL);
	void *first[DEPTH], *again[DEPTH];
	unsigned int n, same = 0;

	if (!s || !works_from_arrays(x, s))
		return;
	preempt_disable(); /* one CPU for all of it: flags that do not sleep */
	for (n = 0; n < DEPTH; n++)
		first[n] = kmem_cache_alloc(s, GFP_NOWAIT);
	free_objects(s, first, DEPTH);
	for (n = 0; n < DEPTH; n++)
		again[n] = kmem_cache_alloc(s, GFP_NOWAIT);
	preempt_enable();

	for (n = 0; n < DEPTH; n++)
		same += expect(x, again[n] && again[n] == first[DEPTH - 1 - n],
			       "object %u: freed %p, got %p", n, first[DEPTH - 1 - n],
			       again[n]);
	evidence(x, "%u of %u objects came back in reverse order of freeing", same,
		 DEPTH);
	free_objects(s, again, DEPTH);
	destroy_cache(x, s);
}

#define CONSTRUCTED	0x636f6e7374727563UL
#define CONSTRUCT_TURNS 10
#define CONSTRUCT_BATCH 20

static unsigned long constructor_calls;

static void construct(void *obj)
{
	*(u64 *)obj = CONSTRUCTED;
	constructor_calls++;
}

EXPERIMENT(slab_constructor, "slab.constructor",
	   "a constructor runs once for each object, not at each allocation")
{
	struct kmem_cache *s = NULL;
	void *objs[CONSTRUCT_BATCH];
	unsigned int unconstructed = 0, n;
	struct slabinfo info;

	constructor_calls = 0;
	if (all_are_in_slabs(x))
		s = make_cache(x, "exp-ctor", 128, 0, 0, construct);
	if (!s)
		return;
	for (unsigned int turn = 0; turn < CONSTRUCT_TURNS; turn++) {
		n = take_objects(x, s, objs, CONSTRUCT_BATCH);
		for (unsigned int i = 0; i < n; i++)
			unconstructed += *(u64 *)objs[i] != CONSTRUCTED;
		free_objects(s, objs, n);
	}
	get_slabinfo(s, &info);
	expect(x, !unconstructed, "%u objects were not in the constructed state",
	       unconstructed);
	expect(x, constructor_calls == info.slabs_created * info.objects_per_slab,
	       "%lu calls for %lu slabs of %u objects", constructor_calls,
	       info.slabs_created, info.objects_per_slab);
	evidence(x, "%u allocations, %lu constructor calls = %lu slabs of %u objects",
		 CONSTRUCT_TURNS * CONSTRUCT_BATCH, constructor_calls, info.slabs_created,
		 info.objects_per_slab);
	destroy_cache(x, s);
}

#define COLOUR_SIZE  704 /* 11 lines: a page holds 5 and leaves 9 lines over */
#define COLOUR_SLABS 4
#define COLOUR_MAX   64 /* objects */

EXPERIMENT(slab_colour, "slab.colour",
	   "the first objects of successive slabs start at different offsets")
{
	struct kmem_cache *s = make_cache(x, "exp-colour", COLOUR_SIZE, 64, 0, NULL);
	unsigned int n = 0, seen = 0;
	unsigned int colours[COLOUR_SLABS];
	struct slab_object_info o;
	struct slabinfo info;
	void *objs[COLOUR_MAX];

	if (!s || !works_from_arrays(x, s))
		return;
	get_slabinfo(s, &info);
	expect(x, info.colours >= COLOUR_SLABS, "only %u colours", info.colours);
	n = take_objects(
		x, s, objs,
		min(COLOUR_SLABS * info.objects_per_slab, (unsigned int)COLOUR_MAX));
	for (unsigned int i = 0; i < n && seen < COLOUR_SLABS; i++) {
		slab_object_info(objs[i], &o);
		expect(x, o.object == objs[i], "object %p is taken for %p", objs[i],
		       o.object);
		if (o.index)
			continue;
		expect(x, offset_in_page(objs[i]) == o.colour,
		       "first object at %#lx, colour %u", offset_in_page(objs[i]),
		       o.colour);
		for (unsigned int j = 0; j < seen; j++)
			expect(x, colours[j] != o.colour, "colour %u twice", o.colour);
		colours[seen++] = o.colour;
	}
	if (expect(x, seen == COLOUR_SLABS, "%u first objects among %u", seen, n))
		evidence(x, "%u colours, first objects at %u, %u, %u, %u in their slabs",
			 info.colours, colours[0], colours[1], colours[2], colours[3]);
	free_objects(s, objs, n);
	destroy_cache(x, s);
}

/* Counts after every cached object is back in its slab. */
static void expect_slabs(struct trial *x, struct kmem_cache *s, const char *when,
			 unsigned long full, unsigned long partial)
{
	struct slabinfo info;

	kmem_cache_shrink(s);
	get_slabinfo(s, &info);
	expect(x,
	       info.slabs_full == full && info.slabs_partial == partial &&
		       !info.slabs_free,
	       "%s: %lu full, %lu partial, %lu free slabs", when, info.slabs_full,
	       info.slabs_partial, info.slabs_free);
	evidence(x, "%s: %lu full %lu partial", when, info.slabs_full,
		 info.slabs_partial);
}

#define LISTS_SIZE 512
#define LISTS_MAX  64 /* objects */

EXPERIMENT(slab_lists, "slab.lists",
	   "slabs are full, partial or free, and free ones are given back")
{
	struct kmem_cache *s = NULL;
	unsigned int per_slab, n;
	void *objs[LISTS_MAX];
	struct slabinfo info;

	if (all_are_in_slabs(x))
		s = make_cache(x, "exp-lists", LISTS_SIZE, 0, 0, NULL);
	if (!s)
		return;
	get_slabinfo(s, &info);
	per_slab = info.objects_per_slab;
	evidence(x, "%u objects a slab", per_slab);
	n = take_objects(x, s, objs, min(2 * per_slab + 1, (unsigned int)LISTS_MAX));
	if (!expect(x, n > 2 && n == 2 * per_slab + 1, "%u objects", n))
		goto out;
	expect_slabs(x, s, "2 slabs and 1 object", 2, 1);
	kmem_cache_free(s, objs[--n]);
	expect_slabs(x, s, "that one freed", 2, 0);
	kmem_cache_free(s, objs[--n]);
	expect_slabs(x, s, "one of a full slab freed", 1, 1);
	free_objects(s, objs, n);
	n = 0;
	expect_slabs(x, s, "all freed", 0, 0);
out:
	free_objects(s, objs, n);
	destroy_cache(x, s);
}

/* Looks for live objects whose call site is in the function named. */
struct leak_search {
	const char *function;
	unsigned int found, foreign;
};

static int look_at_leak(const struct slab_object_info *obj, void *arg)
{
	struct leak_search *search = arg;
	char site[64];

	scnprintf(site, sizeof(site), "%ps", (void *)obj->alloc_site);
	if (!strcmp(site, search->function))
		search->found++;
	else
		search->foreign++;
	return 0;
}

EXPERIMENT(slab_destroy_busy, "slab.destroy-busy",
	   "a cache with objects out is not destroyed, and who has them is named")
{
	struct kmem_cache *s = make_cache(x, "exp-busy", 256, 0, SLAB_STORE_USER, NULL);
	struct leak_search search = { .function = __func__ };
	void *objs[2];
	unsigned int n;
	int err;

	if (!s)
		return;
	objs[0] = kmem_cache_alloc(s, GFP_KERNEL);
	objs[1] = kmem_cache_alloc(s, GFP_KERNEL);
	n = (objs[0] != NULL) + (objs[1] != NULL);
	provoke(x, 1);
	err = kmem_cache_destroy(s);
	expect(x, err == -EBUSY, "destroying gave %d", err);
	kmem_cache_for_each_object(s, look_at_leak, &search);
	expect(x, search.found == 2 && !search.foreign,
	       "%u objects charged to %s, %u to others", search.found, __func__,
	       search.foreign);
	evidence(x, "refused with -EBUSY, %u of %u leaked objects charged to %s()",
		 search.found, n, __func__);
	kmem_cache_free(s, objs[0]);
	kmem_cache_free(s, objs[1]);
	destroy_cache(x, s);
}

/* One allocation or free on a given CPU, in an interrupt there. */
struct remote_object {
	struct kmem_cache *cache;
	void *obj;
};

static void alloc_here(void *arg)
{
	struct remote_object *r = arg;

	r->obj = kmem_cache_alloc(r->cache, GFP_ATOMIC);
}

static void free_here(void *arg)
{
	struct remote_object *r = arg;

	kmem_cache_free(r->cache, r->obj);
}

static void *alloc_on(unsigned int cpu, struct kmem_cache *s)
{
	struct remote_object r = { .cache = s };

	smp_call_function_single(cpu, alloc_here, &r, 1);
	return r.obj;
}

static void free_on(unsigned int cpu, struct kmem_cache *s, void *obj)
{
	struct remote_object r = { .cache = s, .obj = obj };

	smp_call_function_single(cpu, free_here, &r, 1);
}

EXPERIMENT(slab_percpu, "slab.percpu",
	   "an object freed on a CPU is had again there, not on another CPU",
	   .needs = NEEDS_2_CPUS)
{
	struct kmem_cache *s = make_cache(x, "exp-percpu", 64, 0, 0, NULL);
	void *mine, *other, *again, *crossed;

	if (!s || !works_from_arrays(x, s))
		return;
	mine = alloc_on(0, s);
	free_on(0, s, mine);
	other = alloc_on(1, s);
	again = alloc_on(0, s);
	expect(x, other && other != mine, "CPU 1 got the object that CPU 0 had freed");
	expect(x, again == mine, "CPU 0 freed %p and got %p", mine, again);

	/* Freed on the other CPU, it belongs to the other's array. */
	free_on(1, s, again);
	crossed = alloc_on(1, s);
	expect(x, crossed == again, "freed on CPU 1: %p, CPU 1 got %p", again, crossed);
	evidence(x, "freed on CPU 0: %p, CPU 1 got %p, CPU 0 got %p", mine, other, again);
	evidence(x, "freed on CPU 1: CPU 1 got %p", crossed);

	free_on(0, s, crossed);
	free_on(1, s, other);
	destroy_cache(x, s);
}
