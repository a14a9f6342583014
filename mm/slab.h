/* SPDX-License-Identifier: MIT */
/*
 * Inside the slab allocator.  Its layers, from the fast one down (Bonwick, "The Slab
 * Allocator", 1994; Bonwick & Adams, "Magazines and Vmem", 2001):
 *
 *   CPU layer	  magazines: arrays of free objects, used as stacks.  Touched by their CPU
 *		  alone with interrupts off: no shared writes (mm/magazine.c)
 *   depot	  magazines of a cache that CPUs exchange (mm/magazine_depot.c)
 *   slab layer	  slabs on partial, full and free lists (mm/slab_lists.c)
 *   page layer	  alloc_pages
 *
 * An object in a magazine or in the depot counts as allocated in its slab.
 *
 * Whatever must see every allocation (debugging, failure injection) makes its cache
 * SLAB_UNCACHED: it has no magazines, so the fast paths fail their usual test and end in
 * the slow path.  They need no test of their own for that.
 *
 * Locks: lists.lock and depot.lock are leaves, taken with interrupts off, never together;
 * nothing is allocated, freed or printed under them.
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/list.h>
#include <linux/bitops.h>
#include <linux/string.h>
#include <linux/spinlock.h>
#include <linux/smp.h>
#include "mm/kfence.h"
#include "mm/platform.h"
#include "mm/trace.h"

#define SLAB_DEBUG_FLAGS \
	(SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER)

/* Internal flags, above all of <linux/slab.h>. */
#define SLAB_INIT_ALLOC ((slab_flags_t)0x02000000) /* objects are cleared: new ones */
#define SLAB_INIT_FREE	((slab_flags_t)0x04000000) /* freed ones */
#define SLAB_UNWRITTEN	((slab_flags_t)0x08000000) /* new ones hold kmsan's pattern */
#define SLAB_PROFILE	((slab_flags_t)0x10000000) /* counted by call site */
#define SLAB_UNCACHED	((slab_flags_t)0x40000000) /* no magazines, now */
#define SLAB_INTERNAL	((slab_flags_t)0x80000000) /* serves the allocator itself */

#define SLAB_HOOK_FLAGS (SLAB_INIT_ALLOC | SLAB_INIT_FREE | SLAB_UNWRITTEN | SLAB_PROFILE)
/* Any of these: mm/slab_debug.c sees every allocation and every free. */
#define SLAB_WATCH_FLAGS (SLAB_DEBUG_FLAGS | SLAB_HOOK_FLAGS)

/* --- slab layer ------------------------------------------------------------------------ */

/*
 * A slab: 2^order pages cut into objects.  It describes itself in the struct page of its
 * first page, where the page allocator leaves the owner these bytes.  Every other page of
 * it has `cache` and `head` set.
 *
 * Invariant, under lists.lock: `inuse` objects have a 0 bit in the map, objects - inuse a
 * 1 bit; the slab is on the list free, partial or full that inuse says.
 */
#define SLAB_INLINE_OBJECTS 128

struct slab {
	u64 page_state[2]; /* the page allocator's */
	struct kmem_cache *cache;
	union {
		struct list_head list;
		struct slab *head; /* in the other pages: the slab */
	};
	union {
		unsigned long bits[SLAB_INLINE_OBJECTS / BITS_PER_LONG];
		unsigned long *map; /* more objects than that: in the slab, at its end */
	};
	u16 inuse;
	u16 objects;
	u16 colour; /* the first object's place starts this many 8-byte units in */
	u16 taker; /* while partial: the CPU that takes from it, plus 1; 0: none yet */
};

_Static_assert(sizeof(struct slab) == sizeof(struct page), "slab overlays page");
_Static_assert(offsetof(struct slab, cache) == offsetof(struct page, slab_cache),
	       "cache");
_Static_assert(offsetof(struct slab, list) == offsetof(struct page, lru), "list");

struct slab_lists {
	spinlock_t lock;
	unsigned int next_colour; /* of the next slab, below s->colours */
	struct list_head partial, full, free;
	unsigned long nr_partial, nr_full, nr_free; /* lengths of the lists */
	unsigned long objects; /* in all slabs */
	unsigned long inuse; /* of them, not free in their slab */
	unsigned long pages; /* in all slabs */
	unsigned long created, freed; /* slabs, ever */
};

