/* SPDX-License-Identifier: MIT */
/*
 * Magazines of I/O address ranges: a driver maps and unmaps buffers of few sizes all the
 * time, and the tree would cost it a lock that all CPUs want and a walk each time.
 *
 * For each of the orders 0 to 5 a CPU has two magazines, loaded and previous, as the slab's
 * CPU layer has them (magazine.c): with two, a whole magazine of operations lies between two
 * visits to the depot.  A range in a magazine stays in the tree, so nobody else gets it;
 * taking it out again is an array access under a lock that only this CPU wants.
 *
 * Where the tree has nothing left, the magazines of all CPUs go back into it.
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include "mm/iova_internal.h"
#include "mm/platform.h"

struct iova_magazine {
	struct iova_magazine *next; /* in the depot */
	unsigned long size;
	unsigned long pfn[IOVA_MAG_SIZE]; /* the first `size` hold ranges */
};
_Static_assert(sizeof(struct iova_magazine) == 512, "an object of kmalloc-512");

/* One CPU's. */
struct iova_cpu_rcache {
	spinlock_t lock; /* its own CPU's, and who drains */
	unsigned long fast; /* allocations served */
	unsigned long drains; /* magazines emptied by somebody in need */
	/* NULL as long as nothing was freed. */
	struct iova_magazine *loaded[IOVA_RANGE_CACHE_MAX_SIZE];
	struct iova_magazine *previous[IOVA_RANGE_CACHE_MAX_SIZE];
};

int iova_domain_init_rcaches(struct iova_domain *iovad)
{
	iovad->cpu_rcaches =
		kcalloc(num_possible_cpus(), sizeof(*iovad->cpu_rcaches), GFP_KERNEL);
	return iovad->cpu_rcaches ? 0 : -ENOMEM;
}

static struct iova_cpu_rcache *lock_this_cpu(struct iova_domain *iovad,
					     unsigned long *flags)
{
	struct iova_cpu_rcache *cache;

	local_irq_save(*flags);
	cache = &iovad->cpu_rcaches[arch_cpu_id()];
	__spin_lock(&cache->lock);
	return cache;
}

/* --- magazines and the depot ----------------------------------------------------------- */

static bool has_any(const struct iova_magazine *mag)
{
	return mag && mag->size;
}

static bool has_room(const struct iova_magazine *mag)
{
	return mag && mag->size < IOVA_MAG_SIZE;
}

static struct iova_magazine *new_magazine(void)
{
	struct iova_magazine *mag =
		kmalloc(sizeof(*mag), GFP_ATOMIC | __GFP_NOWARN | __GFP_NOMEMALLOC);

	if (mag)
		mag->size = 0;
	return mag;
}

/* Its ranges become free for all; the magazine goes. */
static void delete_magazine(struct iova_domain *iovad, struct iova_magazine *mag,
			    unsigned int order)
{
	while (has_any(mag))
		iova_tree_free(iovad, mag->pfn[--mag->size], 1UL << order);
	kfree(mag);
}

static struct iova_magazine *depot_get(struct iova_domain *iovad, unsigned int order)
{
	struct iova_magazine *mag;
	unsigned long flags;

	spin_lock_irqsave(&iovad->depot_lock, flags);
	mag = iovad->depot[order];
	if (mag) {
		iovad->depot[order] = mag->next;
		iovad->depot_size[order]--;
	}
	spin_unlock_irqrestore(&iovad->depot_lock, flags);
	return mag;
}

/* A full magazine; one too many is emptied. */
static void depot_put(struct iova_domain *iovad, unsigned int order,
		      struct iova_magazine *mag)
{
	unsigned long flags;
	bool room;

	spin_lock_irqsave(&iovad->depot_lock, flags);
	room = iovad->depot_size[order] < MAX_GLOBAL_MAGS;
	if (room) {
		mag->next = iovad->depot[order];
		iovad->depot[order] = mag;
		iovad->depot_size[order]++;
	}
	spin_unlock_irqrestore(&iovad->depot_lock, flags);
	if (!room)
		delete_magazine(iovad, mag, order);
}

/* --- one CPU's magazines; its lock is held ------------------------------------------------ */

static void exchange(struct iova_cpu_rcache *c, unsigned int order)
{
	struct iova_magazine *mag = c->loaded[order];

	c->loaded[order] = c->previous[order];
	c->previous[order] = mag;
}

