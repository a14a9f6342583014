/* SPDX-License-Identifier: MIT */
/*
 * The whole state of a cache, checked against itself.
 *
 * Objects in magazines are checked without memory of our own: each is marked free in its
 * slab's map for the length of the check.  One that is marked already is in two magazines,
 * or in a magazine and free in its slab.
 */
#include "mm/slab.h"
#include "mm/slab_info.h"

/* Says what is broken; for use as `return slab_broken(...)`. */
#define slab_broken(s, fmt, ...)                                                \
	({                                                                      \
		pr_err("slab verify: %s: " fmt "\n", (s)->name, ##__VA_ARGS__); \
		-EINVAL;                                                        \
	})

/* --- slabs ----------------------------------------------------------------------------- */

static int verify_pages(struct kmem_cache *s, struct slab *slab)
{
	struct page *head = slab_page(slab);

	if (!PageSlab(head))
		return slab_broken(s, "slab %p: its page is not marked", slab);
	for (unsigned int i = 0; i < 1U << page_order(head); i++)
		if (slab[i].cache != s || (i && slab[i].head != slab))
			return slab_broken(s, "slab %p: page %u is not its own", slab, i);
	return 0;
}

static int verify_geometry(struct kmem_cache *s, struct slab *slab)
{
	unsigned long end = PAGE_SIZE << page_order(slab_page(slab));
	unsigned long used = slab->colour * 8UL + (unsigned long)slab->objects * s->size;

	if (slab->objects > SLAB_INLINE_OBJECTS)
		end = (unsigned long)slab->map -
		      (unsigned long)page_to_virt(slab_page(slab));
	if (!slab->objects || used > end)
		return slab_broken(s, "slab %p: %u objects from colour %u do not fit",
				   slab, slab->objects, slab->colour * 8U);
	return 0;
}

static int verify_map(struct kmem_cache *s, struct slab *slab)
{
	unsigned int words = BITS_TO_LONGS(slab->objects), free = 0;

	for (unsigned int i = 0; i < words * BITS_PER_LONG; i++) {
		if (!slab_object_free(slab, i))
			continue;
		if (i >= slab->objects)
			return slab_broken(s, "slab %p: bit %u is set, past the end",
					   slab, i);
		free++;
	}
	if (free + slab->inuse != slab->objects)
		return slab_broken(s, "slab %p: %u free and %u used of %u objects", slab,
				   free, slab->inuse, slab->objects);
	return 0;
}

/* Guard bytes and poison; a report of its own for each. */
static int verify_contents(struct kmem_cache *s, struct slab *slab)
{
	int err = 0;

	if (!(s->flags & SLAB_WATCH_FLAGS))
		return 0;
	for (unsigned int i = 0; i < slab->objects; i++)
		if (!slab_debug_check(s, slab_object(s, slab, i),
				      !slab_object_free(slab, i), _RET_IP_))
			err = -EINVAL;
	return err;
}

static int verify_slab(struct kmem_cache *s, struct slab *slab)
{
	int err = verify_pages(s, slab);

	err = err ? err : verify_geometry(s, slab);
	err = err ? err : verify_map(s, slab);
	return err ? err : verify_contents(s, slab);
}

/* --- lists ----------------------------------------------------------------------------- */

struct totals {
	unsigned long objects, inuse, pages;
};

static int verify_list(struct kmem_cache *s, struct list_head *list, const char *name,
		       unsigned long count, struct totals *sum)
{
	struct slab_lists *lists = &s->lists;
	struct slab *slab;
	unsigned long n = 0;
	int err;

	list_for_each_entry (slab, list, list) {
		struct list_head *right = slab->inuse == 0 ? &lists->free
					  : slab->inuse == slab->objects
						  ? &lists->full
						  : &lists->partial;

		if (slab->list.next->prev != &slab->list || n++ > count)
			return slab_broken(s, "the %s list is not a list of %lu", name,
					   count);
		if (list != right)
			return slab_broken(s, "slab %p, %u of %u used, is on the %s list",
					   slab, slab->inuse, slab->objects, name);
		err = verify_slab(s, slab);
		if (err)
			return err;
		sum->objects += slab->objects;
		sum->inuse += slab->inuse;
		sum->pages += 1UL << page_order(slab_page(slab));
	}
	if (n != count)
		return slab_broken(s, "%lu slabs on the %s list, counted %lu", n, name,
				   count);
	return 0;
}

static int verify_lists(struct kmem_cache *s)
{
	struct slab_lists *lists = &s->lists;
	struct totals sum = { 0 };
	int err;

	err = verify_list(s, &lists->partial, "partial", lists->nr_partial, &sum);
	err = err ? err : verify_list(s, &lists->full, "full", lists->nr_full, &sum);
	err = err ? err : verify_list(s, &lists->free, "free", lists->nr_free, &sum);
	if (err)
		return err;
	if (sum.objects != lists->objects || sum.inuse != lists->inuse ||
	    sum.pages != lists->pages)
		return slab_broken(
			s,
			"slabs hold %lu/%lu objects in %lu pages, counted %lu/%lu in %lu",
			sum.inuse, sum.objects, sum.pages, lists->inuse, lists->objects,
			lists->pages);
	if (lists->created - lists->freed !=
	    lists->nr_partial + lists->nr_full + lists->nr_free)
		return slab_broken(s, "%lu slabs made, %lu freed", lists->created,
				   lists->freed);
	return 0;
}

/* --- magazines ------------------------------------------------------------------------- */

typedef int (*array_fn)(struct kmem_cache *s, void *const *objs, unsigned int n);

/* A walk over all arrays of cached objects. */
struct walk {
	struct kmem_cache *s;
	array_fn fn;
	unsigned int left; /* arrays that may still be visited */
	unsigned int done; /* visits that fn did not fail */
	int err;
};

static void visit(struct walk *w, void *const *objs, unsigned int n)
{
	if (!n || !w->left || w->err)
		return;
	w->left--;
	w->err = w->fn(w->s, objs, n);
	w->done += !w->err;
}

static void visit_stack(struct walk *w, const struct magazine *mag)
{
	for (; mag; mag = mag->next)
		visit(w, mag->object, mag->rounds);
}

/* Visits the first *count arrays, up to a failure; *count becomes how many succeeded. */
static int walk_arrays(struct kmem_cache *s, array_fn fn, unsigned int *count)
{
	struct walk w = { .s = s, .fn = fn, .left = *count };

	for (unsigned int cpu = 0; cpu < num_possible_cpus(); cpu++) {
		const struct kmem_cpu_cache *cc = &s->cpu[cpu];

		visit(&w, cc->base, cpu_rounds(cc));
		if (cc->previous)
			visit(&w, cc->previous->object, cc->previous_rounds);
		visit_stack(&w, cc->full);
	}
	visit_stack(&w, s->depot.full);
	*count = w.done;
	return w.err;
}

static int unmark(struct kmem_cache *s, void *const *objs, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct slab *slab = slab_of(objs[i]);

		__clear_bit((unsigned int)slab_index(s, slab, objs[i]), slab_map(slab));
	}
	return 0;
}

