/* SPDX-License-Identifier: MIT */
/*
 * Areas of the vmalloc range: who has which addresses, from birth to reuse.
 *
 *	BUILDING --vm_area_publish--> LIVE --vm_area_take--> DYING
 *	    \							|
 *	     `------------------ vm_area_retire ----------------+--> LAZY --flush--> SPARE
 *										 or gone
 *
 * The TLBs of all CPUs may hold what an area mapped until they are flushed, and a flush is
 * dear.  So a retired area keeps its addresses, unmapped, until many can share one flush;
 * only then are they free again.  That no address is reused before a flush follows from
 * one thing: until then the area stays in the tree and on no list that serves requests.
 *
 * Most areas are small, and their sizes repeat.  So a flushed area of few pages does not
 * leave the tree at once but waits, descriptor and addresses together, for the next
 * request of its size, which then costs no search and no change of the tree (the idea of
 * quantum caches; Bonwick and Adams, USENIX 2001).
 */
#ifndef MM_VMAP_AREA_H
#define MM_VMAP_AREA_H

#include <linux/types.h>
#include <linux/vmalloc.h>
#include <linux/pfn.h>
#include "mm/platform.h"
#include "mm/range_tree.h"

enum vm_area_state {
	VM_BUILDING, /* its maker fills it; nobody else may touch it */
	VM_LIVE, /* mapped from start to guard page */
	VM_DYING, /* its taker unmaps it */
	VM_LAZY, /* unmapped; stale TLB entries may exist */
	VM_SPARE, /* unmapped and flushed; free for a request of its size */
};

/* Areas of vmalloc with at most this many pages have room for the list of them. */
#define VM_OWN_PAGES 64 /* at most: vmap_space.spare_sizes has a bit for each number */

struct vm_area {
	struct range range; /* in the tree; the last page of it is the guard */
	enum vm_area_state state; /* guarded by the lock of vmap_area.c */
	unsigned int kind; /* VM_IOREMAP, VM_ALLOC or VM_MAP */
	unsigned long nr_pages; /* mapped pages that have a struct page */
	/* VM_ALLOC: the pages it owns, in order: own_pages or a list apart.  Else NULL, and
	 * own_pages has no room either. */
	struct page **pages;
	phys_addr_t phys_addr; /* VM_IOREMAP: what range.start maps */
	unsigned long caller; /* who made it */
	unsigned long freed_by; /* who ended it; stale while it lives */
	struct vm_area *next; /* LAZY, SPARE: the next on the same list */
	struct page *own_pages[];
};

static inline unsigned long vm_area_start(const struct vm_area *area)
{
	return area->range.start;
}

/* Bytes, without the guard page. */
static inline unsigned long vm_area_size(const struct vm_area *area)
{
	return area->range.end - area->range.start - PAGE_SIZE;
}

/*
 * A new area of nr pages of address space and a guard page, in state BUILDING.  For
 * VM_ALLOC up to VM_OWN_PAGES, pages is a list of nr entries to fill, else it is NULL.
 * NULL: no memory or no addresses.
 */
struct vm_area *vm_area_create(unsigned long nr, unsigned int kind, gfp_t gfp,
			       unsigned long caller);
/* The area is mapped: others may look it up now.  Returns its address. */
void *vm_area_publish(struct vm_area *area);
/* The live area of that kind that starts at addr, which is the caller's to end now.  NULL
 * when there is none: reported in the name of `call`. */
struct vm_area *vm_area_take(const void *addr, unsigned int kind, const char *call,
			     unsigned long caller);
static inline void vm_area_unmap(const struct vm_area *area)
{
	platform_unmap(vm_area_start(area), vm_area_size(area));
}

/* Ends an area that was taken or never published, and is unmapped: it is no longer the
 * caller's.  Its addresses become free with a later flush.  Any context. */
void vm_area_retire(struct vm_area *area);

/* vmalloc, charged to that call site. */
void *vmalloc_from(unsigned long size, gfp_t gfp, unsigned long caller);

/* May the caller make an area here?  False in atomic context: reported. */
bool vm_may_create(const char *call);
/* Counts a request that ends with NULL. */
void *vm_failed(void);
/* What the memory of an area itself is asked for with. */
gfp_t vm_meta_gfp(gfp_t gfp);

#endif
