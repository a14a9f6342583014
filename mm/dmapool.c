/* SPDX-License-Identifier: MIT */
/*
 * DMA pools: blocks of one size cut from coherent buffers ("slices").
 *
 * Free blocks still belong to memory that a device can write to, so nothing the pool
 * relies on is kept in them: each slice has a map of its free blocks outside.  A free can
 * therefore be checked exactly (is it a block of this pool, is it in use, does the bus
 * address belong to it) in O(log slices), always, and a device that writes to a freed block
 * cannot lead the pool astray.  With debugging on it is caught, too: freed blocks are
 * filled with a pattern that must still be there when they are handed out again.
 *
 * Slices with free blocks form a list, the most recently used first.  They are given back
 * with the pool.
 */
#include <linux/bitops.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include "mm/platform.h"
#include "mm/range_tree.h"

#define MIN_BLOCK     16
#define POISON_FREED  0xa7
#define POISON_IN_USE 0xa9

struct dma_pool {
	const char *name;
	struct device *dev;
	unsigned int size; /* bytes of a block, a multiple of the alignment */
	unsigned int slice; /* bytes of a slice, whole pages */
	unsigned int chunk; /* blocks do not cross multiples of this */
	unsigned int per_chunk; /* blocks in a chunk */
	unsigned int blocks; /* blocks in a slice */
	bool poison; /* freed blocks are filled and checked */

	spinlock_t lock; /* any context; guards what follows */
	struct range_tree slices; /* by virtual address */
	struct list_head partial; /* slices with free blocks */
	unsigned long active; /* blocks in use */
	unsigned long bad; /* frees refused */
};

struct slice {
	struct range range; /* its virtual addresses */
	dma_addr_t dma; /* the device's address of range.start */
	struct list_head list; /* in pool->partial while free > 0 */
	unsigned int free; /* bits set in map */
	unsigned long map[]; /* a bit a block: 1 = free */
};

static bool poison_new_pools; /* set at boot; no lock */

void dma_pool_set_debug(bool on)
{
	poison_new_pools = on;
}

/* --- geometry ------------------------------------------------------------------------ */

static unsigned long offset_of_block(const struct dma_pool *pool, unsigned int block)
{
	return block / pool->per_chunk * pool->chunk +
	       block % pool->per_chunk * pool->size;
}

/* The number of the block that starts at offset, or pool->blocks when none does. */
static unsigned int block_at(const struct dma_pool *pool, unsigned long offset)
{
	unsigned int in_chunk = offset % pool->chunk, nth = in_chunk / pool->size;

	if (in_chunk % pool->size || nth >= pool->per_chunk)
		return pool->blocks;
	return offset / pool->chunk * pool->per_chunk + nth;
}

/* Derives slices and chunks from the size.  False when the boundary cannot be kept. */
static bool lay_out(struct dma_pool *pool, size_t boundary)
{
	if (boundary && (boundary < pool->size || !is_power_of_2(boundary)))
		return false;
	pool->slice = PAGE_ALIGN(pool->size);
	pool->chunk = pool->slice;
	if (boundary && boundary < pool->slice)
		pool->chunk = boundary;
	pool->per_chunk = pool->chunk / pool->size;
	pool->blocks = pool->slice / pool->chunk * pool->per_chunk;
	return true;
}

struct dma_pool *dma_pool_create(const char *name, struct device *dev, size_t size,
				 size_t align, size_t boundary)
{
	struct dma_pool *pool;

	align = align ? align : 1;
	if (!is_power_of_2(align) || align > MAX_ORDER_SIZE || !size ||
	    size > MAX_ORDER_SIZE)
		return NULL;
	pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	if (!pool)
		return NULL;
	pool->name = name;
	pool->dev = dev;
	pool->size = ALIGN(max_t(size_t, size, MIN_BLOCK), align);
	pool->poison = poison_new_pools;
	spin_lock_init(&pool->lock);
	range_tree_init(&pool->slices, PAGE_SIZE, ~0UL);
	INIT_LIST_HEAD(&pool->partial);
	if (!lay_out(pool, boundary)) {
		kfree(pool);
		return NULL;
	}
	return pool;
}

