/* SPDX-License-Identifier: MIT */
/*
 * Memory pools (<linux/mempool.h>).
 *
 * Why a caller that sleeps always gets an element: it looks at the reserve and queues
 * itself under the pool's lock, and an element is put in the reserve under the same lock
 * before the queue is woken.  So either it sees the element, or the wake-up sees it.  Since
 * memory may come free without anyone freeing an element to this pool, nobody sleeps longer
 * than MEMPOOL_PATIENCE before asking the allocator again.
 */
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>
#include "mm/platform.h"

#define MEMPOOL_PATIENCE (5 * HZ)

/* --- the reserve; the lock is held ----------------------------------------------------- */

static void reserve_push(mempool_t *pool, void *element)
{
	pool->elements[pool->curr_nr++] = element;
}

static void *reserve_pop(mempool_t *pool)
{
	void *element;

	if (!pool->curr_nr)
		return NULL;
	element = pool->elements[--pool->curr_nr];
	pool->lowest = min(pool->lowest, pool->curr_nr);
	return element;
}

/* --- making and ending ----------------------------------------------------------------- */

/* Gives elements back until `keep` are left.  The lock is not held. */
static void reserve_trim(mempool_t *pool, int keep)
{
	unsigned long flags;
	void *element;

	for (;;) {
		spin_lock_irqsave(&pool->lock, flags);
		element = pool->curr_nr > keep ? reserve_pop(pool) : NULL;
		spin_unlock_irqrestore(&pool->lock, flags);
		if (!element)
			return;
		pool->free(element, pool->pool_data);
	}
}

/* Asks for elements until the reserve is full; -ENOMEM with as many as there were. */
static int reserve_fill(mempool_t *pool)
{
	unsigned long flags;
	void *element;
	bool taken;

	while (READ_ONCE(pool->curr_nr) < pool->min_nr) {
		element = pool->alloc(GFP_KERNEL, pool->pool_data);
		if (!element)
			return -ENOMEM;
		spin_lock_irqsave(&pool->lock, flags);
		taken = pool->curr_nr < pool->min_nr;
		if (taken)
			reserve_push(pool, element);
		spin_unlock_irqrestore(&pool->lock, flags);
		if (!taken)
			pool->free(element, pool->pool_data);
	}
	return 0;
}

int mempool_init(mempool_t *pool, int min_nr, mempool_alloc_t *alloc,
		 mempool_free_t *free, void *pool_data)
{
	int err;

	might_sleep();
	memset(pool, 0, sizeof(*pool));
	if (min_nr < 1 || !alloc || !free)
		return -EINVAL;
	pool->counts = kcalloc(num_possible_cpus(), sizeof(*pool->counts), GFP_KERNEL);
	if (!pool->counts)
		return -ENOMEM;
	pool->elements = kmalloc_array((size_t)min_nr, sizeof(void *), GFP_KERNEL);
	if (!pool->elements) {
		kfree(pool->counts);
		return -ENOMEM;
	}
	spin_lock_init(&pool->lock);
	init_waitqueue_head(&pool->wait);
	pool->min_nr = min_nr;
	pool->alloc = alloc;
	pool->free = free;
	pool->pool_data = pool_data;
	err = reserve_fill(pool);
	if (err)
		mempool_exit(pool);
	else
		pool->lowest = min_nr;
	return err;
}

mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc, mempool_free_t *free,
			  void *pool_data)
{
	mempool_t *pool = kmalloc(sizeof(*pool), GFP_KERNEL);

	if (pool && mempool_init(pool, min_nr, alloc, free, pool_data)) {
		kfree(pool);
		return NULL;
	}
	return pool;
}

/* While the pool is in use: no more frees than allocs, for those are summed later. */
static struct mempool_counts sum_counts(const mempool_t *pool)
{
	struct mempool_counts sum = { 0 };

	for (unsigned int cpu = 0; cpu < num_possible_cpus(); cpu++)
		sum.frees += READ_ONCE(pool->counts[cpu].frees);
	smp_rmb();
	for (unsigned int cpu = 0; cpu < num_possible_cpus(); cpu++) {
		sum.allocs += READ_ONCE(pool->counts[cpu].allocs);
		sum.failed += READ_ONCE(pool->counts[cpu].failed);
	}
	return sum;
}

