/* SPDX-License-Identifier: MIT */
/* KFENCE's pool, for the files that keep it and look at it. */
#ifndef MM_KFENCE_POOL_H
#define MM_KFENCE_POOL_H

#include <linux/spinlock.h>
#include "mm/kfence.h"

/* All but next and interval guarded by lock; any context. */
struct kfence_pool {
	spinlock_t lock;
	struct kfence_meta *metas; /* KFENCE_NUM_OBJECTS of them; NULL: no pool */
	struct list_head unused; /* not allocated, see kfence_meta.list */
	struct kfence_stats stats;
	struct page *block; /* the pool's memory */
	unsigned long next; /* jiffies when a sample is due; atomic */
	unsigned long interval; /* jiffies between samples */
	unsigned int wanted; /* of the command line, in ms; 0: off */
};
extern struct kfence_pool kfence;

static inline unsigned int meta_number(const struct kfence_meta *meta)
{
	return (unsigned int)(meta - kfence.metas);
}

static inline unsigned long meta_page(const struct kfence_meta *meta)
{
	return kfence_base + (2UL * meta_number(meta) + 1) * PAGE_SIZE;
}

/* Whose page it is; NULL for guard pages. */
static inline struct kfence_meta *meta_of(unsigned long addr)
{
	unsigned long page = (addr - kfence_base) >> PAGE_SHIFT;

	if (page % 2 == 0 || page / 2 >= KFENCE_NUM_OBJECTS)
		return NULL;
	return &kfence.metas[page / 2];
}

/* Looks at the bytes on both sides of an object in use, and mends them.  True: they were
 * damaged, *bug tells by what the call at ip found.  The lock is held, or nobody uses the
 * pool. */
bool kfence_is_damaged(const struct kfence_meta *meta, unsigned long ip,
		       struct kfence_bug *bug);

#endif