/* The magazine to take a range from, or NULL. */
static struct iova_magazine *mag_to_pop(struct iova_domain *iovad,
					struct iova_cpu_rcache *c, unsigned int order)
{
	struct iova_magazine *mag;

	if (has_any(c->loaded[order]))
		return c->loaded[order];
	if (has_any(c->previous[order])) {
		exchange(c, order);
		return c->loaded[order];
	}
	mag = depot_get(iovad, order);
	if (mag) {
		kfree(c->loaded[order]);
		c->loaded[order] = mag;
	}
	return mag;
}

/* The magazine to put a range into, or NULL without memory. */
static struct iova_magazine *mag_to_push(struct iova_domain *iovad,
					 struct iova_cpu_rcache *c, unsigned int order)
{
	struct iova_magazine *mag;

	if (has_room(c->loaded[order]))
		return c->loaded[order];
	if (has_room(c->previous[order])) {
		exchange(c, order);
		return c->loaded[order];
	}
	mag = new_magazine();
	if (!mag)
		return NULL;
	if (c->previous[order])
		depot_put(iovad, order, c->previous[order]);
	c->previous[order] = c->loaded[order];
	c->loaded[order] = mag;
	return mag;
}

/* The range freed last of those below the limit; 0: none is. */
static unsigned long pop_below(struct iova_magazine *mag, unsigned long last_pfn)
{
	unsigned long i = mag->size, pfn;

	while (i && mag->pfn[i - 1] > last_pfn)
		i--;
	if (!i)
		return 0;
	pfn = mag->pfn[i - 1];
	mag->pfn[i - 1] = mag->pfn[--mag->size];
	return pfn;
}

static unsigned long rcache_get(struct iova_domain *iovad, unsigned int order,
				unsigned long limit_pfn)
{
	unsigned long flags, pfn = 0, size = 1UL << order;
	struct iova_cpu_rcache *c = lock_this_cpu(iovad, &flags);
	struct iova_magazine *mag = mag_to_pop(iovad, c, order);

	if (mag && limit_pfn >= size)
		pfn = pop_below(mag, limit_pfn + 1 - size);
	c->fast += pfn != 0;
	spin_unlock_irqrestore(&c->lock, flags);
	return pfn;
}

static bool rcache_put(struct iova_domain *iovad, unsigned int order, unsigned long pfn)
{
	unsigned long flags;
	struct iova_cpu_rcache *c = lock_this_cpu(iovad, &flags);
	struct iova_magazine *mag = mag_to_push(iovad, c, order);

	if (mag)
		mag->pfn[mag->size++] = pfn;
	spin_unlock_irqrestore(&c->lock, flags);
	return mag;
}

/* --- the fast forms --------------------------------------------------------------------- */

/* IOVA_RANGE_CACHE_MAX_SIZE or more: not for magazines. */
static unsigned int order_of(unsigned long size)
{
	return size > 1 ? 64U - (unsigned int)__builtin_clzl(size - 1) : 0;
}

unsigned long alloc_iova_fast(struct iova_domain *iovad, unsigned long size,
			      unsigned long limit_pfn, bool flush_rcache)
{
	unsigned int order = order_of(size);
	bool cached = iovad->cpu_rcaches && order < IOVA_RANGE_CACHE_MAX_SIZE;
	unsigned long pfn = 0;
	struct iova *iova;

	if (!size || size > IOVA_SIZE_MAX || limit_pfn == ~0UL || iova_fails(size)) {
		iova_count_failure(iovad);
		return 0;
	}
	if (cached)
		pfn = rcache_get(iovad, order, limit_pfn);
	if (pfn)
		return pfn;
	if (order < IOVA_RANGE_CACHE_MAX_SIZE)
		size = 1UL << order;
	iova = iova_tree_alloc(iovad, size, limit_pfn, 1UL << order);
	if (!iova && flush_rcache && iovad->cpu_rcaches) {
		iova_drain(iovad);
		iova = iova_tree_alloc(iovad, size, limit_pfn, 1UL << order);
	}
	if (!iova && flush_rcache)
		iova_count_failure(iovad);
	return iova ? iova->range.start : 0;
}

void free_iova_fast(struct iova_domain *iovad, unsigned long pfn, unsigned long size)
{
	unsigned int order = order_of(size);

	if (order >= IOVA_RANGE_CACHE_MAX_SIZE)
		iova_tree_free(iovad, pfn, size);
	else if (!iovad->cpu_rcaches || !rcache_put(iovad, order, pfn))
		iova_tree_free(iovad, pfn, 1UL << order);
}