/* --- magazines ------------------------------------------------------------------------- */

struct magazine {
	u16 rounds; /* objects in it; stale while it is loaded (kmem_cpu_cache) */
	u16 capacity;
	/* On a shelf or in the depot: the next one.  Loaded: itself, an address that may be
	 * prefetched, because it stands where one object below the bottom would. */
	struct magazine *next;
	void *object[];
};

_Static_assert(offsetof(struct magazine, next) + sizeof(void *) ==
		       offsetof(struct magazine, object),
	       "next is object[-1]");

/* Magazine sizes: with its head each fills a power of two.  A cache moves up the row. */
#define MAGAZINE_TYPES		6
#define magazine_capacity(type) ((16U << (type)) - 2)

/*
 * One CPU's share of a cache; that CPU's alone, with interrupts off.
 *
 * The loaded magazine is a stack between two fixed ends: base <= top <= end, and the objects
 * are [base, top).  All three are NULL while there is no magazine, so that both fast paths
 * fail.  A pointer to the top, and not a count, because the next operation depends on it
 * alone: it finds its object without waiting for the other fields, whose address a kfree
 * knows only after looking its object up.
 */
struct kmem_cpu_cache {
	void **top;
	void **base;
	void **end;
	struct magazine *previous; /* full or empty; NULL when there is none */
	unsigned int previous_rounds;
	int burst; /* magazines exchanged in one direction without a break; < 0: freeing */
	struct magazine *full, *empty; /* the shelf: the CPU's own part of the depot */
	unsigned int shelved; /* objects in its full magazines */
	unsigned int nr_empty; /* magazines in its other stack */
} ____cacheline_aligned;

_Static_assert(sizeof(struct kmem_cpu_cache) == SMP_CACHE_BYTES, "one cache line a CPU");

static inline unsigned int cpu_rounds(const struct kmem_cpu_cache *cc)
{
	return (unsigned int)(cc->top - cc->base);
}

static inline unsigned int cpu_room(const struct kmem_cpu_cache *cc)
{
	return (unsigned int)(cc->end - cc->top);
}

/* The loaded magazine, NULL when there is none. */
static inline struct magazine *cpu_loaded(const struct kmem_cpu_cache *cc)
{
	return cc->base ? container_of((void *(*)[])cc->base, struct magazine, object)
			: NULL;
}

struct depot {
	spinlock_t lock;
	unsigned int contended; /* times the lock was found held, since the last growth */
	struct magazine *full, *empty;
	unsigned int nr_full, nr_empty; /* lengths of these stacks */
	unsigned long objects; /* in the full magazines */
	unsigned int type; /* of magazines made from now on */
};

/* --- caches ---------------------------------------------------------------------------- */

/*
 * How an object lies in its place of `size` bytes (mm/slab_debug.c has the debugging parts):
 *
 *   [red_left] object_size [slack and red zone] [two tracks] [padding]
 */
struct kmem_cache {
	slab_flags_t flags;
	unsigned int object_size; /* the user's bytes */
	unsigned int size; /* from one place to the next */
	u32 reciprocal; /* of size, times 2^32, rounded up: see slab_index() */
	unsigned int red_left; /* guard bytes before the object */
	unsigned int red_end; /* object_size + slack + red zone; tracks follow */
	unsigned int align;
	unsigned int order; /* usual order of a slab */
	unsigned int min_order; /* taken when memory is short: holds one object */
	unsigned int objects; /* in a slab of the usual order */
	unsigned int colours; /* different offsets of the first object */
	unsigned int colour_step; /* between them, in bytes */
	unsigned int free_limit; /* free slabs that are kept */
	unsigned int depot_limit; /* objects the depot may hold */
	unsigned int shelf_limit; /* objects the shelf of one CPU may hold */
	unsigned int max_type; /* the largest magazine for objects of this size */
	gfp_t gfp; /* zone and mobility of the slabs */
	void (*ctor)(void *);
	const char *name;
	struct list_head caches; /* all caches, under slab_caches_lock */
	unsigned int pins; /* walkers of that list at this cache; the same lock */
	struct slab_lists lists ____cacheline_aligned;
	struct depot depot ____cacheline_aligned;
	struct kmem_cpu_cache cpu[];
};

