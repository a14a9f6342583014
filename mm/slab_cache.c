/* SPDX-License-Identifier: MIT */
/*
 * Caches: made, found, drained and destroyed.
 *
 * A struct kmem_cache is an object itself, of the one cache that stands in static memory.
 * That one and the magazine caches are internal: they have no magazines, so making the
 * first caches needs nothing that is not there yet.
 */
#include <linux/alloc_profile.h>
#include <linux/kmsan-checks.h>
#include <linux/memblock.h>
#include "mm/page_alloc.h"
#include "mm/slab.h"
#include "mm/slab_info.h"
#include "mm/reset.h"

#define SLAB_MAX_ORDER	  3 /* of slabs with several objects */
#define SLAB_GOOD_OBJECTS 8 /* in a slab, where the order allows */
#define SLAB_MAX_COLOURS  64
#define SLAB_KEEP_BYTES	  (64UL << 10) /* of free slabs, and one slab more */
#define SLAB_CACHED_SIZE  (32U << 10) /* larger objects have no magazines */
#define SLAB_CREATE_FLAGS                                                                \
	(SLAB_DEBUG_FLAGS | SLAB_HWCACHE_ALIGN | SLAB_CACHE_DMA | SLAB_RECLAIM_ACCOUNT | \
	 SLAB_PANIC)

unsigned long slab_memory_end;

LIST_HEAD(slab_caches);
static DEFINE_SPINLOCK(slab_caches_lock); /* the list, and pins of its members */

/* The cache of struct kmem_cache.  Its CPU slots stay empty, but must be there: kfree of a
 * struct kmem_cache is a bug that looks at them. */
static char
	cache_cache_memory[sizeof(struct kmem_cache) +
			   NR_CPUS * sizeof(struct kmem_cpu_cache)] ____cacheline_aligned;
static struct kmem_cache *const cache_cache = (struct kmem_cache *)cache_cache_memory;

/* --- geometry -------------------------------------------------------------------------- */

unsigned int slab_objects_in(const struct kmem_cache *s, unsigned int order,
			     unsigned long *spare)
{
	unsigned long bytes = PAGE_SIZE << order, map = 0;
	unsigned int n = (unsigned int)(bytes / s->size);

	for (; n > SLAB_INLINE_OBJECTS; n--) {
		map = BITS_TO_LONGS(n) * sizeof(long);
		if ((unsigned long)n * s->size + map <= bytes)
			break;
	}
	if (n <= SLAB_INLINE_OBJECTS)
		map = 0;
	*spare = bytes - (unsigned long)n * s->size - map;
	return n;
}

/* The smallest order with enough objects and little waste; both demands relax. */
static unsigned int slab_choose_order(const struct kmem_cache *s)
{
	unsigned int last = max_t(unsigned int, SLAB_MAX_ORDER, s->min_order);
	unsigned long spare;

	for (unsigned int want = SLAB_GOOD_OBJECTS; want; want /= 2)
		for (unsigned int part = 16; part >= 4; part /= 2)
			for (unsigned int order = s->min_order; order <= last; order++)
				if (slab_objects_in(s, order, &spare) >= want &&
				    spare * part <= PAGE_SIZE << order)
					return order;
	return s->min_order;
}

static unsigned int slab_choose_align(unsigned int size, unsigned int align,
				      slab_flags_t flags)
{
	if (flags & SLAB_HWCACHE_ALIGN) {
		unsigned int line = SMP_CACHE_BYTES;

		while (size <= line / 2)
			line /= 2;
		align = max(align, line);
	}
	return max_t(unsigned int, align, sizeof(void *));
}

static void slab_choose_layout(struct kmem_cache *s)
{
	unsigned long spare;

	s->size = ALIGN(s->object_size, s->align);
	s->red_end = s->size;
	if (s->flags & SLAB_WATCH_FLAGS)
		slab_debug_layout(s);
	if (s->size > MAX_ORDER_SIZE) { /* no room for what is kept beside an object */
		s->flags &= ~SLAB_WATCH_FLAGS;
		s->red_left = 0;
		s->red_end = s->size = ALIGN(s->object_size, s->align);
	}
	s->reciprocal = (u32)DIV_ROUND_UP(1UL << 32, s->size);
	s->min_order = get_order(s->size);
	s->order = slab_choose_order(s);
	s->objects = slab_objects_in(s, s->order, &spare);
	s->colour_step = max_t(unsigned int, s->align, SMP_CACHE_BYTES);
	s->colours = min_t(unsigned int, spare / s->colour_step + 1, SLAB_MAX_COLOURS);
	s->free_limit = (unsigned int)(1 + SLAB_KEEP_BYTES / (PAGE_SIZE << s->order));
}