/* --- all of them ------------------------------------------------------------------------ */

static void drain_cpu(struct iova_domain *iovad, struct iova_cpu_rcache *c)
{
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	for (unsigned int i = 0; i < IOVA_RANGE_CACHE_MAX_SIZE; i++) {
		c->drains += has_any(c->loaded[i]) + has_any(c->previous[i]);
		delete_magazine(iovad, c->loaded[i], i);
		delete_magazine(iovad, c->previous[i], i);
		c->loaded[i] = c->previous[i] = NULL;
	}
	spin_unlock_irqrestore(&c->lock, flags);
}

void iova_drain(struct iova_domain *iovad)
{
	struct iova_magazine *mag;

	if (!iovad->cpu_rcaches)
		return;
	for (unsigned int cpu = 0; cpu < num_possible_cpus(); cpu++)
		drain_cpu(iovad, &iovad->cpu_rcaches[cpu]);
	for (unsigned int i = 0; i < IOVA_RANGE_CACHE_MAX_SIZE; i++)
		while ((mag = depot_get(iovad, i)))
			delete_magazine(iovad, mag, i);
}

void iova_free_rcaches(struct iova_domain *iovad)
{
	iova_drain(iovad);
	kfree(iovad->cpu_rcaches);
	iovad->cpu_rcaches = NULL;
}

void iova_rcache_stats(struct iova_domain *iovad, struct iova_stats *stats)
{
	if (!iovad->cpu_rcaches)
		return;
	for (unsigned int i = 0; i < IOVA_RANGE_CACHE_MAX_SIZE; i++)
		stats->cached += (unsigned long)iovad->depot_size[i] * IOVA_MAG_SIZE;
	for (unsigned int cpu = 0; cpu < num_possible_cpus(); cpu++) {
		const struct iova_cpu_rcache *c = &iovad->cpu_rcaches[cpu];

		stats->fast += c->fast;
		stats->drains += c->drains;
		for (unsigned int i = 0; i < IOVA_RANGE_CACHE_MAX_SIZE; i++)
			stats->cached += (c->loaded[i] ? c->loaded[i]->size : 0) +
					 (c->previous[i] ? c->previous[i]->size : 0);
	}
}

static const char *magazine_fault(struct iova_domain *iovad,
				  const struct iova_magazine *mag, unsigned int order)
{
	if (mag && mag->size > IOVA_MAG_SIZE)
		return "a magazine holds more than it can";
	for (unsigned long i = 0; mag && i < mag->size; i++) {
		const struct range *r = range_tree_find(&iovad->tree, mag->pfn[i]);

		if (!r || r->start != mag->pfn[i] || r->end - r->start != 1UL << order)
			return "a magazine holds what is no range";
		for (unsigned long j = 0; j < i; j++)
			if (mag->pfn[j] == mag->pfn[i])
				return "a magazine holds a range twice";
	}
	return NULL;
}

static const char *depot_fault(struct iova_domain *iovad, unsigned int order)
{
	const struct iova_magazine *mag = iovad->depot[order];
	const char *fault = NULL;
	unsigned int n = 0;

	for (; mag && !fault && n <= MAX_GLOBAL_MAGS; mag = mag->next, n++)
		fault = mag->size == IOVA_MAG_SIZE
				? magazine_fault(iovad, mag, order)
				: "a magazine in the depot is not full";
	if (!fault && n != iovad->depot_size[order])
		fault = "the depot is not as large as it says";
	return fault;
}

const char *iova_rcache_fault(struct iova_domain *iovad)
{
	const char *fault = NULL;

	if (!iovad->cpu_rcaches)
		return NULL;
	for (unsigned int i = 0; i < IOVA_RANGE_CACHE_MAX_SIZE && !fault; i++) {
		fault = depot_fault(iovad, i);
		for (unsigned int cpu = 0; cpu < num_possible_cpus() && !fault; cpu++) {
			const struct iova_cpu_rcache *c = &iovad->cpu_rcaches[cpu];

			fault = magazine_fault(iovad, c->loaded[i], i);
			if (!fault)
				fault = magazine_fault(iovad, c->previous[i], i);
		}
	}
	return fault;
}