extern struct list_head slab_caches; /* kmem_cache.caches, oldest first */

/* All caches, oldest first.  To walk them: kmem_cache_for_each(). */
extern struct list_head slab_caches;

/* End of RAM as an offset in the direct map: what lies above is no object. */
extern unsigned long slab_memory_end;

/* The cache an address belongs to, NULL when it is not in a slab.  Takes any value. */
static __always_inline struct kmem_cache *slab_cache_of(const void *addr)
{
	unsigned long offset = (unsigned long)addr - PAGE_OFFSET;

	if (unlikely(offset >= slab_memory_end))
		return NULL;
	return pfn_to_page(offset >> PAGE_SHIFT)->slab_cache;
}

/* slab_cache_of(addr) == s, for an s that is not NULL. */
static __always_inline bool slab_cache_is(const void *addr, const struct kmem_cache *s)
{
	unsigned long offset = (unsigned long)addr - PAGE_OFFSET;

	return likely(offset < slab_memory_end) &&
	       likely(pfn_to_page(offset >> PAGE_SHIFT)->slab_cache == s);
}

/* The slab of an address inside one. */
static inline struct slab *slab_of(const void *addr)
{
	struct page *page = virt_to_page(addr);
	struct slab *slab = (struct slab *)page;

	return PageSlab(page) ? slab : slab->head;
}

static inline struct page *slab_page(const struct slab *slab)
{
	return (struct page *)slab;
}

static inline unsigned long *slab_map(struct slab *slab)
{
	return slab->objects <= SLAB_INLINE_OBJECTS ? slab->bits : slab->map;
}

/* The object with number 0. */
static inline char *slab_first(const struct kmem_cache *s, const struct slab *slab)
{
	return (char *)page_to_virt(slab_page(slab)) + slab->colour * 8UL + s->red_left;
}

static inline void *slab_object(const struct kmem_cache *s, const struct slab *slab,
				unsigned int index)
{
	return slab_first(s, slab) + (size_t)index * s->size;
}

/*
 * The number of the object at addr, or -1 when none starts there.  With r = ceil(2^32 / size)
 * offset * r / 2^32 is the exact quotient while offset * (size - 1) < 2^32; slabs of more
 * than one object are far below that, and the product is compared anyway.
 */
static inline int slab_index(const struct kmem_cache *s, const struct slab *slab,
			     const void *addr)
{
	unsigned long offset = (unsigned long)addr - (unsigned long)slab_first(s, slab);
	unsigned long index = offset * s->reciprocal >> 32;

	if (offset >> 32 || index >= slab->objects || index * s->size != offset)
		return -1;
	return (int)index;
}

/* The number of the object whose place covers addr, or -1 (colour, end of the slab). */
static inline int slab_index_inside(const struct kmem_cache *s, const struct slab *slab,
				    const void *addr)
{
	unsigned long offset =
		(unsigned long)addr - (unsigned long)slab_first(s, slab) + s->red_left;
	unsigned long index = offset / s->size;

	return index < slab->objects ? (int)index : -1;
}

/* Is this object free in its slab?  (One in a magazine is not.) */
static inline bool slab_object_free(struct slab *slab, unsigned int index)
{
	return test_bit(index, slab_map(slab));
}

/* mm/slab_lists.c */
void slab_lists_init(struct slab_lists *lists);
/* Up to n objects out of one slab that has some; 0 when all slabs are full, or other CPUs'
 * (the next one gets a slab of its own).  Any context. */
unsigned int slab_lists_take(struct kmem_cache *s, void **objs, unsigned int n);
/* One object, from a new slab if need be. */
void *slab_lists_get(struct kmem_cache *s, gfp_t gfp);
/* Objects back to their slabs.  Bad ones are reported (freed at ip) and left out. */
void slab_lists_put(struct kmem_cache *s, void *const *objs, unsigned int n,
		    unsigned long ip);
/* Frees all free slabs but `keep`. */
void slab_lists_trim(struct kmem_cache *s, unsigned long keep);

/* mm/slab_cache.c */
struct kmem_cache *slab_cache_new(const char *name, unsigned int size, unsigned int align,
				  slab_flags_t flags, void (*ctor)(void *), gfp_t gfp);