void dma_pool_destroy(struct dma_pool *pool)
{
	struct slice *slice;

	if (!pool)
		return;
	if (pool->active) {
		dev_err(pool->dev, "dma_pool_destroy: %s has %lu blocks in use\n",
			pool->name, pool->active);
		__warn(__FILE__, __LINE__, "busy DMA pool destroyed");
		return;
	}
	while (pool->slices.count) {
		slice = container_of(range_first(&pool->slices), struct slice, range);
		range_tree_remove(&pool->slices, &slice->range);
		dma_free_coherent(pool->dev, pool->slice, (void *)slice->range.start,
				  slice->dma);
		kfree(slice);
	}
	kfree(pool);
}

/* --- slices -------------------------------------------------------------------------- */

/* A slice with all blocks free, not in the pool yet. */
static struct slice *make_slice(const struct dma_pool *pool, gfp_t gfp)
{
	size_t map_size = BITS_TO_LONGS(pool->blocks) * sizeof(unsigned long);
	struct slice *slice;
	void *vaddr;

	slice = kzalloc(sizeof(*slice) + map_size, gfp & ~(GFP_ZONEMASK | __GFP_ZERO));
	if (!slice)
		return NULL;
	vaddr = dma_alloc_coherent(pool->dev, pool->slice, &slice->dma, gfp);
	if (!vaddr) {
		kfree(slice);
		return NULL;
	}
	slice->range.start = (unsigned long)vaddr;
	slice->range.end = slice->range.start + pool->slice;
	slice->free = pool->blocks;
	for (unsigned int block = 0; block < pool->blocks; block++)
		__set_bit(block, slice->map);
	if (pool->poison)
		memset(vaddr, POISON_FREED, pool->slice);
	return slice;
}

/* Takes the lowest free block of a slice that has one; under the lock. */
static unsigned int take_block(struct dma_pool *pool, struct slice *slice)
{
	unsigned long word = 0;
	unsigned int block;

	while (!slice->map[word])
		word++;
	block = word * BITS_PER_LONG + __ffs(slice->map[word]);
	__clear_bit(block, slice->map);
	if (--slice->free == 0)
		list_del(&slice->list);
	pool->active++;
	return block;
}

static void put_block(struct dma_pool *pool, struct slice *slice, unsigned int block)
{
	__set_bit(block, slice->map);
	if (slice->free++ == 0)
		list_add(&slice->list, &pool->partial);
	pool->active--;
}

/* Makes the pool one slice larger.  False without memory. */
static bool grow(struct dma_pool *pool, gfp_t gfp)
{
	struct slice *slice = make_slice(pool, gfp);
	unsigned long flags;
	int err;

	if (!slice)
		return false;
	spin_lock_irqsave(&pool->lock, flags);
	err = range_tree_insert(&pool->slices, &slice->range);
	WARN_ON(err); /* memory just allocated is in no other slice */
	list_add(&slice->list, &pool->partial);
	spin_unlock_irqrestore(&pool->lock, flags);
	return true;
}

/* --- blocks -------------------------------------------------------------------------- */

/* Was a free block written to?  Prints where. */
static bool poison_is_broken(const struct dma_pool *pool, const void *vaddr)
{
	const unsigned char *wrong = memchr_inv(vaddr, POISON_FREED, pool->size);

	if (!wrong)
		return false;
	dev_err(pool->dev,
		"dma_pool %s: free block %lx was written to, %02x at byte %lu\n",
		pool->name, (unsigned long)vaddr, *wrong,
		(unsigned long)(wrong - (const unsigned char *)vaddr));
	return true;
}

static void fill_taken(const struct dma_pool *pool, void *vaddr, gfp_t gfp)
{
	if (unlikely(pool->poison)) {
		if (poison_is_broken(pool, vaddr))
			__warn(__FILE__, __LINE__, "write to a free block of a DMA pool");
		memset(vaddr, POISON_IN_USE, pool->size);
	}
	if (gfp & __GFP_ZERO)
		memset(vaddr, 0, pool->size);
}

void *dma_pool_alloc(struct dma_pool *pool, gfp_t gfp, dma_addr_t *handle)
{
	struct slice *slice;
	unsigned long flags, offset;
	void *vaddr;

	gfp &= gfp_allowed_mask;
	if (unlikely(gfpflags_allow_blocking(gfp) && in_atomic())) {
		platform_context_violation("dma_pool_alloc that may sleep");
		return NULL;
	}
	spin_lock_irqsave(&pool->lock, flags);
	while (list_empty(&pool->partial)) {
		spin_unlock_irqrestore(&pool->lock, flags);
		if (!grow(pool, gfp))
			return NULL;
		spin_lock_irqsave(&pool->lock, flags);
	}
	slice = list_first_entry(&pool->partial, struct slice, list);
	offset = offset_of_block(pool, take_block(pool, slice));
	*handle = slice->dma + offset;
	vaddr = (void *)(slice->range.start + offset);
	spin_unlock_irqrestore(&pool->lock, flags);
	fill_taken(pool, vaddr, gfp);
	return vaddr;
}

