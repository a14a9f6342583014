/* SPDX-License-Identifier: MIT */
/* Small coherent buffers of one size for one device (include/linux/dmapool.h). */
#ifndef _LINUX_DMAPOOL_H
#define _LINUX_DMAPOOL_H

#include <linux/types.h>
#include <linux/gfp.h>

struct device;
struct dma_pool;

/*
 * Blocks of size bytes, each aligned to align (a power of two, 0 for 1) in bus addresses,
 * none crossing a multiple of boundary (a power of two at least size; 0: no limit).  The
 * name stays the caller's.  NULL: bad size, alignment or boundary, or no memory.  Sleeps.
 */
struct dma_pool *dma_pool_create(const char *name, struct device *dev, size_t size,
				 size_t align, size_t boundary);
/* A pool with blocks in use is reported with their number and stays as it is. */
void dma_pool_destroy(struct dma_pool *pool);

/* A block and, in *handle, its address for the device; NULL when memory is out. */
void *dma_pool_alloc(struct dma_pool *pool, gfp_t gfp, dma_addr_t *handle) __malloc;
/* A block that is not in use, is not of this pool, or whose handle does not belong to
 * vaddr is reported and nothing changes. */
void dma_pool_free(struct dma_pool *pool, void *vaddr, dma_addr_t handle);

static inline void *dma_pool_zalloc(struct dma_pool *pool, gfp_t gfp, dma_addr_t *handle)
{
	return dma_pool_alloc(pool, gfp | __GFP_ZERO, handle);
}

struct dma_pool_stats {
	unsigned int size; /* bytes of one block, rounded up to the alignment */
	unsigned long nr_pages; /* coherent buffers the pool is cut from */
	unsigned long nr_blocks; /* blocks in them, used and free */
	unsigned long nr_active; /* blocks in use */
	unsigned long nr_bad; /* frees refused */
};

void dma_pool_get_stats(struct dma_pool *pool, struct dma_pool_stats *stats);

/* Counts, free list and used marks agree; 0, or -EINVAL after one printed line. */
int dma_pool_verify(struct dma_pool *pool);

/* Fill freed blocks and check at allocation that nobody, the device included, wrote to
 * them.  For pools created afterwards. */
void dma_pool_set_debug(bool on);

#endif
