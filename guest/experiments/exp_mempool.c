/* SPDX-License-Identifier: MIT */
/*
 * Memory pools.
 *
 * Who must make progress when memory is gone keeps elements back beforehand.  A mempool
 * asks its allocator first; only when that has nothing does it touch its reserve, and what
 * is freed fills the reserve up before it goes back.
 *
 * Witnesses: an allocator that fails on purpose, and the pool's own counts.
 */
#include <linux/atomic.h>
#include <linux/fault-inject.h>
#include <linux/gfp.h>
#include <linux/mempool.h>
#include <linux/page_debug.h>
#include <linux/slab.h>

#include <mm/slab_info.h>

#include "experiment.h"

#define CHAPTER CHAPTER_MEMPOOL

#define RESERVE 4

/* While memory is gone the reserve gives RESERVE elements, and not one more. */
static void drain_reserve(struct trial *x, mempool_t *pool, const char *kind)
{
	void *elements[RESERVE + 1];
	struct mempool_stats stats;
	unsigned int n;

	for (n = 0; n <= RESERVE; n++) {
		elements[n] = mempool_alloc(pool, GFP_NOWAIT);
		if (!elements[n])
			break;
	}
	mempool_get_stats(pool, &stats);
	expect(x, n == RESERVE && stats.from_reserve == RESERVE,
	       "%s: %u elements, %lu from the reserve", kind, n, stats.from_reserve);
	evidence(x, "%s pool: %lu of %u elements from the reserve", kind,
		 stats.from_reserve, n);
	while (n)
		mempool_free(elements[--n], pool);
	mempool_get_stats(pool, &stats);
	expect(x, stats.reserved == RESERVE, "%s: %u in reserve after all are free", kind,
	       stats.reserved);
	expect(x, !mempool_verify(pool), "%s: the pool is broken", kind);
}

EXPERIMENT(mempool_reserve, "mempool.reserve",
	   "a pool gives what it has in reserve when memory is gone")
{
	static struct fault_attr pages, objects;
	struct kmem_cache *s = kmem_cache_create("exp-pool", 200, 0, 0, NULL);
	mempool_t *of_objects = s ? mempool_create_slab_pool(RESERVE, s) : NULL;
	mempool_t *of_pages = mempool_create_page_pool(RESERVE, 0);

	if (expect(x, of_objects && of_pages, "no pools")) {
		objects = pages =
			(struct fault_attr){ .probability = 100, .interval = 1 };
		atomic_set(&objects.times, -1);
		atomic_set(&pages.times, -1);
		fail_page_alloc_set(&pages);
		failslab_set(&objects, s);
		drain_reserve(x, of_objects, "slab");
		drain_reserve(x, of_pages, "page");
		failslab_set(NULL, NULL);
		fail_page_alloc_set(NULL);
	}
	mempool_destroy(of_objects);
	mempool_destroy(of_pages);
	expect(x, !kmem_cache_destroy(s), "the cache is busy");
}
