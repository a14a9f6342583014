/* SPDX-License-Identifier: MIT */
/*
 * Areas of the vmalloc range: who has which addresses, from birth to reuse.
 *
 *	BUILDING --vm_area_publish--> LIVE --vm_area_take--> DYING
 *	   |  `---------- vm_area_abandon ----------------------^
 *	   `------------- vm_area_retire -------------------> LAZY <- vm_area_retire - DYING
 *
 *	LAZY --flush--> SPARE or gone
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

#include <linux/preempt.h>
#include <linux/types.h>
#include <linux/vmalloc.h>
#include <linux/pfn.h>
#include "mm/platform.h"
#include "mm/range_tree.h"

struct vmap_block;

/* A kind of its own: the addresses of a block of vm_map_ram(), as VM_RAM for others. */
#define VM_BLOCK 0x20000U

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
	unsigned int kind; /* VM_IOREMAP, VM_ALLOC, VM_MAP, VM_RAM or VM_BLOCK */
	unsigned int flags; /* VM_ALLOC: VM_USERMAP, VM_ALLOW_HUGE_VMAP */
	unsigned int nr_huge; /* VM_ALLOC: it begins with so many blocks of PMD_SIZE */
	unsigned long nr_pages; /* VM_ALLOC, VM_MAP, VM_RAM: pages mapped */
	/* VM_ALLOC: what it owns, in order, first nr_huge blocks by their first pages, then
	 * single pages: own_pages or a list apart.  Else NULL, and own_pages has no room
	 * either. */
	struct page **pages;
	phys_addr_t phys_addr; /* VM_IOREMAP: what range.start maps */
	struct vmap_block *block; /* VM_BLOCK: what is mapped in it */
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

/* Pages of a block of PMD_SIZE. */
#define HUGE_PAGES (PMD_SIZE / PAGE_SIZE)

/* Pages that the blocks of an area hold. */
static inline unsigned long vm_area_huge_pages(const struct vm_area *area)
{
	return area->nr_huge * HUGE_PAGES;
}

/* Page i of a VM_ALLOC area. */
static inline struct page *vm_area_page(const struct vm_area *area, unsigned long i)
{
	unsigned long huge = vm_area_huge_pages(area);

	return i < huge ? area->pages[i / HUGE_PAGES] + i % HUGE_PAGES
			: area->pages[area->nr_huge + i - huge];
}

/*
 * A new area of nr pages of address space and a guard page, in state BUILDING.  For
 * VM_ALLOC up to VM_OWN_PAGES, pages is a list of nr entries to fill, else it is NULL.
 * NULL: no memory or no addresses.
 */
struct vm_area *vm_area_create(unsigned long nr, unsigned int kind, gfp_t gfp,
			       unsigned long caller);
/* The same at a multiple of align, a power of two. */
struct vm_area *vm_area_create_aligned(unsigned long nr, unsigned long align,
				       unsigned int kind, gfp_t gfp,
				       unsigned long caller);
/* The area is mapped: others may look it up now.  Returns its address. */
void *vm_area_publish(struct vm_area *area);
/* The maker of a VM_ALLOC area gives up: from now on as if it had been taken. */
void vm_area_abandon(struct vm_area *area);
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
/* The same with these VM_* flags, at a multiple of align. */
void *vmalloc_special(unsigned long size, unsigned long align, unsigned int flags,
		      gfp_t gfp, unsigned long caller);

/* Maps count pages of the caller's in an area of that kind.  NULL: no memory or no
 * addresses. */
void *vm_map_area(struct page *const *pages, unsigned int count, unsigned int kind,
		  pgprot_t prot, unsigned long caller);
/* The end of a mapping that was never made so: reported and counted. */
void vm_report_bad_range(const char *call, unsigned long addr, unsigned long pages);

/* May the caller make an area here?  False in atomic context: reported. */
bool vm_may_create_atomic(const char *call);
static inline bool vm_may_create(const char *call)
{
	return likely(!in_atomic()) || vm_may_create_atomic(call);
}
/* Counts a request that ends with NULL. */
void *vm_failed(void);
/* What the memory of an area itself is asked for with. */
gfp_t vm_meta_gfp(gfp_t gfp);

#endif