/* What is wrong with freeing this, or NULL and the block; under the lock. */
static const char *find_block(struct dma_pool *pool, const void *vaddr, dma_addr_t handle,
			      struct slice **slice, unsigned int *block)
{
	struct range *range = range_tree_find(&pool->slices, (unsigned long)vaddr);
	unsigned long offset;

	if (!range)
		return "is not in this pool";
	*slice = container_of(range, struct slice, range);
	offset = (unsigned long)vaddr - range->start;
	*block = block_at(pool, offset);
	if (*block >= pool->blocks)
		return "is not the start of a block";
	if (test_bit(*block, (*slice)->map))
		return "is free already";
	if (handle != (*slice)->dma + offset)
		return "has another bus address";
	return NULL;
}

void dma_pool_free(struct dma_pool *pool, void *vaddr, dma_addr_t handle)
{
	struct slice *slice;
	unsigned int block;
	unsigned long flags;
	const char *wrong;

	spin_lock_irqsave(&pool->lock, flags);
	wrong = find_block(pool, vaddr, handle, &slice, &block);
	if (likely(!wrong)) {
		if (unlikely(pool->poison))
			memset(vaddr, POISON_FREED, pool->size);
		put_block(pool, slice, block);
	} else {
		pool->bad++;
	}
	spin_unlock_irqrestore(&pool->lock, flags);
	if (unlikely(wrong)) {
		dev_err(pool->dev, "dma_pool_free: %s: %lx (bus address %llx) %s\n",
			pool->name, (unsigned long)vaddr, (unsigned long long)handle,
			wrong);
		__warn(__FILE__, __LINE__, "bad free to a DMA pool");
	}
}

/* --- reports and checks -------------------------------------------------------------- */

void dma_pool_get_stats(struct dma_pool *pool, struct dma_pool_stats *stats)
{
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	*stats = (struct dma_pool_stats){
		.size = pool->size,
		.nr_pages = pool->slices.count,
		.nr_blocks = pool->slices.count * pool->blocks,
		.nr_active = pool->active,
		.nr_bad = pool->bad,
	};
	spin_unlock_irqrestore(&pool->lock, flags);
}

static const char *slice_fault(const struct dma_pool *pool, const struct slice *slice)
{
	unsigned int bits = BITS_TO_LONGS(pool->blocks) * BITS_PER_LONG, free = 0;

	for (unsigned int block = 0; block < bits; block++) {
		if (!test_bit(block, slice->map))
			continue;
		if (block >= pool->blocks)
			return "a free block that does not exist";
		if (pool->poison &&
		    poison_is_broken(pool, (void *)(slice->range.start +
						    offset_of_block(pool, block))))
			return "a free block was written to";
		free++;
	}
	return free == slice->free ? NULL : "wrong count of free blocks";
}

static const char *pool_fault(const struct dma_pool *pool)
{
	const char *fault = range_tree_fault(&pool->slices);
	unsigned long used = 0, partial = 0;
	const struct range *range;
	const struct slice *slice;

	if (fault)
		return fault;
	range_tree_for_each(range, &pool->slices)
	{
		slice = container_of(range, struct slice, range);
		fault = slice_fault(pool, slice);
		if (fault)
			return fault;
		used += pool->blocks - slice->free;
		partial += slice->free != 0;
	}
	list_for_each_entry (slice, &pool->partial, list)
		if (!slice->free || !partial--)
			return "a full slice among the partial ones";
	if (partial)
		return "a partial slice is not on the list";
	return used == pool->active ? NULL : "wrong count of blocks in use";
}

int dma_pool_verify(struct dma_pool *pool)
{
	unsigned long flags;
	const char *fault;

	spin_lock_irqsave(&pool->lock, flags);
	fault = pool_fault(pool);
	spin_unlock_irqrestore(&pool->lock, flags);
	if (!fault)
		return 0;
	dev_err(pool->dev, "dma_pool_verify: %s: %s\n", pool->name, fault);
	return -EINVAL;
}