static long elements_out(const mempool_t *pool)
{
	struct mempool_counts sum = sum_counts(pool);

	return (long)(sum.allocs - sum.frees);
}

void mempool_exit(mempool_t *pool)
{
	if (!mempool_initialized(pool))
		return;
	might_sleep();
	if (elements_out(pool)) {
		pr_err("mempool_exit: %ld elements of %pS are still out\n",
		       elements_out(pool), (void *)(unsigned long)pool->alloc);
		__warn(__FILE__, __LINE__, "busy mempool ended");
	}
	reserve_trim(pool, 0);
	kfree(pool->elements);
	kfree(pool->counts);
	pool->elements = NULL;
	pool->counts = NULL;
}

void mempool_destroy(mempool_t *pool)
{
	if (!pool)
		return;
	mempool_exit(pool);
	kfree(pool);
}

/* Gives the reserve a larger array. */
static void reserve_move(mempool_t *pool, void **elements, int min_nr)
{
	unsigned long flags;
	void **old;

	spin_lock_irqsave(&pool->lock, flags);
	memcpy(elements, pool->elements, (size_t)pool->curr_nr * sizeof(void *));
	old = pool->elements;
	pool->elements = elements;
	pool->min_nr = min_nr;
	spin_unlock_irqrestore(&pool->lock, flags);
	kfree(old);
}

static int reserve_shrink(mempool_t *pool, int min_nr)
{
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	pool->min_nr = min_nr;
	spin_unlock_irqrestore(&pool->lock, flags);
	reserve_trim(pool, min_nr);
	return 0;
}

int mempool_resize(mempool_t *pool, int new_min_nr)
{
	void **elements;

	might_sleep();
	if (new_min_nr < 1)
		return -EINVAL;
	if (new_min_nr <= pool->min_nr)
		return reserve_shrink(pool, new_min_nr);
	elements = kmalloc_array((size_t)new_min_nr, sizeof(void *), GFP_KERNEL);
	if (!elements)
		return -ENOMEM;
	reserve_move(pool, elements, new_min_nr);
	/* What is missing comes with the next frees. */
	reserve_fill(pool);
	return 0;
}

/* --- in and out ------------------------------------------------------------------------ */

static void *take_reserved(mempool_t *pool)
{
	unsigned long flags;
	void *element;

	spin_lock_irqsave(&pool->lock, flags);
	element = reserve_pop(pool);
	pool->from_reserve += element != NULL;
	spin_unlock_irqrestore(&pool->lock, flags);
	return element;
}

/* An element of the reserve; without one, sleeps until one is freed to it or the patience
 * is over, and returns NULL. */
static void *take_or_wait(mempool_t *pool)
{
	struct wait_queue_entry wait;
	unsigned long flags;
	void *element;

	init_wait(&wait);
	spin_lock_irqsave(&pool->lock, flags);
	element = reserve_pop(pool);
	if (element) {
		pool->from_reserve++;
	} else {
		pool->waits++;
		prepare_to_wait(&pool->wait, &wait, TASK_UNINTERRUPTIBLE);
	}
	spin_unlock_irqrestore(&pool->lock, flags);
	if (!element) {
		schedule_timeout(MEMPOOL_PATIENCE);
		finish_wait(&pool->wait, &wait);
	}
	return element;
}

/* The allocator and the reserve by turns, until one of them gives. */
static noinline void *wait_for_element(mempool_t *pool, gfp_t gfp)
{
	void *element = NULL;

	while (!element) {
		element = pool->alloc(gfp, pool->pool_data);
		if (!element)
			element = take_or_wait(pool);
	}
	/* Woken for an element of the reserve and served by the allocator: pass it on. */
	if (READ_ONCE(pool->curr_nr) && waitqueue_active(&pool->wait))
		wake_up(&pool->wait);
	return element;
}

static void count_alloc(mempool_t *pool, bool failed)
{
	struct mempool_counts *counts;
	unsigned long flags;

	local_irq_save(flags);
	counts = &pool->counts[smp_processor_id()];
	if (likely(!failed))
		counts->allocs++;
	else
		counts->failed++;
	local_irq_restore(flags);
}

static void count_free(mempool_t *pool)
{
	unsigned long flags;

	local_irq_save(flags);
	pool->counts[smp_processor_id()].frees++;
	local_irq_restore(flags);
}

