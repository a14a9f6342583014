/* SPDX-License-Identifier: MIT */
/*
 * Magazines: the slow half of the CPU layer.
 *
 * Each CPU has two magazines of a cache, loaded and previous.  Allocation pops from loaded;
 * when that is empty and previous is full, they change places; when both are empty, one is
 * exchanged for a full one.  Freeing is the mirror image.  With two of them at least one
 * whole magazine of operations lies between two exchanges, whatever the sequence, and a
 * batch of any length moves by whole magazines.
 *
 * Exchanged where?  First on the CPU's own shelf, which needs no lock, and from which its
 * own objects come back while they are still in its data cache; what the shelf has no room
 * for, or does not have, goes through the depot that all CPUs share, so that what one CPU
 * frees another can allocate.
 *
 * When there is no full magazine, objects come straight from one slab, half a magazine at
 * most; when there are enough, the objects of one go back to their slabs.  Empty magazines
 * are made only when a free needs one, and failing to get one costs speed alone: the
 * object goes to its slab.
 *
 * Size.  A cache starts with small magazines and moves to the next larger size when either
 * of two signs says that they are too small: CPUs find the depot's lock held (Bonwick &
 * Adams), or a CPU exchanges many magazines in one direction without a break, that is, a
 * batch is much longer than a magazine.  Magazines of different sizes live together: those
 * of an old size are given up once they are empty.
 */
#include "mm/slab.h"

#define MAGAZINE_BURST 4 /* exchanges in one direction that let magazines grow */

/* One exchange in a direction: +1 allocating, -1 freeing. */
static void cpu_adapt(struct kmem_cache *s, struct kmem_cpu_cache *cc, int direction)
{
	cc->burst = cc->burst * direction > 0 ? cc->burst + direction : direction;
	if (likely(cc->burst * direction < MAGAZINE_BURST))
		return;
	cc->burst = 0;
	if (READ_ONCE(s->depot.type) < s->max_type)
		depot_grow(s);
}

/* --- where magazines are exchanged ----------------------------------------------------- */

static struct magazine *cpu_get_full(struct kmem_cache *s, struct kmem_cpu_cache *cc)
{
	struct magazine *mag = magazine_pop(&cc->full);

	if (!mag)
		return depot_get_full(s);
	cc->shelved -= mag->rounds;
	return mag;
}

/* False: there are enough. */
static bool cpu_put_full(struct kmem_cache *s, struct kmem_cpu_cache *cc,
			 struct magazine *mag)
{
	if (cc->shelved + mag->rounds > s->shelf_limit)
		return depot_put_full(s, mag);
	magazine_push(&cc->full, mag);
	cc->shelved += mag->rounds;
	return true;
}

/* NULL without memory. */
static struct magazine *cpu_get_empty(struct kmem_cache *s, struct kmem_cpu_cache *cc)
{
	struct magazine *mag = magazine_pop(&cc->empty);

	if (mag) {
		cc->nr_empty--;
		return mag;
	}
	mag = depot_get_empty(s);
	return mag ? mag : magazine_new(s);
}

static void cpu_put_empty(struct kmem_cache *s, struct kmem_cpu_cache *cc,
			  struct magazine *mag)
{
	if (magazine_wanted(s, mag) &&
	    (cc->nr_empty + 1) * mag->capacity <= s->shelf_limit) {
		magazine_push(&cc->empty, mag);
		cc->nr_empty++;
	} else if (!depot_put_empty(s, mag)) {
		magazine_delete(s, mag);
	}
}

/* --- the two magazines in use ---------------------------------------------------------- */

/* Puts `mag` in the place of the loaded magazine; the loaded one becomes previous. */
static void cpu_load(struct kmem_cpu_cache *cc, struct magazine *mag)
{
	struct magazine *loaded = cpu_loaded(cc);

	cc->previous_rounds = cpu_rounds(cc);
	if (loaded)
		loaded->rounds = (u16)cc->previous_rounds;
	cc->previous = loaded;
	mag->next = mag;
	cc->base = mag->object;
	cc->top = mag->object + mag->rounds;
	cc->end = mag->object + mag->capacity;
}

/* Half a magazine from the slabs, or one object when there is no magazine to put more in. */
static void *cpu_refill(struct kmem_cache *s, struct kmem_cpu_cache *cc)
{
	void *obj;

	if (!cc->base) {
		struct magazine *mag = cpu_get_empty(s, cc);

		if (mag)
			cpu_load(cc, mag);
	}
	if (!cc->base)
		return slab_lists_take(s, &obj, 1) ? obj : NULL;
	cc->top += slab_lists_take(s, cc->base, (cpu_room(cc) + 1) / 2);
	return cc->top > cc->base ? *--cc->top : NULL;
}

void *magazine_alloc(struct kmem_cache *s, struct kmem_cpu_cache *cc)
{
	if (cc->top == cc->base) {
		struct magazine *full = cc->previous;

		if (!cc->previous_rounds) {
			full = cpu_get_full(s, cc);
			if (!full)
				return cpu_refill(s, cc);
			cpu_adapt(s, cc, 1);
			if (cc->previous)
				cpu_put_empty(s, cc, cc->previous);
		}
		cpu_load(cc, full);
	}
	return *--cc->top;
}

bool magazine_free(struct kmem_cache *s, struct kmem_cpu_cache *cc, void *obj)
{
	if (cc->top == cc->end) {
		struct magazine *empty = cc->previous;

		if (cc->previous_rounds) {
			cpu_adapt(s, cc, -1);
			cc->previous = NULL;
			cc->previous_rounds = 0;
			if (cpu_put_full(s, cc, empty))
				empty = NULL;
			else
				magazine_empty(s, empty);
		}
		if (!empty)
			empty = cpu_get_empty(s, cc);
		if (!empty)
			return false;
		cpu_load(cc, empty);
	}
	*cc->top++ = obj;
	return true;
}

void magazine_drain_cpu(struct kmem_cache *s, unsigned int cpu)
{
	struct kmem_cpu_cache *cc = &s->cpu[cpu], old = *cc;

	if (old.base)
		cpu_loaded(&old)->rounds = (u16)cpu_rounds(&old);
	*cc = (struct kmem_cpu_cache){ 0 };
	if (old.base)
		magazine_delete(s, cpu_loaded(&old));
	if (old.previous)
		magazine_delete(s, old.previous);
	magazine_delete_all(s, old.full);
	magazine_delete_all(s, old.empty);
}