/* --- creating -------------------------------------------------------------------------- */

static bool slab_wants_magazines(const struct kmem_cache *s)
{
	return !(s->flags & (SLAB_WATCH_FLAGS | SLAB_INTERNAL)) &&
	       s->size <= SLAB_CACHED_SIZE && !failslab_covers(s);
}

/* What the options of the whole system ask of this cache. */
static slab_flags_t slab_hook_flags(const struct kmem_cache *s)
{
	slab_flags_t flags = alloc_profile_on() ? SLAB_PROFILE : 0;

	if (s->flags & SLAB_INTERNAL)
		return 0;
	if (s->ctor) /* its objects hold what it made */
		return flags;
	if (page_alloc_hooks & HOOK_INIT_ALLOC)
		flags |= SLAB_INIT_ALLOC;
	if (page_alloc_hooks & HOOK_INIT_FREE)
		flags |= SLAB_INIT_FREE;
	return kmsan_on ? flags | SLAB_UNWRITTEN | SLAB_STORE_USER : flags;
}

static void slab_cache_setup(struct kmem_cache *s, const char *name, unsigned int size,
			     unsigned int align, slab_flags_t flags, void (*ctor)(void *))
{
	unsigned long irq;

	s->name = name;
	s->object_size = size;
	s->flags = slab_debug_flags(name, flags);
	s->align = slab_choose_align(size, align, flags);
	s->ctor = ctor;
	s->flags |= slab_hook_flags(s);
	s->gfp = (flags & SLAB_CACHE_DMA ? __GFP_DMA : 0) |
		 (flags & SLAB_RECLAIM_ACCOUNT ? __GFP_RECLAIMABLE : 0);
	slab_choose_layout(s);
	slab_lists_init(&s->lists);
	depot_init(s);
	if (!slab_wants_magazines(s))
		s->flags |= SLAB_UNCACHED;
	spin_lock_irqsave(&slab_caches_lock, irq);
	list_add_tail(&s->caches, &slab_caches);
	spin_unlock_irqrestore(&slab_caches_lock, irq);
}

static size_t slab_cache_bytes(void)
{
	return offsetof(struct kmem_cache, cpu) +
	       num_possible_cpus() * sizeof(struct kmem_cpu_cache);
}

struct kmem_cache *slab_cache_new(const char *name, unsigned int size, unsigned int align,
				  slab_flags_t flags, void (*ctor)(void *), gfp_t gfp)
{
	struct kmem_cache *s = NULL;

	if (!failslab_now(cache_cache, gfp))
		s = slab_lists_get(cache_cache, gfp);
	if (!s) {
		if (flags & SLAB_PANIC)
			panic("kmem_cache_create: no memory for cache %s", name);
		return NULL;
	}
	memset(s, 0, slab_cache_bytes());
	slab_cache_setup(s, name, size, align, flags, ctor);
	return s;
}

static bool slab_arguments_ok(const char *name, unsigned int size, unsigned int align,
			      slab_flags_t flags)
{
	return name && size && size <= KMALLOC_MAX_SIZE &&
	       (!align || (is_power_of_2(align) && align <= PAGE_SIZE)) &&
	       !(flags & ~SLAB_CREATE_FLAGS);
}

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
				     unsigned int align, slab_flags_t flags,
				     void (*ctor)(void *))
{
	if (!slab_context_ok("kmem_cache_create", GFP_KERNEL))
		return NULL;
	if (!slab_arguments_ok(name, size, align, flags)) {
		pr_err("kmem_cache_create(%s): impossible: size %u, align %u, flags %x\n",
		       name ? name : "(no name)", size, align, flags);
		if (flags & SLAB_PANIC)
			panic("kmem_cache_create(%s) failed", name ? name : "(no name)");
		return NULL;
	}
	return slab_cache_new(name, size, align, flags, ctor, GFP_KERNEL);
}

