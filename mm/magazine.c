/* SPDX-License-Identifier: MIT */
/*
 * Magazines: the CPU layer's slow half, and the depot.
 *
 * Each CPU has two magazines of a cache, loaded and previous.  Allocation pops from loaded;
 * when that is empty and previous is full, they change places; when both are empty, the
 * depot exchanges one for a full one.  Freeing is the mirror image.  With two of them at
 * least one whole magazine of operations lies between two visits to the depot, whatever
 * the sequence, and a batch of any length moves by whole magazines.
 *
 * When the depot has no full magazine, objects come straight from one slab, half a magazine
 * at most; when it has enough of them, the objects of one go back to their slabs.  Empty
 * magazines are made only when a free needs one, and failing to get one costs speed alone:
 * the object goes to its slab.
 *
 * Size.  A cache starts with small magazines and moves to the next larger size when either
 * of two signs says that they are too small: CPUs find the depot's lock held (Bonwick &
 * Adams), or a CPU exchanges many magazines in one direction without a break, that is, a
 * batch is much longer than a magazine.  Magazines of different sizes live together: those
 * of an old size are given up when they come back to the depot empty.
 */
#include "mm/slab.h"

#define MAGAZINE_FIRST_TYPE 1 /* what a cache starts with: 30 objects */
#define MAGAZINE_BURST	    4 /* exchanges in one direction that let it grow */
#define MAGAZINE_CONTENDED  16 /* contended visits that do */
#define MAGAZINE_BYTES	    (64U << 10) /* objects a magazine may hold back, in bytes */
#define DEPOT_BYTES	    (1U << 20) /* the same for a depot */

/* One cache of magazines for each type.  They have no magazines themselves. */
static struct kmem_cache *magazine_caches[MAGAZINE_TYPES];

void magazine_init(void)
{
	static const char *const names[MAGAZINE_TYPES] = {
		"magazine-14",	"magazine-30",	"magazine-62",
		"magazine-126", "magazine-254",
	};

	for (unsigned int i = 0; i < MAGAZINE_TYPES; i++)
		magazine_caches[i] = slab_cache_new(names[i], 128U << i, 64,
						    SLAB_INTERNAL | SLAB_PANIC, NULL,
						    GFP_NOWAIT);
}

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
	spin_lock_init(&s->depot.lock);
	s->depot.type = depot_first_type(s);
}

static unsigned int magazine_type(const struct magazine *mag)
{
	return ilog2((mag->capacity + 2U) / 16);
}

static struct magazine *magazine_new(struct kmem_cache *s)
{
	unsigned int type = s->depot.type;
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

static void magazine_delete(struct magazine *mag)
{
	void *obj = mag;

	slab_lists_put(magazine_caches[magazine_type(mag)], &obj, 1, _RET_IP_);
}

/* The objects of a magazine back to their slabs. */
static void magazine_empty(struct kmem_cache *s, struct magazine *mag)
{
	slab_lists_put(s, mag->object, mag->rounds, _RET_IP_);
	mag->rounds = 0;
}

/* --- the depot ------------------------------------------------------------------------- */

static void depot_lock(struct depot *depot)
{
	if (likely(__spin_trylock(&depot->lock)))
		return;
	__spin_lock(&depot->lock);
	depot->contended++;
}

static void depot_unlock(struct depot *depot)
{
	__spin_unlock(&depot->lock);
}

/* One exchange in a direction (+1 allocating, -1 freeing); the depot is locked. */
static void depot_adapt(struct kmem_cache *s, struct kmem_cpu_cache *cc, int direction)
{
	struct depot *depot = &s->depot;

	cc->burst = cc->burst * direction > 0 ? cc->burst + direction : direction;
	if (likely(cc->burst * direction < MAGAZINE_BURST &&
		   depot->contended < MAGAZINE_CONTENDED))
		return;
	cc->burst = 0;
	depot->contended = 0;
	if (depot->type < s->max_type)
		depot->type++;
}

static void depot_push_full(struct depot *depot, struct magazine *mag)
{
	mag->next = depot->full;
	depot->full = mag;
	depot->nr_full++;
	depot->objects += mag->rounds;
}

static struct magazine *depot_pop_full(struct depot *depot)
{
	struct magazine *mag = depot->full;

	if (mag) {
		depot->full = mag->next;
		depot->nr_full--;
		depot->objects -= mag->rounds;
	}
	return mag;
}

/* True: the depot took it.  False: it is not wanted any more. */
static bool depot_push_empty(struct kmem_cache *s, struct magazine *mag)
{
	struct depot *depot = &s->depot;

	if (magazine_type(mag) != depot->type ||
	    (depot->nr_empty + 1) * mag->capacity > s->depot_limit)
		return false;
	mag->next = depot->empty;
	depot->empty = mag;
	depot->nr_empty++;
	return true;
}

static struct magazine *depot_pop_empty(struct depot *depot)
{
	struct magazine *mag = depot->empty;