/* Objects in a slab of that order; *spare gets the bytes that are left over. */
unsigned int slab_objects_in(const struct kmem_cache *s, unsigned int order,
			     unsigned long *spare);
/* Unlinks and frees a cache without slabs; false while somebody walks past it. */
bool slab_cache_delete(struct kmem_cache *s);
/* Under memory pressure: depots and free slabs of all caches back to the pages. */
void slab_reap(void);
/* Moves objects that CPUs and the depot hold back to their slabs.  May sleep. */
void slab_drain(struct kmem_cache *s);
/* Sets SLAB_UNCACHED as the cache's flags and failure injection ask.  May sleep. */
void slab_update_caching(struct kmem_cache *s);

/* mm/magazine.c; with interrupts off, on the CPU that cc belongs to */
/* An object when the loaded magazine is empty, NULL when a new slab is needed. */
void *magazine_alloc(struct kmem_cache *s, struct kmem_cpu_cache *cc);
/* Takes an object when the loaded magazine is full; false: no magazine to be had. */
bool magazine_free(struct kmem_cache *s, struct kmem_cpu_cache *cc, void *obj);
/* Gives up one CPU's magazines, and their objects to the slabs. */
void magazine_drain_cpu(struct kmem_cache *s, unsigned int cpu);

/* mm/magazine_depot.c */
void magazine_init(void);
/* NULL without memory. */
struct magazine *magazine_new(struct kmem_cache *s);
/* Is it of the size the cache uses now? */
bool magazine_wanted(const struct kmem_cache *s, const struct magazine *mag);
/* The objects of a magazine back to their slabs; then also the magazine, or a whole stack. */
void magazine_empty(struct kmem_cache *s, struct magazine *mag);
void magazine_delete(struct kmem_cache *s, struct magazine *mag);
void magazine_delete_all(struct kmem_cache *s, struct magazine *stack);
void magazine_push(struct magazine **stack, struct magazine *mag);
struct magazine *magazine_pop(struct magazine **stack);
void depot_init(struct kmem_cache *s);
/* The next larger magazines from now on. */
void depot_grow(struct kmem_cache *s);
/* With interrupts off; NULL when there is none, false when it is not taken. */
struct magazine *depot_get_full(struct kmem_cache *s);
struct magazine *depot_get_empty(struct kmem_cache *s);
bool depot_put_full(struct kmem_cache *s, struct magazine *mag);
bool depot_put_empty(struct kmem_cache *s, struct magazine *mag);
/* Everything in it back to the slabs, and the first size again.  Any context. */
void depot_drain(struct kmem_cache *s);

/* mm/slab.c: the paths behind the fast ones; any context */
bool slab_context_ok(const char *what, gfp_t gfp);
void *slab_alloc_slow(struct kmem_cache *s, gfp_t gfp, unsigned long ip);
/* What the fast path leaves: clearing, and the slow path. */
void *slab_alloc_rest(struct kmem_cache *s, gfp_t gfp, unsigned long ip);
void slab_free_slow(struct kmem_cache *s, void *obj, unsigned long ip);
void *slab_zero(struct kmem_cache *s, void *obj, unsigned long ip);

/* mm/slab_debug.c */
void slab_debug_layout(struct kmem_cache *s);
void slab_debug_init_slab(struct kmem_cache *s, struct slab *slab);
void slab_debug_alloc(struct kmem_cache *s, void *obj, unsigned long ip);
/* False: the free is refused (reported). */
bool slab_debug_free(struct kmem_cache *s, void *obj, unsigned long ip);
/* What a new object holds by SLAB_INIT_ALLOC and SLAB_UNWRITTEN. */
void slab_fill_fresh(const struct kmem_cache *s, void *obj);
/* Red zones, padding and poison of one object; reports and repairs.  False: was broken. */
bool slab_debug_check(struct kmem_cache *s, void *obj, bool allocated, unsigned long ip);
unsigned long slab_debug_site(const struct kmem_cache *s, const void *obj, bool freed);

/* The callers of the call at ip, innermost first and 0 behind the last: what the allocator
 * itself called since is left out. */
void slab_call_chain(unsigned long ip, unsigned long *chain, unsigned int max);

