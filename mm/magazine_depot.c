/* SPDX-License-Identifier: MIT */
/*
 * Magazines themselves, and the depot: the full and empty ones of a cache that no CPU
 * holds, under one lock.  mm/magazine.c tells the theory.
 */
#include "mm/slab.h"

#define MAGAZINE_FIRST_TYPE 1 /* what a cache starts with: 30 objects */
#define MAGAZINE_CONTENDED  16 /* visits to a locked depot that let it grow */
#define MAGAZINE_BYTES	    (64U << 10) /* objects a magazine may hold back, in bytes */
#define DEPOT_BYTES	    (1U << 20) /* the same for a depot, and (nearly) for all shelves */
#define SHELF_MAGAZINES	    4 /* for which each shelf has room in any case */

/* One cache of magazines for each type.  They have no magazines themselves. */
static struct kmem_cache *magazine_caches[MAGAZINE_TYPES];

void magazine_init(void)
{
	static const char *const names[MAGAZINE_TYPES] = {
		"magazine-14",	"magazine-30",	"magazine-62",
		"magazine-126", "magazine-254", "magazine-510",
	};

	for (unsigned int i = 0; i < MAGAZINE_TYPES; i++)
		magazine_caches[i] = slab_cache_new(names[i], 128U << i, 64,
						    SLAB_INTERNAL | SLAB_PANIC, NULL,
						    GFP_NOWAIT);
}

/* --- one magazine ---------------------------------------------------------------------- */

static unsigned int magazine_type(const struct magazine *mag)
{
	return ilog2((mag->capacity + 2U) / 16);
}

bool magazine_wanted(const struct kmem_cache *s, const struct magazine *mag)
{
	return mag->capacity == magazine_capacity(READ_ONCE(s->depot.type));
}

struct magazine *magazine_new(struct kmem_cache *s)
{
	unsigned int type = READ_ONCE(s->depot.type);
	struct kmem_cache *from = magazine_caches[type];
	struct magazine *mag;

	/* A report would be noise: the object has another place to go. */
	if (failslab_now(from, GFP_NOWAIT))
		return NULL;
	mag = slab_lists_get(from, GFP_NOWAIT | __GFP_NOWARN);
	if (mag) {
		mag->capacity = (u16)magazine_capacity(type);
		mag->rounds = 0;
	}
	return mag;
}

void magazine_empty(struct kmem_cache *s, struct magazine *mag)
{
	slab_lists_put(s, mag->object, mag->rounds, _RET_IP_);
	mag->rounds = 0;
}

void magazine_delete(struct kmem_cache *s, struct magazine *mag)
{
	void *obj = mag;

	magazine_empty(s, mag);
	slab_lists_put(magazine_caches[magazine_type(mag)], &obj, 1, _RET_IP_);
}

void magazine_push(struct magazine **stack, struct magazine *mag)
{
	mag->next = *stack;
	*stack = mag;
}

struct magazine *magazine_pop(struct magazine **stack)
{
	struct magazine *mag = *stack;

	if (mag)
		*stack = mag->next;
	return mag;
}

void magazine_delete_all(struct kmem_cache *s, struct magazine *stack)
{
	struct magazine *mag;

	while ((mag = magazine_pop(&stack)))
		magazine_delete(s, mag);
}

/* --- the depot ------------------------------------------------------------------------- */

static unsigned int depot_first_type(const struct kmem_cache *s)
{
	return min_t(unsigned int, s->max_type, MAGAZINE_FIRST_TYPE);
}

void depot_init(struct kmem_cache *s)
{
	unsigned int type = 0;

	while (type + 1 < MAGAZINE_TYPES &&
	       magazine_capacity(type + 1) * s->size <= MAGAZINE_BYTES)
		type++;
	s->max_type = type;
	s->depot_limit = max(DEPOT_BYTES / s->size, 2 * magazine_capacity(type));
	s->shelf_limit = max(s->depot_limit / num_possible_cpus(),
			     SHELF_MAGAZINES * magazine_capacity(type));
	spin_lock_init(&s->depot.lock);
	s->depot.type = depot_first_type(s);
}

void depot_grow(struct kmem_cache *s)
{
	struct depot *depot = &s->depot;
	unsigned long flags;

	spin_lock_irqsave(&depot->lock, flags);
	depot->contended = 0;
	if (depot->type < s->max_type)
		depot->type++;
	spin_unlock_irqrestore(&depot->lock, flags);
}

static void depot_lock(struct depot *depot)
{
	if (likely(__spin_trylock(&depot->lock)))
		return;
	__spin_lock(&depot->lock);
	depot->contended++;
}

static void depot_unlock(struct kmem_cache *s)
{
	bool crowded = s->depot.contended >= MAGAZINE_CONTENDED;

	__spin_unlock(&s->depot.lock);
	if (unlikely(crowded))
		depot_grow(s);
}

struct magazine *depot_get_full(struct kmem_cache *s)
{
	struct depot *depot = &s->depot;
	struct magazine *mag;

	if (!READ_ONCE(depot->full))
		return NULL;
	depot_lock(depot);
	mag = magazine_pop(&depot->full);
	if (mag) {
		depot->nr_full--;
		depot->objects -= mag->rounds;
	}
	depot_unlock(s);
	return mag;
}

bool depot_put_full(struct kmem_cache *s, struct magazine *mag)
{
	struct depot *depot = &s->depot;
	bool room;

	depot_lock(depot);
	room = depot->objects + mag->rounds <= s->depot_limit;
	if (room) {
		magazine_push(&depot->full, mag);
		depot->nr_full++;
		depot->objects += mag->rounds;
	}
	depot_unlock(s);
	return room;
}

struct magazine *depot_get_empty(struct kmem_cache *s)
{
	struct depot *depot = &s->depot;
	struct magazine *mag;

	if (!READ_ONCE(depot->empty))
		return NULL;
	depot_lock(depot);
	mag = magazine_pop(&depot->empty);
	if (mag)
		depot->nr_empty--;
	depot_unlock(s);
	return mag;
}

bool depot_put_empty(struct kmem_cache *s, struct magazine *mag)
{
	struct depot *depot = &s->depot;
	bool room;

	depot_lock(depot);
	room = magazine_wanted(s, mag) &&
	       (depot->nr_empty + 1) * mag->capacity <= s->depot_limit;
	if (room) {
		magazine_push(&depot->empty, mag);
		depot->nr_empty++;
	}
	depot_unlock(s);
	return room;
}

void depot_drain(struct kmem_cache *s)
{
	struct depot *depot = &s->depot;
	struct magazine *full, *empty;
	unsigned long flags;

	spin_lock_irqsave(&depot->lock, flags);
	full = depot->full;
	empty = depot->empty;
	depot->full = depot->empty = NULL;
	depot->nr_full = depot->nr_empty = 0;
	depot->objects = 0;
	depot->type = depot_first_type(s);
	spin_unlock_irqrestore(&depot->lock, flags);
	magazine_delete_all(s, full);
	magazine_delete_all(s, empty);
}
