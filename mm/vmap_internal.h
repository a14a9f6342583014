/* SPDX-License-Identifier: MIT */
/* The state of the vmalloc range, shared by the files that keep it and report on it. */
#ifndef MM_VMAP_INTERNAL_H
#define MM_VMAP_INTERNAL_H

#include <linux/spinlock.h>
#include <linux/vmalloc.h>
#include "mm/range_tree.h"
#include "mm/vmap_area.h"

/* The bit of areas of n pages, 1 to 64. */
#define SIZE_BIT(n) (1ULL << ((n)-1))

/* All guarded by lock, which any context may take: interrupts are off under it. */
struct vmap_space {
	spinlock_t lock;
	unsigned int purging; /* purges between taking the lazy list and finishing it */
	struct range_tree tree; /* every area, lazy ones included */
	struct vm_area *lazy; /* retired areas that no purge has taken yet */
	struct vm_area *spare[VM_OWN_PAGES + 1]; /* by number of pages */
	u64 spare_sizes; /* SIZE_BIT(n) is set: spare[n] is not empty */
	unsigned int turn; /* the bit where the search for a size to give up begins */
	struct vmalloc_stats stats;
};
extern struct vmap_space vmap_space;

static inline unsigned long vmap_lock(void)
{
	unsigned long flags;

	spin_lock_irqsave(&vmap_space.lock, flags);
	return flags;
}

static inline void vmap_unlock(unsigned long flags)
{
	spin_unlock_irqrestore(&vmap_space.lock, flags);
}

#endif
