/* SPDX-License-Identifier: MIT */
/* struct page: one for each page frame (include/linux/mm_types.h). */
#ifndef _LINUX_MM_TYPES_H
#define _LINUX_MM_TYPES_H

#include <linux/types.h>

struct kmem_cache;

/*
 * 64 bytes; all zero is valid and means "reserved, fresh, or inside a block"
 * (<linux/page-flags.h>).
 *
 * The first 16 bytes are the page allocator's; an owner sets and clears the flags meant for
 * it.  The other 48 are the owner's while the page is allocated, in tail pages too, and
 * hold rubbish after allocation, but for slab_cache: only the slab allocator writes it, in
 * every page of a slab, and takes it back before freeing, so it is NULL everywhere else.
 * While a page is free, lru links it to its free list.
 */
struct page {
	union {
		u64 state; /* both at once */
		struct {
			u32 flags; /* enum pageflags and the order */
			atomic_t _refcount; /* users of a PG_live block; else 0 */
		};
	};
	u32 debug; /* page_poison's mark */
	u32 visited; /* page_alloc_verify's; 0 when it is not at work */
	struct kmem_cache *slab_cache;
	struct list_head lru;
	unsigned long private;
	unsigned long index;
	void *mapping;
};

_Static_assert(sizeof(struct page) == 64, "struct page is 64 bytes");

#endif