void *mempool_alloc(mempool_t *pool, gfp_t gfp)
{
	void *element;

	if (gfpflags_allow_blocking(gfp))
		might_sleep();
	WARN_ON_ONCE(gfp & __GFP_ZERO);
	gfp &= ~__GFP_ZERO;
	gfp |= __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN;
	/* First without reclaim: the reserve is quicker. */
	element = pool->alloc(gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_IO), pool->pool_data);
	if (unlikely(!element))
		element = take_reserved(pool);
	if (unlikely(!element) && gfpflags_allow_blocking(gfp))
		element = wait_for_element(pool, gfp);
	count_alloc(pool, !element);
	return element;
}

/* False: the reserve is full. */
static noinline bool put_reserved(mempool_t *pool, void *element)
{
	unsigned long flags;
	bool kept;

	spin_lock_irqsave(&pool->lock, flags);
	kept = pool->curr_nr < pool->min_nr;
	if (kept)
		reserve_push(pool, element);
	spin_unlock_irqrestore(&pool->lock, flags);
	if (kept)
		wake_up(&pool->wait);
	return kept;
}

/*
 * The reserve is looked at without its lock.  Whoever frees an element that came from it
 * got the element after that was taken, so sees what was missing then; an older value costs
 * a look under the lock, or leaves the filling to a later free.
 */
void mempool_free(void *element, mempool_t *pool)
{
	if (unlikely(!element))
		return;
	count_free(pool);
	if (unlikely(READ_ONCE(pool->curr_nr) < READ_ONCE(pool->min_nr)) &&
	    put_reserved(pool, element))
		return;
	pool->free(element, pool->pool_data);
}

/* --- the usual allocators -------------------------------------------------------------- */

void *mempool_alloc_slab(gfp_t gfp, void *pool_data)
{
	return kmem_cache_alloc(pool_data, gfp);
}

void mempool_free_slab(void *element, void *pool_data)
{
	kmem_cache_free(pool_data, element);
}

void *mempool_kmalloc(gfp_t gfp, void *pool_data)
{
	return kmalloc((size_t)pool_data, gfp);
}

void mempool_kfree(void *element, void *pool_data)
{
	(void)pool_data;
	kfree(element);
}

void *mempool_alloc_pages(gfp_t gfp, void *pool_data)
{
	return alloc_pages(gfp, (unsigned int)(unsigned long)pool_data);
}

void mempool_free_pages(void *element, void *pool_data)
{
	__free_pages(element, (unsigned int)(unsigned long)pool_data);
}

/* --- looking at it --------------------------------------------------------------------- */

void mempool_get_stats(mempool_t *pool, struct mempool_stats *stats)
{
	struct mempool_counts sum = sum_counts(pool);
	unsigned long flags;

	spin_lock_irqsave(&pool->lock, flags);
	*stats = (struct mempool_stats){
		.allocs = sum.allocs,
		.from_reserve = pool->from_reserve,
		.frees = sum.frees,
		.waits = pool->waits,
		.failed = sum.failed,
		.reserved = (unsigned int)pool->curr_nr,
		.lowest = (unsigned int)pool->lowest,
	};
	spin_unlock_irqrestore(&pool->lock, flags);
}

static const char *what_is_wrong(const mempool_t *pool)
{
	if (pool->curr_nr < 0 || pool->curr_nr > pool->min_nr)
		return "the reserve is outside its bounds";
	if (elements_out(pool) < 0)
		return "more elements were freed than handed out";
	if (!elements_out(pool) && pool->curr_nr != pool->min_nr)
		return "nobody holds an element, but the reserve is not full";
	for (int i = 0; i < pool->curr_nr; i++) {
		if (!pool->elements[i])
			return "an element of the reserve is NULL";
		for (int j = 0; j < i; j++)
			if (pool->elements[i] == pool->elements[j])
				return "an element is in the reserve twice";
	}
	return NULL;
}

int mempool_verify(mempool_t *pool)
{
	const char *wrong = what_is_wrong(pool);

	if (!wrong)
		return 0;
	pr_err("mempool %p: %s (%d of %d, %ld out)\n", pool, wrong, pool->curr_nr,
	       pool->min_nr, elements_out(pool));
	return -EINVAL;
}
