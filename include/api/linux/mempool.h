/* SPDX-License-Identifier: MIT */
/*
 * Memory pools (include/linux/mempool.h): a reserve of elements for those who must make
 * progress when memory is gone, such as whoever writes pages out so that they can be freed.
 *
 * A pool asks its allocator first and touches its reserve only when that fails; what is
 * freed fills the reserve up before it goes back to the allocator.  So with a reserve of n,
 * n elements can always be had, and a caller who may sleep gets one as soon as another is
 * freed.
 */
#ifndef _LINUX_MEMPOOL_H
#define _LINUX_MEMPOOL_H

#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

/* Where elements come from, and go to.  pool_data is the pool's.  The first returns NULL
 * when there is no memory, and sleeps only where gfp allows it. */
typedef void *mempool_alloc_t(gfp_t gfp, void *pool_data);
typedef void mempool_free_t(void *element, void *pool_data);

struct mempool_stats {
	unsigned long allocs; /* elements handed out, ever */
	unsigned long from_reserve; /* of them, those the reserve gave */
	unsigned long frees; /* elements taken back */
	unsigned long waits; /* times a caller slept for an element */
	unsigned long failed; /* requests that got NULL */
	unsigned int reserved; /* elements in the reserve now */
	unsigned int lowest; /* the fewest there ever were since the pool was full */
};

/* One CPU's part of the counts, written by that CPU alone, with interrupts off. */
struct mempool_counts {
	unsigned long allocs, frees,
		failed; /* as in struct mempool_stats; sums over all CPUs */
} ____cacheline_aligned;

/*
 * Invariant, under lock: curr_nr <= min_nr, and elements[0 .. curr_nr) are the reserve, used
 * as a stack.  A pool that nobody holds an element of is full: curr_nr == min_nr.
 */
typedef struct mempool_s {
	spinlock_t lock; /* any context; guards what follows up to waits */
	int min_nr; /* the reserve's size, at least 1 */
	int curr_nr;
	int lowest; /* the smallest curr_nr there was */
	void **elements;
	unsigned long from_reserve, waits; /* as in struct mempool_stats */
	struct mempool_counts *counts; /* by CPU */
	void *pool_data;
	mempool_alloc_t *alloc;
	mempool_free_t *free;
	wait_queue_head_t wait; /* for an element freed to the reserve */
} mempool_t;

/*
 * A pool with a full reserve of min_nr elements (at least 1); NULL, or -ENOMEM and
 * -EINVAL, with nothing left allocated.  mempool_init() makes one of the caller's memory.
 * Both sleep.
 */
mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc, mempool_free_t *free,
			  void *pool_data);
int mempool_init(mempool_t *pool, int min_nr, mempool_alloc_t *alloc,
		 mempool_free_t *free, void *pool_data);
static inline bool mempool_initialized(const mempool_t *pool)
{
	return pool->elements != NULL;
}

/*
 * Gives the reserve back; mempool_destroy() the pool as well, and takes NULL.  Elements
 * still out are reported, and leave their memory behind; mempool_exit() of memory that is
 * all zero does nothing.  Sleeps.
 */
void mempool_exit(mempool_t *pool);
void mempool_destroy(mempool_t *pool);

/*
 * An element: from the allocator, which is asked without recourse to the kernel's own
 * reserves and without a report of failure; else from the reserve; else, where gfp allows
 * sleeping, the next one freed: then it never fails.  NULL only for those who may not
 * sleep.  __GFP_ZERO is refused (a warning, no effect): an element of the reserve is not
 * clear.
 */
void *mempool_alloc(mempool_t *pool, gfp_t gfp) __malloc;
/* Any context.  NULL is fine. */
void mempool_free(void *element, mempool_t *pool);

/* Changes the size of the reserve and fills it as far as memory goes.  0; -EINVAL for less
 * than 1; -ENOMEM, and the size is as before.  Sleeps.  One at a time. */
int mempool_resize(mempool_t *pool, int new_min_nr);

/* --- the usual allocators -------------------------------------------------------------- */

/* pool_data: the cache */
void *mempool_alloc_slab(gfp_t gfp, void *pool_data);
void mempool_free_slab(void *element, void *pool_data);
/* pool_data: bytes of an element */
void *mempool_kmalloc(gfp_t gfp, void *pool_data);
void mempool_kfree(void *element, void *pool_data);
/* pool_data: the order; an element is a struct page */
void *mempool_alloc_pages(gfp_t gfp, void *pool_data);
void mempool_free_pages(void *element, void *pool_data);

static inline int mempool_init_slab_pool(mempool_t *pool, int min_nr,
					 struct kmem_cache *s)
{
	return mempool_init(pool, min_nr, mempool_alloc_slab, mempool_free_slab, s);
}

static inline mempool_t *mempool_create_slab_pool(int min_nr, struct kmem_cache *s)
{
	return mempool_create(min_nr, mempool_alloc_slab, mempool_free_slab, s);
}

static inline int mempool_init_kmalloc_pool(mempool_t *pool, int min_nr, size_t size)
{
	return mempool_init(pool, min_nr, mempool_kmalloc, mempool_kfree, (void *)size);
}

static inline mempool_t *mempool_create_kmalloc_pool(int min_nr, size_t size)
{
	return mempool_create(min_nr, mempool_kmalloc, mempool_kfree, (void *)size);
}

static inline int mempool_init_page_pool(mempool_t *pool, int min_nr, int order)
{
	return mempool_init(pool, min_nr, mempool_alloc_pages, mempool_free_pages,
			    (void *)(long)order);
}

static inline mempool_t *mempool_create_page_pool(int min_nr, int order)
{
	return mempool_create(min_nr, mempool_alloc_pages, mempool_free_pages,
			      (void *)(long)order);
}

/* --- looking at it --------------------------------------------------------------------- */

void mempool_get_stats(mempool_t *pool, struct mempool_stats *stats);
/* Bounds, the books against each other, no element twice in the reserve.  0, or -EINVAL
 * after one printed line.  Nobody may use the pool meanwhile. */
int mempool_verify(mempool_t *pool);

#endif