/* mm/slab_report.c: one report each; nothing is held */
void slab_count_bug(void);
void slab_report_invalid(struct kmem_cache *s, const void *addr, unsigned long ip);
void slab_report_double(struct kmem_cache *s, const void *obj, unsigned long ip);
void slab_report_damage(struct kmem_cache *s, const void *obj, const char *what,
			const u8 *from, const u8 *to, u8 expected, unsigned long ip);
/* An address freed that is not in a slab of s (NULL: kfree, and in no slab at all). */
void slab_report_foreign(const struct kmem_cache *s, const void *addr, unsigned long ip);
void slab_report_busy(struct kmem_cache *s, unsigned long ip);
void slab_report_reset(void);
void slab_print_tracks(const struct kmem_cache *s, const void *obj);

/* mm/slab_option.c */
/* `flags`, and those that slub_debug= asks for a cache of this name. */
slab_flags_t slab_debug_flags(const char *name, slab_flags_t flags);
void slab_option_reset(void);

/* mm/slab_fail.c */
bool failslab_covers(
	const struct kmem_cache *s); /* does it have to see every allocation? */
bool failslab_now(const struct kmem_cache *s, gfp_t gfp); /* shall this one fail? */
void failslab_reset(void);

/* mm/kmalloc.c */
void kmalloc_init(void);

/*
 * --- the fast paths: inlined into functions that are marked __irq_leaf ---
 */

/* Such a function, and one of those that everybody calls.  Processors fetch and keep decoded
 * code by lines: it begins with one. */
#define __slab_fast __irq_leaf __aligned(SMP_CACHE_BYTES)

/* This CPU's share; interrupts are off. */
static __always_inline struct kmem_cpu_cache *slab_this_cpu(struct kmem_cache *s)
{
	unsigned long offset = arch_cpu_line();
	struct kmem_cpu_cache *cc;

	/* As one plain address: only so does the processor forward a store to the next load
	 * without delay. */
	__asm__("" : "+r"(offset));
	cc = (struct kmem_cpu_cache *)((char *)s->cpu + offset);
	__asm__("" : "+r"(cc));
	return cc;
}

/*
 * Takes the object on top; false where the long way must be gone.  A sleeping request in
 * atomic context is wrong even when an object is at hand.
 */
static __always_inline bool slab_pop(struct kmem_cache *s, gfp_t gfp, void **obj)
{
	struct kmem_cpu_cache *cc;
	unsigned long flags;
	void **top;

	if (unlikely(arch_leaf_atomic()) && (gfp & __GFP_DIRECT_RECLAIM))
		return false;
	flags = arch_leaf_irq_save();
	cc = slab_this_cpu(s);
	top = cc->top;
	if (unlikely(top == cc->base) ||
	    (unlikely(arch_leaf_atomic_flags(flags)) && (gfp & __GFP_DIRECT_RECLAIM))) {
		arch_leaf_irq_restore(flags);
		return false;
	}
	/* The store first: the register that holds cc is free for the object then. */
	cc->top = --top;
	*obj = *top;
	/* Who allocates will write: the object after this one can come meanwhile, and be
	 * this CPU's alone (PREFETCHW).  At the bottom it is the magazine itself: an
	 * address without a page would cost a walk. */
	__builtin_prefetch(top[-1], 1);
	arch_leaf_irq_restore(flags);
	return true;
}

/* The object on top, for the usual request that nobody is to be told of.  False: the long
 * way must be gone, with the object if there is one. */
static __always_inline bool slab_alloc_fast(struct kmem_cache *s, gfp_t gfp,
					    enum trace_id event, void **obj)
{
	if (likely(!(gfp & __GFP_ZERO)) && likely(slab_pop(s, gfp, obj)))
		return !trace_on(event);
	*obj = NULL;
	return false;
}

/* obj is in a slab of s.  False: there is no room. */
static __always_inline bool slab_push(struct kmem_cache *s, void *obj)
{
	unsigned long flags = arch_leaf_irq_save();
	struct kmem_cpu_cache *cc = slab_this_cpu(s);
	void **top = cc->top;
	bool room = likely(top != cc->end);

	if (room) {
		*top = obj;
		cc->top = top + 1;
	}
	arch_leaf_irq_restore(flags);
	return room;
}

#endif