	if (mag) {
		depot->empty = mag->next;
		depot->nr_empty--;
	}
	return mag;
}

/* A full magazine for an empty one (or for none); NULL, and nothing given, without one. */
static struct magazine *depot_exchange_empty(struct kmem_cache *s,
					     struct kmem_cpu_cache *cc,
					     struct magazine *empty)
{
	struct depot *depot = &s->depot;
	struct magazine *full;
	bool kept = true;

	if (!READ_ONCE(depot->full))
		return NULL;
	depot_lock(depot);
	full = depot_pop_full(depot);
	if (full) {
		depot_adapt(s, cc, 1);
		kept = !empty || depot_push_empty(s, empty);
	}
	depot_unlock(depot);
	if (!kept)
		magazine_delete(empty);
	return full;
}

/* An empty magazine for a full one (or for none); NULL only without memory, and then the
 * full one is gone all the same. */
static struct magazine *depot_exchange_full(struct kmem_cache *s,
					    struct kmem_cpu_cache *cc,
					    struct magazine *full)
{
	struct depot *depot = &s->depot;
	struct magazine *empty;

	depot_lock(depot);
	if (full)
		depot_adapt(s, cc, -1);
	if (full && depot->objects + full->rounds <= s->depot_limit) {
		depot_push_full(depot, full);
		full = NULL;
	}
	empty = full ? NULL : depot_pop_empty(depot);
	depot_unlock(depot);
	if (full) {
		magazine_empty(s, full);
		return full;
	}
	return empty ? empty : magazine_new(s);
}

void depot_drain(struct kmem_cache *s)
{
	struct depot *depot = &s->depot;
	struct magazine *mag, *full, *empty;
	unsigned long flags;

	spin_lock_irqsave(&depot->lock, flags);
	full = depot->full;
	empty = depot->empty;
	depot->full = depot->empty = NULL;
	depot->nr_full = depot->nr_empty = 0;
	depot->objects = 0;
	depot->type = depot_first_type(s);
	spin_unlock_irqrestore(&depot->lock, flags);
	while ((mag = full)) {
		full = mag->next;
		magazine_empty(s, mag);
		magazine_delete(mag);
	}
	while ((mag = empty)) {
		empty = mag->next;
		magazine_delete(mag);
	}
}

/* --- one CPU --------------------------------------------------------------------------- */

/* Puts `mag` in the place of the loaded magazine; the loaded one becomes previous. */
static void cpu_load(struct kmem_cpu_cache *cc, struct magazine *mag)
{
	struct magazine *loaded = cpu_loaded(cc);

	cc->previous_rounds = cpu_rounds(cc);
	if (loaded)
		loaded->rounds = (u16)cc->previous_rounds;
	cc->previous = loaded;
	cc->base = mag->object;
	cc->top = mag->object + mag->rounds;
	cc->end = mag->object + mag->capacity;
}

/* Half a magazine from the slabs, or one object when there is no magazine to put more in. */
static void *cpu_refill(struct kmem_cache *s, struct kmem_cpu_cache *cc)
{
	void *obj;

	if (!cc->base) {
		struct magazine *mag = magazine_new(s);

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
	struct magazine *full;

	if (cc->top == cc->base) {
		if (cc->previous_rounds)
			full = cc->previous;
		else
			full = depot_exchange_empty(s, cc, cc->previous);
		if (!full)
			return cpu_refill(s, cc);
		cpu_load(cc, full);
	}
	return *--cc->top;
}

bool magazine_free(struct kmem_cache *s, struct kmem_cpu_cache *cc, void *obj)
{
	if (cc->top == cc->end) {
		struct magazine *empty = cc->previous;

		if (!empty || cc->previous_rounds) {
			empty = depot_exchange_full(s, cc, empty);
			cc->previous = NULL; /* the depot has it, or it is `empty` */
			cc->previous_rounds = 0;
		}
		if (!empty)
			return false;
		cpu_load(cc, empty);
	}
	*cc->top++ = obj;
	return true;
}

/* The objects of a magazine that a CPU gave up back to their slabs, and it after them. */
static void magazine_give_up(struct kmem_cache *s, struct magazine *mag)
{
	if (!mag)
		return;
	magazine_empty(s, mag);
	magazine_delete(mag);
}

void magazine_drain_cpu(struct kmem_cache *s, unsigned int cpu)
{
	struct kmem_cpu_cache *cc = &s->cpu[cpu];
	struct magazine *loaded = cpu_loaded(cc), *previous = cc->previous;

	if (loaded)
		loaded->rounds = (u16)cpu_rounds(cc);
	*cc = (struct kmem_cpu_cache){ 0 };
	magazine_give_up(s, loaded);
	magazine_give_up(s, previous);
}