/* Marks all objects of an array, or none when one of them is wrong. */
static int mark(struct kmem_cache *s, void *const *objs, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct kmem_cache *owner = slab_cache_of(objs[i]);
		struct slab *slab = owner ? slab_of(objs[i]) : NULL;
		int index = owner && owner == s ? slab_index(owner, slab, objs[i]) : -1;

		if (index >= 0 && !slab_object_free(slab, (unsigned int)index)) {
			__set_bit((unsigned int)index, slab_map(slab));
			continue;
		}
		unmark(s, objs, i);
		return slab_broken(s, "%p in a magazine is %s", objs[i],
				   index < 0 ? "not an object" : "free twice");
	}
	return 0;
}

static int verify_loaded(struct kmem_cache *s, unsigned int cpu)
{
	const struct kmem_cpu_cache *cc = &s->cpu[cpu];
	const struct magazine *loaded = cpu_loaded(cc);
	long room = loaded ? loaded->capacity : 0;
	unsigned int spare = cc->previous ? cc->previous->capacity : 0;

	if (cc->end - cc->base != room || cc->top < cc->base || cc->top > cc->end)
		return slab_broken(s,
				   "CPU %u: %ld objects loaded, room for %ld, really %ld",
				   cpu, cc->top - cc->base, cc->end - cc->base, room);
	if (cc->previous_rounds && cc->previous_rounds != spare)
		return slab_broken(s,
				   "CPU %u: previous is neither full nor empty: %u of %u",
				   cpu, cc->previous_rounds, spare);
	return 0;
}

/* What a pair of stacks really holds. */
struct stacks {
	unsigned int full, empty;
	unsigned long objects;
};

static int count_stacks(struct kmem_cache *s, const struct magazine *full,
			const struct magazine *empty, struct stacks *found)
{
	*found = (struct stacks){ 0 };
	for (; full; full = full->next) {
		if (full->rounds != full->capacity)
			return slab_broken(s, "a full magazine has %u of %u",
					   full->rounds, full->capacity);
		found->full++;
		found->objects += full->rounds;
	}
	for (; empty; empty = empty->next)
		found->empty++;
	return 0;
}

static int verify_shelf(struct kmem_cache *s, unsigned int cpu)
{
	const struct kmem_cpu_cache *cc = &s->cpu[cpu];
	struct stacks found;
	int err = count_stacks(s, cc->full, cc->empty, &found);

	if (err)
		return err;
	if (found.objects != cc->shelved || found.empty != cc->nr_empty)
		return slab_broken(
			s, "CPU %u: %lu objects, %u empty shelved; counted %u, %u", cpu,
			found.objects, found.empty, cc->shelved, cc->nr_empty);
	return 0;
}

static int verify_depot(struct kmem_cache *s)
{
	const struct depot *depot = &s->depot;
	struct stacks found;
	int err = count_stacks(s, depot->full, depot->empty, &found);

	if (err)
		return err;
	if (found.full != depot->nr_full || found.empty != depot->nr_empty ||
	    found.objects != depot->objects)
		return slab_broken(
			s, "depot: %u full, %u empty, %lu objects; counted %u, %u, %lu",
			found.full, found.empty, found.objects, depot->nr_full,
			depot->nr_empty, depot->objects);
	return 0;
}

static int verify_magazines(struct kmem_cache *s)
{
	unsigned int arrays = ~0U;
	int err = verify_depot(s);

	for (unsigned int cpu = 0; !err && cpu < num_possible_cpus(); cpu++) {
		err = verify_loaded(s, cpu);
		err = err ? err : verify_shelf(s, cpu);
	}
	if (err)
		return err;
	err = walk_arrays(s, mark, &arrays);
	walk_arrays(s, unmark, &arrays);
	return err;
}

/* --- caches ---------------------------------------------------------------------------- */

int kmem_cache_verify(struct kmem_cache *s)
{
	int err = verify_lists(s);

	if (err || (s->flags & SLAB_INTERNAL))
		return err;
	return verify_magazines(s);
}

static int verify_one(struct kmem_cache *s, void *arg)
{
	int *err = arg;

	if (kmem_cache_verify(s))
		*err = -EINVAL;
	return 0;
}

int slab_verify_all(void)
{
	int err = 0;

	kmem_cache_for_each(verify_one, &err);
	return err;
}