void kmem_cache_init(void)
{
	memset(cache_cache, 0, sizeof(*cache_cache));
	INIT_LIST_HEAD(&slab_caches);
	slab_memory_end = max_pfn << PAGE_SHIFT;
	slab_cache_setup(cache_cache, "kmem_cache", (unsigned int)slab_cache_bytes(),
			 SMP_CACHE_BYTES, SLAB_INTERNAL, NULL);
	magazine_init();
	kmalloc_init();
}

void slab_reset(void)
{
	INIT_LIST_HEAD(&slab_caches);
	slab_memory_end = 0;
	slab_option_reset();
	slab_report_reset();
	failslab_reset();
	kfence_reset();
}

/* --- the list of caches ---------------------------------------------------------------- */

int kmem_cache_for_each(int (*fn)(struct kmem_cache *s, void *arg), void *arg)
{
	struct list_head *at;
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&slab_caches_lock, flags);
	list_for_each (at, &slab_caches) {
		struct kmem_cache *s = list_entry(at, struct kmem_cache, caches);

		s->pins++;
		spin_unlock_irqrestore(&slab_caches_lock, flags);
		err = fn(s, arg);
		spin_lock_irqsave(&slab_caches_lock, flags);
		s->pins--;
		if (err)
			break;
	}
	spin_unlock_irqrestore(&slab_caches_lock, flags);
	return err;
}

bool slab_cache_delete(struct kmem_cache *s)
{
	unsigned long flags;
	void *obj = s;
	bool unlinked;

	spin_lock_irqsave(&slab_caches_lock, flags);
	unlinked = !s->pins;
	if (unlinked)
		list_del(&s->caches);
	spin_unlock_irqrestore(&slab_caches_lock, flags);
	if (unlinked)
		slab_lists_put(cache_cache, &obj, 1, _RET_IP_);
	return unlinked;
}

/* --- draining, shrinking, destroying --------------------------------------------------- */

static void slab_drain_cpu(void *arg, unsigned int cpu)
{
	magazine_drain_cpu(arg, cpu);
}

/* Does any CPU hold magazines?  Saves disturbing them all for nothing. */
static bool slab_cpus_loaded(struct kmem_cache *s)
{
	for (unsigned int cpu = 0; cpu < num_possible_cpus(); cpu++)
		if (READ_ONCE(s->cpu[cpu].base))
			return true;
	return false;
}

void slab_drain(struct kmem_cache *s)
{
	if (s->flags & SLAB_INTERNAL)
		return;
	if (slab_cpus_loaded(s))
		platform_on_each_cpu(slab_drain_cpu, s);
	depot_drain(s);
}

int kmem_cache_shrink(struct kmem_cache *s)
{
	if (!slab_context_ok("kmem_cache_shrink", GFP_KERNEL))
		return 1;
	slab_drain(s);
	slab_lists_trim(s, 0);
	return READ_ONCE(s->lists.objects) != 0;
}

int kmem_cache_destroy(struct kmem_cache *s)
{
	if (!s)
		return 0;
	if (!slab_context_ok("kmem_cache_destroy", GFP_KERNEL) ||
	    (s->flags & SLAB_INTERNAL))
		return -EBUSY;
	kmem_cache_shrink(s);
	if (s->lists.inuse || kfence_objects(s)) {
		slab_report_busy(s, _RET_IP_);
		return -EBUSY;
	}
	kfence_forget_cache(s);
	return slab_cache_delete(s) ? 0 : -EBUSY;
}

void slab_update_caching(struct kmem_cache *s)
{
	if (slab_wants_magazines(s)) {
		s->flags &= ~SLAB_UNCACHED;
	} else {
		s->flags |= SLAB_UNCACHED;
		slab_drain(s);
	}
}

static int slab_reap_one(struct kmem_cache *s, void *arg)
{
	unsigned long flags;

	(void)arg;
	if (!(s->flags & SLAB_INTERNAL)) {
		local_irq_save(flags);
		magazine_drain_cpu(s, arch_cpu_id());
		local_irq_restore(flags);
	}
	depot_drain(s);
	slab_lists_trim(s, 0);
	return 0;
}

void slab_reap(void)
{
	kmem_cache_for_each(slab_reap_one, NULL);
}

unsigned int kmem_cache_size(const struct kmem_cache *s)
{
	return s->object_size;
}

const char *kmem_cache_name(const struct kmem_cache *s)
{
	return s->name;
}
